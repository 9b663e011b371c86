"""Reading delimited text exactly: every field as text, every line numbered, every surprise an error that says where.

Types, codes and meanings are not judged here: that is the gate's work.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterator, Sequence

import polars as pl

from pipelines.errors import BadFile, refuse_more_rows, refuse_nul_bytes
from pipelines.readers import framed

MOST_LINE_LETTERS = 1_000_000


def read(member: str, body: bytes, columns: Sequence[str], most_rows: int, added: Collection[str] = ()) -> pl.DataFrame:
    """Rows of a comma-separated UTF-8 file: `columns` as text in the given order, then `source_row`.

    An empty field is null. `source_row` is the line of the file on which the row begins; the header is line 1.
    Columns are found by name, so their order in the file does not matter. Those in `added` came with later copies: a file that
    has none of them is an earlier one, and they are null. A last column without a name must be empty, and is left out.

    Raises `BadFile` where the file is empty, is HTML, holds a NUL byte, is not UTF-8, has a missing, extra, renamed or
    repeated column, a line with too many or too few fields, or more than `most_rows`.
    """
    _check_bytes(member, body)
    records = _records(member, body)
    header = next(records, (1, []))[1]
    if not header:
        raise BadFile(member, 1, "", "the file is empty", "fetch it again")
    width = len(header)
    header = header[:-1] if header[-1] == "" else header
    earlier = not set(added) & set(header)
    _check_header(member, header, tuple(name for name in columns if not (earlier and name in added)))
    place = [header.index(name) if name in header else None for name in columns]

    def rows() -> Iterator[list[str | int | None]]:
        for count, (line, fields) in enumerate(records, start=1):
            if len(fields) != width or any(fields[len(header) :]):
                named = len(header) if len(fields) == width else width
                raise BadFile(
                    member,
                    line,
                    ",".join(fields),
                    f"the line has {len(fields)} fields and the header {named}",
                    "quote fields that hold a comma, or fetch the file again",
                )
            refuse_more_rows(member, line, count, most_rows)
            yield [*(None if index is None else fields[index] or None for index in place), line]

    return framed(rows(), columns)


def raw_lines(member: str, body: bytes) -> list[str]:
    """The physical lines of a file, as they are numbered."""
    return list(io.StringIO(body.decode("utf-8-sig"), newline=""))


def record(lines: list[str], first: int) -> range:
    """Numbers of the physical lines of the record that begins on line `first`."""
    reader = csv.reader(iter(lines[first - 1 :]))
    next(reader, None)
    return range(first, first + max(reader.line_num, 1))


def _check_bytes(member: str, body: bytes) -> None:
    if not body.strip():
        raise BadFile(member, 1, "", "the file is empty", "fetch it again")
    shown = body.lstrip(b"\xef\xbb\xbf \t\r\n")
    if shown.startswith(b"<"):
        first = shown[:500].decode("utf-8", errors="replace").splitlines()[0]
        raise BadFile(member, 1, first, "the file is a web page, not a table", "fetch it again; the address may have moved")
    refuse_nul_bytes(member, body)


def _records(member: str, body: bytes) -> Iterator[tuple[int, list[str]]]:
    """Every record with the line it begins on; blank lines are none."""
    reader = csv.reader(_lines(member, body), strict=True)
    begin = 1
    try:
        for fields in reader:
            if len(fields) > 1 or "".join(fields).strip():
                yield begin, fields
            begin = reader.line_num + 1
    except csv.Error as error:
        raise BadFile(member, begin, str(error), "the line is not comma-separated text", "close the quotes of the field") from error


def _lines(member: str, body: bytes) -> Iterator[str]:
    text = io.TextIOWrapper(io.BytesIO(body), encoding="utf-8-sig", newline="")
    try:
        for number, line in enumerate(iter(lambda: text.readline(MOST_LINE_LETTERS + 1), ""), start=1):
            if len(line) > MOST_LINE_LETTERS:
                raise BadFile(member, number, line, f"the line is longer than {MOST_LINE_LETTERS:,} letters", "fetch the file again")
            yield line
    except UnicodeDecodeError as error:
        raise _not_utf8(member, body) from error


def _not_utf8(member: str, body: bytes) -> BadFile:
    place, value = 1, ""
    for line, encoded in enumerate(io.BytesIO(body), start=1):
        try:
            encoded.decode("utf-8")
        except UnicodeDecodeError as error:
            place, value = line, encoded[error.start : error.start + 8].hex(" ")
            break
    return BadFile(member, place, value, "the bytes are not UTF-8", "convert the file to UTF-8, or fetch it again")


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
