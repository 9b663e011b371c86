"""Which release is current for which slice, and which was, at any past time.

A slice is a fixed piece of what an office publishes; a release is (slice, content). Every snapshot observes releases, and
the sequence of observations of a slice is its history: A, then B, then A again is three admitted observations.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from functools import cache
from itertools import groupby, pairwise

from pipelines import archive
from pipelines.intake.asked import MONTH
from pipelines.intake.continuity import Filed, compared, doubled, why_quarantined
from pipelines.intake.ledger import Ledger
from pipelines.intake.release import EMPTY, Comparison, Judged, Observation, RawFile, SliceContent, release_id
from pipelines.intake.snapshots import UNNAMED, Snapshot
from pipelines.periods import shifted
from pipelines.reasons import Reason, reason
from pipelines.selection import current_selection
from pipelines.settings import Settings
from pipelines.sources import Source


def observations(source: Source, snapshots: Iterable[Snapshot]) -> list[Observation]:
    """The history of every slice: an entry for each snapshot that found another content than the snapshot before.

    A snapshot that asked for fewer of the codes of the selection than the one before knows only a part of the slice, and tells nothing
    of it: the codes it did not ask for would seem withdrawn. That happens where the selection was narrower for a while.
    """
    headings = current_selection().headings
    latest: dict[str, Observation] = {}
    asked: dict[str, frozenset[str]] = {}
    history: list[Observation] = []
    for snapshot in snapshots:
        found = {piece.slice: piece for piece in snapshot.contents}
        pieces_unnamed = [piece for piece in snapshot.contents if piece.slice.endswith(f"/{UNNAMED}")]
        for name in _emptied(snapshot, found.keys(), latest):
            found[name] = SliceContent(name, release_id(source.name, name, EMPTY), EMPTY, 0, None, "held", snapshot.slices.get(name, ()))
        for name, piece in found.items():
            if name in snapshot.asked:
                covered = _covered(snapshot.asked[name], headings)
                if any(not code.startswith(tuple(covered)) for code in asked.get(name, ())):
                    continue
                asked[name] = covered
            before, unnamed = latest.get(name), _unnamed(piece, pieces_unnamed)
            if before is not None and before.fingerprint == piece.fingerprint and (unnamed or not before.unnamed):
                continue
            latest[name] = replace(_observe(source, snapshot, piece, before), unnamed=unnamed)
            history.append(latest[name])
    return history


def _unnamed(piece: SliceContent, unnamed: Iterable[SliceContent]) -> tuple[str, ...]:
    """The parts that name no slice in the files of another slice."""
    return tuple(part for other in unnamed if other is not piece and set(other.members) & set(piece.members) for part in other.parts)


@cache
def _covered(asked: tuple[str, ...], headings: tuple[str, ...]) -> frozenset[str]:
    """What of the selection was asked for: its headings, and parts of them."""
    whole = {heading for heading in headings if heading.startswith(asked)}
    return frozenset(whole | {code for code in asked if code.startswith(headings)})


def _emptied(snapshot: Snapshot, found: Collection[str], latest: Mapping[str, Observation]) -> list[str]:
    """Slices that had rows and of which this snapshot, which speaks for them, has none."""
    read = {receipt.member for receipt in snapshot.receipts} - snapshot.errors.keys()
    gone = []
    for name, earlier in latest.items():
        if name in found or earlier.withdrawn:
            continue
        if name in snapshot.slices:
            spoken_for = set(snapshot.slices[name]) <= read
        else:
            spoken_for = not snapshot.slices and bool(snapshot.contents) and {file.member for file in earlier.files} <= read
        if spoken_for:
            gone.append(name)
    return gone


def _observe(source: Source, snapshot: Snapshot, piece: SliceContent, before: Observation | None) -> Observation:
    """The calendar dates only a level as first printed; a later content is known from a later stated date, or from now."""
    known_from, basis = piece.known_from, piece.known_from_basis
    revised = before is not None and not (basis == "stated" and known_from is not None and known_from > before.known_from)
    if known_from is None or revised:
        known_from, basis = snapshot.observed_at, "held"
    if before is not None:
        known_from = max(known_from, before.known_from)
    files = tuple(
        RawFile(receipt.member, receipt.sha256, receipt.receipt_id, receipt.observed_at, receipt.url, receipt.stand_in)
        for receipt in snapshot.receipts
        if receipt.member in (snapshot.slices.get(piece.slice) or piece.members or (receipt.member,))
    )
    return Observation(
        source=source.name,
        slice=piece.slice,
        release_id=piece.release_id,
        fingerprint=piece.fingerprint,
        lines=piece.lines,
        observed_at=snapshot.observed_at,
        receipt_id=snapshot.name,
        files=files,
        known_from=known_from,
        known_from_basis=basis,
        parts=piece.parts,
    )


def judge_history(
    history: Iterable[Observation],
    failed: Callable[[Observation], Reason | None],
    must_wait: Callable[[Observation, Observation], Reason | None],
    compared: Callable[[Observation, Observation], Comparison | None],
    decided: Mapping[str, archive.Decision],
    as_of: datetime | None,
) -> list[Judged]:
    """What became of every observation, as far as it was known at `as_of`.

    `failed` says why a release has no curated rows to offer, `must_wait` why it may not follow its predecessor, `compared` how it stands
    to that of another month, where they can be compared; a person's decision overrules the latter two. An observation's place ends when the
    next admitted one of its slice begins. One that was quarantined or failed is passed over as soon as a later snapshot found a content
    that was admitted: nothing waits for it any more.

    The first release of a slice has no predecessor. It waits while others of its snapshot are quarantined, and is
    quarantined itself where it is apart from each of its neighbours in time.
    """
    admitted: dict[str, list[Observation]] = {}
    refused: dict[str, list[Judged]] = {}
    waiting: list[tuple[Observation, list[Observation]]] = []

    def refuse(observation: Observation, state: str, why: Reason) -> None:
        refused.setdefault(observation.slice, []).append(Judged(observation, state, why, None))

    def admit(observation: Observation) -> None:
        refused[observation.slice] = [replace(other, state="passed_over") for other in refused.get(observation.slice, ())]
        before = admitted.setdefault(observation.slice, [])
        if not before or before[-1].release_id != observation.release_id:
            before.append(observation)

    known = [observation for observation in history if as_of is None or observation.known_from <= as_of]
    for _, snapshot in groupby(known, key=lambda observation: observation.receipt_id):
        waiting_here: list[Observation] = []
        first_seen: list[Observation] = []
        for observation in snapshot:
            why_failed, decision, before = failed(observation), decided.get(observation.release_id), admitted.get(observation.slice)
            if why_failed is not None:
                refuse(observation, "failed", why_failed)
            elif decision is not None and decision.verb == "quarantine":
                refuse(observation, "quarantined", reason("quarantined_by_person", author=decision.author, why=decision.reason))
            elif decision is not None:
                admit(observation)
            elif not before:
                first_seen.append(observation)
            elif (why := must_wait(before[-1], observation)) is not None:
                refuse(observation, "quarantined", why)
                waiting_here.append(observation)
            else:
                admit(observation)
        stood, beside = (_by_month(found) for found in ([found[-1] for found in admitted.values() if found], first_seen))
        for observation in first_seen:
            if waiting_here:
                other = refused[waiting_here[0].slice][-1]
                refuse(observation, "quarantined", reason("waits_for_others", slice=other.observation.slice, why=other.reason))
                waiting.append((observation, waiting_here))
            elif (why := _why_apart(observation, stood, beside, compared)) is not None:
                refuse(observation, "quarantined", why)
            else:
                admit(observation)
    last = {observation.slice: observation for observation in known}
    for observation, others in waiting:
        still_waiting = {id(other.observation) for found in refused.values() for other in found if other.state == "quarantined"}
        if last[observation.slice] is observation and still_waiting.isdisjoint(map(id, others)):
            refused[observation.slice] = [other for other in refused[observation.slice] if other.observation is not observation]
            standing = _by_month(found[-1] for found in admitted.values() if found)
            if (why := _why_apart(observation, standing, {}, compared)) is not None:
                refuse(observation, "quarantined", why)
            else:
                admit(observation)
    judged = [refusal for found in refused.values() for refusal in found]
    for found in admitted.values():
        judged += [Judged(earlier, "superseded", None, following.known_from) for earlier, following in pairwise(found)]
        judged.append(Judged(found[-1], "withdrawn" if found[-1].withdrawn else "current", None, None))
    return judged


MOST_MONTHS_APART = 12
"""A neighbour further off tells nothing of how large a month should be."""


_Months = Mapping[tuple[str, str], list[Observation]]
"""Releases by what of their slice's name stands before its month, and the month."""


