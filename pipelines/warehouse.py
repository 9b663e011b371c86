"""Build an edition (as of now or any date) in a draft, audit it, publish it. The only writer of DuckDB files.

Files are the truth: an edition is always rebuilt from curated files and never patched. Readers meet the last published
edition until `os.replace` puts the next one, whole and checked, in its place.
"""

from __future__ import annotations

import glob
import hashlib
import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from errno import ENOSPC
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
from filelock import FileLock, Timeout

from pipelines import archive, generated, vocabulary
from pipelines.corrections import ALWAYS, Correction, corrections_of
from pipelines.curation import UNREAD, judge_releases, lost, read_verdict
from pipelines.errors import BadFile, BuildFailed, LodestoneError
from pipelines.files import remove, sync_to_disk, write_atomically
from pipelines.releases import (
    Judged,
    Observation,
    all_stand,
    asked_rows,
    curated_folder,
    first_asked,
    last_asked,
    looks,
    observations,
    standing_errors,
)
from pipelines.settings import PACKAGE, SQL, Settings
from pipelines.sources import UNFORESEEN, Source, SourceConfig, empty_tables, load_source, source_names
from pipelines.statements import FOLDERS, Statement, files, statements
from pipelines.tables import Table, tables

SAMPLE_ROWS = 5
NOT_COMPARED = "not_compared:"
"""Before the reason, in the outcome of a comparison that a check could not make."""
READABLE_BY = "v1.5.0"
"""DuckDB storage version of an edition: clients from 1.5 on can open it."""

FILLED_BY_SQL = SQL / "load" / "vocabulary"
"""Statements that fill vocabulary tables, or add to what their CSV file holds."""

WORKING = ("curated", "staging", "unread", "staging_of_unread")
"""Databases in memory that a draft is filled from, gone with its connection; what does not fit is spilled beside the draft."""

Say = Callable[[str], None]


@dataclass(frozen=True)
class SourcePlan:
    """What an edition takes from one source."""

    source: Source | None
    name: str
    judged: tuple[Judged, ...]
    errors: tuple[str, ...]
    observed_at: datetime | None
    fell_back: str | None
    """Why the source's newest releases are not used, where a check refused them."""
    asked: tuple[dict[str, Any], ...] = ()
    """Rows of `meta.asked`."""
    first_asked: Mapping[tuple[str, str], datetime] = field(default_factory=dict)
    """When a whole look at a slice first asked for a code."""
    trouble: str | None = None
    """What keeps the newest visit to the office from being whole."""
    corrections: Mapping[str, Correction] = field(default_factory=dict)
    """Corrections of the source by their id."""
    spent: tuple[str, ...] = ()
    """What is told of corrections that no longer apply."""
    not_known_by: date | None = None
    """The day the edition is built as of, where nothing of the source was known by then."""
    stands: bool = True
    """Whether, of everything that cannot be read, an earlier release stands in the edition."""
    accepted: Mapping[str, archive.Decision] = field(default_factory=dict)
    """What a person accepted of the source, releases and findings of checks, by its id."""

    @property
    def standing(self) -> list[Judged]:
        """Releases that have, or once had, a place in the history."""
        return [one for one in self.judged if one.state in ("current", "superseded", "withdrawn")]


@dataclass(frozen=True)
class Finding:
    """A row that a check found: `wrong`, `accepted` (wrong, and a person lets it in) or `shown` (it refuses nothing)."""

    check: str
    outcome: str
    row: Mapping[str, Any]
    decision: archive.Decision | None = None

    @property
    def text(self) -> str:
        """The row in words, to nine digits: sums of the same figures may differ in the last of theirs."""
        rounded = {name: float(f"{value:.9g}") if isinstance(value, float) else value for name, value in self.row.items()}
        return json.dumps(rounded, default=str, ensure_ascii=False)

    @property
    def finding_id(self) -> str:
        """What it is accepted by; another one as soon as a figure of the row changes."""
        return hashlib.sha256(f"{self.check} {self.text}".encode()).hexdigest()[:16]

    @property
    def source(self) -> str | None:
        """Source it is a row of."""
        return None if self.row.get("source") is None else str(self.row["source"])


@dataclass(frozen=True)
class CheckResult:
    """What one check found: how much it compared, how much it could not and why, and the rows that stand out."""

    name: str
    title: str
    comparisons: int
    not_compared: Mapping[str, int]
    """How many comparisons could not be made, by reason."""
    findings: tuple[Finding, ...]

    def of(self, outcome: str) -> list[Finding]:
        """The rows with one outcome."""
        return [one for one in self.findings if one.outcome == outcome]

    def refusal(self, wrong: list[Finding]) -> str:
        """The check, how many rows it refuses and one of them, in a sentence."""
        told = f"check {self.name} found {len(wrong)} wrong rows ({self.title.partition('. ')[0].rstrip('.')})"
        return f"{told}, e.g. {wrong[0].finding_id}: {wrong[0].text}"


@dataclass(frozen=True)
class Edition:
    """A published edition: where it is, whether anything changed, and what it holds."""

    path: Path
    edition_id: str
    changed: bool
    rows: Mapping[str, int] = field(default_factory=dict)
    checks: tuple[CheckResult, ...] = ()
    fell_back: Mapping[str, str] = field(default_factory=dict)


def end_of(day: date) -> datetime:
    """A bare date means the end of that day, UTC."""
    return datetime.combine(day, time.max, UTC).replace(microsecond=0)


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


