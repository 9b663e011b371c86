"""How a monthly change is computed, and when it is not."""

from __future__ import annotations

from itertools import pairwise
from random import Random

import pytest

from tests.unit.sql.made_up import check_rows, edition, exported, rows


def changes(*levels: dict) -> dict[str, dict]:
    with edition(trade_total=list(levels)) as connection:
        found = rows(connection, "select * from marts.export_change_monthly where basis = 'weight' order by period_start")
        assert check_rows(connection, "no_overlap_in_tiling").is_empty()
    return {f"{row['period_start']:%Y-%m}" + (f"+{row['period_months']}" if row["period_months"] > 1 else ""): row for row in found}


def year_of(year: int, monthly: float, months: range = range(1, 13)) -> list[dict]:
    return [exported(f"{year}-{month:02d}", monthly) for month in months]


def test_a_missing_month_is_not_reported_as_a_change():
    found = changes(exported("2023-01", 10.0), exported("2023-03", 20.0))
    assert [row["change_on_month"] for row in found.values()] == [None, None]
    assert "change_on_month:gap_before" in found["2023-03"]["flags"]


def test_a_month_known_to_be_missing_is_null_and_not_zero():
    found = changes(exported("2023-01", 10.0), exported("2023-02", None), exported("2023-03", 20.0))
    assert found["2023-02"]["amount"] is None
    assert "amount:missing" in found["2023-02"]["flags"]
    assert found["2023-03"]["change_on_month"] is None
    assert "change_on_month:gap_before" in found["2023-03"]["flags"]


def test_from_zero_there_is_no_change_to_state():
    found = changes(exported("2023-05", 0.0), exported("2023-06", 4.0), exported("2023-07", 0.0), exported("2023-08", 0.0))
    assert "change_on_month:from_zero" in found["2023-06"]["flags"]
    assert found["2023-07"]["change_on_month"] == -1
    assert "change_on_month:both_zero" in found["2023-08"]["flags"]
    assert found["2023-06"]["change_on_month"] is found["2023-08"]["change_on_month"] is None


def test_a_combined_january_and_february_is_compared_with_the_same_span():
    found = changes(
        exported("2020-01/2020-02", 100.0),
        exported("2020-03", 60.0),
        exported("2021-01", 70.0),
        exported("2021-02", 80.0),
        exported("2022-01/2022-02", 300.0),
    )
    assert found["2022-01+2"]["change_on_year"] == pytest.approx(1.0), "two single months stand for the combined span"
    assert found["2021-01"]["change_on_year"] is None
    assert "change_on_year:combined_period" in found["2021-01"]["flags"]
    assert found["2020-03"]["change_on_month"] is None
    assert "change_on_month:combined_period" in found["2020-03"]["flags"]


def test_single_months_replace_the_combined_span_when_both_are_there():
    found = changes(exported("2019-01/2019-02", 30.0), exported("2019-01", 10.0), exported("2019-02", 20.0))
    assert list(found) == ["2019-01", "2019-02"]


def test_a_span_is_not_displaced_by_one_that_is_itself_displaced():
    found = changes(exported("2023-03/2023-08", 60.0), exported("2023-07/2023-10", 40.0), exported("2023-09/2023-11", 30.0))
    assert list(found) == ["2023-03+6", "2023-09+3"]


def test_spans_stand_side_by_side_and_each_that_is_left_out_overlaps_one():
    random = Random(2019)
    for _ in range(20):
        spans = {(first, random.randint(first + 1, min(first + 6, 12))) for first in random.choices(range(1, 12), k=8)}
        levels = [exported(f"2023-{first:02d}/2023-{last:02d}", 1.0, kind="range") for first, last in spans]
        kept = [(row["period_start"].month, row["period_start"].month + row["period_months"] - 1) for row in changes(*levels).values()]
        assert set(kept) <= spans
        assert all(day[1] < other[0] for day, other in pairwise(kept))
        assert all(any(first <= day[1] and last >= day[0] for day in kept) for first, last in spans)


def test_months_computed_from_a_percentage_do_not_replace_the_combined_span():
    derived = {"weight_method": "percentage", "status": "derived"}
    found = changes(exported("2024-01/2024-02", 8774.0), exported("2024-01", 5856.0, **derived), exported("2024-02", 2919.0, **derived))
    assert list(found) == ["2024-01+2"]


@pytest.mark.parametrize("method", ["percentage", "unstated"])
def test_a_level_derived_from_a_printed_percentage_never_yields_a_change(method):
    derived = exported("2017-10", 3468.0, weight_method=method, status="derived")
    found = changes(derived, exported("2017-11", 3500.0), *[exported(f"2018-{month:02d}", 3100.0) for month in (10, 11)])
    assert found["2017-11"]["change_on_month"] is None
    assert found["2018-10"]["change_on_year"] is None
    assert "change_on_year:derived_base" in found["2018-10"]["flags"]
    assert found["2018-11"]["change_on_year"] is not None


