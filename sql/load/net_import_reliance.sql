-- facts.net_import_reliance
-- Net import reliance as printed; a bound stays a bound.
--
-- grain:  series_id, reporter_iso3, period_start, known_from

select
    series.series_id,
    'usgs_mcs' as source,
    coalesce(series.reporter_iso3, 'USA') as reporter_iso3,
    series.commodity,
    series.stage,
    printed.period_start,
    printed.period_months,
    printed.value_text,
    printed.qualifier,
    case printed.qualifier when 'eq' then cast(printed.value_percent * 0.01 as double) end as reliance,
    case when printed.qualifier in ('eq', 'gt') then cast(printed.value_percent * 0.01 as double) end as reliance_low,
    case printed.qualifier
        when 'eq' then cast(printed.value_percent * 0.01 as double)
        when 'lt' then cast(printed.value_percent * 0.01 as double)
        when 'gt' then 1
        else 0
    end as reliance_high,
    printed.edition,
    printed.publication,
    printed.note,
    printed.release_id,
    printed.source_member,
    printed.source_row,
    place.known_from,
    place.known_from_basis,
    place.known_until
from curated.usgs_net_import_reliance as printed
inner join curated.release_window as place
    on printed.release_id = place.release_id
inner join vocabulary.series as series
    on
        printed.series_key = series.source_key
        and series.source = 'usgs_mcs'
        and series.dataset = 'net_import_reliance'
