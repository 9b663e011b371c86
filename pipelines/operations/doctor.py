"""Whether an installation is in order: versions, folder, disk, keys, clock, settings, visits, releases, locks, leftovers, edition.

Each finding is one line with its remedy. Nothing is mended here, and no key is ever shown.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

import duckdb
import yaml

from pipelines import archive
from pipelines.archive import secrecy
from pipelines.archive.files import abandoned
from pipelines.edition.open import read_only, refused, refused_rows
from pipelines.edition.plan import code_version
from pipelines.edition.publish import weighed_until
from pipelines.errors import LodestoneError
from pipelines.fetching.missed import missed_months
from pipelines.model.statements import strays
from pipelines.settings import Settings
from pipelines.sources import Source, load_source, source_names

NEWEST_PYTHON = (3, 13)
OLDEST_PYTHON = (3, 11)
SHOWN_VERSIONS = ("duckdb", "polars", "dagster")
SKEW = timedelta(minutes=5)
"""Files may be this much younger than now: clocks of network drives are not ours."""
A_NIGHT = timedelta(hours=36)
"""So long after the last visit, or the edition, a nightly run has been missed."""
LOCKS = Path("/proc/locks")


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at: `level` is ok, warn (worth knowing) or bad (a person has to do something)."""

    level: str
    subject: str
    message: str
    remedy: str | None = None

    def __str__(self) -> str:
        return f"{self.level:<4}  {self.subject}: {self.message}" + (f"; {self.remedy}" if self.remedy else "")


def examine(settings: Settings, environment: Mapping[str, str]) -> list[Finding]:
    """Everything there is to say about an installation, whatever part of it is broken."""
    now = settings.now()
    offices = []
    found = [*_versions(), *(Finding("warn", "sql", message) for message in strays()), *_folder(settings), *_settings(settings)]
    for name in source_names():
        try:
            source = load_source(name)
        except (LodestoneError, OSError, ValueError, yaml.YAMLError) as error:
            found.append(Finding("bad", name, f"its source.yaml cannot be read ({error})", "restore it from version control"))
            continue
        found += [Finding("bad", name, str(error)) for error in archive.readable_decisions(settings.raw, name)[1]]
        if source.config.fetch is not None:
            offices.append(source)
    visits: dict[str, list[archive.Visit]] = {}
    for source in offices:
        made, unreadable = archive.readable_visits(settings.raw, source.name)
        found += [Finding("bad", source.name, str(error)) for error in unreadable]
        if made or not unreadable:
            visits[source.name] = made
    found += _keys(offices, visits, environment)
    found += _clock(settings, visits, now)
    for source in offices:
        if source.name in visits:
            found += _last_visit(settings, source, visits[source.name], now)
    return [
        *found,
        *_missed(settings, now),
        *_releases(settings),
        *_checks(settings),
        *_locks(settings),
        *_leftovers(settings),
        *_edition(settings, visits, now),
    ]


def _versions() -> Iterator[Finding]:
    running, version = sys.version_info[:2], sys.version.split()[0]
    if OLDEST_PYTHON <= running <= NEWEST_PYTHON:
        yield Finding("ok", "Python", version)
    else:
        wanted = " to ".join(".".join(map(str, bound)) for bound in (OLDEST_PYTHON, NEWEST_PYTHON))
        yield Finding("bad", "Python", f"{version} runs, {wanted} is needed", "install one of them, remove .venv and run `make run`")
    try:
        pinned = dict(re.findall(r"^([\w-]+)(?:\[\w+\])?==([\w.]+)$", "\n".join(requires("lodestone") or ()), re.MULTILINE))
    except PackageNotFoundError:
        yield Finding("warn", "packages", "Lodestone is not installed, so that no version is asked for", "run `make run`")
        return
    installed = {name: _installed(name) for name in pinned}
    wrong = {name: found for name, found in installed.items() if found != pinned[name]}
    for name, found in wrong.items():
        message = "is not installed" if found is None else f"{found} is installed"
        yield Finding("bad", "packages", f"{name} {message}, {pinned[name]} is needed", "run `make run`, which installs requirements.lock")
    if not wrong:
        yield Finding(
            "ok", "packages", ", ".join(f"{name} {installed[name]}" for name in SHOWN_VERSIONS if name in installed) + ", as asked for"
        )


