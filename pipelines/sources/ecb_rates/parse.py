"""Bytes of the zip to rows of text: a day a row, a currency a column. Nothing is typed or judged here."""

from __future__ import annotations

import polars as pl

from pipelines.readers.delimited import read_delimited
from pipelines.readers.zipped import unzip
from pipelines.sources.ecb_rates.contract import CURRENCIES, FILE, MOST_BYTES

NOT_FIXED = "N/A"
"""What stands where a currency had no rate on a day."""


def parse(member: str, body: bytes, most_rows: int) -> pl.DataFrame:
    """Rows with `Date` and a column a currency as text, null where there was no rate, and `source_row`, the line of the CSV.

    Every line ends with a comma; the column without a name that this makes must be empty.
    """
    frame = read_delimited(member, unzip(body, FILE, MOST_BYTES), ("Date", *CURRENCIES), most_rows)
    return frame.with_columns(pl.col(CURRENCIES).replace(NOT_FIXED, None))
