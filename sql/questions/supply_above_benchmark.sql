-- questions.supply_above_benchmark
-- Where does one country supply more than 65 % of an importer's supply? 65 % is the benchmark that the European Union's
-- Critical Raw Materials Act sets for its own consumption by 2030; here it is held against every importer's list.
--
-- grain:  series_id, importer_iso3, basis, period_start, period_months

with benchmark as (
    select
        threshold_version,
        lower as limit_share
    from vocabulary.threshold
    where threshold_version = 'crma_2024' and threshold_class = 'above_benchmark'
)
select
    concentration.importer_iso3,
    concentration.commodity,
    concentration.stage,
    concentration.basis,
    concentration.period_start,
    concentration.period_months,
    concentration.top_supplier_iso3,
    concentration.top_supplier_share,
    round(concentration.top_supplier_share - benchmark.limit_share, 3) as share_above_benchmark,
    concentration.publisher,
    concentration.series_id
from marts.import_concentration as concentration
inner join benchmark
    on concentration.top_supplier_share > benchmark.limit_share
where concentration.scope = 'exact' and concentration.importer_iso3 <> concentration.top_supplier_iso3
order by
    concentration.top_supplier_share desc,
    concentration.importer_iso3 asc,
    concentration.series_id asc,
    concentration.period_start desc
