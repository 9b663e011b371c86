"""Accepted days to one row a currency and day. Pure Polars."""

from __future__ import annotations

import polars as pl

from pipelines.sources.ecb_rates.contract import CURRENCIES

TABLES = ("reference_rate",)


def conform(kind: str, accepted: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """`reference_rate`: day, currency and its units for one euro."""
    rates = accepted.unpivot(
        on=list(CURRENCIES), index=["Date", "source_row", "source_member", "slice"], variable_name="currency", value_name="per_eur"
    )
    return {"reference_rate": rates.filter(pl.col("per_eur").is_not_null()).rename({"Date": "day"})}
