"""The ledger of a source: what was read of every file, what the gate said of it, and where its rows stand.

    data/curated/<source>/ledger.parquet                        a line a slice of a file, and one for the file itself
    data/curated/<source>/comparisons.parquet                   how two releases stand to each other
    data/curated/<source>/<files>-<version>/<table>.parquet     rows of the files that one snapshot was the first to bring
                                           /rejected.parquet    their rejected lines, with reasons

All of it follows from data/raw, the code and the vocabulary, whose version is in the name: what is missing, of another
version or cannot be read is made again.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC
from functools import cached_property, lru_cache, partial
from pathlib import Path
from typing import Any

import polars as pl

from pipelines import archive
from pipelines.archive.files import write_atomically
from pipelines.errors import BadFile, LodestoneError
from pipelines.intake.corrections import Correction
from pipelines.intake.release import Comparison, Observation, Part
from pipelines.reasons import Reason, reason
from pipelines.settings import Settings
from pipelines.sources import Source

SCHEMA = pl.Schema(
    {
        "file": pl.String(),
        "version": pl.String(),
        "slice": pl.String(),
        "part_id": pl.String(),
        "member": pl.String(),
        "digest": pl.String(),
        "lines": pl.Int64(),
        "known_from": pl.Datetime("us", "UTC"),
        "known_from_basis": pl.String(),
        "is_first": pl.Boolean(),
        "accepted": pl.Int64(),
        "rejected": pl.Int64(),
        "reasons": pl.List(pl.String()),
        "corrected": pl.String(),
        "error": pl.String(),
        "expired": pl.List(pl.String()),
        "folder": pl.String(),
        "sizes": pl.String(),
    }
)
"""Columns of a ledger. In the line of a file itself, `slice` is null; `error` is why it cannot be read, `folder` where the rows
that it was the first to bring stand, `sizes` those of the curated files there. `is_first`: the rows of the part stand there."""

COMPARISONS = pl.Schema(
    {
        "version": pl.String(),
        "purpose": pl.String(),
        "release_id": pl.String(),
        "other_release_id": pl.String(),
        "figures": pl.Int64(),
        "reason_code": pl.String(),
        "reason_fields": pl.String(),
    }
)
"""Columns of comparisons; `figures` is null where two releases have none in common."""


@dataclass(frozen=True)
class Verdict:
    """What the gate said of one part, or of a release. `lines` are raw lines; a line may yield several curated rows."""

    lines: int
    accepted: int
    rejected: int
    reasons: tuple[str, ...] = ()
    corrected: tuple[tuple[str, str, int], ...] = ()
    """Correction, file and line of every row that a correction changed."""
    folder: str = ""
    """Folder of the curated files in which a part's rows stand."""


MOST_REASONS = 5


@dataclass(frozen=True)
class Entry:
    """What was read of one file."""

    parts: tuple[Part, ...]
    error: LodestoneError | None
    expired: tuple[str, ...]
    folder: str = ""
    sizes: Mapping[str, int] = field(default_factory=dict)
    """Curated files in its folder, with their sizes."""


