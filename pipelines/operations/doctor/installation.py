"""What stands on this machine: versions, folder, disk, settings, locks, leftovers."""

from __future__ import annotations

import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

from pipelines import archive
from pipelines.archive import secrecy
from pipelines.archive.files import abandoned
from pipelines.operations.doctor.finding import Finding
from pipelines.settings import Settings

NEWEST_PYTHON = (3, 13)
OLDEST_PYTHON = (3, 11)
SHOWN_VERSIONS = ("duckdb", "polars", "dagster")
LOCKS = Path("/proc/locks")


def versions() -> Iterator[Finding]:
    """Python, and the packages that are asked for."""
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


def folder(settings: Settings) -> Iterator[Finding]:
    """The data folder and the room on its disk."""
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


def settings_made(settings: Settings) -> Iterator[Finding]:
    """What the environment sets, and whether the answers held fit it."""
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


def locks(settings: Settings) -> Iterator[Finding]:
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


def left_over(settings: Settings) -> Iterator[Finding]:
    """What killed runs left, and answers that are half received."""
    left = leftovers(settings)
    if left:
        message = f"{len(left)} drafts of killed runs, e.g. {left[0].relative_to(settings.data)}"
        yield Finding("warn", "leftovers", message, "the next `lodestone build` removes them")
    else:
        yield Finding("ok", "leftovers", "no draft of a killed run")
    halves = sorted(settings.raw.glob("*/fetched/partial/*.part"))
    if halves:
        yield Finding("ok", "leftovers", f"{len(halves)} half-received files wait to be gone on with")
