"""Whom to cite for an answer: the sources that a query's tables rest on, with their citation and licence.

What a single number stands on, down to its raw line, does not belong here: see explain.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from pipelines.errors import LodestoneError
from pipelines.model.statements import mart, tables_read

SCHEMAS = ("facts", "marts", "meta", "vocabulary")


@dataclass(frozen=True)
class Citation:
    """How a source wants to be named, and on which terms its rows may be used."""

    source: str
    publisher: str
    citation: str
    licence: str
    redistributable: bool

    @property
    def terms(self) -> str:
        """The licence, and whether rows may be passed on."""
        return self.licence if self.redistributable else f"{self.licence} These rows may NOT be passed on."


def citations(connection: duckdb.DuckDBPyConnection, sources: Collection[str] | None = None) -> list[Citation]:
    """The citations of the edition's sources, or of those named. Raises `LodestoneError` for an edition that holds none."""
    try:
        found = connection.execute(
            "select source, publisher, citation, licence, redistributable from meta.source_status order by source"
        ).fetchall()
    except duckdb.BinderException as error:
        raise LodestoneError("this edition was built before citations were kept in it; run `lodestone build` again") from error
    return [Citation(*row) for row in found if sources is None or row[0] in sources]


def cited(
    connection: duckdb.DuckDBPyConnection, query: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]
) -> tuple[list[Citation], str | None]:
    """The citations for the answer to a query, and a remark where they are wider than they need be, or none.

    They are those of every source with rows in the tables the query reads, directly or through marts; where it reads one table and
    the answer has a column `source`, `series_id` or `publisher`, only those of the sources that it names. Where the tables cannot
    be told from the query, they are those of all sources held.
    """
    read = _tables_of(connection, query)
    if read is None:
        return citations(connection, _filled(connection)), "Which tables the query reads could not be told: these are all sources held."
    resting = {source for table in sorted(read) for source in _sources_of(connection, table)}
    named = _named(connection, columns, rows) if len(read) == 1 else None
    found = citations(connection, resting & named if named is not None and resting & named else resting)
    return found, None if found else "No source is to be cited: the query reads no office's figures."


def as_text(found: Iterable[Citation], remark: str | None) -> str:
    """Citations as lines of text."""
    lines = [f"{source.source}: {source.citation} Licence: {source.terms}" for source in found]
    return "\n".join(["Sources:" if lines else "", *(f"  {line}" for line in lines), *([remark] if remark else [])]).lstrip("\n") + "\n"


def _tables_of(connection: duckdb.DuckDBPyConnection, query: str) -> set[str] | None:
    """Tables (schema.table) that a query names, by any of their names or through a macro; null where it cannot be read."""
    try:
        tree = sqlglot.parse_one(query, dialect="duckdb")
    except SqlglotError:
        return None
    if isinstance(tree, exp.Describe | exp.Show):
        return set()
    if isinstance(tree, exp.Command):
        return None
    full = {name: f"{schema}.{name}" for schema, name in _tables(connection)}
    macros = _macros(connection)
    read: set[str] = set()
    for table in tree.find_all(exp.Table):
        # A query may give its own part the name of a table, and mean the table elsewhere: such a name counts as both.
        name = table.name.lower()
        if name in full:
            read.add(full[name])
        elif (
            isinstance(table.this, exp.Anonymous) and table.this.name.lower() not in macros and not _TELLS_OF_TABLES.match(table.this.name)
        ):
            return None
    for called in tree.find_all(exp.Anonymous):
        read |= macros.get(called.name.lower(), frozenset())
    return read


_TELLS_OF_TABLES = re.compile(r"(duckdb_\w+|pragma_(show|table_info|version|platform|collations|database_size))$", re.IGNORECASE)
"""Functions in the place of a table that give no rows of one. What others read may stand in their arguments, even as text."""


def _tables(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, str]]:
    return connection.execute(f"select schema_name, table_name from duckdb_tables() where schema_name in {SCHEMAS}").fetchall()


def _macros(connection: duckdb.DuckDBPyConnection) -> dict[str, frozenset[str]]:
    found = connection.execute(
        "select function_name, macro_definition from duckdb_functions() where not internal and function_type = 'table_macro'"
    ).fetchall()
    return {name: tables_read(definition) for name, definition in found}


def _sources_of(connection: duckdb.DuckDBPyConnection, table: str) -> set[str]:
    """Sources with rows in a table, or in the facts a mart is computed from. The vocabulary is the project's own."""
    if table.startswith("vocabulary."):
        return set()
    computed = mart(table)
    if computed is not None:
        return {source for read in tables_read(computed.sql) - {"meta.coverage"} for source in _sources_of(connection, read)}
    columns = {row[0] for row in connection.execute(f"describe {table}").fetchall()}
    if "source" in columns:
        query = f"select distinct source from {table}"
    elif "release_id" in columns:
        query = f"select distinct release.source from {table} inner join meta.release as release using (release_id)"
    else:
        return set()
    return {row[0] for row in connection.execute(query).fetchall()}


def _filled(connection: duckdb.DuckDBPyConnection) -> set[str]:
    return {row[0] for row in connection.execute("select distinct source from meta.release").fetchall()}


def _named(connection: duckdb.DuckDBPyConnection, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> set[str] | None:
    """Sources that the rows of an answer name by the first column that can; null where none can."""
    for column in ("source", "series_id", "publisher"):
        if column in columns:
            place = columns.index(column)
            values = {row[place] for row in rows}
            return {source for value, source in connection.execute(_NAMES[column]).fetchall() if value in values}
    return None


_NAMES = {
    "source": "select source, source from meta.source_status",
    "series_id": "select distinct series_id, source from vocabulary.series",
    "publisher": """
        select publisher, source from vocabulary.series
        union select publisher, source from facts.published_share
        union select publisher, source from facts.published_number
        union select publisher, source from meta.source_status
    """,
}
"""What the values of a column say about the source, as pairs of value and source."""
