"""Build an edition (as of now or any date) in a draft, audit it, publish it.

Files are the truth: an edition is always rebuilt from curated files and never patched. Readers meet the last published
edition until `os.replace` puts the next one, whole and checked, in its place.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pipelines.console import Say
from pipelines.edition.checks import CheckResult, Finding, run_check
from pipelines.edition.describe import finish
from pipelines.edition.load import fill
from pipelines.edition.open import published_id
from pipelines.edition.plan import EVERYTHING, Contents, SourcePlan, identify, newest_snapshot, plan_source
from pipelines.edition.publish import note_weighed, open_draft, publish, remove_drafts
from pipelines.errors import BuildFailed, LodestoneError
from pipelines.model.statements import statements
from pipelines.settings import Settings
from pipelines.sources import source_names

SAMPLE_ROWS = 5
_NONE: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True)
class Edition:
    """A published edition: where it is, whether anything changed, and what it holds."""

    path: Path
    edition_id: str
    changed: bool
    rows: Mapping[str, int] = field(default_factory=dict)
    checks: tuple[CheckResult, ...] = ()
    fell_back: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Planned:
    """What an edition would be made of, and where it would lie."""

    live: Path
    as_of: date | None
    sources: list[SourcePlan]
    edition_id: str
    inputs: str

    @property
    def is_published(self) -> bool:
        """Whether that very edition stands there already."""
        return published_id(self.live) == self.edition_id


def plan_edition(
    settings: Settings,
    as_of: date | None = None,
    before: Mapping[str, datetime] = _NONE,
    refused: Mapping[str, str] = _NONE,
    contents: Contents = EVERYTHING,
) -> Planned:
    """Plan the edition of now, or of a day; sources named in `before` stand on what was looked at earlier than that."""
    live = settings.edition if as_of is None else settings.edition_as_of(as_of.isoformat())
    sources = [plan_source(settings, name, as_of, before.get(name), refused.get(name)) for name in contents.sources or source_names()]
    return Planned(live, as_of, sources, *identify(sources, as_of, contents))


def build_edition(settings: Settings, as_of: date | None = None, say: Say = lambda _: None, contents: Contents = EVERYTHING) -> Edition:
    """Build, audit and publish an edition; with `as_of`, one that knows only what was known by the end of that day.

    A failing check that names sources makes each of them go back behind the newest snapshot it stands on, and at last out,
    before the draft is built again. Raises `BuildFailed`, with the live edition untouched, where a check names no source
    that could go back.
    """
    remove_drafts(settings)
    before: dict[str, datetime] = {}
    refused: dict[str, str] = {}
    findings: list[Finding] = []
    weighed: datetime | None = None
    while True:
        planned = plan_edition(settings, as_of, before, refused, contents)
        live, plans, edition_id = planned.live, planned.sources, planned.edition_id
        if as_of is None and not refused:
            weighed = newest_snapshot(plans)
        if as_of is not None and not any(plan.judged for plan in plans):
            raise LodestoneError(f"nothing was known as of {as_of}; ask for a later day")
        if planned.is_published:
            note_weighed(settings, edition_id, weighed)
            return Edition(live, edition_id, changed=False, fell_back=refused)
        with open_draft(live, sum(judged.observation.lines for plan in plans for judged in plan.standing)) as connection:
            rows = fill(connection, settings, plans, say, contents)
            say("checking")
            accepted = {name: decision for plan in plans for name, decision in plan.accepted.items()}
            results = [run_check(connection, check, accepted) for check in statements("checks")]
            failing = [(result, wrong) for result in results if (wrong := result.of("wrong"))]
            if not failing:
                findings += [finding for result in results for finding in result.findings]
                finish(connection, plans, results, findings, edition_id, planned.inputs, as_of, say, contents)
                publish(connection, live, settings.previous_edition if as_of is None else None)
                note_weighed(settings, edition_id, weighed)
                return Edition(live, edition_id, True, rows, tuple(results), refused)
        standing = {plan.name: plan.standing for plan in plans if plan.standing}
        blamed: dict[str, list[str]] = {}
        for result, wrong in failing:
            sources = {str(finding.source) for finding in wrong} & standing.keys()
            if not sources or any(finding.source is None for finding in wrong):
                sample = [dict(finding.row) for finding in wrong[:SAMPLE_ROWS]]
                raise BuildFailed(f"{result.refusal(wrong)}; nothing was published", result.name, sample)
            for name in sources:
                of_source = [finding for finding in wrong if finding.source == name]
                blamed.setdefault(name, []).append(result.refusal(of_source))
                findings += [replace(finding, outcome="refused") for finding in of_source if name not in refused]
        for name, found in blamed.items():
            before[name] = max(judged.observation.observed_at for judged in standing[name])
            refused.setdefault(name, "; ".join(found))
            say(f"{name} falls back: {'; '.join(found)}")


def is_up_to_date(settings: Settings, contents: Contents = EVERYTHING) -> bool:
    """Whether the live edition already says all that a build would; if so, that is noted beside it."""
    planned = plan_edition(settings, contents=contents)
    if not planned.is_published:
        return False
    note_weighed(settings, planned.edition_id, newest_snapshot(planned.sources))
    return True
