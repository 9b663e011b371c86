"""Bytes of the files of published shares and numbers to rows of text. Pure; nothing is typed or judged here."""

from __future__ import annotations

import polars as pl

from pipelines.readers.delimited import read_delimited
from pipelines.sources.published_shares.contract import ADDED, CONTRACTS, SERIES_COLUMNS


def parse(member: str, body: bytes, most_rows: int) -> pl.DataFrame:
    """Rows in the file's own columns as text, with `source_row`; shares also with `series_key`, what names their series."""
    columns = tuple(name for name in CONTRACTS[member].to_schema().columns if name != "series_key")
    frame = read_delimited(member, body, columns, most_rows, ADDED)
    if member not in SERIES_COLUMNS:
        return frame
    key = pl.concat_str(*(pl.col(name).str.strip_chars().fill_null("") for name in SERIES_COLUMNS[member]), separator="|")
    return frame.with_columns(series_key=key)
