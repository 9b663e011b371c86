-- facts.published_number
-- Single published numbers, and the changes that the lines of the bulletin files print beside their levels.
-- What the compiler of the files computed from a page is the compiler's number, not that of the page's publisher.
--
-- grain:  measure, reporter_text, partner_iso3, commodity_text, series_id, period_text, publication, known_from

with single_commodity as (
    select
        term,
        min(commodity) as commodity
    from vocabulary.commodity_term
    group by term
    having count(*) = 1
),
number as (
    select
        'published_shares' as source,
        null as series_id,
        printed.measure,
        printed.flow,
        printed.reporter_iso3,
        printed.reporter_text,
        printed.partner_iso3,
        term.commodity,
        printed.commodity_text,
        printed.basis,
        printed.period_start,
        printed.period_end,
        printed.period_text,
        printed.period_qualifier,
        printed.value,
        printed.value_text,
        printed.value_qualifier,
        printed.unit,
        printed.computed_by,
        printed.page_tier,
        printed.statistic_id,
        printed.publication,
        printed.note,
        printed.release_id,
        printed.source_member,
        printed.source_row
    from curated.published_number as printed
    left join single_commodity as term
        on lower(printed.commodity_text) = term.term
    union all by name
    select
        'china_customs_bulletin' as source,
        series.series_id,
        printed.measure,
        series.flow,
        series.reporter_iso3,
        series.reporter_iso3 as reporter_text,
        series.partner_iso3,
        series.commodity,
        printed.series_key as commodity_text,
        'weight' as basis,
        printed.period_start,
        (printed.period_start + to_months(printed.period_months) - interval 1 day)::date as period_end,
        strftime(printed.period_start, '%Y-%m')
        || case when printed.period_months > 1 then ' +' || printed.period_months else '' end as period_text,
        'exact' as period_qualifier,
        printed.change_percent as value,
        printed.change_percent::varchar as value_text,
        'eq' as value_qualifier,
        'percent' as unit,
        null as computed_by,
        printed.page_tier,
        null as statistic_id,
        printed.publication,
        printed.note,
        printed.release_id,
        printed.source_member,
        printed.source_row
    from curated.bulletin_change as printed
    inner join vocabulary.series as series
        on printed.series_key = series.source_key and series.source = 'china_customs_bulletin'
)
select
    number.* exclude (computed_by),
    case
        when number.computed_by = 'compiler' then 'compiler of the bundled figures'
        else coalesce(page.primary_publisher, page.publisher)
    end as publisher,
    page.ancestor,
    place.known_from,
    place.known_from_basis,
    place.known_until
from number
inner join curated.release_window as place
    on number.release_id = place.release_id
left join vocabulary.publication as page
    on number.publication = page.address
