"""Fill a draft: vocabulary, history, curated files, then every fact, each by the statement that names it."""

from __future__ import annotations

import duckdb
import polars as pl

from pipelines.console import Say
from pipelines.edition.draft import create_table, insert
from pipelines.edition.history import curated_files, load_history
from pipelines.edition.open import columns_of, quoted
from pipelines.edition.plan import EVERYTHING, Contents, SourcePlan
from pipelines.edition.versions import LINEAGE, REMARKS, REPEATED, SINGLE, STILL_PRINTED, VERSIONS
from pipelines.errors import BadFile
from pipelines.model import vocabulary
from pipelines.model.statements import files, statements
from pipelines.model.tables import Table, curated_tables, tables
from pipelines.settings import SQL, Settings

FILLED_BY_SQL = SQL / "load" / "vocabulary"
"""Statements that fill vocabulary tables, or add to what their CSV file holds."""


def fill(
    connection: duckdb.DuckDBPyConnection, settings: Settings, plans: list[SourcePlan], say: Say, contents: Contents = EVERYTHING
) -> dict[str, int]:
    """Fill every table of a draft but those that describe it; the rows of each."""
    for schema in ("facts", "vocabulary", "marts", "meta"):
        connection.execute(f"create schema {schema}")
    say("loading the vocabulary")
    for table in tables().values():
        if table.schema == "vocabulary":
            load_vocabulary(connection, table)
    load_history(connection, settings, plans)
    create_macros(connection)
    open_curated(connection, settings, plans)
    load_offices(connection, plans)
    extend_vocabulary(connection)
    for statement in statements("load"):
        if statement.name.startswith("staging."):
            connection.execute(f"create table {statement.name} as {statement.sql}")
            continue
        create_empty(connection, tables()[statement.name])
        if contents.fills(statement.name):
            say(f"loading {statement.name}")
            load_table(connection, tables()[statement.name], statement.sql)
    compute_marts(connection, say, contents)
    made = {name.rsplit(".", 1)[0] for name in columns_of(connection, "edition")}
    counted = [name for name in [*tables(), *(statement.name for statement in statements("marts"))] if name in made]
    counts = " union all ".join(f"select '{name}', count(*) from {name}" for name in counted)
    return dict(connection.execute(counts).fetchall())


def compute_marts(connection: duckdb.DuckDBPyConnection, say: Say = lambda _: None, contents: Contents = EVERYTHING) -> None:
    """Compute every mart from the facts, vocabulary and meta of the connection, each after those it reads."""
    for statement in statements("marts"):
        if not contents.fills(statement.name):
            connection.execute(f"create table {statement.name} as from ({statement.sql}) limit 0")
            continue
        say(f"computing {statement.name}")
        connection.execute(f"create table {statement.name} as {statement.sql}\norder by {', '.join(statement.grain)}")


def load_vocabulary(connection: duckdb.DuckDBPyConnection, table: Table) -> None:
    """Create a vocabulary table and fill it from its CSV file, or from the calendar."""
    connection.execute(create_table(table))
    if table.name == "month":
        connection.execute((FILLED_BY_SQL / "month.sql").read_text("utf-8"))
        return
    rows = vocabulary.read(table.name)
    _refuse_other_words(table, rows)
    connection.register("vocabulary_rows", rows.to_arrow())
    columns = ", ".join(f"{column.name}::{column.type} as {column.name}" for column in table.columns)
    connection.execute(f"insert into {table.full_name} by name select {columns} from vocabulary_rows order by {', '.join(table.key)}")
    connection.unregister("vocabulary_rows")


def _refuse_other_words(table: Table, rows: pl.DataFrame) -> None:
    for column in (column for column in table.columns if column.allowed):
        other = rows.with_row_index("line", offset=2).filter(~pl.col(column.name).is_in(column.allowed))
        if not other.is_empty():
            words = f"{', '.join(column.allowed[:-1])} or {column.allowed[-1]}"
            file = f"pipelines/model/vocabulary/{table.name}.csv"
            raise BadFile(file, other["line"][0], other[column.name][0], f"{column.name} is {words}", "correct the word")


