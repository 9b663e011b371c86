"""What a release is: one content of one slice, when it was observed, and what became of it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

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

    @property
    def stands(self) -> bool:
        """Whether it has, or once had, a place in the history."""
        return self.state in ("current", "superseded", "withdrawn")


@dataclass(frozen=True)
class Comparison:
    """How one month stands to another: how many figures they have in common, and why they may not stand together, null where they may."""

    figures: int
    why_apart: str | None


def release_id(source: str, slice_name: str, content_hash: str) -> str:
    """16 hex digits that name one content of one slice."""
    return hashlib.sha256(f"{source}\n{slice_name}\n{content_hash}".encode()).hexdigest()[:16]
