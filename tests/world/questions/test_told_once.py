"""Partner months that come while totals are revised, over three nights at the Bureau: none is lost from what changed."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines.edition.open import side_by_side
from pipelines.questions.difference.compare import compare
from pipelines.rehearsal import us_census_stand_in as us_census
from pipelines.rehearsal.server import Offices
from pipelines.settings import PROJECT, Settings
from tests.nights import night
from tests.unit.questions.test_told_once import (
    told_of,
)

VINTAGES = [PROJECT.parent / "shared" / "real" / "us_census" / f"census-import_vintage_{day}.json" for day in ("2026-05-10", "2026-06-07")]


@pytest.mark.skipif(not VINTAGES[0].exists(), reason="the real vintages of US imports are not beside this checkout")
def test_of_94_real_partner_months_that_came_while_some_totals_were_revised_none_is_lost(tmp_path: Path) -> None:
    """Three nights: the Philippines and Cambodia come in six codes of US imports; on the third, some of those months have another total."""
    codes = sorted(code for code in json.loads(VINTAGES[0].read_text("utf-8"))["monthly"] if len(code) == 6)
    vintages = [us_census.from_vintage(path) for path in VINTAGES]
    later = [
        replace(cell, values={**cell.values, "GEN_VAL_MO": str(int(str(cell.values["GEN_VAL_MO"])) + 1)})
        if cell.country == "-" and cell.month.startswith("2025")
        else cell
        for cell in vintages[1].cells
    ]
    data = Settings(tmp_path / "data")
    first, third = tmp_path / "first.duckdb", data.edition
    with Offices({"us_census": vintages[0]}) as offices:
        night(data, offices, "2026-05-10T02:00:00", ",".join(codes))
        first.hardlink_to(data.edition)
        offices.replace("us_census", vintages[1])
        night(data, offices, "2026-06-07T02:00:00", ",".join(codes))
        offices.replace("us_census", us_census.UsCensus(later))
        night(data, offices, "2026-06-14T02:00:00", ",".join(codes))
    with side_by_side(first, third) as connection:
        found = compare(connection)
        before, after = ({table: _rows(connection, f"{side}.facts.{table}") for table in TOLD} for side in ("before", "after"))
    assert told_of(found, before, after)["partners: newly_named"] > 0
    assert set(found.partners["partner_iso3"]) == {"PHL", "KHM"}
    assert set(found.partners["kind"]) == {"newly_named", "appeared"}
    assert found.partners["months"].sum() == 94


TOLD = ("trade_total", "trade_flow", "published_share")


def _rows(connection: duckdb.DuckDBPyConnection, table: str) -> list[dict[str, Any]]:
    return connection.sql(f"select * from {table}").pl().to_dicts()
