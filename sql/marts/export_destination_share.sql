-- marts.export_destination_share
-- To whom does each exporter sell, and how much of it? Published figures as printed, filed flows as shares of their total.
--
-- grain:  series_id, commodity, exporter_iso3, basis, period_start, period_months, destination_iso3
-- column: series_id | | Series (vocabulary.series); publisher and scope never mix.
-- column: source | | Source folder the figures came through.
-- column: publisher | | Whose statistic it is.
-- column: exporter_iso3 | | Exporting country.
-- column: commodity | | Commodity (vocabulary.commodity).
-- column: stage | | Stage of processing.
-- column: scope | | exact (all of the commodity at that stage and nothing else), part (nothing else, not all) or broad (more).
-- column: basis | | weight, value, or unknown where the publisher does not say.
-- column: period_start | | First day of the period.
-- column: period_months | months | Length of the period.
-- column: destination_iso3 | | Destination; OTHER for several countries together, EUU for the European Union.
-- column: destination_kind | | country, or group where several countries stand together.
-- column: share | 0 to 1 | Share of the exporter's total; null where only an amount is printed.
-- column: share_low | 0 to 1 | Lower end of what the print allows.
-- column: share_high | 0 to 1 | Upper end of what the print allows.
-- column: amount | see unit | Amount sold to the destination; null where not printed.
-- column: unit | | t or USD.
-- evidence: facts.published_share | evidence.series_id = mart.series_id and evidence.reporter_iso3 = mart.exporter_iso3
--   and evidence.partner_iso3 = mart.destination_iso3 and evidence.basis = mart.basis
--   and evidence.period_start is not distinct from mart.period_start
--   and evidence.period_months is not distinct from mart.period_months
--   and evidence.flow = 'export' and evidence.status <> 'projection'
-- evidence: facts.trade_flow | evidence.series_id = mart.series_id and evidence.reporter_iso3 = mart.exporter_iso3
--   and evidence.period_start = mart.period_start and evidence.period_months = mart.period_months
--   and evidence.flow = 'export' and evidence.period_kind = 'month'

with shared_series as (
    select distinct series_id
    from vocabulary.series
    where partner_iso3 is null
),
filed as (
    select
        flow.series_id,
        flow.reporter_iso3 as exporter_iso3,
        flow.period_start,
        flow.period_months,
        case when flow.partner_role in ('country', 'returned') then flow.partner_iso3 else 'OTHER' end as destination_iso3,
        case when count(*) = count(flow.weight_kg) then cast(sum(flow.weight_kg) as double) / 1000 end as weight_t,
        case when count(*) = count(flow.value_usd) then cast(sum(flow.value_usd) as double) end as value_usd
    from facts.trade_flow as flow
    inner join shared_series
        on flow.series_id = shared_series.series_id
    where flow.flow = 'export' and flow.period_kind = 'month'
    group by
        flow.series_id,
        flow.reporter_iso3,
        flow.period_start,
        flow.period_months,
        case when flow.partner_role in ('country', 'returned') then flow.partner_iso3 else 'OTHER' end
),
filed_share as (
    select
        series_id,
        exporter_iso3,
        'weight' as basis,
        period_start,
        period_months,
        destination_iso3,
        case
            when count(*) over same_month = count(weight_t) over same_month
                then weight_t / nullif(round(sum(weight_t) over same_month, 6), 0)
        end as share,
        weight_t as amount,
        't' as unit
    from filed
    window same_month as (partition by series_id, exporter_iso3, period_start, period_months)
    union all
    select
        series_id,
        exporter_iso3,
        'value' as basis,
        period_start,
        period_months,
        destination_iso3,
        case
            when count(*) over same_month = count(value_usd) over same_month
                then value_usd / nullif(round(sum(value_usd) over same_month, 6), 0)
        end as share,
        value_usd as amount,
        'USD' as unit
    from filed
    window same_month as (partition by series_id, exporter_iso3, period_start, period_months)
),
destination as (
    select
        series_id,
        exporter_iso3,
        basis,
        period_start,
        period_months,
        destination_iso3,
        share,
        share as share_low,
        share as share_high,
        amount,
        unit
    from filed_share
    union all
    select
        series_id,
        reporter_iso3 as exporter_iso3,
        basis,
        period_start,
        period_months,
        partner_iso3 as destination_iso3,
        share,
        share_low,
        share_high,
        case when amount_of = 'partner' then cast(amount as double) end as amount,
        amount_unit as unit
    from facts.published_share
    where flow = 'export' and status <> 'projection'
),
named_series as (
    select distinct
        series_id,
        source,
        publisher,
        commodity,
        stage,
        scope
    from vocabulary.series
    where commodity is not null
)
select
    destination.series_id,
    named_series.source,
    named_series.publisher,
    destination.exporter_iso3,
    named_series.commodity,
    named_series.stage,
    named_series.scope,
    destination.basis,
    destination.period_start,
    destination.period_months,
    destination.destination_iso3,
    case country.kind when 'country' then 'country' else 'group' end as destination_kind,
    destination.share,
    destination.share_low,
    destination.share_high,
    destination.amount,
    destination.unit
from destination
inner join named_series
    on destination.series_id = named_series.series_id
inner join vocabulary.country as country
    on destination.destination_iso3 = country.iso3
