"""Judge rows: split the accepted from the rejected, each rejected row with its reasons. Nothing is repaired here.

A contract is a Pandera model of an acceptable row in the publisher's own words. A field's metadata may hold
`vocabulary` (the list its codes must be in) and `remedy` (what to do about a value that breaks its rule). The error of a check
of several columns names each as a field, `{column}`, and their values are told with it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from copy import copy
from dataclasses import dataclass
from string import Formatter
from types import MappingProxyType
from typing import Any

import pandera.polars as pa
import polars as pl
from pandera.errors import SchemaError, SchemaErrors

from pipelines.model.vocabulary import Known
from pipelines.reasons import Reason, reason

_NUMBER = r"^-?[0-9]+(\.[0-9]+)?$"


@dataclass(frozen=True)
class Judged:
    """`accepted` is typed by the contract; `rejected` is the text as received with `raw` (JSON), `reasons` and `reason_codes`."""

    accepted: pl.DataFrame
    rejected: pl.DataFrame


def judge(
    frame: pl.DataFrame, contract: type[pa.DataFrameModel], known: Known, refused: Mapping[tuple[str, int], Reason] = MappingProxyType({})
) -> Judged:
    """Separate rows of text that keep the contract from rows that break it.

    `frame` holds the contract's columns as text, with `source_row`, `source_member` and `slice`. Both rows of a
    doubled key are rejected: nobody can know which is right. Blanks around a text are no part of it; around a code they
    are a fault. `refused` holds reasons that were found elsewhere, by file and line.
    """
    schema = contract.to_schema()
    doubled = _doubled(frame, schema)
    typed = _typed(frame, schema)
    if next(_seen(frame, typed, doubled, schema, known, refused), None) is None and _is_kept(typed, schema):
        return Judged(typed, _none_rejected(frame, schema))
    starts = range(0, max(frame.height, 1), ROWS_JUDGED_AT_ONCE)
    parts = [_judge(frame[at : at + ROWS_JUDGED_AT_ONCE], doubled[at : at + ROWS_JUDGED_AT_ONCE], schema, known, refused) for at in starts]
    return Judged(
        accepted=pl.concat([part.accepted for part in parts]),
        rejected=pl.concat([part.rejected for part in parts]),
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


def _judge(frame: pl.DataFrame, doubled: pl.Series, schema: Any, known: Known, refused: Mapping[tuple[str, int], Reason]) -> Judged:
    typed = _typed(frame, schema)
    numbered = frame.with_row_index("index").with_columns(pl.col("index").cast(pl.Int64))
    found = [*_seen(numbered, typed, doubled, schema, known, refused), *_broken(numbered, typed, schema)]
    if not found:
        return Judged(typed, _none_rejected(frame, schema))
    coded = ((index, column, str(why), f"{column}:{why.code}" if column in schema.columns else why.code) for index, column, why in found)
    cases = (
        pl.DataFrame(coded, schema={"index": pl.Int64, "column": pl.String, "reason": pl.String, "code": pl.String}, orient="row")
        .unique(["index", "column"], keep="first", maintain_order=True)
        .sort("index", "column", "reason")
        .group_by("index", maintain_order=True)
        .agg(reasons=pl.col("reason").str.join("; "), reason_codes=pl.col("code").str.join(" "))
    )
    return Judged(
        accepted=typed.with_row_index("index").filter(~pl.col("index").is_in(cases["index"].implode())).drop("index"),
        rejected=_rejected(numbered.join(cases, on="index", maintain_order="left"), schema),
    )


def _typed(frame: pl.DataFrame, schema: Any) -> pl.DataFrame:
    carried = ["source_row", "source_member", "slice"]
    return frame.select(*(_parsed(name, column) for name, column in schema.columns.items() if name not in carried), *carried)


def _none_rejected(frame: pl.DataFrame, schema: Any) -> pl.DataFrame:
    return _rejected(frame.clear().with_columns(reasons=pl.lit("", pl.String), reason_codes=pl.lit("", pl.String)), schema)


def refuse(frame: pl.DataFrame, contract: type[pa.DataFrameModel], why: Reason) -> pl.DataFrame:
    """Every row rejected for one reason, where nothing can be said of single ones."""
    return _rejected(frame.with_columns(reasons=pl.lit(str(why)), reason_codes=pl.lit(why.code)), contract.to_schema())


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


_Found = Iterator[tuple[int, str, Reason]]
"""Rows by their index, the column that is wrong, or the table's or no name, and why."""


