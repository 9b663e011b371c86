-- facts.stockpile_target
-- Stockpile targets in days, one row per commodity or list of commodities the wording names.
--
-- grain:  country_iso3, commodity, scope_text, target_days, basis_text, holder, valid_from, valid_to, publication, known_from

select
    target.country_iso3,
    term.commodity,
    target.scope_text,
    target.target_days,
    target.basis,
    target.basis_text,
    target.holder,
    target.valid_from,
    target.valid_to,
    target.status,
    target.publication,
    target.note,
    target.release_id,
    target.source_member,
    target.source_row,
    place.known_from,
    place.known_from_basis,
    place.known_until
from curated.stockpile_target as target
inner join curated.release_window as place
    on target.release_id = place.release_id
inner join vocabulary.commodity_term as term
    on lower(target.scope_text) = term.term
