"""Corrections of what an office filed: a person's corrections, and publishers' errors that are known to everybody.

    data/raw/<source>/corrections/<time>-<id>.json     `lodestone correct`: this installation's, from its moment on
    pipelines/sources/<source>/corrections.yaml      committed with the source: known errors, from the beginning

Each names a row by its key, a column, the text as filed and the text to use. The text as filed is a guard: once the office
mends its figure, or the row is gone, the correction no longer applies and is told as expired. Nothing else is ever changed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import yaml
from pydantic import TypeAdapter

from pipelines.archive.files import write_atomically
from pipelines.archive.receipt import in_utc
from pipelines.errors import LodestoneError, in_words
from pipelines.sources import FOLDER

ALWAYS = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Correction:
    """One text of one row. `slice` is null where the row is looked for in every slice; `where` is the row's key, as filed."""

    source: str
    slice: str | None
    kind: str
    where: dict[str, str | None]
    column: str
    filed: str | None
    used: str | None
    author: str
    reason: str
    decided_at: datetime

    @property
    def correction_id(self) -> str:
        """16 hex digits of what it says."""
        return hashlib.sha256(json.dumps(asdict(self), default=str, sort_keys=True).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Applied:
    """A correction that changed a row."""

    correction_id: str
    source_member: str
    source_row: int


def keep(raw: Path, correction: Correction) -> Path:
    """Write down a correction; nothing that was received is touched."""
    path = raw / correction.source / "corrections" / f"{correction.decided_at:%Y%m%dT%H%M%SZ}-{correction.correction_id}.json"
    text = json.dumps(asdict(correction), default=datetime.isoformat, indent=1, sort_keys=True, ensure_ascii=False)
    write_atomically(path, (text + "\n").encode())
    return path


def corrections_of(raw: Path, source: str) -> list[Correction]:
    """Every correction of a source that can be read, oldest first."""
    return readable_corrections(raw, source)[0]


def readable_corrections(raw: Path, source: str) -> tuple[list[Correction], list[LodestoneError]]:
    """Every correction of a source, oldest first, and an error for every one that cannot be read."""
    found: list[Correction] = []
    broken: list[LodestoneError] = []
    known = FOLDER / source / "corrections.yaml"
    for values in (yaml.safe_load(known.read_text("utf-8")) or []) if known.exists() else []:
        try:
            found.append(_CORRECTION.validate_python({"source": source, "slice": None, **values, "decided_at": ALWAYS}))
        except (ValueError, TypeError) as error:
            broken.append(LodestoneError(f"{known}: a correction is not as it should be ({in_words(error)}); compare docs/operations.md"))
    for path in sorted((raw / source).glob("corrections/[!.]*.json")):
        try:
            correction = _CORRECTION.validate_json(path.read_bytes())
            found.append(replace(correction, decided_at=in_utc(correction.decided_at)))
        except (OSError, ValueError) as error:
            remedy = "remove it, and write it anew with `lodestone correct`"
            broken.append(LodestoneError(f"{path}: the correction cannot be read ({in_words(error)}); {remedy}"))
    return found, broken


_CORRECTION = TypeAdapter(Correction)


def apply(frame: pl.DataFrame, kind: str, corrections: Iterable[Correction]) -> tuple[pl.DataFrame, list[Applied], list[str]]:
    """The rows of one kind of file with their corrections, which were applied where, and what is told of those that were not."""
    applied, expired = [], []
    for fix in corrections:
        if fix.kind != kind or not {fix.column, *fix.where} <= set(frame.columns):
            continue
        row = pl.all_horizontal(
            *(pl.col(name).eq_missing(pl.lit(text, pl.String)) for name, text in fix.where.items()),
            pl.lit(True) if fix.slice is None else pl.col("slice") == fix.slice,
        )
        found = frame.filter(row)
        held = found.filter(pl.col(fix.column).eq_missing(pl.lit(fix.filed, pl.String)))
        if held.is_empty():
            if not found.is_empty():
                expired.append(
                    f"correction {fix.correction_id} has expired: {fix.column} was {fix.filed} and is now {found[fix.column][0]} "
                    f"({found['source_member'][0]} line {found['source_row'][0]}); the office's figure is used"
                )
            continue
        guard = row & pl.col(fix.column).eq_missing(pl.lit(fix.filed, pl.String))
        frame = frame.with_columns(pl.when(guard).then(pl.lit(fix.used, pl.String)).otherwise(pl.col(fix.column)).alias(fix.column))
        applied += [Applied(fix.correction_id, member, line) for member, line in held.select("source_member", "source_row").rows()]
    return frame, applied, expired
