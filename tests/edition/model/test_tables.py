"""Columns of the edition as it is published."""

from __future__ import annotations

from collections import defaultdict

from pipelines.edition.open import read_only
from pipelines.model.tables import curated_tables, tables
from pipelines.settings import Settings

MEASURED = {"amount", "per_eur", "value"}
"""Exact as printed, and a double where it was computed."""


def test_a_column_has_one_type_wherever_it_stands(built: Settings):
    types = defaultdict(set)
    for table in [*tables().values(), *curated_tables().values()]:
        for column in table.columns:
            types[column.name].add(column.type)
    with read_only(built.edition) as connection:
        for name, kind in connection.execute(
            "select column_name, lower(data_type) from duckdb_columns() where schema_name = 'marts'"
        ).fetchall():
            types[name].add(kind)
    assert {name for name, kinds in types.items() if len(kinds) > 1} == MEASURED
