"""The ledger of a source: what was read of every look, what the gate said of every release, and where its rows stand.

    data/curated/<source>/ledger.parquet                           a line a slice of a look, and one for the look itself
    data/curated/<source>/<look>-<version>/<table>.parquet         rows of the releases that the look was the first to bring
                                          /rejected.parquet        their rejected lines, with reasons

All of it follows from data/raw, the code and the vocabulary, whose version is in the name: what is missing, of another
version or cannot be read is made again.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import polars as pl

from pipelines import archive
from pipelines.archive.files import write_atomically
from pipelines.errors import BadFile, LodestoneError
from pipelines.intake.corrections import Correction
from pipelines.intake.release import Cut, Observation
from pipelines.reasons import Reason, reason
from pipelines.settings import Settings
from pipelines.sources import Source

SCHEMA = pl.Schema(
    {
        "look": pl.String(),
        "version": pl.String(),
        "slice": pl.String(),
        "release_id": pl.String(),
        "content_hash": pl.String(),
        "lines": pl.Int64(),
        "known_from": pl.Datetime("us", "UTC"),
        "known_from_basis": pl.String(),
        "members": pl.List(pl.String()),
        "is_first": pl.Boolean(),
        "state": pl.String(),
        "accepted": pl.Int64(),
        "rejected": pl.Int64(),
        "reasons": pl.List(pl.String()),
        "corrected": pl.String(),
        "errors": pl.String(),
        "spent": pl.List(pl.String()),
        "files": pl.String(),
    }
)
"""Columns of a ledger. In the line of a look itself, `slice` is null; `files` are the curated files of the look and their
sizes, `errors` what of it cannot be read. `is_first`: the rows of the release stand in the folder of this look."""


@dataclass(frozen=True)
class Verdict:
    """What the gate said of one release. `lines` are raw lines; a line may yield several curated rows."""

    state: str
    lines: int
    accepted: int
    rejected: int
    reasons: tuple[str, ...] = ()
    corrected: tuple[tuple[str, str, int], ...] = ()
    """Correction, file and line of every row that a correction changed."""
    members: tuple[str, ...] = ()
    folder: str | None = None
    """Folder of the look that was the first to bring it; null where it has no rows."""

    def why_failed(self) -> Reason | None:
        """Why the release cannot be used; null where it can."""
        if self.state == "ok":
            return None
        if not self.rejected:
            return reason("not_curated")
        return reason("too_many_rejected", rejected=self.rejected, lines=self.lines, example=self.reasons[0])


WITHDRAWN = Verdict("ok", 0, 0, 0)


@dataclass(frozen=True)
class Entry:
    """What was read of one look."""

    cuts: tuple[Cut, ...]
    errors: Mapping[str, LodestoneError]
    spent: tuple[str, ...]
    files: Mapping[str, int]
    """Curated files that it was the first to make, with their sizes."""


@dataclass
class Ledger:
    """A source's looks by their key, and the verdicts on its releases."""

    looks: dict[str, Entry] = field(default_factory=dict)
    verdicts: dict[str, Verdict] = field(default_factory=dict)
    passing: dict[str, Entry] = field(default_factory=dict, compare=False)
    """Looks that were read, and are to be read again by the next run: they are not written down."""

    def knows(self, look: str) -> bool:
        """Whether a look was read, and there is a verdict on each of its releases."""
        return look in self.looks and all(cut.release_id in self.verdicts for cut in self.looks[look].cuts)

    def forget(self, look: str) -> None:
        """Forget a look, and the verdicts on releases whose rows stand with it."""
        self.looks.pop(look, None)
        self.verdicts = {release: verdict for release, verdict in self.verdicts.items() if verdict.folder != look}

    def verdict(self, one: Observation) -> Verdict:
        """The verdict on what was observed."""
        if one.withdrawn:
            return WITHDRAWN
        return self.verdicts.get(one.release_id) or Verdict("failed", one.lines, 0, 0)


def key_of(receipts: tuple[archive.Receipt, ...], slices: Mapping[str, tuple[str, ...]], corrections: tuple[Correction, ...]) -> str:
    """What a look is known by: its bytes, what they speak for, and the corrections that were decided by then."""
    terms = [
        [[receipt.member, receipt.sha256] for receipt in receipts],
        sorted((name, list(members)) for name, members in slices.items()),
        [fix.correction_id for fix in corrections],
    ]
    return hashlib.sha256(json.dumps(terms).encode()).hexdigest()[:16]


def folder_of(settings: Settings, source: Source, look: str) -> Path:
    """Where the curated files of a look lie."""
    return settings.curated / source.name / f"{look}-{source.version}"


