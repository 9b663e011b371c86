"""Bytes of the transcribed Mineral Commodity Summaries to rows of text. Pure; nothing is typed or judged here."""

from __future__ import annotations

import polars as pl

from pipelines.readers.delimited import read_delimited
from pipelines.sources.usgs_mcs.contract import CONTRACTS, COUNTRY_COLUMNS, SERIES_COLUMNS

BUILT = ("series_key", "country_key")


def parse(member: str, body: bytes, most_rows: int) -> pl.DataFrame:
    """Rows in the file's own columns as text, with `source_row` and the columns that name a series and a country, joined."""
    columns = tuple(name for name in CONTRACTS[member].to_schema().columns if name not in BUILT)
    frame = read_delimited(member, body, columns, most_rows).with_columns(series_key=_joined(SERIES_COLUMNS[member]))
    return frame.with_columns(country_key=_joined(COUNTRY_COLUMNS[member])) if member in COUNTRY_COLUMNS else frame


def _joined(names: tuple[str, ...]) -> pl.Expr:
    return pl.concat_str(*(pl.col(name).str.strip_chars().fill_null("") for name in names), separator="|")
