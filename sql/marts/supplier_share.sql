-- marts.supplier_share
-- From whom does each importer buy, and how much of it? Published lists as printed, filed flows as shares of their total,
-- for single months and for twelve months. Secret and unspecified partners stay in the denominator as unattributed;
-- goods an importer gets back from itself are outside of it, and are taken out of a control total that they are part of.
--
-- grain:  series_id, commodity, importer_iso3, basis, period_start, period_months, supplier_iso3
-- columns: series_id, source, publisher, importer_iso3, importer, commodity, stage, scope, basis, period_start, period_months
-- column: supplier_iso3 | | Supplier; OTHER for the part not attributed to a country.
-- column: supplier | | Its English short name (vocabulary.country).
-- column: supplier_kind | | country, unattributed (others, groups, secret, unexplained) or returned (the importer itself).
-- columns: share, share_low, share_high, share_rank, amount, amount_low, amount_high, total, unit, list_status, page_tier
-- column: flags | | computed (from other figures), not_a_point (about, or a bound), contradicted (by another print); separated by blanks.
-- evidence: marts.partner_share | evidence.series_id = mart.series_id and evidence.commodity = mart.commodity
--   and evidence.reporter_iso3 = mart.importer_iso3 and evidence.basis = mart.basis and evidence.flow = 'import'
--   and evidence.period_start = mart.period_start and evidence.period_months = mart.period_months
--   and evidence.partner_iso3 = mart.supplier_iso3 and evidence.partner_kind = mart.supplier_kind

select
    listed.series_id,
    listed.source,
    listed.publisher,
    listed.reporter_iso3 as importer_iso3,
    listed.reporter as importer,
    listed.commodity,
    listed.stage,
    listed.scope,
    listed.basis,
    listed.period_start,
    listed.period_months,
    listed.partner_iso3 as supplier_iso3,
    listed.partner as supplier,
    listed.partner_kind as supplier_kind,
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
where listed.flow = 'import'
