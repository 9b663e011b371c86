"""What vanishes from one night to the next: it is held where it matters, whatever kind it is, and small flows may come and go."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from pipelines.edition.build import Edition
from pipelines.rehearsal.server import Offices
from pipelines.rehearsal.us_census_stand_in import Cell, UsCensus, from_vintage, rolled_up
from pipelines.settings import PROJECT, Settings
from tests.nights import ask, curate, night, rows
from tests.unit.sources.us_census.asked import CHILE, CHINA, LITHIUM, cell

REAL = PROJECT.parent / "shared" / "real" / "us_census" / "census-import_vintage_2026-06-07.json"
ARGENTINA, JAPAN, CANADA, GERMANY = "3570", "5880", "1220", "4280"
MAGNETS, COBALT = "8505110070", "2822000000"
SELECTION = "282200,283691,850511"
FIRST, SECOND = "2024-05-10T02:00:00", "2024-05-11T02:00:00"
MONTH = "2024-02"


def flow(country: str, value: int, code: str = LITHIUM, month: str = MONTH, **values: str | None) -> Cell:
    """Imports worth `value`, both arrived and cleared, with a weight."""
    return cell(code, country, month, GEN_VAL_MO=str(value), CON_VAL_MO=str(value), GEN_CIF_MO=str(value), **values)


def a_month() -> list[Cell]:
    """Lithium of three countries, one of them negligible, and magnets of two."""
    return [
        *(flow(CHILE, 600_000), flow(ARGENTINA, 395_000), flow(JAPAN, 5_000)),
        *(flow(CHINA, 700_000, MAGNETS), flow(JAPAN, 300_000, MAGNETS)),
    ]


def held(folder: Path, before: Iterable[Cell], after: Iterable[Cell]) -> list[str]:
    """What is held of the second of two nights; the cells are all that the office holds, totals included."""
    data = Settings(folder / "data")
    with Offices({"us_census": UsCensus(before)}) as offices:
        ask(data, offices, FIRST, SELECTION)
        first = curate(data, offices, FIRST, "us_census", SELECTION)
        assert (first.failed, first.quarantined, first.errors) == ([], [], [])
        offices.replace("us_census", UsCensus(after))
        ask(data, offices, SECOND, SELECTION)
        second = curate(data, offices, SECOND, "us_census", SELECTION)
        assert (second.failed, second.errors) == ([], [])
        return second.quarantined


def without(cells: Iterable[Cell], gone: Callable[[Cell], bool]) -> list[Cell]:
    """The cells that stay."""
    return [cell for cell in cells if not gone(cell)]


@pytest.mark.parametrize("digits", [(6, 10), (6,), (10,)])
def test_partners_that_vanish_while_the_total_stays_are_held_at_whatever_level(tmp_path: Path, digits: tuple[int, ...]) -> None:
    whole = rolled_up(a_month())
    left = without(whole, lambda cell: cell.country != "-" and cell.code.startswith("2836") and len(cell.code) in digits)
    (message,) = held(tmp_path, whole, left)
    assert "us_census/imports/2024-02" in message
    assert "rows of trade_line of imports" in message
    assert " 283691, with 100.0% of its value, are no longer there, e.g. that of imports" in message
    assert message.endswith(f"{CHILE} with value 600000.00")


def test_one_large_partner_that_vanishes_is_held_and_named_though_the_total_falls_with_it(tmp_path: Path) -> None:
    (message,) = held(tmp_path, rolled_up(a_month()), rolled_up(without(a_month(), lambda cell: cell.country == CHILE)))
    assert "with 60.0% of its value" in message
    assert f"{CHILE} with value 600000.00" in message


def test_a_large_partner_whose_row_stays_with_a_zero_has_vanished_too(tmp_path: Path) -> None:
    whole = rolled_up(a_month())
    nothing = {"GEN_VAL_MO": "0", "CON_VAL_MO": "0", "GEN_CIF_MO": "0"}
    emptied = [replace(answer, values={**answer.values, **nothing}) if answer.country == CHILE else answer for answer in whole]
    (message,) = held(tmp_path, whole, emptied)
    assert "with 60.0% of its value" in message


def test_a_negligible_partner_of_a_small_month_may_vanish_and_another_appear(tmp_path: Path) -> None:
    later = [*without(a_month(), lambda cell: (cell.country, cell.code) == (JAPAN, LITHIUM)), flow(CANADA, 7_000)]
    assert held(tmp_path, rolled_up(a_month()), rolled_up(later)) == []


def test_a_code_that_vanishes_from_a_month_is_held_though_the_other_codes_stay(tmp_path: Path) -> None:
    (message,) = held(tmp_path, rolled_up(a_month()), rolled_up(without(a_month(), lambda cell: cell.code == MAGNETS)))
    assert "850511, with 100.0% of its value" in message


def test_a_code_of_ten_digits_of_which_little_was_filed_may_vanish_from_its_heading(tmp_path: Path) -> None:
    small = flow(CHILE, 20_000, "2836910018")
    assert held(tmp_path, rolled_up([*a_month(), small]), rolled_up(a_month())) == []


def test_a_code_that_is_split_into_others_of_its_heading_has_not_vanished_from_it(tmp_path: Path) -> None:
    split = [replace(cell, code="2836910018") if cell.code == LITHIUM and cell.country != CHILE else cell for cell in a_month()]
    assert held(tmp_path, rolled_up(a_month()), rolled_up(split)) == []


def test_a_code_of_ten_digits_that_held_most_of_its_heading_may_not_vanish_though_six_digits_stay(tmp_path: Path) -> None:
    whole = rolled_up([*a_month(), flow(CHILE, 300_000, "2836910018")])
    (message,) = held(tmp_path, whole, without(whole, lambda cell: cell.code == LITHIUM))
    assert "with 76.9% of its value" in message


def test_a_partner_that_vanishes_from_many_codes_is_held_though_it_is_small_in_each(tmp_path: Path) -> None:
    codes = (LITHIUM, MAGNETS, COBALT)
    others = ("4039", "4050", "4120", "4231", "4279", "4470", CHILE, CHINA, ARGENTINA, JAPAN, CANADA)
    filed = [flow(country, 500_000, code) for code in codes for country in others]
    german = [flow(GERMANY, 100_000, code) for code in codes]
    (message,) = held(tmp_path, rolled_up([*filed, *german]), rolled_up(filed))
    assert f"12 of 12 rows of trade_line with partner_code {GERMANY} are no longer there" in message


def test_quantities_of_a_month_that_become_empty_are_held(tmp_path: Path) -> None:
    missing = {"GEN_QY1_MO": "0", "GEN_QY1_MO_FLAG": "M"}
    unweighed = [replace(cell, values={**cell.values, **missing}) if cell.code == MAGNETS else cell for cell in a_month()]
    (message,) = held(tmp_path, rolled_up(a_month()), rolled_up(unweighed))
    assert "850511, with 100.0% of its value, are without quantity now" in message


@pytest.mark.skipif(not REAL.exists(), reason="the real vintages of US imports are not beside this checkout")
def test_chiles_share_of_lithium_carbonate_stays_where_the_partners_of_one_real_month_vanish(tmp_path: Path) -> None:
    vintage = json.loads(REAL.read_text("utf-8"))
    vintage["monthly"]["283691"]["2025-06"]["countries"] = {}
    later = tmp_path / "later.json"
    later.write_text(json.dumps(vintage), "utf-8")
    data = Settings(tmp_path / "data")
    with Offices({"us_census": from_vintage(REAL)}) as offices:
        assert round(chiles_share(night(data, offices, "2026-06-07T02:00:00", "283691")), 3) == 0.427
        offices.replace("us_census", from_vintage(later))
        edition = night(data, offices, "2026-06-14T02:00:00", "283691")
    assert round(chiles_share(edition), 3) == 0.427
    (row,) = rows(edition, "select slice, reason from meta.release where state = 'quarantined'")
    assert row["slice"] == "us_census/imports/2025-06"
    assert row["reason"].startswith("5 rows of trade_line of imports 283691, with 100.0% of its value, are no longer there")


def chiles_share(edition: Edition) -> float:
    """The share of Chile in the value of 2025."""
    (row,) = rows(
        edition,
        "select distinct share from marts.supplier_share where series_id = 'us_census/imports/283691' and basis = 'value'"
        " and period_months = 12 and period_start = ? and supplier_iso3 = 'CHL'",
        date(2025, 1, 1),
    )
    return float(row["share"])


def test_a_partner_that_is_revised_down_has_not_vanished(tmp_path: Path) -> None:
    half = [flow(CHILE, 300_000) if cell == flow(CHILE, 600_000) else cell for cell in a_month()]
    assert half != a_month()
    assert held(tmp_path, rolled_up(a_month()), rolled_up(half)) == []
