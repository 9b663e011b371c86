"""What can be read of rejected lines: the facts they would have been are unknown, and no earlier print speaks for them."""

from __future__ import annotations

import duckdb

from pipelines.edition.history import folder_of
from pipelines.edition.open import quoted
from pipelines.edition.plan import SourcePlan
from pipelines.intake.curation import UNREAD
from pipelines.model.tables import Table
from pipelines.settings import Settings
from pipelines.sources import empty_tables


def open_unread(connection: duckdb.DuckDBPyConnection, settings: Settings, plans: list[SourcePlan]) -> None:
    """The schema `unread` mirrors `curated` with what can be read of the rejected lines of current releases.

    The statements that load facts, run over it, tell the keys of the facts that these lines would have been.
    """
    for name in ("release_window", "office"):
        connection.execute(f"create view unread.{name} as select * from curated.{name}")
    connection.execute(
        "create table unread.line as select rejected.source, rejected.slice, rejected.release_id, rejected.source_member,"
        " rejected.source_row, place.known_from from meta.rejected as rejected"
        " inner join curated.release_window as place on rejected.release_id = place.release_id and place.known_until is null"
        " where rejected.release_id in (select release_id from meta.release where state = 'current')"
    )
    parts: dict[str, list[str]] = {}
    for plan in plans:
        current = [folder_of(settings, plan, one) for one in plan.judged if one.state == "current"]
        for name in empty_tables(plan.name):
            parts.setdefault(name, []).append(f"select '{plan.name}' as source, * from curated.{name}_of_{plan.name}")
            files = [path / UNREAD / f"{name}.parquet" for path in current if path is not None]
            listed = ", ".join(f"'{quoted(path)}'" for path in files if path.exists())
            if listed:
                parts[name].append(f"select '{plan.name}' as source, * from read_parquet([{listed}])")
    for name, selects in parts.items():
        connection.execute(f"create view unread.{name} as {' union all by name '.join(selects)}")


def of_unread(sql: str) -> str:
    """A statement as it reads, over what can be read of rejected lines."""
    return sql.replace("curated.", "unread.").replace("staging.", "staging_of_unread.")


def leave_unknown(connection: duckdb.DuckDBPyConnection, table: Table, sql: str) -> None:
    """What a rejected line of a current release would have said is unknown: no earlier publication speaks for its table.

    A table is what a release prints of one series and period, or, where a line does not tell which, of every period
    the release prints. Rows of it that only earlier publications print are no longer current.
    """
    connection.execute(_DOUBTFUL.format(sql=of_unread(sql)))
    connection.execute(_UNKNOWN)
    if "incomplete_because" in {column.name for column in table.columns}:
        connection.execute(_INCOMPLETE)
    connection.execute("drop table doubtful")


_DOUBTFUL = """
create temp table doubtful as
with placed as (
    select distinct series_id, period_start, release_id, source_member, source_row
    from ({sql})
),
printed as (
    select distinct place.period_start, release.slice
    from place
    inner join meta.release as release on place.release_id = release.release_id
)
select line.*, placed.series_id, coalesce(placed.period_start, printed.period_start) as period_start
from unread.line as line
left join placed using (release_id, source_member, source_row)
left join printed on placed.series_id is null and line.slice = printed.slice
where coalesce(placed.period_start, printed.period_start) is not null
"""

_UNKNOWN = """
create temp table outdated as
select place.rowid as row_id, min(doubtful.known_from) as known_until
from place
inner join meta.release as release on place.release_id = release.release_id
inner join doubtful
    on
        release.source = doubtful.source
        and release.slice <> doubtful.slice
        and place.period_start = doubtful.period_start
        and place.known_from < (
            select min(first.known_from) from curated.release_window as first where first.slice = doubtful.slice
        )
        and (
            place.series_id = doubtful.series_id
            or (doubtful.series_id is null and split_part(release.slice, '/', 2) = split_part(doubtful.slice, '/', 2))
        )
where place.is_current
group by all;
update place set is_current = false, known_until = outdated.known_until from outdated where place.rowid = outdated.row_id;
drop table outdated
"""


_INCOMPLETE = """
create temp table in_part as
select
    place.rowid as row_id,
    min('line ' || doubtful.source_row || ' of ' || doubtful.source_member || ' was rejected (meta.rejected)') as reason
from place
inner join meta.release as release on place.release_id = release.release_id
inner join doubtful
    on
        place.period_start = doubtful.period_start
        and place.series_id = coalesce(doubtful.series_id, place.series_id)
        and release.slice = doubtful.slice
where place.is_still_printed
group by all;
update place set incomplete_because = in_part.reason from in_part where place.rowid = in_part.row_id;
drop table in_part
"""