@dataclass
class Ledger:
    """A source's files by their key, the verdicts on their parts, and how pairs of releases stand to each other."""

    files: dict[str, Entry] = field(default_factory=dict)
    verdicts: dict[str, Verdict] = field(default_factory=dict)
    max_rejected_share: float = 0
    passing: dict[str, Entry] = field(default_factory=dict, compare=False)
    """Files that were read, and are to be read again by the next run: they are not written down."""
    read_comparisons: Callable[[], dict[tuple[str, str, str], Comparison | None]] = field(default=dict, compare=False)

    @cached_property
    def comparisons(self) -> dict[tuple[str, str, str], Comparison | None]:
        """By what it is compared for, and the ids of both releases. Only who judges history reads them."""
        return self.read_comparisons()

    def compared(
        self, purpose: str, observation: Observation, other: Observation, compare: Callable[[], Comparison | None]
    ) -> Comparison | None:
        """How two releases stand to each other: what `compare` found when they first met."""
        key = (purpose, observation.release_id, other.release_id)
        if key not in self.comparisons:
            self.comparisons[key] = compare()
        return self.comparisons[key]

    def knows(self, file: str) -> bool:
        """Whether a file was read, and there is a verdict on each of its parts."""
        return file in self.files and all(part.part_id in self.verdicts for part in self.files[file].parts)

    def verdict(self, observation: Observation) -> Verdict:
        """The verdict on what was observed: that on all of its parts."""
        parts = [self.verdicts[part] for part in observation.parts if part in self.verdicts]
        return Verdict(
            observation.lines,
            sum(part.accepted for part in parts),
            sum(part.rejected for part in parts),
            tuple(reason for part in parts for reason in part.reasons)[:MOST_REASONS],
            tuple(place for part in parts for place in part.corrected),
        )

    def why_failed(self, observation: Observation) -> Reason | None:
        """Why a release cannot be used; null where it can."""
        if not set(observation.parts) <= self.verdicts.keys():
            return reason("not_curated")
        verdict = self.verdict(observation)
        if verdict.rejected > self.max_rejected_share * verdict.lines:
            return reason("too_many_rejected", rejected=verdict.rejected, lines=verdict.lines, example=verdict.reasons[0])
        unnamed = [reason for part in observation.unnamed if part in self.verdicts for reason in self.verdicts[part].reasons]
        return reason("beside_unnamed", example=unnamed[0]) if unnamed and self.max_rejected_share == 0 else None


def key_of(receipt: archive.Receipt, corrections: Iterable[Correction]) -> str:
    """What a file is known by: its bytes, and corrections that may concern it."""
    terms = [receipt.sha256, receipt.member, *(fix.correction_id for fix in corrections)]
    return hashlib.sha256("\n".join(terms).encode()).hexdigest()[:16]


def folder_of(settings: Settings, source: Source, folder: str) -> Path:
    """Where curated files lie."""
    return settings.curated / source.name / f"{folder}-{source.version}"


def path_of(settings: Settings, name: str) -> Path:
    """Where the ledger of a source lies."""
    return settings.curated / name / "ledger.parquet"


def read(settings: Settings, source: Source) -> Ledger:
    """The ledger as far as it is of this version and its curated files are there; empty where there is none that can be read."""
    path = path_of(settings, source.name)
    share = source.config.max_rejected_share
    try:
        written = path.stat()
        ledger = _read(path, source.version, written.st_ino, written.st_mtime_ns)
    except (OSError, ValueError, KeyError, TypeError, pl.exceptions.PolarsError):
        return Ledger(max_rejected_share=share)
    folders = {entry.folder: entry.sizes for entry in ledger.files.values() if entry.folder}
    gone = {folder for folder, sizes in folders.items() if not _stand(folder_of(settings, source, folder), sizes)}
    return Ledger(
        {file: entry for file, entry in ledger.files.items() if entry.folder not in gone},
        {part: verdict for part, verdict in ledger.verdicts.items() if verdict.folder not in gone},
        share,
        read_comparisons=partial(_read_comparisons, settings, source),
    )


def _read_comparisons(settings: Settings, source: Source) -> dict[tuple[str, str, str], Comparison | None]:
    try:
        lines = pl.read_parquet(_comparisons_path(settings, source.name)).cast(COMPARISONS)
    except (OSError, ValueError, pl.exceptions.PolarsError):
        return {}
    return {
        (purpose, release, other): None
        if figures is None
        else Comparison(figures, None if code is None else Reason(code, json.loads(values)))
        for version, purpose, release, other, figures, code, values in lines.iter_rows()
        if version == source.version
    }


