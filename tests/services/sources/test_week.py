"""A week of nights with four offices: one dead, one late, one revising, one renaming a column. The edition stands every morning."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from pipelines.rehearsal import ecb_stand_in as ecb
from pipelines.rehearsal import us_census_stand_in as us_census
from pipelines.rehearsal.faults import refused
from pipelines.rehearsal.server import Offices
from tests.services.copied_project import CopiedProject, SampleOffice, walk

NIGHTS = [f"2024-06-{day:02}T02:00:00" for day in range(10, 17)]
DEAD_FROM, RENAMED_FROM, REVISED_ON = 1, 2, 3
"""Nights (counted from 0) from which the ECB does not answer and an office renames a column, and on which the Bureau revises."""

NIGHTS_OF_OFFICES = """
import json, os, sys
from pipelines import night
from pipelines.edition.open import read_only
from pipelines.edition.plan import Contents
from pipelines.operations.alerts import alerts
from pipelines.settings import load_settings
from pipelines.sources import load_source

offices = ("ecb_rates", "late_office", "renaming_office", "us_census")
facts = ("facts.exchange_rate", "facts.trade_flow", "facts.trade_total", "facts.control_total", "meta.coverage", "meta.curated_rows")
for now in sys.stdin:
    os.environ["LODESTONE_NOW"] = now.strip()
    settings = load_settings()
    night.ask_all(settings, map(load_source, offices), wait=lambda _: None)
    night.take_in(settings, offices)
    built = night.build(settings, contents=Contents(offices, frozenset(facts)))
    with read_only(built.path) as edition:
        states = dict(edition.execute("select source, state from meta.source_status").fetchall())
        messages = dict(edition.execute("select source, message from meta.source_status").fetchall())
        counts = dict(edition.execute("select source, count(*) from facts.trade_flow group by source").fetchall())
        rates = edition.execute("select count(*) from facts.exchange_rate").fetchone()[0]
        value = edition.execute(
            "select value_usd from facts.trade_flow where source = 'us_census' and code = '2836910012' and period_start = '2024-02-01'"
            " and dataset = 'imports' and partner_code = '3370'"
        ).fetchone()
    told = [(alert.office, alert.kind, alert.reason, alert.remedy) for alert in alerts(settings, settings.now())]
    morning = {"states": states, "messages": messages, "counts": counts, "rates": rates, "alerts": told, "edition": built.edition_id}
    print("MORNING " + json.dumps(morning | {"value": value and str(value[0])}), flush=True)
"""
"""A process of the copied project that lives through the night of each moment it is told, and shows the morning after it."""


@dataclass(frozen=True)
class Week:
    """What every morning showed."""

    mornings: list[dict[str, Any]]
    project: CopiedProject

    def alerts(self, night: int, office: str) -> list[tuple[str, str]]:
        """Kind and reason of what is told of an office on a morning."""
        return [(kind, reason) for who, kind, reason, _ in self.mornings[night]["alerts"] if who == office]


@pytest.fixture(scope="module")
def week(tmp_path_factory: pytest.TempPathFactory) -> Week:
    project = CopiedProject.of(tmp_path_factory.mktemp("week"))
    for name in ("late_office", "renaming_office"):
        project.add_source(name, walk())
    months = {f"2024-{month:02}": f"2024-{month:02},28369100,410,{month}000,{month}0000\n" for month in range(1, 6)}
    late = SampleOffice({month: line for month, line in months.items() if month <= "2024-02"})
    renaming = SampleOffice(months)
    bureau = us_census.made_up("2023-01", "2024-04")
    standing = {
        "us_census": bureau,
        "ecb_rates": ecb.made_up(date(2024, 1, 1), date(2024, 6, 9)),
        "late_office": late,
        "renaming_office": renaming,
    }
    mornings = []
    with Offices(standing) as offices, nights(project, offices.address) as process:
        for number, now in enumerate(NIGHTS):
            if number == DEAD_FROM:
                offices.faults.add(refused(), office="ecb_rates")
            if number == RENAMED_FROM:
                offices.replace("renaming_office", SampleOffice(months, header="month,code,country,kg,thousand_yen\n"))
            if number == REVISED_ON:
                changes = us_census.made_up(
                    "2023-01", "2024-04", changes=lambda cells: us_census.revised(cells, REVISED, GEN_VAL_MO="7777777")
                )
                offices.replace("us_census", changes)
            mornings.append(night(process, now))
    return Week(mornings, project)


REVISED = ("imports", "2836910012", "2024-02", "3370")


@contextmanager
def nights(project: CopiedProject, address: str) -> Iterator[subprocess.Popen[str]]:
    """The process that lives through nights, ended with the block."""
    environment = project.environment(offices=address, LODESTONE_SELECTION="283691", LODESTONE_US_CENSUS_KEY=us_census.KEY)
    command = [sys.executable, "-c", NIGHTS_OF_OFFICES]
    with subprocess.Popen(
        command, cwd=project.root, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    ) as process:
        yield process
        assert process.stdin is not None
        process.stdin.close()


def night(process: subprocess.Popen[str], now: str) -> dict[str, Any]:
    """What the morning after a night shows."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(f"{now}\n")
    shown = next(line for line in process.stdout if line.startswith("MORNING "))
    morning: dict[str, Any] = json.loads(shown.removeprefix("MORNING "))
    return morning


