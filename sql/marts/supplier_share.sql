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
-- column: commodity | | Commodity (vocabulary.commodity).
-- column: stage | | Stage of processing.
-- column: scope | | exact (all of the commodity at that stage and nothing else), part (nothing else, not all) or broad (more).
-- column: basis | | weight, value, or unknown where the publisher does not say.
-- column: period_start | | First day of the period.
-- column: period_months | months | Length of the period.
-- column: supplier_iso3 | | Supplier; OTHER for the part not attributed to a country.
-- column: supplier_kind | | country, unattributed (others, groups, secret) or returned (the importer itself).
-- column: share | 0 to 1 | Share of the importer's total; null where only a bound or an amount is printed.
-- column: share_low | 0 to 1 | Lower end of what the print allows; the share itself for filed flows.
-- column: share_high | 0 to 1 | Upper end of what the print allows.
-- column: share_rank | | Rank among the countries, 1 for the largest share; equal shares have equal ranks.
-- column: amount | see unit | Amount bought from the supplier; null where not printed.
-- column: total | see unit | Total of all suppliers; null where not printed.
-- column: unit | | t or USD of amount and total.
-- column: list_status | | complete (largest first, the rest printed as others), partial, loose (single printed shares) or filed.
-- evidence: facts.published_share | mart.list_status <> 'filed' and evidence.series_id = mart.series_id
--   and evidence.reporter_iso3 = mart.importer_iso3 and evidence.basis = mart.basis
--   and evidence.period_start = mart.period_start and evidence.period_months = mart.period_months
--   and evidence.flow = 'import' and evidence.status <> 'projection'
--   and (evidence.partner_iso3 = mart.supplier_iso3 or (mart.supplier_kind = 'unattributed'
--     and evidence.partner_iso3 in (select country.iso3 from vocabulary.country as country where country.kind <> 'country')))
-- evidence: facts.trade_flow | mart.list_status = 'filed' and evidence.series_id = mart.series_id
--   and evidence.reporter_iso3 = mart.importer_iso3 and evidence.flow = 'import' and evidence.period_kind = 'month'
--   and evidence.period_start >= mart.period_start
--   and evidence.period_start < mart.period_start + to_months(mart.period_months)
--   and (evidence.partner_iso3 = mart.supplier_iso3 or mart.supplier_kind = 'unattributed' or evidence.partner_role = 'returned'
--     or mart.period_months > (
--       select count(distinct filed.period_start) from facts.trade_total as filed
--       where filed.series_id = mart.series_id and filed.reporter_iso3 = mart.importer_iso3 and filed.period_kind = 'month'
--         and filed.flow = 'import' and filed.period_start >= mart.period_start
--         and filed.period_start < mart.period_start + to_months(mart.period_months)))
-- evidence: facts.trade_total | mart.list_status = 'filed' and evidence.series_id = mart.series_id
--   and evidence.reporter_iso3 = mart.importer_iso3 and evidence.flow = 'import' and evidence.period_kind = 'month'
--   and evidence.period_start >= mart.period_start
--   and evidence.period_start < mart.period_start + to_months(mart.period_months)

