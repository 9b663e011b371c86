"""The shape every office that files trade conforms to: one curated table, `trade_line`, whatever the office calls things.

Codes of partners and commodities stay the office's own; `sql/load` joins ours. Concepts and rules of single offices do
not belong here.
"""

from __future__ import annotations

import polars as pl

from pipelines.model.tables import curated_tables

TRADE_LINE = curated_tables()["trade_line"].dtypes
"""Columns of a filed line and their types; `pipelines/model/curated.py` says what they mean."""


def trade_lines(frame: pl.DataFrame, *, month: pl.Expr | None = None, **columns: pl.Expr) -> pl.DataFrame:
    """Rows in the shape of `TRADE_LINE`; a column that is neither given nor in the frame is null.

    `month` (text, YYYY-MM) gives the three columns of a period. A weight is filed unless `weight_method` says otherwise; the
    office's own country is the reporter (`reporter_iso3` of source.yaml).
    """
    given = columns
    if month is not None:
        given["period_start"] = (month + "-01").str.to_date("%Y-%m-%d")
        given |= {"period_months": pl.lit(1), "period_kind": pl.lit("month")}
    if "weight_kg" in given:
        given.setdefault("weight_method", pl.when(given["weight_kg"].is_not_null()).then(pl.lit("filed")))
    unknown = given.keys() - TRADE_LINE.keys()
    assert not unknown, f"trade lines have no {unknown}"
    return frame.select(
        (given[name] if name in given else pl.col(name) if name in frame.columns else pl.lit(None)).cast(dtype).alias(name)
        for name, dtype in TRADE_LINE.items()
    )
