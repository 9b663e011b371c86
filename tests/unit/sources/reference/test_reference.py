"""Policy events, stakes, stockpile targets and consumption: dates as exact as they are printed."""

from __future__ import annotations

from datetime import date

from pipelines.sources.reference.contract import CONSUMPTION, OVERSEAS_STAKES, POLICY_EVENTS, STOCKPILE_TARGETS
from tests.unit.sources.bundled import curated

SOURCE = "reference"


def test_a_year_means_its_first_day_and_says_so():
    event = curated(SOURCE, POLICY_EVENTS)["policy_event"].filter(event_id="PE001").row(0, named=True)
    assert (event["event_date"], event["date_precision"]) == (date(2005, 1, 1), "year")


def test_an_end_in_a_month_means_its_last_day():
    target = curated(SOURCE, STOCKPILE_TARGETS)["stockpile_target"].filter(valid_to_text="2020-03")
    assert set(target["valid_to"]) == {date(2020, 3, 31)}


def test_days_of_what_is_unknown_where_the_page_does_not_say():
    targets = curated(SOURCE, STOCKPILE_TARGETS)["stockpile_target"]
    assert set(targets.filter(basis_text="days")["basis"]) == {"unknown"}
    assert targets["basis"].null_count() == 0


def test_a_stake_that_is_not_printed_is_null():
    stakes = curated(SOURCE, OVERSEAS_STAKES)["overseas_stake"]
    assert 0 < stakes["stake_percent"].null_count() < stakes.height


def test_tonnes_become_kilograms():
    consumed = curated(SOURCE, CONSUMPTION)["consumption"].filter(commodity_text="gallium")
    assert [float(weight) for weight in consumed["weight_kg"]] == [167_000.0]
