-- A code that belongs to several commodities stands once.
select
    split_part(series_id, '/', 3) as hs6,
    basis,
    period_start as month,
    amount,
    change_on_month,
    change_on_year
from marts.import_change_monthly
where
    series_id like 'us_census/imports/%'
    and (series_id, commodity) in (select (series_id, min(commodity)) from vocabulary.series group by series_id)