def test_a_difference_of_printed_levels_does_yield_a_change():
    found = changes(exported("2019-09", 10.0), exported("2019-10", 12.0, weight_method="difference", status="derived"))
    assert found["2019-10"]["change_on_month"] == pytest.approx(0.2)


def test_no_change_is_computed_across_a_series_break():
    found = changes(exported("2011-12", 10.0), exported("2012-01", 20.0), exported("2012-02", 30.0))
    assert found["2012-01"]["change_on_month"] is None
    assert "change_on_month:series_break" in found["2012-01"]["flags"]
    assert found["2012-02"]["change_on_month"] == pytest.approx(0.5)


def test_the_year_to_date_prefers_printed_totals_of_both_years():
    printed = [exported("2018-01/2018-05", 200.0, kind="cumulative"), exported("2019-01/2019-05", 100.0, kind="cumulative")]
    may = changes(*year_of(2018, 41.0, range(1, 6)), *year_of(2019, 21.0, range(1, 6)), *printed)["2019-05"]
    assert (may["year_to_date"], may["year_to_date_basis"]) == (100.0, "printed")
    assert may["year_to_date_change_on_year"] == pytest.approx(-0.5)


def test_the_year_to_date_is_else_the_sum_of_both_years_and_says_so():
    printed = exported("2019-01/2019-05", 100.0, kind="cumulative")
    may = changes(*year_of(2018, 40.0, range(1, 6)), *year_of(2019, 21.0, range(1, 6)), printed)["2019-05"]
    assert (may["year_to_date"], may["year_to_date_basis"]) == (105.0, "sum")
    assert may["year_to_date_change_on_year"] == pytest.approx(105 / 200 - 1)


def test_a_printed_total_that_its_months_contradict_stands_beside_their_sum():
    months = [exported("2026-01/2026-02", 10_460.0), *year_of(2026, 5_000.0, range(3, 5))]
    for printed, flagged in ((20_380.0, True), (20_450.0, False)):
        april = changes(*months, exported("2026-01/2026-04", printed, kind="cumulative"))["2026-04"]
        assert (april["year_to_date"], april["year_to_date_basis"]) == (printed, "printed")
        assert (april["year_to_date_printed"], april["year_to_date_sum"]) == (printed, 20_460.0)
        assert ("year_to_date:printed_differs_from_sum" in april["flags"].split()) == flagged
    march = changes(*months)["2026-03"]
    assert (march["year_to_date_printed"], march["year_to_date_sum"]) == (None, 15_460.0), "no total was printed in March"


@pytest.mark.parametrize(("method", "flagged"), [("filed", True), ("difference", True), ("percentage", False), ("unstated", False)])
def test_a_month_known_to_a_percentage_point_contradicts_a_total_only_beyond_that(method: str, flagged: bool):
    months = [*year_of(2025, 10.0, range(1, 3)), exported("2025-03", 10.0, weight_method=method, status="derived")]
    march = changes(*months, exported("2025-01/2025-03", 30.1, kind="cumulative"))["2025-03"]
    assert ("year_to_date:printed_differs_from_sum" in march["flags"].split()) == flagged


def test_a_value_computed_from_an_average_price_is_not_printed():
    computed = {"value_usd": 900, "value_method": "product"}
    levels = [
        exported("2023-07", 10.0, value_usd=100, value_method="filed"),
        exported("2023-01/2023-07", 90.0, kind="cumulative", **computed),
        exported("2024-07", 10.0, value_usd=100, value_method="filed"),
        exported("2024-01/2024-07", 80.0, kind="cumulative", **computed),
    ]
    with edition(trade_total=levels) as connection:
        query = "select basis, year_to_date, year_to_date_basis from marts.export_change_monthly where period_start = '2024-07-01'"
        found = sorted(tuple(row.values()) for row in rows(connection, query))
    assert found == [("value", None, None), ("weight", 80.0, "printed")]


def test_twelve_months_may_hold_a_whole_combined_span_but_no_part_of_one():
    found = changes(
        *year_of(2020, 10.0), exported("2021-01/2021-02", 20.0), *year_of(2021, 10.0, range(3, 13)), *year_of(2022, 10.0, range(1, 2))
    )
    assert found["2021-12"]["trailing_12_months"] == pytest.approx(120.0)
    assert found["2021-12"]["trailing_12_months_change_on_year"] == pytest.approx(0.0)
    assert found["2022-01"]["trailing_12_months"] is None, "twelve months to January 2022 would cut the span of 2021 in two"
    assert "trailing_12_months_change_on_year:combined_period" in found["2022-01"]["flags"]


def test_three_months_are_compared_with_the_three_before():
    found = changes(*year_of(2022, 10.0, range(1, 4)), *year_of(2022, 15.0, range(4, 7)))
    assert found["2022-06"]["three_month_change"] == pytest.approx(0.5)
    assert found["2022-05"]["three_month_change"] is None, "the three before March are not there"


