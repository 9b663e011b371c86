"""Bytes of the trade API to rows of text: an array of arrays, the first of them the header. Nothing is judged here.

The header repeats a name where a filter is also asked for; the first of them counts. Every value is a string or null.
"""

from __future__ import annotations

import json

import polars as pl

from pipelines.errors import BadFile, refuse_more_rows
from pipelines.readers.json_rows import BYTE_ORDER_MARK, Array, numbered, read_arrays
from pipelines.sources.us_census.contract import CONTRACTS

ROWS_AT_ONCE = 20_000
"""Rows of Python's own texts take ten times the memory of a frame."""


def parse(member: str, body: bytes, most_rows: int) -> pl.DataFrame:
    """Rows in the API's own variables as text, with `source_row`, the line of the file on which the row begins.

    Where rows share a line, `source_row` is the place of the row in the array. An empty body (status 204) has no rows. Raises
    `BadFile` for what is no array of arrays, for a variable that is missing or not known, for a row that is longer or shorter
    than the header, and for more than `most_rows`.
    """
    columns = list(CONTRACTS[member.split("-")[0]].to_schema().columns)
    if not body.removeprefix(BYTE_ORDER_MARK).strip():
        return pl.DataFrame(schema=dict.fromkeys(columns, pl.String()) | {"source_row": pl.Int64()})
    arrays = read_arrays(member, body)
    first = next(arrays)
    header = [str(name) for name in first.values]
    _check_header(member, header, columns)
    place = [header.index(name) for name in columns]
    rows: list[list[str | None]] = []
    pieces = [_frame(rows, columns)]
    places = [(first.line, first.place)]
    for one in arrays:
        refuse_more_rows(member, one.number, len(places), most_rows)
        rows.append(_texts(member, one, header, place))
        places.append((one.line, one.place))
        if len(rows) == ROWS_AT_ONCE:
            pieces.append(_frame(rows, columns))
            rows = []
    return pl.concat([*pieces, _frame(rows, columns)]).with_columns(source_row=pl.Series(numbered(places)[1:], dtype=pl.Int64))


def _frame(rows: list[list[str | None]], columns: list[str]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.String()), orient="row")


def _texts(member: str, one: Array, header: list[str], place: list[int]) -> list[str | None]:
    if len(one.values) != len(header):
        told = f"the row has {len(one.values)} values and the header {len(header)}"
        raise BadFile(member, one.number, json.dumps(one.values), told, "fetch it again")
    return [_as_text(member, one.number, one.values[index]) for index in place]


def _check_header(member: str, header: list[str], columns: list[str]) -> None:
    for names, what in (
        ([name for name in columns if name not in header], "missing"),
        ([name for name in header if name not in columns], "not known"),
    ):
        if names:
            listed = ", ".join(repr(name) for name in names)
            remedy = f"the variables are {', '.join(columns)}: teach the source's contract and fetch.py the new names"
            raise BadFile(member, 1, ",".join(header), f"variable {listed} is {what}", remedy)


def _as_text(member: str, line: int, value: object) -> str | None:
    if value is None or value == "":
        return None
    if isinstance(value, str):
        return value
    raise BadFile(member, line, json.dumps(value), "a value is no string", "the API sends every value as a string: look at what changed")
