"""Reading a JSON array of flat arrays exactly: a row at a time, every row numbered, every surprise an error that says where.

An answer is judged while it is read, so that one that is nested, endless or cut costs no more memory than its first bad row.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import polars as pl

from pipelines.errors import BadFile, refuse_more_rows, refuse_nul_bytes
from pipelines.readers import framed

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
MOST_ROW_BYTES = 100_000
BYTES_AT_ONCE = 16_000_000

_TEXT = r'(?:"(?:[^"\\\x00-\x1f]|\\.)*"|null)'
_NO_TEXT = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")
"""What is NUL, or may be half a character."""

_FLAT = rb'\[(?:[^\[\]{}"]++|"(?:[^"\\]|\\.)*+")*+'
_ROW = re.compile(_FLAT + rb"\]", re.DOTALL)
_NESTED = re.compile(_FLAT + rb"[\[{]", re.DOTALL)
_BLANKS = re.compile(rb"[ \t\r\n]*+")


@dataclass(frozen=True)
class Array:
    """One inner array: the line it begins on, its place among all, its bytes and its values.

    `number` is how it is told: by its line, or by its place where the array before begins on the same line.
    """

    line: int
    place: int
    number: int
    raw: bytes
    values: list[object]


def read(member: str, body: bytes, columns: Sequence[str], most_rows: int, added: Collection[str] = ()) -> pl.DataFrame:
    """Rows of an array of arrays, the first of them the header: `columns` as text, then `source_row`, the line of the file.

    The header may repeat a name, as where a filter is also asked for; the first of them counts. Where rows share a line,
    `source_row` is the place of the row in the array. Raises `BadFile` for what is no array of arrays, for a variable that is
    missing or not known, for a row that is longer or shorter than the header, and for more than `most_rows`.
    """
    refuse_nul_bytes(member, body)
    at_once = _read_at_once(body, columns, most_rows, added)
    if at_once is not None:
        return at_once
    arrays = read_arrays(member, body)
    first = next(arrays)
    header = [str(name) for name in first.values]
    _check_header(member, header, columns, () if set(added) & set(header) else added)
    place = [header.index(name) if name in header else None for name in columns]
    frame = framed(_rows(member, arrays, header, place, most_rows), columns)
    by_place = pl.int_range(first.place + 1, pl.len() + first.place + 1, dtype=pl.Int64).alias("source_row")
    return frame.with_columns(by_place) if share_lines([first.line, *frame["source_row"]]) else frame


def _read_at_once(body: bytes, columns: Sequence[str], most_rows: int, added: Collection[str]) -> pl.DataFrame | None:
    """The rows of an array that has each row on a line of its own, as offices print it, and nothing wrong; null for any other.

    No row is looked at by itself. What is not as expected is read again a row at a time, which says where and why.
    """
    start = len(BYTE_ORDER_MARK) if body.startswith(BYTE_ORDER_MARK) else 0
    end = len(body.rstrip(b" \t\r\n"))
    if not (body.startswith(b"[[", start) and body.endswith(b"]]", start, end) and _NO_TEXT.search(body) is None):
        return None
    try:
        header = [str(name) for name in json.loads(body[start + 1 : body.index(b"]") + 1])]
    except (ValueError, RecursionError):
        return None
    absent = () if set(added) & set(header) else added
    if len(header) > 2 * len(columns) or not set(header) <= set(columns) <= {*header, *absent}:
        return None
    texts = [
        pl.col("row").list.get(header.index(name)).alias(name) if name in header else pl.lit(None, pl.String).alias(name)
        for name in columns
    ]
    row = rf"^\[{_TEXT}(?:, ?{_TEXT}){{{len(header) - 1}}}\],$"
    pieces, rows, at = [], 0, start + 1
    while at < end:
        cut = body.find(b"\n", at + BYTES_AT_ONCE, end)
        piece = body[at:cut] if cut >= 0 else body[at : end - 1] + b","
        at = cut + 1 if cut >= 0 else end
        rows += piece.count(b"\n") + 1
        if rows > most_rows + 1:
            return None
        try:
            lines = pl.Series("row", [piece.decode()]).str.split("\n").explode()
            if not lines.str.contains(row).all() or (lines.str.len_bytes() > MOST_ROW_BYTES // 10).any():
                return None
            decoded = lines.str.strip_suffix(",").str.json_decode(pl.List(pl.String))
        except (ValueError, pl.exceptions.PolarsError):
            return None
        pieces.append(decoded.to_frame().select(texts))
    frame = pl.concat(pieces).with_columns(pl.col(columns).replace("", None), source_row=pl.int_range(1, pl.len() + 1, dtype=pl.Int64))
    return frame[1:]


def raw_lines(member: str, body: bytes) -> list[str]:
    """The physical lines of an answer, or its rows where rows share lines: they are numbered by their place then."""
    lines = list(io.StringIO(body.decode("utf-8-sig"), newline=""))
    rows = [(array.line, array.raw) for array in read_arrays(member, body)]
    return [raw.decode() for _, raw in rows] if share_lines([line for line, _ in rows]) else lines


def record(lines: list[str], first: int) -> range:
    """A row is told by one line."""
    return range(first, first + 1)


def _rows(
    member: str, arrays: Iterator[Array], header: list[str], place: list[int | None], most_rows: int
) -> Iterator[list[str | int | None]]:
    for count, array in enumerate(arrays, start=1):
        refuse_more_rows(member, array.number, count, most_rows)
        yield [*_texts(member, array, header, place), array.line]


def _texts(member: str, array: Array, header: list[str], place: list[int | None]) -> list[str | None]:
    if len(array.values) != len(header):
        message = f"the row has {len(array.values)} values and the header {len(header)}"
        raise BadFile(member, array.number, json.dumps(array.values), message, "fetch it again")
    return [None if index is None else _as_text(member, array.number, array.values[index]) for index in place]


def _check_header(member: str, header: list[str], columns: Sequence[str], absent: Collection[str]) -> None:
    for names, what in (
        ([name for name in columns if name not in header and name not in absent], "missing"),
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


def read_arrays(member: str, body: bytes) -> Iterator[Array]:
    """Every inner array. Raises `BadFile` for what is no array of flat arrays in UTF-8, or not whole."""
    position = _after(member, body, len(BYTE_ORDER_MARK) if body.startswith(BYTE_ORDER_MARK) else 0, b"[")
    line, counted, place, before = 1, 0, 0, 0
    while True:
        line, counted, place = line + body.count(b"\n", counted, position), position, place + 1
        number, before = place if line == before else line, line
        found = _ROW.match(body, position)
        if found is None:
            raise _no_row(member, number, body, position)
        yield Array(line, place, number, found[0], _values(member, number, found[0]))
        position = _past_blanks(body, found.end())
        if body[position : position + 1] == b"]":
            _check_end(member, body, position + 1)
            return
        position = _after(member, body, position, b",")


def share_lines(lines: list[int]) -> bool:
    """Whether arrays that begin on these lines have to be numbered by their place, for two stand on one line."""
    return len(set(lines)) < len(lines)


def _values(member: str, line: int, raw: bytes) -> list[object]:
    if len(raw) > MOST_ROW_BYTES:
        raise BadFile(member, line, f"{len(raw):,} bytes", f"the row is longer than {MOST_ROW_BYTES:,} bytes", "fetch it again")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadFile(member, line, raw[error.start : error.start + 8].hex(" "), "the bytes are not UTF-8", "fetch it again") from error
    try:
        values: list[object] = json.loads(text)
    except ValueError as error:
        raise BadFile(member, line, text, "the answer is not JSON", "fetch it again") from error
    for value in values:
        if isinstance(value, str) and "\0" in value:
            raise BadFile(member, line, json.dumps(value), "a text holds a NUL", "fetch it again")
        if isinstance(value, str) and not _is_whole(value):
            raise BadFile(member, line, value, "a text holds half a character (a lone surrogate)", "fetch it again")
    return values


def _is_whole(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _no_row(member: str, line: int, body: bytes, position: int) -> BadFile:
    nested = _NESTED.match(body, position)
    shown = _shown(body, position)
    if nested is not None:
        return BadFile(member, line, shown, "a value is no string", "the API sends every value as a string: look at what changed")
    if body[position : position + 1] in (b"[", b"]", b""):
        return BadFile(member, line, shown, "the answer is not JSON", "fetch it again")
    return BadFile(member, line, shown, "the answer is not an array of arrays", "fetch it again")


def _after(member: str, body: bytes, position: int, sign: bytes) -> int:
    position = _past_blanks(body, position)
    if body[position : position + 1] != sign:
        line = body.count(b"\n", 0, position) + 1
        reason = f"the answer lacks {sign.decode()!r} here: it is cut, or no JSON"
        raise BadFile(member, line, _shown(body, position), reason, "fetch it again")
    return _past_blanks(body, position + 1)


def _check_end(member: str, body: bytes, position: int) -> None:
    rest = _past_blanks(body, position)
    if rest < len(body):
        line = body.count(b"\n", 0, rest) + 1
        raise BadFile(member, line, _shown(body, rest), "something follows the end of the answer", "fetch it again")


def _past_blanks(body: bytes, position: int) -> int:
    found = _BLANKS.match(body, position)
    assert found is not None
    return found.end()


def _shown(body: bytes, position: int) -> str:
    return body[position : position + 80].decode("utf-8", "replace")