def path_of(settings: Settings, name: str) -> Path:
    """Where the ledger of a source lies."""
    return settings.curated / name / "ledger.parquet"


def read(settings: Settings, source: Source) -> Ledger:
    """The ledger as far as it is of this version and its curated files are there; empty where there is none that can be read."""
    path = path_of(settings, source.name)
    try:
        written = path.stat()
        ledger = _read(path, source.version, written.st_ino, written.st_mtime_ns)
    except (OSError, ValueError, KeyError, TypeError, pl.exceptions.PolarsError):
        return Ledger()
    gone = {look for look, entry in ledger.looks.items() if not _stand(folder_of(settings, source, look), entry.files)}
    return Ledger(
        {look: entry for look, entry in ledger.looks.items() if look not in gone},
        {release: verdict for release, verdict in ledger.verdicts.items() if verdict.folder not in gone},
    )


def _stand(folder: Path, files: Mapping[str, int]) -> bool:
    try:
        return all((folder / name).stat().st_size == size for name, size in files.items())
    except OSError:
        return False


@lru_cache(maxsize=100)
def _read(path: Path, version: str, *_: int) -> Ledger:
    lines = pl.read_parquet(path)
    if lines.schema != SCHEMA:
        raise ValueError(path)
    lines = lines.filter(pl.col("version") == version)
    cuts: dict[str, list[Cut]] = {}
    verdicts: dict[str, Verdict] = {}
    entries: dict[str, dict[str, Any]] = {}
    for one in lines.iter_rows(named=True):
        if one["slice"] is None:
            entries[one["look"]] = one
            continue
        cuts.setdefault(one["look"], []).append(
            Cut(
                one["slice"],
                one["release_id"],
                one["content_hash"],
                one["lines"],
                one["known_from"],
                one["known_from_basis"],
                tuple(one["members"]),
            )
        )
        if one["is_first"]:
            verdicts[one["release_id"]] = Verdict(
                one["state"],
                one["lines"],
                one["accepted"],
                one["rejected"],
                tuple(one["reasons"]),
                tuple((fix, member, line) for fix, member, line in json.loads(one["corrected"])),
                tuple(one["members"]),
                one["look"],
            )
    looks = {
        look: Entry(
            tuple(cuts.get(look, ())),
            {member: BadFile(**values) for member, values in json.loads(one["errors"]).items()},
            tuple(one["spent"]),
            json.loads(one["files"]),
        )
        for look, one in entries.items()
    }
    return Ledger(looks, verdicts)


def write(settings: Settings, source: Source, ledger: Ledger) -> None:
    """Write the ledger in the place of the one before."""
    rows: list[dict[str, Any]] = []
    for look, entry in ledger.looks.items():
        bare = {"look": look, "version": source.version}
        errors = {member: vars(error) for member, error in entry.errors.items()}
        rows.append(bare | {"errors": json.dumps(errors), "spent": list(entry.spent), "files": json.dumps(dict(entry.files))})
        for cut in entry.cuts:
            verdict = ledger.verdicts.get(cut.release_id)
            row = bare | vars(cut) | {"members": list(cut.members), "is_first": verdict is not None and verdict.folder == look}
            if row["is_first"] and verdict is not None:
                row |= {"state": verdict.state, "accepted": verdict.accepted, "rejected": verdict.rejected}
                row |= {"reasons": list(verdict.reasons), "corrected": json.dumps(verdict.corrected)}
            rows.append(row)
    written = io.BytesIO()
    pl.DataFrame(rows, schema=SCHEMA).write_parquet(written, compression="zstd")
    write_atomically(path_of(settings, source.name), written.getvalue())


def lost(settings: Settings, name: str, accounted: Collection[str]) -> str | None:
    """What was curated of a source and is in no history any more, as files and lines; null where nothing is.

    Curated files are made from raw ones, so that this is what their loss, or that of their receipts, takes from the edition.
    """
    try:
        curated = pl.read_parquet(path_of(settings, name)).cast(SCHEMA).filter("is_first", corrected="[]")  # a correction may be taken back
    except (OSError, ValueError, pl.exceptions.PolarsError):  # it is made anew
        return None
    gone = curated.filter(~pl.col("release_id").is_in(list(accounted)))
    if gone.is_empty():
        return None
    by_file = gone.group_by(pl.col("members").list.join(", ").alias("files")).agg(pl.col("lines").sum()).sort("files")
    told = ", ".join(f"{count:,} lines of {file}" for file, count in by_file.iter_rows())
    return (
        f"not in the edition any more are {told}, curated earlier: restore data/raw/{name} from version control or the backup "
        f"(without data/curated/{name} they are forgotten)"
    )
