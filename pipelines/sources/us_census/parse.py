"""Bytes of the trade API to rows of text: an array of arrays, the first of them the header. Nothing is judged here.

The header repeats a name where a filter is also asked for; the first of them counts. Every value is a string or null.
"""

from __future__ import annotations

import json

import polars as pl

from pipelines.errors import BadFile
from pipelines.sources.us_census.contract import CONTRACTS

DECODER = json.JSONDecoder()


def parse(member: str, body: bytes) -> pl.DataFrame:
    """Rows in the API's own variables as text, with `source_row`, the line of the file on which the row begins.

    An empty body (status 204) has no rows. Raises `BadFile` for what is no array of arrays, for a variable that is missing
    or not known, and for a row that is longer or shorter than the header.
    """
    columns = list(CONTRACTS[member.split("-")[0]].to_schema().columns)
    schema = dict.fromkeys(columns, pl.String()) | {"source_row": pl.Int64()}
    if not body.strip():
        return pl.DataFrame(schema=schema)
    rows = _rows(member, _text(member, body))
    header = [str(name) for name in rows[0][1]]
    _check_header(member, header, columns)
    place = {name: header.index(name) for name in columns}
    table = []
    for line, values in rows[1:]:
        if len(values) != len(header):
            told = f"the row has {len(values)} values and the header {len(header)}"
            raise BadFile(member, line, json.dumps(values), told, "fetch it again")
        table.append([_as_text(member, line, values[place[name]]) for name in columns] + [line])
    return pl.DataFrame(table, schema=schema, orient="row")


def _text(member: str, body: bytes) -> str:
    if b"\x00" in body:
        line = body[: body.index(b"\x00")].count(b"\n") + 1
        raise BadFile(member, line, "\\x00", "the line holds a NUL byte", "fetch it again")
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        line = body[: error.start].count(b"\n") + 1
        raise BadFile(member, line, body[error.start : error.start + 8].hex(" "), "the bytes are not UTF-8", "fetch it again") from error


def _rows(member: str, text: str) -> list[tuple[int, list[object]]]:
    """Every inner array with the line it begins on."""
    rows: list[tuple[int, list[object]]] = []
    position, line = _after(member, text, 0, "["), 1
    counted = 0
    while True:
        line, counted = line + text.count("\n", counted, position), position
        try:
            values, end = DECODER.raw_decode(text, position)
        except ValueError as error:
            raise BadFile(member, line, text[position : position + 80], "the answer is not JSON", "fetch it again") from error
        if not isinstance(values, list):
            raise BadFile(member, line, json.dumps(values), "the answer is not an array of arrays", "fetch it again")
        rows.append((line, values))
        position = _skip_blanks(text, end)
        if text[position : position + 1] == "]":
            _check_end(member, text, position + 1)
            return rows
        position = _after(member, text, position, ",")


def _after(member: str, text: str, position: int, sign: str) -> int:
    position = _skip_blanks(text, position)
    if text[position : position + 1] != sign:
        line = text.count("\n", 0, position) + 1
        raise BadFile(
            member, line, text[position : position + 80], f"the answer lacks {sign!r} here: it is cut, or no JSON", "fetch it again"
        )
    return _skip_blanks(text, position + 1)


def _check_end(member: str, text: str, position: int) -> None:
    rest = _skip_blanks(text, position)
    if rest < len(text):
        line = text.count("\n", 0, rest) + 1
        raise BadFile(member, line, text[rest : rest + 80], "something follows the end of the answer", "fetch it again")


def _skip_blanks(text: str, position: int) -> int:
    while position < len(text) and text[position].isspace():
        position += 1
    return position


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
