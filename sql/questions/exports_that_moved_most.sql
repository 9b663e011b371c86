-- questions.exports_that_moved_most
-- Which exports rose and fell most in the newest month of each, on the month or, where the month before is not held, on the year,
-- and when were they last as high and as low? An export is the highest since last_as_high, or the lowest since last_as_low.
-- Compared are the single months that are held since the last break of a series; none is more than a year older than the newest
-- month there is. Of several lists that count the same thing the one that reaches furthest counts, then the longest.
--
-- grain:  series_id, commodity, basis

with level as (
    select
        change.series_id,
        change.reporter,
        change.commodity,
        change.stage,
        change.scope,
        change.basis,
        change.unit,
        change.period_start,
        change.amount,
        change.change_on_month,
        change.change_on_year,
        change.flags
    from marts.export_change_monthly as change
    where change.period_months = 1 and change.amount is not null
),
newest as (
    select *
    from level
    qualify row_number() over (partition by series_id, commodity, basis order by period_start desc) = 1
),
code as (
    select
        series_id,
        max(case when regexp_full_match(code, '[0-9]{6}') then code end) as code
    from vocabulary.series
    group by series_id
),
before as (
    select
        newest.series_id,
        newest.commodity,
        newest.basis,
        count(*) as months_before,
        max(case when level.amount >= newest.amount then level.period_start end) as last_as_high,
        max(case when level.amount <= newest.amount then level.period_start end) as last_as_low
    from newest
    inner join level
        on
            newest.series_id = level.series_id
            and newest.commodity = level.commodity
            and newest.basis = level.basis
            and newest.period_start > level.period_start
    where
        level.period_start >= coalesce(
            (
                select max(place.break_month)
                from vocabulary.series_break as place
                where place.series_id = newest.series_id and place.break_month <= newest.period_start
            ),
            level.period_start
        )
    group by newest.series_id, newest.commodity, newest.basis
),
moved as (
    select
        newest.*,
        code.code,
        coalesce(newest.change_on_month, newest.change_on_year) as change,
        before.last_as_high,
        before.last_as_low,
        before.months_before
    from newest
    inner join before
        on newest.series_id = before.series_id and newest.commodity = before.commodity and newest.basis = before.basis
    inner join code
        on newest.series_id = code.series_id
    where newest.period_start > (select max(level.period_start) from level) - interval 12 month
    qualify
        row_number() over (
            partition by newest.reporter, newest.commodity, newest.stage, code.code
            order by newest.period_start desc, before.months_before desc, newest.basis desc, newest.series_id asc
        ) = 1
)
select
    reporter,
    code,
    commodity,
    stage,
    scope,
    period_start,
    amount,
    unit,
    change,
    change_on_month,
    change_on_year,
    last_as_high,
    last_as_low,
    months_before,
    flags,
    series_id,
    basis
from moved
order by change desc nulls last, period_start desc, series_id asc