def build(settings: Settings, as_of: date | None = None, say: Say = lambda _: None) -> Edition:
    """Build, audit and publish an edition; with `as_of`, one that knows only what was known by the end of that day.

    A failing check that names sources makes each of them go back behind the newest look it stands on, and at last out,
    before the draft is built again. Raises `BuildFailed`, with the live edition untouched, where a check names no source
    that could go back.
    """
    live = settings.edition if as_of is None else settings.edition_as_of(as_of.isoformat())
    live.parent.mkdir(parents=True, exist_ok=True)
    _remove_drafts(settings)
    before: dict[str, datetime] = {}
    refused: dict[str, str] = {}
    findings: list[Finding] = []
    weighed: datetime | None = None
    while True:
        plans = [_plan(settings, name, as_of, before.get(name), refused.get(name)) for name in source_names()]
        if as_of is None and not refused:
            weighed = _newest_look(plans)
        if as_of is not None and not any(plan.judged for plan in plans):
            raise LodestoneError(f"nothing was known as of {as_of}; ask for a later day")
        edition_id, inputs = _edition_id(plans, as_of)
        if _published_id(live) == edition_id:
            _note_weighed(settings, edition_id, weighed)
            return Edition(live, edition_id, changed=False, fell_back=refused)
        with _draft(live) as connection:
            rows = _fill(connection, settings, plans, say)
            say("checking")
            accepted = {name: one for plan in plans for name, one in plan.accepted.items()}
            results = [_run_check(connection, check, accepted) for check in statements("checks")]
            failing = [(result, wrong) for result in results if (wrong := result.of("wrong"))]
            if not failing:
                findings += [one for result in results for one in result.findings]
                _finish(connection, plans, results, findings, edition_id, inputs, as_of, say)
                _publish(connection, live, settings.previous_edition if as_of is None else None)
                _note_weighed(settings, edition_id, weighed)
                return Edition(live, edition_id, True, rows, tuple(results), refused)
        standing = {plan.name: plan.standing for plan in plans if plan.standing}
        blamed: dict[str, list[str]] = {}
        for result, wrong in failing:
            sources = {str(one.source) for one in wrong} & standing.keys()
            if not sources or any(one.source is None for one in wrong):
                sample = [dict(one.row) for one in wrong[:SAMPLE_ROWS]]
                raise BuildFailed(f"{result.refusal(wrong)}; nothing was published", result.name, sample)
            for name in sources:
                of_source = [one for one in wrong if one.source == name]
                blamed.setdefault(name, []).append(result.refusal(of_source))
                findings += [replace(one, outcome="refused") for one in of_source if name not in refused]
        for name, found in blamed.items():
            before[name] = max(judged.observation.observed_at for judged in standing[name])
            refused.setdefault(name, "; ".join(found))
            say(f"{name} falls back: {'; '.join(found)}")


def stands(settings: Settings) -> bool:
    """Whether the live edition already says all that a build would, with every release curated that can be; if so, that is noted."""
    plans = [_plan(settings, name, None, None, None) for name in source_names()]
    edition_id = _edition_id(plans, None)[0]
    if _published_id(settings.edition) != edition_id:
        return False
    _note_weighed(settings, edition_id, _newest_look(plans))
    return True


def _newest_look(plans: list[SourcePlan]) -> datetime | None:
    return max((plan.observed_at for plan in plans if plan.observed_at is not None), default=None)


def _note_weighed(settings: Settings, edition_id: str, until: datetime | None) -> None:
    """Note beside the live edition the newest look that was weighed for it, be it that it changed nothing or that a check refused it."""
    body = json.dumps({"edition_id": edition_id, "weighed_until": until and until.isoformat()}).encode()
    if until is not None and not (settings.weighed.exists() and settings.weighed.read_bytes() == body):
        write_atomically(settings.weighed, body)


def weighed_until(settings: Settings, connection: duckdb.DuckDBPyConnection) -> datetime | None:
    """The newest look that was weighed for the live edition (UTC): the one it stands on unless a later one is noted."""
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


def read_only(path: Path) -> duckdb.DuckDBPyConnection:
    """Open an edition as every reader should: read-only, no other files, no network, UTC.

    Raises `LodestoneError` where there is none, or none that can be read.
    """
    _refuse_what_is_no_edition(path)
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
        told = " ".join(str(error).split())
        remedy = "remove it, and `lodestone build` makes it anew"
        raise LodestoneError(f"{path} cannot be read as an edition ({told}); {remedy}") from error
    return connection


def _refuse_what_is_no_edition(path: Path) -> None:
    if not path.exists():
        raise LodestoneError(f"there is no edition at {path}; build one with `lodestone build`")
    for log in _logs(path):
        raise LodestoneError(
            f"{log} is what somebody wrote to the edition and did not finish, and would be read for it; "
            "end the program that has it open, if one has, and remove this file, as `lodestone build` does before it publishes there"
        )


def _logs(path: Path) -> list[Path]:
    """Write-ahead logs beside an edition. None is ever ours: DuckDB reads them into whatever file has their name."""
    return sorted(path.parent.glob(f"{glob.escape(path.name)}.wal*"))


_READER: dict[str, str | bool | int | float | list[str]] = {
    "enable_external_access": False,
    "autoload_known_extensions": False,
    "temp_directory": "",
}
"""No file is made beside the edition either: what does not fit into memory is refused."""


