-- marts.supplier_share
-- From whom does each importer buy, and how much of it? Published lists as printed, filed flows as shares of their total,
-- for single months and for twelve months. Secret and unspecified partners stay in the denominator as unattributed;
-- goods an importer gets back from itself are outside of it, and are taken out of a control total that they are part of.
--
-- grain:  series_id, commodity, importer_iso3, basis, period_start, period_months, supplier_iso3
-- column: series_id | | Series (vocabulary.series); publisher, scope and basis never mix.
-- column: source | | Source folder the figures came through.
-- column: publisher | | Whose statistic it is.
-- column: importer_iso3 | | Importing country; EUU counts supply from outside the Union only.
-- column: importer | | Its English short name (vocabulary.country).
-- column: commodity | | Commodity (vocabulary.commodity).
-- column: stage | | Stage of processing.
-- column: scope | | exact (all of the commodity at that stage and nothing else), part (nothing else, not all) or broad (more).
-- column: basis | | weight, value, or unknown where the publisher does not say.
-- column: period_start | | First day of the period.
-- column: period_months | months | Length of the period.
-- column: supplier_iso3 | | Supplier; OTHER for the part not attributed to a country.
-- column: supplier | | Its English short name (vocabulary.country).
-- column: supplier_kind | | country, unattributed (others, groups, secret, unexplained) or returned (the importer itself).
-- column: share | 0 to 1 | Share of the importer's total; null where the figure is no point: a bound, about that much, or an amount alone.
-- column: share_low | 0 to 1 | Least it can be: what the print allows; the share itself for filed flows.
-- column: share_high | 0 to 1 | Most it can be; of a filed flow with what is unattributed, which may be the supplier's.
-- column: share_rank | | Rank among the countries, 1 for the largest share; equal shares have equal ranks.
-- column: amount | see unit | Amount bought from the supplier; null where not printed or no point.
-- column: amount_low | see unit | Least the amount can be.
-- column: amount_high | see unit | Most it can be; null where nothing is printed, or only that it is more than so much.
-- column: total | see unit | Total of all suppliers; null where not printed.
-- column: unit | | t or USD of amount and total.
-- column: list_status | | complete (largest first, the rest printed as others), loose, partial, selected or filed; see docs/methods.md.
-- column: page_tier | | Best grade of the pages that print it, 1 the publisher's own; null where an office filed it.
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
    importer.name as importer,
    listed.commodity,
    listed.stage,
    listed.scope,
    listed.basis,
    listed.period_start,
    listed.period_months,
    listed.partner_iso3 as supplier_iso3,
    supplier.name as supplier,
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
left join vocabulary.country as importer
    on listed.reporter_iso3 = importer.iso3
left join vocabulary.country as supplier
    on listed.partner_iso3 = supplier.iso3
where listed.flow = 'import'
