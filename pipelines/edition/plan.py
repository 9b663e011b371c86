"""What an edition is made of: the releases each source stands on, and the identity that follows from them and the code."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from functools import cache
from typing import Any

import duckdb

from pipelines import archive
from pipelines.errors import LodestoneError
from pipelines.intake.asked import asked_rows, first_asked, last_asked
from pipelines.intake.corrections import Correction, corrections_of
from pipelines.intake.history import judge_releases, observations
from pipelines.intake.ledger import Ledger, lost, read
from pipelines.intake.release import Judged
from pipelines.intake.snapshots import all_stand, snapshots_of, standing_errors
from pipelines.model.statements import FOLDERS, files
from pipelines.settings import PACKAGE, Settings
from pipelines.sources import UNFORESEEN, Source, load_source


@dataclass(frozen=True)
class Contents:
    """What an edition is made of, by name: sources, and statements of sql/load and sql/marts; null is all of them.

    A table whose statement is left out is there for those that read it, without rows; only tables that are filled by one are described.
    """

    sources: tuple[str, ...] | None = None
    statements: frozenset[str] | None = None

    def fills(self, table: str) -> bool:
        """Whether a table (schema.table) is filled."""
        return self.statements is None or table in self.statements


EVERYTHING = Contents()


@dataclass(frozen=True)
class SourcePlan:
    """What an edition takes from one source."""

    source: Source | None
    name: str
    judged: tuple[Judged, ...]
    errors: tuple[str, ...]
    observed_at: datetime | None
    fell_back: str | None
    """Why the source's newest releases are not used, where a check refused them."""
    asked: tuple[dict[str, Any], ...] = ()
    """Rows of `meta.asked`."""
    first_asked: Mapping[tuple[str, str], datetime] = field(default_factory=dict)
    """When a whole snapshot of a slice first asked for a code."""
    trouble: str | None = None
    """What keeps the newest visit to the office from being whole."""
    corrections: Mapping[str, Correction] = field(default_factory=dict)
    """Corrections of the source by their id."""
    expired: tuple[str, ...] = ()
    """What is told of corrections that no longer apply."""
    not_known_by: date | None = None
    """The day the edition is built as of, where nothing of the source was known by then."""
    earlier_kept: bool = True
    """Whether, of everything that cannot be read, an earlier release stands in the edition."""
    ledger: Ledger = field(default_factory=Ledger)
    """What was read of the source, and what the gate said of it."""
    accepted: Mapping[str, archive.Decision] = field(default_factory=dict)
    """What a person accepted of the source, releases and findings of checks, by its id."""

    @property
    def standing(self) -> list[Judged]:
        """Releases that have, or once had, a place in the history."""
        return [judged for judged in self.judged if judged.was_admitted]


def end_of(day: date) -> datetime:
    """A bare date means the end of that day, UTC."""
    return datetime.combine(day, time.max, UTC).replace(microsecond=0)


def newest_snapshot(plans: list[SourcePlan]) -> datetime | None:
    """When the newest snapshot that plans know of was made."""
    return max((plan.observed_at for plan in plans if plan.observed_at is not None), default=None)


@cache
def code_version() -> str:
    """Changes when any code, SQL or vocabulary that an edition is built with does. Stand-ins of offices build none."""
    digest = hashlib.sha256(duckdb.__version__.encode())
    kinds = (".py", ".csv", ".yaml")
    paths = [path for path in PACKAGE.rglob("*") if path.suffix in kinds and path.is_file() and PACKAGE / "rehearsal" not in path.parents]
    paths += [path for folder in FOLDERS for path in files(folder)]
    for path in sorted(paths):
        digest.update(path.relative_to(PACKAGE.parent).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def plan_source(settings: Settings, name: str, as_of: date | None, before: datetime | None, refused: str | None) -> SourcePlan:
    """What an edition takes from one source, as of a day or now; with `before`, only what was looked at earlier."""
    try:
        source = load_source(name)
        until = None if as_of is None else end_of(as_of)
        known = read(settings, source)
        snapshots = snapshots_of(settings, source, before, known)
        history = observations(source, snapshots)
        judged = judge_releases(settings, source, known, history, until)
        whole = snapshots if before is None else snapshots_of(settings, source, known=known)
        gone = lost(settings, name, frozenset().union(*(snapshot.parts for snapshot in whole)))
        seen = [snapshot for snapshot in snapshots if snapshot.receipts and (until is None or snapshot.observed_at <= until)]
        return SourcePlan(
            source,
            name,
            tuple(judged),
            (*standing_errors(snapshots), *([gone] if gone else [])),
            max((snapshot.observed_at for snapshot in snapshots if snapshot.receipts), default=None),
            refused,
            tuple(asked_rows(source.config.fetch, last_asked(seen))) if source.config.fetch is not None else (),
            first_asked(seen),
            None if as_of is not None else archive.standing_trouble(settings.raw, name),
            {correction.correction_id: correction for correction in corrections_of(settings.raw, name)},
            seen[-1].expired if seen else (),
            not_known_by=as_of if history and not judged else None,
            ledger=known,
            earlier_kept=gone is None and all_stand(snapshots, judged),
            accepted={
                subject: decision
                for subject, decision in archive.decisions(settings.raw, name, before=until).items()
                if decision.verb == "accept"
            },
        )
    except UNFORESEEN as error:
        # A source that cannot even be looked at must not stop the others; its status says why it is empty.
        message = str(error) if isinstance(error, (LodestoneError, OSError, ValueError)) else f"{type(error).__name__}: {error}"
        return SourcePlan(None, name, (), tuple(filter(None, (message, lost(settings, name, ())))), None, refused)


def identify(plans: list[SourcePlan], as_of: date | None, contents: Contents = EVERYTHING) -> tuple[str, str]:
    """The identity of the edition that follows from plans, statements and code, and the fingerprint of the plans alone."""
    basis = [
        [
            plan.name,
            plan.errors,
            plan.fell_back,
            plan.trouble,
            plan.expired,
            [str(decision) for decision in plan.accepted.values()],
            [[str(value) for value in row.values()] for row in plan.asked],
            [[*key, str(at)] for key, at in sorted(plan.first_asked.items())],
            [[str(judged.known_until), judged.state, str(judged.reason), str(judged.observation)] for judged in plan.judged],
        ]
        for plan in plans
    ]
    inputs = hashlib.sha256(json.dumps(basis).encode()).hexdigest()[:16]
    filled = "" if contents.statements is None else f" {sorted(contents.statements)}"
    return hashlib.sha256(f"{inputs} {code_version()} {as_of}{filled}".encode()).hexdigest()[:16], inputs
