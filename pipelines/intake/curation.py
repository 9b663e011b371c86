"""Turn each release once into curated files: one Parquet file per table it feeds, and its rejects, appearing together.

    data/curated/<source>/<release>-<code version>/<table>.parquet, rejected.parquet, verdict.json
                                                  /unread/<table>.parquet    what of rejected lines can be read: their keys

A curated file is a function of raw bytes and code alone: its source's folder and `SHARED_CODE`. Joining other tables is the edition's work.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import lru_cache, partial
from pathlib import Path

import polars as pl

from pipelines import archive
from pipelines.archive.files import folder_atomically, remove_drafts
from pipelines.errors import LodestoneError, Usage
from pipelines.intake import gate
from pipelines.intake.corrections import Correction
from pipelines.intake.gate import judge
from pipelines.intake.releases import (
    Judged,
    Look,
    Observation,
    curated_folder,
    judge_history,
    looks,
    observations,
    read_look,
    standing_errors,
)
from pipelines.model.vocabulary import known_codes
from pipelines.settings import Settings
from pipelines.sources import UNFORESEEN, ByPartner, Continuity, Source


@dataclass(frozen=True)
class Verdict:
    """What the gate said of one release. `lines` are raw lines; a line may yield several curated rows."""

    state: str
    lines: int
    accepted: int
    rejected: int
    reasons: tuple[str, ...] = ()
    unknown: tuple[tuple[str, str], ...] = ()
    corrected: tuple[tuple[str, str, int], ...] = ()
    """Correction, file and line of every row that a correction changed."""

    def why_failed(self) -> str | None:
        """Why the release cannot be used; null where it can."""
        if self.state == "ok":
            return None
        if not self.rejected:
            return self.reasons[0]
        return f"{self.rejected} of {self.lines} lines were rejected, e.g. {self.reasons[0]}"


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


def judge_releases(settings: Settings, source: Source, history: Iterable[Observation], as_of: datetime | None = None) -> list[Judged]:
    """What became of every observation of a source; see `releases.judge_history`."""
    return judge_history(
        history,
        failed=lambda one: read_verdict(settings, source, one).why_failed(),
        held=partial(why_held, settings, source),
        apart=partial(why_apart, settings, source),
        decided=archive.decisions(settings.raw, source.name, before=as_of),
        as_of=as_of,
    )


def read_verdict(settings: Settings, source: Source, one: Observation) -> Verdict:
    """The gate's verdict on a release; a withdrawn one has no rows to judge."""
    if one.withdrawn:
        return Verdict("ok", 0, 0, 0)
    path = curated_folder(settings, source, one.release_id) / "verdict.json"
    try:
        written = path.stat()
        return _verdict_at(path, written.st_ino, written.st_mtime_ns)
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return Verdict(
            "failed", one.lines, 0, 0, ("it is not curated: its raw file can no longer be read, or `lodestone build` was stopped",)
        )


@lru_cache(maxsize=50_000)
def _verdict_at(path: Path, *_: int) -> Verdict:
    """A verdict as it was written; a night asks five times for each, and thousands stand."""
    values = json.loads(path.read_text("utf-8"))
    unknown = tuple((vocabulary, code) for vocabulary, code in values.pop("unknown"))
    values.pop("members", None)
    corrected = tuple((fix, member, line) for fix, member, line in values.pop("corrected"))
    return Verdict(**{**values, "reasons": tuple(values["reasons"]), "unknown": unknown, "corrected": corrected})


def lost(settings: Settings, name: str, accounted: Collection[str]) -> str | None:
    """What was curated of a source and is in no history any more, as files and lines; null where nothing is.

    Curated files are made from raw ones, so that this is what their loss, or that of their receipts, takes from the edition.
    """
    lines: dict[str, int] = {}
    for path in sorted((settings.curated / name).glob("[!.]*/verdict.json")):
        try:
            values = json.loads(path.read_text("utf-8"))
            corrected, file, counted = values["corrected"], ", ".join(values.get("members", ())) or "an unnamed file", int(values["lines"])
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):  # it is curated anew where its raw file is there
            continue
        if path.parent.name.split("-")[0] not in accounted and not corrected:  # a correction may be taken back
            lines[file] = lines.get(file, 0) + counted
    if not lines:
        return None
    told = ", ".join(f"{count:,} lines of {file}" for file, count in lines.items())
    return (
        f"not in the edition any more are {told}, curated earlier: restore data/raw/{name} from version control or the backup "
        f"(without data/curated/{name} they are forgotten)"
    )


