"""What we keep: one Pandera model per table of the schemas facts, vocabulary and meta.

A model is the single source of a table's column names, types, units, descriptions and key: the tables of an edition are
created from it, and docs/dictionary.md is written from it. Marts are described by the header of their SQL instead.
"""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any

import pandera.polars as pa
import polars as pl

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
    columns = tuple(
        Column(
            name=name,
            type=_duckdb_type(column.dtype.type),
            nullable=column.nullable,
            unit=(column.metadata or {}).get("unit"),
            description=column.description,
            allowed=tuple(word for check in column.checks for word in check.statistics.get("allowed_values", ())),
        )
        for name, column in described.columns.items()
    )
    name = re.sub(r"(?<!^)(?=[A-Z])", "_", model.__name__).lower()
    key = tuple(described.unique or ())
    versioned = schema == "facts" and model.__name__ not in COMPUTED
    return Table(schema, name, inspect.getdoc(model) or "", columns, key, versioned)


def _duckdb_type(dtype: Any) -> str:
    if isinstance(dtype, pl.Decimal):
        return f"decimal({dtype.precision},{dtype.scale})"
    return _TYPES[dtype if dtype in _TYPES else type(dtype)]
