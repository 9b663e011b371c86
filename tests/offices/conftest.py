"""Fixtures for the stand-ins: one that runs, with the invented world and invented rates, and the real files where they are."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from pipelines.rehearsal import ecb_stand_in as ecb
from pipelines.rehearsal import us_census_stand_in as us_census
from pipelines.rehearsal.server import Offices
from pipelines.settings import PROJECT

REAL = PROJECT.parent / "shared" / "real"


@pytest.fixture(scope="session")
def invented() -> us_census.UsCensus:
    return us_census.made_up()


@pytest.fixture
def offices(invented: us_census.UsCensus) -> Iterator[Offices]:
    rates = ecb.made_up(date(2024, 11, 1), date(2024, 12, 31))
    with Offices({"us_census": invented, "ecb_rates": rates}) as running:
        yield running


@pytest.fixture
def vintages() -> list[Path]:
    found = sorted((REAL / "us_census").glob("census-import_vintage_*.json"))
    if not found:
        pytest.skip("the real vintages of US imports are not beside this checkout")
    return found


@pytest.fixture
def real_rates() -> Path:
    path = REAL / "ecb" / "eurofxref-hist.zip"
    if not path.exists():
        pytest.skip("the ECB's real file is not beside this checkout")
    return path
