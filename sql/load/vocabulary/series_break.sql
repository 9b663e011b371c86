-- vocabulary.series_break
-- Breaks of the series of codes: where an edition of the Harmonized System gives a code other commodities than the one before.
--
-- grain:  series_id, break_month

insert into vocabulary.series_break by name
with content as (
    select
        hs6,
        hs_edition,
        string_agg(commodity || ' ' || stage || ' ' || scope, ', ' order by commodity, stage) as commodities
    from vocabulary.commodity_code
    group by hs6, hs_edition
),
edition as (
    select
        hs_edition,
        cast(substr(hs_edition, 3) || '-01-01' as date) as first_month,
        lag(hs_edition) over (order by hs_edition) as hs_edition_before
    from (
        select distinct hs_edition
        from vocabulary.commodity_code
    ) as listed
),
changed as (
    select
        content.hs6,
        edition.first_month,
        edition.hs_edition,
        before.commodities as commodities_before,
        content.commodities
    from content
    inner join edition
        on content.hs_edition = edition.hs_edition
    inner join content as before
        on content.hs6 = before.hs6 and edition.hs_edition_before = before.hs_edition
    where content.commodities <> before.commodities
)
select distinct
    series.series_id,
    changed.first_month as break_month,
    'code_content' as kind,
    concat_ws(' ', 'code', changed.hs6, 'held', changed.commodities_before || ', from', changed.hs_edition, changed.commodities) as reason,
    'vocabulary.commodity_code' as source
from changed
inner join vocabulary.series as series
    on series.code_system = 'HS6' and changed.hs6 = series.code
order by all
