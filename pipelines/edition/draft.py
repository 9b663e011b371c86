"""Tables of a draft, created as their models say and filled by the names of their columns."""

from __future__ import annotations

from typing import Any

import duckdb
import polars as pl

from pipelines.model.tables import Table


def create_table(table: Table, without: tuple[str, ...] = (), suffix: str = "") -> str:
    """The statement that creates a table as its model says."""
    columns = [
        f'"{column.name}" {column.type}' + ("" if column.nullable else " not null")
        for column in table.columns
        if column.name not in without
    ]
    return f"create table {table.full_name}{suffix} ({', '.join(columns)})"


def insert(connection: duckdb.DuckDBPyConnection, name: str, rows: list[dict[str, Any]], order_by: tuple[str, ...]) -> None:
    """Insert rows by the names of their columns."""
    if not rows:
        return
    frame = pl.DataFrame(rows, infer_schema_length=None).with_columns(pl.selectors.datetime().dt.replace_time_zone(None))
    connection.register("new_rows", frame.to_arrow())
    connection.execute(f"insert into {name} by name select * from new_rows order by {', '.join(order_by)}")
    connection.unregister("new_rows")
