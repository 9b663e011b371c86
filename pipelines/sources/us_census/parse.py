"""Bytes of the trade API to rows of text: an array of arrays, the first of them the header. Nothing is judged here.

The header repeats a name where a filter is also asked for; the first of them counts. Every value is a string or null.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import polars as pl

from pipelines.errors import BadFile, refuse_more_rows
from pipelines.readers.delimited import framed
from pipelines.readers.json_rows import BYTE_ORDER_MARK, Array, read_arrays, share_lines
from pipelines.sources.us_census.contract import CONTRACTS


def parse(member: str, body: bytes, most_rows: int) -> pl.DataFrame:
    """Rows in the API's own variables as text, with `source_row`, the line of the file on which the row begins.

    Where rows share a line, `source_row` is the place of the row in the array. An empty body (status 204) has no rows. Raises
    `BadFile` for what is no array of arrays, for a variable that is missing or not known, for a row that is longer or shorter
    than the header, and for more than `most_rows`.
    """
    columns = list(CONTRACTS[member.split("-")[0]].to_schema().columns)
    if not body.removeprefix(BYTE_ORDER_MARK).strip():
        return framed(iter(()), columns)
    arrays = read_arrays(member, body)
    first = next(arrays)
    header = [str(name) for name in first.values]
    _check_header(member, header, columns)
    place = [header.index(name) for name in columns]
    frame = framed(_rows(member, arrays, header, place, most_rows), columns)
    by_place = pl.int_range(first.place + 1, pl.len() + first.place + 1, dtype=pl.Int64).alias("source_row")
    return frame.with_columns(by_place) if share_lines([first.line, *frame["source_row"]]) else frame


def _rows(member: str, arrays: Iterator[Array], header: list[str], place: list[int], most_rows: int) -> Iterator[list[str | int | None]]:
    for count, one in enumerate(arrays, start=1):
        refuse_more_rows(member, one.number, count, most_rows)
        yield [*_texts(member, one, header, place), one.line]


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
