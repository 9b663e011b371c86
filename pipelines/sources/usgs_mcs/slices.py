"""Which slice a row belongs to: the edition that prints it, so that editions are vintages of one another."""

from __future__ import annotations

import polars as pl

from pipelines.periods import end_of_day
from pipelines.sources import companion


def slices(member: str, frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with `slice`, `known_from` and `known_from_basis`: an edition is out by the end of its February."""
    editions = companion("usgs_mcs", "editions.csv").select(
        "mcs_edition",
        known_from=end_of_day(pl.col("published_by").str.to_date("%Y-%m-%d")),
        known_from_basis=pl.col("basis"),
    )
    return (
        frame.join(editions, on="mcs_edition", how="left", maintain_order="left")
        .with_columns(slice=pl.col("mcs_edition"))
        .select(*frame.columns, "slice", "known_from", "known_from_basis")
    )
