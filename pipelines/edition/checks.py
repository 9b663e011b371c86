"""Run the checks of sql/checks over a draft: what was compared, what could not be, and the rows that stand out."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import duckdb

from pipelines import archive
from pipelines.model.statements import Statement

NOT_COMPARED = "not_compared:"
"""Before the reason, in the outcome of a comparison that a check could not make."""


@dataclass(frozen=True)
class Finding:
    """A row that a check found: `wrong`, `accepted` (wrong, and a person lets it in) or `shown` (it refuses nothing)."""

    check: str
    outcome: str
    row: Mapping[str, Any]
    decision: archive.Decision | None = None

    @property
    def text(self) -> str:
        """The row in words, to nine digits: sums of the same figures may differ in the last of theirs."""
        rounded = {name: float(f"{value:.9g}") if isinstance(value, float) else value for name, value in self.row.items()}
        return json.dumps(rounded, default=str, ensure_ascii=False)

    @property
    def finding_id(self) -> str:
        """What it is accepted by; another one as soon as a figure of the row changes."""
        return hashlib.sha256(f"{self.check} {self.text}".encode()).hexdigest()[:16]

    @property
    def source(self) -> str | None:
        """Source it is a row of."""
        return None if self.row.get("source") is None else str(self.row["source"])


@dataclass(frozen=True)
class CheckResult:
    """What one check found: how much it compared, how much it could not and why, and the rows that stand out."""

    name: str
    title: str
    comparisons: int
    not_compared: Mapping[str, int]
    """How many comparisons could not be made, by reason."""
    findings: tuple[Finding, ...]

    def of(self, outcome: str) -> list[Finding]:
        """The rows with one outcome."""
        return [finding for finding in self.findings if finding.outcome == outcome]

    def refusal(self, wrong: list[Finding]) -> str:
        """The check, how many rows it refuses and one of them, in a sentence."""
        sentence = f"check {self.name} found {len(wrong)} wrong rows ({self.title.partition('. ')[0].rstrip('.')})"
        return f"{sentence}, e.g. {wrong[0].finding_id}: {wrong[0].text}"


def run_check(connection: duckdb.DuckDBPyConnection, check: Statement, accepted: Mapping[str, archive.Decision]) -> CheckResult:
    """Run a check: a row a comparison, whose `outcome` is ok, wrong, shown, or `not_compared:` with the reason."""
    counted = connection.execute(
        "select outcome, count(*), list(comparison order by comparison) filter (where outcome in ('wrong', 'shown'))"
        f" from ({check.sql}) as comparison group by outcome order by outcome"
    ).fetchall()
    findings = []
    for outcome, _, found in counted:
        for row in found or ():
            finding = Finding(check.path.stem, outcome, {name: value for name, value in row.items() if name != "outcome"})
            decision = accepted.get(finding.finding_id) if outcome == "wrong" else None
            findings.append(finding if decision is None else replace(finding, outcome="accepted", decision=decision))
    return CheckResult(
        check.path.stem,
        check.description,
        sum(count for outcome, count, _ in counted if not outcome.startswith(NOT_COMPARED)),
        {outcome.removeprefix(NOT_COMPARED): count for outcome, count, _ in counted if outcome.startswith(NOT_COMPARED)},
        tuple(findings),
    )
