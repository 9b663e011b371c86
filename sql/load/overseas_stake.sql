-- facts.overseas_stake
-- Stakes and offtakes abroad, one row per commodity an asset yields.
--
-- grain:  investor, asset, commodity, start_date, end_date, known_from

select
    stake.investor,
    stake.investor_country_iso3,
    stake.asset,
    stake.asset_country_iso3,
    term.commodity,
    stake.commodity_text,
    stake.stage,
    cast(stake.stake_percent * 0.01 as double) as stake,
    stake.offtake_text,
    stake.start_date,
    stake.end_date,
    stake.status,
    stake.publication,
    stake.note,
    stake.release_id,
    stake.source_member,
    stake.source_row,
    place.known_from,
    place.known_from_basis,
    place.known_until
from curated.overseas_stake as stake
inner join curated.release_window as place
    on stake.release_id = place.release_id
inner join vocabulary.commodity_term as term
    on lower(stake.commodity_text) = term.term