def why_held(settings: Settings, source: Source, before: Observation, after: Observation) -> str | None:
    """Why a release may not follow its predecessor: rows or figures vanish, or a measure jumps. Null where it may."""
    if after.withdrawn:
        return f"all {before.lines} lines vanished"
    for table, rule in source.config.continuity.items():
        old, new = (_read_table(settings, source, one, table) for one in (before, after))
        if old is None:
            continue
        if new is None:
            return f"{table} shrank from {old.height} to 0 rows"
        found = _why_shrunk(table, rule, old, new) or _why_emptied(table, rule, old, new) or _why_jumped(rule, old, new)
        if found is not None:
            return found
    return None


def why_apart(settings: Settings, source: Source, neighbour: Observation, first: Observation) -> str | None:
    """Why the first release of a month may not stand beside that of another: together, the totals that both file jump."""
    for table, rule in source.config.continuity.items():
        old, new = (_totals(settings, source, one, table, rule) for one in (neighbour, first))
        if rule.by_partner is None or old is None or new is None:
            continue
        both = old.join(new, on=list(rule.key), how="inner", nulls_equal=True, suffix="_new")
        for measure in rule.measures:
            filed = both.filter(pl.all_horizontal(pl.col(measure, f"{measure}_new").is_not_null()))
            had, has = (float(filed[name].sum()) for name in (measure, f"{measure}_new"))
            if had > 0 and not had / rule.max_factor <= has <= had * rule.max_factor:
                return f"{measure} of {filed.height} totals is {has:,.0f} together, and {had:,.0f} in {neighbour.slice}"
    return None


def _totals(settings: Settings, source: Source, one: Observation, table: str, rule: Continuity) -> pl.DataFrame | None:
    """The rows of a release on all partners together; null where its trade is not filed by partner, or the table has none."""
    path = curated_folder(settings, source, one.release_id) / f"{table}.parquet"
    if rule.by_partner is None or not path.exists():
        return None
    return _totals_at(path, path.stat().st_mtime_ns, rule.by_partner.partner, rule.by_partner.total, (*rule.key, *rule.measures))


@lru_cache(maxsize=10_000)
def _totals_at(path: Path, _: int, partner: str, total: str | None, columns: tuple[str, ...]) -> pl.DataFrame:
    return pl.scan_parquet(path).filter(pl.col(partner).eq_missing(pl.lit(total, pl.String))).select(columns).collect()


def _why_shrunk(table: str, rule: Continuity, old: pl.DataFrame, new: pl.DataFrame) -> str | None:
    filed = rule.by_partner
    if filed is not None:
        both = old.join(new, on=list(rule.key), how="left", nulls_equal=True, suffix="_new")
        emptied = [pl.col(f"{measure}_new").fill_null(0) == 0 for measure in rule.measures]
        nothing = both.filter(((pl.col(rule.measures[0]) > 0) & emptied[0]) | pl.all_horizontal(emptied))
        found = _too_much(table, rule, filed, old, nothing, "no longer there", others=new)
        if found is not None:
            return found
    if old.height - new.height > _spared(rule, old):
        return f"{table} shrank from {old.height} to {new.height} rows"
    gone = old.join(new, on=list(rule.key), how="anti", nulls_equal=True)
    if gone.height > _spared(rule, old):
        return f"{gone.height} of {old.height} rows of {table} are no longer there, e.g. that of {_key(rule, gone)}"
    if filed is None:
        return None
    for (partner,), rows in gone.group_by([filed.partner], maintain_order=True):
        of_partner = old.filter(pl.col(filed.partner).eq_missing(pl.lit(partner)))
        if rows.height > _spared(rule, of_partner):
            counted = f"{rows.height} of {of_partner.height} rows of {table} with {filed.partner} {partner}"
            return f"{counted} are no longer there, e.g. that of {_key(rule, rows)}"
    return None


