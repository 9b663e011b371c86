-- checks.unique_keys
-- Rows that share a key that must be unique, those nearest to the cause first.
--
-- grain:  layer, table_name, key

select
    2 as layer,
    'facts.trade_total' as table_name,
    any_value(release.source) as source,
    row(
        f.series_id,
        f.flow,
        f.reporter_iso3,
        f.partner_iso3,
        f.partner_code,
        f.code,
        f."procedure",
        f.period_start,
        f.period_months,
        f.period_kind
    )::varchar as key,
    count(*) as found,
    case when count(*) > 1 then 'wrong' else 'ok' end as outcome
from facts.trade_total as f
left join meta.release as release
    on f.release_id = release.release_id
group by
    f.series_id,
    f.flow,
    f.reporter_iso3,
    f.partner_iso3,
    f.partner_code,
    f.code,
    f."procedure",
    f.period_start,
    f.period_months,
    f.period_kind
union all
select
    2 as layer,
    'facts.trade_flow' as table_name,
    any_value(release.source) as source,
    row(
        f.series_id,
        f.flow,
        f.reporter_iso3,
        f.partner_iso3,
        f.partner_code,
        f.partner_role,
        f.code,
        f."procedure",
        f.period_start,
        f.period_months,
        f.period_kind
    )::varchar as key,
    count(*) as found,
    case when count(*) > 1 then 'wrong' else 'ok' end as outcome
from facts.trade_flow as f
left join meta.release as release
    on f.release_id = release.release_id
group by
    f.series_id,
    f.flow,
    f.reporter_iso3,
    f.partner_iso3,
    f.partner_code,
    f.partner_role,
    f.code,
    f."procedure",
    f.period_start,
    f.period_months,
    f.period_kind
union all
select
    2 as layer,
    'facts.control_total' as table_name,
    any_value(release.source) as source,
    row(
        f.series_id,
        f.flow,
        f.reporter_iso3,
        f.partner_code,
        f.code,
        f."procedure",
        f.period_start,
        f.period_months,
        f.period_kind
    )::varchar as key,
    count(*) as found,
    case when count(*) > 1 then 'wrong' else 'ok' end as outcome
from facts.control_total as f
left join meta.release as release
    on f.release_id = release.release_id
group by
    f.series_id,
    f.flow,
    f.reporter_iso3,
    f.partner_code,
    f.code,
    f."procedure",
    f.period_start,
    f.period_months,
    f.period_kind
union all
select
    2 as layer,
    'facts.exchange_rate' as table_name,
    any_value(release.source) as source,
    row(f.source, f.currency, f.period_start)::varchar as key,
    count(*) as found,
    case when count(*) > 1 then 'wrong' else 'ok' end as outcome
from facts.exchange_rate as f
left join meta.release as release
    on f.release_id = release.release_id
group by
    f.source,
    f.currency,
    f.period_start
union all
select
    2 as layer,
    'facts.revision' as table_name,
    any_value(release.source) as source,
    row(
        f.series_id,
        f.partner_iso3,
        f.partner_code,
        f.partner_role,
        f.code,
        f."procedure",
        f.period_start,
        f.period_months,
        f.period_kind,
        f.counted,
        f.measure,
        f.quantity_unit,
        f.slice,
        f.revision_no
    )::varchar as key,
    count(*) as found,
    case when count(*) > 1 then 'wrong' else 'ok' end as outcome
from facts.revision as f
left join meta.release as release
    on f.release_id = release.release_id
group by
    f.series_id,
    f.partner_iso3,
    f.partner_code,
    f.partner_role,
    f.code,
    f."procedure",
    f.period_start,
    f.period_months,
    f.period_kind,
    f.counted,
    f.measure,
    f.quantity_unit,
    f.slice,
    f.revision_no
union all
select
    2 as layer,
    'facts.published_share' as table_name,
    any_value(release.source) as source,
    row(f.series_id, f.reporter_iso3, f.partner_iso3, f.basis, f.period_start, f.period_months, f.edition)::varchar as key,
    count(*) as found,
    case when count(*) > 1 then 'wrong' else 'ok' end as outcome
from facts.published_share as f
left join meta.release as release
    on f.release_id = release.release_id
group by
    f.series_id,
    f.reporter_iso3,
    f.partner_iso3,
    f.basis,
    f.period_start,
    f.period_months,
    f.edition
