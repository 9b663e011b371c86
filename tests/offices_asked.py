"""Visits to an office written straight into an archive, whole or cut short, for whoever reads what visits leave behind."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Any

from pipelines import archive
from pipelines.settings import Settings

KEY = "a-key-nobody-may-see"
LATER = datetime(2026, 12, 24, 2, tzinfo=UTC)
"""After every snapshot of the bundled files."""
BODY = b""
"""What the office sends, with status 204, when nothing was filed."""


def requests() -> tuple[archive.PlannedRequest, ...]:
    """Two requests about one month."""
    slices = ("us_census/imports/2026-10",)
    return tuple(
        archive.PlannedRequest(f"imports-{level}-2836-2026-10_2026-10.json", "https://api.census.gov/data", slices, ("2836",))
        for level in ("HS10", "HS6")
    )


def asked(settings: Settings, at: datetime) -> archive.Visit:
    """A visit that has no answer yet."""
    return archive.begin_visit(settings.raw, "us_census", f"{at:%Y%m%dT%H%M%SZ}", requests())


def answered(settings: Settings, at: datetime, **how: Any) -> archive.Visit:
    """A visit with all of its answers, and what else their receipts say."""
    visit = asked(settings, at)
    for request in visit.requests:
        digest = hashlib.sha256(BODY).hexdigest()
        receipt = archive.Receipt(
            "us_census", request.member, digest, len(BODY), at, "fetched", request.url, status=204, visit=visit.name, **how
        )
        archive.keep_answer(settings.raw, receipt, BODY)
    return visit
