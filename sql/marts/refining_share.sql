-- marts.refining_share
-- Who refines, smelts or makes magnets of a mineral, and how much of the world's output? Published shares as printed, each with its
-- publisher and year, and the tables of refinery and smelter production that production_concentration uses, as shares of their sum.
-- Shares of an unnamed stage, which may be the mine, are none of them. No list is put together from two publishers.
--
-- grain:  series_id, commodity, period_start, period_months, edition, refiner_iso3
-- columns: series_id, source, publisher, commodity
-- column: stage | | Stage of processing: refined, refinery, smelter, sponge or magnet.
-- columns: scope
-- column: period_start | | First day of the year; null where the page names none.
-- columns: period_months
-- column: edition | | Edition whose table this is; null for shares printed alone.
-- column: refiner_iso3 | | Country that refines; OTHER and TOP3 for what is printed together.
-- column: refiner | | Its English short name (vocabulary.country).
-- column: refiner_kind | | country, group or residual (vocabulary.country).
-- column: share | 0 to 1 | Share of the world's output; null where only a bound is printed.
-- column: share_low | 0 to 1 | Least it can be; null where what some country produced is withheld or not available.
-- column: share_high | 0 to 1 | Most it can be.
-- column: share_rank | | Rank among the countries of the list, 1 for the largest share; equal shares have equal ranks.
-- column: status | | reported, derived or projection.
-- column: page_tier | | Best grade of the pages that print it, 1 the publisher's own; null for tables of production.
-- evidence: facts.published_share | evidence.series_id = mart.series_id and evidence.partner_iso3 = mart.refiner_iso3
--   and evidence.period_start is not distinct from mart.period_start and evidence.period_months is not distinct from mart.period_months
-- evidence: facts.production | evidence.series_id = mart.series_id and evidence.period_start = mart.period_start
--   and evidence.edition = mart.edition and evidence.country_iso3 <> 'WLD'
-- evidence: facts.production_superseded | evidence.series_id = mart.series_id and evidence.period_start = mart.period_start
--   and evidence.edition = mart.edition and evidence.country_iso3 <> 'WLD' and evidence.is_still_printed

with produced as (
    select
        series_id,
        country_iso3,
        period_start,
        edition,
        quantity
    from facts.production
    union all
    select
        series_id,
        country_iso3,
        period_start,
        edition,
        quantity
    from facts.production_superseded
    where is_still_printed
),
listed as (
    select
        series_id,
        source,
        publisher,
        period_start,
        period_months,
        edition,
        partner_iso3 as refiner_iso3,
        share,
        share_low,
        share_high,
        status,
        page_tier
    from facts.published_share
    where flow in ('production', 'refining')
    union all
    select
        world.series_id,
        world.source,
        null as publisher,
        world.period_start,
        world.period_months,
        world.edition,
        produced.country_iso3 as refiner_iso3,
        produced.quantity / world.listed_total as share,
        case
            when coalesce(world.withheld_iso3, world.unavailable_iso3) is null then produced.quantity / world.listed_total
        end as share_low,
        produced.quantity / world.listed_total as share_high,
        'reported' as status,
        null as page_tier
    from marts.production_concentration as world
    inner join produced
        on
            world.series_id = produced.series_id
            and world.period_start = produced.period_start
            and world.edition = produced.edition
    where produced.country_iso3 <> 'WLD' and produced.quantity > 0
),
series as (
    select distinct
        series_id,
        publisher,
        commodity,
        stage,
        scope
    from vocabulary.series
    where commodity is not null and stage not in ('mine', 'any')
)
select
    listed.series_id,
    listed.source,
    coalesce(listed.publisher, series.publisher) as publisher,
    series.commodity,
    series.stage,
    series.scope,
    listed.period_start,
    listed.period_months,
    listed.edition,
    listed.refiner_iso3,
    refiner.name as refiner,
    refiner.kind as refiner_kind,
    listed.share,
    listed.share_low,
    listed.share_high,
    case
        when refiner.kind = 'country'
            then rank() over (
                partition by listed.series_id, series.commodity, listed.period_start, listed.period_months, listed.edition, refiner.kind
                order by coalesce(listed.share, listed.share_low) desc
            )
    end as share_rank,
    listed.status,
    listed.page_tier
from listed
inner join series
    on listed.series_id = series.series_id
left join vocabulary.country as refiner
    on listed.refiner_iso3 = refiner.iso3
