"""Snapshots of a source, oldest first: the files that came, read, fingerprinted by slice, and put together.

A file that was handed in, or the answers of one visit, is a snapshot. What was read of it stands in the ledger.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache

import duckdb
import polars as pl

from pipelines import archive
from pipelines.errors import BadFile, LodestoneError
from pipelines.intake import ledger
from pipelines.intake.corrections import ALWAYS, Applied, Correction, apply, readable_corrections
from pipelines.intake.release import HALF, Judged, Part, SliceContent, content_of, fingerprint_of, release_id
from pipelines.settings import Settings
from pipelines.sources import Source

UNNAMED = "unnamed"
"""Slice of the rows whose slice cannot be told, because a field that names it is empty: the gate says which."""


@dataclass(frozen=True)
class Snapshot:
    """A file that was handed in, or the answers of one visit, and what was read from them.

    A file that was handed in, or that a request without slices brought, speaks for the whole of its member: a slice it
    no longer holds is withdrawn. Other answers speak for the slices of their request, once all answers that a slice
    needs are there.
    """

    name: str
    observed_at: datetime
    receipts: tuple[archive.Receipt, ...]
    slices: Mapping[str, tuple[str, ...]]
    """Slices that the snapshot speaks for, each with the members it stands on; empty for whole members."""
    asked: Mapping[str, tuple[str, ...]]
    """Codes that were asked for, by slice."""
    contents: tuple[SliceContent, ...] = ()
    parts: frozenset[str] = frozenset()
    """Ids of the parts that were read of its files, of slices that are not whole too."""
    errors: Mapping[str, LodestoneError] = field(default_factory=dict)
    """What cannot be read, by member."""
    corrections: tuple[Correction, ...] = ()
    """Corrections that had been decided by then."""
    expired: tuple[str, ...] = ()
    """What is told of corrections whose guard no longer holds."""

    def key(self, receipt: archive.Receipt) -> str:
        """What one of its files is known by in the ledger: its bytes, and the corrections that may concern it."""
        slices = {name for name, members in self.slices.items() if receipt.member in members} if self.corrections else ()
        concerned = [fix for fix in self.corrections if fix.slice is None or not slices or fix.slice in slices]
        return ledger.key_of(receipt, concerned)

    @property
    def speaks_for(self) -> frozenset[str]:
        """Members, or slices, that the snapshot tells about."""
        return frozenset(self.slices) if self.slices else frozenset(receipt.member for receipt in self.receipts)


def read_member(settings: Settings, source: Source, receipt: archive.Receipt) -> pl.DataFrame:
    """The rows of a received file as text, with `source_member`, `slice`, `known_from` and its basis.

    Raises `LodestoneError` where the bytes are gone or changed, and `BadFile` where they are not what the source publishes.
    """
    if receipt.size > source.most_bytes:
        message = f"the file should have at most {source.most_bytes:,} bytes"
        raise BadFile(receipt.member, 1, f"{receipt.size:,} bytes", message, "look at it, and hand in what is meant")
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


def parts_of(source: Source, frame: pl.DataFrame) -> list[Part]:
    """The parts that rows of one kind make, by file and slice. No line number, file name or line end is in a digest."""
    derived = {"source_row", "source_member", "slice", "known_from", "known_from_basis"}
    fields = [name for name in frame.columns if name not in derived]
    named = hashlib.sha256(_END.join(fields).encode()).hexdigest()[:16]
    rows = frame.select(
        "source_member",
        "slice",
        "known_from",
        "known_from_basis",
        row=pl.concat_str(pl.lit(named), pl.col(fields).fill_null(_NULL), separator=_END),
        place=pl.int_range(pl.len()),
    )
    with _database().cursor() as connection:
        connection.register("rows", rows.to_arrow())
        found = connection.execute(_PARTS).fetchall()
        connection.unregister("rows")
    parts = []
    for member, name, lines, lower, upper, undated, moment, basis in found:
        digest = f"{lower % HALF:016x}{upper % HALF:016x}"
        known, known_basis = (None, "held") if undated else (moment.replace(tzinfo=UTC), basis)
        parts.append(Part(name, release_id(source.name, name, fingerprint_of(lines, digest)), member, digest, lines, known, known_basis))
    return parts


@cache
def _database() -> duckdb.DuckDBPyConnection:
    """To open another for every few rows costs more than they do."""
    return duckdb.connect()


_END, _NULL = "\0", "\x1a"
"""Between texts, and where none is. No reader lets the first into a text; the second is the sign of what cannot be shown."""
_PARTS = f"""
with hashed as (
    select * exclude row, md5_number(row) as hash
    from rows
)
select
    source_member,
    slice,
    count(*),
    sum((hash >> 64)::ubigint),
    sum((hash & {HALF - 1})::ubigint),
    count(*) > count(known_from),
    max(known_from),
    arg_max(known_from_basis, known_from)