union all
select
    2 as layer,
    'facts.production' as table_name,
    any_value(release.source) as source,
    row(f.series_id, f.country_iso3, f.period_start)::varchar as key,
    count(*) as found,
    case when count(*) > 1 then 'wrong' else 'ok' end as outcome
from facts.production as f
left join meta.release as release
    on f.release_id = release.release_id
group by
    f.series_id,
    f.country_iso3,
    f.period_start
union all
select
    2 as layer,
    'facts.net_import_reliance' as table_name,
    any_value(release.source) as source,
    row(f.series_id, f.reporter_iso3, f.period_start)::varchar as key,
    count(*) as found,
    case when count(*) > 1 then 'wrong' else 'ok' end as outcome
from facts.net_import_reliance as f
left join meta.release as release
    on f.release_id = release.release_id
group by
    f.series_id,
    f.reporter_iso3,
    f.period_start
union all
select
    2 as layer,
    'facts.published_number' as table_name,
    any_value(release.source) as source,
    row(f.measure, f.reporter_text, f.partner_iso3, f.commodity_text, f.series_id, f.period_text, f.publication)::varchar as key,
    count(*) as found,
    case when count(*) > 1 then 'wrong' else 'ok' end as outcome
from facts.published_number as f
left join meta.release as release
    on f.release_id = release.release_id
group by
    f.measure,
    f.reporter_text,
    f.partner_iso3,
    f.commodity_text,
    f.series_id,
    f.period_text,
    f.publication
union all
select
    2 as layer,
    'facts.policy_event' as table_name,
    any_value(release.source) as source,
    row(f.event_id, f.commodity)::varchar as key,
    count(*) as found,
    case when count(*) > 1 then 'wrong' else 'ok' end as outcome
from facts.policy_event as f
left join meta.release as release
    on f.release_id = release.release_id
group by
    f.event_id,
    f.commodity
union all
select
    2 as layer,
    'facts.overseas_stake' as table_name,
    any_value(release.source) as source,
    row(f.investor, f.asset, f.commodity, f.start_date, f.end_date)::varchar as key,
    count(*) as found,
    case when count(*) > 1 then 'wrong' else 'ok' end as outcome
from facts.overseas_stake as f
left join meta.release as release
    on f.release_id = release.release_id
group by
    f.investor,
    f.asset,
    f.commodity,
    f.start_date,
    f.end_date
union all
select
    2 as layer,
    'facts.stockpile_target' as table_name,
    any_value(release.source) as source,
    row(
        f.country_iso3,
        f.commodity,
        f.scope_text,
        f.target_days,
        f.basis_text,
        f.holder,
        f.valid_from,
        f.valid_to,
        f.publication
    )::varchar as key,
    count(*) as found,
    case when count(*) > 1 then 'wrong' else 'ok' end as outcome
from facts.stockpile_target as f
left join meta.release as release
    on f.release_id = release.release_id
group by
    f.country_iso3,
    f.commodity,
    f.scope_text,
    f.target_days,
    f.basis_text,
    f.holder,
    f.valid_from,
    f.valid_to,
    f.publication
union all
select
    2 as layer,
    'facts.consumption' as table_name,
    any_value(release.source) as source,
    row(f.country_iso3, f.commodity, f.commodity_text, f.period_start, f.definition, f.publication)::varchar as key,
    count(*) as found,
    case when count(*) > 1 then 'wrong' else 'ok' end as outcome
from facts.consumption as f
left join meta.release as release
    on f.release_id = release.release_id
group by
    f.country_iso3,
    f.commodity,
    f.commodity_text,
    f.period_start,
    f.definition,
    f.publication
union all
select
    2 as layer,
    'facts.conflict' as table_name,
    any_value(release.source) as source,
    row(f.table_name, f.series_id, f.partner_iso3, f.period_start, f.period_months, f.period_kind, f.print_no, f.measure)::varchar as key,
    count(*) as found,
    case when count(*) > 1 then 'wrong' else 'ok' end as outcome
from facts.conflict as f
left join meta.release as release
    on f.release_id = release.release_id
group by
    f.table_name,
    f.series_id,
    f.partner_iso3,
    f.period_start,
    f.period_months,
    f.period_kind,
    f.print_no,
    f.measure
union all
select
    1 as layer,
    'vocabulary.country' as table_name,
    null as source,
    row(f.iso3)::varchar as key,
    count(*) as found,
    case when count(*) > 1 then 'wrong' else 'ok' end as outcome
