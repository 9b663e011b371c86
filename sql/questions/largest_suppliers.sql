-- questions.largest_suppliers
-- Which country is the largest supplier of each importer and mineral, by the newest list of each series? Shares by weight come first,
-- then those by value, then those whose publisher does not say: three measures, never to be set beside one another. preference 1 is
-- the list to use of an importer, mineral and stage: all suppliers before some, the publisher's own page before one that quotes it,
-- all of the mineral before a part of it, then the list whose period ends last.
-- Lists whose unattributed part could hide a larger supplier name none and are left out, as are those that cover more than the mineral.
--
-- grain:  basis, series_id, importer_iso3, commodity

with newest as (
    select
        *,
        cast(period_start + to_months(period_months) - interval 1 day as date) as period_end
    from marts.import_concentration
    where top_supplier_iso3 is not null and scope <> 'broad'
    qualify
        row_number() over (
            partition by series_id, commodity, importer_iso3, basis
            order by period_start + to_months(period_months) desc, period_months desc
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
            coalesce(page_tier, 1) = 1 desc,
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
    page_tier,
    series_id
from newest
order by basis desc, importer_iso3 asc, commodity asc, stage asc, preference asc
