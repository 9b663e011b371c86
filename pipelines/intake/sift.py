"""Rows judged by the gate and brought to curated tables; whatever code raises on a line rejects that line, by name."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from itertools import islice
from typing import TypeVar

import polars as pl

from pipelines.errors import LodestoneError
from pipelines.intake import gate
from pipelines.intake.gate import judge
from pipelines.model.vocabulary import known_codes
from pipelines.reasons import Reason, reason
from pipelines.sources import CARRIED, UNFORESEEN, Source


def gated(source: Source, kind: str, frame: pl.DataFrame) -> tuple[gate.Judged, dict[str, pl.DataFrame]]:
    """The gate's judgement on rows, and the curated tables of those accepted. What cannot be judged or converted rejects its line.

    Where no line can be blamed, or too many, all lines of their file are rejected for that, and those of other files are not.
    """
    try:
        return _gated(source, kind, frame)
    except MemoryError:
        raise
    except UNFORESEEN as error:
        refused = {str(member): why for (member,), rows in frame.group_by("source_member") if (why := _why_not(source, kind, rows))}
        refused = refused or dict.fromkeys(frame["source_member"].unique(), reason("unforeseen_in_file", error=in_short(error)))
        others = frame.filter(~pl.col("source_member").is_in(list(refused)))
        contract = source.contract(kind)
        rejected = [gate.refuse(frame.filter(pl.col("source_member") == member), contract, why) for member, why in refused.items()]
        if others.is_empty():
            return gate.Judged(others, pl.concat(rejected)), {}
        verdict, tables = gated(source, kind, others)
        return replace(verdict, rejected=pl.concat([verdict.rejected, *rejected])), tables


def _why_not(source: Source, kind: str, rows: pl.DataFrame) -> Reason | None:
    try:
        _gated(source, kind, rows)
    except MemoryError:
        raise
    except UNFORESEEN as error:
        return reason("unforeseen_in_file", error=in_short(error))
    return None


def in_short(error: BaseException) -> str:
    """What was raised, on one line."""
    message = str(error) if isinstance(error, LodestoneError) else f"{type(error).__name__}: {error}"
    return " ".join(message.split())[:500]


def _gated(source: Source, kind: str, frame: pl.DataFrame) -> tuple[gate.Judged, dict[str, pl.DataFrame]]:
    contract, known = source.contract(kind), known_codes()
    verdict, unjudged = _sifted(frame, lambda rows: judge(rows, contract, known))
    tables, inconvertible = _sifted(verdict.accepted, lambda rows: source.conform(kind, rows))
    judged = _without(frame, unjudged)
    if inconvertible:
        reasons = {place: reason("inconvertible", error=error) for place, error in inconvertible.items()}
        verdict = judge(judged, contract, known, reasons)
    rejected = [gate.refuse(_at(frame, place), contract, reason("unforeseen", error=error)) for place, error in unjudged.items()]
    return replace(verdict, rejected=pl.concat([verdict.rejected, *rejected])), tables


MOST_LINES_BLAMED = 1_000
"""Where more lines fail, it is their file that does: each has to be found by halving."""

_Place = tuple[str, int]
"""File and line."""


_Made = TypeVar("_Made")


def _sifted(rows: pl.DataFrame, attempt: Callable[[pl.DataFrame], _Made]) -> tuple[_Made, dict[_Place, str]]:
    """What an attempt makes of the rows with which it can succeed, and what is told of each of the others, by file and line.

    Raises what the attempt raises where it fails without any row, or with rows that none of them fails alone.
    """
    try:
        return attempt(rows), {}
    except MemoryError:
        raise
    except UNFORESEEN:
        attempt(rows.clear())
        failing = dict(islice(_failing(rows, attempt), MOST_LINES_BLAMED + 1))
        if len(failing) > MOST_LINES_BLAMED:
            (member, line), message = next(iter(failing.items()))
            raise LodestoneError(f"more than {MOST_LINES_BLAMED:,} lines fail, e.g. {member} line {line}: {message}") from None
        return attempt(_without(rows, failing)), failing


def _failing(rows: pl.DataFrame, attempt: Callable[[pl.DataFrame], object]) -> Iterator[tuple[_Place, str]]:
    """File and line of every row with which an attempt fails alone, and what is told of it, found by halving."""
    try:
        attempt(rows)
    except MemoryError:
        raise
    except UNFORESEEN as error:
        if rows.height > 1:
            middle = rows.height // 2
            yield from _failing(rows[:middle], attempt)
            yield from _failing(rows[middle:], attempt)
        else:
            values = rows.drop(CARRIED).row(0, named=True)
            shown = ", ".join(f"{name} {str(value)!r}" for name, value in values.items() if value is not None)
            yield (rows["source_member"][0], rows["source_row"][0]), f"{in_short(error)}; the line has {shown}"[:1_000]


def _at(rows: pl.DataFrame, place: _Place) -> pl.DataFrame:
    return rows.filter(pl.col("source_member") == place[0], pl.col("source_row") == place[1])


def _without(rows: pl.DataFrame, places: Collection[_Place]) -> pl.DataFrame:
    if not places:
        return rows
    schema = {name: rows.schema[name] for name in ("source_member", "source_row")}
    return rows.join(pl.DataFrame(list(places), schema=schema, orient="row"), on=list(schema), how="anti", maintain_order="left")
