-- staging.share_print
-- Every print of a partner's share or amount, with the interval its last digit allows, ranked where several pages print one.
--
-- grain:  series_id, reporter_iso3, partner_iso3, basis, period_start, period_months, edition, print_no, known_from
-- A share printed as a bound, or with about or more than, is never a point. A print with a share wins over one with only an
-- amount, then the publisher's own page.

with printed as (
    select
        'usgs_mcs' as source,
        'import_sources' as dataset,
        series_key,
        null as reporter_iso3,
        coalesce(supplier_iso3, 'OTHER') as partner_iso3,
        'weight' as basis,
        period_start,
        period_months,
        null as period_qualifier,
        share_percent,
        null as share_bound,
        null as amount,
        null as amount_unit,
        null as amount_of,
        list_status,
        list_sum_percent,
        edition,
        null as publisher_as_named,
        'reported' as status,
        'eq' as qualifier,
        null as page_tier,
        null as statistic_id,
        null as includes_domestic,
        publication,
        note,
        release_id,
        source_member,
        source_row
    from curated.usgs_import_source
    union all by name
    select
        'published_shares' as source,
        dataset,
        series_key,
        reporter_iso3,
        partner_iso3,
        basis,
        period_start,
        period_months,
        period_qualifier,
        share_percent,
        share_bound,
        amount,
        amount_unit,
        amount_of,
        null as list_status,
        null as list_sum_percent,
        null as edition,
        publisher_as_named,
        status,
        qualifier,
        page_tier,
        statistic_id,
        includes_domestic,
        publication,
        note,
        release_id,
        source_member,
        source_row
    from curated.published_share
),
measured as (
    select
        printed.*,
        case when share_bound is null and coalesce(qualifier, 'eq') = 'eq' then cast(share_percent * 0.01 as double) end as share,
        greatest(half_step(share_percent), 0.005) as half_step,
        cast(try_cast(regexp_extract(share_bound, '^>?([0-9.]+)', 1) as decimal(9, 4)) * 0.01 as double) as bound_first,
        cast(try_cast(regexp_extract(share_bound, '([0-9.]+)$', 1) as decimal(9, 4)) * 0.01 as double) as bound_last,
        -- Copies grade a page or do not yet; the page is the same. Where none does, its kind does.
        coalesce(
            max(printed.page_tier) over (partition by printed.publication),
            case page.kind when 'official' then 1 when 'reprint' then 3 when 'blog' then 3 else 2 end
        ) as best_tier,
        coalesce(page.primary_publisher, page.publisher) as page_publisher
    from printed
    left join vocabulary.publication as page
        on printed.publication = page.address
)
select
    series.series_id,
    measured.source,
    measured.dataset,
    coalesce(series.publisher, measured.publisher_as_named, measured.page_publisher) as publisher,
    series.flow,
    coalesce(measured.reporter_iso3, series.reporter_iso3, 'WLD') as reporter_iso3,
    measured.partner_iso3,
    measured.basis,
    measured.period_start,
    measured.period_months,
    measured.period_qualifier,
    measured.share,
    case
        when measured.share_bound is null
            then cast(printed_low(measured.share_percent, measured.qualifier, measured.half_step) * 0.01 as double)
        when measured.share_bound like '<%' then 0
        else measured.bound_first
    end as share_low,
    case
        when measured.share_bound is null and measured.share_percent is null then null
        when measured.share_bound is null
            then cast(least(printed_high(measured.share_percent, measured.qualifier, measured.half_step), 100) * 0.01 as double)
        when measured.share_bound like '>%' then 1
        else measured.bound_last
    end as share_high,
    measured.share_bound,
    measured.qualifier,
    measured.includes_domestic,
    measured.amount,
    measured.amount_unit,
    measured.amount_of,
    measured.list_status,
    cast(measured.list_sum_percent * 0.01 as double) as list_sum,
    measured.edition,
    measured.status,
    measured.best_tier as page_tier,
    measured.statistic_id,
    dense_rank() over (
        partition by
            series.series_id,
            measured.reporter_iso3,
            measured.partner_iso3,
            measured.basis,
            measured.period_start,
            measured.period_months,
            measured.edition
        order by (measured.share_percent is not null) desc, measured.best_tier asc nulls last, measured.publication asc
    ) as print_no,
    measured.publication,
    measured.note,
    measured.release_id,
    measured.source_member,
    measured.source_row,
    place.known_from,
    place.known_from_basis,
    place.known_until
from measured
inner join curated.release_window as place
    on measured.release_id = place.release_id
inner join vocabulary.series as series
    on
        measured.source = series.source
        and measured.dataset = series.dataset
        and measured.series_key = series.source_key