def _installed(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _folder(settings: Settings) -> Iterator[Finding]:
    data = settings.data
    if not data.is_dir():
        yield Finding("bad", "data folder", f"there is no folder {data}", "run `lodestone build`, or set LODESTONE_DATA to the right one")
        return
    try:
        with tempfile.NamedTemporaryFile(dir=data, prefix=".doctor."):
            pass
        yield Finding("ok", "data folder", f"{data} can be written")
    except OSError as error:
        yield Finding(
            "bad", "data folder", f"{data} cannot be written ({error.strerror})", "make room, or give this user the right to write"
        )
    used, free = _used_bytes(data), shutil.disk_usage(data).free
    message = f"{free / 1e9:,.1f} GB free, the data take {used / 1e9:,.2f} GB"
    if free < 2 * used:
        yield Finding(
            "warn", "disk", message, "make room for twice the data: a night keeps the edition before and builds the next beside it"
        )
    else:
        yield Finding("ok", "disk", message)


def _used_bytes(folder: Path) -> int:
    """Bytes of all files, those with several names counted once. A file that goes meanwhile takes no room."""
    sizes = {}
    for place, _, names in os.walk(folder):
        for name in names:
            try:
                found = (Path(place) / name).lstat()
            except FileNotFoundError:
                continue
            sizes[found.st_dev, found.st_ino] = found.st_size
    return sum(sizes.values())


def _settings(settings: Settings) -> Iterator[Finding]:
    codes = settings.selection.count(",") + 1
    asked = settings.selection if settings.selection in ("basket", "all") else f"{codes} codes of LODESTONE_SELECTION"
    yield Finding("ok", "selection", asked)
    held = archive.answered_by_stand_ins(settings.raw)
    answers = {
        None: "no answer is held",
        True: "the answers held are those of stand-ins",
        False: "the answers held are those of offices",
    }
    if settings.offices is not None:
        message = f"LODESTONE_OFFICES is set: {secrecy.public(settings.offices)} answers in the place of every office; {answers[held]}"
        remedy = "unset it, or set LODESTONE_DATA to a folder for rehearsals" if held is False else "unset it unless this is a rehearsal"
        yield Finding("bad" if held is False else "warn", "offices", message, remedy)
    elif held:
        remedy = "set LODESTONE_OFFICES to go on rehearsing, or LODESTONE_DATA to another folder"
        yield Finding("bad", "offices", f"{answers[held]}: no figure of them is to be used", remedy)
    if settings.fixed_now is not None:
        yield Finding(
            "warn",
            "clock",
            f"LODESTONE_NOW is set: now counts as {settings.fixed_now:%Y-%m-%d %H:%M} UTC",
            "unset it unless this is a rehearsal",
        )
    message = (
        "failures and lateness are posted to a webhook"
        if settings.alert_url
        else "no webhook is told of failures: LODESTONE_ALERT_URL is not set"
    )
    yield Finding("ok", "alerts", message)


def _keys(offices: list[Source], visits: Mapping[str, list[archive.Visit]], environment: Mapping[str, str]) -> Iterator[Finding]:
    for source in offices:
        key = source.config.fetch.key if source.config.fetch else None
        if key is None:
            continue
        if environment.get(key.environment, "").strip():
            yield Finding("ok", f"key of {source.name}", f"{key.environment} is set")
        else:
            level = "bad" if visits.get(source.name) else "warn"
            yield Finding(level, f"key of {source.name}", f"{key.environment} is missing", f"sign up at {key.sign_up} and set it")


def _clock(settings: Settings, visits: Mapping[str, list[archive.Visit]], now: datetime) -> Iterator[Finding]:
    snapshots = [receipt for name in source_names() for receipt in archive.readable_receipts(settings.raw, name)[0]]
    snapshots += [receipt for made in visits.values() for visit in made for receipt in visit.receipts]
    newest = max(snapshots, key=lambda receipt: receipt.observed_at, default=None)
    remedy = "set the clock right before anything is fetched: a receipt dated wrongly would change what was known when"
    if newest is not None and newest.observed_at > now:
        message = f"it says {now:%Y-%m-%d %H:%M} UTC, but {newest.member} was received at {newest.observed_at:%Y-%m-%d %H:%M}"
        yield Finding("bad", "clock", message, remedy)
        return
    if settings.fixed_now is None:
        written = [path for path in (settings.edition, settings.writer_lock) if path.exists()]
        youngest = max(written, key=lambda path: path.lstat().st_mtime, default=None)
        if youngest is not None:
            at = datetime.fromtimestamp(youngest.lstat().st_mtime, UTC)
            if at > now + SKEW:
                yield Finding(
                    "bad", "clock", f"it says {now:%Y-%m-%d %H:%M} UTC, but {youngest.name} was written at {at:%Y-%m-%d %H:%M}", remedy
                )
                return
    yield Finding("ok", "clock", f"{now:%Y-%m-%d %H:%M} UTC, later than every receipt")


def _last_visit(settings: Settings, source: Source, visits: list[archive.Visit], now: datetime) -> Iterator[Finding]:
    again = f"`lodestone fetch {source.name}` or `lodestone nightly` asks again"
    if not visits:
        yield Finding("warn", source.name, "was never asked", f"`lodestone fetch {source.name}` or `lodestone nightly` asks")
        return
    last = visits[-1]
    trouble = archive.standing_trouble(settings.raw, source.name)
    if trouble is not None:
        yield Finding("bad", source.name, trouble, again)
        return
    message = f"asked on {last.began:%Y-%m-%d %H:%M} UTC, all {len(last.requests)} requests answered"
    if now - last.began > A_NIGHT:
        yield Finding(
            "warn", source.name, f"{message}; that is {(now - last.began).days} days ago", "see whether the nightly run is started"
        )
    else:
        yield Finding("ok", source.name, message)


def _missed(settings: Settings, now: datetime) -> Iterator[Finding]:
    try:
        with read_only(settings.edition) as connection:
            missed = missed_months(settings, connection, now)
    except (LodestoneError, duckdb.Error):  # told of where the edition, or the visits, are
        return
    for months in missed:
        yield Finding("bad", months.source, months.what_is_wrong, months.remedy)


def _releases(settings: Settings) -> Iterator[Finding]:
    try:
        with read_only(settings.edition) as connection:
            found = refused(connection)
    except (LodestoneError, duckdb.Error):  # told of where the edition is
        return
    decided: dict[str, archive.Decision] = {}
    for name in sorted({row["source"] for row in found}):
        decided |= archive.decisions(settings.raw, name)
    for row in found:
        release, source, piece, state, reason = (row[name] for name in ("release_id", "source", "slice", "state", "reason"))
        subject, message = f"release {release}", f"{piece} {state}: {reason}"
        decision = decided.get(release)
        if state == "quarantined" and decision is not None and decision.verb == "accept":
            yield Finding(
                "warn", subject, f"{piece} is quarantined and was accepted by {decision.author} since", "`lodestone build` lets it in"
            )
        elif state == "quarantined" and decision is not None:
            yield Finding("ok", subject, message)
        elif state == "quarantined":
            yield Finding(
                "bad",
                subject,
                message,
                f"look at it, then `lodestone accept {release} --reason ...` or `lodestone quarantine {release} --reason ...`",
            )
        else:
            where = f"lodestone sql \"from rejected where release_id = '{release}'\""
            yield Finding("bad", subject, message, f"`{where}` shows the lines of {source}, each with its remedy")


def _checks(settings: Settings) -> Iterator[Finding]:
    """What checks compared, and the rows they refuse that nobody has decided on."""
    try:
        with read_only(settings.edition) as connection:
            results = connection.sql("from meta.check_result order by check_name").pl()
            refused = refused_rows(connection)
    except (LodestoneError, duckdb.Error):  # told of where the edition is
        return
    message = (
        f"{results.height} checks made {results['comparisons'].sum():,} comparisons and could not make {results['not_compared'].sum():,}; "
        f"{results['shown_rows'].sum():,} rows disagree and are shown, {results['accepted_rows'].sum():,} are accepted (check_finding)"
    )
    idle = results.filter(comparisons=0)["check_name"].to_list()
    if idle:
        yield Finding(
            "warn", "checks", f"{message}; nothing to compare had {', '.join(idle)}", "look whether their tables should have rows"
        )
    else:
        yield Finding("ok", "checks", message)
    for source, check in dict.fromkeys((row["source"], row["check_name"]) for row in refused):
        rows = [row for row in refused if (row["source"], row["check_name"]) == (source, check)]
        decided = archive.decisions(settings.raw, source)
        open_rows = [row for row in rows if decided.get(row["finding_id"]) is None or decided[row["finding_id"]].verb != "accept"]
        message = f"{check} refuses {len(rows)} rows, behind which the source fell back"
        if open_rows:
            remedy = f"keep a mended copy, or `lodestone accept {open_rows[0]['finding_id']} --reason ...`"
            yield Finding("bad", source, f"{message}, e.g. {open_rows[0]['found']}", remedy)
        else:
            yield Finding("warn", source, f"{message}; they were accepted since", "`lodestone build` lets them in")


def _locks(settings: Settings) -> Iterator[Finding]:
    """Who writes or fetches now. Asking the system, for trying a lock could refuse it to a run that begins this moment."""
    taken = []
    for path in (settings.writer_lock, *sorted(settings.data.glob(".fetch-*.lock"))):
        process = _holder(path)
        if process is not None:
            does = "builds" if path == settings.writer_lock else f"asks {path.stem.removeprefix('.fetch-')}"
            taken.append(f"process {process} {does}")
    yield Finding(
        "ok", "locks", ", ".join(taken) if taken else "nobody builds or fetches" if LOCKS.exists() else "this system does not tell"
    )


def _holder(path: Path) -> str | None:
    if not path.exists() or not LOCKS.exists():
        return None
    inode = str(path.stat().st_ino)
    for line in LOCKS.read_text("ascii").splitlines():
        fields = line.split()
        if fields[1] == "FLOCK" and fields[5].split(":")[-1] == inode:
            return fields[4]
    return None


def leftovers(settings: Settings) -> list[Path]:
    """What killed runs left behind: drafts of files and folders, which the next build removes."""
    folders = [settings.data, settings.previous_edition.parent, settings.edition_as_of("any").parent]
    folders += [
        *settings.curated.glob("*/"),
        *settings.raw.glob("*/decisions/"),
        *settings.raw.glob("*/*/*/"),
    ]
    return [path for folder in folders for path in abandoned(folder)]


def _leftovers(settings: Settings) -> Iterator[Finding]:
    left = leftovers(settings)
    if left:
        message = f"{len(left)} drafts of killed runs, e.g. {left[0].relative_to(settings.data)}"
        yield Finding("warn", "leftovers", message, "the next `lodestone build` removes them")
    else:
        yield Finding("ok", "leftovers", "no draft of a killed run")
    halves = sorted(settings.raw.glob("*/fetched/partial/*.part"))
    if halves:
        yield Finding("ok", "leftovers", f"{len(halves)} half-received files wait to be gone on with")


def _edition(settings: Settings, visits: Mapping[str, list[archive.Visit]], now: datetime) -> Iterator[Finding]:
    try:
        with read_only(settings.edition) as connection:
            row = connection.execute("select edition_id, code_version from meta.edition").fetchone()
            until = weighed_until(settings, connection)
    except LodestoneError as error:
        yield Finding("bad", "edition", str(error))
        return
    except duckdb.Error as error:
        yield Finding(
            "bad", "edition", f"{settings.edition} cannot be read ({str(error).splitlines()[0]})", "`lodestone build` replaces it"
        )
        return
    if row is None:
        yield Finding("bad", "edition", f"{settings.edition} is empty", "`lodestone build` replaces it")
        return
    edition_id, code = row
    built = datetime.fromtimestamp(settings.edition.stat().st_mtime, UTC)
    message = f"{edition_id}, published {built:%Y-%m-%d %H:%M} UTC"
    newest = max((receipt.observed_at for made in visits.values() for visit in made for receipt in visit.receipts), default=None)
    looked = max((visit.receipts[-1].observed_at for made in visits.values() for visit in made[-1:] if visit.receipts), default=None)
    if newest is not None and (until is None or newest > until):
        yield Finding(
            "bad", "edition", f"{message}, knows nothing of the answers of {newest:%Y-%m-%d %H:%M}", "`lodestone build` takes them in"
        )
    elif code != code_version():
        yield Finding("warn", "edition", f"{message}, was built by another version of the code", "`lodestone build` builds it anew")
    elif looked is not None and now - looked > A_NIGHT:
        yield Finding(
            "warn", "edition", f"{message}, stands on snapshots until {looked:%Y-%m-%d}", "see whether the nightly run is started"
        )
    else:
        yield Finding("ok", "edition", message)
