-- meta.curated_rows
-- How many rows of each kind the curated files of a release hold, before anything is joined to them: facts must hold as many.
--
-- grain:  release_id, fact
-- A line may yield several rows of one kind, told apart by their part; the kind `line` counts the lines that yield any.

with curated_row as (
    select
        release_id,
        'trade' as fact,
        source_member,
        source_row,
        period_kind as part
    from curated.bulletin_level
    union
    select
        release_id,
        'published_number' as fact,
        source_member,
        source_row,
        measure as part
    from curated.bulletin_change
    union
    select
        release_id,
        'published_number' as fact,
        source_member,
        source_row,
        measure as part
    from curated.published_number
    union
    select
        release_id,
        'published_share' as fact,
        source_member,
        source_row,
        '' as part
    from curated.published_share
    union
    select
        release_id,
        'published_share' as fact,
        source_member,
        source_row,
        '' as part
    from curated.usgs_import_source
    union
    select
        release_id,
        'production' as fact,
        source_member,
        source_row,
        '' as part
    from curated.usgs_production
    union
    select
        release_id,
        'net_import_reliance' as fact,
        source_member,
        source_row,
        '' as part
    from curated.usgs_net_import_reliance
    union
    select
        release_id,
        'policy_event' as fact,
        source_member,
        source_row,
        '' as part
    from curated.policy_event
    union
    select
        release_id,
        'overseas_stake' as fact,
        source_member,
        source_row,
        '' as part
    from curated.overseas_stake
    union
    select
        release_id,
        'stockpile_target' as fact,
        source_member,
        source_row,
        '' as part
    from curated.stockpile_target
    union
    select
        release_id,
        'consumption' as fact,
        source_member,
        source_row,
        '' as part
    from curated.consumption
    union
    select
        release_id,
        'trade_line' as fact,
        source_member,
        source_row,
        dataset as part
    from curated.trade_line
    union
    select
        release_id,
        'exchange_rate' as fact,
        source_member,
        source_row,
        '' as part
    from curated.reference_rate
)
select
    release_id,
    fact,
    count(*) as expected_rows
from curated_row
group by release_id, fact
union all
select
    release_id,
    'line' as fact,
    count(distinct row(source_member, source_row)) as expected_rows
from curated_row
group by release_id
