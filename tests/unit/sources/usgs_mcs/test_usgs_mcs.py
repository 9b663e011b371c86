"""USGS Mineral Commodity Summaries: editions, units and qualifiers."""

from __future__ import annotations

from datetime import date, datetime

import polars as pl

from pipelines.sources.usgs_mcs.contract import IMPORT_SOURCES, NET_IMPORT_RELIANCE, WORLD_PRODUCTION
from tests.unit.sources.bundled import curated, lines

SOURCE = "usgs_mcs"


def test_an_edition_is_a_slice_and_is_known_by_the_end_of_its_february():
    slices = dict(lines(SOURCE, WORLD_PRODUCTION).select("slice", "known_from").unique().rows())
    assert slices["usgs_mcs/world_production/2025"] == datetime(2025, 2, 28, 23, 59, 59)


def test_units_become_kilograms_of_their_content():
    table = curated(SOURCE, WORLD_PRODUCTION)["usgs_production"]
    for unit, factor in (("metric tons, REO equivalent", 1_000), ("thousand metric tons, copper content", 1_000_000), ("kilograms", 1)):
        rows = table.filter((pl.col("unit") == unit) & (pl.col("quantity") > 0))
        assert set(rows.select(pl.col("weight_kg").cast(float) / pl.col("quantity").cast(float)).to_series()) == {factor}


def test_a_withheld_quantity_is_unknown_and_a_dash_is_zero():
    table = curated(SOURCE, WORLD_PRODUCTION)["usgs_production"]
    assert table.filter(qualifier="withheld")["quantity"].null_count() == table.filter(qualifier="withheld").height > 0
    kazakh_tungsten = table.filter(pl.col("series_key").str.starts_with("tungsten|"), country_iso3="KAZ", period_start=date(2024, 1, 1))
    assert [float(quantity) for quantity in kazakh_tungsten["quantity"]] == [0.0]


def test_above_95_is_not_95():
    row = curated(SOURCE, NET_IMPORT_RELIANCE)["usgs_net_import_reliance"].filter(value_text=">95").row(0, named=True)
    assert row["qualifier"] == "gt"


def test_a_four_year_average_is_48_months_long():
    assert curated(SOURCE, IMPORT_SOURCES)["usgs_import_source"]["period_months"].unique().to_list() == [48]


def test_tables_with_missing_rows_say_so():
    table = curated(SOURCE, WORLD_PRODUCTION)["usgs_production"].filter(pl.col("incomplete_because").is_not_null())
    found = {key.split("|")[0] for key in table["series_key"]}
    assert {"nickel", "barite", "bismuth", "chromium"} <= found
