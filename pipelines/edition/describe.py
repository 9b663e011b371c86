"""What an edition says of itself: checks, states, identity, and the meaning of every table and column."""

from __future__ import annotations

from datetime import date
from typing import Any

import duckdb

from pipelines.console import Say
from pipelines.edition.checks import CheckResult, Finding
from pipelines.edition.draft import create_table, insert
from pipelines.edition.open import quoted
from pipelines.edition.plan import EVERYTHING, Contents, SourcePlan, code_version, end_of, newest_look
from pipelines.edition.status import status_of
from pipelines.edition.versions import STILL_PRINTED, STILL_PRINTED_MEANS
from pipelines.model import generated
from pipelines.model.meta import SCHEMA_VERSION
from pipelines.model.statements import statements
from pipelines.model.tables import tables


def finish(
    connection: duckdb.DuckDBPyConnection,
    plans: list[SourcePlan],
    results: list[CheckResult],
    findings: list[Finding],
    edition_id: str,
    inputs: str,
    as_of: date | None,
    say: Say,
    contents: Contents = EVERYTHING,
) -> None:
    """Write down what was checked, what became of each source and what the edition is made of, then describe all of it."""
    say("describing")
    checked = [
        {
            "check_name": one.name,
            "title": one.title,
            "comparisons": one.comparisons,
            "not_compared": sum(one.not_compared.values()),
            "not_compared_because": ", ".join(f"{reason}: {count}" for reason, count in one.not_compared.items()) or None,
            "shown_rows": len(one.of("shown")),
            "accepted_rows": len(one.of("accepted")),
            "passed": one.comparisons > 0,
        }
        for one in results
    ]
    found = {
        one.finding_id: {
            "finding_id": one.finding_id,
            "check_name": one.check,
            "source": one.source,
            "outcome": one.outcome,
            "found": one.text,
            "author": one.decision.author if one.decision else None,
            "reason": one.decision.reason if one.decision else None,
            "decided_at": one.decision.decided_at if one.decision else None,
        }
        for one in findings
    }
    status = [status_of(connection, plan) for plan in plans]
    edition = {
        "edition_id": edition_id,
        "code_version": code_version(),
        "schema_version": SCHEMA_VERSION,
        "inputs": inputs,
        "as_of": None if as_of is None else end_of(as_of),
        "observed_until": newest_look(plans),
        "releases": sum(len(plan.standing) for plan in plans),
        "stand_ins": any(one["stand_in"] for one in status),
        "duckdb_version": duckdb.__version__,
    }
    told: dict[str, list[dict[str, Any]]] = {"meta.check_result": checked, "meta.check_finding": list(found.values())}
    told |= {"meta.source_status": status, "meta.edition": [edition]}
    for name, rows in told.items():
        connection.execute(create_table(tables()[name]))
        insert(connection, name, rows, order_by=tables()[name].key)
    for macro in generated.as_of_macros():
        connection.execute(macro)
    describe(connection, contents)


def describe(connection: duckdb.DuckDBPyConnection, contents: Contents = EVERYTHING) -> None:
    """Put every table's and column's meaning into the file, and every table's name into `main`.

    In one transaction and few statements: two thousand single ones would take a third of a build.
    """
    real: dict[str, list[str]] = {}
    for name, column in connection.execute(
        "select schema_name || '.' || table_name, column_name from duckdb_columns()"
        " where database_name = 'edition' and schema_name in ('facts', 'vocabulary', 'marts', 'meta') order by 1, column_index"
    ).fetchall():
        real.setdefault(name, []).append(column)
    said = {
        one.name: (one.description, {column.name: _meaning(column.description, column.unit) for column in one.columns})
        for one in statements("marts")
    }
    for table in tables().values():
        meanings = {column.name: _meaning(column.description, column.unit) for column in table.columns}
        said[table.full_name] = (table.description, meanings)
        if table.versioned:
            past = f"{table.description} What is no longer current: rows that changed or vanished."
            said[f"{table.full_name}_superseded"] = (past, meanings | {STILL_PRINTED: STILL_PRINTED_MEANS})
    connection.begin()
    for name, columns in real.items():
        if not contents.fills(name.removesuffix("_superseded")):
            continue
        description, meanings = said[name]
        view = f'main."{name.split(".")[1]}"'
        comments = [("table", name, description), ("view", view, f"{description} (the table {name})")]
        for column in columns:
            comments += [("column", f'{one}."{column}"', meanings[column]) for one in (name, view)]
        written = [f"comment on {kind} {of} is '{quoted(text)}'" for kind, of, text in comments]
        connection.execute("; ".join([f"create view {view} as select * from {name}", *written]))
    connection.commit()


def _meaning(description: str, unit: str | None) -> str:
    return f"{description} [{unit}]" if unit else description
