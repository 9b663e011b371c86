"""Ask an edition one question and take its answer row after row. What the tables mean, and where they come from, is not known here.

An edition opened read-only (`edition.open`) reaches no file. That a question has rows to show, and nothing else to do, is judged here.
"""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from threading import Event, Thread
from typing import Any

import duckdb

from pipelines.errors import LodestoneError, Usage

BATCH_ROWS = 10_000
"""Rows that are in memory at one time while an answer is written."""

ASKING = "ask with select, from, show, describe, summarize or explain"
_READS = re.compile(r"[\s(]*(select|from|with|pivot|unpivot|values|table|describe|summarize|show)\b", re.IGNORECASE)
_EXPLAIN = re.compile(r"\s*explain\b", re.IGNORECASE)
_EXPLAIN_HOW = re.compile(r"\s*(analyze\b|\([^()]*\))?", re.IGNORECASE)
_UNREADABLE = (duckdb.IOException, duckdb.InternalError, duckdb.SerializationException)


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
        with errors_as_ours():
            self._connection.execute(self._query)
            while found := self._connection.fetchmany(rows):
                yield found

    def arrow_reader(self) -> Any:
        """All rows as Arrow's batches, with their schema."""
        with errors_as_ours():
            return self._relation.to_arrow_reader(BATCH_ROWS)


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
    with errors_as_ours():
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
def errors_as_ours() -> Iterator[None]:
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
