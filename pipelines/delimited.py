"""Reading delimited text exactly: every field as text, every line numbered, every surprise an error that says where.

Types, codes and meanings are not judged here: that is the gate's work.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Collection

import polars as pl

from pipelines.errors import BadFile


def read_delimited(member: str, body: bytes, columns: tuple[str, ...], added: Collection[str] = ()) -> pl.DataFrame:
    """Rows of a comma-separated UTF-8 file: `columns` as text in the given order, then `source_row`.

    An empty field is null. `source_row` is the line of the file on which the row begins; the header is line 1.
    Columns are found by name, so their order in the file does not matter. Those in `added` came with later copies: a file that
    has none of them is an earlier one, and they are null.

    Raises `BadFile` where the file is empty, is HTML, holds a NUL byte, is not UTF-8, has a missing, extra, renamed or
    repeated column, or has a line with too many or too few fields.
    """
    records = list(_records(member, _text(member, body)))
    if not records:
        raise BadFile(member, 1, "", "the file is empty", "fetch it again")
    header = records[0][1]
    earlier = not set(added) & set(header)
    _check_header(member, header, tuple(name for name in columns if not (earlier and name in added)))
    for line, fields in records[1:]:
        if len(fields) != len(header):
            raise BadFile(
                member,
                line,
                ",".join(fields),
                f"the line has {len(fields)} fields and the header {len(header)}",
                "quote fields that hold a comma, or fetch the file again",
            )
    rows = [dict(zip(header, fields, strict=True)) | {"source_row": line} for line, fields in records[1:]]
    frame = pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.String) | {"source_row": pl.Int64})
    return frame.with_columns(pl.col(pl.String).replace("", None))


def _text(member: str, body: bytes) -> str:
    if not body.strip():
        raise BadFile(member, 1, "", "the file is empty", "fetch it again")
    shown = body.lstrip(b"\xef\xbb\xbf \t\r\n")
    if shown.startswith(b"<"):
        first = shown.decode("utf-8", errors="replace").splitlines()[0]
        raise BadFile(member, 1, first, "the file is a web page, not a table", "fetch it again; the address may have moved")
    if b"\x00" in body:
        line = body[: body.index(b"\x00")].count(b"\n") + 1
        raise BadFile(member, line, "\\x00", "the line holds a NUL byte", "save the file as UTF-8 text, or fetch it again")
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = body[: error.start].count(b"\n") + 1
        value = body[error.start : error.start + 8].hex(" ")
        raise BadFile(member, line, value, "the bytes are not UTF-8", "convert the file to UTF-8, or fetch it again") from error


def _records(member: str, text: str) -> list[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    records: list[tuple[int, list[str]]] = []
    begin = 1
    try:
        for fields in reader:
            if fields:
                records.append((begin, fields))
            begin = reader.line_num + 1
    except csv.Error as error:
        raise BadFile(member, begin, str(error), "the line is not comma-separated text", "close the quotes of the field") from error
    return records


def _check_header(member: str, header: list[str], columns: tuple[str, ...]) -> None:
    missing = [name for name in columns if name not in header]
    extra = [name for name in header if name not in columns]
    repeated = sorted({name for name in header if header.count(name) > 1})
    for names, what in ((missing, "missing"), (extra, "not known"), (repeated, "repeated")):
        if names:
            raise BadFile(
                member,
                1,
                ",".join(header),
                f"column {', '.join(repr(name) for name in names)} is {what}",
                f"the columns are {', '.join(columns)}: restore them, or teach the source's contract the new layout",
            )
