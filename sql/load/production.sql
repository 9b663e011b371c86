-- facts.production
-- Production by country as printed; successive editions that state one year are vintages of one another.
--
-- grain:  series_id, country_iso3, period_start, known_from

select
    series.series_id,
    'usgs_mcs' as source,
    series.commodity,
    series.stage,
    coalesce(printed.country_iso3, case when printed.country_name like 'World%' then 'WLD' else 'OTHER' end) as country_iso3,
    printed.country_name,
    printed.period_start,
    printed.period_months,
    printed.quantity,
    printed.unit,
    printed.weight_kg,
    printed.qualifier,
    printed.edition,
    printed.incomplete_because,
    printed.publication,
    printed.note,
    printed.release_id,
    printed.source_member,
    printed.source_row,
    place.known_from,
    place.known_from_basis,
    place.known_until
from curated.usgs_production as printed
inner join curated.release_window as place
    on printed.release_id = place.release_id
inner join vocabulary.series as series
    on
        printed.series_key = series.source_key
        and series.source = 'usgs_mcs'
        and series.dataset = 'world_production'
