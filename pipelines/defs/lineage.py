"""Which columns a mart's columns are computed from, worked out from its SQL; nothing is said where that fails."""

from __future__ import annotations

from functools import cache
from typing import Any

import dagster as dg
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.lineage import Node, lineage
from sqlglot.schema import Schema, ensure_schema

from pipelines.defs.keys import table_key
from pipelines.model.statements import Statement, parsed, statements
from pipelines.model.tables import tables


def column_lineage(mart: Statement) -> dict[str, Any]:
    """The columns behind every column as Dagster's metadata and, because its pages hardly show that, as a table to read."""
    found = column_sources(mart)
    if found is None:
        return {}
    deps = {name: [_dep(source) for source in sources] for name, sources in found.items()}
    lines = [f"| {name} | {', '.join(sources) or 'nothing but the query'} |" for name, sources in found.items()]
    return {
        "dagster/column_lineage": dg.MetadataValue.column_lineage(dg.TableColumnLineage(deps_by_column=deps)),
        "where each column comes from": dg.MetadataValue.md("\n".join(["| column | computed from |", "| --- | --- |", *lines])),
    }


@cache
def column_sources(mart: Statement) -> dict[str, tuple[str, ...]] | None:
    """For every column of a mart the columns (schema.table.column) it is computed from; null where the query cannot be followed."""
    try:
        nodes = lineage(None, parsed(mart.sql), _schema(), dialect="duckdb", trim_selects=False)
    except SqlglotError:
        return None
    assert isinstance(nodes, dict)  # asked for all columns at once
    return {name: _leaves(node) for name, node in nodes.items()}


@cache
def _schema() -> Schema:
    found: dict[str, Any] = {}
    for table in tables().values():
        found.setdefault(table.schema, {})[table.name] = {column.name: column.type for column in table.columns}
    for mart in statements("marts"):
        found.setdefault("marts", {})[mart.table] = {column.name: "unknown" for column in mart.columns}
    return ensure_schema(found, dialect="duckdb")


def _leaves(node: Node) -> tuple[str, ...]:
    read = ((leaf.expression, leaf.name.split(".")[-1]) for leaf in node.walk())
    return tuple(sorted({f"{table.db}.{table.name}.{column}" for table, column in read if isinstance(table, exp.Table) and table.db}))


def _dep(source: str) -> dg.TableColumnDep:
    table, column = source.rsplit(".", 1)
    return dg.TableColumnDep(asset_key=table_key(table), column_name=column)
