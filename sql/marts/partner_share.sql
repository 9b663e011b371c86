-- marts.partner_share
-- With whom does each reporter trade, and how much of it? Published lists as printed, filed flows as shares of their total, for single
-- months and for twelve months, imports and exports alike. Secret and unspecified partners, and what the total holds beyond its
-- partners, stay in the denominator as unattributed; goods a reporter gets back from itself are outside of it, and are taken out of a
-- control total that they are part of.
--
-- grain:  series_id, commodity, reporter_iso3, basis, period_start, period_months, partner_iso3, partner_kind
-- columns: series_id, source, publisher, flow
-- column: reporter_iso3 | | Importing or exporting country; EUU counts trade with the outside of the Union only.
-- columns: reporter, commodity, stage, scope, basis
-- column: period_start | | First day of the period; null where the page names none.
-- columns: period_months
-- column: partner_iso3 | | Supplier or destination; OTHER for the part not attributed to a country.
-- column: partner | | Its English short name (vocabulary.country).
-- column: partner_kind | | country, group (of destinations), unattributed (others, secret, unexplained) or returned (the reporter itself).
-- columns: share, share_low, share_high, share_rank, amount, amount_low, amount_high, total, unit, list_status, page_tier
-- column: flags | | computed (from other figures), not_a_point (about, or a bound), contradicted (by another print); separated by blanks.
-- evidence: facts.published_share | mart.list_status in ('complete', 'loose', 'partial') and evidence.series_id = mart.series_id
--   and evidence.reporter_iso3 = mart.reporter_iso3 and evidence.basis = mart.basis
--   and evidence.period_start is not distinct from mart.period_start
--   and evidence.period_months is not distinct from mart.period_months
--   and evidence.flow = mart.flow and evidence.status <> 'projection'
--   and (evidence.partner_iso3 = mart.partner_iso3 or (mart.partner_kind = 'unattributed'
--     and evidence.partner_iso3 in (select country.iso3 from vocabulary.country as country where country.kind <> 'country')))
-- evidence: facts.trade_flow | evidence.series_id = mart.series_id
--   and evidence.reporter_iso3 = mart.reporter_iso3 and evidence.flow = mart.flow and evidence.period_kind = 'month'
--   and evidence.period_start >= mart.period_start
--   and evidence.period_start < mart.period_start + to_months(mart.period_months)
--   and (evidence.partner_iso3 = mart.partner_iso3 or mart.partner_kind = 'unattributed' or evidence.partner_role = 'returned'
--     or mart.period_months > (
--       select count(distinct filed.period_start) from facts.trade_total as filed
--       where filed.series_id = mart.series_id and filed.reporter_iso3 = mart.reporter_iso3 and filed.period_kind = 'month'
--         and filed.flow = mart.flow and filed.period_start >= mart.period_start
--         and filed.period_start < mart.period_start + to_months(mart.period_months)))
-- evidence: facts.trade_total | evidence.series_id = mart.series_id
--   and evidence.reporter_iso3 = mart.reporter_iso3 and evidence.flow = mart.flow and evidence.period_kind = 'month'
--   and evidence.period_start >= mart.period_start
--   and evidence.period_start < mart.period_start + to_months(mart.period_months)

