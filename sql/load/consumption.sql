-- facts.consumption
-- Domestic consumption by definition and page.
--
-- grain:  country_iso3, commodity, commodity_text, period_start, definition, publication, known_from

select
    consumed.country_iso3,
    term.commodity,
    consumed.commodity_text,
    consumed.period_start,
    consumed.period_months,
    consumed.weight_kg,
    consumed.definition,
    consumed.status,
    consumed.publication,
    consumed.note,
    consumed.release_id,
    consumed.source_member,
    consumed.source_row,
    place.known_from,
    place.known_from_basis,
    place.known_until
from curated.consumption as consumed
inner join curated.release_window as place
    on consumed.release_id = place.release_id
inner join vocabulary.commodity_term as term
    on lower(consumed.commodity_text) = term.term
