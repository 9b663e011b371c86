-- facts.policy_event
-- Acts of governments, one row per commodity an act touches.
--
-- grain:  event_id, commodity, known_from

select
    event.event_id,
    term.commodity,
    term.scope,
    event.commodity_text,
    event.event_date,
    event.date_precision,
    event.country_iso3,
    event.measure,
    event.direction,
    event.description,
    event.publication,
    null as note,
    event.release_id,
    event.source_member,
    event.source_row,
    place.known_from,
    place.known_from_basis,
    place.known_until
from curated.policy_event as event
inner join curated.release_window as place
    on event.release_id = place.release_id
inner join vocabulary.commodity_term as term
    on lower(event.commodity_text) = term.term
