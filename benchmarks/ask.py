"""The twenty questions asked of one place, each once, as a person would who has just opened the file.

`python -m benchmarks.ask edition FILE`, or `parquet FILE`, prints them as JSON.
"""

from __future__ import annotations

import hashlib
import json
import sys
import time
from dataclasses import asdict, dataclass
from decimal import Decimal
from pathlib import Path

import duckdb

from benchmarks.floor import HERE, TABLES, statement


@dataclass(frozen=True)
class Answer:
    """What a question took (processor seconds) and a hash of the rows it brought."""

    title: str
    seconds: float
    rows_sha256: str


def questions() -> list[tuple[str, str]]:
    """Title and statement of each."""
    _, *blocks = (HERE / "questions.sql").read_text("utf-8").strip().split("\n\n")
    return [(block.split("\n")[0].removeprefix("-- "), block) for block in blocks]


def views(place: str, path: Path) -> list[str]:
    """Statements that give what a place has the names that the questions, and the floor's marts, use."""
    if place == "parquet":
        return [f"create temp view {name} as {statement(name, path)}" for name in TABLES]
    named = [f"create temp view {name} as {(HERE / 'edition' / f'{name}.sql').read_text('utf-8')}" for name in TABLES]
    return [f"attach '{path}' as edition (read_only)", "use edition", *named]


def answers(place: str, file: Path) -> list[Answer]:
    """All of them asked of a place, in their order."""
    found = []
    with duckdb.connect() as connection:
        for prepared in views(place, file):
            connection.execute(prepared)
        for title, question in questions():
            start = time.process_time()
            rows = connection.execute(question).fetchall()
            seconds = time.process_time() - start
            text = repr([tuple(map(_plain, row)) for row in rows])
            found.append(Answer(title, seconds, hashlib.sha256(text.encode()).hexdigest()))
    return found


def _plain(value: object) -> object:
    return float(value) if isinstance(value, int | Decimal) else value


def main() -> None:
    """Ask the place in the arguments."""
    place, file = sys.argv[1:]
    json.dump([asdict(answer) for answer in answers(place, Path(file))], sys.stdout)


if __name__ == "__main__":
    main()
