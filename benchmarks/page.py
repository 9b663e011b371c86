"""The page docs/performance.md: measured figures as tables and sentences. Nothing is measured here, and no figure is written by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from math import log
from pathlib import Path
from typing import Any, Self

PAGE = Path(__file__).resolve().parent.parent / "docs" / "performance.md"
BUILD = "Lodestone, first build"
ROWS = (
    "floor",
    "pandas + pandera",
    "Lodestone, fetch",
    BUILD,
    "Lodestone, one more month",
    "Lodestone, build with nothing new",
    "floor, marts alone",
    "dbt-duckdb, marts alone",
    "twenty questions, edition",
    "twenty questions, Parquet",
)


@dataclass(frozen=True)
class Used:
    """What a process took: seconds of processor and of clock, and its largest memory in megabytes."""

    processor: float
    clock: float
    memory: float

    def __add__(self, other: Self) -> Used:
        return Used(self.processor + other.processor, self.clock + other.clock, max(self.memory, other.memory))

    def __str__(self) -> str:
        return f"{_short(self.processor)} / {_short(self.clock)} s, {self.memory:,.0f} MB"


@dataclass(frozen=True)
class Result:
    """What was measured at one size: use by step, megabytes stored, answers of edition and Parquet, rows that differ by peer and mart."""

    name: str
    lines: int
    used: Mapping[str, Used]
    stored: Mapping[str, float]
    asked: Sequence[tuple[Mapping[str, Any], Mapping[str, Any]]]
    differing: Mapping[str, Mapping[str, int]]


def table(results: Sequence[Result]) -> str:
    """The one table: a row a step, a column a size, and how processor seconds grow from size to size."""
    growths = [(results[place], results[-1]) for place in sorted({len(results) - 2, 0}, reverse=True)] if len(results) > 1 else []
    header = ["processor / clock, peak", *(f"{result.lines:,} lines" for result in results)]
    header += [f"exponent, {small.name} to {large.name}" for small, large in growths]
    rows = [
        [row, *(str(result.used[row]) for result in results), *(f"{_exponent(small, large, row):.2f}" for small, large in growths)]
        for row in ROWS
    ]
    blank = [""] * len(growths)
    rows += [[f"on disk, {what}", *(f"{result.stored[what]:,.1f} MB" for result in results), *blank] for what in results[0].stored]
    return _markdown(header, rows)


def page(results: Sequence[Result], machine: str) -> str:
    """The whole page."""
    largest = results[-1]
    questions = [[mine["title"], f"{mine['seconds'] * 1000:,.0f}", f"{theirs['seconds'] * 1000:,.0f}"] for mine, theirs in largest.asked]
    return f"""# Performance

Written by `make bench` on {datetime.now(UTC):%d %B %Y} on {machine}; what each row does is told in
[benchmarks/README.md](../benchmarks/README.md). Compare processor seconds: the clock belongs to whatever else the machine was doing. The
exponent is that of processor seconds over lines: 1 is twice the time for twice the lines.

{table(results)}
## Who is ahead

{_compared(largest)}
{_agreement(results)}

## Twenty questions

At {largest.lines:,} lines, processor milliseconds of each, asked once in a process that has just opened the file. The Parquet holds
lines, so that shares, indices and changes are worked out when they are asked for; the edition has them.

{_markdown(["question", "edition", "Parquet"], questions)}"""


def _compared(result: Result) -> str:
    """Sentences about the largest size; whoever took less is said to be ahead."""
    sentences = [f"At {result.lines:,} lines:\n"]
    for mine, other in (
        (BUILD, "floor"),
        (BUILD, "pandas + pandera"),
        ("floor, marts alone", "dbt-duckdb, marts alone"),
        ("twenty questions, edition", "twenty questions, Parquet"),
    ):
        ratios = {
            "processor seconds": result.used[mine].processor / result.used[other].processor,
            "memory": result.used[mine].memory / result.used[other].memory,
        }
        said = " and ".join(f"{_ratio(ratio)} times the {what}" for what, ratio in ratios.items())
        ahead = [f"in {what} *{other if ratio > 1 else mine}*" for what, ratio in ratios.items()]
        sentences.append(f"- *{mine}* takes {said} of *{other}*. Ahead: {', '.join(ahead)}.")
    faster = sum(mine["seconds"] < theirs["seconds"] for mine, theirs in result.asked)
    sentences.append(f"- Of {len(result.asked)} questions the edition is ahead in {faster}, the Parquet in {len(result.asked) - faster}.")
    return "\n".join(sentences) + "\n"


def _agreement(results: Sequence[Result]) -> str:
    wrong = [
        f"{peer}'s {mart} differs from the floor's in {rows:,} rows at {result.lines:,} lines"
        for result in results
        for peer, marts in result.differing.items()
        for mart, rows in marts.items()
        if rows
    ]
    wrong += [
        f"edition and Parquet answer differently at {result.lines:,} lines: {mine['title']}"
        for result in results
        for mine, theirs in result.asked
        if mine["rows_sha256"] != theirs["rows_sha256"]
    ]
    return "All made the same marts, row by row within 1e-9, and gave the same answers." if not wrong else "But " + "; ".join(wrong) + "."


def _exponent(small: Result, large: Result, row: str) -> float:
    return log(large.used[row].processor / small.used[row].processor) / log(large.lines / small.lines)


def _ratio(ratio: float) -> str:
    return f"{ratio:.2f}" if ratio < 10 else f"{ratio:.0f}"


def _short(seconds: float) -> str:
    return f"{seconds:.1f}" if seconds < 100 else f"{seconds:.0f}"


def _markdown(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of which the first column is text and the rest are figures."""
    rule = ["---", *("---:" for _ in header[1:])]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in (header, rule, *rows))
