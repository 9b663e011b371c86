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

with list as (
    select
        series_id,
        reporter_iso3,
        row_number() over (order by series_id, reporter_iso3) as list_no
    from (
        select
            series_id,
            reporter_iso3
        from facts.trade_flow
        where period_kind = 'month'
        union
        select
            series_id,
            reporter_iso3
        from facts.trade_total
        where period_kind = 'month'
    ) as trade
    where series_id in (select series.series_id from vocabulary.series as series where series.partner_iso3 is null)
),
flow_measured as (
    select
        list.list_no,
        flow.partner_iso3,
        flow.partner_role,
        flow.period_start,
        flow.list_status,
        flow.page_tier,
        unnest(['weight', 'value']) as basis,
        unnest([cast(flow.weight_kg as double) / 1000, cast(flow.value_usd as double)]) as figure,
        unnest([coalesce(flow.qualifier, 'eq'), value_qualifier(flow.qualifier, flow.weight_kg)]) as qualifier,
        unnest([coalesce(flow.weight_method, 'filed') <> 'filed', coalesce(flow.value_method, 'filed') not in ('filed', 'converted')])
            as is_computed
    from facts.trade_flow as flow
    inner join list using (series_id, reporter_iso3)
    where flow.period_kind = 'month'
),
partner_month as (
    select
        list_no,
        basis,
        period_start,
        partner_iso3,
        partner_role,
        whole_sum(case when qualifier = 'eq' then figure end) as amount,
        whole_sum(case when qualifier = 'eq' then figure else printed_low(figure, qualifier, half_step(figure)) end) as low,
        whole_sum(case when qualifier = 'eq' then figure else printed_high(figure, qualifier, half_step(figure)) end) as high,
        bool_or(is_computed) as is_computed,
        min(list_status) as list_status,
        min(page_tier) as page_tier
    from flow_measured
    group by all
),
month_sum as (
    select
        list_no,
        basis,
        period_start,
        row_number() over (order by list_no, basis, period_start) as month_no,
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
    from partner_month
    group by list_no, basis, period_start
    having count(low) > 0
),
total_measured as (
    select
        list.list_no,
        total.period_start,
        unnest(['weight', 'value']) as basis,
        unnest([cast(total.weight_kg as double) / 1000, cast(total.value_usd as double)]) as total,
        unnest([coalesce(total.qualifier, 'eq'), value_qualifier(total.qualifier, total.weight_kg)]) = 'eq' as is_point,
        total.publication is not null as is_typed
    from facts.trade_total as total
    inner join list using (series_id, reporter_iso3)
    where total.period_kind = 'month'
),
control as (
    select
        list_no,
        basis,
        period_start,
        whole_sum(case when is_point then total end) as total,
        bool_or(is_typed) as is_typed
    from total_measured
    group by all
    having count(total) > 0
    union all by name
    select distinct
        list.list_no,
        month_sum.basis,
        coverage.month as period_start,
        0 as total,
        false as is_typed
    from meta.coverage as coverage
    inner join list using (series_id, reporter_iso3)
    inner join month_sum using (list_no)
    where coverage.status = 'none_filed'
),
month_control as (
    select
        list_no,
        basis,
        period_start,
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
    left join month_sum using (list_no, basis, period_start)
),
filed_month as (
    select
        list_no,
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
    full join month_control using (list_no, basis, period_start)
),
broken_year as (
    select distinct
        list.list_no,
        calendar.month as period_start
    from vocabulary.series_break as series_break
    inner join list using (series_id)
    inner join vocabulary.month as calendar
        on series_break.break_month > calendar.month - interval 11 month and series_break.break_month <= calendar.month
),
list_window as (
    select
        *,
        row_number() over (order by list_no, basis, last_month, period_months) as window_no
    from (
        select
            list_no,
            basis,
            period_start as last_month,
            1 as period_months,
            total,
            list_status
        from filed_month
        union all
        select
            list_no,
            basis,
            period_start as last_month,
            12 as period_months,
            case when count(total) over twelve_months = 12 then sum(total) over twelve_months end as total,
            case when bool_or(list_status = 'selected') over twelve_months then 'selected' else 'filed' end as list_status
        from filed_month
        left join (select *, true as is_broken from broken_year) as broken using (list_no, period_start)
        window
            twelve_months as (
                partition by list_no, basis order by period_start range between interval 11 month preceding and current row
            )
        qualify
            count(*) over twelve_months = 12
            and not bool_or(list_status = 'partial') over twelve_months
            and broken.is_broken is null
    ) as complete
),
listed_partner as (
    select
        *,
        dense_rank() over (order by partner_kind, listed_iso3) as partner_no
    from (
        select distinct
            partner_iso3,
            partner_role,
            case when partner_role in ('country', 'returned') then partner_iso3 else 'OTHER' end as listed_iso3,
            case when partner_role in ('country', 'returned') then partner_role else 'unattributed' end as partner_kind
        from partner_month
        union
        select
            'OTHER' as partner_iso3,
            'unattributed' as partner_role,
            'OTHER' as listed_iso3,
            'unattributed' as partner_kind
    ) as named
),
partner_name as (
    select distinct
        partner_no,
        listed_iso3 as partner_iso3,
        partner_kind
    from listed_partner
),
window_month as (
    select distinct
        list_window.window_no,
        month_sum.month_no
    from list_window
    inner join month_sum
        on
            list_window.list_no = month_sum.list_no
            and list_window.basis = month_sum.basis
            and list_window.last_month >= month_sum.period_start
            and list_window.last_month < month_sum.period_start + to_months(list_window.period_months)
),
window_partner as (
    select
        window_month.window_no,
        listed_partner.partner_no,
        whole_sum(partner_month.amount) as amount,
        whole_sum(partner_month.low) as low,
        whole_sum(partner_month.high) as high,
        bool_or(partner_month.is_computed) as is_computed,
        min(partner_month.page_tier) as page_tier
    from partner_month
    inner join listed_partner using (partner_iso3, partner_role)
    inner join month_sum using (list_no, basis, period_start)
    inner join window_month using (month_no)
    group by all
),
window_sum as (
    select
        window_no,
        coalesce(sum(amount) filter (where partner_kind <> 'returned'), 0) as amounts,
        count(*) filter (where amount is null and partner_kind <> 'returned') as no_points,
        coalesce(sum(low) filter (where partner_kind <> 'returned'), 0) as lows,
        coalesce(sum(high) filter (where partner_kind <> 'returned'), 0) as highs,
        count(*) filter (where high is null and partner_kind <> 'returned') as open_ends,
        count(*) filter (where partner_kind = 'unattributed') > 0 as has_other,
        max(amount) filter (where partner_kind = 'unattributed') as other_amount,
        max(low) filter (where partner_kind = 'unattributed') as other_low,
        max(high) filter (where partner_kind = 'unattributed') as other_high,
        bool_or(is_computed) filter (where partner_kind = 'unattributed') as is_computed,
        min(page_tier) filter (where partner_kind = 'unattributed') as page_tier
    from window_partner
    inner join partner_name using (partner_no)
    group by window_no
),
rest as (
    select
        window_no,
        list_window.total,
        coalesce(window_sum.has_other, false) as has_other,
        window_sum.other_amount,
        window_sum.other_low,
        window_sum.other_high,
        coalesce(window_sum.is_computed, false) as is_computed,
        window_sum.page_tier,
        case when coalesce(window_sum.no_points, 0) = 0 then list_window.total - coalesce(window_sum.amounts, 0) end as amount,
        case
            when coalesce(window_sum.open_ends, 0) = 0 and list_window.total > coalesce(window_sum.highs, 0)
                then list_window.total - coalesce(window_sum.highs, 0)
            else 0
        end as low,
        list_window.total - coalesce(window_sum.lows, 0) as high
    from list_window
    left join window_sum using (window_no)
),
whole as (
    select
        window_no,
        round(total, 6) as total,
        is_computed,
        page_tier,
        has_other or has_rest as has_other,
        round(case when not has_rest then other_amount when has_other then other_amount + amount else amount end, 6) as amount,
        round(case when not has_rest then other_low when has_other then other_low + low else low end, 6) as low,
        round(case when not has_rest then other_high when has_other then other_high + high else high end, 6) as high
    from (
        select
            *,
            coalesce(total > 0 and coalesce(amount, high) > 1e-6, false) as has_rest
        from rest
    ) as completed
),
supplied as (
    select
        window_no,
        partner_name.partner_iso3,
        partner_name.partner_kind,
        round(window_partner.amount, 6) as amount,
        round(window_partner.low, 6) as low,
        round(window_partner.high, 6) as high,
        window_partner.is_computed,
        window_partner.page_tier
    from window_partner
    inner join partner_name using (partner_no)
    where partner_name.partner_kind <> 'unattributed'
    union all
    select
        window_no,
        'OTHER' as partner_iso3,
        'unattributed' as partner_kind,
        amount,
        low,
        high,
        is_computed,
        page_tier
    from whole
    where has_other
),
filed_share as (
    select
        supplied.*,
        whole.total,
        coalesce(whole.high / nullif(whole.total, 0), 0) as rest,
        -- A sum of partners may exceed the filed total by its rounding; goods that came back may exceed it by any amount.
        case when supplied.amount > whole.total and supplied.partner_kind <> 'returned' then whole.total else supplied.amount end
        / nullif(whole.total, 0) as share
    from supplied
    inner join whole using (window_no)
    where
        case
            when whole.total is null then coalesce(supplied.low, supplied.high) is not null
            else whole.total > 0 or supplied.partner_kind <> 'unattributed'
        end
),
ranked as (
    select
        *,
        case when low > total and partner_kind <> 'returned' then total else low end / nullif(total, 0) as least_share,
        case when low is null or high <= total or partner_kind = 'returned' then high else total end / nullif(total, 0) as most_share,
        rank() over (partition by window_no, partner_kind order by share desc nulls last) as share_rank
    from filed_share
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
        list.series_id,
        list.reporter_iso3,
        list_window.basis,
        cast(list_window.last_month - to_months(list_window.period_months - 1) as date) as period_start,
        list_window.period_months,
        ranked.partner_iso3,
        ranked.partner_kind,
        ranked.share,
        ranked.least_share as share_low,
        case
            when list_window.list_status = 'filed' and ranked.partner_kind = 'country' and ranked.most_share is not null
                then least(ranked.most_share + ranked.rest, 1)
            else ranked.most_share
        end as share_high,
        ranked.share_rank,
        ranked.amount,
        ranked.low as amount_low,
        ranked.high as amount_high,
        ranked.total,
        case list_window.basis when 'weight' then 't' else 'USD' end as unit,
        list_window.list_status,
        ranked.page_tier,
        ranked.is_computed,
        ranked.amount is null and ranked.low is not null as is_no_point,
        false as is_contradicted
    from ranked
    inner join list_window using (window_no)
    inner join list using (list_no)
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
        rank() over (
            partition by series_id, reporter_iso3, basis, period_start, period_months, partner_kind
            order by sum(share) desc nulls last
        ) as share_rank,
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
    group by series_id, reporter_iso3, basis, period_start, period_months, listed_iso3, partner_kind
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
    case when partner.partner_kind = 'country' and partner.share is not null then partner.share_rank end as share_rank,
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
