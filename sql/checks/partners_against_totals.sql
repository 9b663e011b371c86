-- checks.partners_against_totals
-- Parts that disagree with the total filed or printed for them: partners that exceed a control total (0.1 %), codes that do not
-- add up to the heading over them (0.1 %), countries to the world (half a unit of its second digit or 1 %), suppliers to their
-- list's sum. Partners that fall short of a control total are no error: what is missing is shown as unattributed. A figure that is
-- about so much, or a bound, contradicts no sum.
--
-- grain:  what, series_id, place, code, measure, period_start, period_months, period_kind

with amount as (
    select
        series_id,
        source,
        reporter_iso3,
        partner_role,
        period_start,
        period_months,
        period_kind,
        unnest(['weight_kg', 'value_usd']) as measure,
        unnest([cast(weight_kg as double), cast(value_usd as double)]) as amount,
        unnest([coalesce(qualifier, 'eq'), value_qualifier(qualifier, weight_kg)]) <> 'eq' as is_inexact
    from facts.trade_flow
),
partners as (
    select
        series_id,
        source,
        reporter_iso3,
        period_start,
        period_months,
        period_kind,
        measure,
        coalesce(sum(amount) filter (where partner_role <> 'returned'), 0) as partners,
        bool_or(is_inexact) filter (where amount is not null) as is_inexact
    from amount
    group by series_id, source, reporter_iso3, period_start, period_months, period_kind, measure
    having count(amount) > 0
),
control as (
    select
        series_id,
        source,
        reporter_iso3,
        period_start,
        period_months,
        period_kind,
        measure,
        whole_sum(total) as total,
        bool_or(is_inexact) filter (where total is not null) as is_inexact
    from (
        select
            series_id,
            source,
            reporter_iso3,
            period_start,
            period_months,
            period_kind,
            unnest(['weight_kg', 'value_usd']) as measure,
            unnest([cast(weight_kg as double), cast(value_usd as double)]) as total,
            unnest([coalesce(qualifier, 'eq'), value_qualifier(qualifier, weight_kg)]) <> 'eq' as is_inexact
        from facts.trade_total
    ) as printed
    group by series_id, source, reporter_iso3, period_start, period_months, period_kind, measure
    having count(total) > 0
),
production as (
    select
        series_id,
        source,
        edition,
        period_start,
        sum(case when country_iso3 <> 'WLD' then cast(quantity as double) end) as listed,
        max(case when country_iso3 = 'WLD' then cast(quantity as double) end) as printed,
        max(incomplete_because) as incomplete_because
    from (
        select
            series_id,
            source,
            edition,
            period_start,
            country_iso3,
            quantity,
            incomplete_because
        from facts.production
        union all
        select
            series_id,
            source,
            edition,
            period_start,
            country_iso3,
            quantity,
            incomplete_because
        from facts.production_superseded
        where is_still_printed
    ) as every_print
    group by series_id, source, edition, period_start
),
heading as (
    select
        heading.source,
        heading.series_id,
        heading.partner_code,
        heading.code,
        heading.period_start,
        heading.period_months,
        cast(sum(code.value_usd) as double) as codes,
        cast(any_value(heading.value_usd) as double) as printed
    from facts.control_total as heading
    left join (
        select
            series_id,
            partner_code,
            code,
            period_start,
            period_months,
            value_usd
        from facts.trade_flow
        union all
        select
            series_id,
            partner_code,
            code,
            period_start,
            period_months,
            value_usd
        from facts.trade_total
    ) as code
        on
            heading.series_id = code.series_id
            and heading.partner_code = code.partner_code
            and heading.period_start = code.period_start
            and heading.period_months = code.period_months
            and starts_with(code.code, heading.code)
            and length(code.code) > length(heading.code)
    where heading.why_not_fact = 'coarser_level'
    group by heading.source, heading.series_id, heading.partner_code, heading.code, heading.period_start, heading.period_months
),
comparison as (
    select
        'partners and control total' as what,
        coalesce(control.source, partners.source) as source,
        coalesce(control.series_id, partners.series_id) as series_id,
        coalesce(control.reporter_iso3, partners.reporter_iso3) as place,
        null as code,
        coalesce(control.measure, partners.measure) as measure,
        coalesce(control.period_start, partners.period_start) as period_start,
        coalesce(control.period_months, partners.period_months) as period_months,
        coalesce(control.period_kind, partners.period_kind) as period_kind,
        partners.partners as sum_of_parts,
        control.total as printed_total,
        partners.partners > 1.001 * control.total + 1 as is_wrong,
        case
            when partners.series_id is null then 'no_partners'
            when control.series_id is null then 'no_total'
            when control.total is null then 'code_without_total'
            when control.is_inexact or partners.is_inexact then 'inexact'
        end as why_not
    from control
    full join partners
        on
            control.series_id = partners.series_id
            and control.reporter_iso3 = partners.reporter_iso3
            and control.period_start = partners.period_start
            and control.period_months = partners.period_months
            and control.period_kind = partners.period_kind
            and control.measure = partners.measure
    where coalesce(partners.series_id, control.series_id) in (select named.series_id from partners as named)
    union all
    select
        'codes and the heading over them' as what,
        source,
        series_id,
        partner_code as place,
        code,
        'value_usd' as measure,
        period_start,
        period_months,
        null as period_kind,
        codes as sum_of_parts,
        printed as printed_total,
        abs(codes - printed) > 0.001 * printed + 1 as is_wrong,
        case when codes is null then 'no_codes' when printed is null then 'no_total' end as why_not
    from heading
    union all
    select
        'countries and world' as what,
        source,
        series_id,
        edition as place,
        null as code,
        'quantity' as measure,
        period_start,
        12 as period_months,
        null as period_kind,
        listed as sum_of_parts,
        printed as printed_total,
        abs(listed - printed)
        > greatest(case when printed > 0 then 0.5 * power(10, floor(log10(printed)) - 1) end, 0.01 * listed) as is_wrong,
        case
            when incomplete_because is not null then 'incomplete_table'
            when printed is null then 'no_world_row'
            when listed is null then 'no_countries'
        end as why_not
    from production
    union all
    select
        'suppliers and their list' as what,
        source,
        series_id,
        edition as place,
        null as code,
        'share' as measure,
        period_start,
        period_months,
        null as period_kind,
        sum(share) as sum_of_parts,
        max(list_sum) as printed_total,
        abs(sum(share) - max(list_sum)) > 0.0001 as is_wrong,
        case when sum(share) is null then 'no_figure' end as why_not
    from facts.published_share
    where list_sum is not null
    group by source, series_id, edition, period_start, period_months
)
select
    what,
    source,
    series_id,
    place,
    code,
    measure,
    period_start,
    period_months,
    period_kind,
    sum_of_parts,
    printed_total,
    case
        when why_not is not null then 'not_compared:' || why_not
        when is_wrong then 'wrong'
        else 'ok'
    end as outcome
from comparison
