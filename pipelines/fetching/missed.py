"""What an edition lacks because an office was not asked in time: of the edition and the visits alone, without planning anything."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

import duckdb

from pipelines import archive
from pipelines.settings import Settings


@dataclass(frozen=True)
class Missed:
    """Months (YYYY-MM) of an office that were due to be asked for again since a day, and were not."""

    source: str
    months: tuple[str, ...]
    since: date

    @property
    def what_is_wrong(self) -> str:
        """What is wrong, in words."""
        named = self.months[0] if len(self.months) == 1 else f"{len(self.months)} months ({self.months[0]} to {self.months[-1]})"
        return f"{named} should have been asked for again since {self.since}, and what the office revised in them may be missing"

    @property
    def remedy(self) -> str:
        """What brings them."""
        return f"`lodestone fetch {self.source}` or the next night asks"


def missed_months(settings: Settings, connection: duckdb.DuckDBPyConnection, now: datetime) -> list[Missed]:
    """What an edition lacks because an office was not asked in time: revisions whose days are over, or began before the last visit."""
    today = now.date()
    by_source: dict[str, list[tuple[str, date, date]]] = {}
    for name, *month in connection.execute(_TO_ASK_AGAIN).fetchall():
        by_source.setdefault(name, []).append(tuple(month))
    found = []
    for name, months in by_source.items():
        visited = _last_visit(settings, name)
        missed = [(month, begin) for month, begin, until in months if until < today or visited < begin < today]
        if missed:
            found.append(Missed(name, tuple(month for month, _ in missed), min(begin for _, begin in missed)))
    return found


_TO_ASK_AGAIN = """
select split_part(slice, '/', 1) as source, right(slice, 7) as month, min(ask_again_from), min(ask_again_until)
from meta.asked
where ask_again_until is not null
group by all
order by all
"""


def _last_visit(settings: Settings, name: str) -> date:
    made = archive.visits(settings.raw, name)
    return max((receipt.observed_at.date() for visit in made for receipt in visit.receipts), default=date.max)
