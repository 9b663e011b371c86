"""What a person decided on a release, or on a row that a check refuses: written down once, read by everybody."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter

from pipelines.archive.files import write_atomically
from pipelines.archive.receipt import as_json, in_utc
from pipelines.errors import LodestoneError, in_words


@dataclass(frozen=True)
class Decision:
    """A person's decision: `accept` lets in a quarantined release, or a row that a check refuses; `quarantine` keeps a release out."""

    source: str
    release_id: str
    """The release, or the finding of a check (meta.check_finding)."""
    verb: str
    author: str
    reason: str
    decided_at: datetime


def decide(raw: Path, decision: Decision) -> None:
    """Write down who decided what on a release, why and when."""
    name = f"{decision.decided_at:%Y%m%dT%H%M%SZ}-{decision.release_id}-{decision.verb}.json"
    write_atomically(raw / decision.source / "decisions" / name, as_json(asdict(decision)))


def decisions(raw: Path, source: str, before: datetime | None = None) -> dict[str, Decision]:
    """The last decision on each release or finding of a source, made by `before`, as far as they can be read."""
    return readable_decisions(raw, source, before)[0]


def readable_decisions(raw: Path, source: str, before: datetime | None = None) -> tuple[dict[str, Decision], list[LodestoneError]]:
    """The last decision on each release or finding of a source, made by `before`, and an error for every one that cannot be read."""
    found: dict[str, Decision] = {}
    broken: list[LodestoneError] = []
    folder = raw / source
    for path in (*sorted(folder.glob("bundled/decisions/[!.]*.json")), *sorted(folder.glob("decisions/[!.]*.json"))):
        try:
            made = _DECIDED.validate_json(path.read_bytes())
            decided_at = in_utc(made.decided_at)
        except (OSError, ValueError) as error:
            remedy = "remove it, and decide anew with `lodestone accept` or `lodestone quarantine`"
            broken.append(LodestoneError(f"{path}: the decision cannot be read ({in_words(error)}); {remedy}"))
            continue
        if before is None or decided_at <= before:
            about = made.release_ids or (made.release_id or "",)
            found |= {release: Decision(made.source, release, made.verb, made.author, made.reason, decided_at) for release in about}
    return found, broken


@dataclass(frozen=True)
class _Decided:
    """A decision as it is written down: on one release, or on several at once."""

    source: str
    verb: Literal["accept", "quarantine"]
    author: str
    reason: str
    decided_at: datetime
    release_id: str | None = None
    release_ids: tuple[str, ...] = ()


_DECIDED = TypeAdapter(_Decided)
