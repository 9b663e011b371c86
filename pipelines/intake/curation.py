"""Read each file of the archive once, fingerprint its slices, judge its rows, and write those that are new once.

A curated file is a function of raw bytes, code and vocabulary alone: its source's folder, `SHARED_CODE`, and the codes its
contracts name. Joining other tables is the edition's work.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from pipelines import archive
from pipelines.archive.files import folder_atomically, remove_drafts
from pipelines.errors import LodestoneError, Usage
from pipelines.intake import ledger
from pipelines.intake.corrections import Applied, Correction
from pipelines.intake.history import judge_releases, observations
from pipelines.intake.release import Part
from pipelines.intake.sift import gated, in_short
from pipelines.intake.snapshots import Read, Snapshot, entered, parts_of, read_file, snapshots_as_received, snapshots_of, standing_errors
from pipelines.settings import Settings
from pipelines.sources import UNFORESEEN, Source

if TYPE_CHECKING:
    from pyarrow.parquet import ParquetWriter  # type: ignore[import-untyped]

REJECTED = "rejected"
"""Name of the file of rejected lines beside the tables."""


@dataclass
class Refreshed:
    """What one snapshot of a source's archive found and did."""

    source: str
    releases: int = 0
    curated_now: int = 0
    lines: int = 0
    accepted: int = 0
    rejected: int = 0
    errors: list[str] = field(default_factory=list)
    quarantined: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)


def refresh(settings: Settings, source: Source) -> Refreshed:
    """Read what the archive holds and the ledger does not know, each file once. A broken file leaves what was good before it."""
    _remove_drafts(settings, source)
    known = ledger.read(settings, source)
    report = Refreshed(source.name)
    before = replace(known, files=dict(known.files), verdicts=dict(known.verdicts))
    try:
        for snapshot in snapshots_as_received(settings, source):
            fresh = [receipt for receipt in snapshot.receipts if not known.knows(snapshot.key(receipt))]
            if fresh:
                report.curated_now += _taken_in(settings, source, known, snapshot, fresh, report)
    finally:  # what was read before something failed is not read again
        if known != before or not ledger.path_of(settings, source.name).exists():
            ledger.write(settings, source, known)
    _remove_other_versions(settings, source)
    snapshots = snapshots_of(settings, source, known=known)
    history = observations(source, snapshots)
    gone = ledger.lost(settings, source.name, frozenset().union(*(snapshot.parts for snapshot in snapshots)))
    report.errors = [*standing_errors(snapshots), *report.errors, *([gone] if gone else [])]
    compared = len(known.comparisons)
    judged = judge_releases(settings, source, known, history)
    if len(known.comparisons) > compared:
        ledger.write_comparisons(settings, source, known)
    for release in judged:
        verdict = known.verdict(release.observation)
        report.releases += 1
        if release.state in ("current", "failed"):
            report.lines += verdict.lines
            report.accepted += verdict.accepted
            report.rejected += verdict.rejected
    report.quarantined = [
        f"{release.observation.release_id} ({release.observation.slice}): {release.reason}"
        for release in judged
        if release.state == "quarantined"
    ]
    report.failed = [f"{release.observation.slice}: {release.reason}" for release in judged if release.state == "failed"]
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
    snapshots = {snapshot.name: snapshot for snapshot in snapshots_of(settings, source)}
    seen = next(
        (
            observation
            for observation in observations(source, snapshots.values())
            if observation.release_id == release and not observation.withdrawn
        ),
        None,
    )
    if seen is None:
        raise Usage(f"{source.name} has no release {release} with rows")
    snapshot = snapshots[seen.receipt_id]
    standing_on = {file.member for file in seen.files}
    filed: dict[str, list[pl.DataFrame]] = {}
    for receipt in snapshot.receipts:
        if receipt.member in standing_on:
            filed.setdefault(str(source.kind(receipt.member)), []).append(read_file(settings, source, receipt, snapshot.corrections).frame)
    for kind, frames in filed.items():
        rows = pl.concat(frames).filter(slice=seen.slice, source_row=line).filter(member is None or pl.col("source_member") == member)
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


def _taken_in(
    settings: Settings, source: Source, known: ledger.Ledger, snapshot: Snapshot, fresh: list[archive.Receipt], report: Refreshed
) -> int:
    """Read files of a snapshot, and curate the parts that they are the first to bring; how many."""
    try:
        return _take_in(settings, source, known, snapshot, fresh)
    except LodestoneError as error:
        report.errors.append(f"{snapshot.name}: {error}")
    except MemoryError:
        report.errors.append(f"{snapshot.name}: there is not enough memory to judge it; make room, and build again")
    except OSError:  # of our own files, no fault of what was read
        raise
    except UNFORESEEN as error:
        report.errors.append(f"{snapshot.name}: it cannot be curated ({in_short(error)}); fetch it again, or mend sources/{source.name}")
    return 0


