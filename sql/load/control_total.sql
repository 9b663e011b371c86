-- facts.control_total
-- Filed lines that are no facts: coarser codes, which the facts must add up to, finer codes that do not cover their heading, groups.
--
-- grain:  series_id, flow, reporter_iso3, partner_code, code, procedure, period_start, period_months, period_kind, known_from

select
    series_id,
    source,
    dataset,
    flow,
    reporter_iso3,
    partner_iso3,
    partner_code,
    partner_role,
    code,
    code_system,
    hs6,
    hs_edition,
    period_start,
    period_months,
    period_kind,
    value_usd,
    valuation,
    cif_value_usd,
    fob_value_usd,
    value_local,
    currency,
    weight_kg,
    weight_method,
    value_method,
    quantity,
    quantity_unit,
    trade_system,
    "procedure",
    status,
    qualifier,
    page_tier,
    statistic_id,
    publication,
    note,
    release_id,
    source_member,
    source_row,
    known_from,
    known_from_basis,
    known_until,
    why_not_fact
from staging.trade_line
where why_not_fact is not null