def _seen(
    raw: pl.DataFrame, typed: pl.DataFrame, doubled: pl.Series, schema: Any, known: Known, refused: Mapping[tuple[str, int], Reason]
) -> _Found:
    """What is wrong but for the rules of the contract."""
    yield from _unreadable(raw, typed, schema)
    yield from _unknown(raw, schema, known)
    yield from _repeated(raw, doubled, schema)
    yield from _refused(raw, refused)


def _unreadable(raw: pl.DataFrame, typed: pl.DataFrame, schema: Any) -> _Found:
    for name, column in schema.columns.items():
        text = raw[name].cast(pl.String)
        if column.dtype.type == pl.String:
            wrong = text.is_not_null() & (text.str.strip_chars() != text) & _is_coded(column)
        else:
            wrong = text.is_not_null() & typed[name].is_null()
        for index in wrong.arg_true():
            yield index, name, _misspelled(name, text[index], column.dtype.type)


def _misspelled(name: str, text: str, dtype: pl.DataType) -> Reason:
    """Why a text cannot be read as the type of its column."""
    if dtype == pl.String:
        return reason("padded", column=name, value=text)
    if dtype == pl.Date:
        return reason("not_a_date", column=name, value=text)
    if isinstance(dtype, pl.Decimal):
        return reason("not_a_number", column=name, value=text, decimals=dtype.scale)
    return reason("not_a_whole_number", column=name, value=text)


def _vocabularies(schema: Any) -> list[tuple[str, str]]:
    return [
        (name, column.metadata["vocabulary"])
        for name, column in schema.columns.items()
        if column.metadata and "vocabulary" in column.metadata
    ]


def _unknown(raw: pl.DataFrame, schema: Any, known: Known) -> _Found:
    for name, vocabulary in _vocabularies(schema):
        texts = raw[name]
        for index in known[vocabulary].unknown(texts).arg_true():
            yield index, name, reason("unknown_code", column=name, value=texts[index], file=known[vocabulary].file)


def _repeated(raw: pl.DataFrame, doubled: pl.Series, schema: Any) -> _Found:
    for index in doubled.arg_true():
        row = raw.row(index, named=True)
        key = {name: row[name] for name in schema.unique}
        yield index, str(schema.name), reason("doubled_key", key=key)


def _of_single_rows(schema: Any) -> Any:
    bare = copy(schema)
    bare.unique = None
    return bare


def _is_kept(typed: pl.DataFrame, schema: Any) -> bool:
    """Whether all rows keep the rules of the contract, with no word on which do not."""
    try:
        _of_single_rows(schema).validate(typed.select(list(schema.columns)))
    except (SchemaError, SchemaErrors):
        return False
    return True


def _broken(raw: pl.DataFrame, typed: pl.DataFrame, schema: Any) -> _Found:
    try:
        _of_single_rows(schema).validate(typed.select(list(schema.columns)), lazy=True)
    except SchemaErrors as errors:
        cases = errors.failure_cases
        if cases["index"].is_null().any():  # a missing column or wrong type: there is no row to blame
            raise
        for case in cases.select("index", "column", "check").iter_rows(named=True):
            yield case["index"], str(case["column"]), _broken_by(raw.row(case["index"], named=True), case, schema)


def _refused(raw: pl.DataFrame, refused: Mapping[tuple[str, int], Reason]) -> _Found:
    places = enumerate(raw.select("source_member", "source_row").iter_rows()) if refused else ()
    for index, (member, row) in places:
        if (member, row) in refused:
            yield index, "", refused[member, row]


def _broken_by(row: dict[str, Any], case: dict[str, Any], schema: Any) -> Reason:
    column, broken = schema.columns.get(case["column"]), str(case["check"])
    if column is None:
        read = {name for _, name, _, _ in Formatter().parse(broken) if name}
        found = ", ".join(f"{name} {row[name]!r}" for name in schema.columns if name in read)
        return reason(
            "broken_rule_of_line", rule=broken.format_map({name: name for name in read}), found=f", found {found}" if found else ""
        )
    if broken == "not_nullable":
        return reason("empty", column=case["column"])
    remedy = (column.metadata or {}).get("remedy", f"it breaks {broken}")
    return reason("broken_rule", column=case["column"], value=row[case["column"]], remedy=remedy)


def _rejected(rows: pl.DataFrame, schema: Any) -> pl.DataFrame:
    names = [name for name in schema.columns if name not in ("source_row", "source_member", "slice")]
    raw = [json.dumps({name: row[name] for name in names}, ensure_ascii=False) for row in rows.select(names).iter_rows(named=True)]
    return rows.select("source_member", "source_row", "slice", "reasons", "reason_codes").with_columns(raw=pl.Series(raw, dtype=pl.String))
