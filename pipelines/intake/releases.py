"""Which release is current for which slice, and which was, at any past time.

A slice is a fixed piece of what an office publishes; a release is (slice, content). Every look observes releases, and
the sequence of observations of a slice is its history: A, then B, then A again is three admitted observations.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any

import polars as pl
from pydantic import TypeAdapter

from pipelines import archive
from pipelines.archive.files import write_atomically
from pipelines.errors import BadFile, LodestoneError
from pipelines.intake.corrections import ALWAYS, Applied, Correction, apply, readable_corrections
from pipelines.model.vocabulary import dates_version
from pipelines.periods import shifted
from pipelines.scope import current_scope
from pipelines.settings import Settings
from pipelines.sources import Source
from pipelines.sources.config import Fetch

EMPTY = hashlib.sha256(b"[]").hexdigest()
"""Content hash of a slice that an office no longer fills: its release is withdrawn."""

UNNAMED = "unnamed"
"""Slice of the rows whose slice cannot be told, because a field that names it is empty: the gate says which."""


@dataclass(frozen=True)
class RawFile:
    """A kept file that a release stands on; `source_row` counts in it."""

    member: str
    sha256: str
    receipt_id: str
    observed_at: datetime
    url: str | None
    stand_in: bool = False


@dataclass(frozen=True)
class Cut:
    """One slice of one look. `known_from` is null where only holding it dates it."""

    slice: str
    release_id: str
    content_hash: str
    lines: int
    known_from: datetime | None
    known_from_basis: str
    members: tuple[str, ...]
    """The files it was cut from."""


@dataclass(frozen=True)
class Observation:
    """A look at a slice that found another content than the look before."""

    source: str
    slice: str
    release_id: str
    content_hash: str
    lines: int
    observed_at: datetime
    receipt_id: str
    """The receipt, or the visit, of the look."""
    files: tuple[RawFile, ...]
    known_from: datetime
    known_from_basis: str

    @property
    def withdrawn(self) -> bool:
        """Whether the office took back every row of the slice."""
        return self.content_hash == EMPTY


@dataclass(frozen=True)
class Judged:
    """An observation with what became of its release: current, superseded, withdrawn, held, failed or passed over, and why."""

    observation: Observation
    state: str
    reason: str | None
    known_until: datetime | None
    """When a later observation took its place; null while it is current. Held, failed and passed-over ones never had a place."""


@dataclass(frozen=True)
class Comparison:
    """How one month stands to another: how many figures they have in common, and why they may not stand together, null where they may."""

    figures: int
    why_apart: str | None


@dataclass(frozen=True)
class Look:
    """A file that was handed in, or the answers of one visit, and what was read from them.

    A file that was handed in, or that a question without slices brought, speaks for the whole of its member: a slice it
    no longer holds is withdrawn. Other answers speak for the slices of their question, once all answers that a slice
    needs are there.
    """

    name: str
    observed_at: datetime
    receipts: tuple[archive.Receipt, ...]
    slices: Mapping[str, tuple[str, ...]]
    """Slices that the look speaks for, each with the members it stands on; empty for whole members."""
    asked: Mapping[str, tuple[str, ...]]
    """Codes that were asked for, by slice."""
    cuts: tuple[Cut, ...] = ()
    errors: Mapping[str, LodestoneError] = field(default_factory=dict)
    """What cannot be read, by member."""
    corrections: tuple[Correction, ...] = ()
    """Corrections that had been decided by then."""
    spent: tuple[str, ...] = ()
    """What is told of corrections whose guard no longer holds."""

    @property
    def speaks_for(self) -> frozenset[str]:
        """Members, or slices, that the look tells about."""
        return frozenset(self.slices) if self.slices else frozenset(receipt.member for receipt in self.receipts)


def release_id(source: str, slice_name: str, content_hash: str) -> str:
    """16 hex digits that name one content of one slice."""
    return hashlib.sha256(f"{source}\n{slice_name}\n{content_hash}".encode()).hexdigest()[:16]


def read_member(settings: Settings, source: Source, receipt: archive.Receipt) -> pl.DataFrame:
    """The rows of a received file as text, with `source_member`, `slice`, `known_from` and its basis.

    Raises `LodestoneError` where the bytes are gone or changed, and `BadFile` where they are not what the source publishes.
    """
    if receipt.size > source.most_bytes:
        told = f"the file should have at most {source.most_bytes:,} bytes"
        raise BadFile(receipt.member, 1, f"{receipt.size:,} bytes", told, "look at it, and hand in what is meant")
    frame = source.parse(receipt.member, archive.body(settings.raw, receipt))
    member = source.config.members[str(source.kind(receipt.member))]
    fewest, most = member.rows
    if frame.height < fewest:
        raise BadFile(
            receipt.member,
            1,
            f"{frame.height} rows",
            f"the file should have {fewest} to {most} rows",
            "fetch it again, or widen `rows` in source.yaml after looking at it",
        )
    sliced = source.slices(receipt.member, frame)
    return sliced.with_columns(
        slice=pl.concat_str(pl.lit(f"{source.name}/{member.dataset}/"), pl.col("slice").fill_null(UNNAMED)),
        source_member=pl.lit(receipt.member),
    )


def cut(source: Source, frame: pl.DataFrame) -> list[Cut]:
    """The slices of rows of one kind. The content hash leaves out line numbers, file names, line ends and anything but the fields."""
    derived = {"source_row", "source_member", "slice", "known_from", "known_from_basis"}
    fields = [name for name in frame.columns if name not in derived]
    cuts = []
    for (name,), rows in frame.group_by(["slice"], maintain_order=True):
        slice_name = str(name)
        content = json.dumps([fields, sorted(map(list, rows.select(fields).rows()), key=str)], ensure_ascii=False)
        content_hash = hashlib.sha256(content.encode()).hexdigest()
        known: datetime | None = rows["known_from"].dt.max() if rows["known_from"].null_count() == 0 else None  # type: ignore[assignment]
        basis = "held" if known is None else rows.filter(pl.col("known_from") == known)["known_from_basis"][0]
        members = tuple(sorted(rows["source_member"].unique()))
        release = release_id(source.name, slice_name, content_hash)
        cuts.append(Cut(slice_name, release, content_hash, rows.height, _utc(known), basis, members))
    return cuts


@dataclass(frozen=True)
class Read:
    """The rows of a look by kind of file, what of it cannot be read by member, and what became of its corrections."""

    frames: dict[str, pl.DataFrame]
    errors: dict[str, LodestoneError]
    applied: tuple[Applied, ...]
    spent: tuple[str, ...]


def read_look(settings: Settings, source: Source, look: Look, slices: Iterable[str] | None = None) -> Read:
    """Read the files of a look, with its corrections; with `slices`, only the rows of those.

    A slice of which an answer cannot be read, or is still missing, has no rows here.
    """
    wanted = None if slices is None else set(slices)
    by_kind: dict[str, list[pl.DataFrame]] = {}
    errors: dict[str, LodestoneError] = {}
    for receipt in look.receipts:
        covered = [name for name, members in look.slices.items() if receipt.member in members]
        if wanted is not None and covered and wanted.isdisjoint(covered):
            continue
        try:
            frame = read_member(settings, source, receipt)
        except LodestoneError as error:
            errors[receipt.member] = error
            continue
        by_kind.setdefault(str(source.kind(receipt.member)), []).append(frame)
    answered = {receipt.member for receipt in look.receipts} - errors.keys()
    whole = (
        pl.lit(True) if not look.slices else pl.col("slice").is_in([name for name, needs in look.slices.items() if set(needs) <= answered])
    )
    if wanted is not None:
        whole = whole & pl.col("slice").is_in(list(wanted))
    frames: dict[str, pl.DataFrame] = {}
    applied: list[Applied] = []
    spent: list[str] = []
    for kind, parts in by_kind.items():
        frames[kind], here, told = apply(pl.concat(parts).filter(whole), kind, look.corrections)
        applied += here
        spent += told
    return Read(frames, errors, tuple(applied), tuple(spent))


def looks(settings: Settings, source: Source, before: datetime | None = None) -> list[Look]:
    """Every look at a source, oldest first; with `before`, only those that were earlier.

    The newest copy of each file that was handed in is read again and held against its hash: damage shows, though what is
    known stands.
    """
    received, unreadable = archive.readable_receipts(settings.raw, source.name)
    found = [Look(receipt.receipt_id, receipt.observed_at, (receipt,), {}, {}) for receipt in received]
    visits, of_visits = archive.readable_visits(settings.raw, source.name)
    for visit in visits:
        found += _looks_of_visit(visit)
    known, of_corrections = readable_corrections(settings.raw, source.name)
    unreadable += [*of_visits, *of_corrections, *archive.readable_decisions(settings.raw, source.name)[1]]
    # In the same second the archive's own order counts: names would put a second visit before the first.
    found = sorted((one for one in found if before is None or one.observed_at < before), key=lambda one: one.observed_at)
    corrections = [one for one in known if before is None or one.decided_at < before]
    found = _with_corrections(found, corrections, lambda one: source.kind(one.receipts[0].member))
    newest = {receipt.member: receipt for one in found if not one.slices for receipt in one.receipts}
    broken = [Look(str(error), datetime.min.replace(tzinfo=UTC), (), {}, {}, errors={str(error): error}) for error in unreadable]
    return broken + [_with_cuts(settings, source, one, newest) for one in found]


def _with_corrections(found: list[Look], corrections: list[Correction], kind: Callable[[Look], str | None]) -> list[Look]:
    """The looks with the corrections that had been decided by then, and another look at the files then held for each later one."""
    if not corrections:
        return found
    seen = [replace(one, corrections=tuple(fix for fix in corrections if fix.decided_at <= one.observed_at)) for one in found]
    for fix in corrections:
        if fix.decided_at == ALWAYS:
            continue
        standing: dict[str, Look] = {}
        for one in found:
            if one.observed_at < fix.decided_at and (fix.slice in one.slices or (not one.slices and kind(one) == fix.kind)):
                standing[fix.kind if one.slices else one.receipts[0].member] = one
        known = tuple(other for other in corrections if other.decided_at <= fix.decided_at)
        for one in standing.values():
            only = {name: members for name, members in one.slices.items() if name == fix.slice}
            stands_on = tuple(receipt for receipt in one.receipts if not only or receipt.member in only[str(fix.slice)])
            again = replace(
                one, name=f"{one.name}+{fix.correction_id}", observed_at=fix.decided_at, receipts=stands_on, slices=only, asked={}
            )
            seen.append(replace(again, corrections=known))
    return sorted(seen, key=lambda one: one.observed_at)


def _looks_of_visit(visit: archive.Visit) -> Iterator[Look]:
    """One look for the answers that make slices together, and one for each answer that speaks for a whole file."""
    questions = {question.member: question for question in visit.questions}
    together = tuple(receipt for receipt in visit.receipts if questions[receipt.member].slices)
    slices: dict[str, tuple[str, ...]] = {}
    asked: dict[str, tuple[str, ...]] = {}
    for question in visit.questions:
        for name in question.slices:
            slices[name] = (*slices.get(name, ()), question.member)
            asked[name] = (*asked.get(name, ()), *question.asked)
    if together:
        yield Look(f"visits/{visit.name}", max(receipt.observed_at for receipt in together), together, slices, asked)
    for receipt in visit.receipts:
        if not questions[receipt.member].slices:
            yield Look(f"visits/{visit.name}/{receipt.member}", receipt.observed_at, (receipt,), {}, {})


def _with_cuts(settings: Settings, source: Source, one: Look, newest: Mapping[str, archive.Receipt]) -> Look:
    """The look with its cuts: read from the bytes the first time, remembered under their hashes and the code's version."""
    content = hashlib.sha256("".join(f"{receipt.member} {receipt.sha256}\n" for receipt in one.receipts).encode()).hexdigest()[:16]
    terms = [dict(one.slices), [fix.correction_id for fix in one.corrections]]
    asked_for = hashlib.sha256(json.dumps(terms, sort_keys=True).encode()).hexdigest()[:8]
    path = settings.curated / source.name / "cuts" / f"{content}-{asked_for}-{source.code_version}-{dates_version()}.json"
    known = _remembered(path)
    if known is None:
        read = read_look(settings, source, one)
        cuts = tuple(piece for frame in read.frames.values() for piece in cut(source, frame))
        bad = {name: error for name, error in read.errors.items() if isinstance(error, BadFile)}
        if len(bad) < len(read.errors):  # not for ever: a file may be restored
            return replace(one, cuts=cuts, errors=read.errors, spent=read.spent)
        known = _Remembered(cuts, bad, read.spent)
        write_atomically(path, _REMEMBERED.dump_json(known))
    found: dict[str, LodestoneError] = dict(known.errors)
    for receipt in one.receipts:
        if not found and newest.get(receipt.member) is receipt:
            try:
                archive.body(settings.raw, receipt)
            except LodestoneError as error:
                found[receipt.member] = error
    return replace(one, cuts=known.cuts, errors=found, spent=known.spent)


