-- checks.known_codes
-- Countries, commodities and series that the vocabulary does not know.
--
-- grain:  table_name, kind, code, source

with used as (
    select
        'facts.trade_total' as table_name,
        'country' as kind,
        unnest([reporter_iso3, partner_iso3]) as code,
        source
    from facts.trade_total
    union all
    select
        'facts.trade_flow' as table_name,
        'country' as kind,
        unnest([reporter_iso3, partner_iso3]) as code,
        source
    from facts.trade_flow
    union all
    select
        'facts.published_share' as table_name,
        'country' as kind,
        unnest([reporter_iso3, partner_iso3]) as code,
        source
    from facts.published_share
    union all
    select
        'facts.production' as table_name,
        'country' as kind,
        country_iso3 as code,
        source
    from facts.production
    union all
    select
        'facts.published_number' as table_name,
        'country' as kind,
        unnest([reporter_iso3, partner_iso3]) as code,
        source
    from facts.published_number
    union all
    select
        'facts.net_import_reliance' as table_name,
        'country' as kind,
        reporter_iso3 as code,
        source
    from facts.net_import_reliance
    union all
    select
        'facts.policy_event' as table_name,
        'country' as kind,
        fact.country_iso3 as code,
        release.source
    from facts.policy_event as fact
    left join meta.release as release
        on fact.release_id = release.release_id
    union all
    select
        'facts.policy_event' as table_name,
        'commodity' as kind,
        fact.commodity as code,
        release.source
    from facts.policy_event as fact
    left join meta.release as release
        on fact.release_id = release.release_id
    union all
    select
        'facts.overseas_stake' as table_name,
        'country' as kind,
        unnest([fact.investor_country_iso3, fact.asset_country_iso3]) as code,
        release.source
    from facts.overseas_stake as fact
    left join meta.release as release
        on fact.release_id = release.release_id
    union all
    select
        'facts.overseas_stake' as table_name,
        'commodity' as kind,
        fact.commodity as code,
        release.source
    from facts.overseas_stake as fact
    left join meta.release as release
        on fact.release_id = release.release_id
    union all
    select
        'facts.stockpile_target' as table_name,
        'country' as kind,
        fact.country_iso3 as code,
        release.source
    from facts.stockpile_target as fact
    left join meta.release as release
        on fact.release_id = release.release_id
    union all
    select
        'facts.stockpile_target' as table_name,
        'commodity' as kind,
        fact.commodity as code,
        release.source
    from facts.stockpile_target as fact
    left join meta.release as release
        on fact.release_id = release.release_id
    union all
    select
        'facts.consumption' as table_name,
        'country' as kind,
        fact.country_iso3 as code,
        release.source
    from facts.consumption as fact
    left join meta.release as release
        on fact.release_id = release.release_id
    union all
    select
        'facts.consumption' as table_name,
        'commodity' as kind,
        fact.commodity as code,
        release.source
    from facts.consumption as fact
    left join meta.release as release
        on fact.release_id = release.release_id
    union all
    select
        'facts.production' as table_name,
        'commodity' as kind,
        commodity as code,
        source
    from facts.production
    union all
    select
        'facts.net_import_reliance' as table_name,
        'commodity' as kind,
        commodity as code,
        source
    from facts.net_import_reliance
    union all
    select
        'facts.published_number' as table_name,
        'commodity' as kind,
        commodity as code,
        source
    from facts.published_number
    union all
    select
        'facts.trade_total' as table_name,
        'series' as kind,
        series_id as code,
        source
    from facts.trade_total
    union all
    select
        'facts.trade_flow' as table_name,
        'series' as kind,
        series_id as code,
        source
    from facts.trade_flow
    union all
    select
        'facts.published_share' as table_name,
        'series' as kind,
        series_id as code,
        source
    from facts.published_share
    union all
    select
        'facts.production' as table_name,
        'series' as kind,
        series_id as code,
        source
    from facts.production
    union all
    select
        'facts.net_import_reliance' as table_name,
        'series' as kind,
        series_id as code,
        source
    from facts.net_import_reliance
    union all
    select
        'facts.published_number' as table_name,
        'series' as kind,
        series_id as code,
        source
    from facts.published_number
    union all
    select
        'vocabulary.series' as table_name,
        'country' as kind,
        unnest([reporter_iso3, partner_iso3]) as code,
        null as source
    from vocabulary.series
    union all
    select
        'vocabulary.series' as table_name,
        'commodity' as kind,
        commodity as code,
        null as source
    from vocabulary.series
    union all
    select
        'vocabulary.commodity_term' as table_name,
        'commodity' as kind,
        commodity as code,
        null as source
    from vocabulary.commodity_term
    union all
    select
        'vocabulary.commodity_code' as table_name,
        'commodity' as kind,
        commodity as code,
        null as source
    from vocabulary.commodity_code
    union all
    select
        'vocabulary.claim' as table_name,
        'commodity' as kind,
        unnest([commodity, context_commodity]) as code,
        null as source
    from vocabulary.claim
    union all
    select
        'vocabulary.claim' as table_name,
        'country' as kind,
        unnest([reporter_iso3, partner_iso3]) as code,
        null as source
    from vocabulary.claim
    union all
    select
        'vocabulary.commodity' as table_name,
        'commodity' as kind,
        parent as code,
        null as source
    from vocabulary.commodity
    union all
    select
        'vocabulary.series_break' as table_name,
        'series' as kind,
        series_id as code,
        null as source
    from vocabulary.series_break
),
known as (
    select
        'country' as kind,
        iso3 as code
    from vocabulary.country
    union all
    select
        'commodity' as kind,
        commodity as code
    from vocabulary.commodity
    union all
    select distinct
        'series' as kind,
        series_id as code
    from vocabulary.series
)
select
    used.table_name,
    used.kind,
    used.code,
    used.source,
    case when known.code is null then 'wrong' else 'ok' end as outcome
from used
left join known
    on used.kind = known.kind and used.code = known.code
where used.code is not null
group by used.table_name, used.kind, used.code, used.source, known.code
