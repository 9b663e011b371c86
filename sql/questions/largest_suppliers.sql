-- questions.largest_suppliers
-- Which country is the largest supplier of each importer and mineral, by the newest list of each series? Shares by weight come first,
-- then those by value, then those whose publisher does not say: three measures, never to be set beside one another. preference 1 is
-- the list to use of an importer, mineral and stage: all suppliers before some, the publisher's own page before one that quotes it,
-- all of the mineral before a part of it, then the list whose period ends last.
-- Lists whose unattributed part could hide a larger supplier name none and are left out, as are those that cover more than the mineral.
--
-- grain:  basis, series_id, importer_iso3, commodity

with own_page as (
    select distinct
        share.series_id,
        share.reporter_iso3,
        share.basis,
        share.period_start,
        share.period_months
    from facts.published_share as share
    inner join vocabulary.publication as page
        on share.publication = page.address
    where page.kind = 'official'
),
list as (
    select distinct
        supply.series_id,
        supply.importer_iso3,
        supply.basis,
        supply.period_start,
        supply.period_months,
        supply.list_status,
        own_page.series_id is not null as is_own_page
    from marts.supplier_share as supply
    left join own_page
        on
            supply.series_id = own_page.series_id
            and supply.importer_iso3 = own_page.reporter_iso3
            and supply.basis = own_page.basis
            and supply.period_start = own_page.period_start
            and supply.period_months = own_page.period_months
),
newest as (
    select
        concentration.basis,
        concentration.importer_iso3,
        concentration.commodity,
        concentration.stage,
        concentration.scope,
        concentration.top_supplier_iso3,
        concentration.top_supplier_share,
        concentration.attributed_share,
        concentration.period_start,
        cast(concentration.period_start + to_months(concentration.period_months) - interval 1 day as date) as period_end,
        concentration.publisher,
        list.list_status,
        list.is_own_page,
        concentration.series_id
    from marts.import_concentration as concentration
    inner join list
        on
            concentration.series_id = list.series_id
            and concentration.importer_iso3 = list.importer_iso3
            and concentration.basis = list.basis
            and concentration.period_start = list.period_start
            and concentration.period_months = list.period_months
    where concentration.top_supplier_iso3 is not null and concentration.scope <> 'broad'
    qualify
        row_number() over (
            partition by concentration.series_id, concentration.commodity, concentration.importer_iso3, concentration.basis
            order by concentration.period_start + to_months(concentration.period_months) desc, concentration.period_months desc
        ) = 1
)
select
    basis,
    importer_iso3,
    commodity,
    stage,
    row_number() over (
        partition by basis, importer_iso3, commodity, stage
        order by
            list_status <> 'loose' desc,
            is_own_page desc,
            scope asc,
            period_end desc,
            period_start asc,
            series_id asc
    ) as preference,
    scope,
    top_supplier_iso3,
    round(top_supplier_share, 3) as top_supplier_share,
    round(attributed_share, 3) as attributed_share,
    period_start,
    period_end,
    publisher,
    list_status,
    is_own_page,
    series_id
from newest
order by basis desc, importer_iso3 asc, commodity asc, stage asc, preference asc
