-- checks.year_to_date
-- Printed totals since January, and printed years, that the months do not add up to within 0.1 %, by weight and by value.
-- A level that is the rest of the very total proves nothing and is left out, as is one whose derivation is not stated.
-- One computed from a printed percentage or a printed average price may be 1 % off: these are rounded to whole points or dollars.
--
-- grain:  series_id, measure, period_start, period_months, compared_with

with level as (
    select
        series_id,
        source,
        coalesce(code, '') as code,
        period_start,
        period_months,
        period_kind,
        strftime(period_start, '%Y-%m') || '/' || strftime(period_start + to_months(period_months - 1), '%Y-%m') as span,
        unnest(['weight_kg', 'value_usd']) as measure,
        unnest([cast(weight_kg as double), cast(value_usd as double)]) as amount,
        unnest([coalesce(weight_method, 'filed'), coalesce(value_method, 'filed')]) as method,
        unnest([derived_from, null]) as derived_from
    from facts.trade_total
),
part as (
    select
        *,
        case when method in ('percentage', 'product') then 0.01 * amount else 0 end as rounding
    from level
    where amount is not null and method <> 'unstated' and (method <> 'difference' or derived_from is not null)
),
printed as (
    select
        series_id,
        source,
        code,
        measure,
        period_start,
        period_months,
        span,
        max(amount) as amount
    from part
    where period_kind in ('cumulative', 'year', 'combined') and method = 'filed' and month(period_start) = 1
    group by series_id, source, code, measure, period_start, period_months, span
),
base as (
    select
        *,
        0 as base_months,
        0.0 as base_amount,
        0.0 as base_rounding
    from printed
    union all
    select
        printed.*,
        earlier.period_months as base_months,
        earlier.amount as base_amount,
        earlier.rounding as base_rounding
    from printed
    inner join part as earlier
        on
            printed.series_id = earlier.series_id
            and printed.code = earlier.code
            and printed.measure = earlier.measure
            and printed.period_start = earlier.period_start
            and printed.period_months > earlier.period_months
            and earlier.period_kind in ('cumulative', 'combined')
            and not coalesce('|' || earlier.derived_from || '|' like '%|' || printed.span || '|%', false)
),
compared as (
    select
        base.series_id,
        base.source,
        base.measure,
        base.period_start,
        base.period_months,
        base.base_months,
        base.amount as printed_amount,
        base.base_amount + sum(single.amount) as expected_amount,
        base.base_rounding + sum(single.rounding) as rounding
    from base
    inner join part as single
        on
            base.series_id = single.series_id
            and base.code = single.code
            and base.measure = single.measure
            and single.period_kind = 'month'
            and base.period_start + to_months(base.base_months) <= single.period_start
            and base.period_start + to_months(base.period_months) > single.period_start
            and not coalesce('|' || single.derived_from || '|' like '%|' || base.span || '|%', false)
    group by
        base.series_id,
        base.source,
        base.measure,
        base.period_start,
        base.period_months,
        base.base_months,
        base.amount,
        base.base_amount,
        base.base_rounding
    having count(*) = base.period_months - base.base_months
)
select
    series_id,
    source,
    measure,
    period_start,
    period_months,
    case base_months when 0 then 'the months' else 'the total to month ' || base_months || ' and the months since' end as compared_with,
    printed_amount,
    expected_amount
from compared
where abs(printed_amount - expected_amount) > 0.001 * printed_amount + rounding