def _why_emptied(table: str, rule: Continuity, old: pl.DataFrame, new: pl.DataFrame) -> str | None:
    both = old.join(new, on=list(rule.key), how="inner", nulls_equal=True, suffix="_new")
    for measure in rule.measures:
        emptied = both.filter(pl.col(measure).is_not_null() & pl.col(f"{measure}_new").is_null())
        if rule.by_partner is not None:
            found = _too_much(table, rule, rule.by_partner, old, emptied, f"without {measure} now")
            if found is not None:
                return found
        elif emptied.height > _spared(rule, old):
            row = emptied.row(0, named=True)
            return f"{measure} was {row[measure]} and is now empty ({row['source_member_new']} line {row['source_row_new']})"
    return None


def _why_jumped(rule: Continuity, old: pl.DataFrame, new: pl.DataFrame) -> str | None:
    watched = old if rule.by_partner is None else old.filter(pl.col(rule.by_partner.partner) == rule.by_partner.total)
    both = watched.join(new, on=list(rule.key), how="inner", nulls_equal=True, suffix="_new")
    for measure in rule.measures:
        ratio = pl.col(f"{measure}_new").cast(pl.Float64) / pl.col(measure).cast(pl.Float64)
        jumped = both.filter((pl.col(measure) != 0) & ((ratio > rule.max_factor) | (ratio < 1 / rule.max_factor)))
        if jumped.height:
            row = jumped.row(0, named=True)
            where = f"{row['source_member_new']} line {row['source_row_new']}"
            return f"{measure} jumped from {row[measure]} to {row[f'{measure}_new']} ({where})"
    return None


def _too_much(
    table: str, rule: Continuity, filed: ByPartner, old: pl.DataFrame, lost: pl.DataFrame, how: str, others: pl.DataFrame | None = None
) -> str | None:
    """What is told where partners, or totals, of one group lost more of its total than may be lost; null where none did.

    Codes of one length below one heading are a group, judged by the first measure that it has. Its total is that of its rows
    of all partners, or else their sum. What a partner has in `others` of the group instead, as where codes were split, is not lost.
    """
    is_total = pl.col(filed.partner).eq_missing(pl.lit(filed.total, pl.String))
    cut = {name: digits for name, digits in filed.group.items() if digits is not None}
    part = {f"_{name}": pl.col(name).str.slice(0, cut[name]) if name in cut else pl.col(name) for name in filed.group}
    part |= {f"_{name}_length": pl.col(name).str.len_chars() for name in cut}
    place = [*part, filed.partner]

    def by_partner(rows: pl.DataFrame, name: str) -> pl.DataFrame:
        return rows.with_columns(**part).group_by(place).agg(pl.col(amount).sum().cast(pl.Float64).alias(name))

    for amount in rule.measures:
        cells = by_partner(old, "had").join(by_partner(lost, "lost"), on=place, how="left", nulls_equal=True)
        cells = cells.with_columns(pl.col("lost").fill_null(0))
        if others is not None:
            fallen = (pl.col("had") - pl.col("has").fill_null(0)).clip(lower_bound=0)
            cells = cells.join(by_partner(others, "has"), on=place, how="left", nulls_equal=True)
            cells = cells.with_columns(lost=pl.min_horizontal("lost", fallen))
        groups = cells.group_by(*part).agg(
            total=pl.when(pl.col("had").filter(is_total).sum() > 0)
            .then(pl.col("had").filter(is_total).sum())
            .otherwise(pl.col("had").filter(~is_total).sum()),
            lost=pl.max_horizontal(pl.col("lost").filter(is_total).sum(), pl.col("lost").filter(~is_total).sum()),
        )
        worst = groups.filter(pl.col("lost") > rule.max_shrink * pl.col("total"))
        worst = worst.sort(pl.col("lost") / pl.col("total"), *part, descending=True).head(1)
        if worst.is_empty():
            old = old.with_columns(**part).join(groups.filter(pl.col("total") > 0), on=list(part), how="anti", nulls_equal=True)
            continue
        here = cells.filter(pl.col("lost") > 0).join(worst, on=list(part), how="semi", nulls_equal=True)
        rows = lost.with_columns(**part).join(here, on=place, how="semi", nulls_equal=True).sort(amount, *rule.key, descending=True)
        named = " ".join(str(worst[f"_{name}"][0]) for name in filed.group if worst[f"_{name}"][0] is not None)
        told = f"{rows.height} rows of {table} of {named}, with {worst['lost'][0] / worst['total'][0]:.1%} of its {amount}, are {how}"
        return f"{told}, e.g. that of {_key(rule, rows)} with {amount} {rows[amount][0]}"
    return None


