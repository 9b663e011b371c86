"""Marts over made-up facts: an edition in memory with the real vocabulary, whose facts a test writes itself."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import duckdb
import polars as pl

from pipelines.edition.load import compute_marts, create_empty, create_macros, load_vocabulary
from pipelines.model.statements import statements
from pipelines.model.tables import Table, tables

SERIES = "china_customs_bulletin/rare_earths"
FILED_SERIES = "made_up/imports/rare_earths"

_BY_TYPE: dict[str, Any] = {"varchar": "made up", "date": date(2019, 1, 1), "timestamp": datetime(2026, 1, 1), "boolean": False}


def edition(**facts: list[dict[str, Any]]) -> duckdb.DuckDBPyConnection:
    """A connection whose facts hold only the given rows (by table name) and whose marts were computed from them."""
    connection = duckdb.connect()
    connection.execute("set timezone = 'UTC'")
    for schema in ("facts", "vocabulary", "marts", "meta"):
        connection.execute(f"create schema {schema}")
    for table in tables().values():
        if table.schema == "vocabulary":
            load_vocabulary(connection, table)
        else:
            create_empty(connection, table)
    connection.execute(
        "insert into vocabulary.series by name select * replace"
        f" ('{FILED_SERIES}' as series_id, 'made_up' as source, null as partner_iso3, 'import' as flow, 'made up' as source_key)"
        f" from vocabulary.series where series_id = '{SERIES}'"
    )
    connection.execute(
        "insert into vocabulary.series by name select * replace"
        " ('made_up/exports/rare_earths' as series_id, 'export' as flow, 'sold' as source_key)"
        f" from vocabulary.series where series_id = '{FILED_SERIES}'"
    )
    for name, rows in facts.items():
        table = tables()[f"facts.{name}"]
        for row in rows:
            filled = _required(table) | row
            columns = ", ".join(f'"{column}"' for column in filled)
            marks = ", ".join("?" for _ in filled)
            connection.execute(f"insert into {table.full_name} ({columns}) values ({marks})", list(filled.values()))
    create_macros(connection)
    compute_marts(connection)
    return connection


def rows(connection: duckdb.DuckDBPyConnection, query: str) -> list[dict[str, Any]]:
    """The rows of a query as dictionaries."""
    return connection.sql(query).pl().to_dicts()


def check_rows(connection: duckdb.DuckDBPyConnection, name: str) -> pl.DataFrame:
    """The rows that a check of sql/checks finds wrong, or shows."""
    return compared(connection, name).filter(pl.col("outcome").is_in(["wrong", "shown"]))


def compared(connection: duckdb.DuckDBPyConnection, name: str) -> pl.DataFrame:
    """Every comparison of a check of sql/checks, with its outcome."""
    (check,) = (statement for statement in statements("checks") if statement.table == name)
    return connection.sql(check.sql).pl()


def exported(period: str, tonnes: float | None, kind: str | None = None, **other: Any) -> dict[str, Any]:
    """A level of China's rare-earth exports; `period` is YYYY, YYYY-MM or YYYY-MM/YYYY-MM, `kind` as in facts.trade_total."""
    first, last = (period + "-01", period + "-12") if len(period) == 4 else (period[:7], period[-7:])
    start, end = date.fromisoformat(f"{first[:7]}-01"), date.fromisoformat(f"{last[-7:]}-01")
    months = (end.year - start.year) * 12 + end.month - start.month + 1
    default = "month" if months == 1 else "combined" if (months, start.month) == (2, 1) else "range"
    return {
        "series_id": SERIES,
        "source": "china_customs_bulletin",
        "flow": "export",
        "reporter_iso3": "CHN",
        "partner_iso3": "WLD",
        "partner_role": "world",
        "period_start": start,
        "period_months": months,
        "period_kind": kind or default,
        "weight_kg": None if tonnes is None else tonnes * 1000,
        "weight_method": None if tonnes is None else "filed",
        "status": "missing" if tonnes is None else "reported",
    } | other


def imported(partner: str, amount: float | None, month: str = "2024-01", **other: Any) -> dict[str, Any]:
    """A filed import of one month, by weight in tonnes and by the same number of US dollars."""
    return {
        "series_id": FILED_SERIES,
        "source": "made_up",
        "flow": "import",
        "reporter_iso3": "JPN",
        "partner_iso3": partner,
        "partner_role": "country",
        "period_start": date.fromisoformat(f"{month}-01"),
        "period_months": 1,
        "period_kind": "month",
        "weight_kg": None if amount is None else amount * 1000,
        "value_usd": amount,
        "status": "reported",
    } | other


def _required(table: Table) -> dict[str, Any]:
    kept = [column for column in table.columns if not column.nullable and column.name != "known_until"]
    return {column.name: _BY_TYPE.get(column.type, 1) for column in kept}
