"""The shape every office that files trade conforms to: one curated table, `trade_line`, whatever the office calls things.

Codes of partners and commodities stay the office's own; `sql/load` joins ours. Concepts and rules of single offices do
not belong here.
"""

from __future__ import annotations

import polars as pl

from pipelines.model.tables import curated_tables

TRADE_LINE = curated_tables()["trade_line"].dtypes
"""Columns of a filed line and their types; `pipelines/model/curated.py` says what they mean."""


def trade_lines(frame: pl.DataFrame, **columns: pl.Expr) -> pl.DataFrame:
    """Rows in the shape of `TRADE_LINE`; a column that is neither given nor in the frame is null."""
    given = {name: expression for name, expression in columns.items() if expression is not None}
    unknown = given.keys() - TRADE_LINE.keys()
    assert not unknown, f"trade lines have no {unknown}"
    return frame.select(
        (given[name] if name in given else pl.col(name) if name in frame.columns else pl.lit(None)).cast(dtype).alias(name)
        for name, dtype in TRADE_LINE.items()
    )