def _spared(rule: Continuity, old: pl.DataFrame) -> float:
    """How many of some rows may vanish."""
    return max(old.height * rule.max_shrink, rule.few_rows)


def _key(rule: Continuity, rows: pl.DataFrame) -> str:
    return ", ".join(str(rows[name][0]) for name in rule.key)


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


def _read_table(settings: Settings, source: Source, one: Observation, table: str) -> pl.DataFrame | None:
    path = curated_folder(settings, source, one.release_id) / f"{table}.parquet"
    return pl.read_parquet(path) if path.exists() else None


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
    unread = {name: _by_slice(table, release_by_slice) for name, table in _conform_unread(source, kind, verdict.unread).items()}
    rejected = _by_slice(verdict.rejected, release_by_slice)
    for slice_name, release in release_by_slice.items():
        refused = rejected.get(slice_name, verdict.rejected.clear())
        state = "ok" if refused.height <= source.config.max_rejected_share * lines[slice_name] else "failed"
        with folder_atomically(curated_folder(settings, source, release)) as folder:
            for name, by_slice in pieces.items():
                if slice_name in by_slice:
                    _write(by_slice[slice_name], folder / f"{name}.parquet")
            for name, by_slice in unread.items():
                if slice_name in by_slice:
                    (folder / UNREAD).mkdir(exist_ok=True)
                    _write(by_slice[slice_name], folder / UNREAD / f"{name}.parquet")
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


def gated(source: Source, kind: str, frame: pl.DataFrame) -> tuple[gate.Judged, dict[str, pl.DataFrame]]:
    """The gate's judgement on rows, and the curated tables of those accepted. What cannot be converted rejects its line.

    Where rules or conversion fail on a file altogether, all its lines are rejected for that, and those of other files are not.
    """
    try:
        return _gated(source, kind, frame)
    except MemoryError:
        raise
    except UNFORESEEN as error:
        refused = {str(member): why for (member,), rows in frame.group_by("source_member") if (why := _why_not(source, kind, rows))}
        refused = refused or dict.fromkeys(frame["source_member"].unique(), _told(error))
        contract = source.contract(kind)
        verdict, tables = _gated(source, kind, frame.filter(~pl.col("source_member").is_in(list(refused))))
        rejected = [gate.refuse(frame.filter(pl.col("source_member") == member), contract, why) for member, why in refused.items()]
        return replace(verdict, rejected=pl.concat([verdict.rejected, *rejected])), tables


def _why_not(source: Source, kind: str, rows: pl.DataFrame) -> str | None:
    try:
        _gated(source, kind, rows)
    except UNFORESEEN as error:
        return _told(error)
    return None


def _told(error: BaseException) -> str:
    told = " ".join(f"{type(error).__name__}: {error}".split())[:500]
    return f"the file cannot be judged ({told}): fetch it again, or mend the source's contract or conform"


def _gated(source: Source, kind: str, frame: pl.DataFrame) -> tuple[gate.Judged, dict[str, pl.DataFrame]]:
    verdict = judge(frame, source.contract(kind), known_codes())
    try:
        return verdict, source.conform(kind, verdict.accepted)
    except pl.exceptions.PolarsError:
        verdict = judge(frame, source.contract(kind), known_codes(), dict(_inconvertible(source, kind, verdict.accepted)))
        return verdict, source.conform(kind, verdict.accepted)


def _inconvertible(source: Source, kind: str, rows: pl.DataFrame) -> Iterator[tuple[tuple[str, int], str]]:
    """File, line and reason of every row that has no place in the curated tables, found by halving."""
    try:
        source.conform(kind, rows)
    except pl.exceptions.PolarsError as error:
        if rows.height > 1:
            middle = rows.height // 2
            yield from _inconvertible(source, kind, rows[:middle])
            yield from _inconvertible(source, kind, rows[middle:])
        else:
            told = str(error).splitlines()[0]
            place = (rows["source_member"][0], rows["source_row"][0])
            yield place, f"a value cannot be converted to standard units ({told}): correct it, or widen the curated column"


UNREAD = "unread"
"""Folder of the rows that rejected lines would have been, as far as they can be read: facts never hold them."""


def _conform_unread(source: Source, kind: str, unread: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """The curated rows of what can be read of rejected lines; none where not even their shape can be made out."""
    if unread.is_empty():
        return {}
    try:
        return source.conform(kind, unread)
    except UNFORESEEN:
        return {}


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
