select
    hs6,
    code,
    partner_iso3 as supplier_iso3,
    period_start as month,
    value_usd,
    weight_kg
from facts.trade_flow
where series_id like 'us_census/imports/%'
