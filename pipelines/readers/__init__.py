"""Formats: the bytes of a file to rows of text with their line, and back to the raw line for an explanation.

A module for each format, with `read` (rows as text, and `source_row`), `raw_lines` (what `source_row` counts) and `record`
(the lines of one row). What an office's columns mean does not belong here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

import polars as pl

ROWS_AT_ONCE = 20_000
"""Rows of Python's own texts take ten times the memory of a frame."""


def framed(rows: Iterator[list[str | int | None]], columns: Iterable[str]) -> pl.DataFrame:
    """Rows as a frame of `columns`, all text, and `source_row`, their last value."""
    schema = dict.fromkeys(columns, pl.String()) | {"source_row": pl.Int64()}
    pieces = [pl.DataFrame(schema=schema)]
    while some := list(islice(rows, ROWS_AT_ONCE)):
        pieces.append(pl.DataFrame(some, schema=schema, orient="row"))
    return pl.concat(pieces)
