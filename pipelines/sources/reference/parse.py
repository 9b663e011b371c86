"""Bytes of the reference files to rows of text. Pure; nothing is typed or judged here."""

from __future__ import annotations

import polars as pl

from pipelines.readers.delimited import read_delimited
from pipelines.sources.reference.contract import CONTRACTS


def parse(member: str, body: bytes, most_rows: int) -> pl.DataFrame:
    """Rows in the file's own columns as text, with `source_row`."""
    return read_delimited(member, body, tuple(CONTRACTS[member].to_schema().columns), most_rows)
