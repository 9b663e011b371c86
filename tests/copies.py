"""Receive newer copies of bundled files, and tell two editions apart."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from pipelines import archive
from pipelines.edition.open import read_only
from pipelines.settings import Settings

RARE_EARTH_SERIES = "china_customs_bulletin/rare_earths"

JUNE_2019 = "2019-06,3966,"
JULY_2019 = "2019-07,5243.4,"
"""Beginnings of two lines of the rare-earth file: a month, and a month with a printed total since January."""


def december(day: int) -> datetime:
    """A day after the bundled files were received."""
    return datetime(2026, 12, day, tzinfo=UTC)


def newest(settings: Settings, source: str, member: str) -> str:
    """Text of the newest copy of a file."""
    receipt = [copy for copy in archive.receipts(settings.raw, source) if copy.member == member][-1]
    return archive.body(settings.raw, receipt).decode()


def receive(settings: Settings, source: str, member: str, text: str, observed_at: datetime) -> archive.Receipt:
    """Keep a text as a newer copy of a file."""
    return archive.receive(settings.raw, source, member, text.encode(), observed_at)


def revise(settings: Settings, source: str, member: str, changes: dict[str, str], observed_at: datetime) -> archive.Receipt:
    """Keep a newer copy of a file in which each given text, which must stand there once, is another."""
    text = newest(settings, source, member)
    for old, new in changes.items():
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {member}"
        text = text.replace(old, new)
    return receive(settings, source, member, text, observed_at)


def drop_lines(settings: Settings, source: str, member: str, unwanted: Callable[[str], bool], observed_at: datetime) -> archive.Receipt:
    """Keep a newer copy of a file without some of its lines."""
    lines = newest(settings, source, member).splitlines(keepends=True)
    kept = [line for line in lines if not unwanted(line)]
    assert len(kept) < len(lines), "no line was dropped"
    return receive(settings, source, member, "".join(kept), observed_at)


def ask(path: Path, query: str, *values: object) -> list[tuple[object, ...]]:
    """Rows of a query on an edition."""
    with read_only(path) as connection:
        return connection.execute(query, list(values)).fetchall()


def tonnes(path: Path, month: str, table: str = "facts.trade_total") -> list[float]:
    """Levels of China's rare-earth exports in one month, of whatever is to be read of `table`."""
    found = ask(
        path,
        f"select weight_kg / 1000 from {table} where series_id = ? and period_kind = 'month' and period_start = ? order by known_from",
        RARE_EARTH_SERIES,
        f"{month}-01",
    )
    return [float(str(row[0])) for row in found]


def status(path: Path, source: str) -> tuple[str, str]:
    """State and message of a source."""
    ((state, message),) = ask(path, "select state, coalesce(message, '') from meta.source_status where source = ?", source)
    return str(state), str(message)


def table_hashes(path: Path) -> dict[str, str]:
    """Every table of an edition, views and comments included, by a hash of its columns and rows."""
    with read_only(path) as connection:
        names = connection.execute(
            "select schema_name || '.\"' || table_name || '\"' from duckdb_tables() where not internal"
            " union all select schema_name || '.\"' || view_name || '\"' from duckdb_views() where not internal order by all"
        ).fetchall()
        hashes = {name: _hash(connection, f"select * from {name} order by all") for (name,) in names}
        hashes["comments"] = _hash(
            connection,
            "select schema_name, table_name, column_name, data_type, comment from duckdb_columns() where not internal"
            " union all select schema_name, table_name, null, null, comment from duckdb_tables() where not internal order by all",
        )
        hashes["macros"] = _hash(
            connection, "select function_name, macro_definition from duckdb_functions() where not internal order by all"
        )
    return hashes


def _hash(connection: duckdb.DuckDBPyConnection, query: str) -> str:
    found = connection.execute(query)
    columns = [column[:2] for column in found.description]
    return hashlib.sha256(repr((columns, found.fetchall())).encode()).hexdigest()


def file_hashes(folder: Path) -> dict[str, str]:
    """Every file under a folder by the hash of its bytes."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def leftovers(settings: Settings) -> list[str]:
    """Hidden files and folders, of which a finished run leaves none but its lock."""
    found = [path for path in settings.data.rglob(".*") if path != settings.writer_lock]
    return sorted(path.relative_to(settings.data).as_posix() for path in found)
