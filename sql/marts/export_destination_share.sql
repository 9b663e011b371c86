-- marts.export_destination_share
-- To whom does each exporter sell, and how much of it? Published figures as printed, filed flows as shares of their total, for single
-- months and for twelve months. What no destination explains stays in the denominator as unattributed; goods that come back to the
-- exporter stand apart.
--
-- grain:  series_id, commodity, exporter_iso3, basis, period_start, period_months, destination_iso3, destination_kind
-- unique: series_id, commodity, exporter_iso3, basis, period_start, period_months, destination_iso3
-- columns: series_id, source, publisher
-- column: exporter_iso3 | | Exporting country.
-- column: exporter | | Its English short name (vocabulary.country).
-- columns: commodity, stage, scope, basis
-- column: period_start | | First day of the period; null where the page names none.
-- columns: period_months
-- column: destination_iso3 | | Destination; OTHER for the part not attributed to a country, EUU for the European Union.
-- column: destination | | Its English short name (vocabulary.country).
-- column: destination_kind | | country, group (which may hold countries beside it), unattributed or returned (the exporter itself).
-- columns: share, share_low, share_high, share_rank, amount, amount_low, amount_high, total, unit, list_status, page_tier
-- column: flags | | computed (from other figures), not_a_point (about, or a bound), contradicted (by another print); separated by blanks.
-- evidence: marts.partner_share | evidence.series_id = mart.series_id and evidence.commodity = mart.commodity
--   and evidence.reporter_iso3 = mart.exporter_iso3 and evidence.basis = mart.basis and evidence.flow = 'export'
--   and evidence.period_start is not distinct from mart.period_start
--   and evidence.period_months is not distinct from mart.period_months
--   and evidence.partner_iso3 = mart.destination_iso3 and evidence.partner_kind = mart.destination_kind

select
    listed.series_id,
    listed.source,
    listed.publisher,
    listed.reporter_iso3 as exporter_iso3,
    listed.reporter as exporter,
    listed.commodity,
    listed.stage,
    listed.scope,
    listed.basis,
    listed.period_start,
    listed.period_months,
    listed.partner_iso3 as destination_iso3,
    listed.partner as destination,
    listed.partner_kind as destination_kind,
    listed.share,
    listed.share_low,
    listed.share_high,
    listed.share_rank,
    listed.amount,
    listed.amount_low,
    listed.amount_high,
    listed.total,
    listed.unit,
    listed.list_status,
    listed.page_tier,
    listed.flags
from marts.partner_share as listed
where listed.flow = 'export'
