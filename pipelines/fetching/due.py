"""What is due of an office, and why: the months and requests of a night or of a backfill. Nothing is asked here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import ceil
from statistics import mean

from pipelines import archive
from pipelines.errors import LodestoneError, Usage
from pipelines.intake.asked import Asked, RevisionPeriod, last_asked, newest_month, to_ask_again
from pipelines.intake.history import observations
from pipelines.intake.snapshots import Snapshot, snapshots_of
from pipelines.periods import months_between, shifted
from pipelines.selection import Selection, current_selection
from pipelines.settings import Settings
from pipelines.sources import Source
from pipelines.sources.config import Fetch
from pipelines.sources.request import Request

PACE_OF = 3
"""The last visits tell how fast an office answers."""


@dataclass(frozen=True)
class Plan:
    """What one office is going to be asked. `months` (YYYY-MM) are those that are due, each with its reason."""

    source: str
    months: Mapping[str, str]
    requests: tuple[Request, ...]


def plan(settings: Settings, source: Source, now: datetime) -> Plan:
    """What a night asks an office: the months of its revision window, and those that are missing. Asks nothing."""
    due = due_months(source, snapshots_of(settings, source), current_selection(), now)
    return Plan(source.name, due, tuple(source.requests(list(due), current_selection())))


def backfill(source: Source, first: str, last: str | None, now: datetime) -> Plan:
    """What a backfill asks an office: every month of a range that can be there by now; an open range ends with the newest.

    Raises `Usage` where the range begins before the office's first month, or after the newest there can be.
    """
    oldest, newest = fetch_config(source).first_month, newest_month(fetch_config(source), now)
    if first < oldest:
        raise Usage(f"{source.name} is asked for no month before {oldest} (first_month in its source.yaml): begin there, not with {first}")
    if first > newest:
        raise Usage(f"{source.name} can have nothing of {first} yet: the newest month there can be is {newest}")
    return plan_of(source, months_between(first, newest if last is None else min(last, newest)))


def plan_of(source: Source, months: Sequence[str]) -> Plan:
    """What brings certain months (YYYY-MM)."""
    return Plan(source.name, dict.fromkeys(months, "asked for by name"), tuple(source.requests(list(months), current_selection())))


def due_months(source: Source, snapshots: Sequence[Snapshot], selection: Selection, now: datetime) -> dict[str, str]:
    """The months (YYYY-MM) that are due, oldest first, each with its reason.

    A month is asked for every night while the office may revise it: among the newest months, and in a season of revisions.
    After that it is due until a snapshot of it has seen the last of these revisions, however late that is. So what is due follows
    from when a month was last asked for, and nights that were missed are made up.
    """
    config = fetch_config(source)
    newest = newest_month(config, now)
    window = set(months_between(shifted(newest, 1 - config.revision_months), newest))
    yearly = config.yearly_revision
    season = set()
    if yearly is not None and now.month in yearly.calendar_months:
        season = set(months_between(shifted(newest, 1 - yearly.months), newest))
    asked = _asked_months(source, snapshots, selection)
    filled = {observation.slice[-7:] for observation in observations(source, snapshots) if not observation.withdrawn}
    last_filled = max(filled, default="")
    due = {}
    for month in months_between(config.first_month, newest):
        if month not in asked:
            due[month] = "not asked for yet, or not for every code of the selection"
        elif month in window:
            due[month] = f"within the {config.revision_months} newest months, which the office may still revise"
        elif month in season and yearly is not None:
            due[month] = f"the office revises {yearly.months} months at this time of the year"
        elif month not in filled and month > last_filled:
            due[month] = "empty when last asked, and nothing later is there: not published yet"
        else:
            missed = [again for request in asked[month] if (again := to_ask_again(config, month, request)) and again.begin <= now.date()]
            if missed:
                last = min(request.at for request in asked[month])
                due[month] = _days_in_words(missed[0], last)
    return due


def expected_seconds(settings: Settings, source: Source, planned: Plan) -> tuple[float, bool]:
    """How long it takes to ask what is planned, and whether by the pace of the last visits; else it is the least, by the pauses alone."""
    pause = 0.0 if settings.offices else 60 / fetch_config(source).requests_per_minute
    last = [receipt.seconds for visit in archive.visits(settings.raw, source.name)[-PACE_OF:] for receipt in visit.receipts]
    taken = [seconds for seconds in last if seconds is not None]
    put = len(planned.requests)
    return max((put - 1) * pause, put * mean(taken) if taken else 0.0, 0.0), bool(taken)


def in_words(seconds: float) -> str:
    """A length of time as a person says it, in whole minutes."""
    hours, minutes = divmod(ceil(seconds / 60), 60)
    if seconds < 60:
        return "less than a minute"
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"


def _days_in_words(missed: RevisionPeriod, last: datetime) -> str:
    days = f"between {missed.begin} and {missed.until}"
    return f"to be asked for again {days}, when the office may have revised it; last asked for on {last:%Y-%m-%d}"


def _asked_months(source: Source, snapshots: Sequence[Snapshot], selection: Selection) -> dict[str, list[Asked]]:
    """Months that the last whole snapshot of each of their slices asked for in all of the selection, with these snapshots."""
    asked: dict[str, list[Asked]] = {}
    for name, request in last_asked(snapshots).items():
        if set(selection.headings) <= set(request.codes):
            asked.setdefault(name[-7:], []).append(request)
    datasets = len({member.dataset for member in source.config.members.values()})
    return {month: found for month, found in asked.items() if len(found) == datasets}


def fetch_config(source: Source) -> Fetch:
    """How an office is asked. Raises `LodestoneError` where a source is no office that is."""
    if source.config.fetch is None:
        raise LodestoneError(f"{source.name} is not asked over the network: hand a file in with `lodestone keep {source.name} FILE`")
    return source.config.fetch
