-- checks.shares_add_up
-- Shares of one whole that add up to more than one, or complete lists that add up to less, beyond the rounding of their rows.
-- Suppliers, destinations and producers; a group that may hold countries named beside it is left out of the sum.
--
-- grain:  place_in, series_id, commodity, place, basis, period_start, period_months, status

with whole as (
    select
        'marts.supplier_share' as place_in,
        source,
        series_id,
        commodity,
        importer_iso3 as place,
        basis,
        period_start,
        period_months,
        max(list_status) as status,
        sum(share) as share_sum,
        count(*) as shares
    from marts.supplier_share
    where supplier_kind <> 'returned'
    group by source, series_id, commodity, importer_iso3, basis, period_start, period_months
    union all
    select
        'marts.export_destination_share' as place_in,
        source,
        series_id,
        commodity,
        exporter_iso3 as place,
        basis,
        period_start,
        period_months,
        null as status,
        sum(share) as share_sum,
        count(*) as shares
    from marts.export_destination_share
    where destination_kind = 'country' or destination_iso3 = 'OTHER'
    group by source, series_id, commodity, exporter_iso3, basis, period_start, period_months
    union all
    select
        'facts.published_share' as place_in,
        published.source,
        published.series_id,
        null as commodity,
        published.reporter_iso3 as place,
        published.basis,
        published.period_start,
        published.period_months,
        published.status,
        sum(published.share) as share_sum,
        count(*) as shares
    from facts.published_share as published
    inner join vocabulary.country as country
        on published.partner_iso3 = country.iso3
    where published.flow in ('production', 'refining') and (country.kind = 'country' or published.partner_iso3 = 'OTHER')
    group by
        published.source,
        published.series_id,
        published.reporter_iso3,
        published.basis,
        published.period_start,
        published.period_months,
        published.status
)
select
    place_in,
    source,
    series_id,
    commodity,
    place,
    basis,
    period_start,
    period_months,
    status,
    share_sum,
    shares,
    case
        when share_sum is null then 'not_compared:no_figure'
        when share_sum > 1.0001 + 0.005 * shares or (status = 'complete' and share_sum < 0.9999 - 0.005 * shares) then 'wrong'
        else 'ok'
    end as outcome
from whole
