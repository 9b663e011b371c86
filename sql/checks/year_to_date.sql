-- checks.year_to_date
-- Printed totals since January, and printed years, that the months do not add up to within 0.1 %, by weight and by value. An
-- office may have revised earlier months since: up to 5 % is shown beside both figures (marts.trade_change_monthly) and refuses
-- nothing; more is an error of somebody's. A total is held against its months, and against every earlier total and the months since.
-- A level that is the rest of the very total proves nothing and is left out, as is one whose derivation is not stated, and one that
-- is printed as about so much or as a bound, which contradicts no sum.
-- One computed from a printed percentage or a printed average price may be 1 % off: these are rounded to whole points or dollars.
--
-- grain:  series_id, partner_iso3, code, measure, period_start, period_months, printed_amount, compared_with

with cumulating as (
    select distinct series_id
    from facts.trade_total
    where period_kind in ('cumulative', 'year', 'combined')
),
level as (
    select
        series_id,
        source,
        struct_pack(
            flow := flow,
            reporter_iso3 := reporter_iso3,
            partner_iso3 := partner_iso3,
            partner_code := partner_code,
            code := code,
            "procedure" := "procedure"
        ) as cell,
        period_start,
        period_months,
        period_kind,
        unnest([coalesce(qualifier, 'eq'), value_qualifier(qualifier, weight_kg)]) <> 'eq' as is_inexact,
        strftime(period_start, '%Y-%m') || '/' || strftime(period_start + to_months(period_months - 1), '%Y-%m') as span,
        unnest(['weight_kg', 'value_usd']) as measure,
        unnest([cast(weight_kg as double), cast(value_usd as double)]) as amount,
        unnest([coalesce(weight_method, 'filed'), coalesce(value_method, 'filed')]) as method,
        unnest([derived_from, null]) as derived_from
    from facts.trade_total
    where series_id in (select cumulating.series_id from cumulating)
),
part as (
    select
        *,
        case when method in ('percentage', 'product') then 0.01 * amount else 0 end as rounding,
        method = 'unstated' or (method = 'difference' and derived_from is null) as is_unstated
    from level
    where amount is not null
),
printed as (
    select distinct
        series_id,
        source,
        cell,
        measure,
        period_start,
        period_months,
        span,
        is_inexact,
        amount
    from part
    where period_kind in ('cumulative', 'year', 'combined') and method = 'filed' and month(period_start) = 1
),
base as (
    select
        *,
        0 as base_months,
        0.0 as base_amount,
        0.0 as base_rounding
    from printed
    union all
    select distinct
        printed.* replace (printed.is_inexact or earlier.is_inexact as is_inexact),
        earlier.period_months as base_months,
        earlier.amount as base_amount,
        earlier.rounding as base_rounding
    from printed
    inner join part as earlier
        on
            printed.series_id = earlier.series_id
            and printed.cell = earlier.cell
            and printed.measure = earlier.measure
            and printed.period_start = earlier.period_start
            and printed.period_months > earlier.period_months
            and earlier.period_kind in ('cumulative', 'combined')
            and not earlier.is_unstated
            and not coalesce('|' || earlier.derived_from || '|' like '%|' || printed.span || '|%', false)
),
month_of_base as (
    select
        base.*,
        single.amount as month_amount,
        single.rounding as month_rounding,
        case
            when base.is_inexact or single.is_inexact then 'inexact'
            when single.is_unstated then 'derivation_unstated'
            when '|' || single.derived_from || '|' like '%|' || base.span || '|%' then 'rest_of_the_total'
        end as why_not
    from base
    left join part as single
        on
            base.series_id = single.series_id
            and base.cell = single.cell
            and base.measure = single.measure
            and single.period_kind = 'month'
            and base.period_start + to_months(base.base_months) <= single.period_start
            and base.period_start + to_months(base.period_months) > single.period_start
),
compared as (
    select
        series_id,
        source,
        cell,
        measure,
        period_start,
        period_months,
        base_months,
        amount as printed_amount,
        base_amount + sum(month_amount) as expected_amount,
        base_rounding + sum(month_rounding) as rounding,
        case when count(month_amount) < period_months - base_months then 'missing_month' else min(why_not) end as why_not
    from month_of_base
    group by
        series_id,
        source,
        cell,
        measure,
        period_start,
        period_months,
        base_months,
        amount,
        base_amount,
        base_rounding
)
select
    series_id,
    source,
    cell.partner_iso3,
    cell.code,
    measure,
    period_start,
    period_months,
    case base_months when 0 then 'the months' else 'the total to month ' || base_months || ' and the months since' end as compared_with,
    printed_amount,
    expected_amount,
    case
        when why_not is not null then 'not_compared:' || why_not
        when abs(printed_amount - expected_amount) > 0.05 * printed_amount + rounding then 'wrong'
        when abs(printed_amount - expected_amount) > 0.001 * printed_amount + rounding then 'shown'
        else 'ok'
    end as outcome
from compared
