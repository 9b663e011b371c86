"""Corrections of what an office filed: a person's overrides, and publishers' errors that are known to everybody.

    data/raw/<source>/overrides/<time>-<id>.json     `lodestone override`: this installation's, from its moment on
    pipelines/sources/<source>/corrections.yaml      committed with the source: known errors, from the beginning

Each names a row by its key, a column, the text as filed and the text to use. The text as filed is a guard: once the office
mends its figure, or the row is gone, the correction no longer applies and is told as spent. Nothing else is ever changed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import yaml

from pipelines.errors import LodestoneError
from pipelines.files import write_atomically
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
    """Write down an override; nothing that was received is touched."""
    path = raw / correction.source / "overrides" / f"{correction.decided_at:%Y%m%dT%H%M%SZ}-{correction.correction_id}.json"
    text = json.dumps(asdict(correction), default=datetime.isoformat, indent=1, sort_keys=True, ensure_ascii=False)
    write_atomically(path, (text + "\n").encode())
    return path


def corrections_of(raw: Path, source: str) -> list[Correction]:
    """Every correction of a source, oldest first. Raises `LodestoneError` where one cannot be read."""
    found = []
    known = FOLDER / source / "corrections.yaml"
    if known.exists():
        for values in yaml.safe_load(known.read_text("utf-8")) or []:
            found.append(_read(known, {"source": source, "slice": None, **values, "decided_at": ALWAYS}))
    for path in sorted((raw / source).glob("overrides/[!.]*.json")):
        try:
            values = json.loads(path.read_text("utf-8"))
            values["decided_at"] = datetime.fromisoformat(values["decided_at"]).astimezone(UTC)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise LodestoneError(
                f"{path}: the override cannot be read ({error}); remove it, and write it anew with `lodestone override`"
            ) from error
        found.append(_read(path, values))
    return found


def _read(path: Path, values: dict[str, object]) -> Correction:
    try:
        return Correction(**values)  # type: ignore[arg-type]
    except TypeError as error:
        raise LodestoneError(f"{path}: a correction is not as it should be ({error}); compare docs/operations.md") from error


def apply(frame: pl.DataFrame, kind: str, corrections: Iterable[Correction]) -> tuple[pl.DataFrame, list[Applied], list[str]]:
    """The rows of one kind of file with their corrections, which were applied where, and what is told of those that were not."""
    applied, spent = [], []
    for one in corrections:
        if one.kind != kind or one.column not in frame.columns:
            continue
        row = pl.all_horizontal(
            *(pl.col(name).eq_missing(pl.lit(text, pl.String)) for name, text in one.where.items()),
            pl.lit(True) if one.slice is None else pl.col("slice") == one.slice,
        )
        found = frame.filter(row)
        held = found.filter(pl.col(one.column).eq_missing(pl.lit(one.filed, pl.String)))
        if held.is_empty():
            if not found.is_empty():
                spent.append(
                    f"correction {one.correction_id} is spent: {one.column} was {one.filed} and is now {found[one.column][0]} "
                    f"({found['source_member'][0]} line {found['source_row'][0]}); the office's figure is used"
                )
            continue
        guard = row & pl.col(one.column).eq_missing(pl.lit(one.filed, pl.String))
        frame = frame.with_columns(pl.when(guard).then(pl.lit(one.used, pl.String)).otherwise(pl.col(one.column)).alias(one.column))
        applied += [Applied(one.correction_id, member, line) for member, line in held.select("source_member", "source_row").rows()]
    return frame, applied, spent