def extend_vocabulary(connection: duckdb.DuckDBPyConnection) -> None:
    """Add the series, and their breaks, of the codes that offices filed; `curated.trade_line` and `curated.office` say which."""
    for name in ("series", "series_break"):
        connection.execute((FILLED_BY_SQL / f"{name}.sql").read_text("utf-8"))


def load_offices(connection: duckdb.DuckDBPyConnection, plans: list[SourcePlan]) -> None:
    """Who files what: `curated.office`."""
    connection.execute("create table curated.office (source varchar, publisher varchar)")
    rows = [{"source": plan.name, "publisher": plan.source.config.publisher} for plan in plans if plan.source is not None]
    insert(connection, "curated.office", rows, order_by=("source",))


def create_macros(connection: duckdb.DuckDBPyConnection) -> None:
    """Create the macros that need no table; those that answer as of a moment come last, when facts are there."""
    for path in files("macros"):
        connection.execute(path.read_text("utf-8"))


def open_curated(connection: duckdb.DuckDBPyConnection, settings: Settings, plans: list[SourcePlan]) -> None:
    """A view of each curated table over every release that has or had a place, of every source that has the table.

    A table without any rows has its columns and types all the same; every table also names its `source`.
    """
    for name, table in curated_tables().items():
        columns = table.empty().select(
            pl.lit(None, pl.String).alias("source"), pl.exclude("slice"), pl.lit(None, pl.String).alias("release_id")
        )
        connection.register("no_rows", columns.to_arrow())
        connection.execute(f"create table curated.{name}_without_rows as select * from no_rows")
        connection.unregister("no_rows")
        selects = [f"select * from curated.{name}_without_rows"]
        for plan in plans:
            files = curated_files(settings, plan, plan.standing, name)
            if files:
                listed = ", ".join(f"'{quoted(path)}'" for path in files)
                selects.append(
                    f"select '{plan.name}' as source, line.* exclude (part_id), release_id from read_parquet([{listed}]) as line"
                    " inner join curated.release_part using (part_id) where is_standing"
                )
        connection.execute(f"create view curated.{name} as {' union all by name '.join(selects)}")


def create_empty(connection: duckdb.DuckDBPyConnection, table: Table) -> None:
    """Create a table that a statement fills, without rows; a versioned one with its `<name>_superseded`."""
    connection.execute(create_table(table, without=() if table.schema != "facts" else ("known_until",)))
    if table.versioned:
        connection.execute(create_table(table, suffix="_superseded"))
        connection.execute(f"alter table {table.full_name}_superseded add column {STILL_PRINTED} boolean")


def load_table(connection: duckdb.DuckDBPyConnection, table: Table, sql: str) -> None:
    """Fill a table by name; a versioned one keeps what is no longer current in `<name>_superseded`."""
    order = ", ".join(table.key)
    names = ", ".join(f'"{column.name}"' for column in table.columns if column.name != "known_until" or table.schema != "facts")
    if not table.versioned:
        connection.execute(f"insert into {table.full_name} by name select {names} from ({sql}) order by {order}")
        return
    content = ", ".join(f'"{column.name}"::varchar' for column in table.columns if column.name not in LINEAGE | REMARKS)
    typed = ", ".join(f'"{column.name}" {column.type}' for column in table.columns)
    connection.execute(f"create temp table version ({typed})")
    connection.execute(f"insert into version by name {sql}")
    key = ", ".join(f'"{name}"' for name in table.key)
    remarks = ", ".join(
        f'arg_max_null("{column.name}", known_from) over (partition by {key}, place_slice, island_no) as "{column.name}"'
        for column in table.columns
        if column.name in REMARKS
    )
    figure = f"hash({key})"
    connection.execute(REPEATED.format(figure=figure))
    connection.execute(VERSIONS.format(key=key, figure=figure, content=content, remarks=f"replace ({remarks})" if remarks else ""))
    single = SINGLE.format(figure=figure)
    connection.execute(
        f"insert into {table.full_name} by name select {names} from (from place where is_current union all by name {single}"
        f" and known_until is null) order by {order}"
    )
    connection.execute(
        f"insert into {table.full_name}_superseded by name select {names}, known_until, {STILL_PRINTED}"
        f" from (from place where not is_current and known_until > known_from union all by name {single} and known_until > known_from)"
        f" order by {order}, known_from"
    )
    connection.execute("drop table version; drop table repeated; drop table place")
