"""Which slice a row belongs to: the vintage of an office's files it was read from, else the page that prints it.

Known from the day of the vintage, else from the page's own date where its address prints one, else from when it was held.
Never from the month's own release: what stood there then is not known. See `vintages.csv`.
"""

from __future__ import annotations

import polars as pl

from pipelines.model.vocabulary import known_from_address
from pipelines.periods import end_of_day
from pipelines.sources import companion


def slices(member: str, frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with `slice`, `known_from` (null: known from when it was held) and `known_from_basis`."""
    dated = known_from_address(with_vintage(member, frame), "source_url")
    read_on = end_of_day(pl.col("read_on").str.to_date("%Y-%m-%d"))
    return dated.with_columns(
        slice=pl.coalesce("vintage", "source_url"),
        known_from=pl.coalesce(read_on, "known_from"),
        known_from_basis=pl.when(read_on.is_not_null()).then(pl.lit("stated")).otherwise(pl.col("known_from_basis")),
    ).select(*frame.columns, "slice", "known_from", "known_from_basis")


def with_vintage(member: str, frame: pl.DataFrame) -> pl.DataFrame:
    """The rows in their order with `vintage`, `read_on` and `list_status`; null where a row is from a single page."""
    vintages = companion("partner_flows", "vintages.csv").filter(pl.col("member") == member)
    found = frame.with_columns(vintage=pl.lit(None, pl.String), read_on=pl.lit(None, pl.String), list_status=pl.lit("partial"))
    for vintage in vintages.iter_rows(named=True):
        here = pl.col("source_url").str.starts_with(vintage["address_begins"])
        found = found.with_columns(
            pl.when(here).then(pl.lit(vintage[name], pl.String)).otherwise(pl.col(name)).alias(name)
            for name in ("vintage", "read_on", "list_status")
        )
    return found
