"""Bytes of the files of typed trade by partner to rows of text. Pure; nothing is typed or judged here."""

from __future__ import annotations

import polars as pl

from pipelines.readers.delimited import read
from pipelines.sources.partner_flows.contract import BY_HEADING, CONTRACTS, SERIES_COLUMNS


def parse(member: str, body: bytes, most_rows: int) -> pl.DataFrame:
    """Rows in the file's own columns as text, with `source_row` and `series_key`, null where the code alone names the series."""
    columns = tuple(name for name in CONTRACTS[member].to_schema().columns if name != "series_key")
    key = pl.concat_str(*(pl.col(name).str.strip_chars().fill_null("") for name in SERIES_COLUMNS), separator="|")
    coded = pl.col("code_system").is_in(BY_HEADING).fill_null(False)
    return read(member, body, columns, most_rows).with_columns(series_key=pl.when(~coded).then(key))
