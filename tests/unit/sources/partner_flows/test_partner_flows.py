"""Typed trade by partner: what a list holds, since when it was known, and what follows from it."""

from __future__ import annotations

from datetime import datetime

import polars as pl
import pytest

from tests.unit.sources.bundled import curated, lines

SOURCE = "partner_flows"


MONTHS, PERIODS, TUNGSTEN = "monthly_flows_by_partner.csv", "period_flows_by_partner.csv", "us_tungsten_monthly_by_partner.csv"


def trade(member: str) -> pl.DataFrame:
    return curated(SOURCE, member)["trade_line"]


@pytest.mark.parametrize(("member", "lists"), [(MONTHS, 121), (TUNGSTEN, 58)])
def test_every_american_list_adds_up_to_its_printed_total(member, lists):
    american = trade(member).filter(pl.col("reporter_iso3") == "USA")
    sums = american.group_by("code", "period_start").agg(
        total=pl.col("value").filter(pl.col("partner_code") == "WLD").sum(),
        partners=pl.col("value").filter(pl.col("partner_code") != "WLD").sum(),
    )
    assert sums.height == lists
    assert sums.filter(pl.col("total") != pl.col("partners")).is_empty()


def test_a_figure_is_known_from_the_day_of_its_vintage_and_not_from_the_months_release():
    american = lines(SOURCE, MONTHS).filter(pl.col("code_system") == "HS6")
    assert american["known_from"].unique().to_list() == [datetime(2026, 8, 16, 23, 59, 59)]
    assert lines(SOURCE, TUNGSTEN)["known_from"].null_count() == 573, "the day the files were read is not known"


def test_general_imports_and_imports_for_consumption_are_two_series():
    datasets = {*trade(MONTHS).filter(pl.col("reporter_iso3") == "USA")["dataset"], *trade(TUNGSTEN)["dataset"]}
    assert datasets == {"usa_imports", "usa_imports_for_consumption"}
    assert set(trade(TUNGSTEN)["trade_system"]) == {"special"}


def test_a_rest_computed_from_the_total_says_so():
    rest = trade(MONTHS).filter(pl.col("reporter_iso3") == "USA", pl.col("partner_code") == "OTHER")
    assert set(rest["value_method"]) == {"difference"}
    assert set(rest["status"]) == {"derived"}


def test_what_is_left_of_a_printed_total_is_a_difference():
    months = trade(MONTHS).filter(pl.col("partner_code") == "WLD", pl.col("note").str.contains("19,132 less|quarter 16,001 less"))
    assert set(months["weight_method"]) == {"difference"}
