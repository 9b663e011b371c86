-- marts.trade_change_monthly
-- How much did a country export or import, and how did that change on the month, on the year, since January and over twelve
-- months? Codes of one series are added up; a month in which an office filed none is zero. One non-overlapping tiling a series:
-- single months where all are there and none is computed from a percentage, else the combined span; of spans that overlap the
-- one that ends first, then the first to end of those that begin after it. No change is computed across a gap, a series break,
-- or from a level that was derived from a printed change.
--
-- grain:  series_id, commodity, basis, period_start, period_months
-- columns: series_id, source, flow
-- column: reporter_iso3 | | Exporting or importing country.
-- columns: reporter, commodity, stage, scope
-- column: basis | | weight or value.
-- columns: period_start, period_months, amount, amount_low, amount_high, amount_method, unit, change_on_month, change_on_year,
--   year_to_date, year_to_date_basis, year_to_date_printed, year_to_date_sum, year_to_date_change_on_year, trailing_12_months,
--   trailing_12_months_change_on_year, three_month_change, flags
-- evidence: facts.trade_total | evidence.series_id = mart.series_id and evidence.flow = mart.flow and evidence.partner_iso3 = 'WLD'
--   and evidence.period_start >= least(
--     mart.period_start,
--     case when mart.change_on_month is not null then mart.period_start - interval 1 month end,
--     case when mart.change_on_year is not null then mart.period_start - interval 12 month end,
--     case when mart.year_to_date is not null then make_date(year(mart.period_start), 1, 1) end,
--     case when mart.year_to_date_change_on_year is not null then make_date(year(mart.period_start) - 1, 1, 1) end,
--     case when mart.trailing_12_months is not null then mart.period_start + to_months(mart.period_months - 12) end,
--     case when mart.trailing_12_months_change_on_year is not null then mart.period_start + to_months(mart.period_months - 24) end,
--     case when mart.three_month_change is not null then mart.period_start + to_months(mart.period_months - 6) end)
--   and evidence.period_start + to_months(evidence.period_months) <= mart.period_start + to_months(mart.period_months)
--   and (evidence.status = 'missing' or case mart.basis when 'weight' then evidence.weight_kg else evidence.value_usd end is not null)
-- evidence: meta.coverage | evidence.series_id = mart.series_id and evidence.partner_iso3 = 'WLD' and evidence.status = 'none_filed'
--   and evidence.month >= least(
--     mart.period_start,
--     case when mart.change_on_month is not null then mart.period_start - interval 1 month end,
--     case when mart.change_on_year is not null then mart.period_start - interval 12 month end,
--     case when mart.year_to_date is not null then make_date(year(mart.period_start), 1, 1) end,
--     case when mart.year_to_date_change_on_year is not null then make_date(year(mart.period_start) - 1, 1, 1) end,
--     case when mart.trailing_12_months is not null then mart.period_start + to_months(mart.period_months - 12) end,
--     case when mart.trailing_12_months_change_on_year is not null then mart.period_start + to_months(mart.period_months - 24) end,
--     case when mart.three_month_change is not null then mart.period_start + to_months(mart.period_months - 6) end)
--   and evidence.month < mart.period_start + to_months(mart.period_months)