with shared_series as (
    select distinct series_id
    from vocabulary.series
    where partner_iso3 is null
),
printed_flow as (
    select
        series_id,
        reporter_iso3,
        partner_iso3,
        partner_role,
        period_start,
        list_status,
        page_tier,
        unnest(['weight', 'value']) as basis,
        unnest([cast(weight_kg as double) / 1000, cast(value_usd as double)]) as figure,
        unnest([coalesce(qualifier, 'eq'), value_qualifier(qualifier, weight_kg)]) as qualifier,
        unnest([coalesce(weight_method, 'filed') <> 'filed', coalesce(value_method, 'filed') not in ('filed', 'converted')])
            as is_computed
    from facts.trade_flow
    inner join shared_series using (series_id)
    where period_kind = 'month'
),
flow_measured as (
    select
        *,
        case when qualifier = 'eq' then figure end as amount,
        case when qualifier = 'eq' then figure else printed_low(figure, qualifier, half_step(figure)) end as low,
        case when qualifier = 'eq' then figure else printed_high(figure, qualifier, half_step(figure)) end as high
    from printed_flow
),
partner_month as (
    select
        series_id,
        reporter_iso3,
        partner_iso3,
        partner_role,
        period_start,
        basis,
        whole_sum(amount) as amount,
        whole_sum(low) as low,
        whole_sum(high) as high,
        bool_or(is_computed) as is_computed,
        min(list_status) as list_status,
        min(page_tier) as page_tier
    from flow_measured
    group by all
),
filed as (
    select *
    from partner_month
    qualify count(low) over (partition by series_id, reporter_iso3, period_start, basis) > 0
),
total_measured as (
    select
        series_id,
        reporter_iso3,
        period_start,
        unnest(['weight', 'value']) as basis,
        unnest([cast(weight_kg as double) / 1000, cast(value_usd as double)]) as total,
        unnest([coalesce(qualifier, 'eq'), value_qualifier(qualifier, weight_kg)]) = 'eq' as is_point,
        publication is not null as is_typed
    from facts.trade_total
    inner join shared_series using (series_id)
    where period_kind = 'month'
),
control as (
    select
        series_id,
        reporter_iso3,
        period_start,
        basis,
        whole_sum(case when is_point then total end) as total,
        bool_or(is_typed) as is_typed
    from total_measured
    group by all
    having count(total) > 0
    union all by name
    select distinct
        coverage.series_id,
        coverage.reporter_iso3,
        coverage.month as period_start,
        filed.basis,
        0 as total,
        false as is_typed
    from meta.coverage as coverage
    inner join filed using (series_id, reporter_iso3)
    where coverage.status = 'none_filed'
),
month_sum as (
    select
        series_id,
        reporter_iso3,
        basis,
        period_start,
        case
            when not bool_or(amount is null and partner_role <> 'returned') then sum(amount) filter (where partner_role <> 'returned')
        end as partners,
        bool_or(low is null) filter (where partner_role <> 'returned') as has_unknown,
        case
            when count(*) filter (where partner_role = 'returned') = count(amount) filter (where partner_role = 'returned')
                then coalesce(sum(amount) filter (where partner_role = 'returned'), 0)
        end as returned,
        bool_or(coalesce(list_status, 'filed') = 'partial') as is_partial,
        bool_or(coalesce(list_status, 'filed') = 'selected') as is_selected
    from filed
    group by all
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
        end as total,
        control.is_typed
    from control
    left join month_sum using (series_id, reporter_iso3, basis, period_start)
),
filed_month as (
    select
        series_id,
        reporter_iso3,
        basis,
        period_start,
        case
            when coalesce(month_sum.is_partial, month_control.is_typed)
                then
                    case
                        when abs(month_sum.partners - month_control.total) <= 0.001 * month_control.total then 'selected'
                        else 'partial'
                    end
            when month_sum.is_selected then 'selected'
            else 'filed'
        end as list_status,
        case
            when month_sum.has_unknown then null
            when coalesce(month_sum.is_partial, false) then month_control.total
            else coalesce(month_control.total, month_sum.partners)
        end as total
    from month_sum
    full join month_control using (series_id, reporter_iso3, basis, period_start)
),
whole_year as (
    select
        last_month.series_id,
        last_month.reporter_iso3,
        last_month.basis,
        last_month.period_start as last_day
    from filed_month as last_month
    inner join filed_month as held
        on
            last_month.series_id = held.series_id
            and last_month.reporter_iso3 = held.reporter_iso3
            and last_month.basis = held.basis
            and held.period_start > last_month.period_start - interval 12 month
            and held.period_start <= last_month.period_start
            and held.list_status <> 'partial'
    left join vocabulary.series_break as series_break
        on
            last_month.series_id = series_break.series_id
            and series_break.break_month > last_month.period_start - interval 11 month
            and series_break.break_month <= last_month.period_start
    where series_break.series_id is null
    group by last_month.series_id, last_month.reporter_iso3, last_month.basis, last_month.period_start
    having count(*) = 12
),
filed_window as (
    select
        series_id,
        reporter_iso3,
        basis,
        period_start as window_start,
        period_start as window_end,
        1 as period_months
    from filed_month
    union all
    select
        series_id,
        reporter_iso3,
        basis,
        cast(last_day - interval 11 month as date) as window_start,
        last_day as window_end,
        12 as period_months
    from whole_year
),
window_month as (
    select
        filed_window.series_id,
        filed_window.reporter_iso3,
        filed_window.basis,
        filed_window.window_start,
        filed_window.period_months,
        filed_month.period_start,
        filed_month.total,
        filed_month.list_status
    from filed_window
    inner join filed_month
        on
            filed_window.series_id = filed_month.series_id
            and filed_window.reporter_iso3 = filed_month.reporter_iso3
            and filed_window.basis = filed_month.basis
            and filed_window.window_start <= filed_month.period_start
            and filed_window.window_end >= filed_month.period_start
),
window_total as (
    select
        series_id,
        reporter_iso3,
        basis,
        window_start,
        period_months,
        whole_sum(total) as total,
        case
            when bool_or(list_status = 'partial') then 'partial'
            when bool_or(list_status = 'selected') then 'selected'
            else 'filed'
        end as list_status
    from window_month
    group by all
),
window_partner as (
    select
        series_id,
        reporter_iso3,
        basis,
        window_month.window_start,
        window_month.period_months,
        case when filed.partner_role in ('country', 'returned') then filed.partner_iso3 else 'OTHER' end as partner_iso3,
        case filed.partner_role when 'country' then 'country' when 'returned' then 'returned' else 'unattributed' end as partner_kind,
        whole_sum(filed.amount) as amount,
        whole_sum(filed.low) as low,
        whole_sum(filed.high) as high,
        bool_or(filed.is_computed) as is_computed,
        min(filed.page_tier) as page_tier
    from window_month
    inner join filed using (series_id, reporter_iso3, basis, period_start)
    group by all
),
unexplained as (
    select
        window_total.series_id,
        window_total.reporter_iso3,
        window_total.basis,
        window_total.window_start,
        window_total.period_months,
        'OTHER' as partner_iso3,
        'unattributed' as partner_kind,
        any_value(window_total.total) as total,
        coalesce(sum(window_partner.amount) filter (where window_partner.partner_kind in ('country', 'unattributed')), 0) as amounts,
        count(window_partner.partner_kind) filter (
            where window_partner.amount is null and window_partner.partner_kind in ('country', 'unattributed')
        ) as no_points,
        coalesce(sum(window_partner.low) filter (where window_partner.partner_kind in ('country', 'unattributed')), 0) as lows,
        sum(window_partner.high) filter (where window_partner.partner_kind in ('country', 'unattributed')) as highs,
        count(window_partner.partner_kind) filter (
            where window_partner.high is null and window_partner.partner_kind in ('country', 'unattributed')
        ) as open_ends
    from window_total
    left join window_partner using (series_id, reporter_iso3, basis, window_start, period_months)
    where window_total.total > 0
    group by all
),
attributed as (
    select *
    from window_partner
    union all by name
    select
        series_id,
        reporter_iso3,
        basis,
        window_start,
        period_months,
        partner_iso3,
        partner_kind,
        case when no_points = 0 then total - amounts end as amount,
        greatest(case when open_ends = 0 then total - coalesce(highs, 0) else 0 end, 0) as low,
        total - lows as high,
        false as is_computed,
        null as page_tier
    from unexplained
    where case when no_points = 0 then total - amounts else total - lows end > 1e-6
),
supplied as (
    select
        series_id,
        reporter_iso3,
        basis,
        window_start as period_start,
        period_months,
        partner_iso3,
        partner_kind,
        round(whole_sum(attributed.amount), 6) as amount,
        round(whole_sum(attributed.low), 6) as low,
        round(whole_sum(attributed.high), 6) as high,
        bool_or(attributed.is_computed) as is_computed,
        min(attributed.page_tier) as page_tier,
        round(any_value(window_total.total), 6) as total,
        any_value(window_total.list_status) as list_status
    from attributed
    inner join window_total using (series_id, reporter_iso3, basis, window_start, period_months)
    group by all
),
filed_share as (
    select
        *,
        -- A sum of partners may exceed the filed total by its rounding; goods that came back may exceed it by any amount.
        case when amount > total and partner_kind <> 'returned' then total else amount end / nullif(total, 0) as share,
        case when low > total and partner_kind <> 'returned' then total else low end / nullif(total, 0) as least_share,
        case when low is null or high <= total or partner_kind = 'returned' then high else total end / nullif(total, 0) as most_share,
        coalesce(
            sum(high) filter (where partner_kind = 'unattributed') over (
                partition by series_id, reporter_iso3, basis, period_start, period_months
            ) / nullif(total, 0),
            0
        ) as rest
    from supplied
),
contradicted as (
    select distinct
        series_id,
        partner_iso3,
        period_start,
        period_months
    from facts.conflict
    where table_name = 'facts.published_share' and contradicts
),
printed as (
    select
        published.*,
        case
            when country.kind = 'country' or (country.kind = 'group' and published.flow = 'export') then published.partner_iso3
            else 'OTHER'
        end as listed_iso3,
        case
            when country.kind = 'country' then 'country'
            when country.kind = 'group' and published.flow = 'export' then 'group'
            else 'unattributed'
        end as partner_kind,
        case published.amount_of when 'partner' then cast(published.amount as double) end as partner_amount,
        case when published.share is null then coalesce(published.qualifier, 'eq') else 'eq' end as amount_qualifier,
        contradicted.series_id is not null as is_contradicted
    from facts.published_share as published
    inner join vocabulary.country as country
        on published.partner_iso3 = country.iso3
    left join contradicted
        on
            published.series_id = contradicted.series_id
            and published.partner_iso3 = contradicted.partner_iso3
            and published.period_start is not distinct from contradicted.period_start
            and published.period_months is not distinct from contradicted.period_months
    where
        published.flow in ('import', 'export')
        and published.status <> 'projection'
        and (published.flow = 'export' or published.period_start is not null)
),
partner as (
    select
        series_id,
        reporter_iso3,
        basis,
        period_start,
        period_months,
        partner_iso3,
        partner_kind,
        share,
        least_share as share_low,
        case
            when list_status = 'filed' and partner_kind = 'country' and most_share is not null then least(most_share + rest, 1)
            else most_share
        end as share_high,
        amount,
        low as amount_low,
        high as amount_high,
        total,
        case basis when 'weight' then 't' else 'USD' end as unit,
        list_status,
        page_tier,
        is_computed,
        amount is null and low is not null as is_no_point,
        false as is_contradicted
    from filed_share
    where case when total is null then coalesce(low, high) is not null else total > 0 or partner_kind <> 'unattributed' end
    union all by name
    select
        series_id,
        reporter_iso3,
        basis,
        period_start,
        period_months,
        listed_iso3 as partner_iso3,
        partner_kind,
        sum(share) as share,
        sum(share_low) as share_low,
        sum(share_high) as share_high,
        whole_sum(case when amount_qualifier = 'eq' then partner_amount end) as amount,
        whole_sum(
            case when amount_qualifier = 'eq' then partner_amount else printed_low(partner_amount, amount_qualifier, half_step(amount)) end
        ) as amount_low,
        whole_sum(
            case when amount_qualifier = 'eq' then partner_amount else printed_high(partner_amount, amount_qualifier, half_step(amount)) end
        ) as amount_high,
        max(case amount_of when 'all' then cast(amount as double) end) as total,
        max(amount_unit) as unit,
        max(coalesce(list_status, 'loose')) as list_status,
        min(page_tier) as page_tier,
        bool_or(status = 'derived') as is_computed,
        bool_or(share is null and (share_low is not null or coalesce(qualifier, 'eq') <> 'eq')) as is_no_point,
        bool_or(is_contradicted) as is_contradicted
    from printed
    group by all
),
named_series as (
    select distinct
        series_id,
        source,
        publisher,
        flow,
        commodity,
        stage,
        scope
    from vocabulary.series
    where commodity is not null
)
select
    partner.series_id,
    named_series.source,
    named_series.publisher,
    named_series.flow,
    partner.reporter_iso3,
    reporter_country.name as reporter,
    named_series.commodity,
    named_series.stage,
    named_series.scope,
    partner.basis,
    partner.period_start,
    partner.period_months,
    partner.partner_iso3,
    partner_country.name as partner,
    partner.partner_kind,
    partner.share,
    partner.share_low,
    -- What the roundings of several groups allow together may exceed the whole.
    case when partner.partner_kind = 'unattributed' and partner.share_high > 1 then 1 else partner.share_high end as share_high,
    case
        when partner.partner_kind = 'country' and partner.share is not null
            then rank() over (
                partition by
                    partner.series_id,
                    named_series.commodity,
                    partner.reporter_iso3,
                    partner.basis,
                    partner.period_start,
                    partner.period_months,
                    partner.partner_kind
                order by partner.share desc nulls last
            )
    end as share_rank,
    partner.amount,
    partner.amount_low,
    partner.amount_high,
    partner.total,
    partner.unit,
    partner.list_status,
    partner.page_tier,
    concat_ws(
        ' ',
        case when partner.is_computed then 'computed' end,
        case when partner.is_no_point then 'not_a_point' end,
        case when partner.is_contradicted then 'contradicted' end
    ) as flags
from partner
inner join named_series
    on partner.series_id = named_series.series_id
left join vocabulary.country as reporter_country
    on partner.reporter_iso3 = reporter_country.iso3
left join vocabulary.country as partner_country
    on partner.partner_iso3 = partner_country.iso3