def _take_in(settings: Settings, source: Source, known: ledger.Ledger, snapshot: Snapshot, fresh: list[archive.Receipt]) -> int:
    """Files that cannot be read today, and may be tomorrow, are left out."""
    keys = {receipt.member: snapshot.key(receipt) for receipt in fresh}
    folder = hashlib.sha256(json.dumps(sorted(keys.values())).encode()).hexdigest()[:16]
    path = ledger.folder_of(settings, source, folder)
    entries: dict[str, ledger.Entry] = {}
    verdicts: dict[str, ledger.Verdict] = {}
    with folder_atomically(path) as draft, ExitStack() as opened:
        writers: dict[str, ParquetWriter] = {}
        for batch in _batches(settings, source, known, snapshot, fresh, keys, entries):
            by_kind: dict[str, list[Read]] = {}
            for receipt, read in batch:
                by_kind.setdefault(str(source.kind(receipt.member)), []).append(read)
            for kind, reads in by_kind.items():
                frame = pl.concat([read.frame for read in reads])
                parts = parts_of(source, frame)
                for member, of_file in groupby(sorted(parts, key=attrgetter("member")), key=attrgetter("member")):
                    entries[keys[member]] = replace(entries[keys[member]], parts=tuple(of_file))
                known.passing |= entries
                new = {
                    part.part_id: part for part in reversed(parts) if part.part_id not in known.verdicts and part.part_id not in verdicts
                }
                if new:
                    applied = [fix for read in reads for fix in read.applied]
                    verdicts |= _curate(source, kind, frame, list(new.values()), folder, applied, partial(_append, draft, writers, opened))
    sizes = {file.name: file.stat().st_size for file in sorted(path.iterdir())}
    if not sizes:
        path.rmdir()
    for key, entry in entries.items():
        known.files[key] = replace(entry, folder=folder if sizes else "", sizes=sizes)
    known.verdicts |= verdicts
    return len(verdicts)


ROWS_AT_ONCE = 100_000
"""So many rows, or one file, are judged and written together."""


def _batches(
    settings: Settings,
    source: Source,
    known: ledger.Ledger,
    snapshot: Snapshot,
    fresh: list[archive.Receipt],
    keys: Mapping[str, str],
    entries: dict[str, ledger.Entry],
) -> Iterator[list[tuple[archive.Receipt, Read]]]:
    """Files of a snapshot, read, some at a time; each has its entry from then on, and one that is no such file only that."""
    batch: list[tuple[archive.Receipt, Read]] = []
    rows = 0
    for receipt in fresh:
        try:
            entries[keys[receipt.member]], read = entered(settings, source, receipt, snapshot.corrections)
        except LodestoneError as error:
            known.passing[keys[receipt.member]] = ledger.Entry((), error, ())
            continue
        if read is None:
            continue
        batch.append((receipt, read))
        rows += read.frame.height
        if rows >= ROWS_AT_ONCE:
            yield batch
            batch, rows = [], 0
    if batch:
        yield batch


def _append(draft: Path, writers: dict[str, ParquetWriter], opened: ExitStack, table: str, rows: pl.DataFrame) -> None:
    """Add rows to the Parquet file of a table."""
    from pyarrow.parquet import ParquetWriter  # which a night that brings nothing is not to wait for

    filed = rows.to_arrow()
    if table not in writers:
        writers[table] = opened.enter_context(ParquetWriter(draft / f"{table}.parquet", filed.schema, compression="zstd"))
    writers[table].write_table(filed)


def _curate(
    source: Source,
    kind: str,
    frame: pl.DataFrame,
    new: list[Part],
    folder: str,
    applied: list[Applied],
    append: Callable[[str, pl.DataFrame], None],
) -> dict[str, ledger.Verdict]:
    """Judge the rows of new parts of one kind and append them to their tables; the verdicts by part."""
    place = ["source_member", "slice"]
    ids = pl.DataFrame(
        {"source_member": [part.member for part in new], "slice": [part.slice for part in new], "part_id": [part.part_id for part in new]}
    )
    rows = frame.join(ids, on=place, how="semi", maintain_order="left").drop("known_from", "known_from_basis")
    judged, made = gated(source, kind, rows)
    for name, of_table in (*made.items(), (REJECTED, judged.rejected)):
        if not of_table.is_empty():
            append(name, of_table.join(ids, on=place, how="left", maintain_order="left").drop("slice"))
    kept = {(member, name): count for member, name, count in judged.accepted.group_by(place).len().iter_rows()}
    refused = judged.rejected.group_by(place).agg(
        pl.len(), reasons=pl.format("{} line {}: {}", "source_member", "source_row", "reasons").head(ledger.MOST_REASONS)
    )
    rejected = {(member, name): (count, reasons) for member, name, count, reasons in refused.iter_rows()}
    corrected: dict[tuple[str, str], list[tuple[str, str, int]]] = {}
    for fix in applied:
        of_line = frame.filter(source_member=fix.source_member, source_row=fix.source_row)
        corrected.setdefault((fix.source_member, of_line["slice"][0]), []).append((fix.correction_id, fix.source_member, fix.source_row))
    verdicts = {}
    for part in new:
        at = (part.member, part.slice)
        count, reasons = rejected.get(at, (0, []))
        verdicts[part.part_id] = ledger.Verdict(part.lines, kept.get(at, 0), count, tuple(reasons), tuple(corrected.get(at, ())), folder)
    return verdicts


def _remove_other_versions(settings: Settings, source: Source) -> None:
    """Curated files of other code versions are only in the way."""
    for path in (settings.curated / source.name).glob("*"):
        if path.is_dir() and not path.name.endswith(f"-{source.version}"):
            shutil.rmtree(path)


def _remove_drafts(settings: Settings, source: Source) -> None:
    """Drafts of killed runs, of raw files and receipts too: nobody else would ever remove them."""
    curated, raw = settings.curated / source.name, settings.raw / source.name
    for folder in (curated, raw / "decisions", *raw.glob("*/*/"), *raw.glob("fetched/visits/*/")):
        remove_drafts(folder)
