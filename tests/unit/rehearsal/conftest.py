"""Stand-ins that run, with the invented world and invented rates."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest

from pipelines.rehearsal import ecb_stand_in as ecb
from pipelines.rehearsal import us_census_stand_in as us_census
from pipelines.rehearsal.server import Offices


@pytest.fixture(scope="session")
def invented() -> us_census.UsCensus:
    return us_census.made_up()


@pytest.fixture
def offices(invented: us_census.UsCensus) -> Iterator[Offices]:
    rates = ecb.made_up(date(2024, 11, 1), date(2024, 12, 31))
    with Offices({"us_census": invented, "ecb_rates": rates}) as running:
        yield running