from hashed
group by all
order by min(place)
"""


@dataclass(frozen=True)
class Read:
    """The rows of a file, and what became of its corrections."""

    frame: pl.DataFrame
    applied: tuple[Applied, ...]
    expired: tuple[str, ...]


def read_file(settings: Settings, source: Source, receipt: archive.Receipt, corrections: Iterable[Correction]) -> Read:
    """Read a received file, with corrections. Raises as `read_member` does."""
    frame, applied, expired = apply(read_member(settings, source, receipt), str(source.kind(receipt.member)), corrections)
    return Read(frame, tuple(applied), tuple(expired))


def entered(
    settings: Settings, source: Source, receipt: archive.Receipt, corrections: Iterable[Correction]
) -> tuple[ledger.Entry, Read | None]:
    """What the ledger says of a file whose parts are not known yet, and its rows; none where it is not what the source publishes.

    Raises `LodestoneError` where it cannot be read today, and may be tomorrow.
    """
    try:
        read = read_file(settings, source, receipt, corrections)
    except BadFile as error:
        return ledger.Entry((), error, ()), None
    return ledger.Entry((), None, read.expired), read


def snapshots_of(settings: Settings, source: Source, before: datetime | None = None, known: ledger.Ledger | None = None) -> list[Snapshot]:
    """Every snapshot of a source, oldest first, with its slices; with `before`, only those that were earlier.

    What the ledger does not know is read, and not remembered. The newest copy of each file that was handed in is read again
    and held against its hash: damage shows, though what is known stands.
    """
    known = ledger.read(settings, source) if known is None else known
    found = snapshots_as_received(settings, source, before)
    newest = {receipt.member: receipt for snapshot in found if not snapshot.slices for receipt in snapshot.receipts}
    known = replace(known, files=dict(known.files))
    return [_with_contents(settings, source, snapshot, newest, known) if snapshot.receipts else snapshot for snapshot in found]


def snapshots_as_received(settings: Settings, source: Source, before: datetime | None = None) -> list[Snapshot]:
    """Every snapshot, nothing of it read; first those that stand for what in the archive cannot be read."""
    received, unreadable = archive.readable_receipts(settings.raw, source.name)
    found = [Snapshot(receipt.receipt_id, receipt.observed_at, (receipt,), {}, {}) for receipt in received]
    visits, of_visits = archive.readable_visits(settings.raw, source.name)
    for visit in visits:
        found += _snapshots_of_visit(visit)
    known, of_corrections = readable_corrections(settings.raw, source.name)
    unreadable += [*of_visits, *of_corrections, *archive.readable_decisions(settings.raw, source.name)[1]]
    # In the same second the archive's own order counts: names would put a second visit before the first.
    found = sorted(
        (snapshot for snapshot in found if before is None or snapshot.observed_at < before), key=lambda snapshot: snapshot.observed_at
    )
    corrections = [fix for fix in known if before is None or fix.decided_at < before]
    found = _with_corrections(found, corrections, lambda snapshot: source.kind(snapshot.receipts[0].member))
    broken = [Snapshot(str(error), datetime.min.replace(tzinfo=UTC), (), {}, {}, errors={str(error): error}) for error in unreadable]
    return broken + found


def _with_corrections(found: list[Snapshot], corrections: list[Correction], kind: Callable[[Snapshot], str | None]) -> list[Snapshot]:
    """The snapshots with the corrections that had been decided by then, and another snapshot of the files then held for each later one."""
    if not corrections:
        return found
    seen = [
        replace(snapshot, corrections=tuple(fix for fix in corrections if fix.decided_at <= snapshot.observed_at)) for snapshot in found
    ]
    for fix in corrections:
        if fix.decided_at == ALWAYS:
            continue
        standing: dict[str, Snapshot] = {}
        for snapshot in found:
            if snapshot.observed_at < fix.decided_at and (
                fix.slice in snapshot.slices or (not snapshot.slices and kind(snapshot) == fix.kind)
            ):
                standing[fix.kind if snapshot.slices else snapshot.receipts[0].member] = snapshot
        known = tuple(other for other in corrections if other.decided_at <= fix.decided_at)
        for snapshot in standing.values():
            only = {name: members for name, members in snapshot.slices.items() if name == fix.slice}
            stands_on = tuple(receipt for receipt in snapshot.receipts if not only or receipt.member in only[str(fix.slice)])
            again = replace(
                snapshot, name=f"{snapshot.name}+{fix.correction_id}", observed_at=fix.decided_at, receipts=stands_on, slices=only, asked={}
            )
            seen.append(replace(again, corrections=known))
    return sorted(seen, key=lambda snapshot: snapshot.observed_at)


def _snapshots_of_visit(visit: archive.Visit) -> Iterator[Snapshot]:
    """One snapshot for the answers that make slices together, and one for each answer that speaks for a whole file."""
    requests = {request.member: request for request in visit.requests}
    together = tuple(receipt for receipt in visit.receipts if requests[receipt.member].slices)
    slices: dict[str, tuple[str, ...]] = {}
    asked: dict[str, tuple[str, ...]] = {}
    for request in visit.requests:
        for name in request.slices:
            slices[name] = (*slices.get(name, ()), request.member)
            asked[name] = (*asked.get(name, ()), *request.asked)
    if together:
        yield Snapshot(f"visits/{visit.name}", max(receipt.observed_at for receipt in together), together, slices, asked)
    for receipt in visit.receipts:
        if not requests[receipt.member].slices:
            yield Snapshot(f"visits/{visit.name}/{receipt.member}", receipt.observed_at, (receipt,), {}, {})


def _with_contents(
    settings: Settings, source: Source, snapshot: Snapshot, newest: Mapping[str, archive.Receipt], known: ledger.Ledger
) -> Snapshot:
    parts: dict[str, tuple[Part, ...]] = {}
    errors: dict[str, LodestoneError] = {}
    expired: list[str] = []
    for receipt in snapshot.receipts:
        key = snapshot.key(receipt)
        try:
            if key not in known.files and key not in known.passing:
                entry, read = entered(settings, source, receipt, snapshot.corrections)
                known.files[key] = entry if read is None else replace(entry, parts=tuple(parts_of(source, read.frame)))
            elif newest.get(receipt.member) is receipt:
                archive.body(settings.raw, receipt)
        except LodestoneError as error:
            errors[receipt.member] = error
        found = known.files.get(key) or known.passing.get(key)
        if found is not None:
            if found.error is None:
                parts[receipt.member] = found.parts
            else:
                errors[receipt.member] = found.error
            expired += found.expired
    by_slice: dict[str, list[Part]] = {}
    for member in parts:
        for part in parts[member]:
            by_slice.setdefault(part.slice, []).append(part)
    whole = by_slice if not snapshot.slices else [name for name, members in snapshot.slices.items() if set(members) <= parts.keys()]
    contents = tuple(content_of(source.name, tuple(by_slice[name])) for name in by_slice if name in whole)
    every = frozenset(part.part_id for of_file in parts.values() for part in of_file)
    return replace(snapshot, contents=contents, parts=every, errors=errors, expired=tuple(expired))


def standing_errors(snapshots: Iterable[Snapshot]) -> list[str]:
    """What is wrong with the newest snapshot of each file or slice; what a later good one replaced is history."""
    return list(dict.fromkeys(_standing_troubles(snapshots).values()))


def all_stand(snapshots: Iterable[Snapshot], judged: Iterable[Judged]) -> bool:
    """Whether a release is current of every file or slice whose newest snapshot has something wrong."""
    current = [release.observation for release in judged if release.state == "current"]
    standing = {observation.slice for observation in current} | {file.member for observation in current for file in observation.files}
    return _standing_troubles(snapshots).keys() <= standing


def _standing_troubles(snapshots: Iterable[Snapshot]) -> dict[str, str]:
    standing: dict[str, str] = {}
    for snapshot in snapshots:
        for subject in snapshot.speaks_for:
            standing.pop(subject, None)
        for member, error in snapshot.errors.items():
            names_it = not snapshot.receipts or (isinstance(error, BadFile) and error.member == member)
            message = str(error) if names_it else f"{member}: {error}"
            touched = [name for name, members in snapshot.slices.items() if member in members] or [member]
            standing |= dict.fromkeys(touched, message)
    return standing
