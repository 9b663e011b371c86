-- meta.curated_rows
-- How many rows of each kind the curated files of a release hold, before anything is joined to them: facts must hold as many.
--
-- grain:  release_id, fact
-- A line may yield several rows of one kind, told apart by their part; the kind `line` counts the lines that yield any.

with curated_row as (
    select distinct *
    from generated.curated_line
)
select
    release_id,
    fact,
    count(*) as expected_rows
from curated_row
group by all
union all
select
    release_id,
    'line' as fact,
    count(distinct row(source_member, source_row)) as expected_rows
from curated_row
group by all
