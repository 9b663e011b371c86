"""One line of what `lodestone doctor` tells, and what a missed night is measured by."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

A_NIGHT = timedelta(hours=36)
"""So long after the last visit, or the edition, a nightly run has been missed."""


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at: `level` is ok, warn (worth knowing) or bad (a person has to do something)."""

    level: str
    subject: str
    message: str
    remedy: str | None = None

    def __str__(self) -> str:
        return f"{self.level:<4}  {self.subject}: {self.message}" + (f"; {self.remedy}" if self.remedy else "")
