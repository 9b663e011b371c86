"""Accepted lines to curated tables: kilograms, first days of periods, one row a level. Pure Polars."""

from __future__ import annotations

import polars as pl

from pipelines.periods import first_day, months_in, period_kind
from pipelines.sources.china_customs_bulletin.contract import MAIN
from pipelines.sources.china_customs_bulletin.slices import with_prints

TABLES = ("bulletin_level", "bulletin_change")
LINEAGE = ["source_member", "source_row", "slice"]


def conform(member: str, accepted: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """`bulletin_level`: one row a level, a line may yield its own level and a total since January.

    `bulletin_change`: the changes a line prints, as ratios.
    """
    lines = with_prints(member, accepted).with_columns(
        period_start=first_day("period"),
        period_months=months_in("period"),
        main_file=pl.lit(member == MAIN),
        refines=pl.col("refines") == "yes",
        preferred=pl.col("preferred") == "yes",
        status=pl.when(pl.col("kind") == "missing").then(pl.lit("missing")).otherwise(pl.col("kind")),
        publication=pl.col("source_url"),
        qualifier=pl.coalesce("qualifier", pl.when(pl.col("tonnes").is_not_null()).then(pl.lit("eq"))),
    )
    lines = lines.with_columns(period_kind=period_kind("period_start", "period_months"))
    return {"bulletin_level": _levels(lines), "bulletin_change": _changes(lines)}


def _levels(lines: pl.DataFrame) -> pl.DataFrame:
    own = lines.filter(pl.any_horizontal(pl.col("tonnes", "value_usd").is_not_null()) | (pl.col("status") == "missing"))
    since_january = lines.filter(pl.col("ytd_tonnes_reported").is_not_null()).with_columns(
        tonnes=pl.col("ytd_tonnes_reported"),
        value_usd=pl.lit(None, pl.Decimal(18, 2)),
        period_months=(pl.col("period_start").dt.month() + pl.col("period_months") - 1).cast(pl.Int32),
        period_start=pl.col("period_start").dt.truncate("1y"),
        period_kind=pl.lit("cumulative"),
        status=pl.lit("reported"),
        # The qualifier is of the line's own tonnes.
        qualifier=pl.lit("eq"),
        derivation=pl.lit(None, pl.String),
        derived_from=pl.lit(None, pl.String),
        value_derivation=pl.lit(None, pl.String),
    )
    return pl.concat([own, since_january]).select(
        "series_key",
        "period_start",
        "period_months",
        "period_kind",
        (pl.col("tonnes") * pl.lit(1000)).cast(pl.Decimal(18, 3)).alias("weight_kg"),
        "value_usd",
        "status",
        "derivation",
        "derived_from",
        "value_derivation",
        "main_file",
        "refines",
        "preferred",
        "qualifier",
        "page_tier",
        "statistic_id",
        "publication",
        "note",
        *LINEAGE,
    )


def _changes(lines: pl.DataFrame) -> pl.DataFrame:
    return (
        lines.unpivot(
            on=["mom_pct_reported", "yoy_pct_reported"],
            index=["series_key", "period_start", "period_months", "period_kind", "page_tier", "publication", "note", *LINEAGE],
            variable_name="measure",
            value_name="change_percent",
        )
        .filter(pl.col("change_percent").is_not_null())
        .with_columns(pl.col("measure").replace_strict({"mom_pct_reported": "change_on_month", "yoy_pct_reported": "change_on_year"}))
    )
