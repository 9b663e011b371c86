"""Turn each release once into curated files: one Parquet file per table it feeds, and its rejects, appearing together.

    data/curated/<source>/<release>-<code version>/<table>.parquet, rejected.parquet, verdict.json

A curated file is a function of raw bytes and code alone: its source's folder and `SHARED_CODE`. Joining other tables is the edition's work.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from pipelines.archive.files import folder_atomically, remove_drafts
from pipelines.errors import LodestoneError, Usage
from pipelines.intake.corrections import Correction
from pipelines.intake.history import observations
from pipelines.intake.looks import Look, looks, read_look, standing_errors
from pipelines.intake.release import Observation, curated_folder
from pipelines.intake.sift import gated, in_short
from pipelines.intake.verdicts import judge_releases, lost, read_verdict
from pipelines.model.vocabulary import known_codes
from pipelines.settings import Settings
from pipelines.sources import UNFORESEEN, Source


@dataclass
class Refreshed:
    """What one look at a source's archive found and did."""

    source: str
    releases: int = 0
    curated_now: int = 0
    lines: int = 0
    accepted: int = 0
    rejected: int = 0
    errors: list[str] = field(default_factory=list)
    held: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)


def refresh(settings: Settings, source: Source) -> Refreshed:
    """Curate every release of the archive that is not curated yet. A broken file leaves what was good before it."""
    _remove_drafts(settings, source)
    looked = looks(settings, source)
    history = observations(source, looked)
    report = Refreshed(source.name, errors=standing_errors(looked))
    report.curated_now = _curate_new(settings, source, history, looked, report)
    _remove_other_versions(settings, source)
    gone = lost(settings, source.name, {one.release_id for one in history})
    report.errors += [gone] if gone else []
    judged = judge_releases(settings, source, history)
    for one in judged:
        verdict = read_verdict(settings, source, one.observation)
        report.releases += 1
        if one.state in ("current", "failed"):
            report.lines += verdict.lines
            report.accepted += verdict.accepted
            report.rejected += verdict.rejected
    report.held = [f"{one.observation.release_id} ({one.observation.slice}): {one.reason}" for one in judged if one.state == "held"]
    report.failed = [f"{one.observation.slice}: {one.reason}" for one in judged if one.state == "failed"]
    return report


def correction_of(
    settings: Settings, source: Source, release: str, place: tuple[str | None, int], change: tuple[str, str], author: str, reason: str
) -> Correction:
    """The correction that puts another text into one column of one line of a release.

    `place` is the line's file, where one must be named, and its number; `change` is the column and the text. Raises `Usage`
    where there is no such line or column, where the text stands there already, or where the gate would reject the line.
    """
    member, line = place
    column, text = change
    looked = {one.name: one for one in looks(settings, source)}
    seen = next((one for one in observations(source, looked.values()) if one.release_id == release and not one.withdrawn), None)
    if seen is None:
        raise Usage(f"{source.name} has no release {release} with rows")
    for kind, frame in read_look(settings, source, looked[seen.receipt_id], [seen.slice]).frames.items():
        rows = frame.filter(pl.col("source_row") == line, pl.lit(True) if member is None else pl.col("source_member") == member)
        if rows.is_empty():
            continue
        if rows.height > 1:
            raise Usage(f"line {line} stands in {', '.join(rows['source_member'])}: say which with --file")
        schema = source.contract(kind).to_schema()
        if column not in schema.columns:
            raise Usage(f"{rows['source_member'][0]} has no column {column!r}; there are {', '.join(schema.columns)}")
        row = rows.row(0, named=True)
        if row[column] == text:
            raise Usage(f"{column} is {text!r} already")
        changed = rows.with_columns(pl.lit(text).alias(column)).drop("known_from", "known_from_basis")
        rejected = gated(source, kind, changed)[0].rejected
        if not rejected.is_empty():
            raise Usage(f"the gate would reject the line: {rejected['reasons'][0]}")
        key = {name: row[name] for name in schema.unique or schema.columns}
        return Correction(source.name, seen.slice, kind, key, column, row[column], text, author, reason, settings.now())
    raise Usage(f"release {release} ({seen.slice}) has no line {line}" + (f" in {member}" if member else ""))


def _curate_new(settings: Settings, source: Source, history: list[Observation], looked: list[Look], report: Refreshed) -> int:
    by_name = {one.name: one for one in looked}
    waiting: dict[str, dict[str, str]] = {}
    for one in history:
        if not one.withdrawn and not _is_curated(settings, source, one):
            waiting.setdefault(one.receipt_id, {})[one.slice] = one.release_id
    for name, release_by_slice in waiting.items():
        try:
            _curate(settings, source, by_name[name], release_by_slice)
        except LodestoneError as error:
            report.errors.append(f"{name}: {error}")
        except MemoryError:
            report.errors.append(f"{name}: there is not enough memory to judge it; make room, and build again")
        except OSError:  # of our own files, no fault of what was read
            raise
        except UNFORESEEN as error:
            report.errors.append(f"{name}: it cannot be curated ({in_short(error)}); fetch it again, or mend sources/{source.name}")
    return len({release for releases in waiting.values() for release in releases.values()})


