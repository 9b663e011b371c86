"""What a release is: one content of one slice, when it was observed, and what became of it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from pipelines.reasons import Reason

EMPTY = hashlib.sha256(b"[]").hexdigest()
"""Content hash of a slice that an office no longer fills: its release is withdrawn."""


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
class Part:
    """The rows of one file in one slice. `known_from` is null where only holding it dates them.

    `digest` is the sum of the hashes of the rows: that of several parts is the sum of theirs, in whatever files they came.
    """

    slice: str
    part_id: str
    member: str
    digest: str
    lines: int
    known_from: datetime | None
    known_from_basis: str


@dataclass(frozen=True)
class SliceContent:
    """One slice of one snapshot: the parts that its files have of it."""

    slice: str
    release_id: str
    fingerprint: str
    lines: int
    known_from: datetime | None
    known_from_basis: str
    members: tuple[str, ...]
    """The files it was read from."""
    parts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Observation:
    """A snapshot of a slice that found another content than the snapshot before."""

    source: str
    slice: str
    release_id: str
    fingerprint: str
    lines: int
    observed_at: datetime
    receipt_id: str
    """The receipt, or the visit, of the snapshot."""
    files: tuple[RawFile, ...]
    known_from: datetime
    known_from_basis: str
    parts: tuple[str, ...] = ()
    """Ids of the parts that its rows stand in."""
    unnamed: tuple[str, ...] = ()
    """Ids of the parts of its files whose slice cannot be told: their lines may belong to it."""

    @property
    def withdrawn(self) -> bool:
        """Whether the office took back every row of the slice."""
        return self.fingerprint == EMPTY


@dataclass(frozen=True)
class Judged:
    """An observation with what became of its release: current, superseded, withdrawn, quarantined, failed or passed over, and why."""

    observation: Observation
    state: str
    reason: Reason | None
    known_until: datetime | None
    """When a later observation took its place; null while it is current. Quarantined, failed and passed-over ones never had a place."""

    @property
    def was_admitted(self) -> bool:
        """Whether it has, or once had, a place in the history."""
        return self.state in ("current", "superseded", "withdrawn")


@dataclass(frozen=True)
class Comparison:
    """How one month stands to another: how many figures they have in common, and why they may not stand together, null where they may."""

    figures: int
    why_apart: Reason | None


HALF = 2**64
"""A digest is two sums of 64 bits, each without what is carried."""


@lru_cache(maxsize=10_000)  # most snapshots find what the snapshot before found
def content_of(source: str, parts: tuple[Part, ...]) -> SliceContent:
    """The slice that some parts make together. Its fingerprint does not depend on how its rows are spread over files."""
    lines = sum(part.lines for part in parts)
    lower, upper = (sum(int(part.digest[place : place + 16], 16) for part in parts) % HALF for place in (0, 16))
    fingerprint = fingerprint_of(lines, f"{lower:016x}{upper:016x}")
    known = [part for part in parts if part.known_from is not None]
    latest = max(known, key=lambda part: str(part.known_from)) if len(known) == len(parts) else None
    return SliceContent(
        parts[0].slice,
        release_id(source, parts[0].slice, fingerprint),
        fingerprint,
        lines,
        None if latest is None else latest.known_from,
        "held" if latest is None else latest.known_from_basis,
        tuple(sorted(part.member for part in parts)),
        tuple(part.part_id for part in parts),
    )


def fingerprint_of(lines: int, digest: str) -> str:
    """Hash of the content of some rows, by their number and digest."""
    return hashlib.sha256(f"{lines} {digest}".encode()).hexdigest()


def release_id(source: str, slice_name: str, fingerprint: str) -> str:
    """16 hex digits that name one content of one slice."""
    return hashlib.sha256(f"{source}\n{slice_name}\n{fingerprint}".encode()).hexdigest()[:16]
