"""When each month of an office was last asked for, and until when the office may still revise it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from pipelines.intake.snapshots import Snapshot
from pipelines.periods import shifted
from pipelines.sources.config import Fetch

MONTH = re.compile(r"(19|20)[0-9]{2}-(0[1-9]|1[0-2])")


@dataclass(frozen=True)
class Asked:
    """The last whole snapshot of a slice, and how far the office had come by then. Months are YYYY-MM."""

    codes: tuple[str, ...]
    """Beginnings of the codes it asked for, sorted."""
    at: datetime
    newest: str
    """Newest month that any slice of the office had been found to have rows of; empty where none had."""
    reach: str
    """Newest month that had been asked for."""
    first: Mapping[str, str]
    """What `newest` was at the first whole snapshot that asked for a code when the slice's month was there, by code."""


@dataclass(frozen=True)
class RevisionPeriod:
    """Days between which a revision of a month is published, together with the first figures of another month (YYYY-MM)."""

    begin: date
    until: date
    with_month: str
    is_season: bool
    """Whether it is over with its last day, however late the office is; else with the other month, whenever that comes."""


def last_asked(snapshots: Iterable[Snapshot]) -> dict[str, Asked]:
    """The last whole snapshot of each slice, by slice."""
    found: dict[str, Asked] = {}
    newest = reach = ""
    for snapshot in snapshots:
        answered = {receipt.member for receipt in snapshot.receipts} - snapshot.errors.keys()
        whole = {name: codes for name, codes in snapshot.asked.items() if set(snapshot.slices[name]) <= answered}
        newest = max(newest, *_months(piece.slice for piece in snapshot.contents))
        reach = max(reach, *_months(whole))
        for name, codes in whole.items():
            before = found[name].first if name in found else {}
            first = {code: before[code] if before.get(code, "") >= name[-7:] else newest for code in codes}
            found[name] = Asked(tuple(sorted(set(codes))), snapshot.observed_at, newest, reach, first)
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


def has_seen(last: Asked, period: RevisionPeriod) -> bool:
    """Whether the last snapshot of a month came when the revision of a period was there.

    The month with which it comes tells: it was there too. Where nobody had asked for that, or a season is over, the days tell.
    """
    day = last.at.date()
    is_past = day > period.until and (period.is_season or last.reach < period.with_month)
    return day >= period.begin and (is_past or last.newest >= period.with_month)


def to_ask_again(config: Fetch, month: str, last: Asked) -> RevisionPeriod | None:
    """The first revision that the last snapshot of a month (YYYY-MM) has not seen; null where none is to come."""
    return next((period for period in revision_periods(config, month) if not has_seen(last, period)), None)


def asked_rows(config: Fetch, asked: Mapping[str, Asked]) -> list[dict[str, Any]]:
    """The rows of `meta.asked`. They change only when another month is there or a revision was seen, not with every snapshot."""
    rows = []
    for name, last in sorted(asked.items()):
        month = name[-7:]
        again = to_ask_again(config, month, last) if MONTH.fullmatch(month) else None
        is_late = again is not None and last.reach >= again.with_month and last.at.date() > again.until
        is_final = again is None or again != next(revision_periods(config, month))
        rows += [
            {
                "slice": name,
                "code": code,
                "is_confirmed": is_final or last.newest > last.first[code],
                "ask_again_from": None if again is None else again.begin,
                "ask_again_until": None if again is None or is_late else again.until,
            }
            for code in last.codes
        ]
    return rows


def _last_day(month: str) -> date:
    return date.fromisoformat(f"{shifted(month, 1)}-01") - timedelta(days=1)


def first_asked(snapshots: Iterable[Snapshot]) -> dict[tuple[str, str], datetime]:
    """When a whole snapshot of a slice first asked for a code, by slice and beginning of codes."""
    first: dict[tuple[str, str], datetime] = {}
    for snapshot in snapshots:
        answered = {receipt.member for receipt in snapshot.receipts} - snapshot.errors.keys()
        for name, codes in snapshot.asked.items():
            for code in codes if set(snapshot.slices[name]) <= answered else ():
                first.setdefault((name, code), snapshot.observed_at)
    return first