def _is_curated(settings: Settings, source: Source, one: Observation) -> bool:
    """A release that was rejected for a code is worth another look once the code is known."""
    verdict, known = read_verdict(settings, source, one), known_codes()
    if verdict.state == "failed" and not verdict.rejected:
        return False
    return not any(known[vocabulary].knows(code) for vocabulary, code in verdict.unknown)


def _curate(settings: Settings, source: Source, look: Look, release_by_slice: dict[str, str]) -> None:
    read = read_look(settings, source, look, release_by_slice)
    corrected = {(one.source_member, one.source_row): one.correction_id for one in read.applied}
    for kind, frame in read.frames.items():
        here = {name: release for name, release in release_by_slice.items() if name in set(frame["slice"])}
        _curate_kind(settings, source, kind, frame.drop("known_from", "known_from_basis"), here, corrected)
    if read.errors:
        raise next(iter(read.errors.values()))


def _curate_kind(
    settings: Settings,
    source: Source,
    kind: str,
    frame: pl.DataFrame,
    release_by_slice: dict[str, str],
    corrected: Mapping[tuple[str, int], str],
) -> None:
    frame = frame.filter(pl.col("slice").is_in(list(release_by_slice)))
    verdict, tables = gated(source, kind, frame)
    lines = dict(frame.group_by("slice").len().iter_rows())
    kept = dict(verdict.accepted.group_by("slice").len().iter_rows())
    members = dict(frame.group_by("slice").agg(pl.col("source_member").unique().sort()).iter_rows())
    places = frame.select("slice", "source_member", "source_row").rows() if corrected else []
    pieces = {name: _by_slice(table, release_by_slice) for name, table in tables.items()}
    rejected = _by_slice(verdict.rejected, release_by_slice)
    for slice_name, release in release_by_slice.items():
        refused = rejected.get(slice_name, verdict.rejected.clear())
        state = "ok" if refused.height <= source.config.max_rejected_share * lines[slice_name] else "failed"
        with folder_atomically(curated_folder(settings, source, release)) as folder:
            for name, by_slice in pieces.items():
                if slice_name in by_slice:
                    _write(by_slice[slice_name], folder / f"{name}.parquet")
            if refused.height:
                _write(refused, folder / "rejected.parquet")
            values = {
                "state": state,
                "lines": lines[slice_name],
                "members": members[slice_name],
                "accepted": kept.get(slice_name, 0),
                "rejected": refused.height,
                "reasons": [f"{row[0]} line {row[1]}: {row[2]}" for row in refused.select("source_member", "source_row", "reasons").rows()][
                    :5
                ],
                "corrected": [
                    [corrected[member, line], member, line]
                    for name, member, line in places
                    if name == slice_name and (member, line) in corrected
                ],
                "unknown": sorted(pair for pair in verdict.unknown if any(repr(pair[1]) in reason for reason in refused["reasons"])),
            }
            (folder / "verdict.json").write_text(json.dumps(values, ensure_ascii=False, indent=1), "utf-8")


def _by_slice(table: pl.DataFrame, release_by_slice: Mapping[str, str]) -> dict[str, pl.DataFrame]:
    """The rows of each slice under its name, with the release they belong to instead."""
    release = pl.col("slice").replace_strict(release_by_slice, return_dtype=pl.String).alias("release_id")
    named = table.with_columns(release).partition_by("slice", maintain_order=True, include_key=False, as_dict=True)
    return {str(name): rows for (name,), rows in named.items()}


def _write(rows: pl.DataFrame, path: Path) -> None:
    rows.write_parquet(path, compression="zstd", compression_level=3)


def _remove_other_versions(settings: Settings, source: Source) -> None:
    """Curated files of other code versions are only in the way."""
    folder = settings.curated / source.name
    for path in folder.glob("*"):
        if path.is_dir() and path.name != "cuts" and not path.name.endswith(f"-{source.code_version}"):
            shutil.rmtree(path)


def _remove_drafts(settings: Settings, source: Source) -> None:
    """Drafts of killed runs, of raw files and receipts too: nobody else would ever remove them."""
    curated, raw = settings.curated / source.name, settings.raw / source.name
    for folder in (curated, curated / "cuts", raw / "decisions", *raw.glob("*/*/"), *raw.glob("fetched/visits/*/")):
        remove_drafts(folder)