def _by_month(found: Iterable[Observation]) -> _Months:
    months: dict[tuple[str, str], list[Observation]] = {}
    for observation in found:
        place = _month_of(observation.slice)
        if place is not None:
            months.setdefault(place, []).append(observation)
    return months


@cache
def _month_of(name: str) -> tuple[str, str] | None:
    """What stands before the month in a slice's name, and the month; null where it names none, or a range. Addresses name none."""
    parts = name.partition("://")[0].split("/")
    months = [place for place, part in enumerate(parts) if MONTH.fullmatch(part)]
    return ("/".join(parts[: months[0]]), parts[months[0]]) if len(months) == 1 else None


def _why_apart(
    observation: Observation, stood: _Months, beside: _Months, compared: Callable[[Observation, Observation], Comparison | None]
) -> Reason | None:
    """Why the first release of a month fits none of its neighbours; null where it fits one, or has none.

    Months that the same snapshot brought first count only where no other stands near: they would be wrong together. A single figure
    tells nothing of them then: that of a single flow may well have been a thousandth the month before.
    """
    found = list(_compared(observation, stood, compared))
    if not found:
        found = [other for other in _compared(observation, beside, compared) if other.figures > 1]
    return found[0].why_apart if found and all(other.why_apart for other in found) else None


def _compared(
    observation: Observation, months: _Months, compared: Callable[[Observation, Observation], Comparison | None]
) -> Iterator[Comparison]:
    """How a release stands to others of its month, and to those of the nearest month before and after with which it can be compared."""
    place = _month_of(observation.slice)
    if place is None:
        return
    series, month = place
    for steps in ([0], range(-1, -MOST_MONTHS_APART - 1, -1), range(1, MOST_MONTHS_APART + 1)):
        near = (months.get((series, shifted(month, step)), []) for step in steps)
        comparable = (
            [found for other in others if other is not observation and (found := compared(other, observation)) is not None]
            for others in near
        )
        yield from next(filter(None, comparable), [])


def judge_releases(
    settings: Settings, source: Source, known: Ledger, history: Iterable[Observation], as_of: datetime | None = None
) -> list[Judged]:
    """What became of every observation of a source, by its ledger and what persons decided; see `judge_history`."""
    history = list(history)
    filed = Filed(settings, source, known, history)
    twice = doubled(filed, known, history)

    def must_wait(before: Observation, after: Observation) -> Reason | None:
        found = known.compared("follows", before, after, lambda: Comparison(0, why_quarantined(filed, before, after)))
        return None if found is None else found.why_apart

    def apart(neighbour: Observation, first: Observation) -> Comparison | None:
        return known.compared("neighbours", neighbour, first, lambda: compared(filed, neighbour, first))

    return judge_history(
        history,
        failed=lambda observation: known.why_failed(observation) or twice.get(observation.release_id),
        must_wait=must_wait,
        compared=apart,
        decided=archive.decisions(settings.raw, source.name, before=as_of),
        as_of=as_of,
    )
