"""Published editions opened, read-only and cut off from everything else, and what they say of themselves."""

from __future__ import annotations

import glob
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

from pipelines.errors import LodestoneError


def read_only(path: Path) -> duckdb.DuckDBPyConnection:
    """Open an edition as every reader should: read-only, no other files, no network, UTC.

    Raises `LodestoneError` where there is none, or none that can be read.
    """
    refuse_what_is_no_edition(path)
    connection = None
    try:
        connection = duckdb.connect(str(path), read_only=True, config=_READER)
        connection.execute("set timezone = 'UTC'")
        # DuckDB draws it on standard output, where a file or another program would take it for rows.
        connection.execute(f"set enable_progress_bar = {sys.stdout.isatty()}")
        connection.execute("select edition_id from meta.edition")
        # DuckDB would still write to the file it has open, and to the one of its log: copies go there with external access off.
        connection.execute("set disabled_filesystems = 'LocalFileSystem'")
        connection.execute("set lock_configuration = true")
    except duckdb.Error as error:
        if connection is not None:
            connection.close()
        said = " ".join(str(error).split())
        remedy = "remove it, and `lodestone build` makes it anew"
        raise LodestoneError(f"{path} cannot be read as an edition ({said}); {remedy}") from error
    return connection


def refuse_what_is_no_edition(path: Path) -> None:
    """Raise `LodestoneError` where no edition stands, or one beside which somebody left a write-ahead log."""
    if not path.exists():
        raise LodestoneError(f"there is no edition at {path}; build one with `lodestone build`")
    for log in logs(path):
        raise LodestoneError(
            f"{log} is what somebody wrote to the edition and did not finish, and would be read for it; "
            "end the program that has it open, if one has, and remove this file, as `lodestone build` does before it publishes there"
        )


def logs(path: Path) -> list[Path]:
    """Write-ahead logs beside an edition. None is ever ours: DuckDB reads them into whatever file has their name."""
    return sorted(path.parent.glob(f"{glob.escape(path.name)}.wal*"))


_READER: dict[str, str | bool | int | float | list[str]] = {
    "enable_external_access": False,
    "autoload_known_extensions": False,
    "temp_directory": "",
}
"""No file is made beside the edition either: what does not fit into memory is refused."""


def refused(connection: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    """Quarantined and failed releases of an edition that no later snapshot of their slice has replaced, with why and when they came."""
    found = connection.execute(
        "select observation.source, observation.slice, observation.release_id, observation.state, release.reason, observation.observed_at"
        " from meta.observation as observation inner join meta.release as release on observation.release_id = release.release_id"
        " qualify row_number() over (partition by observation.slice order by observation.observed_at desc, observation.release_id) = 1"
        " and observation.state in ('quarantined', 'failed') order by all"
    )
    names = [column[0] for column in found.description]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def refused_rows(connection: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    """Rows for which checks made sources fall back, of an edition."""
    found = connection.execute("select * from meta.check_finding where outcome = 'refused' order by source, check_name, found")
    names = [column[0] for column in found.description]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


@contextmanager
def side_by_side(before: Path, after: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection in which two editions are attached read-only, as `before` and `after`; no other file can be reached from it.

    Raises `LodestoneError` where one is missing or was built with tables this version does not know.
    """
    from pipelines.model.tables import tables  # they load Pandera, which a question has no use for

    modelled = {
        f"{table.full_name}.{column.name}"
        for table in tables().values()
        for column in table.columns
        if column.name != "known_until" or table.schema != "facts"
    }
    with duckdb.connect(config={"autoload_known_extensions": False}) as connection:
        connection.execute("set timezone = 'UTC'")
        connection.execute("set enable_progress_bar = false")
        for name, path in (("before", before), ("after", after)):
            refuse_what_is_no_edition(path)
            try:
                connection.execute(f"attach '{quoted(path)}' as {name} (read_only)")
            except duckdb.Error as error:
                raise LodestoneError(f"{path} cannot be opened as an edition ({error}); build it again with `lodestone build`") from error
            missing = sorted(modelled - columns_of(connection, name))
            if missing:
                raise LodestoneError(
                    f"{path} was built by another version of the code and has no {missing[0]}; build it again, then compare"
                )
        connection.execute("set enable_external_access = false")
        connection.execute("set lock_configuration = true")
        yield connection


def published_id(path: Path) -> str | None:
    """The identity of the edition at a path; null where none stands there that can be read."""
    if not path.exists():
        return None
    try:
        with read_only(path) as connection:
            row = connection.execute("select edition_id from meta.edition").fetchone()
            return None if row is None else str(row[0])
    except (LodestoneError, duckdb.Error):  # not an edition, or a broken one: it is about to be replaced
        return None


def columns_of(connection: duckdb.DuckDBPyConnection, database: str) -> set[str]:
    """Every column of a database, as schema.table.column."""
    found = connection.execute(
        "select concat_ws('.', schema_name, table_name, column_name) from duckdb_columns() where database_name = ?", [database]
    )
    return {str(row[0]) for row in found.fetchall()}


def quoted(text: object) -> str:
    """A text as it stands between quotes in SQL."""
    return str(text).replace("'", "''")