@dataclass(frozen=True)
class _Remembered:
    """What was read of a look."""

    cuts: tuple[Cut, ...]
    errors: dict[str, BadFile]
    spent: tuple[str, ...]


_REMEMBERED = TypeAdapter(_Remembered)


def _remembered(path: Path) -> _Remembered | None:
    """What was written down of a look; null where nothing was, or it cannot be read."""
    try:
        known = _REMEMBERED.validate_json(path.read_bytes())
    except (OSError, ValueError):
        return None
    return replace(known, cuts=tuple(replace(piece, known_from=_utc(piece.known_from)) for piece in known.cuts))


def standing_errors(looked: Iterable[Look]) -> list[str]:
    """What is wrong with the newest look at each file or slice; what a later good one replaced is history."""
    return list(dict.fromkeys(_standing_troubles(looked).values()))


def all_stand(looked: Iterable[Look], judged: Iterable[Judged]) -> bool:
    """Whether a release is current of every file or slice whose newest look has something wrong."""
    current = [one.observation for one in judged if one.state == "current"]
    standing = {one.slice for one in current} | {file.member for one in current for file in one.files}
    return _standing_troubles(looked).keys() <= standing


def _standing_troubles(looked: Iterable[Look]) -> dict[str, str]:
    standing: dict[str, str] = {}
    for one in looked:
        for subject in one.speaks_for:
            standing.pop(subject, None)
        for member, error in one.errors.items():
            told = str(error) if not one.receipts or str(error).startswith(f"{member} ") else f"{member}: {error}"
            touched = [name for name, members in one.slices.items() if member in members] or [member]
            standing |= dict.fromkeys(touched, told)
    return standing


