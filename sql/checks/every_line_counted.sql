-- checks.every_line_counted
-- Current releases whose raw lines are neither accepted nor rejected, whose accepted lines yield no row, or whose curated
-- rows are not in facts. A slice is counted with all its releases: a row that a later release repeats keeps its first line.
--
-- grain:  release_id, fact

with trade as (
    select *
    from generated.printed_trade
),
place as (
    select *
    from generated.printed_line
    union
    select
        case when partner_code is null then 'trade' else 'trade_line' end as fact,
        release_id,
        source_member,
        source_row,
        case when partner_code is null then period_kind else dataset end as part
    from trade
    union
    select
        'trade' as fact,
        value_release_id as release_id,
        value_source_member as source_member,
        value_source_row as source_row,
        period_kind as part
    from trade
    where value_release_id is not null
    union
    select
        case when table_name = 'facts.published_share' then 'published_share' else 'trade' end as fact,
        release_id,
        source_member,
        source_row,
        case when table_name = 'facts.published_share' then '' else period_kind end as part
    from facts.conflict
),
counted as (
    select
        release.slice,
        place.fact,
        count(*) as counted_rows
    from place
    inner join meta.release as release using (release_id)
    group by all
),
comparison as (
    select
        release.source,
        release_id,
        slice,
        fact,
        expected.expected_rows,
        coalesce(counted.counted_rows, 0) as counted_rows
    from meta.release as release
    inner join meta.curated_rows as expected using (release_id)
    left join counted using (slice, fact)
    where release.state = 'current' and fact <> 'line'
    union all
    select
        release.source,
        release.release_id,
        release.slice,
        'accepted lines' as fact,
        release.accepted as expected_rows,
        coalesce(curated.expected_rows, 0) as counted_rows
    from meta.release as release
    left join meta.curated_rows as curated
        on release.release_id = curated.release_id and curated.fact = 'line'
    where release.state = 'current'
    union all
    select
        source,
        release_id,
        slice,
        'raw lines' as fact,
        lines as expected_rows,
        case when state <> 'failed' then accepted + rejected end as counted_rows
    from meta.release
)
select
    source,
    release_id,
    slice,
    fact,
    expected_rows,
    counted_rows,
    case
        when counted_rows is null then 'not_compared:release_failed'
        when counted_rows <> expected_rows then 'wrong'
        else 'ok'
    end as outcome
from comparison