def refused(connection: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    """Held and failed releases of an edition that no later look at their slice has replaced, with why and when they came."""
    found = connection.execute(
        "select observation.source, observation.slice, observation.release_id, observation.state, release.reason, observation.observed_at"
        " from meta.observation as observation inner join meta.release as release on observation.release_id = release.release_id"
        " qualify row_number() over (partition by observation.slice order by observation.observed_at desc, observation.release_id) = 1"
        " and observation.state in ('held', 'failed') order by all"
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
            _refuse_what_is_no_edition(path)
            try:
                connection.execute(f"attach '{_quoted(path)}' as {name} (read_only)")
            except duckdb.Error as error:
                raise LodestoneError(f"{path} cannot be opened as an edition ({error}); build it again with `lodestone build`") from error
            missing = sorted(modelled - _columns_of(connection, name))
            if missing:
                raise LodestoneError(
                    f"{path} was built by another version of the code and has no {missing[0]}; build it again, then compare"
                )
        connection.execute("set enable_external_access = false")
        connection.execute("set lock_configuration = true")
        yield connection


@cache
def code_version() -> str:
    """Changes when any code, SQL or vocabulary that an edition is built with does."""
    digest = hashlib.sha256(duckdb.__version__.encode())
    paths = [path for path in PACKAGE.rglob("*") if path.suffix in (".py", ".csv", ".yaml") and path.is_file()]
    paths += [path for folder in FOLDERS for path in files(folder)]
    for path in sorted(paths):
        digest.update(path.relative_to(PACKAGE.parent).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def _plan(settings: Settings, name: str, as_of: date | None, before: datetime | None, refused: str | None) -> SourcePlan:
    try:
        source = load_source(name)
        until = None if as_of is None else end_of(as_of)
        looked = looks(settings, source, before)
        history = observations(source, looked)
        judged = judge_releases(settings, source, history, until)
        whole = history if before is None else observations(source, looks(settings, source))
        gone = lost(settings, name, {one.release_id for one in whole})
        seen = [one for one in looked if one.receipts and (until is None or one.observed_at <= until)]
        return SourcePlan(
            source,
            name,
            tuple(judged),
            (*standing_errors(looked), *([gone] if gone else [])),
            max((one.observed_at for one in looked if one.receipts), default=None),
            refused,
            tuple(asked_rows(source.config.fetch, last_asked(seen))) if source.config.fetch is not None else (),
            first_asked(seen),
            None if as_of is not None else archive.standing_trouble(settings.raw, name),
            {one.correction_id: one for one in corrections_of(settings.raw, name)},
            seen[-1].spent if seen else (),
            not_known_by=as_of if history and not judged else None,
            stands=gone is None and all_stand(looked, judged),
            accepted={subject: one for subject, one in archive.decisions(settings.raw, name, before=until).items() if one.verb == "accept"},
        )
    except UNFORESEEN as error:
        # A source that cannot even be looked at must not stop the others; its status says why it is empty.
        told = str(error) if isinstance(error, (LodestoneError, OSError, ValueError)) else f"{type(error).__name__}: {error}"
        return SourcePlan(None, name, (), tuple(filter(None, (told, lost(settings, name, ())))), None, refused)


def _edition_id(plans: list[SourcePlan], as_of: date | None) -> tuple[str, str]:
    stands_on = [
        [
            plan.name,
            plan.errors,
            plan.fell_back,
            plan.trouble,
            plan.spent,
            [str(one) for one in plan.accepted.values()],
            [[str(value) for value in row.values()] for row in plan.asked],
            [[*key, str(at)] for key, at in sorted(plan.first_asked.items())],
            [[str(one.known_until), one.state, one.reason, str(one.observation)] for one in plan.judged],
        ]
        for plan in plans
    ]
    inputs = hashlib.sha256(json.dumps(stands_on).encode()).hexdigest()[:16]
    return hashlib.sha256(f"{inputs} {code_version()} {as_of}".encode()).hexdigest()[:16], inputs


def _published_id(path: Path) -> str | None:
    if not path.exists():
        return None
    try:
        with read_only(path) as connection:
            row = connection.execute("select edition_id from meta.edition").fetchone()
            return None if row is None else str(row[0])
    except (LodestoneError, duckdb.Error):  # not an edition, or a broken one: it is about to be replaced
        return None


def _draft_path(live: Path) -> Path:
    return live.with_name(f".{live.name}.{os.getpid()}")


def _spill_path(live: Path) -> Path:
    return live.with_name(f".{live.name}.spill.{os.getpid()}")


def _remove_drafts(settings: Settings) -> None:
    """Drafts of killed builds, of any date: under the writer's lock nobody else can be filling one."""
    for folder in (settings.edition.parent, settings.previous_edition.parent, settings.edition_as_of("any").parent):
        for path in folder.glob(".*.duckdb.*"):
            remove(path)


@contextmanager
def _draft(live: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to an empty draft beside the live edition; gone afterwards unless it was published."""
    draft = _draft_path(live)
    draft.unlink(missing_ok=True)
    try:
        with duckdb.connect() as connection:
            connection.execute("set timezone = 'UTC'")
            connection.execute("set enable_progress_bar = false")
            # Many small curated files are each read by several statements.
            connection.execute("set parquet_metadata_cache = true")
            connection.execute(f"set temp_directory = '{_quoted(_spill_path(live))}'")
            for name in WORKING:
                connection.execute(f"attach ':memory:' as {name}")
            connection.execute(f"attach '{_quoted(draft)}' as edition (storage_version '{READABLE_BY}')")
            connection.execute("use edition")
            yield connection
    finally:
        draft.unlink(missing_ok=True)
        draft.with_name(f"{draft.name}.wal").unlink(missing_ok=True)
        shutil.rmtree(_spill_path(live), ignore_errors=True)


def _publish(connection: duckdb.DuckDBPyConnection, live: Path, previous: Path | None) -> None:
    """Put the draft in the live place in one move; with `previous`, the edition it replaces is kept there first."""
    draft = _draft_path(live)
    connection.execute("checkpoint edition")
    connection.execute("use memory")
    connection.execute("detach edition")
    sync_to_disk(draft)
    draft.chmod(0o444)
    if previous is not None and _published_id(live) is not None:
        _keep(live, previous)
    _put(draft, live)


def _put(draft: Path, place: Path) -> None:
    """Put a whole file in the place of an edition, in one move. Logs of what stood there go first: none may meet the new file."""
    for log in _logs(place):
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


def _fill(connection: duckdb.DuckDBPyConnection, settings: Settings, plans: list[SourcePlan], say: Say) -> dict[str, int]:
    for schema in ("facts", "vocabulary", "marts", "meta"):
        connection.execute(f"create schema {schema}")
    say("loading the vocabulary")
    for table in tables().values():
        if table.schema == "vocabulary":
            load_vocabulary(connection, table)
    _load_history(connection, settings, plans)
    create_macros(connection)
    _open_curated(connection, settings, plans)
    _load_offices(connection, plans)
    _open_unread(connection, settings, plans)
    extend_vocabulary(connection)
    has_unread = _count(connection, "unread.line") > 0
    for one in statements("load"):
        if one.name.startswith("staging."):
            connection.execute(f"create table {one.name} as {one.sql}")
            if has_unread:
                connection.execute(f"create table {_of_unread(one.name)} as {_of_unread(one.sql)}")
            continue
        say(f"loading {one.name}")
        _load(connection, tables()[one.name], one.sql, has_unread)
    compute_marts(connection, say)
    made = {name.rsplit(".", 1)[0] for name in _columns_of(connection, "edition")}
    return {name: _count(connection, name) for name in [*tables(), *(one.name for one in statements("marts"))] if name in made}


def compute_marts(connection: duckdb.DuckDBPyConnection, say: Say = lambda _: None) -> None:
    """Compute every mart from the facts, vocabulary and meta of the connection, each after those it reads."""
    for one in statements("marts"):
        say(f"computing {one.name}")
        connection.execute(f"create table {one.name} as {one.sql}\norder by {', '.join(one.grain)}")


def load_vocabulary(connection: duckdb.DuckDBPyConnection, table: Table) -> None:
    """Create a vocabulary table and fill it from its CSV file, or from the calendar."""
    connection.execute(create_table(table))
    if table.name == "month":
        connection.execute((FILLED_BY_SQL / "month.sql").read_text("utf-8"))
        return
    rows = vocabulary.read(table.name)
    _refuse_other_words(table, rows)
    connection.register("vocabulary_rows", rows.to_arrow())
    columns = ", ".join(f"{column.name}::{column.type} as {column.name}" for column in table.columns)
    connection.execute(f"insert into {table.full_name} by name select {columns} from vocabulary_rows order by {', '.join(table.key)}")
    connection.unregister("vocabulary_rows")


def _refuse_other_words(table: Table, rows: pl.DataFrame) -> None:
    for column in (one for one in table.columns if one.allowed):
        other = rows.with_row_index("line", offset=2).filter(~pl.col(column.name).is_in(column.allowed))
        if not other.is_empty():
            words = f"{', '.join(column.allowed[:-1])} or {column.allowed[-1]}"
            file = f"pipelines/vocabulary/{table.name}.csv"
            raise BadFile(file, other["line"][0], other[column.name][0], f"{column.name} is {words}", "correct the word")


def extend_vocabulary(connection: duckdb.DuckDBPyConnection) -> None:
    """Add the series, and their breaks, of the codes that offices filed; `curated.trade_line` and `curated.office` say which."""
    for name in ("series", "series_break"):
        connection.execute((FILLED_BY_SQL / f"{name}.sql").read_text("utf-8"))


def _load_offices(connection: duckdb.DuckDBPyConnection, plans: list[SourcePlan]) -> None:
    connection.execute("create table curated.office (source varchar, publisher varchar)")
    rows = [{"source": plan.name, "publisher": plan.source.config.publisher} for plan in plans if plan.source is not None]
    _insert(connection, "curated.office", rows, order_by=("source",))


def _load_history(connection: duckdb.DuckDBPyConnection, settings: Settings, plans: list[SourcePlan]) -> None:
    releases: dict[str, dict[str, Any]] = {}
    looked: list[dict[str, Any]] = []
    windows: list[dict[str, Any]] = []
    files: list[dict[str, Any]] = []
    overrides: list[dict[str, Any]] = []
    standing_on: set[str] = set()
    asked = [row for plan in plans for row in plan.asked]
    for plan in plans:
        for judged in plan.judged:
            one = judged.observation
            assert plan.source is not None  # a source without a configuration has nothing judged
            verdict = read_verdict(settings, plan.source, one)
            place = {"known_from": one.known_from, "known_from_basis": one.known_from_basis, "known_until": judged.known_until}
            releases[one.release_id] = {
                "release_id": one.release_id,
                "source": one.source,
                "slice": one.slice,
                "content_hash": one.content_hash,
                "lines": verdict.lines,
                "accepted": verdict.accepted,
                "rejected": verdict.rejected,
                "state": judged.state,
                "reason": judged.reason,
            }
            for file in one.files if one.release_id not in standing_on else ():
                files.append(
                    {
                        "release_id": one.release_id,
                        "source": one.source,
                        "source_member": file.member,
                        "body_sha256": file.sha256,
                        "receipt_id": file.receipt_id,
                        "observed_at": file.observed_at,
                        "url": file.url,
                        "stand_in": file.stand_in,
                    }
                )
            for fix, member, line in verdict.corrected if one.release_id not in standing_on else ():
                overrides.append(_override(plan.corrections[fix], one.release_id, member, line))
            standing_on.add(one.release_id)
            looked.append(
                {
                    "source": one.source,
                    "slice": one.slice,
                    "release_id": one.release_id,
                    "observed_at": one.observed_at,
                    "receipt_id": one.receipt_id,
                }
                | place
                | {"state": judged.state}
            )
            if judged in plan.standing:
                windows.append({"release_id": one.release_id, "slice": one.slice} | place)
    history = {"meta.release": list(releases.values()), "meta.observation": looked, "meta.release_file": files}
    history |= {"meta.asked": asked, "meta.override": overrides}
    for name, of_name in history.items():
        table = tables()[name]
        connection.execute(create_table(table))
        _insert(connection, name, of_name, order_by=table.key)
    connection.execute(
        "create table curated.release_window"
        " (release_id varchar, slice varchar, known_from timestamp, known_from_basis varchar, known_until timestamp)"
    )
    _insert(connection, "curated.release_window", windows, order_by=("slice", "known_from"))
    connection.execute("delete from curated.release_window where known_until <= known_from")
    connection.execute("create table curated.first_asked (slice varchar, code varchar, asked_at timestamp)")
    first = [{"slice": name, "code": code, "asked_at": at} for plan in plans for (name, code), at in plan.first_asked.items()]
    _insert(connection, "curated.first_asked", first, order_by=("slice", "code"))
    connection.execute(create_table(tables()["meta.rejected"]))
    for plan in plans:
        folders = [_folder(settings, plan, judged) for judged in plan.judged]
        refused = [str(path / "rejected.parquet") for path in dict.fromkeys(folders) if path and (path / "rejected.parquet").exists()]
        if refused:
            connection.execute(
                "insert into meta.rejected by name select distinct release.source, release.slice, line.*"
                " from read_parquet(?) as line inner join meta.release as release using (release_id) order by all",
                [refused],
            )


def _override(fix: Correction, release: str, member: str, line: int) -> dict[str, Any]:
    return {
        "override_id": fix.correction_id,
        "source": fix.source,
        "release_id": release,
        "source_member": member,
        "source_row": line,
        "column_name": fix.column,
        "filed": fix.filed,
        "used": fix.used,
        "author": fix.author,
        "reason": fix.reason,
        "decided_at": None if fix.decided_at == ALWAYS else fix.decided_at,
    }


def _folder(settings: Settings, plan: SourcePlan, judged: Judged) -> Path | None:
    return (
        None
        if plan.source is None or judged.observation.withdrawn
        else curated_folder(settings, plan.source, judged.observation.release_id)
    )


def create_macros(connection: duckdb.DuckDBPyConnection) -> None:
    """Create the macros that need no table; those that answer as of a moment come last, when facts are there."""
    for path in files("macros"):
        connection.execute(path.read_text("utf-8"))


def _open_curated(connection: duckdb.DuckDBPyConnection, settings: Settings, plans: list[SourcePlan]) -> None:
    """A view of each curated table over every release that has or had a place, of every source that has the table.

    A table without any rows has its columns and types all the same; every table also names its `source`.
    """
    parts: dict[str, list[str]] = {}
    for plan in plans:
        folders = [path for path in dict.fromkeys(_folder(settings, plan, one) for one in plan.standing) if path is not None]
        for name, frame in empty_tables(plan.name).items():
            columns = frame.drop("slice").with_columns(release_id=pl.lit(None, pl.String))
            connection.register("no_rows", columns.to_arrow())
            connection.execute(f"create table curated.{name}_of_{plan.name} as select * from no_rows")
            connection.unregister("no_rows")
            parts.setdefault(name, []).append(f"select '{plan.name}' as source, * from curated.{name}_of_{plan.name}")
            files = [str(path / f"{name}.parquet") for path in folders if (path / f"{name}.parquet").exists()]
            if files:
                listed = ", ".join(f"'{_quoted(path)}'" for path in files)
                parts[name].append(f"select '{plan.name}' as source, * from read_parquet([{listed}])")
    for name, selects in parts.items():
        connection.execute(f"create view curated.{name} as {' union all by name '.join(selects)}")


def _open_unread(connection: duckdb.DuckDBPyConnection, settings: Settings, plans: list[SourcePlan]) -> None:
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
        current = [_folder(settings, plan, one) for one in plan.judged if one.state == "current"]
        for name in empty_tables(plan.name):
            parts.setdefault(name, []).append(f"select '{plan.name}' as source, * from curated.{name}_of_{plan.name}")
            files = [path / UNREAD / f"{name}.parquet" for path in current if path is not None]
            listed = ", ".join(f"'{_quoted(path)}'" for path in files if path.exists())
            if listed:
                parts[name].append(f"select '{plan.name}' as source, * from read_parquet([{listed}])")
    for name, selects in parts.items():
        connection.execute(f"create view unread.{name} as {' union all by name '.join(selects)}")


def _of_unread(sql: str) -> str:
    """A statement as it reads, over what can be read of rejected lines."""
    return sql.replace("curated.", "unread.").replace("staging.", "staging_of_unread.")


def _load(connection: duckdb.DuckDBPyConnection, table: Table, sql: str, has_unread: bool = False) -> None:
    """Create a table and fill it by name; a versioned one keeps what is no longer current in `<name>_superseded`."""
    connection.execute(create_table(table, without=() if table.schema != "facts" else ("known_until",)))
    order = ", ".join(table.key)
    names = ", ".join(f'"{column.name}"' for column in table.columns if column.name != "known_until" or table.schema != "facts")
    if not table.versioned:
        connection.execute(f"insert into {table.full_name} by name select {names} from ({sql}) order by {order}")
        return
    connection.execute(create_table(table, suffix="_superseded"))
    connection.execute(f"alter table {table.full_name}_superseded add column {STILL_PRINTED} boolean")
    content = ", ".join(f'"{column.name}"::varchar' for column in table.columns if column.name not in _LINEAGE | REMARKS)
    typed = ", ".join(f'"{column.name}" {column.type}' for column in table.columns)
    connection.execute(f"create temp table version ({typed})")
    connection.execute(f"insert into version by name {sql}")
    key = ", ".join(f'"{name}"' for name in table.key)
    remarks = ", ".join(
        f'arg_max_null("{column.name}", known_from) over (partition by {key}, place_slice, island_no) as "{column.name}"'
        for column in table.columns
        if column.name in REMARKS
    )
    connection.execute(_VERSIONS.format(key=key, content=content, remarks=f"replace ({remarks})" if remarks else ""))
    if has_unread and {"series_id", "period_start"} <= set(table.key):
        _leave_unknown(connection, table, sql)
    connection.execute(f"insert into {table.full_name} by name select {names} from place where is_current order by {order}")
    connection.execute(
        f"insert into {table.full_name}_superseded by name select {names}, known_until, {STILL_PRINTED} from place"
        f" where not is_current and known_until > known_from order by {order}, known_from"
    )
    connection.execute("drop table version; drop table place")


def _leave_unknown(connection: duckdb.DuckDBPyConnection, table: Table, sql: str) -> None:
    """What a rejected line of a current release would have said is unknown: no earlier publication speaks for its table.

    A table is what a release prints of one series and period, or, where a line does not tell which, of every period
    the release prints. Rows of it that only earlier publications print are no longer current.
    """
    connection.execute(_DOUBTFUL.format(sql=_of_unread(sql)))
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

_LINEAGE = {"release_id", "source_member", "source_row", "known_from", "known_from_basis", "known_until"}

REMARKS = {"note", "page_tier", "statistic_id", "includes_domestic", "period_qualifier"}
"""What is said of a figure and is not the figure: the newest remark stands beside it, and it is known since it was first printed."""

STILL_PRINTED = "is_still_printed"
_STILL_PRINTED = "Whether its publication still says so, while a later publication prevails; false where it was revised or taken back."
"""Column of superseded tables: the publication still says so, but a later publication prevails."""

_VERSIONS = """
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
        from version
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


def create_table(table: Table, without: tuple[str, ...] = (), suffix: str = "") -> str:
    """The statement that creates a table as its model says."""
    columns = [
        f'"{column.name}" {column.type}' + ("" if column.nullable else " not null")
        for column in table.columns
        if column.name not in without
    ]
    return f"create table {table.full_name}{suffix} ({', '.join(columns)})"


def _insert(connection: duckdb.DuckDBPyConnection, name: str, rows: list[dict[str, Any]], order_by: tuple[str, ...]) -> None:
    if not rows:
        return
    frame = pl.DataFrame(rows, infer_schema_length=None).with_columns(pl.selectors.datetime().dt.replace_time_zone(None))
    connection.register("new_rows", frame.to_arrow())
    connection.execute(f"insert into {name} by name select * from new_rows order by {', '.join(order_by)}")
    connection.unregister("new_rows")


def _run_check(connection: duckdb.DuckDBPyConnection, check: Statement, accepted: Mapping[str, archive.Decision]) -> CheckResult:
    """Run a check: a row a comparison, whose `outcome` is ok, wrong, shown, or `not_compared:` with the reason."""
    counted = connection.execute(
        "select outcome, count(*), list(comparison order by comparison) filter (where outcome in ('wrong', 'shown'))"
        f" from ({check.sql}) as comparison group by outcome order by outcome"
    ).fetchall()
    findings = []
    for outcome, _, found in counted:
        for row in found or ():
            one = Finding(check.path.stem, outcome, {name: value for name, value in row.items() if name != "outcome"})
            decision = accepted.get(one.finding_id) if outcome == "wrong" else None
            findings.append(one if decision is None else replace(one, outcome="accepted", decision=decision))
    return CheckResult(
        check.path.stem,
        check.description,
        sum(count for outcome, count, _ in counted if not outcome.startswith(NOT_COMPARED)),
        {outcome.removeprefix(NOT_COMPARED): count for outcome, count, _ in counted if outcome.startswith(NOT_COMPARED)},
        tuple(findings),
    )


def _finish(
    connection: duckdb.DuckDBPyConnection,
    plans: list[SourcePlan],
    results: list[CheckResult],
    findings: list[Finding],
    edition_id: str,
    inputs: str,
    as_of: date | None,
    say: Say,
) -> None:
    say("describing")
    checked = [
        {
            "check_name": one.name,
            "title": one.title,
            "comparisons": one.comparisons,
            "not_compared": sum(one.not_compared.values()),
            "not_compared_because": ", ".join(f"{reason}: {count}" for reason, count in one.not_compared.items()) or None,
            "shown_rows": len(one.of("shown")),
            "accepted_rows": len(one.of("accepted")),
            "passed": one.comparisons > 0,
        }
        for one in results
    ]
    found = {
        one.finding_id: {
            "finding_id": one.finding_id,
            "check_name": one.check,
            "source": one.source,
            "outcome": one.outcome,
            "found": one.text,
            "author": one.decision.author if one.decision else None,
            "reason": one.decision.reason if one.decision else None,
            "decided_at": one.decision.decided_at if one.decision else None,
        }
        for one in findings
    }
    status = [_status(connection, plan) for plan in plans]
    edition = {
        "edition_id": edition_id,
        "code_version": code_version(),
        "inputs": inputs,
        "as_of": None if as_of is None else end_of(as_of),
        "observed_until": _newest_look(plans),
        "releases": sum(len(plan.standing) for plan in plans),
        "stand_ins": any(one["stand_in"] for one in status),
        "duckdb_version": duckdb.__version__,
    }
    told: dict[str, list[dict[str, Any]]] = {"meta.check_result": checked, "meta.check_finding": list(found.values())}
    told |= {"meta.source_status": status, "meta.edition": [edition]}
    for name, rows in told.items():
        connection.execute(create_table(tables()[name]))
        _insert(connection, name, rows, order_by=tables()[name].key)
    for macro in generated.as_of_macros():
        connection.execute(macro)
    _describe(connection)


def _status(connection: duckdb.DuckDBPyConnection, plan: SourcePlan) -> dict[str, Any]:
    current = [one for one in plan.judged if one.state == "current"]
    held = [one for one in plan.judged if one.state == "held"]
    failed = [one for one in plan.judged if one.state == "failed"]
    first = min((one.observation.observed_at for one in plan.judged), default=None)
    # What the first look found was there before: only a publisher's date or calendar says how new it is.
    newest = _newest([one.observation for one in current], first)
    # A slice that was there before and was read anew is not the newer one that is due: it counts from when it was first known.
    by_look = sorted(plan.judged, key=lambda one: one.observation.observed_at, reverse=True)
    came = {one.observation.slice: one.observation for one in by_look}
    newest_slice = _newest([came[one.observation.slice] for one in current], first)
    config = plan.source.config if plan.source is not None else None
    rejected = connection.execute(_REJECTED, [plan.name]).fetchall()
    state: str
    message: str | None
    is_silent = not (plan.judged or plan.errors or plan.trouble or plan.fell_back)
    if is_silent and config is not None and config.fetch is not None:
        state, message = "not_asked", f"nothing was fetched yet: `lodestone fetch {plan.name}` or `lodestone nightly` asks"
    elif plan.not_known_by is not None:
        state, message = "ok", f"nothing of it was known by the end of {plan.not_known_by}"
    elif not current:
        refused = [f"{one.observation.slice}: {one.reason}" for one in (*failed, *held)[:3]]
        nothing = "the office took every row back" if plan.judged else "nothing was received"
        state, message = "failed", "; ".join(filter(None, (plan.fell_back, *plan.errors, plan.trouble, *refused))) or nothing
    elif plan.fell_back:
        state = "fell_back"
        message = (
            f"{plan.fell_back}; its newest look is left aside: compare these rows (check_finding holds all) with the publisher's page, "
            f"keep a mended copy (`lodestone keep {plan.name} FILE`), wait for the office's next or, where the figures are right, "
            "`lodestone accept ID --reason ...` with the 16 digits above; then `lodestone build`"
        )
    elif plan.errors or plan.trouble:
        stands = "the last good release stands; " if plan.stands else ""
        state, message = "failed", f"{stands}{'; '.join(filter(None, (*plan.errors, plan.trouble)))}"
    elif held:
        names = ", ".join(f"{one.observation.release_id} ({one.observation.slice}: {one.reason})" for one in held)
        state, message = "held", f"look at {names}, then `lodestone accept RELEASE --reason ...`"
    elif failed:
        state, message = "incomplete", "; ".join(f"{one.observation.slice}: {one.reason}" for one in failed[:3])
    elif rejected:
        state, message = "incomplete", _left_out(rejected)
    else:
        state, message = "ok", "; ".join(filter(None, (*plan.spent, _unattributed(connection, plan.name)))) or None
    counted = connection.execute(
        "select coalesce(sum(lines), 0)::bigint, coalesce(sum(accepted), 0)::bigint, coalesce(sum(rejected), 0)::bigint"
        " from meta.release where source = ? and state in ('current', 'failed')",
        [plan.name],
    ).fetchone()
    assert counted is not None
    newest_end = _newest_period_end(connection, plan.name)
    stand_in = any(file.stand_in for one in plan.judged for file in one.observation.files)
    citation = config.citation if config else "unknown"
    if stand_in and config:
        citation = f"Answers of a stand-in for {config.publisher}, from a rehearsal: not its figures, and not to be cited."
    return {
        "source": plan.name,
        "title": config.title if config else plan.name,
        "publisher": config.publisher if config else "unknown",
        "licence": config.licence if config else "unknown",
        "citation": citation,
        "redistributable": config.redistributable if config else False,
        "stand_in": stand_in,
        "state": state,
        "message": message,
        "newest_known_from": newest,
        "newest_period_end": newest_end,
        "due_by": None if config is None else _due_by(config, newest_slice, newest_end),
        "observed_at": plan.observed_at,
        "releases": len(current),
        "held": len(held),
        "failed": len(failed),
        "lines": counted[0],
        "accepted": counted[1],
        "rejected": counted[2],
    }


def _unattributed(connection: duckdb.DuckDBPyConnection, source: str) -> str | None:
    """What to know of an office whose partners fall short of its own totals; null where they do not, or its lines are typed from pages."""
    row = connection.execute(
        """
        with partners as (
            select series_id, period_start, sum(value_usd) as value_usd
            from facts.trade_flow
            where source = $source and period_kind = 'month' and publication is null
            group by series_id, period_start
        ),
        total as (
            select series_id, period_start, sum(value_usd) as value_usd
            from facts.trade_total
            where source = $source and period_kind = 'month'
            group by series_id, period_start
        )
        select count(*) filter (where coalesce(partners.value_usd, 0) < 0.999 * total.value_usd), count(*)
        from total
        left join partners using (series_id, period_start)
        where total.series_id in (select series_id from partners)
        """,
        {"source": source},
    ).fetchone()
    if row is None or not row[0]:
        return None
    return f"in {row[0]:,} of {row[1]:,} months of its series the partners fall short of the filed total; the rest is shown as unattributed"


_REJECTED = (
    "select source_member, source_row, reasons from meta.rejected where source = ? and release_id in"
    " (select release_id from meta.release where state = 'current') order by all"
)


def _left_out(rejected: list[tuple[Any, ...]]) -> str:
    told = "; ".join(f"{member} line {row}: {reasons}" for member, row, reasons in rejected[:3])
    more = f"; {len(rejected) - 3:,} more in meta.rejected" if len(rejected) > 3 else ""
    return (
        f"{len(rejected):,} lines of current releases were rejected, and what they would have said is unknown: {told}{more}; "
        "keep a mended copy, or add the code to its vocabulary, then `lodestone build`"
    )


def _newest(known: list[Observation], first: datetime | None) -> datetime | None:
    """When the newest of some observations became known; what merely stood there at the first look says nothing of that."""
    dated = [one.known_from for one in known if one.known_from_basis != "held" or one.observed_at != first]
    return max(dated or [one.known_from for one in known], default=None)


def _due_by(config: SourceConfig, newest: datetime | None, newest_end: date | None) -> date | None:
    """When something newer is due: so long after the next month's end, or after the newest release's publication."""
    if config.fetch is not None:
        if newest_end is None:
            return None
        first = (newest_end + timedelta(days=1)).replace(day=1)
        next_end = (first + timedelta(days=32)).replace(day=1) - timedelta(days=1)
        return next_end + timedelta(days=config.fetch.late_after_days)
    return None if newest is None or config.due_after_days is None else newest.date() + timedelta(days=config.due_after_days)


def _newest_period_end(connection: duckdb.DuckDBPyConnection, source: str) -> date | None:
    ends = []
    for table in tables().values():
        names = {column.name for column in table.columns}
        if table.versioned and {"source", "period_start", "period_months"} <= names:
            reported = "and status <> 'projection'" if "status" in names else ""
            reported += " and period_qualifier is null" if "period_qualifier" in names else ""
            last_day = "max(period_start + to_months(period_months))::date - 1"
            ends.append(f"select {last_day} as day from {table.full_name} where source = $source {reported}")
    row = connection.execute(f"select max(day) from ({' union all '.join(ends)})", {"source": source}).fetchone()
    return None if row is None else row[0]


def _describe(connection: duckdb.DuckDBPyConnection) -> None:
    """Put every table's and column's meaning into the file, and every table's name into `main`.

    In one transaction and few statements: two thousand single ones would take a third of a build.
    """
    real: dict[str, list[str]] = {}
    for name, column in connection.execute(
        "select schema_name || '.' || table_name, column_name from duckdb_columns()"
        " where database_name = 'edition' and schema_name in ('facts', 'vocabulary', 'marts', 'meta') order by 1, column_index"
    ).fetchall():
        real.setdefault(name, []).append(column)
    said = {
        one.name: (one.description, {column.name: _meaning(column.description, column.unit) for column in one.columns})
        for one in statements("marts")
    }
    for table in tables().values():
        meanings = {column.name: _meaning(column.description, column.unit) for column in table.columns}
        said[table.full_name] = (table.description, meanings)
        if table.versioned:
            past = f"{table.description} What is no longer current: rows that changed or vanished."
            said[f"{table.full_name}_superseded"] = (past, meanings | {STILL_PRINTED: _STILL_PRINTED})
    connection.begin()
    for name, columns in real.items():
        description, meanings = said[name]
        view = f'main."{name.split(".")[1]}"'
        comments = [("table", name, description), ("view", view, f"{description} (the table {name})")]
        for column in columns:
            comments += [("column", f'{one}."{column}"', meanings[column]) for one in (name, view)]
        written = [f"comment on {kind} {of} is '{_quoted(text)}'" for kind, of, text in comments]
        connection.execute("; ".join([f"create view {view} as select * from {name}", *written]))
    connection.commit()


def _meaning(description: str, unit: str | None) -> str:
    return f"{description} [{unit}]" if unit else description


def _count(connection: duckdb.DuckDBPyConnection, name: str) -> int:
    row = connection.execute(f"select count(*) from {name}").fetchone()
    return 0 if row is None else int(row[0])


def _columns_of(connection: duckdb.DuckDBPyConnection, database: str) -> set[str]:
    found = connection.execute(
        "select concat_ws('.', schema_name, table_name, column_name) from duckdb_columns() where database_name = ?", [database]
    )
    return {str(row[0]) for row in found.fetchall()}


def _quoted(text: object) -> str:
    return str(text).replace("'", "''")
