"""Ask an edition one question and write its answer row after row. What the tables mean, and where they come from, is not known here.

An edition opened read-only (`edition.open`) reaches no file. That a question has rows to show, and nothing else to do, is judged here.
"""

from __future__ import annotations

import json
import math
import os
import re
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from enum import StrEnum
from functools import partial
from io import TextIOWrapper
from itertools import chain
from pathlib import Path
from threading import Event, Thread
from typing import IO, Any

import duckdb
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]

from pipelines.archive.files import sync_to_disk
from pipelines.errors import LodestoneError, Usage
from pipelines.settings import PACKAGE, PROJECT, SQL, Settings

BATCH_ROWS = 10_000
"""Rows that are in memory at one time while an answer is written."""

ASKING = "ask with select, from, show, describe, summarize or explain"
_READS = re.compile(r"[\s(]*(select|from|with|pivot|unpivot|values|table|describe|summarize|show)\b", re.IGNORECASE)
_EXPLAIN = re.compile(r"\s*explain\b", re.IGNORECASE)
_EXPLAIN_HOW = re.compile(r"\s*(analyze\b|\([^()]*\))?", re.IGNORECASE)
_UNREADABLE = (duckdb.IOException, duckdb.InternalError, duckdb.SerializationException)
DUCKDB_MARK = slice(8, 12)
"""Where the four letters DUCK stand in a DuckDB file."""
IN_A_DATA_FOLDER = (".writer.lock", "lodestone.duckdb", "raw/*/bundled", "raw/*/fetched", "raw/*/decisions", "raw/*/corrections")
"""What only data folders hold, each of it alone enough to know one."""


class Format(StrEnum):
    """How an answer is written."""

    table = "table"
    record = "record"
    csv = "csv"
    json = "json"
    parquet = "parquet"


class Answer:
    """The columns of an answer, and its rows as they are asked for: no more of them is ever fetched than is wanted."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, query: str) -> None:
        self._connection = connection
        self._relation = connection.sql(query)
        self._query = _as_python_holds_it(self._relation) or query
        self.names = list(self._relation.columns)
        self.types = [str(kind) for kind in self._relation.types]

    def batches(self, rows: int = BATCH_ROWS) -> Iterator[list[tuple[Any, ...]]]:
        """All rows, so many at a time."""
        with _errors_as_ours():
            self._connection.execute(self._query)
            while found := self._connection.fetchmany(rows):
                yield found

    def arrow_batches(self) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
        """The types of the columns, and all rows, some at a time."""
        with _errors_as_ours():
            reader = self._relation.to_arrow_reader(BATCH_ROWS)

        def batches() -> Iterator[pa.RecordBatch]:
            with _errors_as_ours():
                try:
                    yield from reader
                except (OSError, pa.ArrowException) as error:  # what DuckDB says reaches Arrow's reader as an error of its own
                    raise Usage(one_sentence(error)) from error

        return reader.schema, batches()


_AS_TEXT = dict.fromkeys(
    [
        *("date", "time", "time_ns", "time with time zone", "interval"),
        *("timestamp", "timestamp_s", "timestamp_ms", "timestamp_ns", "timestamp with time zone"),
    ],
    "VARCHAR",
)
"""Python's types for these know no months of an interval, no nanoseconds and no infinity."""


def _as_python_holds_it(relation: duckdb.DuckDBPyRelation) -> str | None:
    """The query with times as the text DuckDB writes, and short floats as the digits it writes; null where it has none of these."""
    selected = []
    for place, kind in enumerate(relation.types, 1):
        text, held = (_retyped(kind, _AS_TEXT | {"float": held_as}) for held_as in ("VARCHAR", "DOUBLE"))
        selected.append(f"#{place}" if text == _retyped(kind, {}) else f"#{place}::{text}::{held}")
    return relation.project(", ".join(selected)).sql_query() if any("::" in column for column in selected) else None


def _retyped(kind: Any, types: Mapping[str, str]) -> str:
    """A type of DuckDB as it is written, with other types in it for some."""
    match kind.id:
        case "list" | "array":
            (of, *size) = [child for _, child in kind.children]
            return f"{_retyped(of, types)}[{''.join(map(str, size))}]"
        case "struct":
            return f"STRUCT({', '.join(f'{quoted(name)} {_retyped(child, types)}' for name, child in kind.children)})"
        case "map":
            return f"MAP({', '.join(_retyped(child, types) for _, child in kind.children)})"
        case simple:
            return types.get(simple, str(kind))


def quoted(name: str) -> str:
    """A name as SQL takes it, whatever stands in it."""
    return '"' + name.replace('"', '""') + '"'


def as_dicts(relation: duckdb.DuckDBPyRelation) -> list[dict[str, Any]]:
    """All rows of a small relation, each by the names of its columns."""
    return [dict(zip(relation.columns, row, strict=True)) for row in relation.fetchall()]


