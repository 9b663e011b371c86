-- checks.no_aggregate_among_suppliers
-- Groups, the world or others counted as if they were one country, and a country counted as its own partner.
--
-- grain:  place_in, series_id, place, period_start, iso3

select
    'marts.supplier_share' as place_in,
    supply.source,
    supply.series_id,
    supply.importer_iso3 as place,
    supply.period_start,
    supply.supplier_iso3 as iso3
from marts.supplier_share as supply
inner join vocabulary.country as country
    on supply.supplier_iso3 = country.iso3
where supply.supplier_kind = 'country' and (country.kind <> 'country' or supply.supplier_iso3 = supply.importer_iso3)
union all
select
    'facts.trade_flow' as place_in,
    flow.source,
    flow.series_id,
    flow.reporter_iso3 as place,
    flow.period_start,
    flow.partner_iso3 as iso3
from facts.trade_flow as flow
inner join vocabulary.country as country
    on flow.partner_iso3 = country.iso3
where flow.partner_role = 'country' and (country.kind <> 'country' or flow.partner_iso3 = flow.reporter_iso3)
