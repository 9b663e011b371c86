-- staging.bulletin_choice
-- Each level with its preferred print, and with the value of another print where the preferred one for values is another.
-- Such a row is known from when both prints were; before that, and after the value was taken back, it stands without it.
--
-- grain:  series_id, period_start, period_months, period_kind, known_from

with main as (
    select *
    from staging.bulletin_print
    where print_no = 1
),
valued as (
    select *
    from staging.bulletin_print
    where value_print_no = 1 and print_no > 1
),
together as (
    select
        main.* exclude (print_no, value_print_no) replace (
            valued.value_usd as value_usd,
            valued.value_method as value_method,
            concat_ws(' | ', main.note, 'value: ' || valued.note) as note,
            greatest(main.known_from, valued.known_from) as known_from,
            case when valued.known_from > main.known_from then valued.known_from_basis else main.known_from_basis end as known_from_basis,
            least(main.known_until, valued.known_until) as known_until
        ),
        valued.publication as value_publication,
        valued.release_id as value_release_id,
        valued.source_member as value_source_member,
        valued.source_row as value_source_row
    from main
    inner join valued
        on
            main.series_id = valued.series_id
            and main.period_start = valued.period_start
            and main.period_months = valued.period_months
            and main.period_kind = valued.period_kind
            and coalesce(main.known_until > valued.known_from, true)
            and coalesce(valued.known_until > main.known_from, true)
),
valued_span as (
    select
        series_id,
        period_start,
        period_months,
        period_kind,
        min(known_from) as first_known,
        case when count(*) = count(known_until) then max(known_until) end as last_known
    from valued
    group by series_id, period_start, period_months, period_kind
),
before as (
    select
        main.* exclude (print_no, value_print_no) replace (
            least(main.known_until, valued_span.first_known) as known_until
        )
    from main
    inner join valued_span
        on
            main.series_id = valued_span.series_id
            and main.period_start = valued_span.period_start
            and main.period_months = valued_span.period_months
            and main.period_kind = valued_span.period_kind
            and main.known_from < valued_span.first_known
),
after as (
    select
        main.* exclude (print_no, value_print_no) replace (
            greatest(main.known_from, valued_span.last_known) as known_from
        )
    from main
    inner join valued_span
        on
            main.series_id = valued_span.series_id
            and main.period_start = valued_span.period_start
            and main.period_months = valued_span.period_months
            and main.period_kind = valued_span.period_kind
            and valued_span.last_known is not null
            and coalesce(main.known_until > valued_span.last_known, true)
),
alone as (
    select main.* exclude (print_no, value_print_no)
    from main
    left join valued_span
        on
            main.series_id = valued_span.series_id
            and main.period_start = valued_span.period_start
            and main.period_months = valued_span.period_months
            and main.period_kind = valued_span.period_kind
    where valued_span.series_id is null
)
select *
from together
union all by name
select *
from before
union all by name
select *
from after
union all by name
select *
from alone
