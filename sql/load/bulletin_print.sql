-- staging.bulletin_print
-- Every print of a level in the bulletin files, ranked: several pages may print one figure, and only one is used. Weight and
-- value are ranked apart, so that a value only one page prints is used whatever else that page says.
--
-- grain:  series_id, period_start, period_months, period_kind, print_no, known_from
-- A print with a weight comes before one with only a value, and that before one that found nothing. Then: a print that
-- refines another wins; then the file of the line itself; then the one the compiler prefers; then the
-- publisher's own page.

with printed as (
    select
        series.series_id,
        series.dataset,
        series.flow,
        series.reporter_iso3,
        series.partner_iso3,
        series.code,
        series.code_system,
        series.valuation,
        level.period_start,
        level.period_months,
        level.period_kind,
        level.weight_kg,
        level.value_usd,
        level.status,
        case
            when level.weight_kg is null then null
            else coalesce(level.derivation, case level.status when 'derived' then 'unstated' else 'filed' end)
        end as weight_method,
        level.derived_from,
        case when level.value_usd is null then null else coalesce(level.value_derivation, 'filed') end as value_method,
        level.main_file,
        -- A later copy may grade a page, or prefer another: what it says holds for the page's earlier prints too.
        arg_max(level.refines, place.known_from) over page as refines,
        arg_max(level.preferred, place.known_from) over page as preferred,
        level.qualifier,
        level.statistic_id,
        max(level.page_tier) over (partition by level.publication) as page_tier,
        bool_or(level.weight_kg is not null) over page as has_weight,
        bool_or(level.value_usd is not null) over page as has_value,
        level.publication,
        level.note,
        level.release_id,
        level.source_member,
        level.source_row,
        place.known_from,
        place.known_from_basis,
        place.known_until
    from curated.bulletin_level as level
    inner join curated.release_window as place
        on level.release_id = place.release_id
    inner join vocabulary.series as series
        on level.series_key = series.source_key and series.source = 'china_customs_bulletin'
    window
        page as (
            partition by
                series.series_id,
                level.period_start,
                level.period_months,
                level.period_kind,
                level.main_file,
                level.publication
        )
)
select
    * exclude (refines, main_file, preferred, has_weight, has_value),
    dense_rank() over (
        partition by series_id, period_start, period_months, period_kind
        order by
            has_weight desc,
            (has_weight or has_value) desc,
            refines desc,
            main_file desc,
            preferred desc,
            page_tier asc nulls last,
            publication asc
    ) as print_no,
    case
        when has_value
            then dense_rank() over (
                partition by series_id, period_start, period_months, period_kind
                order by has_value desc, refines desc, main_file desc, preferred desc, page_tier asc nulls last, publication asc
            )
    end as value_print_no
from printed
