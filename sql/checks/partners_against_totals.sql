-- checks.partners_against_totals
-- Parts that disagree with the total filed or printed for them: partners that exceed a control total (0.1 %), codes that do not
-- add up to the heading over them (0.1 %), countries to the world (half a unit of its second digit or 1 %), suppliers to their
-- list's sum. Partners that fall short of a control total are no error: what is missing is shown as unattributed.
--
-- grain:  what, series_id, place, period_start, sum_of_parts

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
        unnest([cast(weight_kg as double), cast(value_usd as double)]) as amount
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
        coalesce(sum(amount) filter (where partner_role <> 'returned'), 0) as partners
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
        sum(total) as total
    from (
        select
            series_id,
            source,
            reporter_iso3,
            period_start,
            period_months,
            period_kind,
            unnest(['weight_kg', 'value_usd']) as measure,
            unnest([cast(weight_kg as double), cast(value_usd as double)]) as total
        from facts.trade_total
    ) as printed
    group by series_id, source, reporter_iso3, period_start, period_months, period_kind, measure
    having count(*) = count(total)
),
production as (
    select
        series_id,
        source,
        edition,
        period_start,
        sum(case when country_iso3 <> 'WLD' then cast(quantity as double) end) as listed,
        max(case when country_iso3 = 'WLD' then cast(quantity as double) end) as printed
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
    having max(incomplete_because) is null
)
select
    'partners and control total' as what,
    control.source,
    control.series_id,
    control.reporter_iso3 as place,
    control.period_start,
    partners.partners as sum_of_parts,
    control.total as printed_total
from control
inner join partners
    on
        control.series_id = partners.series_id
        and control.reporter_iso3 = partners.reporter_iso3
        and control.period_start = partners.period_start
        and control.period_months = partners.period_months
        and control.period_kind = partners.period_kind
        and control.measure = partners.measure
where partners.partners > 1.001 * control.total + 1
union all
select
    'codes and the heading over them' as what,
    heading.source,
    heading.series_id,
    heading.partner_code as place,
    heading.period_start,
    cast(sum(code.value_usd) as double) as sum_of_parts,
    cast(any_value(heading.value_usd) as double) as printed_total
from facts.control_total as heading
inner join (
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
        and heading.why_not_fact = 'coarser_level'
        and starts_with(code.code, heading.code)
        and length(code.code) > length(heading.code)
group by heading.source, heading.series_id, heading.partner_code, heading.code, heading.period_start, heading.period_months
having abs(sum(code.value_usd) - any_value(heading.value_usd)) > 0.001 * any_value(heading.value_usd) + 1
union all
select
    'countries and world' as what,
    source,
    series_id,
    edition as place,
    period_start,
    listed as sum_of_parts,
    printed as printed_total
from production
where printed > 0 and abs(listed - printed) > greatest(0.5 * power(10, floor(log10(printed)) - 1), 0.01 * listed)
union all
select
    'suppliers and their list' as what,
    source,
    series_id,
    edition as place,
    period_start,
    sum(share) as sum_of_parts,
    max(list_sum) as printed_total
from facts.published_share
where list_sum is not null
group by source, series_id, edition, period_start
having abs(sum(share) - max(list_sum)) > 0.0001
