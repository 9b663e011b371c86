-- checks.every_line_counted
-- Current releases whose raw lines are neither accepted nor rejected, whose accepted lines yield no row, or whose curated
-- rows are not in facts. A slice is counted with all its releases: a row that a later release repeats keeps its first line.
--
-- grain:  release_id, fact

with place as (
    select
        'trade' as fact,
        release_id,
        source_member,
        source_row,
        period_kind as part
    from facts.trade_total
    where partner_code is null
    union
    select
        'trade' as fact,
        release_id,
        source_member,
        source_row,
        period_kind as part
    from facts.trade_total_superseded
    where partner_code is null and is_still_printed
    union
    select
        'trade' as fact,
        release_id,
        source_member,
        source_row,
        period_kind as part
    from facts.trade_flow
    where partner_code is null
    union
    select
        'trade' as fact,
        release_id,
        source_member,
        source_row,
        period_kind as part
    from facts.trade_flow_superseded
    where partner_code is null and is_still_printed
    union
    select
        'trade' as fact,
        value_release_id as release_id,
        value_source_member as source_member,
        value_source_row as source_row,
        period_kind as part
    from facts.trade_total
    where value_release_id is not null
    union
    select
        'trade' as fact,
        value_release_id as release_id,
        value_source_member as source_member,
        value_source_row as source_row,
        period_kind as part
    from facts.trade_total_superseded
    where value_release_id is not null and is_still_printed
    union
    select
        'trade' as fact,
        value_release_id as release_id,
        value_source_member as source_member,
        value_source_row as source_row,
        period_kind as part
    from facts.trade_flow
    where value_release_id is not null
    union
    select
        'trade' as fact,
        value_release_id as release_id,
        value_source_member as source_member,
        value_source_row as source_row,
        period_kind as part
    from facts.trade_flow_superseded
    where value_release_id is not null and is_still_printed
    union
    select
        'published_share' as fact,
        release_id,
        source_member,
        source_row,
        '' as part
    from facts.published_share
    union
    select
        'published_share' as fact,
        release_id,
        source_member,
        source_row,
        '' as part
    from facts.published_share_superseded
    where is_still_printed
    union
    select
        'production' as fact,
        release_id,
        source_member,
        source_row,
        '' as part
    from facts.production
    union
    select
        'production' as fact,
        release_id,
        source_member,
        source_row,
        '' as part
    from facts.production_superseded
    where is_still_printed
    union
    select
        'net_import_reliance' as fact,
        release_id,
        source_member,
        source_row,
        '' as part
    from facts.net_import_reliance
    union
    select
        'net_import_reliance' as fact,
        release_id,
        source_member,
        source_row,
        '' as part
    from facts.net_import_reliance_superseded
    where is_still_printed
    union
    select
        'published_number' as fact,
        release_id,
        source_member,
        source_row,
        measure as part
    from facts.published_number
    union
    select
        'published_number' as fact,
        release_id,
        source_member,
        source_row,
        measure as part
    from facts.published_number_superseded
    where is_still_printed
    union
    select
        'policy_event' as fact,
        release_id,
        source_member,
        source_row,
        '' as part
    from facts.policy_event
    union
    select
        'policy_event' as fact,
        release_id,
        source_member,
        source_row,
        '' as part
    from facts.policy_event_superseded
    where is_still_printed
    union
    select
        'overseas_stake' as fact,
        release_id,
        source_member,
        source_row,
        '' as part
    from facts.overseas_stake
    union
    select
        'overseas_stake' as fact,
        release_id,
        source_member,
        source_row,
        '' as part
    from facts.overseas_stake_superseded
    where is_still_printed
    union
    select
        'stockpile_target' as fact,
        release_id,
        source_member,
        source_row,
        '' as part
    from facts.stockpile_target
    union
    select
        'stockpile_target' as fact,
        release_id,
        source_member,
        source_row,
        '' as part
    from facts.stockpile_target_superseded
    where is_still_printed
    union
    select
        'consumption' as fact,
        release_id,
        source_member,
        source_row,
        '' as part
    from facts.consumption
    union
    select
        'consumption' as fact,
        release_id,
        source_member,
        source_row,
        '' as part
    from facts.consumption_superseded
    where is_still_printed
    union
    select
        case when table_name = 'facts.published_share' then 'published_share' else 'trade' end as fact,
        release_id,
        source_member,
        source_row,
        case when table_name = 'facts.published_share' then '' else period_kind end as part
    from facts.conflict
    union
    select
        'trade_line' as fact,
        release_id,
        source_member,
        source_row,
        dataset as part
    from facts.trade_total
    where partner_code is not null
    union
    select
        'trade_line' as fact,
        release_id,
        source_member,
        source_row,
        dataset as part
    from facts.trade_flow
    where partner_code is not null
    union
    select
        'trade_line' as fact,
        release_id,
        source_member,
        source_row,
        dataset as part
    from facts.control_total
    where partner_code is not null
    union
    select
        'exchange_rate' as fact,
        release_id,
        source_member,
        unnest(generate_series(source_row, last_source_row)) as source_row,
        '' as part
    from facts.exchange_rate
),
counted as (
    select
        release.slice,
        place.fact,
        count(*) as counted_rows
    from place
    inner join meta.release as release
        on place.release_id = release.release_id
    group by release.slice, place.fact
),
expected as (
    select
        release_id,
        fact,
        expected_rows
    from meta.curated_rows
    where fact <> 'line'
),
comparison as (
    select
        release.source,
        release.release_id,
        release.slice,
        expected.fact,
        expected.expected_rows,
        coalesce(counted.counted_rows, 0) as counted_rows
    from meta.release as release
    inner join expected
        on release.release_id = expected.release_id
    left join counted
        on release.slice = counted.slice and expected.fact = counted.fact
    where release.state = 'current'
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
