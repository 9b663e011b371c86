"""Judge rows: split the accepted from the rejected, each rejected row with its reasons. Nothing is repaired here.

A contract is a Pandera model of an acceptable row in the publisher's own words. A field's metadata may hold
`vocabulary` (the list its codes must be in) and `remedy` (what to do about a value that breaks its rule).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import pandera.polars as pa
import polars as pl
from pandera.errors import SchemaErrors

from pipelines.model.vocabulary import Known

_NUMBER = r"^-?[0-9]+(\.[0-9]+)?$"


@dataclass(frozen=True)
class Judged:
    """`accepted` is typed by the contract; `rejected` is the text as received with `raw` (JSON) and `reasons`."""

    accepted: pl.DataFrame
    rejected: pl.DataFrame


def judge(
    frame: pl.DataFrame, contract: type[pa.DataFrameModel], known: Known, refused: Mapping[tuple[str, int], str] = MappingProxyType({})
) -> Judged:
    """Separate rows of text that keep the contract from rows that break it.

    `frame` holds the contract's columns as text, with `source_row`, `source_member` and `slice`. Both rows of a
    doubled key are rejected: nobody can know which is right. Blanks around a text are no part of it; around a code they
    are a fault. `refused` holds reasons that were found elsewhere, by file and line.
    """
    schema = contract.to_schema()
    doubled = _doubled(frame, schema)
    starts = range(0, max(frame.height, 1), ROWS_JUDGED_AT_ONCE)
    parts = [_judge(frame[at : at + ROWS_JUDGED_AT_ONCE], doubled[at : at + ROWS_JUDGED_AT_ONCE], schema, known, refused) for at in starts]
    return Judged(
        accepted=pl.concat([one.accepted for one in parts]),
        rejected=pl.concat([one.rejected for one in parts]),
    )


ROWS_JUDGED_AT_ONCE = 20_000
"""Reasons of rows in Python's own objects take a hundred times the memory of a frame."""


def _doubled(frame: pl.DataFrame, schema: Any) -> pl.Series:
    """Whether each row's key stands on another row of its file too."""
    if not schema.unique:
        return pl.repeat(False, frame.height, eager=True)
    return frame.select(
        "source_member", *(_parsed(name, schema.columns[name]) for name in schema.unique if name != "source_member")
    ).is_duplicated()


def _judge(frame: pl.DataFrame, doubled: pl.Series, schema: Any, known: Known, refused: Mapping[tuple[str, int], str]) -> Judged:
    carried = ["source_row", "source_member", "slice"]
    numbered = frame.with_row_index("index").with_columns(pl.col("index").cast(pl.Int64))
    typed = frame.select(*(_parsed(name, column) for name, column in schema.columns.items() if name not in carried), *carried)
    reasons = [
        *_unreadable(numbered, typed, schema),
        *_unknown(numbered, schema, known),
        *_repeated(numbered, doubled, schema),
        *_broken(numbered, typed, schema),
        *_refused(numbered, refused),
    ]
    if not reasons:
        none = _rejected(numbered.clear().with_columns(reasons=pl.lit("", pl.String)), schema)
        return Judged(typed, none)
    cases = (
        pl.DataFrame(reasons, schema={"index": pl.Int64, "column": pl.String, "reason": pl.String}, orient="row")
        .unique(["index", "column"], keep="first", maintain_order=True)
        .sort("index", "column", "reason")
        .group_by("index", maintain_order=True)
        .agg(reasons=pl.col("reason").str.join("; "))
    )
    return Judged(
        accepted=typed.with_row_index("index").filter(~pl.col("index").is_in(cases["index"].implode())).drop("index"),
        rejected=_rejected(numbered.join(cases, on="index", maintain_order="left"), schema),
    )


def refuse(frame: pl.DataFrame, contract: type[pa.DataFrameModel], reason: str) -> pl.DataFrame:
    """Every row rejected for one reason, where nothing can be said of single ones."""
    return _rejected(frame.with_columns(reasons=pl.lit(reason)), contract.to_schema())


def _parsed(name: str, column: Any) -> pl.Expr:
    text, dtype = pl.col(name), column.dtype.type
    if dtype == pl.String:
        return text if _is_coded(column) else text.str.strip_chars().replace("", None)
    if dtype == pl.Date:
        return text.str.to_date("%Y-%m-%d", strict=False).alias(name)
    if isinstance(dtype, pl.Decimal):
        exact = text.str.contains(_NUMBER) & (text.str.extract(r"\.([0-9]+)$").str.len_chars().fill_null(0) <= dtype.scale)
        return pl.when(exact).then(text).cast(dtype, strict=False).alias(name)
    return pl.when(text.str.contains(r"^-?[0-9]+$")).then(text).cast(dtype, strict=False).alias(name)


