"""A bad snapshot stays out as a whole: what it says of months that were never seen before waits with what it says of known ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipelines import archive
from pipelines.intake import ledger
from pipelines.intake.history import judge_history, judge_releases, observations
from pipelines.intake.release import Comparison, Judged, Observation
from pipelines.intake.snapshots import snapshots_of
from pipelines.periods import months_between
from pipelines.rehearsal.faults import Delivery
from pipelines.rehearsal.server import Offices
from pipelines.rehearsal.us_census_stand_in import Cell, UsCensus, rolled_up
from pipelines.settings import Settings
from pipelines.sources import load_source
from tests.nights import ask, curate
from tests.unit.sources.us_census.asked import CHILE, CHINA, cell

SELECTION = "283691"
JULY, AUGUST, LATER = "2024-07-20T02:00:00", "2024-08-20T02:00:00", "2024-08-21T02:00:00"
NEW = "us_census/imports/2024-06"


def filed(last: str, change: Callable[[Cell], Cell] = lambda cell: cell) -> UsCensus:
    """Imports of two countries from January 2024 on."""
    cells = [cell(country=country, month=month) for month in months_between("2024-01", last) for country in (CHILE, CHINA)]
    return UsCensus(rolled_up([change(line) for line in cells]))


def times_a_thousand(cell: Cell) -> Cell:
    return replace(cell, values={name: f"{text}000" if text and text.isdecimal() else text for name, text in cell.values.items()})


def exchanged(cell: Cell) -> Cell:
    return replace(cell, values=cell.values | {"GEN_VAL_MO": cell.values["GEN_QY1_MO"], "GEN_QY1_MO": cell.values["GEN_VAL_MO"]})


def only(month: str) -> Callable[[Cell], Cell]:
    return lambda cell: times_a_thousand(cell) if cell.month == month else cell


@dataclass
class Asked:
    """An installation that has asked the Bureau in July."""

    data: Settings
    offices: Offices

    def snapshot(self, bureau: UsCensus, now: str) -> dict[str, Judged]:
        """What became of each month of imports after another night: what is held of it, or else what stands."""
        self.offices.replace("us_census", bureau)
        ask(self.data, self.offices, now, SELECTION)
        return self.judged(now)

    def judged(self, now: str) -> dict[str, Judged]:
        curate(self.data, self.offices, now, "us_census", SELECTION)
        source = load_source("us_census")
        found = judge_releases(self.data, source, ledger.read(self.data, source), observations(source, snapshots_of(self.data, source)))
        found.sort(key=lambda judged: judged.state == "quarantined")
        return {
            row.observation.slice: row for row in found if row.state in ("current", "quarantined") and "/imports/" in row.observation.slice
        }


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Asked]:
    monkeypatch.setenv("LODESTONE_SELECTION", SELECTION)
    with Offices({"us_census": filed("2024-05")}) as offices:
        here = Asked(Settings(tmp_path / "data"), offices)
        assert {judged.state for judged in here.snapshot(filed("2024-05"), JULY).values()} == {"current"}
        yield here


@pytest.mark.parametrize("bad", [times_a_thousand, exchanged])
def test_a_new_month_waits_where_known_months_of_its_look_are_held(asked: Asked, bad: Callable[[Cell], Cell]):
    found = asked.snapshot(filed("2024-06", bad), AUGUST)
    assert found[NEW].state == "quarantined"
    assert "it waits for others of the same snapshot, e.g. us_census/imports/2024-0" in str(found[NEW].reason)
    assert "jumped" in str(found[NEW].reason)


def test_a_good_look_ends_the_wait_and_what_waited_never_stood(asked: Asked):
    asked.snapshot(filed("2024-06", times_a_thousand), AUGUST)
    found = asked.snapshot(filed("2024-06"), LATER)
    assert [(name, came_back.reason) for name, came_back in found.items() if came_back.state == "quarantined"] == []
    source = load_source("us_census")
    every = judge_releases(asked.data, source, ledger.read(asked.data, source), observations(source, snapshots_of(asked.data, source)))
    assert [judged.state for judged in every if judged.observation.slice == NEW] == ["passed_over", "current"]


def test_a_person_who_accepts_what_is_held_ends_the_wait(asked: Asked):
    held = [judged for judged in asked.snapshot(filed("2024-06", times_a_thousand), AUGUST).values() if judged.observation.slice != NEW]
    for release in held:
        if release.state == "quarantined":
            at = datetime(2024, 8, 20, 9, tzinfo=UTC)
            archive.decide(
                asked.data.raw, archive.Decision("us_census", release.observation.release_id, "accept", "a tester", "so it is", at)
            )
    assert [(name, judged.reason) for name, judged in asked.judged(AUGUST).items() if judged.state == "quarantined"] == []


def test_a_month_that_waited_is_held_against_its_neighbours_once_the_wait_ends():
    def seen(month: str, release: str, day: int) -> Observation:
        moment = datetime(2026, 1, day, tzinfo=UTC)
        return Observation(
            "us_census", f"us_census/imports/{month}", release, release, 1, moment, f"snapshot {day}", (), moment, "received"
        )

    first, wrong, new, mended = (
        seen("2025-01", "good", 1),
        seen("2025-01", "wrong", 2),
        seen("2025-02", "new", 2),
        seen("2025-01", "mended", 3),
    )
    for reason, state in ((None, "current"), ("a thousand times as much", "quarantined")):
        judged = judge_history(
            [first, wrong, new, mended],
            failed=lambda _: None,
            must_wait=lambda before, after: "it jumped" if after is wrong else None,
            compared=lambda _, after, reason=reason: Comparison(1, reason if after is new else None),
            decided={},
            as_of=None,
        )
        assert {each.observation.release_id: (each.state, each.reason) for each in judged}["new"] == (state, reason)


def test_a_new_month_that_is_apart_from_the_months_around_it_is_held(asked: Asked):
    found = asked.snapshot(filed("2024-06", only("2024-06")), AUGUST)
    assert {name for name, came_back in found.items() if came_back.state == "quarantined"} == {NEW}
    assert "value of 4 totals together is" in str(found[NEW].reason)
    assert "in us_census/imports/2024-05" in str(found[NEW].reason)


def test_of_months_first_seen_together_the_one_apart_from_both_its_neighbours_is_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("LODESTONE_SELECTION", SELECTION)
    with Offices({"us_census": filed("2024-05")}) as offices:
        found = Asked(Settings(tmp_path / "data"), offices).snapshot(filed("2024-05", only("2024-03")), JULY)
    assert {name for name, came_back in found.items() if came_back.state == "quarantined"} == {"us_census/imports/2024-03"}


def nested(delivery: Delivery) -> Delivery:
    return replace(delivery, reply=replace(delivery.reply, body=b"[" * 100_000 + b"]" * 100_000))


def on_one_line(delivery: Delivery) -> Delivery:
    return replace(delivery, reply=replace(delivery.reply, body=delivery.reply.body.replace(b"\n", b"")))


def test_an_answer_that_no_reader_can_follow_is_refused_by_name_and_stops_no_later_night(asked: Asked):
    asked.offices.faults.add(nested, "us_census", r"imports/hs.*HS10")
    found = asked.snapshot(filed("2024-06"), AUGUST)
    message = curate(asked.data, asked.offices, AUGUST, "us_census", SELECTION).errors
    assert ["imports-HS10-2836-2024-03_2024-06.json line 1: a value is no string" in message for message in message] == [True]
    assert {name[-7:]: came_back.state for name, came_back in found.items()} == dict.fromkeys(
        months_between("2024-01", "2024-05"), "current"
    )
    asked.offices.faults.clear()
    assert asked.snapshot(filed("2024-06"), LATER)[NEW].state == "current"
    assert curate(asked.data, asked.offices, LATER, "us_census", SELECTION).errors == []


def test_rows_on_one_line_are_the_same_release_as_rows_on_lines_of_their_own(asked: Asked):
    before = asked.judged(JULY)
    asked.offices.faults.add(on_one_line, "us_census", r"hs")
    after = asked.snapshot(filed("2024-05"), AUGUST)
    assert {name: value.observation.release_id for name, value in after.items()} == {
        name: value.observation.release_id for name, value in before.items()
    }
