"""China's customs bulletin: since when a figure is known, and how a level came about."""

from __future__ import annotations

from datetime import date, datetime

import polars as pl
import pytest

from pipelines.sources import companion
from pipelines.sources.china_customs_bulletin.contract import MAIN, MORE
from tests.unit.sources.bundled import curated, lines

SOURCE = "china_customs_bulletin"


def known(period: str, member: str = MAIN, series: str | None = None) -> tuple[datetime, str]:
    found = lines(SOURCE, member).filter(pl.col("period") == period)
    if series is not None:
        found = found.filter(pl.col("series") == series)
    ((moment, basis),) = found.select("known_from", "known_from_basis").rows()
    return moment, basis


def level(period_start: date, kind: str = "month") -> dict:
    (row,) = curated(SOURCE, MAIN)["bulletin_level"].filter(period_start=period_start, period_kind=kind).to_dicts()
    return row


def test_a_month_is_known_from_the_fifteenth_of_the_next():
    assert known("2019-05") == (datetime(2019, 6, 15, 23, 59, 59), "calendar")


def test_a_combined_january_and_february_is_known_from_march():
    assert known("2024-01/2024-02") == (datetime(2024, 3, 15, 23, 59, 59), "calendar")


@pytest.mark.parametrize("period", ["2024-01", "2024-02"])
def test_a_month_computed_from_next_years_percentage_is_not_known_before_next_year(period):
    assert known(period)[0] >= datetime(2025, 3, 1)


def test_a_level_quoted_a_year_later_is_known_a_year_later():
    assert known("2019-03")[0] == datetime(2020, 4, 15, 23, 59, 59)


def test_a_stated_release_date_goes_before_the_calendar():
    antimony = known("2025-06", MORE, "antimony (rawmaterials.net)")
    assert antimony == (datetime(2025, 7, 20, 23, 59, 59), "stated")


def test_november_2018_is_missing_and_not_zero():
    assert (level(date(2018, 11, 1))["weight_kg"], level(date(2018, 11, 1))["status"]) == (None, "missing")


def test_one_line_may_print_a_month_and_a_total_since_january():
    assert float(level(date(2019, 5, 1))["weight_kg"]) == 3_640_000.0
    totals = curated(SOURCE, MAIN)["bulletin_level"].filter(period_start=date(2019, 1, 1), period_kind="cumulative", period_months=5)
    assert [float(weight) for weight in totals["weight_kg"]] == [19_266_800.0]


def test_the_line_that_prints_only_a_total_has_no_month():
    may = curated(SOURCE, MAIN)["bulletin_level"].filter(period_start=date(2018, 5, 1), period_kind="month")
    assert may.is_empty()


@pytest.mark.parametrize("member", [MAIN, MORE])
def test_every_derived_level_says_how_it_was_derived(member):
    derived = curated(SOURCE, member)["bulletin_level"].filter(pl.col("status") == "derived")
    assert derived.height > 0
    assert set(derived["derivation"]) <= {"difference", "percentage", "product"}


def test_every_line_of_the_companion_matches_one_printed_line():
    prints = companion(SOURCE, "prints.csv")
    main = lines(SOURCE, MAIN).select(
        pl.lit(MAIN).alias("member"), pl.lit(None, pl.String).alias("series"), "period", pl.col("url").alias("source_url")
    )
    more = lines(SOURCE, MORE).select(pl.lit(MORE).alias("member"), "series", "period", "source_url")
    key = ["member", "series", "period", "source_url"]
    matched = prints.join(pl.concat([main, more]), on=key, how="inner", nulls_equal=True)
    assert matched.height == prints.height == prints.select(key).n_unique()
