"""Nights over the stand-in offices, in this process: plan, visit, curate, build. What a night finds is each test's affair."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from pipelines import night as lodestone
from pipelines.edition.build import Edition
from pipelines.edition.open import read_only
from pipelines.edition.plan import Contents
from pipelines.errors import LodestoneError
from pipelines.fetching.visit import Fetched
from pipelines.intake.curation import Refreshed
from pipelines.rehearsal.server import Offices
from pipelines.rehearsal.us_census_stand_in import KEY
from pipelines.settings import Settings, load_settings
from pipelines.sources import load_source, source_names

OFFICES = ("ecb_rates", "us_census")
FACTS = ("trade_flow", "trade_total", "control_total", "exchange_rate")
CONTENTS = Contents(
    OFFICES,
    frozenset(
        {
            *(f"facts.{name}" for name in FACTS),
            *("facts.revision", "meta.coverage", "meta.curated_rows", "marts.revision_profile", "marts.trade_change_monthly"),
            *("marts.import_change_monthly", "marts.partner_share", "marts.supplier_share"),
        }
    ),
)
"""An edition of what the two offices filed, and of nothing else."""


def environment(data: Settings, offices: Offices, now: str | datetime, selection: str = "basket") -> dict[str, str]:
    """What the environment must hold for a night at the stand-in offices: `load_source` reads the selection from there."""
    moment = now if isinstance(now, str) else now.astimezone(UTC).isoformat()
    return {
        "LODESTONE_DATA": str(data.data),
        "LODESTONE_OFFICES": offices.address,
        "LODESTONE_NOW": moment,
        "LODESTONE_SELECTION": selection,
        "LODESTONE_US_CENSUS_KEY": KEY,
    }


def ask(
    data: Settings, offices: Offices, now: str | datetime, selection: str = "basket", said: Callable[[str], None] = lambda _: None
) -> dict[str, Fetched | LodestoneError]:
    """Ask every office that stands in for what is due; an office that fails as a whole does not stop the others."""
    with _living_in(environment(data, offices, now, selection)):
        settings = load_settings()
        asked = [load_source(name) for name in source_names() if offices.office(name) is not None]
        return lodestone.ask_all(settings, asked, say=said, wait=lambda _: None)


def publish(data: Settings, offices: Offices, now: str | datetime, selection: str = "basket") -> Edition:
    """Curate what the offices filed and build."""
    with _living_in(environment(data, offices, now, selection)):
        settings = load_settings()
        lodestone.take_in(settings, OFFICES)
        return lodestone.build(settings, contents=CONTENTS)


def curate(data: Settings, offices: Offices, now: str | datetime, name: str, selection: str = "basket") -> Refreshed:
    """Curate one source, and say what became of its releases."""
    with _living_in(environment(data, offices, now, selection)):
        return lodestone.take_in(load_settings(), [name])[name]


def night(data: Settings, offices: Offices, now: str | datetime, selection: str = "basket") -> Edition:
    """A whole night: ask every office that stands in for what is due, curate, build. Waits are not waited."""
    ask(data, offices, now, selection)
    return publish(data, offices, now, selection)


def rows(edition: Edition, query: str, *values: object) -> list[dict[str, Any]]:
    """The rows of a query on an edition."""
    with read_only(edition.path) as connection:
        found = connection.execute(query, list(values))
        names = [column[0] for column in found.description]
        return [dict(zip(names, line, strict=True)) for line in found.fetchall()]


@contextmanager
def _living_in(values: Mapping[str, str]) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in values.items():
            patch.setenv(name, value)
        yield
