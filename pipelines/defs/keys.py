"""How the things of the project are called in Dagster, and what each table depends on. No work is done here."""

from __future__ import annotations

from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import dagster as dg

from pipelines.model.statements import statements, tables_read
from pipelines.model.tables import tables
from pipelines.sources import empty_tables, source_names

EDITION = dg.AssetKey("edition")


def raw_key(source: str, member: str) -> dg.AssetKey:
    """A file as an office publishes it."""
    return dg.AssetKey(["raw", source, Path(member).stem])


def curated_key(source: str) -> dg.AssetKey:
    """A source's validated releases."""
    return dg.AssetKey(["curated", source])


def table_key(name: str) -> dg.AssetKey:
    """A table of the edition by its full name."""
    return dg.AssetKey(name.split("."))


@cache
def table_names() -> tuple[str, ...]:
    """Every table of the edition that is an asset, each after those it is made from."""
    names = _unordered_names()
    graph = {name: {key.to_user_string().replace("/", ".") for key in upstream(name)} & names for name in sorted(names)}
    return tuple(TopologicalSorter(graph).static_order())


def built_tables() -> list[str]:
    """Tables whose figures change from night to night, facts and marts: a build of one is an event. The others are only shown."""
    return [name for name in table_names() if name.startswith(("facts.", "marts."))]


def _unordered_names() -> frozenset[str]:
    return frozenset((*tables(), *(mart.name for mart in statements("marts"))))


@cache
def upstream(name: str) -> frozenset[dg.AssetKey]:
    """What a table is made from, read from the queries that make it."""
    queries = {statement.name: statement.sql for folder in ("load", "load/vocabulary", "marts") for statement in statements(folder)}
    if name in queries:
        return _read_by(queries[name]) - {table_key(name)}  # what completes a vocabulary table reads it too
    if name in ("meta.check_result", "meta.check_finding"):
        return frozenset(key for check in statements("checks") for key in _read_by(check.sql)) - {table_key(name)}
    if name.startswith("meta."):
        return frozenset(map(curated_key, source_names()))
    return frozenset()


@cache
def _read_by(sql: str) -> frozenset[dg.AssetKey]:
    """Assets behind the tables a query reads; a staging table stands for what it reads itself."""
    staging = {statement.name: statement.sql for statement in statements("load") if statement.name.startswith("staging.")}
    found: set[dg.AssetKey] = set()
    for name in tables_read(sql):
        if name in staging:
            found |= _read_by(staging[name])
        elif name in _sources_by_curated_table():
            found |= set(map(curated_key, _sources_by_curated_table()[name]))
        elif name in _unordered_names():
            found.add(table_key(name))
    return frozenset(found)


@cache
def _sources_by_curated_table() -> dict[str, set[str]]:
    """Every source that fills a curated table; several offices file trade lines."""
    found: dict[str, set[str]] = {}
    for source in source_names():
        for table in empty_tables(source):
            found.setdefault(f"curated.{table}", set()).add(source)
    return found
