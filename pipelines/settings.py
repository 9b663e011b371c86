"""The settings of an installation: their defaults and meanings, read from the environment in one place.

What only one module needs is read there, when it is needed: the keys of offices, and the address they may write to.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pipelines.errors import LodestoneError

PROJECT = Path(__file__).resolve().parent.parent
PACKAGE = PROJECT / "pipelines"
SQL = PROJECT / "sql"


@dataclass(frozen=True)
class Settings:
    """Where this installation keeps its files.

    `LODESTONE_DATA` (default `<project>/data`) holds raw files, curated files, editions and Dagster's state.
    `LODESTONE_SELECTION` says what is asked for and kept: `basket` (default), the codes of vocabulary/commodity_code.csv;
    `all`, every code an office sends; or HS6 codes separated by commas.
    `LODESTONE_OFFICES` is an address that stands in for every office, for rehearsals: see pipelines/rehearsal.
    `LODESTONE_NOW` is the moment that counts as now (ISO 8601, UTC unless it says otherwise), for rehearsals.
    `LODESTONE_KEEP_RUNS` is how many days Dagster remembers the runs of a night: 90 unless it says otherwise.
    `LODESTONE_ALERT_URL` is the webhook that is told of failures and lateness; none by default.
    Keys of offices are in the variables that their source.yaml names, e.g. `LODESTONE_US_CENSUS_KEY`; `LODESTONE_CONTACT`
    is the address that the downloader gives to offices.
    """

    data: Path
    selection: str = "basket"
    offices: str | None = None
    fixed_now: datetime | None = None
    alert_url: str | None = None
    keep_runs: int = 90

    def now(self) -> datetime:
        """The present moment (UTC, whole seconds): the one that plans, receipts and decisions are dated by."""
        return self.fixed_now or datetime.now(UTC).replace(microsecond=0)

    @property
    def raw(self) -> Path:
        """Exact bytes and receipts, never edited, never deleted."""
        return self.data / "raw"

    @property
    def curated(self) -> Path:
        """Validated Parquet per release; disposable, rebuilt from `raw`."""
        return self.data / "curated"

    @property
    def edition(self) -> Path:
        """The published edition that readers open."""
        return self.data / "lodestone.duckdb"

    @property
    def previous_edition(self) -> Path:
        """The edition that was live before the published one."""
        return self.data / "previous" / "lodestone.duckdb"

    @property
    def weighed(self) -> Path:
        """Until when the snapshots were weighed for the live edition; those that changed nothing stand in no edition."""
        return self.data / "weighed.json"

    @property
    def writer_lock(self) -> Path:
        """Held by the one process that writes curated files and editions."""
        return self.data / ".writer.lock"

    @property
    def dagster(self) -> Path:
        """Dagster's runs, events and logs."""
        return self.data / ".dagster"

    def edition_as_of(self, day: str) -> Path:
        """The file of the edition that answers as of `day` (YYYY-MM-DD); never the live one."""
        return self.data / "as-of" / f"lodestone-{day}.duckdb"


def load_settings() -> Settings:
    """Settings from the environment, with defaults that need nothing to be set. Raises `LodestoneError` for a value that means nothing."""
    return Settings(
        data=Path(os.environ.get("LODESTONE_DATA") or PROJECT / "data").expanduser().resolve(),
        selection=_selection(os.environ.get("LODESTONE_SELECTION") or "basket"),
        offices=os.environ.get("LODESTONE_OFFICES") or None,
        fixed_now=_moment(os.environ.get("LODESTONE_NOW")),
        alert_url=os.environ.get("LODESTONE_ALERT_URL") or None,
        keep_runs=_days(os.environ.get("LODESTONE_KEEP_RUNS") or "90"),
    )


def _selection(text: str) -> str:
    if text in ("basket", "all"):
        return text
    codes = sorted({code.strip() for code in text.split(",") if code.strip()})
    wrong = next((code for code in codes if not re.fullmatch(r"[0-9]{6}", code)), None)
    if wrong is not None or not codes:
        raise LodestoneError(f"LODESTONE_SELECTION holds {wrong or text!r}: write basket, all, or HS6 codes separated by commas")
    return ",".join(codes)


def _days(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,5}", text):
        raise LodestoneError(f"LODESTONE_KEEP_RUNS is {text!r}: write a number of days, e.g. 90")
    return int(text)


def _moment(text: str | None) -> datetime | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise LodestoneError(f"LODESTONE_NOW is {text!r}: write a moment such as 2026-06-07T02:00:00") from error
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC).replace(microsecond=0)