def _is_coded(column: Any) -> bool:
    """Whether a text is one of a list or of a form, rather than words."""
    return bool(column.checks) or "vocabulary" in (column.metadata or {})


def _unreadable(raw: pl.DataFrame, typed: pl.DataFrame, schema: Any) -> list[tuple[int, str, str]]:
    found = []
    for name, column in schema.columns.items():
        text = raw[name].cast(pl.String)
        if column.dtype.type == pl.String:
            wrong = text.is_not_null() & (text.str.strip_chars() != text) & _is_coded(column)
            what = "has blanks around it: write it without them"
        else:
            wrong = text.is_not_null() & typed[name].is_null()
            what = f"is not a {_kind(column.dtype.type)}"
        for index in wrong.arg_true():
            found.append((index, name, f"{name} {text[index]!r} {what}"))
    return found


def _kind(dtype: pl.DataType) -> str:
    if dtype == pl.Date:
        return "date: write YYYY-MM-DD"
    if isinstance(dtype, pl.Decimal):
        return f"number: write digits and one point only, without footnote marks, at most {dtype.scale} decimals"
    return "whole number: write digits only, without footnote marks"


def _vocabularies(schema: Any) -> list[tuple[str, str]]:
    return [
        (name, column.metadata["vocabulary"])
        for name, column in schema.columns.items()
        if column.metadata and "vocabulary" in column.metadata
    ]


def _unknown(raw: pl.DataFrame, schema: Any, known: Known) -> list[tuple[int, str, str]]:
    found = []
    for name, vocabulary in _vocabularies(schema):
        texts = raw[name]
        for index in known[vocabulary].unknown(texts).arg_true():
            reason = f"{name} {texts[index]!r} is not in {known[vocabulary].file}: correct it, or add it there"
            found.append((index, name, reason))
    return found


def _repeated(raw: pl.DataFrame, doubled: pl.Series, schema: Any) -> list[tuple[int, str, str]]:
    found = []
    for index in doubled.arg_true():
        row = raw.row(index, named=True)
        key = {name: row[name] for name in schema.unique}
        found.append((index, str(schema.name), f"the key {key} stands on more than one line: keep one of them"))
    return found


def _broken(raw: pl.DataFrame, typed: pl.DataFrame, schema: Any) -> list[tuple[int, str, str]]:
    of_single_rows = copy(schema)
    of_single_rows.unique = None
    try:
        of_single_rows.validate(typed.select(list(schema.columns)), lazy=True)
    except SchemaErrors as errors:
        cases = errors.failure_cases
        if cases["index"].is_null().any():  # a missing column or wrong type: there is no row to blame
            raise
        return [
            (case["index"], str(case["column"]), _reason(raw.row(case["index"], named=True), case, schema))
            for case in cases.select("index", "column", "check").iter_rows(named=True)
        ]
    return []


def _refused(raw: pl.DataFrame, refused: Mapping[tuple[str, int], str]) -> list[tuple[int, str, str]]:
    if not refused:
        return []
    places = enumerate(raw.select("source_member", "source_row").rows())
    return [(index, "", refused[place]) for index, place in places if place in refused]


def _reason(row: dict[str, Any], case: dict[str, Any], schema: Any) -> str:
    column = schema.columns.get(case["column"])
    if column is None:
        text = str(case["check"])
        named = [f"{name} {row[name]!r}" for name in schema.columns if re.search(rf"\b{name}\b", text)]
        return f"{text}, found {', '.join(named)}" if named else text
    if case["check"] == "not_nullable":
        return f"{case['column']} is empty: it is required"
    remedy = (column.metadata or {}).get("remedy", f"it breaks {case['check']}")
    return f"{case['column']} {row[case['column']]!r}: {remedy}"


def _rejected(rows: pl.DataFrame, schema: Any) -> pl.DataFrame:
    names = [name for name in schema.columns if name not in ("source_row", "source_member", "slice")]
    raw = [json.dumps({name: row[name] for name in names}, ensure_ascii=False) for row in rows.select(names).iter_rows(named=True)]
    return rows.select("source_member", "source_row", "slice", "reasons").with_columns(raw=pl.Series(raw, dtype=pl.String))