with shared_series as (
    select distinct series_id
    from vocabulary.series
    where partner_iso3 is null
),
filed as (
    select
        flow.series_id,
        flow.reporter_iso3,
        flow.partner_iso3,
        flow.partner_role,
        flow.period_start,
        'weight' as basis,
        case when count(*) = count(flow.weight_kg) then cast(sum(flow.weight_kg) as double) / 1000 end as amount
    from facts.trade_flow as flow
    inner join shared_series
        on flow.series_id = shared_series.series_id
    where flow.flow = 'import' and flow.period_kind = 'month'
    group by flow.series_id, flow.reporter_iso3, flow.partner_iso3, flow.partner_role, flow.period_start
    qualify count(amount) over (partition by flow.series_id, flow.reporter_iso3, flow.period_start) > 0
    union all
    select
        flow.series_id,
        flow.reporter_iso3,
        flow.partner_iso3,
        flow.partner_role,
        flow.period_start,
        'value' as basis,
        case when count(*) = count(flow.value_usd) then cast(sum(flow.value_usd) as double) end as amount
    from facts.trade_flow as flow
    inner join shared_series
        on flow.series_id = shared_series.series_id
    where flow.flow = 'import' and flow.period_kind = 'month'
    group by flow.series_id, flow.reporter_iso3, flow.partner_iso3, flow.partner_role, flow.period_start
    qualify count(amount) over (partition by flow.series_id, flow.reporter_iso3, flow.period_start) > 0
),
control as (
    select
        series_id,
        reporter_iso3,
        period_start,
        'weight' as basis,
        case when count(*) = count(weight_kg) then cast(sum(weight_kg) as double) / 1000 end as total
    from facts.trade_total
    where flow = 'import' and period_kind = 'month'
    group by series_id, reporter_iso3, period_start
    union all
    select
        series_id,
        reporter_iso3,
        period_start,
        'value' as basis,
        case when count(*) = count(value_usd) then cast(sum(value_usd) as double) end as total
    from facts.trade_total
    where flow = 'import' and period_kind = 'month'
    group by series_id, reporter_iso3, period_start
    union all
    select distinct
        coverage.series_id,
        coverage.reporter_iso3,
        coverage.month as period_start,
        filed.basis,
        0 as total
    from meta.coverage as coverage
    inner join filed
        on coverage.series_id = filed.series_id and coverage.reporter_iso3 = filed.reporter_iso3
    where coverage.flow = 'import' and coverage.status = 'none_filed'
),
month_sum as (
    select
        series_id,
        reporter_iso3,
        basis,
        period_start,
        case
            when count(*) filter (where partner_role <> 'returned') = count(amount) filter (where partner_role <> 'returned')
                then sum(amount) filter (where partner_role <> 'returned')
        end as partners,
        case
            when count(*) filter (where partner_role = 'returned') = count(amount) filter (where partner_role = 'returned')
                then coalesce(sum(amount) filter (where partner_role = 'returned'), 0)
        end as returned
    from filed
    group by series_id, reporter_iso3, basis, period_start
),
month_control as (
    select
        control.series_id,
        control.reporter_iso3,
        control.basis,
        control.period_start,
        case
            when
                month_sum.returned > 0
                and abs(month_sum.partners + month_sum.returned - control.total) <= 0.001 * control.total
                and abs(month_sum.partners + month_sum.returned - control.total) < abs(month_sum.partners - control.total)
                then control.total - month_sum.returned
            when month_sum.returned is null and abs(month_sum.partners - control.total) > 0.001 * control.total then null
            else control.total
        end as total
    from control
    left join month_sum
        on
            control.series_id = month_sum.series_id
            and control.reporter_iso3 = month_sum.reporter_iso3
            and control.basis = month_sum.basis
            and control.period_start = month_sum.period_start
),
filed_month as (
    select
        series_id,
        reporter_iso3,
        period_start
    from filed
    union
    select
        month_control.series_id,
        month_control.reporter_iso3,
        month_control.period_start
    from month_control
    inner join filed
        on month_control.series_id = filed.series_id and month_control.reporter_iso3 = filed.reporter_iso3
),
filed_window as (
    select
        last_month.series_id,
        last_month.reporter_iso3,
        cast(last_month.period_start - interval 11 month as date) as window_start,
        last_month.period_start as window_end,
        12 as period_months
    from filed_month as last_month
    inner join filed_month as held
        on
            last_month.series_id = held.series_id
            and last_month.reporter_iso3 = held.reporter_iso3
            and held.period_start > last_month.period_start - interval 12 month
            and held.period_start <= last_month.period_start
    left join vocabulary.series_break as series_break
        on
            last_month.series_id = series_break.series_id
            and series_break.break_month > last_month.period_start - interval 11 month
            and series_break.break_month <= last_month.period_start
    where series_break.series_id is null
    group by last_month.series_id, last_month.reporter_iso3, last_month.period_start
    having count(*) = 12
    union all
    select
        series_id,
        reporter_iso3,
        period_start as window_start,
        period_start as window_end,
        1 as period_months
    from filed_month
),
filed_supply as (
    select
        filed_window.series_id,
        filed_window.reporter_iso3,
        filed.basis,
        filed_window.window_start,
        filed_window.window_end,
        filed_window.period_months,
        case when filed.partner_role in ('country', 'returned') then filed.partner_iso3 else 'OTHER' end as partner_iso3,
        case filed.partner_role when 'country' then 'country' when 'returned' then 'returned' else 'unattributed' end as supplier_kind,
        case when count(*) = count(filed.amount) then sum(filed.amount) end as amount
    from filed_window
    inner join filed
        on
            filed_window.series_id = filed.series_id
            and filed_window.reporter_iso3 = filed.reporter_iso3
            and filed_window.window_start <= filed.period_start
            and filed_window.window_end >= filed.period_start
    group by
        filed_window.series_id,
        filed_window.reporter_iso3,
        filed.basis,
        filed_window.window_start,
        filed_window.window_end,
        filed_window.period_months,
        case when filed.partner_role in ('country', 'returned') then filed.partner_iso3 else 'OTHER' end,
        case filed.partner_role when 'country' then 'country' when 'returned' then 'returned' else 'unattributed' end
),
control_total as (
    select
        filed_window.series_id,
        filed_window.reporter_iso3,
        month_control.basis,
        filed_window.window_start,
        filed_window.period_months,
        sum(month_control.total) as total
    from filed_window
    inner join month_control
        on
            filed_window.series_id = month_control.series_id
            and filed_window.reporter_iso3 = month_control.reporter_iso3
            and filed_window.window_start <= month_control.period_start
            and filed_window.window_end >= month_control.period_start
    group by
        filed_window.series_id,
        filed_window.reporter_iso3,
        month_control.basis,
        filed_window.window_start,
        filed_window.period_months
    having count(month_control.total) = filed_window.period_months
),
partner_total as (
    select
        series_id,
        reporter_iso3,
        basis,
        window_start,
        period_months,
        case
            when count(*) filter (where supplier_kind <> 'returned') = count(amount) filter (where supplier_kind <> 'returned')
                then sum(amount) filter (where supplier_kind <> 'returned')
        end as total
    from filed_supply
    group by series_id, reporter_iso3, basis, window_start, period_months
),
filed_total as (
    select
        partner_total.series_id,
        partner_total.reporter_iso3,
        partner_total.basis,
        partner_total.window_start,
        partner_total.period_months,
        case when partner_total.total is not null then coalesce(control_total.total, partner_total.total) end as total
    from partner_total
    left join control_total
        on
            partner_total.series_id = control_total.series_id
            and partner_total.reporter_iso3 = control_total.reporter_iso3
            and partner_total.basis = control_total.basis
            and partner_total.window_start = control_total.window_start
            and partner_total.period_months = control_total.period_months
),
attributed as (
    select
        series_id,
        reporter_iso3,
        basis,
        window_start,
        period_months,
        partner_iso3,
        supplier_kind,
        amount
    from filed_supply
    union all
    select
        filed_total.series_id,
        filed_total.reporter_iso3,
        filed_total.basis,
        filed_total.window_start,
        filed_total.period_months,
        'OTHER' as partner_iso3,
        'unattributed' as supplier_kind,
        filed_total.total - partner_total.total as amount
    from filed_total
    inner join partner_total
        on
            filed_total.series_id = partner_total.series_id
            and filed_total.reporter_iso3 = partner_total.reporter_iso3
            and filed_total.basis = partner_total.basis
            and filed_total.window_start = partner_total.window_start
            and filed_total.period_months = partner_total.period_months
    where filed_total.total > partner_total.total + 1e-6
),
supplied as (
    select
        attributed.series_id,
        attributed.reporter_iso3,
        attributed.basis,
        attributed.window_start,
        attributed.period_months,
        attributed.partner_iso3,
        attributed.supplier_kind,
        case when count(*) = count(attributed.amount) then round(sum(attributed.amount), 6) end as amount,
        round(max(filed_total.total), 6) as total
    from attributed
    inner join filed_total
        on
            attributed.series_id = filed_total.series_id
            and attributed.reporter_iso3 = filed_total.reporter_iso3
            and attributed.basis = filed_total.basis
            and attributed.window_start = filed_total.window_start
            and attributed.period_months = filed_total.period_months
    group by
        attributed.series_id,
        attributed.reporter_iso3,
        attributed.basis,
        attributed.window_start,
        attributed.period_months,
        attributed.partner_iso3,
        attributed.supplier_kind
),
supply as (
    select
        series_id,
        reporter_iso3 as importer_iso3,
        basis,
        window_start as period_start,
        period_months,
        partner_iso3 as supplier_iso3,
        supplier_kind,
        amount / nullif(total, 0) as share,
        amount / nullif(total, 0) as share_low,
        amount / nullif(total, 0) as share_high,
        amount,
        total,
        case basis when 'weight' then 't' else 'USD' end as unit,
        'filed' as list_status
    from supplied
    union all
    select
        published.series_id,
        published.reporter_iso3 as importer_iso3,
        published.basis,
        published.period_start,
        published.period_months,
        case when country.kind = 'country' then published.partner_iso3 else 'OTHER' end as supplier_iso3,
        case when country.kind = 'country' then 'country' else 'unattributed' end as supplier_kind,
        sum(published.share) as share,
        sum(published.share_low) as share_low,
        sum(published.share_high) as share_high,
        sum(case published.amount_of when 'partner' then cast(published.amount as double) end) as amount,
        max(case published.amount_of when 'all' then cast(published.amount as double) end) as total,
        max(published.amount_unit) as unit,
        max(coalesce(published.list_status, 'loose')) as list_status
    from facts.published_share as published
    inner join vocabulary.country as country
        on published.partner_iso3 = country.iso3
    where published.flow = 'import' and published.status <> 'projection' and published.period_start is not null
    group by
        published.series_id,
        published.reporter_iso3,
        published.basis,
        published.period_start,
        published.period_months,
        case when country.kind = 'country' then published.partner_iso3 else 'OTHER' end,
        case when country.kind = 'country' then 'country' else 'unattributed' end
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
    supply.series_id,
    named_series.source,
    named_series.publisher,
    supply.importer_iso3,
    named_series.commodity,
    named_series.stage,
    named_series.scope,
    supply.basis,
    supply.period_start,
    supply.period_months,
    supply.supplier_iso3,
    supply.supplier_kind,
    supply.share,
    supply.share_low,
    supply.share_high,
    case
        when supply.supplier_kind = 'country' and supply.share is not null
            then rank() over (
                partition by
                    supply.series_id,
                    named_series.commodity,
                    supply.importer_iso3,
                    supply.basis,
                    supply.period_start,
                    supply.period_months,
                    supply.supplier_kind
                order by supply.share desc nulls last
            )
    end as share_rank,
    supply.amount,
    supply.total,
    supply.unit,
    supply.list_status
from supply
inner join named_series
    on supply.series_id = named_series.series_id
