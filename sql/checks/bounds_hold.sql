-- checks.bounds_hold
-- Indices outside their own bounds, shares outside of 0 to 1 or outside of what their print allows.
--
-- grain:  place_in, series_id, place, partner, period_start

select
    'marts.import_concentration' as place_in,
    source,
    series_id,
    importer_iso3 as place,
    null as partner,
    period_start,
    hhi_low as low,
    hhi as point,
    hhi_high as high
from marts.import_concentration
where
    not coalesce(hhi_low >= 0 and hhi_low <= hhi_high + 1e-9 and hhi_high <= 1, false)
    or hhi not between hhi_low - 1e-9 and hhi_high + 1e-9
union all
select
    'marts.supplier_share' as place_in,
    source,
    series_id,
    importer_iso3 as place,
    supplier_iso3 as partner,
    period_start,
    share_low as low,
    share as point,
    share_high as high
from marts.supplier_share
where
    supplier_kind <> 'returned'
    and (share < 0 or share > 1 + 1e-9 or share_low > share_high or share not between share_low - 1e-9 and share_high + 1e-9)
union all
select
    'marts.export_destination_share' as place_in,
    source,
    series_id,
    exporter_iso3 as place,
    destination_iso3 as partner,
    period_start,
    share_low as low,
    share as point,
    share_high as high
from marts.export_destination_share
where share < 0 or share > 1 + 1e-9 or share_low > share_high or share not between share_low - 1e-9 and share_high + 1e-9
union all
select
    'facts.published_share' as place_in,
    source,
    series_id,
    reporter_iso3 as place,
    partner_iso3 as partner,
    period_start,
    share_low as low,
    share as point,
    share_high as high
from facts.published_share
where
    flow in ('production', 'refining')
    and (share < 0 or share > 1 or share_low > share_high or share not between share_low - 1e-9 and share_high + 1e-9)