MONTH = re.compile(r"(19|20)[0-9]{2}-(0[1-9]|1[0-2])")


@dataclass(frozen=True)
class Asked:
    """The last whole look at a slice, and how far the office had come by then. Months are YYYY-MM."""

    codes: tuple[str, ...]
    """Beginnings of the codes it asked for, sorted."""
    at: datetime
    newest: str
    """Newest month that any slice of the office had been found to have rows of; empty where none had."""
    reach: str
    """Newest month that had been asked for."""
    first: Mapping[str, str]
    """What `newest` was at the first whole look that asked for a code when the slice's month was there, by code."""


@dataclass(frozen=True)
class RevisionPeriod:
    """Days between which a revision of a month is published, together with the first figures of another month (YYYY-MM)."""

    begin: date
    until: date
    with_month: str
    is_season: bool
    """Whether it is over with its last day, however late the office is; else with the other month, whenever that comes."""


def last_asked(looked: Iterable[Look]) -> dict[str, Asked]:
    """The last whole look at each slice, by slice."""
    found: dict[str, Asked] = {}
    newest = reach = ""
    for one in looked:
        answered = {receipt.member for receipt in one.receipts} - one.errors.keys()
        whole = {name: codes for name, codes in one.asked.items() if set(one.slices[name]) <= answered}
        newest = max(newest, *_months(piece.slice for piece in one.cuts))
        reach = max(reach, *_months(whole))
        for name, codes in whole.items():
            before = found[name].first if name in found else {}
            first = {code: before[code] if before.get(code, "") >= name[-7:] else newest for code in codes}
            found[name] = Asked(tuple(sorted(set(codes))), one.observed_at, newest, reach, first)
    return found