def write_comparisons(settings: Settings, source: Source, ledger: Ledger) -> None:
    """Write how releases stand to each other, for the runs to come."""
    rows = []
    for key, found in ledger.comparisons.items():
        why = None if found is None else found.why_apart
        coded = (None, None) if why is None else (why.code, json.dumps(why.fields, default=str))
        rows.append((source.version, *key, None if found is None else found.figures, *coded))
    _write(_comparisons_path(settings, source.name), pl.DataFrame(rows, schema=COMPARISONS, orient="row"))


def _comparisons_path(settings: Settings, name: str) -> Path:
    return settings.curated / name / "comparisons.parquet"


def _write(path: Path, frame: pl.DataFrame) -> None:
    written = io.BytesIO()
    frame.write_parquet(written, compression="zstd")
    write_atomically(path, written.getvalue())


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
    parts: dict[str, list[Part]] = {}
    verdicts: dict[str, Verdict] = {}
    entries: dict[str, dict[str, Any]] = {}
    for row in lines.iter_rows(named=True):
        if row["slice"] is None:
            entries[row["file"]] = row
            continue
        # Polars names the zone otherwise, and what an edition is made of is compared as text.
        row["known_from"] = row["known_from"] and row["known_from"].replace(tzinfo=UTC)
        parts.setdefault(row["file"], []).append(Part(**{name: row[name] for name in _OF_PART}))
        if row["is_first"]:
            verdicts[row["part_id"]] = Verdict(
                row["lines"],
                row["accepted"],
                row["rejected"],
                tuple(row["reasons"]),
                tuple((fix, member, line) for fix, member, line in json.loads(row["corrected"])),
                row["folder"],
            )
    files = {
        file: Entry(
            tuple(parts.get(file, ())),
            None if row["error"] is None else BadFile(**json.loads(row["error"])),
            tuple(row["expired"]),
            row["folder"],
            json.loads(row["sizes"]),
        )
        for file, row in entries.items()
    }
    return Ledger(files, verdicts)


_OF_PART = [column.name for column in fields(Part)]


def write(settings: Settings, source: Source, ledger: Ledger) -> None:
    """Write the ledger in the place of the one before."""
    rows: list[dict[str, Any]] = []
    written: set[str] = set()
    for file, entry in ledger.files.items():
        bare = {"file": file, "version": source.version}
        error = None if entry.error is None else json.dumps(vars(entry.error))
        kept = {"error": error, "expired": list(entry.expired), "folder": entry.folder, "sizes": json.dumps(dict(entry.sizes))}
        rows.append(bare | kept)
        for part in entry.parts:
            verdict = ledger.verdicts.get(part.part_id)
            row = bare | vars(part) | {"is_first": verdict is not None and verdict.folder == entry.folder and part.part_id not in written}
            if row["is_first"] and verdict is not None:
                written.add(part.part_id)
                row |= {"accepted": verdict.accepted, "rejected": verdict.rejected, "folder": verdict.folder}
                row |= {"reasons": list(verdict.reasons), "corrected": json.dumps(verdict.corrected)}
            rows.append(row)
    _write(path_of(settings, source.name), pl.DataFrame(rows, schema=SCHEMA))


def lost(settings: Settings, name: str, accounted: Collection[str]) -> str | None:
    """What was curated of a source and is in no snapshot any more, as files and lines; null where nothing is.

    Curated files are made from raw ones, so that this is what their loss, or that of their receipts, takes from the edition.
    """
    try:
        curated = pl.read_parquet(path_of(settings, name)).cast(SCHEMA).filter("is_first", corrected="[]")  # a correction may be taken back
    except (OSError, ValueError, pl.exceptions.PolarsError):  # it is made anew
        return None
    gone = curated.filter(~pl.col("part_id").is_in(list(accounted)))
    if gone.is_empty():
        return None
    by_file = gone.group_by("member").agg(pl.col("lines").sum()).sort("member")
    listed = ", ".join(f"{count:,} lines of {file}" for file, count in by_file.iter_rows())
    return (
        f"not in the edition any more are {listed}, curated earlier: restore data/raw/{name} from version control or the backup "
        f"(without data/curated/{name} they are forgotten)"
    )
