-- checks.no_aggregate_among_suppliers
-- Groups, the world or others counted as if they were one country, and a country counted as its own partner.
--
-- grain:  place_in, series_id, place, period_start, iso3

with partner as (
    select
        'marts.supplier_share' as place_in,
        source,
        series_id,
        importer_iso3 as place,
        period_start,
        supplier_iso3 as iso3
    from marts.supplier_share
    where supplier_kind = 'country'
    union
    select
        'facts.trade_flow' as place_in,
        source,
        series_id,
        reporter_iso3 as place,
        period_start,
        partner_iso3 as iso3
    from facts.trade_flow
    where partner_role = 'country'
)
select
    partner.place_in,
    partner.source,
    partner.series_id,
    partner.place,
    partner.period_start,
    partner.iso3,
    case
        when partner.iso3 = partner.place or country.kind <> 'country' then 'wrong'
        when country.kind is null then 'not_compared:unknown_code'
        else 'ok'
    end as outcome
from partner
left join vocabulary.country as country
    on partner.iso3 = country.iso3
