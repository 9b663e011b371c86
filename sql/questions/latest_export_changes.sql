-- questions.latest_export_changes
-- What is the newest month of each export series, and how did it change on the month, on the year and since January?
-- A missing change has its reason in flags.
--
-- grain:  series_id

with newest as (
    select
        series_id,
        max(period_start) as period_start
    from marts.export_change_monthly
    where basis = 'weight' and amount is not null
    group by series_id
)
select
    change.series_id,
    change.reporter_iso3,
    change.commodity,
    change.stage,
    change.scope,
    change.period_start,
    change.period_months,
    round(change.amount, 1) as amount_t,
    round(change.change_on_month, 3) as change_on_month,
    round(change.change_on_year, 3) as change_on_year,
    round(change.year_to_date_change_on_year, 3) as year_to_date_change_on_year,
    change.flags
from marts.export_change_monthly as change
inner join newest
    on change.series_id = newest.series_id and change.period_start = newest.period_start
where change.basis = 'weight'
order by change.period_start desc, change.series_id asc
