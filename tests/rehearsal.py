"""A small installation that is asked for a few months of two codes, its two offices, and what must never change of it."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from io import BytesIO
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from pipelines import night
from pipelines.edition.build import Edition
from pipelines.edition.open import read_only
from pipelines.edition.plan import Contents
from pipelines.errors import LodestoneError
from pipelines.fetching import due
from pipelines.fetching.visit import Fetched
from pipelines.intake import curation
from pipelines.rehearsal import ecb_stand_in as ecb
from pipelines.rehearsal import us_census_stand_in as us_census
from pipelines.rehearsal.server import Offices
from pipelines.settings import Settings, load_settings
from pipelines.sources import Source, load_source
from tests import nights
from tests.nights import FACTS, OFFICES

SELECTION = "282200,283691"
FIRST_MONTH = "2024-09"
FIRST_NIGHT, SECOND_NIGHT, THIRD_NIGHT = "2025-02-10T02:00:00+00:00", "2025-03-10T02:00:00+00:00", "2025-03-11T02:00:00+00:00"

CONTENTS = Contents(OFFICES, frozenset({*(f"facts.{name}" for name in FACTS), "meta.coverage", "meta.curated_rows"}))
"""An edition of the facts that the two offices filed."""


def first_world() -> dict[str, Any]:
    """The offices as the first night meets them."""
    return {"us_census": us_census.made_up(FIRST_MONTH, "2024-12"), "ecb_rates": ecb.made_up(date(2024, 9, 2), date(2025, 2, 7))}


def second_world() -> dict[str, Any]:
    """The offices a month later, each with a month more."""
    return {"us_census": us_census.made_up(FIRST_MONTH, "2025-01"), "ecb_rates": ecb.made_up(date(2024, 9, 2), date(2025, 3, 7))}


def source(name: str, **fetch: object) -> Source:
    """A source that is asked from `FIRST_MONTH` on, with other settings of its fetching."""
    found = load_source(name)
    assert found.config.fetch is not None
    changed = found.config.fetch.model_copy(update={"first_month": FIRST_MONTH, **fetch})
    return dataclasses.replace(found, config=found.config.model_copy(update={"fetch": changed}))


@dataclass
class Rehearsal:
    """An installation and the offices it asks."""

    data: Settings
    offices: Offices
    waited: list[float] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    def live_at(self, now: str, selection: str = SELECTION, address: str | None = None) -> pytest.MonkeyPatch:
        """Put the settings of a night into the environment; undo the result."""
        patch = pytest.MonkeyPatch()
        for name, value in nights.environment(self.data, self.offices, now, selection).items():
            patch.setenv(name, value)
        if address is not None:
            patch.setenv("LODESTONE_OFFICES", address)
        return patch

    def plan(self, name: str, now: str, selection: str = SELECTION, **fetch: object) -> due.Plan:
        """What one office would be asked."""
        patch = self.live_at(now, selection)
        try:
            settings = load_settings()
            return due.plan(settings, source(name, **fetch), settings.now())
        finally:
            patch.undo()

    def ask(
        self,
        name: str,
        now: str,
        selection: str = SELECTION,
        address: str | None = None,
        planned: Callable[[Source], due.Plan] | None = None,
        **fetch: object,
    ) -> Fetched:
        """Ask one office for what is due, or what is `planned`."""
        patch = self.live_at(now, selection, address)
        try:
            settings = load_settings()
            office = source(name, **fetch)
            return night.ask(settings, office, planned and planned(office), say=self.said.append, wait=self.waited.append)
        finally:
            patch.undo()

    def ask_all(self, now: str, selection: str = SELECTION, **fetch: object) -> dict[str, Fetched | LodestoneError]:
        """Ask every office; one that fails as a whole does not stop the others."""
        found: dict[str, Fetched | LodestoneError] = {}
        for name in OFFICES:
            try:
                found[name] = self.ask(name, now, selection, **fetch)
            except LodestoneError as error:
                found[name] = error
        return found

    def publish(self, now: str, selection: str = SELECTION) -> tuple[dict[str, curation.Refreshed], Edition]:
        """Curate what the offices filed and build."""
        patch = self.live_at(now, selection)
        try:
            settings = load_settings()
            return night.take_in(settings, OFFICES), night.build(settings, contents=CONTENTS)
        finally:
            patch.undo()

    def night(self, now: str, selection: str = SELECTION) -> Edition:
        """Ask every office, curate, build."""
        self.ask_all(now, selection)
        return self.publish(now, selection)[1]

    def second_world(self) -> None:
        """From now on the offices have a month more."""
        for name, office in second_world().items():
            self.offices.replace(name, office)

    def requests(self, name: str = "us_census") -> list[tuple[str, str]]:
        """What an office was really asked, without keys."""
        return [(request.path, str(request.query)) for request in self.offices.asked if request.office == name]


def status(edition: Path, name: str) -> tuple[str, str]:
    """State and message of a source in an edition."""
    with read_only(edition) as connection:
        found = connection.execute("select state, coalesce(message, '') from meta.source_status where source = ?", [name]).fetchone()
    assert found is not None
    return str(found[0]), str(found[1])


def facts(edition: Path, *sources: str) -> dict[str, list[tuple[object, ...]]]:
    """The facts of an edition, of some sources or of all, without the moments that they became known at."""
    with read_only(edition) as connection:
        found = {}
        for name in FACTS:
            columns = [column[0] for column in connection.execute(f"from facts.{name} limit 0").description]
            kept = ", ".join(column for column in columns if not column.startswith("known_"))
            found[name] = connection.execute(
                f"select {kept} from facts.{name} where ? or list_contains(?, source) order by all", [not sources, list(sources)]
            ).fetchall()
        return found


def kept(data: Settings) -> dict[str, bytes]:
    """Every file of the archive and every curated file."""
    return {
        path.relative_to(data.data).as_posix(): path.read_bytes()
        for folder in (data.raw, data.curated)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def assert_nothing_lost(before: dict[str, bytes], after: dict[str, bytes]) -> None:
    """Every file of before is still there as it was; of lists of lines, the lines."""
    for name, body in before.items():
        assert name in after, f"{name} is gone"
        same = after[name] == body or (name.endswith(".jsonl") and after[name].startswith(body))
        same = same or (name.endswith(("ledger.parquet", "comparisons.parquet")) and _lines(body) <= _lines(after[name]))
        assert same, f"{name} changed"


def _lines(ledger: bytes) -> set[str]:
    return {str(row) for row in pl.read_parquet(BytesIO(ledger)).iter_rows()}


def receipts(files: dict[str, bytes]) -> int:
    """How many answers there are receipts of."""
    return sum(body.count(b"\n") for name, body in files.items() if name.endswith("receipts.jsonl"))


def leftovers(data: Settings) -> list[str]:
    """Hidden files, of which a finished night leaves none but its locks."""
    hidden = [path for path in data.data.rglob(".*") if not path.name.endswith(".lock")]
    return [path.relative_to(data.data).as_posix() for path in hidden]


def digest(path: Path) -> str:
    """The bytes of a file in short."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
