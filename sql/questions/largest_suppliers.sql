-- questions.largest_suppliers
-- Which country is the largest supplier of each importer and mineral, by the newest list of each publisher and basis?
-- Lists whose unattributed part could hide a larger supplier name none and are left out.
--
-- grain:  series_id, importer_iso3, basis

select
    series_id,
    publisher,
    importer_iso3,
    commodity,
    stage,
    basis,
    period_start,
    period_months,
    top_supplier_iso3,
    round(top_supplier_share, 3) as top_supplier_share,
    round(attributed_share, 3) as attributed_share
from marts.import_concentration
where top_supplier_iso3 is not null and scope = 'exact'
qualify
    row_number() over (
        partition by series_id, importer_iso3, basis
        order by period_start desc, period_months desc
    ) = 1
order by importer_iso3 asc, commodity asc, stage asc, period_start desc, series_id asc
