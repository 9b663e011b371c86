"""What we keep: one Pandera model per table of the schemas facts, vocabulary and meta, and per curated table that facts are loaded from.

A model is the single source of a table's column names, types and key, and with `columns.py` of their units and meanings: the
tables of an edition are created from it, and docs/dictionary.md is written from it. Marts are described by the header of
their SQL instead.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any

import pandera.polars as pa
import polars as pl

from pipelines.model.columns import COLUMNS, Meaning

SCHEMAS = {"facts": "model.facts", "vocabulary": "model.vocabulary.models", "meta": "model.meta"}
"""Schemas of an edition, and the module that holds the models of each."""

COMPUTED = ("Conflict", "Revision")
"""Facts about other facts: computed anew from them, without a history of their own."""

_TYPES: dict[Any, str] = {
    pl.String: "varchar",
    pl.Int32: "integer",
    pl.Int64: "bigint",
    pl.Float64: "double",
    pl.Boolean: "boolean",
    pl.Date: "date",
    pl.Datetime: "timestamp",
}


@dataclass(frozen=True)
class Column:
    """One column of a table: its DuckDB type, unit and meaning."""

    name: str
    type: str
    nullable: bool
    unit: str | None
    description: str
    allowed: tuple[str, ...] = ()
    """The only texts it may hold; empty where it may hold any."""
    refers: str | None = None
    """Which of `columns.REFERRED` its values are."""


@dataclass(frozen=True)
class Table:
    """One table of the edition. `key` is unique, nulls counting as equal; `versioned` tables keep their history in `<name>_superseded`."""

    schema: str
    name: str
    description: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    versioned: bool = False

    @property
    def full_name(self) -> str:
        """Schema and name."""
        return f"{self.schema}.{self.name}"


@dataclass(frozen=True)
class Curated:
    """One curated table, in Parquet until an edition is filled from it."""

    name: str
    description: str
    columns: tuple[Column, ...]
    dtypes: dict[str, Any]
    """Polars type of each column."""
    feeds: str
    """Kind of fact its rows make, as `meta.curated_rows` counts them."""
    part: str | None
    """Column that tells the rows of one line apart; null where a line yields one."""

    def empty(self) -> pl.DataFrame:
        """The table without rows."""
        return pl.DataFrame(schema=self.dtypes)


@cache
def curated_tables() -> dict[str, Curated]:
    """Every curated table by its name."""
    found = [_curated(model) for model in _models(import_module("pipelines.model.curated"))]
    return {table.name: table for table in found}


@cache
def tables() -> dict[str, Table]:
    """Every modelled table by its full name, in the order of the models."""
    found = [_table(schema, model) for schema, module in SCHEMAS.items() for model in _models(import_module(f"pipelines.{module}"))]
    return {table.full_name: table for table in found}


def _models(module: ModuleType) -> list[type[pa.DataFrameModel]]:
    return [
        model
        for name, model in vars(module).items()
        if inspect.isclass(model)
        and issubclass(model, pa.DataFrameModel)
        and model.__module__ == module.__name__
        and not name.startswith("_")
    ]


def _table(schema: str, model: type[pa.DataFrameModel]) -> Table:
    described = model.to_schema()
    columns = tuple(_column(model, column) for column in described.columns.values())
    key = tuple(described.unique or ())
    versioned = schema == "facts" and model.__name__ not in COMPUTED
    return Table(schema, _name(model), inspect.getdoc(model) or "", columns, key, versioned)


def _curated(model: type[pa.DataFrameModel]) -> Curated:
    described = model.to_schema()
    said = getattr(model.Config, "metadata", None) or {}
    feeds = said.get("feeds", _name(model))
    fact = tables().get(f"facts.{feeds}")
    there = {column.name: Meaning(column.description, column.unit, column.refers) for column in fact.columns} if fact else {}
    columns = tuple(_column(model, column, COLUMNS | there) for column in described.columns.values())
    dtypes = {name: column.dtype.type for name, column in described.columns.items()}
    return Curated(_name(model), inspect.getdoc(model) or "", columns, dtypes, feeds, said.get("part"))


def _name(model: type[pa.DataFrameModel]) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", model.__name__).lower()


def _column(model: type[pa.DataFrameModel], column: Any, meanings: Mapping[str, Meaning] = COLUMNS) -> Column:
    """As the model says, and where it says nothing as the name means elsewhere."""
    common, own = meanings.get(column.name), column.metadata or {}
    meaning = common if column.description is None else Meaning(column.description, own.get("unit"))
    if meaning is None:
        raise LookupError(f"{model.__module__}.{model.__name__}: {column.name} has no description; write it there or in columns.py")
    return Column(
        name=column.name,
        type=_duckdb_type(column.dtype.type),
        nullable=column.nullable,
        unit=meaning.unit,
        description=meaning.description,
        allowed=tuple(word for check in column.checks for word in check.statistics.get("allowed_values", ())),
        refers=own.get("refers", common and common.refers),
    )


def _duckdb_type(dtype: Any) -> str:
    if isinstance(dtype, pl.Decimal):
        return f"decimal({dtype.precision},{dtype.scale})"
    return _TYPES[dtype if dtype in _TYPES else type(dtype)]