def test_value_and_weight_never_mix():
    level = exported("2019-01", 10.0, value_usd=500, value_method="filed")
    following = exported("2019-02", 20.0, value_usd=400, value_method="filed")
    with edition(trade_total=[level, following]) as connection:
        found = rows(
            connection,
            "select basis, unit, change_on_month from marts.export_change_monthly where period_start = '2019-02-01' order by basis",
        )
    assert [(row["basis"], row["unit"], row["change_on_month"]) for row in found] == [
        ("value", "USD", pytest.approx(-0.2)),
        ("weight", "t", pytest.approx(1.0)),
    ]


def test_a_printed_total_that_contradicts_its_months_is_found():
    levels = [*year_of(2025, 10.0, range(1, 6)), exported("2025-01/2025-05", 50.0, kind="cumulative"), exported("2025-06", 10.0)]
    with edition(trade_total=[*levels, exported("2025-01/2025-06", 60.05, kind="cumulative")]) as connection:
        assert check_rows(connection, "year_to_date").is_empty(), "within 0.1 %"
    with edition(trade_total=[*levels, exported("2025-01/2025-06", 61.0, kind="cumulative")]) as connection:
        found = check_rows(connection, "year_to_date")
    assert set(found["source"]) == {"china_customs_bulletin"}
    assert set(found["printed_amount"]) == {61_000.0}


def test_a_printed_value_that_contradicts_its_months_is_found():
    months = [exported(f"2025-{month:02d}", 10.0, value_usd=100, value_method="filed") for month in range(1, 4)]
    for dollars, wrong in ((300, []), (310, ["value_usd"])):
        total = exported("2025-01/2025-03", 30.0, kind="cumulative", value_usd=dollars, value_method="filed")
        with edition(trade_total=[*months, total]) as connection:
            assert check_rows(connection, "year_to_date")["measure"].to_list() == wrong


def test_a_month_derived_from_one_total_is_held_against_the_others():
    derived = exported("2025-03", 10.0, weight_method="difference", status="derived", derived_from="2025-01/2025-03")
    first_quarter = exported("2025-01/2025-03", 30.0, kind="cumulative")
    months = [*year_of(2025, 10.0, range(1, 3)), derived, exported("2025-04", 10.0)]
    for tonnes, wrong in ((40.0, []), (44.0, ["the months", "the total to month 3 and the months since"])):
        with edition(trade_total=[*months, first_quarter, exported("2025-01/2025-04", tonnes, kind="cumulative")]) as connection:
            assert sorted(check_rows(connection, "year_to_date")["compared_with"]) == wrong
    moved = exported("2025-01/2025-03", 50.0, kind="cumulative")
    with edition(trade_total=[*months, moved]) as connection:
        assert check_rows(connection, "year_to_date").is_empty(), "what is left of a total says nothing about that total"


def test_a_month_computed_from_a_percentage_is_as_exact_as_that():
    derived = exported("2025-03", 10.0, weight_method="percentage", status="derived")
    for tonnes, wrong in ((30.1, 0), (31.0, 1)):
        total = exported("2025-01/2025-03", tonnes, kind="cumulative")
        with edition(trade_total=[*year_of(2025, 10.0, range(1, 3)), derived, total]) as connection:
            assert len(check_rows(connection, "year_to_date")) == wrong


def test_months_derived_from_a_total_prove_nothing_about_it():
    derived = exported("2025-06", 11.0, weight_method="difference", status="derived")
    with edition(
        trade_total=[*year_of(2025, 10.0, range(1, 6)), derived, exported("2025-01/2025-06", 90.0, kind="cumulative")]
    ) as connection:
        assert check_rows(connection, "year_to_date").is_empty()


def test_an_amount_says_how_it_came_about():
    found = changes(exported("2019-03", 10.0), exported("2019-04", 20.0, weight_method="difference", status="derived"))
    assert (found["2019-03"]["amount_method"], found["2019-04"]["amount_method"]) == ("filed", "difference")


def test_a_level_that_is_about_so_much_is_an_interval_and_yields_no_change():
    found = changes(exported("2019-03", 100.0), exported("2019-04", 80.0, qualifier="about"))
    before, about = found["2019-03"], found["2019-04"]
    assert (before["amount"], before["amount_low"], before["amount_high"]) == (100.0, 100.0, 100.0)
    assert (about["amount"], about["amount_low"], about["amount_high"]) == (None, 76.0, 84.0)
    assert about["change_on_month"] is None
    assert {"amount:inexact", "change_on_month:inexact"} <= set(about["flags"].split())


def test_a_month_after_one_that_is_no_point_has_no_change_either():
    after = changes(exported("2019-03", 100.0, qualifier="gt"), exported("2019-04", 80.0))["2019-04"]
    assert (after["amount"], after["change_on_month"]) == (80.0, None)
    assert "change_on_month:inexact" in after["flags"].split()