def test_every_morning_there_is_an_edition_that_holds_all_that_was_good(week: Week) -> None:
    first = week.mornings[0]
    assert set(first["counts"]) >= {"us_census", "late_office", "renaming_office"}
    for morning in week.mornings[1:]:
        assert {source: rows for source, rows in morning["counts"].items() if source != "us_census"} == {
            source: rows for source, rows in first["counts"].items() if source != "us_census"
        }
        assert morning["rates"] == first["rates"], "the dead office's figures stand"


def test_the_first_night_is_quiet_but_for_the_office_that_is_late(week: Week) -> None:
    assert week.mornings[0]["states"] | {} == dict.fromkeys(week.mornings[0]["states"], "ok")
    ((kind, reason),) = week.alerts(0, "late_office")
    assert kind == "late"
    assert "was due by 2024-05-15; figures reach to 2024-02-29" in reason


def test_an_office_that_is_dead_is_told_from_its_first_bad_night_on(week: Week) -> None:
    assert week.alerts(DEAD_FROM - 1, "ecb_rates") == []
    for number in range(DEAD_FROM, len(NIGHTS)):
        assert week.mornings[number]["states"]["ecb_rates"] == "failed"
        assert "have no answer" in week.mornings[number]["messages"]["ecb_rates"]
        assert [kind for kind, _ in week.alerts(number, "ecb_rates")] == ["failed"]


def test_a_renamed_column_is_told_by_name_and_the_earlier_figures_stand(week: Week) -> None:
    for number in range(RENAMED_FROM, len(NIGHTS)):
        assert week.mornings[number]["states"]["renaming_office"] == "failed"
        message = week.mornings[number]["messages"]["renaming_office"]
        assert "column 'kilograms' is missing" in message
        assert "the last good release stands" in message
        assert week.alerts(number, "renaming_office")


def test_a_revision_is_in_the_edition_of_its_own_night_and_no_other_office_moves(week: Week) -> None:
    values = [morning["value"] for morning in week.mornings]
    assert values[REVISED_ON:] == ["7777777.00"] * (len(NIGHTS) - REVISED_ON)
    assert len(set(values[:REVISED_ON])) == 1
    assert values[0] != values[REVISED_ON]


def test_the_operator_sees_every_problem_in_one_place(week: Week) -> None:
    said = week.project.run("sources", now=NIGHTS[-1])
    for message in ("ecb_rates", "failed", "late_office is late", "renaming_office", "column 'kilograms' is missing"):
        assert message in said
    assert Path(week.project.root / "data" / "lodestone.duckdb").exists()