from vocabulary.country as f
group by
    f.iso3
union all
select
    1 as layer,
    'vocabulary.commodity' as table_name,
    null as source,
    row(f.commodity)::varchar as key,
    count(*) as found,
    case when count(*) > 1 then 'wrong' else 'ok' end as outcome
from vocabulary.commodity as f
group by
    f.commodity
union all
select
    1 as layer,
    'vocabulary.commodity_term' as table_name,
    null as source,
    row(f.term, f.commodity)::varchar as key,
    count(*) as found,
    case when count(*) > 1 then 'wrong' else 'ok' end as outcome
from vocabulary.commodity_term as f
group by
    f.term,
    f.commodity
union all
select
    1 as layer,
    'vocabulary.commodity_code' as table_name,
    null as source,
    row(f.hs_edition, f.hs6, f.commodity, f.stage)::varchar as key,
    count(*) as found,
    case when count(*) > 1 then 'wrong' else 'ok' end as outcome
from vocabulary.commodity_code as f
group by
    f.hs_edition,
    f.hs6,
    f.commodity,
    f.stage
union all
select
    1 as layer,
    'vocabulary.series' as table_name,
    null as source,
    row(f.source, f.dataset, f.source_key)::varchar as key,
    count(*) as found,
    case when count(*) > 1 then 'wrong' else 'ok' end as outcome
from vocabulary.series as f
group by
    f.source,
    f.dataset,
    f.source_key
union all
select
    1 as layer,
    'vocabulary.series_break' as table_name,
    null as source,
    row(f.series_id, f.break_month)::varchar as key,
    count(*) as found,
    case when count(*) > 1 then 'wrong' else 'ok' end as outcome
from vocabulary.series_break as f
group by
    f.series_id,
    f.break_month
union all
select
    1 as layer,
    'vocabulary.month' as table_name,
    null as source,
    row(f.month)::varchar as key,
    count(*) as found,
    case when count(*) > 1 then 'wrong' else 'ok' end as outcome
from vocabulary.month as f
group by
    f.month
union all
select
    1 as layer,
    'vocabulary.partner_code' as table_name,
    null as source,
    row(f.source, f.code, f.valid_from)::varchar as key,
    count(*) as found,
    case when count(*) > 1 then 'wrong' else 'ok' end as outcome
from vocabulary.partner_code as f
group by
    f.source,
    f.code,
    f.valid_from
union all
select
    1 as layer,
    'vocabulary.publication' as table_name,
    null as source,
    row(f.address)::varchar as key,
    count(*) as found,
    case when count(*) > 1 then 'wrong' else 'ok' end as outcome
from vocabulary.publication as f
group by
    f.address
union all
select
    1 as layer,
    'vocabulary.threshold' as table_name,
    null as source,
    row(f.threshold_version, f.measure, f.threshold_class)::varchar as key,
    count(*) as found,
    case when count(*) > 1 then 'wrong' else 'ok' end as outcome
from vocabulary.threshold as f
group by
    f.threshold_version,
    f.measure,
    f.threshold_class
union all
select
    1 as layer,
    'vocabulary.claim' as table_name,
    null as source,
    row(f.claim_id)::varchar as key,
    count(*) as found,
    case when count(*) > 1 then 'wrong' else 'ok' end as outcome
from vocabulary.claim as f
group by
    f.claim_id
union all
select
    1 as layer,
    'vocabulary.claim_scope' as table_name,
    null as source,
    row(f.counts, f.wording)::varchar as key,
    count(*) as found,
    case when count(*) > 1 then 'wrong' else 'ok' end as outcome
from vocabulary.claim_scope as f
group by
    f.counts,
    f.wording
union all
select
    4 as layer,
    'marts.claim_check' as table_name,
    null as source,
    row(
        f.claim_id,
        f.evidence_table,
        f.evidence_scope,
        f.evidence_basis,
        f.evidence_period_start,
        f.evidence_period_end,
        f.evidence_value,
        f.evidence_low,
        f.publisher,
        f.publication
    )::varchar as key,
    count(*) as found,
    case when count(*) > 1 then 'wrong' else 'ok' end as outcome