def ask(connection: duckdb.DuckDBPyConnection, query: str) -> Answer:
    """Put one question. Raises `Usage` where it is none, or has an error."""
    with _errors_as_ours():
        asked = connection.extract_statements(query)
        if not asked:
            raise Usage(f"that is no question: {ASKING}")
        if len(asked) != 1:
            raise Usage(f"ask one question at a time: that was {len(asked)} statements")
        if not _only_reads(connection, asked[0]):
            raise Usage(f"a question only reads, and that statement ({_kind(asked[0])}) does more: {ASKING}")
        return Answer(connection, query)


@contextmanager
def stoppable(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Let Ctrl-C end what a connection does. DuckDB loses one signal in seven, so it is told again until it stops."""
    ended = Event()

    def insist() -> None:
        while not ended.wait(0.1):
            connection.interrupt()

    def stop(*_: object) -> None:
        Thread(target=insist, daemon=True).start()
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, stop)
    try:
        yield
    finally:
        ended.set()
        signal.signal(signal.SIGINT, before)


def _kind(asked: duckdb.Statement) -> str:
    return "a pivot within" if asked.type is duckdb.StatementType.MULTI else asked.type.name.lower()


def _only_reads(connection: duckdb.DuckDBPyConnection, asked: duckdb.Statement) -> bool:
    if asked.type is duckdb.StatementType.MULTI:  # a pivot is several statements to the engine, and may stand inside anything
        return any(map(_READS.match, _explained(asked.query) or [asked.query]))
    if asked.type is duckdb.StatementType.EXPLAIN:
        return any(_is_select(connection, text) for text in _explained(asked.query))
    return asked.type is duckdb.StatementType.SELECT


def _explained(query: str) -> list[str]:
    """What may stand behind `explain`, without its options and with what could be one; DuckDB runs what it is asked to analyze."""
    beginning = _EXPLAIN.match(query)
    if beginning is None:
        return []
    rest = query[beginning.end() :]
    return [rest, _EXPLAIN_HOW.sub("", rest, count=1)]


def _is_select(connection: duckdb.DuckDBPyConnection, text: str) -> bool:
    try:
        inner = connection.extract_statements(text)
    except duckdb.ParserException:
        return False
    return len(inner) == 1 and inner[0].type is duckdb.StatementType.SELECT


@contextmanager
def _errors_as_ours() -> Iterator[None]:
    """DuckDB's errors as ours: of use where the question is at fault, else with what to do."""
    try:
        yield
    except (duckdb.OutOfMemoryException, MemoryError) as error:
        raise LodestoneError("the question needs more memory than there is; narrow it, or aggregate in it") from error
    except _UNREADABLE as error:
        raise LodestoneError(
            f"the edition cannot be read ({one_sentence(error)}); remove its file, and `lodestone build` makes it anew"
        ) from error
    except duckdb.InterruptException as error:
        raise KeyboardInterrupt from error
    except duckdb.Error as error:
        raise Usage(one_sentence(error)) from error
    except RuntimeError as error:  # how DuckDB reports that Ctrl-C stopped a query
        if "interrupted" not in str(error):
            raise
        raise KeyboardInterrupt from error


def one_sentence(error: Exception) -> str:
    """What an error says, without the picture of the query."""
    text = str(error).split("\n\nLINE ")[0].split("\n\nPossible solutions")[0].replace("\n", " ")
    return " ".join(text.split())


def write_csv(answer: Answer, file: IO[str], guarded: Callable[[str], str] = str) -> None:
    """Comma-separated: booleans as true and false, nested values as JSON, bytes as hex. Null is nothing, empty text is `""`.

    Of one column null is `""` too: many who read CSV take an empty line for no row. Texts are written as `guarded` gives them.
    """
    for row in chain([answer.names], chain.from_iterable(answer.batches())):
        line = ",".join(_csv_field(guarded(value) if isinstance(value, str) else value) for value in row)
        file.write(f"{line or _EMPTY_FIELD}\n")


_EMPTY_FIELD = '""'
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def no_formula(text: str) -> str:
    """A text that a spreadsheet takes for text, with a quote before what it would compute."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def _csv_field(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, dict | list | tuple):
        text = as_json(value)
    elif isinstance(value, bool):
        text = str(value).lower()
    elif isinstance(value, bytes):
        text = value.hex()
    elif isinstance(value, Decimal):
        text = f"{value:f}"
    else:
        text = str(value)
    return '"' + text.replace('"', '""') + '"' if text == "" or any(mark in text for mark in ',"\r\n') else text


def write_json(answer: Answer, file: IO[str]) -> None:
    """One array, an object a line. Raises `Usage` where two columns have one name: an object can hold one of them."""
    _refuse_doubled(answer.names, "JSON")
    separator = "["
    for rows in answer.batches():
        for row in rows:
            file.write(f"{separator}\n{as_json(dict(zip(answer.names, row, strict=True)))}")
            separator = ","
    file.write("[]\n" if separator == "[" else "\n]\n")


def as_json(value: object) -> str:
    """A value as JSON: decimals with every digit, no infinity and no not-a-number, bytes as hex, what it has no form for as text."""
    match value:
        case dict():
            return "{" + ", ".join(f"{as_json(str(key))}: {as_json(item)}" for key, item in value.items()) + "}"
        case list() | tuple():
            return "[" + ", ".join(map(as_json, value)) + "]"
        case Decimal():
            return f"{value:f}"
        case float():
            return json.dumps(value if math.isfinite(value) else None)
        case None | bool() | int():
            return json.dumps(value)
        case bytes():
            return json.dumps(value.hex())
        case _:
            return json.dumps(str(value), ensure_ascii=False)


def write_parquet(answer: Answer, file: IO[bytes]) -> None:
    """Parquet, typed as in the edition. Raises `Usage` for what it has no type for."""
    _refuse_doubled(answer.names, "Parquet")
    schema, batches = answer.arrow_batches()
    try:
        with pq.ParquetWriter(file, schema, compression="zstd") as writer:
            for batch in batches:
                writer.write_batch(batch)
    except (pa.ArrowNotImplementedError, pa.ArrowTypeError, pa.ArrowInvalid) as error:
        raise Usage(f"Parquet cannot hold that ({one_sentence(error)}): cast the column, e.g. name::varchar") from error


def _refuse_doubled(names: list[str], kind: str) -> None:
    doubled = next((name for name in names if names.count(name) > 1), None)
    if doubled is not None:
        raise Usage(f"two columns are called {doubled!r}, and {kind} holds one of a name: rename one with `as`")


def write_file(settings: Settings, path: Path, fill: Callable[[IO[bytes]], None]) -> None:
    """Put an answer into a file whole or not at all; a device or pipe gets it as it comes. Never over what the program keeps."""
    target = path.expanduser().resolve()
    _refuse_kept(settings, path, target)
    if target.is_dir():
        raise Usage(f"{path}: is a folder; name a file in it")
    is_special = target.exists() and not target.is_file()
    draft = target if is_special else target.with_name(f".{target.name}.{os.getpid()}")
    try:
        with draft.open("wb") as file:
            fill(file)
        if not is_special:
            sync_to_disk(draft)
            os.replace(draft, target)
    except OSError as error:
        raise Usage(f"{path}: cannot be written ({error.strerror or error})") from error
    finally:
        if not is_special:
            draft.unlink(missing_ok=True)


def as_text(write: Callable[[Answer, IO[str]], None], answer: Answer) -> Callable[[IO[bytes]], None]:
    """A way to write text, for a file of bytes."""

    def fill(file: IO[bytes]) -> None:
        text = TextIOWrapper(file, encoding="utf-8", newline="", write_through=True)
        write(answer, text)
        text.detach()

    return fill


def _refuse_kept(settings: Settings, path: Path, target: Path) -> None:
    """Refuse with `Usage` what no answer may replace, whether it is there yet or not.

    - What lies in a data folder, this installation's or any other: builds, offices and people who decide write there, nothing else.
    - A DuckDB file anywhere, and what is named like one: an edition, its write-ahead log or a draft of it.
    - What git keeps of the project, its code and SQL also where they are new, and any `.git`: those who work on it write these.
    """
    if ".duckdb" in target.name or any(map(partial(_is_data_folder, settings), target.parents)) or _is_database(target):
        raise Usage(f"{path}: belongs to the editions or what they are made from; name another file")
    if ".git" in target.parts or any(target.is_relative_to(folder) for folder in (PACKAGE, SQL)) or _is_tracked(target):
        raise Usage(f"{path}: belongs to the project itself; name another file")


def _is_data_folder(settings: Settings, folder: Path) -> bool:
    return folder == settings.data.resolve() or any(any(folder.glob(name)) for name in IN_A_DATA_FOLDER)


def _is_tracked(target: Path) -> bool:
    """Whether git keeps the history of a file of the project; without git nothing says so."""
    if not (target.is_relative_to(PROJECT) and target.exists()):
        return False
    try:
        return (
            subprocess.run(["git", "-C", PROJECT, "ls-files", "--error-unmatch", target], capture_output=True, check=False).returncode == 0
        )
    except OSError:
        return False


def _is_database(path: Path) -> bool:
    if not path.is_file():
        return False
    try:
        with path.open("rb") as file:
            return file.read(DUCKDB_MARK.stop)[DUCKDB_MARK] == b"DUCK"
    except OSError:  # what cannot be read is not replaced blindly either: writing says why it cannot be done
        return False
