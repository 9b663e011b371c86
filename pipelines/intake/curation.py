"""Read each file of the archive once: cut it into slices, judge its rows, and write those of new releases once.

A curated file is a function of raw bytes, code and vocabulary alone: its source's folder, `SHARED_CODE`, and the codes its
contracts name. Joining other tables is the edition's work.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import polars as pl

from pipelines.archive.files import folder_atomically, remove_drafts
from pipelines.errors import BadFile, LodestoneError, Usage
from pipelines.intake import ledger
from pipelines.intake.corrections import Correction
from pipelines.intake.history import judge_releases, observations
from pipelines.intake.looks import Look, cut, looks, looks_as_received, read_look, standing_errors
from pipelines.intake.release import Cut
from pipelines.intake.sift import gated, in_short
from pipelines.settings import Settings
from pipelines.sources import UNFORESEEN, Source

REJECTED = "rejected"
"""Name of the file of rejected lines beside the tables."""
MOST_REASONS = 5


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
    """Read what the archive holds and the ledger does not know, each file once. A broken file leaves what was good before it."""
    _remove_drafts(settings, source)
    known = ledger.read(settings, source)
    report = Refreshed(source.name)
    before = replace(known, looks=dict(known.looks), verdicts=dict(known.verdicts))
    try:
        for look in looks_as_received(settings, source):
            if look.receipts and not known.knows(look.key):
                report.curated_now += _taken_in(settings, source, known, look, report)
    finally:  # what was read before something failed is not read again
        if known != before or not ledger.path_of(settings, source.name).exists():
            ledger.write(settings, source, known)
    _remove_other_versions(settings, source)
    looked = looks(settings, source, known=known)
    history = observations(source, looked)
    gone = ledger.lost(settings, source.name, {one.release_id for one in history})
    report.errors = [*standing_errors(looked), *report.errors, *([gone] if gone else [])]
    judged = judge_releases(settings, source, known, history)
    for one in judged:
        verdict = known.verdict(one.observation)
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


def _taken_in(settings: Settings, source: Source, known: ledger.Ledger, look: Look, report: Refreshed) -> int:
    """Read a look, and curate the releases that it is the first to bring; how many."""
    try:
        return _take_in(settings, source, known, look)
    except LodestoneError as error:
        report.errors.append(f"{look.name}: {error}")
    except MemoryError:
        report.errors.append(f"{look.name}: there is not enough memory to judge it; make room, and build again")
    except OSError:  # of our own files, no fault of what was read
        raise
    except UNFORESEEN as error:
        report.errors.append(f"{look.name}: it cannot be curated ({in_short(error)}); fetch it again, or mend sources/{source.name}")
    return 0


def _take_in(settings: Settings, source: Source, known: ledger.Ledger, look: Look) -> int:
    read = read_look(settings, source, look)
    pieces = {kind: cut(source, frame) for kind, frame in read.frames.items()}
    cuts = tuple(piece for of_kind in pieces.values() for piece in of_kind)
    known.passing[look.key] = ledger.Entry(cuts, read.errors, read.spent, {})
    bad = {member: error for member, error in read.errors.items() if isinstance(error, BadFile)}
    key = look.key
    if len(bad) < len(read.errors):  # such a file may be read tomorrow: the look is curated as far as it goes, and read again
        key = replace(look, receipts=tuple(one for one in look.receipts if one.member not in read.errors)).key
    known.forget(key)
    corrected = {(one.source_member, one.source_row): one.correction_id for one in read.applied}
    verdicts: dict[str, ledger.Verdict] = {}
    tables: dict[str, list[pl.DataFrame]] = {}
    for kind, frame in read.frames.items():
        fresh = {piece.slice: piece for piece in pieces[kind] if piece.release_id not in known.verdicts}
        if fresh:
            rows = frame.filter(pl.col("slice").is_in(list(fresh))).drop("known_from", "known_from_basis")
            verdicts |= _curate(source, kind, rows, fresh, key, corrected, tables)
    files = _write(settings, source, key, tables) if tables else {}
    known.looks[key] = ledger.Entry(cuts, bad, read.spent, files)
    known.verdicts |= verdicts
    return len(verdicts)


def _curate(
    source: Source,
    kind: str,
    frame: pl.DataFrame,
    fresh: Mapping[str, Cut],
    key: str,
    corrected: Mapping[tuple[str, int], str],
    tables: dict[str, list[pl.DataFrame]],
) -> dict[str, ledger.Verdict]:
    """Judge the rows of new releases of one kind, add what is to be written to `tables`; the verdicts by release."""
    judged, made = gated(source, kind, frame)
    release_ids = {name: piece.release_id for name, piece in fresh.items()}
    for name, rows in (*made.items(), (REJECTED, judged.rejected)):
        if not rows.is_empty():
            release = pl.col("slice").replace_strict(release_ids, return_dtype=pl.String).alias("release_id")
            tables.setdefault(name, []).append(rows.with_columns(release).drop("slice"))
    kept = dict(judged.accepted.group_by("slice").len().iter_rows())
    refused = judged.rejected.group_by("slice").agg(
        pl.len(), reasons=pl.format("{} line {}: {}", "source_member", "source_row", "reasons").head(MOST_REASONS)
    )
    rejected = {name: (count, reasons) for name, count, reasons in refused.iter_rows()}
    touched: dict[str, list[tuple[str, str, int]]] = {}
    for name, member, line in frame.select("slice", "source_member", "source_row").iter_rows() if corrected else ():
        if (member, line) in corrected:
            touched.setdefault(name, []).append((corrected[member, line], member, line))
    verdicts = {}
    for name, piece in fresh.items():
        count, reasons = rejected.get(name, (0, []))
        state = "ok" if count <= source.config.max_rejected_share * piece.lines else "failed"
        verdicts[piece.release_id] = ledger.Verdict(
            state, piece.lines, kept.get(name, 0), count, tuple(reasons), tuple(touched.get(name, ())), piece.members, key
        )
    return verdicts


def _write(settings: Settings, source: Source, key: str, tables: Mapping[str, list[pl.DataFrame]]) -> dict[str, int]:
    """Write the tables of a look, all at once; the sizes of their files."""
    path = ledger.folder_of(settings, source, key)
    with folder_atomically(path) as folder:
        for name, parts in tables.items():
            pl.concat(parts).write_parquet(folder / f"{name}.parquet", compression="zstd", compression_level=3)
    return {file.name: file.stat().st_size for file in sorted(path.iterdir())}


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
