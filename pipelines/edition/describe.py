"""What an edition says of itself: checks, states, identity, and the meaning of every table and column."""

from __future__ import annotations

from datetime import date
from typing import Any

import duckdb

from pipelines.console import Say
from pipelines.edition.checks import CheckResult, Finding
from pipelines.edition.draft import create_table, insert
from pipelines.edition.open import quoted
from pipelines.edition.plan import EVERYTHING, Contents, SourcePlan, code_version, end_of, newest_snapshot
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
            "check_name": result.name,
            "title": result.title,
            "comparisons": result.comparisons,
            "not_compared": sum(result.not_compared.values()),
            "not_compared_because": ", ".join(f"{reason}: {count}" for reason, count in result.not_compared.items()) or None,
            "shown_rows": len(result.of("shown")),
            "accepted_rows": len(result.of("accepted")),
            "passed": result.comparisons > 0,
        }
        for result in results
    ]
    found = {
        finding.finding_id: {
            "finding_id": finding.finding_id,
            "check_name": finding.check,
            "source": finding.source,
            "outcome": finding.outcome,
            "found": finding.text,
            "author": finding.decision.author if finding.decision else None,
            "reason": finding.decision.reason if finding.decision else None,
            "decided_at": finding.decision.decided_at if finding.decision else None,
        }
        for finding in findings
    }
    status = [status_of(connection, plan) for plan in plans]
    edition = {
        "edition_id": edition_id,
        "code_version": code_version(),
        "schema_version": SCHEMA_VERSION,
        "inputs": inputs,
        "as_of": None if as_of is None else end_of(as_of),
        "observed_until": newest_snapshot(plans),
        "releases": sum(len(plan.standing) for plan in plans),
        "stand_ins": any(row["stand_in"] for row in status),
        "duckdb_version": duckdb.__version__,
    }
    described: dict[str, list[dict[str, Any]]] = {"meta.check_result": checked, "meta.check_finding": list(found.values())}
    described |= {"meta.source_status": status, "meta.edition": [edition]}
    for name, rows in described.items():
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
        statement.name: (statement.description, {column.name: _meaning(column.description, column.unit) for column in statement.columns})
        for statement in statements("marts")
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
            comments += [("column", f'{relation}."{column}"', meanings[column]) for relation in (name, view)]
        written = [f"comment on {kind} {of} is '{quoted(text)}'" for kind, of, text in comments]
        connection.execute("; ".join([f"create view {view} as select * from {name}", *written]))
    connection.commit()


def _meaning(description: str, unit: str | None) -> str:
    return f"{description} [{unit}]" if unit else description
