-- facts.exchange_rate
-- Monthly mean of daily reference rates in units of currency per US dollar: the mean of the days' cross rates through the euro.
--
-- grain:  source, currency, period_start, known_from

with daily as (
    select
        rate.source,
        rate.release_id,
        rate.source_member,
        rate.source_row,
        rate.day,
        rate.currency,
        rate.per_eur,
        cast(rate.per_eur / dollar.per_eur as decimal(18, 8)) as per_usd
    from curated.reference_rate as rate
    inner join curated.reference_rate as dollar
        on rate.release_id = dollar.release_id and rate.day = dollar.day and dollar.currency = 'USD'
    union all
    select
        source,
        release_id,
        source_member,
        source_row,
        day,
        'EUR' as currency,
        1 as per_eur,
        cast(1 / per_eur as decimal(18, 8)) as per_usd
    from curated.reference_rate
    where currency = 'USD'
)
select
    daily.source,
    daily.currency,
    cast(date_trunc('month', daily.day) as date) as period_start,
    1 as period_months,
    round(avg(daily.per_usd), 8) as per_usd,
    round(avg(daily.per_eur), 8) as per_eur,
    count(*)::integer as days,
    'mean of daily reference rates' as fx_method,
    max(daily.source_row) as last_source_row,
    null as publication,
    null as note,
    daily.release_id,
    daily.source_member,
    min(daily.source_row) as source_row,
    place.known_from,
    place.known_from_basis,
    place.known_until
from daily
inner join curated.release_window as place
    on daily.release_id = place.release_id
group by
    daily.source,
    daily.currency,
    cast(date_trunc('month', daily.day) as date),
    daily.release_id,
    daily.source_member,
    place.known_from,
    place.known_from_basis,
    place.known_until
