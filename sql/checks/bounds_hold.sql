-- checks.bounds_hold
-- Indices outside their own bounds, shares outside of 0 to 1 or outside of what their print allows.
--
-- grain:  place_in, series_id, commodity, place, partner, basis, period_start, period_months, edition

with bounded as (
    select
        'marts.import_concentration' as place_in,
        source,
        series_id,
        commodity,
        importer_iso3 as place,
        null as partner,
        basis,
        period_start,
        period_months,
        null as edition,
        hhi_low as low,
        hhi as point,
        hhi_high as high,
        not coalesce(hhi_low >= 0 and hhi_low <= hhi_high + 1e-9 and hhi_high <= 1, false)
        or coalesce(hhi not between hhi_low - 1e-9 and hhi_high + 1e-9, false) as is_outside
    from marts.import_concentration
    union all
    select
        'marts.supplier_share' as place_in,
        source,
        series_id,
        commodity,
        importer_iso3 as place,
        supplier_iso3 as partner,
        basis,
        period_start,
        period_months,
        null as edition,
        share_low as low,
        share as point,
        share_high as high,
        share < 0 or share > 1 + 1e-9 or share_low > share_high or share not between share_low - 1e-9 and share_high + 1e-9 as is_outside
    from marts.supplier_share
    where supplier_kind <> 'returned'
    union all
    select
        'marts.export_destination_share' as place_in,
        source,
        series_id,
        commodity,
        exporter_iso3 as place,
        destination_iso3 as partner,
        basis,
        period_start,
        period_months,
        null as edition,
        share_low as low,
        share as point,
        share_high as high,
        share < 0 or share > 1 + 1e-9 or share_low > share_high or share not between share_low - 1e-9 and share_high + 1e-9 as is_outside
    from marts.export_destination_share
    where destination_kind <> 'returned'
    union all
    select
        'facts.published_share' as place_in,
        source,
        series_id,
        null as commodity,
        reporter_iso3 as place,
        partner_iso3 as partner,
        basis,
        period_start,
        period_months,
        edition,
        share_low as low,
        share as point,
        share_high as high,
        share < 0 or share > 1 or share_low > share_high or share not between share_low - 1e-9 and share_high + 1e-9 as is_outside
    from facts.published_share
    where flow in ('production', 'refining')
)
select
    place_in,
    source,
    series_id,
    commodity,
    place,
    partner,
    basis,
    period_start,
    period_months,
    edition,
    low,
    point,
    high,
    case
        when is_outside then 'wrong'
        when point is null and (low is null or high is null) then 'not_compared:no_figure'
        else 'ok'
    end as outcome
from bounded
