"""Which slice a day's rates belong to: its month, once a later month has begun. Each rate is published on its own day."""

from __future__ import annotations

import polars as pl

from pipelines.periods import end_of_day


def slices(member: str, frame: pl.DataFrame) -> pl.DataFrame:
    """The days of closed months, with `slice`, `known_from` (the month's last fixing) and `known_from_basis`.

    The month that still goes on belongs to no slice yet: it would be another release every day. A day that is no date is kept
    for the gate to reject.
    """
    day = pl.col("Date").str.to_date("%Y-%m-%d", strict=False)
    month = day.dt.strftime("%Y-%m")
    closed = frame.filter(day.is_null() | (month < month.max()))
    return closed.with_columns(slice=month, known_from=end_of_day(day.max().over(month)), known_from_basis=pl.lit("stated"))
