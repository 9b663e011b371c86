-- facts.conflict
-- Prints that another print of the same figure is preferred to, beside what the preferred one says; among them those that
-- found nothing where another page prints a level.
--
-- grain:  table_name, series_id, partner_iso3, period_start, period_months, period_kind, print_no, measure

with stepped as (
    select
        *,
        weight_kg::double / 1000 as weight_t,
        value_usd::double as value,
        -- A level computed from a printed percentage or average price is right within 1 % of it, as checks.year_to_date takes it.
        greatest(
            half_step(weight_kg / 1000),
            case when weight_method in ('percentage', 'product', 'unstated') then 0.01 * weight_kg / 1000 else 0 end
        ) as weight_step,
        -- Dollars are printed in millions as often as to the last one: the zeros at their end are no digits.
        greatest(
            case
                when value_usd = round(value_usd, -6) then 500000
                when value_usd = round(value_usd, -5) then 50000
                when value_usd = round(value_usd, -4) then 5000
                when value_usd = round(value_usd, -3) then 500
                else 0.5
            end,
            case when value_method in ('percentage', 'product', 'unstated') then 0.01 * value_usd else 0 end
        ) as value_step
    from staging.bulletin_print
    where known_until is null
),
level as (
    select
        case when partner_iso3 = 'WLD' then 'facts.trade_total' else 'facts.trade_flow' end as table_name,
        series_id,
        partner_iso3,
        period_start,
        period_months,
        period_kind,
        unnest([print_no, value_print_no]) as print_no,
        unnest(['weight_kg', 'value_usd']) as measure,
        unnest([weight_kg::double, value_usd::double]) as value,
        unnest([1000 * printed_low(weight_t, qualifier, weight_step), printed_low(value, 'eq', value_step)]) as low,
        unnest([1000 * printed_high(weight_t, qualifier, weight_step), printed_high(value, 'eq', value_step)]) as high,
        status,
        publication,
        note,
        release_id,
        source_member,
        source_row,
        known_from,
        known_from_basis,
        known_until
    from stepped
    union all by name
    select
        'facts.published_share' as table_name,
        series_id,
        partner_iso3,
        period_start,
        period_months,
        'range' as period_kind,
        print_no,
        unnest(['share', 'amount']) as measure,
        unnest([share, amount::double]) as value,
        unnest([share_low, printed_low(amount::double, qualifier, half_step(amount))]) as low,
        unnest([share_high, printed_high(amount::double, qualifier, half_step(amount))]) as high,
        status,
        publication,
        note,
        release_id,
        source_member,
        source_row,
        known_from,
        known_from_basis,
        known_until
    from staging.share_print
    where known_until is null
)
select
    other.table_name,
    other.series_id,
    other.partner_iso3,
    other.period_start,
    other.period_months,
    other.period_kind,
    other.print_no,
    false as preferred,
    other.measure,
    other.value,
    preferred.value as preferred_value,
    other.value / nullif(preferred.value, 0) - 1 as relative_difference,
    other.value is not null
    and coalesce(other.low >= preferred.high - 1e-9 or other.high <= preferred.low + 1e-9, false) as contradicts,
    other.publication,
    other.note,
    other.release_id,
    other.source_member,
    other.source_row,
    other.known_from,
    other.known_from_basis,
    other.known_until
from level as other
left join level as preferred
    on
        other.table_name = preferred.table_name
        and other.series_id = preferred.series_id
        and other.partner_iso3 = preferred.partner_iso3
        and other.period_start is not distinct from preferred.period_start
        and other.period_months is not distinct from preferred.period_months
        and other.period_kind = preferred.period_kind
        and other.measure = preferred.measure
        and preferred.print_no = 1
where
    other.print_no > 1
    and (other.value is not null or (other.status = 'missing' and other.measure = 'weight_kg'))
