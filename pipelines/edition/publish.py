"""The one writer: its lock, the draft it fills, and the move that puts a whole edition in the place of the one before."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from errno import ENOSPC
from pathlib import Path

import duckdb
import polars as pl
from filelock import FileLock, Timeout

from pipelines.archive.files import remove, sync_to_disk, write_atomically
from pipelines.edition.open import logs, published_id, quoted
from pipelines.errors import LodestoneError
from pipelines.settings import Settings

READABLE_BY = "v1.5.0"
"""DuckDB storage version of an edition: clients from 1.5 on can open it."""

MEMORY, THREADS = 1_000, 8
"""Megabytes that DuckDB may hold of a draft for each million lines, and at least; the rest waits on disk, which costs no more time. Some of
what a window or a sort holds cannot wait, the more the more threads there are: 1,000 were too few for 3.6 million lines with two threads,
and for six million rows with 32."""

WORKING = ("curated", "staging")
"""Databases in memory that a draft is filled from, gone with its connection; what does not fit is spilled beside the draft."""


@contextmanager
def writer(settings: Settings, wait_seconds: float = 600) -> Iterator[None]:
    """Be the one process that writes. A killed writer's lock ends with it. Raises `LodestoneError` where the disk fills meanwhile."""
    try:
        settings.data.mkdir(parents=True, exist_ok=True)
        with FileLock(settings.writer_lock, timeout=wait_seconds):
            yield
    except Timeout as error:
        raise LodestoneError(f"another build has held {settings.writer_lock} for {wait_seconds:.0f} s; wait for it, or stop it") from error
    except (OSError, duckdb.Error, pl.exceptions.PolarsError) as error:
        if os.strerror(ENOSPC) not in str(error):
            raise
        raise LodestoneError(
            f"{settings.data}: the disk is full; nothing was published, and what was there before stands; make room and run again"
        ) from error


def note_weighed(settings: Settings, edition_id: str, until: datetime | None) -> None:
    """Note beside the live edition the newest snapshot that was weighed for it, though it changed nothing or a check refused it."""
    body = json.dumps({"edition_id": edition_id, "weighed_until": until and until.isoformat()}).encode()
    if until is not None and not (settings.weighed.exists() and settings.weighed.read_bytes() == body):
        write_atomically(settings.weighed, body)


def weighed_until(settings: Settings, connection: duckdb.DuckDBPyConnection) -> datetime | None:
    """The newest snapshot that was weighed for the live edition (UTC): the one it stands on unless a later one is noted."""
    row = connection.execute("select edition_id, observed_until from meta.edition").fetchone()
    if row is None:
        return None
    try:
        noted = json.loads(settings.weighed.read_text("utf-8"))
        if noted["edition_id"] == row[0]:
            return datetime.fromisoformat(noted["weighed_until"])
    except (OSError, ValueError, KeyError, TypeError):  # nothing is noted that can be read: the edition speaks for itself
        pass
    return None if row[1] is None else row[1].replace(tzinfo=UTC)


def _draft_path(live: Path) -> Path:
    return live.with_name(f".{live.name}.{os.getpid()}")


def _spill_path(live: Path) -> Path:
    return live.with_name(f".{live.name}.spill.{os.getpid()}")


def remove_drafts(settings: Settings) -> None:
    """Drafts of killed builds, of any date: under the writer's lock nobody else can be filling one."""
    for folder in (settings.edition.parent, settings.previous_edition.parent, settings.edition_as_of("any").parent):
        for path in folder.glob(".*.duckdb.*"):
            remove(path)


def _memory() -> int:
    """Megabytes of four fifths of the machine's memory, which DuckDB takes unless told otherwise."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") * 4 // 5_000_000


@contextmanager
def open_draft(live: Path, lines: int = 0) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to an empty draft of so many lines beside the live edition; gone afterwards unless it was published."""
    live.parent.mkdir(parents=True, exist_ok=True)
    draft = _draft_path(live)
    draft.unlink(missing_ok=True)
    try:
        with duckdb.connect() as connection:
            connection.execute("set timezone = 'UTC'")
            connection.execute("set enable_progress_bar = false")
            # Many small curated files are each read by several statements.
            connection.execute("set parquet_metadata_cache = true")
            connection.execute(f"set memory_limit = '{min(max(MEMORY, MEMORY * lines // 1_000_000), _memory())}MB'")
            connection.execute(f"set threads = {min(THREADS, os.cpu_count() or 1)}")
            connection.execute(f"set temp_directory = '{quoted(_spill_path(live))}'")
            for name in WORKING:
                connection.execute(f"attach ':memory:' as {name}")
            connection.execute(f"attach '{quoted(draft)}' as edition (storage_version '{READABLE_BY}')")
            connection.execute("use edition")
            yield connection
    finally:
        draft.unlink(missing_ok=True)
        draft.with_name(f"{draft.name}.wal").unlink(missing_ok=True)
        shutil.rmtree(_spill_path(live), ignore_errors=True)


def publish(connection: duckdb.DuckDBPyConnection, live: Path, previous: Path | None) -> None:
    """Put the draft in the live place in one move; with `previous`, the edition it replaces is kept there first."""
    draft = _draft_path(live)
    connection.execute("checkpoint edition")
    connection.execute("use memory")
    connection.execute("detach edition")
    sync_to_disk(draft)
    draft.chmod(0o444)
    if previous is not None and published_id(live) is not None:
        _keep(live, previous)
    _put(draft, live)


def _put(draft: Path, place: Path) -> None:
    """Put a whole file in the place of an edition, in one move. Logs of what stood there go first: none may meet the new file."""
    for log in logs(place):
        remove(log)
    os.replace(draft, place)
    sync_to_disk(place.parent)


def _keep(live: Path, previous: Path) -> None:
    """A second name for the live edition, so that it outlives its place; whatever stood under that name goes in the same move."""
    previous.parent.mkdir(parents=True, exist_ok=True)
    draft = _draft_path(previous)
    draft.unlink(missing_ok=True)
    try:
        os.link(live, draft)
    except OSError:  # some network drives and memory cards know no hard links
        shutil.copy2(live, draft)
    _put(draft, previous)
    # Where both names are one file already, as after a killed publication, the move does nothing and leaves the draft.
    draft.unlink(missing_ok=True)
