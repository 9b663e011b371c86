"""Which slice a row belongs to: the page that states it. Known from the page's own date where its address prints one."""

from __future__ import annotations

import polars as pl

from pipelines.model.vocabulary import known_from_address


def slices(member: str, frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with `slice`, `known_from` (null: known from when it was held) and `known_from_basis`."""
    return known_from_address(frame.with_columns(slice=pl.col("source_url")), "source_url")
