"""Facts that are published again: which row is current, and what is kept in `<name>_superseded`."""

from __future__ import annotations

LINEAGE = {"release_id", "source_member", "source_row", "known_from", "known_from_basis", "known_until"}


REMARKS = {"note", "page_tier", "statistic_id", "includes_domestic", "period_qualifier"}
"""What is said of a figure and is not the figure: the newest remark stands beside it, and it is known since it was first printed."""


STILL_PRINTED = "is_still_printed"


STILL_PRINTED_MEANS = "Whether its publication still says so, while a later publication prevails; false where it was revised or taken back."
"""Column of superseded tables: the publication still says so, but a later publication prevails."""


REPEATED = """
create temp table repeated as
select {figure} as figure
from version
group by figure
having count(*) > 1
"""
"""Most figures have one version: only those that several rows may be of are put in order, told by a hash of their key."""


SINGLE = """
select *, known_until is null as is_still_printed
from version
where {figure} not in (from repeated)
"""
"""A version that is its figure's only one: current, unless it was taken back."""


VERSIONS = """
create temp table place as
with marked as (
    select
        *,
        md5(row({content})::varchar) as content,
        md5(row({content})::varchar) is not distinct from lag(md5(row({content})::varchar)) over key
        and known_from is not distinct from lag(known_until) over key as is_repeat
    from (
        select
            version.*,
            release.slice as place_slice
        from (from version where {figure} in (from repeated)) as version
        left join meta.release as release on version.release_id = release.release_id
    )
    window key as (partition by {key}, place_slice order by known_from, release_id)
),
island as (
    select
        *,
        count(*) filter (where not coalesce(is_repeat, false)) over (
            partition by {key}, place_slice order by known_from, release_id
        ) as island_no
    from marked
),
merged as (
    select
        * exclude (known_until) {remarks},
        nullif(
            max(coalesce(known_until, timestamp 'infinity')) over (partition by {key}, place_slice, island_no),
            timestamp 'infinity'
        ) as place_until
    from island
    qualify row_number() over (partition by {key}, place_slice, island_no order by known_from, release_id) = 1
)
select
    * exclude (place_until, place_slice),
    place_until is null
    and known_from = max(known_from) filter (where place_until is null) over (partition by {key}) as is_current,
    place_until is null as is_still_printed,
    least(place_until, lead(known_from) over (partition by {key} order by known_from, release_id)) as known_until
from merged
"""
