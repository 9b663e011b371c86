"""Accepted rows to curated tables: first days of periods, kilograms beside the unit as filed. Pure Polars."""

from __future__ import annotations

import polars as pl

from pipelines.sources import companion
from pipelines.sources.usgs_mcs.contract import IMPORT_SOURCES, UNIT_KG, WORLD_PRODUCTION

TABLES = ("usgs_import_source", "usgs_production", "usgs_net_import_reliance")
CARRIED = ["source_member", "source_row", "slice"]


def conform(member: str, accepted: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """`usgs_import_source`, `usgs_production` or `usgs_net_import_reliance`, one row a line."""
    if member == IMPORT_SOURCES:
        return {"usgs_import_source": _import_sources(accepted)}
    if member == WORLD_PRODUCTION:
        return {"usgs_production": _production(accepted)}
    return {"usgs_net_import_reliance": _reliance(accepted)}


def _import_sources(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select(
        "series_key",
        edition="mcs_edition",
        period_start=pl.date("period_start", 1, 1),
        period_months=((pl.col("period_end") - pl.col("period_start") + 1) * 12).cast(pl.Int32),
        supplier_name="supplier",
        supplier_iso3="supplier_iso3",
        share_percent="share_percent",
        list_status="list_status",
        list_sum_percent="list_sum_percent",
        publication="source_url",
        note="note",
        **{name: pl.col(name) for name in CARRIED},
    )


def _production(rows: pl.DataFrame) -> pl.DataFrame:
    incomplete = companion("usgs_mcs", "incomplete_tables.csv").select(
        "mcs_edition", "commodity", "stage", pl.col("year").cast(pl.Int32), incomplete_because="reason"
    )
    kilograms = pl.col("unit").str.replace(r",.*$", "").replace_strict(UNIT_KG, return_dtype=pl.Int64)
    return rows.join(incomplete, on=["mcs_edition", "commodity", "stage", "year"], how="left", maintain_order="left").select(
        "series_key",
        edition="mcs_edition",
        country_name="country",
        country_iso3="iso3",
        period_start=pl.date("year", 1, 1),
        period_months=pl.lit(12, pl.Int32),
        quantity="value",
        unit="unit",
        weight_kg=(pl.col("value") * kilograms.cast(pl.Decimal(18, 3))).cast(pl.Decimal(18, 3)),
        qualifier="qualifier",
        incomplete_because="incomplete_because",
        publication="source_url",
        note="note",
        **{name: pl.col(name) for name in CARRIED},
    )


def _reliance(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select(
        "series_key",
        edition="mcs_edition",
        period_start=pl.date("year", 1, 1),
        period_months=pl.lit(12, pl.Int32),
        value_text="value_text",
        qualifier="qualifier",
        value_percent="value_percent",
        publication="source_url",
        note="note",
        **{name: pl.col(name) for name in CARRIED},
    )