with recursive filed as (
    select
        series_id,
        period_start,
        period_months,
        period_kind,
        max(status) as status,
        cast(whole_sum(weight_kg) as double) / 1000 as weight_t,
        max(weight_method) as weight_method,
        max(qualifier) filter (where qualifier <> 'eq' and weight_kg is not null) as weight_qualifier,
        cast(whole_sum(value_usd) as double) as value_usd,
        max(value_method) as value_method,
        -- Where a page prints both, it is the weight that it qualifies.
        max(qualifier) filter (where qualifier <> 'eq' and weight_kg is null) as value_qualifier
    from facts.trade_total
    where partner_iso3 = 'WLD'
    group by series_id, period_start, period_months, period_kind
    union all
    select
        series_id,
        month as period_start,
        1 as period_months,
        'month' as period_kind,
        'reported' as status,
        0 as weight_t,
        'filed' as weight_method,
        null as weight_qualifier,
        0 as value_usd,
        'filed' as value_method,
        null as value_qualifier
    from meta.coverage
    where status = 'none_filed' and partner_iso3 = 'WLD'
),
level as (
    select
        series_id,
        'weight' as basis,
        't' as unit,
        period_start,
        period_months,
        period_kind,
        status,
        case when weight_qualifier is null then weight_t end as amount,
        case when weight_qualifier is null then weight_t else printed_low(weight_t, weight_qualifier, half_step(weight_t)) end as low,
        case when weight_qualifier is null then weight_t else printed_high(weight_t, weight_qualifier, half_step(weight_t)) end as high,
        weight_method as method
    from filed
    where weight_t is not null or status = 'missing'
    union all
    select
        series_id,
        'value' as basis,
        'USD' as unit,
        period_start,
        period_months,
        period_kind,
        status,
        case when value_qualifier is null then value_usd end as amount,
        case when value_qualifier is null then value_usd else printed_low(value_usd, value_qualifier, half_step(value_usd)) end as low,
        case when value_qualifier is null then value_usd else printed_high(value_usd, value_qualifier, half_step(value_usd)) end as high,
        value_method as method
    from filed
    where value_usd is not null
),
candidate as (
    select
        series_id,
        basis,
        unit,
        period_start,
        period_months,
        cast(period_start + to_months(period_months) as date) as period_after,
        period_kind,
        amount,
        low,
        high,
        case when low is not null then coalesce(method, 'filed') end as method,
        coalesce(method in ('percentage', 'unstated'), false) as is_derived,
        case when method in ('percentage', 'product') then 0.01 * amount when method = 'unstated' then amount else 0 end as rounding
    from level
    where period_kind in ('month', 'combined', 'range')
),
span as (
    select
        span.series_id,
        span.basis,
        span.period_start,
        span.period_months,
        span.period_after
    from candidate as span
    left join candidate as single
        on
            span.series_id = single.series_id
            and span.basis = single.basis
            and single.period_months = 1
            and single.period_start >= span.period_start
            and single.period_start < span.period_after
            and single.amount is not null
            and not single.is_derived
    where span.period_months > 1 and span.low is not null
    group by all
    having count(single.period_start) < span.period_months
),
ordered_span as (
    select
        series_id,
        basis,
        period_start,
        period_months,
        period_after,
        row_number() over (partition by series_id, basis order by period_after asc, period_months asc) as span_no
    from span
),
next_span as (
    select
        span.series_id,
        span.basis,
        span.span_no,
        min(later.span_no) as next_no
    from ordered_span as span
    inner join ordered_span as later
        on
            span.series_id = later.series_id
            and span.basis = later.basis
            and span.period_after <= later.period_start
    group by span.series_id, span.basis, span.span_no
),
chain as (
    select
        series_id,
        basis,
        span_no
    from ordered_span
    where span_no = 1
    union all
    select
        next_span.series_id,
        next_span.basis,
        next_span.next_no as span_no
    from chain
    inner join next_span
        on
            chain.series_id = next_span.series_id
            and chain.basis = next_span.basis
            and chain.span_no = next_span.span_no
),
kept_span as (
    select
        ordered_span.series_id,
        ordered_span.basis,
        ordered_span.period_start,
        ordered_span.period_months,
        ordered_span.period_after
    from ordered_span
    inner join chain
        on
            ordered_span.series_id = chain.series_id
            and ordered_span.basis = chain.basis
            and ordered_span.span_no = chain.span_no
),
tile as (
    select candidate.*
    from candidate
    left join kept_span
        on
            candidate.series_id = kept_span.series_id
            and candidate.basis = kept_span.basis
            and candidate.period_start < kept_span.period_after
            and candidate.period_after > kept_span.period_start
    where
        (candidate.period_months = 1 and kept_span.series_id is null)
        or (candidate.period_months = kept_span.period_months and candidate.period_start = kept_span.period_start)
),
measure as (
    select measure
    from (
        values ('change_on_month'), ('change_on_year'), ('year_to_date'), ('trailing_12_months'), ('three_month_change')
    ) as listed (measure)
),
comparison as (
    select
        tile.*,
        measure.measure,
        cast(
            case measure.measure
                when 'year_to_date' then make_date(year(tile.period_start), 1, 1)
                when 'trailing_12_months' then tile.period_after - interval 12 month
                when 'three_month_change' then tile.period_after - interval 3 month
                else tile.period_start
            end as date
        ) as span_start,
        tile.period_after as span_after,
        cast(
            case measure.measure
                when 'change_on_month' then tile.period_start - interval 1 month
                when 'year_to_date' then make_date(year(tile.period_start) - 1, 1, 1)
                when 'trailing_12_months' then tile.period_after - interval 24 month
                when 'three_month_change' then tile.period_after - interval 6 month
                else tile.period_start - interval 12 month
            end as date
        ) as ago_start,
        cast(
            case measure.measure
                when 'change_on_month' then tile.period_start
                when 'three_month_change' then tile.period_after - interval 3 month
                else tile.period_after - interval 12 month
            end as date
        ) as ago_after
    from tile
    cross join measure
),
broken as (
    select distinct
        comparison.series_id,
        comparison.ago_start,
        comparison.span_after
    from comparison
    inner join vocabulary.series_break as series_break
        on
            comparison.series_id = series_break.series_id
            and comparison.ago_start < series_break.break_month
            and comparison.span_after > series_break.break_month
),
wanted as (
    select
        series_id,
        basis,
        span_start,
        span_after
    from comparison
    union
    select
        series_id,
        basis,
        ago_start as span_start,
        ago_after as span_after
    from comparison
),
summed as (
    select
        wanted.series_id,
        wanted.basis,
        wanted.span_start,
        wanted.span_after,
        round(
            sum(case when tile.period_start >= wanted.span_start and tile.period_after <= wanted.span_after then tile.amount end), 6
        ) as amount,
        coalesce(
            sum(
                case
                    when
                        tile.period_start >= wanted.span_start
                        and tile.period_after <= wanted.span_after
                        and tile.amount is not null
                        then tile.period_months
                end
            ),
            0
        ) = date_diff('month', wanted.span_start, wanted.span_after) as is_whole,
        coalesce(bool_or(tile.is_derived), false) as is_derived,
        coalesce(bool_or(tile.amount is null and tile.low is not null), false) as is_inexact,
        sum(tile.rounding) as rounding,
        coalesce(bool_or(tile.period_start < wanted.span_start or tile.period_after > wanted.span_after), false) as is_straddled
    from wanted
    left join tile
        on
            wanted.series_id = tile.series_id
            and wanted.basis = tile.basis
            and wanted.span_start < tile.period_after
            and wanted.span_after > tile.period_start
    group by wanted.series_id, wanted.basis, wanted.span_start, wanted.span_after
),
printed as (
    select
        series_id,
        basis,
        period_start as span_start,
        cast(period_start + to_months(period_months) as date) as span_after,
        arg_min(amount, case period_kind when 'cumulative' then 1 when 'year' then 2 else 3 end) as amount
    from level
    where
        period_kind in ('cumulative', 'year', 'combined')
        and month(period_start) = 1
        and status = 'reported'
        and amount is not null
        and coalesce(method, 'filed') = 'filed'
    group by series_id, basis, period_start, period_months
),
measured as (
    select
        comparison.*,
        this_sum.is_straddled,
        ago_sum.is_straddled as ago_is_straddled,
        this_sum.is_derived or ago_sum.is_derived as either_is_derived,
        this_sum.is_inexact,
        ago_sum.is_inexact as ago_is_inexact,
        this_printed.amount as printed_amount,
        ago_printed.amount as ago_printed_amount,
        case when this_sum.is_whole then this_sum.amount end as sum_amount,
        this_sum.rounding,
        case when ago_sum.is_whole then ago_sum.amount end as ago_sum_amount,
        broken.series_id is not null as has_break
    from comparison
    inner join summed as this_sum
        on
            comparison.series_id = this_sum.series_id
            and comparison.basis = this_sum.basis
            and comparison.span_start = this_sum.span_start
            and comparison.span_after = this_sum.span_after
    inner join summed as ago_sum
        on
            comparison.series_id = ago_sum.series_id
            and comparison.basis = ago_sum.basis
            and comparison.ago_start = ago_sum.span_start
            and comparison.ago_after = ago_sum.span_after
    left join printed as this_printed
        on
            comparison.measure = 'year_to_date'
            and comparison.series_id = this_printed.series_id
            and comparison.basis = this_printed.basis
            and comparison.span_start = this_printed.span_start
            and comparison.span_after = this_printed.span_after
    left join printed as ago_printed
        on
            comparison.measure = 'year_to_date'
            and comparison.series_id = ago_printed.series_id
            and comparison.basis = ago_printed.basis
            and comparison.ago_start = ago_printed.span_start
            and comparison.ago_after = ago_printed.span_after
    left join broken
        on
            comparison.series_id = broken.series_id
            and comparison.ago_start = broken.ago_start
            and comparison.span_after = broken.span_after
),
chosen as (
    select
        *,
        case
            when printed_amount is not null and ago_printed_amount is not null then 'printed'
            when sum_amount is not null and ago_sum_amount is not null and not either_is_derived then 'sum'
            when coalesce(printed_amount, sum_amount) is not null and coalesce(ago_printed_amount, ago_sum_amount) is not null then 'mixed'
            when printed_amount is not null then 'printed'
            when sum_amount is not null then 'sum'
        end as stands_on
    from measured
),
reasoned as (
    select
        *,
        case stands_on when 'sum' then sum_amount else coalesce(printed_amount, sum_amount) end as this_amount,
        case stands_on when 'sum' then ago_sum_amount else coalesce(ago_printed_amount, ago_sum_amount) end as ago_amount,
        case
            when low is null then 'missing'
            when amount is null then 'inexact'
            when coalesce(printed_amount, sum_amount) is null
                then case when is_straddled then 'combined_period' when is_inexact then 'inexact' else 'gap_before' end
            when coalesce(ago_printed_amount, ago_sum_amount) is null
                then case when ago_is_straddled then 'combined_period' when ago_is_inexact then 'inexact' else 'gap_before' end
            when measure = 'change_on_month' and period_months > 1 then 'combined_period'
            when either_is_derived and stands_on <> 'printed' then 'derived_base'
            when has_break then 'series_break'
            when coalesce(ago_printed_amount, ago_sum_amount) = 0 and coalesce(printed_amount, sum_amount) = 0 then 'both_zero'
            when coalesce(ago_printed_amount, ago_sum_amount) = 0 then 'from_zero'
        end as reason
    from chosen
),
changed as (
    select
        *,
        case when reason is null then this_amount / nullif(ago_amount, 0) - 1 end as change
    from reasoned
),
contradicted as (
    select distinct
        series_id,
        case measure when 'weight_kg' then 'weight' else 'value' end as basis,
        period_start,
        period_months,
        period_kind
    from facts.conflict
    where table_name = 'facts.trade_total' and contradicts
)
select
    changed.series_id,
    series.source,
    series.flow,
    series.reporter_iso3,
    country.name as reporter,
    series.commodity,
    series.stage,
    series.scope,
    changed.basis,
    changed.period_start,
    changed.period_months,
    changed.amount,
    changed.low as amount_low,
    changed.high as amount_high,
    changed.method as amount_method,
    changed.unit,
    max(case when changed.measure = 'change_on_month' then changed.change end) as change_on_month,
    max(case when changed.measure = 'change_on_year' then changed.change end) as change_on_year,
    max(case when changed.measure = 'year_to_date' then changed.this_amount end) as year_to_date,
    max(case when changed.measure = 'year_to_date' then changed.stands_on end) as year_to_date_basis,
    max(case when changed.measure = 'year_to_date' then changed.printed_amount end) as year_to_date_printed,
    max(case when changed.measure = 'year_to_date' then changed.sum_amount end) as year_to_date_sum,
    max(case when changed.measure = 'year_to_date' then changed.change end) as year_to_date_change_on_year,
    max(case when changed.measure = 'trailing_12_months' then changed.this_amount end) as trailing_12_months,
    max(case when changed.measure = 'trailing_12_months' then changed.change end) as trailing_12_months_change_on_year,
    max(case when changed.measure = 'three_month_change' then changed.change end) as three_month_change,
    concat_ws(
        ' ',
        max(case when changed.low is null then 'amount:missing' when changed.amount is null then 'amount:inexact' end),
        max(case when contradicted.series_id is not null then 'amount:contradicted' end),
        max(case when changed.measure = 'change_on_month' then 'change_on_month:' || changed.reason end),
        max(case when changed.measure = 'change_on_year' then 'change_on_year:' || changed.reason end),
        max(
            case
                when
                    changed.measure = 'year_to_date'
                    and abs(changed.printed_amount - changed.sum_amount) > 0.001 * changed.printed_amount + changed.rounding
                    then 'year_to_date:printed_differs_from_sum'
            end
        ),
        max(case when changed.measure = 'year_to_date' then 'year_to_date_change_on_year:' || changed.reason end),
        max(case when changed.measure = 'trailing_12_months' then 'trailing_12_months_change_on_year:' || changed.reason end),
        max(case when changed.measure = 'three_month_change' then 'three_month_change:' || changed.reason end)
    ) as flags
from changed
inner join (
    select distinct
        series_id,
        source,
        flow,
        reporter_iso3,
        commodity,
        stage,
        scope
    from vocabulary.series
    where commodity is not null
) as series
    on changed.series_id = series.series_id
left join vocabulary.country as country
    on series.reporter_iso3 = country.iso3
left join contradicted
    on
        changed.series_id = contradicted.series_id
        and changed.basis = contradicted.basis
        and changed.period_start = contradicted.period_start
        and changed.period_months = contradicted.period_months
        and changed.period_kind = contradicted.period_kind
group by
    changed.series_id,
    series.source,
    series.flow,
    series.reporter_iso3,
    country.name,
    series.commodity,
    series.stage,
    series.scope,
    changed.basis,
    changed.period_start,
    changed.period_months,
    changed.amount,
    changed.low,
    changed.high,
    changed.method,
    changed.unit