def _months(slices: Iterable[str]) -> list[str]:
    """The months (YYYY-MM) among some slices, and an empty one."""
    return ["", *(name[-7:] for name in slices if MONTH.fullmatch(name[-7:]))]


def newest_month(config: Fetch, now: datetime) -> str:
    """The newest month (YYYY-MM) whose figures may be there by now."""
    day = (now - timedelta(days=config.lag_days)).date()
    return shifted(f"{day:%Y-%m}", -1)


def revision_periods(config: Fetch, month: str) -> Iterator[RevisionPeriod]:
    """The revisions of a month (YYYY-MM) that have to be seen, earliest first.

    They are the last with which it is among the newest months, and that of every yearly season that reaches back to it, which
    comes with the month that is the newest when the season begins.
    """
    last = shifted(month, config.revision_months - 1)
    end = _last_day(last)
    yield RevisionPeriod(end + timedelta(days=config.lag_days + 1), end + timedelta(days=config.late_after_days), last, False)
    yearly = config.yearly_revision
    if yearly is None:
        return
    year = int(month[:4])
    for season in range(year, year + yearly.months // 12 + 3):
        begin = datetime(season, yearly.calendar_months[0], 1, tzinfo=UTC)
        newest = newest_month(config, begin)
        if shifted(newest, 1 - yearly.months) <= month <= newest:
            yield RevisionPeriod(begin.date(), _last_day(f"{season}-{yearly.calendar_months[-1]:02d}"), newest, True)


def has_seen(one: Asked, period: RevisionPeriod) -> bool:
    """Whether the last look at a month came when the revision of a period was there.

    The month with which it comes tells: it was there too. Where nobody had asked for that, or a season is over, the days tell.
    """
    day = one.at.date()
    is_past = day > period.until and (period.is_season or one.reach < period.with_month)
    return day >= period.begin and (is_past or one.newest >= period.with_month)


def to_ask_again(config: Fetch, month: str, one: Asked) -> RevisionPeriod | None:
    """The first revision that the last look at a month (YYYY-MM) has not seen; null where none is to come."""
    return next((period for period in revision_periods(config, month) if not has_seen(one, period)), None)


def asked_rows(config: Fetch, asked: Mapping[str, Asked]) -> list[dict[str, Any]]:
    """The rows of `meta.asked`. They change only when another month is there or a revision was seen, not with every look."""
    rows = []
    for name, one in sorted(asked.items()):
        month = name[-7:]
        again = to_ask_again(config, month, one) if MONTH.fullmatch(month) else None
        is_late = again is not None and one.reach >= again.with_month and one.at.date() > again.until
        is_final = again is None or again != next(revision_periods(config, month))
        rows += [
            {
                "slice": name,
                "code": code,
                "is_confirmed": is_final or one.newest > one.first[code],
                "ask_again_from": None if again is None else again.begin,
                "ask_again_until": None if again is None or is_late else again.until,
            }
            for code in one.codes
        ]
    return rows


def _last_day(month: str) -> date:
    return date.fromisoformat(f"{shifted(month, 1)}-01") - timedelta(days=1)


def observations(source: Source, looked: Iterable[Look]) -> list[Observation]:
    """The history of every slice: an entry for each look that found another content than the look before.

    A look that asked for fewer of the codes in scope than the one before knows only a part of the slice, and tells nothing
    of it: the codes it did not ask for would seem withdrawn. That happens where the scope was narrower for a while.
    """
    latest: dict[str, Observation] = {}
    asked: dict[str, frozenset[str]] = {}
    history: list[Observation] = []
    for one in looked:
        found = {piece.slice: piece for piece in one.cuts}
        for name in _emptied(one, found.keys(), latest):
            found[name] = Cut(name, release_id(source.name, name, EMPTY), EMPTY, 0, None, "held", one.slices.get(name, ()))
        for name, piece in found.items():
            if name in one.asked:
                covered = _covered(one.asked[name], current_scope().headings)
                if any(not code.startswith(tuple(covered)) for code in asked.get(name, ())):
                    continue
                asked[name] = covered
            before = latest.get(name)
            if before is not None and before.content_hash == piece.content_hash:
                continue
            latest[name] = _observe(source, one, piece, before)
            history.append(latest[name])
    return history


@cache
def _covered(asked: tuple[str, ...], headings: tuple[str, ...]) -> frozenset[str]:
    """What of the scope was asked for: its headings, and parts of them."""
    whole = {heading for heading in headings if heading.startswith(asked)}
    return frozenset(whole | {code for code in asked if code.startswith(headings)})


def _emptied(one: Look, found: Collection[str], latest: Mapping[str, Observation]) -> list[str]:
    """Slices that had rows and of which this look, which speaks for them, has none."""
    read = {receipt.member for receipt in one.receipts} - one.errors.keys()
    gone = []
    for name, earlier in latest.items():
        if name in found or earlier.withdrawn:
            continue
        if name in one.slices:
            spoken_for = set(one.slices[name]) <= read
        else:
            spoken_for = not one.slices and bool(one.cuts) and {file.member for file in earlier.files} <= read
        if spoken_for:
            gone.append(name)
    return gone


def _observe(source: Source, one: Look, piece: Cut, before: Observation | None) -> Observation:
    """The calendar dates only a level as first printed; a later content is known from a later stated date, or from now."""
    known_from, basis = piece.known_from, piece.known_from_basis
    revised = before is not None and not (basis == "stated" and known_from is not None and known_from > before.known_from)
    if known_from is None or revised:
        known_from, basis = one.observed_at, "held"
    if before is not None:
        known_from = max(known_from, before.known_from)
    files = tuple(
        RawFile(receipt.member, receipt.sha256, receipt.receipt_id, receipt.observed_at, receipt.url, receipt.stand_in)
        for receipt in one.receipts
        if receipt.member in (one.slices.get(piece.slice) or piece.members or (receipt.member,))
    )
    return Observation(
        source=source.name,
        slice=piece.slice,
        release_id=piece.release_id,
        content_hash=piece.content_hash,
        lines=piece.lines,
        observed_at=one.observed_at,
        receipt_id=one.name,
        files=files,
        known_from=known_from,
        known_from_basis=basis,
    )


def first_asked(looked: Iterable[Look]) -> dict[tuple[str, str], datetime]:
    """When a whole look at a slice first asked for a code, by slice and beginning of codes."""
    first: dict[tuple[str, str], datetime] = {}
    for one in looked:
        answered = {receipt.member for receipt in one.receipts} - one.errors.keys()
        for name, codes in one.asked.items():
            for code in codes if set(one.slices[name]) <= answered else ():
                first.setdefault((name, code), one.observed_at)
    return first


def judge_history(
    history: Iterable[Observation],
    failed: Callable[[Observation], str | None],
    held: Callable[[Observation, Observation], str | None],
    compared: Callable[[Observation, Observation], Comparison | None],
    decided: Mapping[str, archive.Decision],
    as_of: datetime | None,
) -> list[Judged]:
    """What became of every observation, as far as it was known at `as_of`.

    `failed` says why a release has no curated rows to offer, `held` why it may not follow its predecessor, `compared` how it stands
    to that of another month, where they can be compared; a person's decision overrules the latter two. An observation's place ends when the
    next admitted one of its slice begins. One that was held or failed is passed over as soon as a later look found a content
    that was admitted: nothing waits for it any more.

    The first release of a slice has no predecessor. It waits while others of its look are held, and is held where it is apart
    from each of its neighbours in time.
    """
    admitted: dict[str, list[Observation]] = {}
    refused: dict[str, list[Judged]] = {}
    waiting: list[tuple[Observation, list[Observation]]] = []

    def refuse(one: Observation, state: str, why: str) -> None:
        refused.setdefault(one.slice, []).append(Judged(one, state, why, None))

    def admit(one: Observation) -> None:
        refused[one.slice] = [replace(other, state="passed_over") for other in refused.get(one.slice, ())]
        before = admitted.setdefault(one.slice, [])
        if not before or before[-1].release_id != one.release_id:
            before.append(one)

    known = [one for one in history if as_of is None or one.known_from <= as_of]
    for _, look in groupby(known, key=lambda one: one.receipt_id):
        held_here: list[Observation] = []
        first_seen: list[Observation] = []
        for one in look:
            why_failed, decision, before = failed(one), decided.get(one.release_id), admitted.get(one.slice)
            if why_failed is not None:
                refuse(one, "failed", why_failed)
            elif decision is not None and decision.verb == "hold":
                refuse(one, "held", f"{decision.author} holds it: {decision.reason}")
            elif decision is not None:
                admit(one)
            elif not before:
                first_seen.append(one)
            elif (why := held(before[-1], one)) is not None:
                refuse(one, "held", why)
                held_here.append(one)
            else:
                admit(one)
        stood, beside = (_by_month(found) for found in ([found[-1] for found in admitted.values() if found], first_seen))
        for one in first_seen:
            if held_here:
                other = refused[held_here[0].slice][-1]
                refuse(one, "held", f"it waits for others of the same look, e.g. {other.observation.slice}: {other.reason}")
                waiting.append((one, held_here))
            elif (why := _why_apart(one, stood, beside, compared)) is not None:
                refuse(one, "held", why)
            else:
                admit(one)
    last = {one.slice: one for one in known}
    for one, others in waiting:
        held_still = {id(other.observation) for found in refused.values() for other in found if other.state == "held"}
        if last[one.slice] is one and held_still.isdisjoint(map(id, others)):
            refused[one.slice] = [other for other in refused[one.slice] if other.observation is not one]
            standing = _by_month(found[-1] for found in admitted.values() if found)
            if (why := _why_apart(one, standing, {}, compared)) is not None:
                refuse(one, "held", why)
            else:
                admit(one)
    judged = [one for found in refused.values() for one in found]
    for found in admitted.values():
        judged += [Judged(one, "superseded", None, following.known_from) for one, following in pairwise(found)]
        judged.append(Judged(found[-1], "withdrawn" if found[-1].withdrawn else "current", None, None))
    return judged


MOST_MONTHS_APART = 12
"""A neighbour further off tells nothing of how large a month should be."""


_Months = Mapping[tuple[str, str], list[Observation]]
"""Releases by what of their slice's name stands before its month, and the month."""


def _by_month(found: Iterable[Observation]) -> _Months:
    months: dict[tuple[str, str], list[Observation]] = {}
    for one in found:
        place = _month_of(one.slice)
        if place is not None:
            months.setdefault(place, []).append(one)
    return months


@cache
def _month_of(name: str) -> tuple[str, str] | None:
    """What stands before the month in a slice's name, and the month; null where it names none, or a range. Addresses name none."""
    parts = name.partition("://")[0].split("/")
    months = [place for place, part in enumerate(parts) if MONTH.fullmatch(part)]
    return ("/".join(parts[: months[0]]), parts[months[0]]) if len(months) == 1 else None


def _why_apart(
    one: Observation, stood: _Months, beside: _Months, compared: Callable[[Observation, Observation], Comparison | None]
) -> str | None:
    """Why the first release of a month fits none of its neighbours; null where it fits one, or has none.

    Months that the same look brought first count only where no other stands near: they would be wrong together. A single figure
    tells nothing of them then: that of a single flow may well have been a thousandth the month before.
    """
    found = list(_compared(one, stood, compared))
    if not found:
        found = [other for other in _compared(one, beside, compared) if other.figures > 1]
    return found[0].why_apart if found and all(other.why_apart for other in found) else None


def _compared(one: Observation, months: _Months, compared: Callable[[Observation, Observation], Comparison | None]) -> Iterator[Comparison]:
    """How a release stands to others of its month, and to those of the nearest month before and after with which it can be compared."""
    place = _month_of(one.slice)
    if place is None:
        return
    series, month = place
    for steps in ([0], range(-1, -MOST_MONTHS_APART - 1, -1), range(1, MOST_MONTHS_APART + 1)):
        near = (months.get((series, shifted(month, step)), []) for step in steps)
        comparable = ([found for other in others if other is not one and (found := compared(other, one)) is not None] for others in near)
        yield from next(filter(None, comparable), [])


def curated_folder(settings: Settings, source: Source, release: str) -> Path:
    """Where the curated files of a release lie, for this version of the source's code."""
    return settings.curated / source.name / f"{release}-{source.code_version}"


def _utc(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.replace(tzinfo=UTC)
