"""Accepted rows to trade lines: first days of periods, kilograms, general imports apart from imports for consumption. Pure Polars."""

from __future__ import annotations

import polars as pl

from pipelines.model.trade import trade_lines
from pipelines.periods import first_day, months_in, period_kind
from pipelines.sources.partner_flows.contract import CODE_SYSTEMS
from pipelines.sources.partner_flows.slices import with_vintage

FOR_CONSUMPTION = "for consumption"


def conform(member: str, accepted: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """`trade_line`: one row a line. `dataset` is the reporter's flow, imports for consumption being one of their own."""
    rows = with_vintage(member, accepted).with_columns(period_start=first_day("period"), period_months=months_in("period"))
    rows = rows.with_columns(period_kind=period_kind("period_start", "period_months"))
    cleared = pl.col("basis_note").str.contains(FOR_CONSUMPTION)
    flow = pl.col("reporter_iso3").str.to_lowercase() + "_" + pl.col("flow") + "s"
    american = pl.col("reporter_iso3") == "USA"
    computed = pl.when(pl.col("note").str.contains(r"\bless\b")).then(pl.lit("difference")).otherwise(pl.lit("percentage"))
    method = pl.when(pl.col("kind") == "derived").then(computed).otherwise(pl.lit("filed"))
    lines = trade_lines(
        rows,
        dataset=flow + pl.when(cleared).then(pl.lit("_for_consumption")).otherwise(pl.lit("")),
        partner_code=pl.col("partner_iso3"),
        code_system=pl.col("code_system").replace_strict(CODE_SYSTEMS, default=None, return_dtype=pl.String),
        valuation=pl.when(pl.col("value").is_not_null()).then(_valuation(american)),
        weight_kg=pl.col("weight_t") * pl.lit(1000),
        weight_method=pl.when(pl.col("weight_t").is_not_null()).then(method),
        value_method=pl.when(pl.col("value").is_not_null()).then(method),
        trade_system=pl.when(cleared).then(pl.lit("special")).when(american).then(pl.lit("general")),
        publication=pl.col("source_url"),
        status=pl.col("kind"),
    )
    return {"trade_line": lines}


def _valuation(american: pl.Expr) -> pl.Expr:
    """The United States values imports without freight; elsewhere imports are CIF and exports FOB, as IMTS 2010 recommends."""
    return pl.when(american).then(pl.lit("customs")).when(pl.col("flow") == "export").then(pl.lit("FOB")).otherwise(pl.lit("CIF"))
