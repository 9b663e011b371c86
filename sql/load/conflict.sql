-- facts.conflict
-- Prints that another print of the same figure is preferred to, beside what the preferred one says; among them those that
-- found nothing where another page prints a level.
--
-- grain:  table_name, series_id, partner_iso3, period_start, period_months, period_kind, print_no, measure

with level as (
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
        status,
        publication,
        note,
        release_id,
        source_member,
        source_row,
        known_from,
        known_from_basis,
        known_until
    from staging.bulletin_print
    where known_until is null
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