from marts.claim_check as f
group by
    f.claim_id,
    f.evidence_table,
    f.evidence_scope,
    f.evidence_basis,
    f.evidence_period_start,
    f.evidence_period_end,
    f.evidence_value,
    f.evidence_low,
    f.publisher,
    f.publication
union all
select
    4 as layer,
    'marts.export_change_monthly' as table_name,
    any_value(f.source) as source,
    row(f.series_id, f.commodity, f.basis, f.period_start, f.period_months)::varchar as key,
    count(*) as found,
    case when count(*) > 1 then 'wrong' else 'ok' end as outcome
from marts.export_change_monthly as f
group by
    f.series_id,
    f.commodity,
    f.basis,
    f.period_start,
    f.period_months
union all
select
    4 as layer,
    'marts.export_destination_share' as table_name,
    any_value(f.source) as source,
    row(f.series_id, f.commodity, f.exporter_iso3, f.basis, f.period_start, f.period_months, f.destination_iso3)::varchar as key,
    count(*) as found,
    case when count(*) > 1 then 'wrong' else 'ok' end as outcome
from marts.export_destination_share as f
group by
    f.series_id,
    f.commodity,
    f.exporter_iso3,
    f.basis,
    f.period_start,
    f.period_months,
    f.destination_iso3
union all
select
    4 as layer,
    'marts.import_change_monthly' as table_name,
    any_value(f.source) as source,
    row(f.series_id, f.commodity, f.basis, f.period_start, f.period_months)::varchar as key,
    count(*) as found,
    case when count(*) > 1 then 'wrong' else 'ok' end as outcome
from marts.import_change_monthly as f
group by
    f.series_id,
    f.commodity,
    f.basis,
    f.period_start,
    f.period_months
union all
select
    4 as layer,
    'marts.import_concentration' as table_name,
    any_value(f.source) as source,
    row(f.series_id, f.commodity, f.importer_iso3, f.basis, f.period_start, f.period_months)::varchar as key,
    count(*) as found,
    case when count(*) > 1 then 'wrong' else 'ok' end as outcome
from marts.import_concentration as f
group by
    f.series_id,
    f.commodity,
    f.importer_iso3,
    f.basis,
    f.period_start,
    f.period_months
union all
select
    4 as layer,
    'marts.production_concentration' as table_name,
    any_value(f.source) as source,
    row(f.series_id, f.period_start)::varchar as key,
    count(*) as found,
    case when count(*) > 1 then 'wrong' else 'ok' end as outcome
from marts.production_concentration as f
group by
    f.series_id,
    f.period_start
union all
select
    4 as layer,
    'marts.refining_share' as table_name,
    any_value(f.source) as source,
    row(f.series_id, f.commodity, f.period_start, f.period_months, f.edition, f.refiner_iso3)::varchar as key,
    count(*) as found,
    case when count(*) > 1 then 'wrong' else 'ok' end as outcome
from marts.refining_share as f
group by
    f.series_id,
    f.commodity,
    f.period_start,
    f.period_months,
    f.edition,
    f.refiner_iso3
union all
select
    4 as layer,
    'marts.revision_profile' as table_name,
    f.source,
    row(f.source, f.dataset, f.counted, f.measure, f.quantity_unit)::varchar as key,
    count(*) as found,
    case when count(*) > 1 then 'wrong' else 'ok' end as outcome
from marts.revision_profile as f
group by
    f.source,
    f.dataset,
    f.counted,
    f.measure,
    f.quantity_unit
union all
select
    4 as layer,
    'marts.supplier_share' as table_name,
    any_value(f.source) as source,
    row(f.series_id, f.commodity, f.importer_iso3, f.basis, f.period_start, f.period_months, f.supplier_iso3)::varchar as key,
    count(*) as found,
    case when count(*) > 1 then 'wrong' else 'ok' end as outcome
from marts.supplier_share as f
group by
    f.series_id,
    f.commodity,
    f.importer_iso3,
    f.basis,
    f.period_start,
    f.period_months,
    f.supplier_iso3
union all
select
    4 as layer,
    'marts.trade_change_monthly' as table_name,
    any_value(f.source) as source,
    row(f.series_id, f.commodity, f.basis, f.period_start, f.period_months)::varchar as key,
    count(*) as found,
    case when count(*) > 1 then 'wrong' else 'ok' end as outcome
from marts.trade_change_monthly as f
group by
    f.series_id,
    f.commodity,
    f.basis,
    f.period_start,
    f.period_months
