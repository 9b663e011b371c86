-- meta.coverage
-- What we have of every series and month between its first and its last, and if nothing, why. A month that only a longer
-- span or total holds is within_total; January and February published as one are published. An empty answer is a zero
-- (none_filed) only where the code is not filed every month, or where a later snapshot has confirmed it.
--
-- grain:  series_id, reporter_iso3, partner_iso3, month

with level as (
    select
        series_id,
        source,
        dataset,
        flow,
        reporter_iso3,
        partner_iso3,
        code,
        period_start,
        period_months,
        period_kind,
        status,
        note,
        false as is_superseded
    from facts.trade_total
    where partner_code is null or publication is not null
    union all by name
    select
        series_id,
        source,
        dataset,
        flow,
        reporter_iso3,
        partner_iso3,
        code,
        period_start,
        period_months,
        period_kind,
        status,
        note,
        false as is_superseded
    from facts.trade_flow
    where partner_code is null
    union all by name
    select
        series_id,
        source,
        dataset,
        flow,
        reporter_iso3,
        'WLD' as partner_iso3,
        code,
        period_start,
        period_months,
        'partners' as period_kind,
        status,
        note,
        false as is_superseded
    from facts.trade_flow
    where partner_code is not null and publication is not null
    union all by name
    select
        series_id,
        source,
        dataset,
        flow,
        reporter_iso3,
        partner_iso3,
        code,
        period_start,
        period_months,
        period_kind,
        status,
        note,
        true as is_superseded
    from facts.trade_total_superseded
    where partner_code is null or publication is not null
),
filed as (
    select
        fact.series_id,
        fact.period_start as month,
        regexp_replace(release.slice, '/[^/]*$', '') as dataset_slice,
        false as is_superseded
    from facts.trade_total as fact
    inner join meta.release as release
        on fact.release_id = release.release_id
    where fact.partner_code is not null and fact.period_kind = 'month'
    union
    select
        fact.series_id,
        fact.period_start as month,
        regexp_replace(release.slice, '/[^/]*$', '') as dataset_slice,
        false as is_superseded
    from facts.trade_flow as fact
    inner join meta.release as release
        on fact.release_id = release.release_id
    where fact.partner_code is not null and fact.period_kind = 'month'
    union
    select
        fact.series_id,
        fact.period_start as month,
        regexp_replace(release.slice, '/[^/]*$', '') as dataset_slice,
        true as is_superseded
    from facts.trade_total_superseded as fact
    inner join meta.release as release
        on fact.release_id = release.release_id
    where fact.partner_code is not null and fact.period_kind = 'month'
),
asked_month as (
    select
        regexp_replace(slice, '/[^/]*$', '') as dataset_slice,
        cast(right(slice, 7) || '-01' as date) as month,
        code,
        is_confirmed,
        ask_again_from,
        ask_again_until
    from meta.asked
    where regexp_matches(slice, '/[0-9]{4}-[0-9]{2}$')
),
open_month as (
    select
        dataset_slice,
        min(month) as first_month,
        max(month) as last_month
    from filed
    where not is_superseded
    group by dataset_slice
),
filed_series as (
    select distinct
        filed.series_id,
        filed.dataset_slice,
        series.source,
        series.dataset,
        series.flow,
        series.reporter_iso3,
        series.code
    from filed
    inner join vocabulary.series as series
        on filed.series_id = series.series_id
),
filed_month as (
    select
        filed_series.*,
        asked.month,
        bool_or(starts_with(filed_series.code, asked.code)) as is_asked,
        bool_and(asked.is_confirmed) filter (where starts_with(filed_series.code, asked.code)) as is_confirmed,
        min(asked.ask_again_from) filter (where starts_with(filed_series.code, asked.code)) as ask_again_from,
        min(asked.ask_again_until) filter (where starts_with(filed_series.code, asked.code)) as ask_again_until
    from filed_series
    inner join asked_month as asked
        on filed_series.dataset_slice = asked.dataset_slice
    group by all
),
coded as (
    select
        filed_month.*,
        count(filed.month) filter (where not filed.is_superseded) > 0 as is_filed,
        count(filed.month) filter (where filed.is_superseded) > 0 as was_filed,
        any_value(filed_month.month between open_month.first_month and open_month.last_month) as is_open
    from filed_month
    left join open_month
        on filed_month.dataset_slice = open_month.dataset_slice
    left join filed
        on filed_month.series_id = filed.series_id and filed_month.month = filed.month
    group by all
),
since_first as (
    select
        *,
        month >= min(month) filter (where is_filed) over (partition by series_id) as is_since_first
    from coded
),
usual as (
    select
        *,
        -- 11 of the 12 months before, or all of fewer
        coalesce(
            count(*) filter (where is_since_first) over year_before > 0
            and 12 * count(*) filter (where is_filed) over year_before >= 11 * count(*) filter (where is_since_first) over year_before,
            false
        ) as is_usual
    from since_first
    window year_before as (partition by series_id order by month rows between 12 preceding and 1 preceding)
),
span as (
    select
        series_id,
        any_value(source) as source,
        any_value(dataset) as dataset,
        any_value(flow) as flow,
        reporter_iso3,
        partner_iso3,
        any_value(code) as code,
        min(period_start) as first_month,
        max(period_start + to_months(period_months))::date as after_last_month
    from level
    group by series_id, reporter_iso3, partner_iso3
),
covered as (
    select
        span.*,
        calendar.month,
        max(level.status <> 'missing' and not level.is_superseded and level.period_months = 1 and level.period_kind <> 'partners')
            as is_single,
        max(level.status <> 'missing' and level.period_months = 1 and level.period_kind = 'partners') as is_of_partners,
        max(level.status <> 'missing' and not level.is_superseded and level.period_kind = 'combined') as is_combined,
        max(level.status <> 'missing' and not level.is_superseded and level.period_kind in ('range', 'partners')) as is_ranged,
        max(level.status <> 'missing' and not level.is_superseded) as is_spanned,
        max(level.status = 'missing') as is_missing,
        max(level.is_superseded and level.period_kind in ('month', 'combined', 'range')) as is_superseded,
        min(level.period_months) filter (where level.status <> 'missing' and not level.is_superseded) as span_months,
        min(level.note) filter (where level.status = 'missing') as missing_note
    from span
    inner join vocabulary.month as calendar
        on span.first_month <= calendar.month and span.after_last_month > calendar.month
    left join level
        on
            span.series_id = level.series_id
            and span.reporter_iso3 = level.reporter_iso3
            and span.partner_iso3 = level.partner_iso3
            and level.period_start <= calendar.month
            and level.period_start + to_months(level.period_months) > calendar.month
    group by all
)
select
    series_id,
    source,
    dataset,
    flow,
    reporter_iso3,
    partner_iso3,
    code,
    month,
    case
        when is_single or is_combined or is_of_partners then 'published'
        when is_ranged then 'within_total'
        when is_missing then 'not_found'
        when is_superseded then 'withdrawn'
        when is_spanned then 'within_total'
        else 'not_asked'
    end as status,
    case
        when is_single then null
        when is_combined then 'only within a span of 2 months'
        when is_of_partners then 'only partners, without a total'
        when is_ranged then 'only within a span of ' || span_months || ' months'
        when is_missing then missing_note
        when is_superseded then 'the office took the figure back'
        when is_spanned then 'only within a total of ' || span_months || ' months'
        else 'no page with this month is among the files received'
    end as reason
from covered
union all
select
    series_id,
    source,
    dataset,
    flow,
    reporter_iso3,
    'WLD' as partner_iso3,
    code,
    month,
    case
        when is_filed then 'published'
        when was_filed then 'withdrawn'
        when not is_asked then 'not_asked'
        when is_open and (is_confirmed or not is_usual) then 'none_filed'
        else 'not_yet'
    end as status,
    case
        when is_filed and ask_again_until is not null
            then 'to be asked for again between ' || ask_again_from || ' and ' || ask_again_until || ', when the office may revise it'
        when is_filed and ask_again_from is not null
            then 'to be asked for again: the office may revise it, and has been late itself since ' || ask_again_from
        when is_filed then null
        when was_filed then 'the office took the figures back'
        when not is_asked then 'the code was not among those asked for'
        when is_open and (is_confirmed or not is_usual) then 'the office was asked and has none'
        when is_open then 'the office has none of a code that is filed every month; no snapshot of a later time has confirmed it'
        else 'the office was asked and has nothing of this month for any code'
    end as reason
from usual
