"""Facts of what offices filed: the statements of sql/load over curated rows, in memory, with the real vocabulary. No file is read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import duckdb
import polars as pl

from pipelines.edition.draft import create_table
from pipelines.edition.load import create_empty, create_macros, extend_vocabulary, load_offices, load_table, load_vocabulary, open_curated
from pipelines.edition.plan import SourcePlan
from pipelines.model import generated
from pipelines.model.statements import statements
from pipelines.model.tables import tables
from pipelines.model.trade import TRADE_LINE
from pipelines.settings import PROJECT, Settings
from pipelines.sources import source_names

LOADED = ("facts.exchange_rate", "facts.trade_flow", "facts.trade_total", "facts.control_total", "facts.revision")
FIRST_HELD = datetime(2026, 5, 10)

KEPT = {
    "dataset": "imports",
    "flow": "import",
    "reporter_iso3": "USA",
    "partner_code": "-",
    "code": "2836910012",
    "code_system": "HTS",
    "period_start": date(2024, 1, 1),
    "period_months": 1,
    "period_kind": "month",
    "currency": "USD",
    "valuation": "customs",
    "source_row": 2,
    "source_member": "imports-HS10-2836-2024-01_2024-12.json",
    "slice": "us_census/imports/2024-01",
}


def line(code: str, partner: str, value: int | None, **other: Any) -> dict[str, Any]:
    """A line of US imports in January 2024; other columns of `TRADE_LINE` by name."""
    return {**KEPT, "code": code, "partner_code": partner, "value": value, **other}


@dataclass(frozen=True)
class Release:
    """Curated lines that were current from one moment until another, of one office."""

    lines: pl.DataFrame
    name: str = "a release"
    known_from: datetime = FIRST_HELD
    known_until: datetime | None = None
    source: str = "us_census"
    asked: tuple[str, ...] = ()
    """Beginnings of the codes that were asked for; none where the office was not asked by code."""

    @property
    def slice(self) -> str:
        """The slice of its lines; that of a withdrawn release is January 2024."""
        return str(self.lines["slice"][0] if self.lines.height else KEPT["slice"])


def release(lines: Sequence[dict[str, Any]], *args: Any, **kwargs: Any) -> Release:
    """A release of lines that a test writes itself."""
    return Release(pl.DataFrame([dict.fromkeys(TRADE_LINE) | line for line in lines], schema=TRADE_LINE), *args, **kwargs)


@dataclass(frozen=True)
class Rates:
    """Reference rates of one month: units of a currency for one euro by day, the dollar's among them, and since when they are known."""

    days: dict[date, dict[str, str]]
    known_from: datetime = FIRST_HELD


def facts(*releases: Release, rates: Rates | None = None) -> duckdb.DuckDBPyConnection:
    """A connection with `facts` as sql/load makes them of these releases and rates, and of nothing else."""
    connection = duckdb.connect()
    connection.execute("set timezone = 'UTC'")
    for schema in ("facts", "vocabulary", "marts", "meta", "curated", "staging"):
        connection.execute(f"create schema {schema}")
    for table in tables().values():
        if table.schema == "vocabulary":
            load_vocabulary(connection, table)
        elif table.schema == "meta":
            connection.execute(create_table(table))
    create_macros(connection)
    open_curated(connection, Settings(PROJECT), [_nothing_from(name) for name in source_names()])
    _curate(connection, releases, rates)
    load_offices(connection, [])
    connection.execute("insert into curated.office select distinct source, 'an office' from curated.trade_line")
    extend_vocabulary(connection)
    for statement in statements("load"):
        if statement.name.startswith("staging."):
            connection.execute(f"create table {statement.name} as {statement.sql}")
        elif statement.name in LOADED:
            create_empty(connection, tables()[statement.name])
            load_table(connection, tables()[statement.name], statement.sql)
    for macro in generated.as_of_macros():
        if "facts.trade_" in macro:
            connection.execute(macro)
    return connection


def mart(connection: duckdb.DuckDBPyConnection, name: str) -> list[dict[str, Any]]:
    """The rows of one mart that reads nothing but facts."""
    (statement,) = [statement for statement in statements("marts") if statement.table == name]
    return connection.sql(statement.sql).pl().to_dicts()


def found(connection: duckdb.DuckDBPyConnection, query: str) -> list[tuple[Any, ...]]:
    """Rows of a query."""
    return connection.execute(query).fetchall()


def _nothing_from(name: str) -> SourcePlan:
    return SourcePlan(None, name, (), (), None, None)


def _curate(connection: duckdb.DuckDBPyConnection, releases: Sequence[Release], rates: Rates | None) -> None:
    held = [
        release.lines.drop("slice").with_columns(release_id=pl.lit(release.name), source=pl.lit(release.source)) for release in releases
    ]
    places = [(release.name, release.slice, release.known_from, release.known_until) for release in releases]
    if held:
        connection.register("held", pl.concat(held).to_arrow())
        connection.execute("create table curated.held as select * from held")
        connection.execute("create or replace view curated.trade_line as select * from curated.held")
    if rates is not None:
        days = [
            {"day": day, "currency": currency, "per_eur": text, "source_row": row}
            for row, (day, quoted) in enumerate(rates.days.items(), start=2)
            for currency, text in quoted.items()
        ]
        frame = pl.DataFrame(days).with_columns(pl.col("per_eur").cast(pl.Decimal(18, 6)), source_member=pl.lit("eurofxref-hist.zip"))
        connection.register("quoted", frame.to_arrow())
        connection.execute("create table curated.quoted as select 'ecb_rates' as source, *, 'rates' as release_id from quoted")
        connection.execute("create or replace view curated.reference_rate as select * from curated.quoted")
        places.append(("rates", "ecb_rates/reference_rates/2024-01", rates.known_from, None))
    connection.execute(
        "create table curated.release_window"
        " (release_id varchar, slice varchar, known_from timestamp, known_from_basis varchar, known_until timestamp)"
    )
    for name, slice_name, known_from, known_until in places:
        connection.execute("insert into curated.release_window values (?, ?, ?, 'held', ?)", [name, slice_name, known_from, known_until])
        connection.execute(
            "insert into meta.observation values ('us_census', ?, ?, ?, 'a visit', ?, 'held', ?, ?)",
            [slice_name, name, known_from, known_from, known_until, "superseded" if known_until else "current"],
        )
    connection.execute("create table curated.first_asked (slice varchar, code varchar, asked_at timestamp)")
    for release in sorted(releases, key=lambda release: release.known_from, reverse=True):
        for code in release.asked:
            connection.execute("delete from curated.first_asked where slice = ? and code = ?", [release.slice, code])
            connection.execute("insert into curated.first_asked values (?, ?, ?)", [release.slice, code, release.known_from])
