-- questions.supply_above_benchmark
-- Where does one country supply more than 65 % of an importer's supply, by the newest list of each series? 65 % is the benchmark that
-- the European Union's Critical Raw Materials Act sets for its own consumption by 2030; here it is held against every importer's list.
-- By weight first, then by value, then unsaid; of each the lists of all suppliers first, then by the end of the period.
--
-- grain:  basis, series_id, importer_iso3, commodity

with benchmark as (
    select
        threshold_version,
        lower as limit_share
    from vocabulary.threshold
    where threshold_version = 'crma_2024' and threshold_class = 'above_benchmark'
),
newest as (
    select
        *,
        cast(period_start + to_months(period_months) - interval 1 day as date) as period_end
    from marts.import_concentration
    where scope <> 'broad'
    qualify
        row_number() over (
            partition by series_id, commodity, importer_iso3, basis
            order by period_start + to_months(period_months) desc, period_months desc
        ) = 1
)
select
    newest.basis,
    newest.importer_iso3,
    newest.commodity,
    newest.stage,
    newest.scope,
    newest.top_supplier_iso3,
    newest.top_supplier_share,
    round(newest.top_supplier_share - benchmark.limit_share, 3) as share_above_benchmark,
    newest.period_start,
    newest.period_end,
    newest.publisher,
    newest.list_status,
    newest.series_id
from newest
inner join benchmark
    on newest.top_supplier_share > benchmark.limit_share
where newest.importer_iso3 <> newest.top_supplier_iso3
order by
    newest.basis desc,
    newest.list_status <> 'loose' desc,
    newest.period_end desc,
    newest.top_supplier_share desc,
    newest.importer_iso3 asc,
    newest.series_id asc,
    newest.commodity asc
