"""Published shares and numbers: bounds, groups, projections and free-text periods."""

from __future__ import annotations

from datetime import date

import polars as pl

from pipelines.sources.published_shares.contract import EXPORT_DESTINATIONS, IMPORT_SHARES, PUBLISHED_CHECKS, REFINING_SHARES
from tests.unit.sources.bundled import curated, lines

SOURCE = "published_shares"


def test_a_range_of_shares_stays_a_bound():
    row = curated(SOURCE, IMPORT_SHARES)["published_share"].filter(share_bound="70-85").row(0, named=True)
    assert row["share_percent"] is None


def test_an_amount_is_the_partners_or_that_of_all():
    shares = curated(SOURCE, IMPORT_SHARES)["published_share"]
    assert set(shares["amount_of"].drop_nulls()) == {"partner", "all"}
    total = shares.filter((pl.col("reporter_iso3") == "IND") & (pl.col("partner_iso3") == "CHN"))["amount_of"].to_list()
    assert total == ["all"]


def test_a_figure_for_2030_is_a_projection():
    refining = curated(SOURCE, REFINING_SHARES)["published_share"]
    assert set(refining.filter(pl.col("period_start") == date(2030, 1, 1))["status"]) == {"projection"}
    assert set(refining.filter(pl.col("period_start") < date(2026, 1, 1))["status"]) <= {"reported", "derived"}


def test_every_period_and_metric_in_words_has_a_meaning():
    numbers = curated(SOURCE, PUBLISHED_CHECKS)["published_number"]
    assert numbers["measure"].null_count() == 0
    half = numbers.filter(period_text="2024-H1").row(0, named=True)
    assert (half["period_start"], half["period_end"]) == (date(2024, 1, 1), date(2024, 6, 30))
    assert numbers.filter(period_text="until 2020")["period_start"].to_list() == [None]


def test_the_ministrys_four_suppliers_are_a_list():
    shares = curated(SOURCE, PUBLISHED_CHECKS)["published_share"].filter(reporter_iso3="JPN")
    assert dict(shares.select("partner_iso3", pl.col("share_percent").cast(float)).rows()) == {"CHN": 58, "VNM": 14, "FRA": 11, "MYS": 10}


def test_others_and_the_european_union_are_kept_as_such():
    partners = set(curated(SOURCE, EXPORT_DESTINATIONS)["published_share"]["partner_iso3"])
    assert {"OTHER", "EUU"} <= partners


def test_a_page_without_a_date_in_its_address_dates_nothing():
    undated = lines(SOURCE, IMPORT_SHARES).filter(pl.col("source_url").str.contains("gtaic"))
    assert set(undated["known_from_basis"]) == {"held"}
