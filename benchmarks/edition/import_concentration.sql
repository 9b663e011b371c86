-- A code that belongs to several commodities stands once.
select
    split_part(series_id, '/', 3) as hs6,
    period_start as month,
    basis,
    supplier_count,
    cr1,
    hhi
from marts.import_concentration
where
    series_id like 'us_census/imports/%'
    and period_months = 1
    and (series_id, commodity) in (select (series_id, min(commodity)) from vocabulary.series group by series_id)
