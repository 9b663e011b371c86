-- checks.no_overlap_in_tiling
-- Periods of one series that overlap, so that a sum would count a month twice. Each is held against the one before it.
--
-- grain:  series_id, commodity, basis, period_start, period_months

with tile as (
    select
        source,
        series_id,
        commodity,
        basis,
        period_start,
        period_months,
        lag(period_start) over earlier as other_start,
        lag(period_months) over earlier as other_months
    from marts.trade_change_monthly
    window earlier as (partition by series_id, commodity, basis order by period_start asc, period_months asc)
)
select
    source,
    series_id,
    commodity,
    basis,
    period_start,
    period_months,
    other_start,
    other_months,
    case when other_start + to_months(other_months) > period_start then 'wrong' else 'ok' end as outcome
from tile
where other_start is not null
