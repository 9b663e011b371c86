"""A visit that ends too early, by a cut or by SIGKILL at any point, is gone on with; what was answered is not asked for again."""

from __future__ import annotations

import multiprocessing
import os
import re
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from pipelines import archive, night
from pipelines.archive import files
from pipelines.archive import visit as written
from pipelines.edition import load
from pipelines.errors import LodestoneError
from pipelines.fetching import download, due, part, visit
from pipelines.fetching.visit import Fetched
from pipelines.intake import curation
from pipelines.rehearsal import faults
from pipelines.rehearsal import us_census_stand_in as us_census
from pipelines.settings import load_settings
from pipelines.sources import Source
from tests.rehearsal import (
    FIRST_NIGHT,
    SECOND_NIGHT,
    SELECTION,
    THIRD_NIGHT,
    Rehearsal,
    assert_nothing_lost,
    facts,
    kept,
    leftovers,
    receipts,
    source,
    status,
)
from tests.world.edition.test_killed import die, into, live

LATER_THAT_NIGHT = "2025-02-10T05:00:00+00:00"
LATER_THAT_SECOND_NIGHT = "2025-03-10T05:00:00+00:00"


def a_line_half_written() -> None:
    """The process dies when half of the third receipt's line is on the disk."""
    real, seen = written.append_line, 0

    def append(path: Path, line: str) -> None:
        nonlocal seen
        seen += path.name == "receipts.jsonl"
        if seen < 3 or path.name != "receipts.jsonl":
            real(path, line)
            return
        with path.open("a") as file:
            file.write(line[: len(line) // 2])
        os.kill(os.getpid(), signal.SIGKILL)

    written.append_line = append  # type: ignore[assignment]


def always(*_: object, **__: object) -> bool:
    return True


FETCHING: dict[str, tuple[Callable[[], None], int]] = {
    "before the first request": (lambda: die(download.Downloader, "ask", always), 0),
    "between two answers": (lambda: die(download.Downloader, "ask", always, nth=4), 3),
    "within the file of rates": (lambda: die(part.Part, "add", after=True), 0),
    "within an answer": (lambda: die(part.Part, "add", nth=4), 3),
    "keeping an answer": (lambda: die(files.os, "replace", into("fetched"), nth=4), 1),
    "before writing a receipt": (lambda: die(written, "append_line", nth=3), 2),
    "within a receipt": (a_line_half_written, 2),
    "after writing a receipt": (lambda: die(written, "append_line", nth=3, after=True), 3),
}
"""What kills the process, and how many answers have their receipts by then; the first is that of the exchange rates."""

BUILDING: dict[str, Callable[[], None]] = {
    "fingerprinting": lambda: die(curation, "parts_of"),
    "curating": lambda: die(curation, "_append"),
    "loading": lambda: die(load, "load_table", nth=3),
    "publishing": lambda: die(files.os, "replace", live),
}


def night_that_dies(data: Path, address: str, stage: str) -> None:
    """A night in a process of its own, up to the stage at which it is killed."""
    os.environ.update(
        LODESTONE_DATA=str(data),
        LODESTONE_OFFICES=address,
        LODESTONE_SELECTION=SELECTION,
        LODESTONE_US_CENSUS_KEY=us_census.KEY,
        LODESTONE_NOW=SECOND_NIGHT,
    )
    (FETCHING[stage][0] if stage in FETCHING else BUILDING[stage])()
    settings = load_settings()
    for name in ("ecb_rates", "us_census"):
        night.ask(settings, source(name), wait=lambda _: None)
    night.take_in(settings)
    night.build(settings)


def kill(rehearsal: Rehearsal, stage: str) -> None:
    address = rehearsal.offices.address
    process = multiprocessing.get_context("spawn").Process(target=night_that_dies, args=(rehearsal.data.data, address, stage))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL, f"the process was not killed at {stage!r} but ended with {process.exitcode}"


@pytest.mark.parametrize("stage", FETCHING)
def test_a_night_killed_while_asking_is_gone_on_with(stage: str, rehearsal: Rehearsal, healed: dict[str, list[tuple[object, ...]]]) -> None:
    before = kept(rehearsal.data)
    kill(rehearsal, stage)
    assert_nothing_lost(before, kept(rehearsal.data))
    with_receipts = FETCHING[stage][1]
    assert receipts(kept(rehearsal.data)) == receipts(before) + with_receipts
    first = rehearsal.requests() + rehearsal.requests("ecb_rates")
    rehearsal.offices.forget()
    came = rehearsal.ask_all(LATER_THAT_SECOND_NIGHT)
    answered = {name: came_back.answered for name, came_back in came.items() if isinstance(came_back, Fetched)}
    assert answered == {"ecb_rates": 1, "us_census": 16 - max(with_receipts - 1, 0)}
    again = set(rehearsal.requests()) & set(first)
    assert len(again) <= 1, f"asked again: {again}"
    assert len({*first, *rehearsal.requests(), *rehearsal.requests("ecb_rates")}) == 17
    assert sum(request.sent for request in rehearsal.offices.asked if request.office == "ecb_rates") <= (0 if with_receipts else 15_000)
    assert archive.standing_trouble(rehearsal.data.raw, "us_census") is None
    if stage == "within a receipt":
        assert facts(rehearsal.publish(LATER_THAT_SECOND_NIGHT)[1].path) == healed
        assert leftovers(rehearsal.data) == []


@pytest.mark.parametrize("stage", BUILDING)
def test_a_night_killed_while_building_leaves_the_edition_whole_and_the_next_one_heals(
    stage: str, rehearsal: Rehearsal, healed: dict[str, list[tuple[object, ...]]]
) -> None:
    standing = facts(rehearsal.data.edition)
    kill(rehearsal, stage)
    assert facts(rehearsal.data.edition) == standing
    edition = rehearsal.night(THIRD_NIGHT).path
    assert facts(edition) == healed
    assert [status(edition, name)[0] for name in ("ecb_rates", "us_census")] == ["ok", "ok"]
    assert leftovers(rehearsal.data) == []


def test_what_was_answered_before_the_office_went_down_is_not_asked_again_that_night(fresh: Rehearsal) -> None:
    fresh.offices.replace("us_census", us_census.made_up("2022-09", "2024-12"))
    fresh.offices.faults.add(faults.refused(), "us_census", after=12)
    first = fresh.ask("us_census", FIRST_NIGHT, first_month="2022-09")
    assert (first.asked, first.answered, len(first.failures)) == (24, 12, 3)
    answered = fresh.requests()[:12]
    fresh.offices.faults.clear()
    fresh.offices.forget()
    rest = fresh.ask("us_census", LATER_THAT_NIGHT, first_month="2022-09")
    assert (rest.visit, rest.asked, rest.answered) == (first.visit, 12, 12)
    assert set(fresh.requests()).isdisjoint(answered)
    assert fresh.plan("us_census", LATER_THAT_NIGHT).months.keys() == {"2024-09", "2024-10", "2024-11", "2024-12"}
    assert archive.standing_trouble(fresh.data.raw, "us_census") is None


def test_half_a_visit_of_the_night_before_is_not_mixed_with_todays(fresh: Rehearsal) -> None:
    fresh.offices.faults.add(faults.refused(), "us_census", after=3)
    first = fresh.ask("us_census", FIRST_NIGHT)
    fresh.offices.faults.clear()
    second = fresh.ask("us_census", "2025-02-11T02:00:00+00:00")
    assert (first.answered, second.visit, second.answered) == (3, "20250211T020000Z", 8)
    assert archive.standing_trouble(fresh.data.raw, "us_census") is None


def test_a_trouble_stands_until_its_months_are_answered_whatever_else_was_asked_since(rehearsal: Rehearsal) -> None:
    def of(*months: str) -> Callable[[Source], due.Plan]:
        return lambda cell: due.plan_of(cell, months)

    rehearsal.offices.faults.add(faults.failing(404), "us_census", "2024-09")
    rehearsal.ask("us_census", SECOND_NIGHT, planned=of("2024-09"))
    rehearsal.ask("us_census", SECOND_NIGHT, planned=of("2024-12", "2025-01"))
    message = archive.standing_trouble(rehearsal.data.raw, "us_census")
    assert message is not None
    assert message.startswith(
        "8 of 8 requests of the visit of 20250310T020000Z have no answer: us_census, imports-HS10-2836-2024-09_2024-09"
    )
    rehearsal.offices.faults.clear()
    rehearsal.ask("us_census", LATER_THAT_SECOND_NIGHT, planned=of("2024-09"))
    assert archive.standing_trouble(rehearsal.data.raw, "us_census") is None
    assert len(archive.visits(rehearsal.data.raw, "us_census")) == 3


def test_a_held_file_that_was_damaged_is_asked_for_whole_and_put_right(rehearsal: Rehearsal) -> None:
    rehearsal.ask("ecb_rates", SECOND_NIGHT)
    (receipt,) = archive.visits(rehearsal.data.raw, "ecb_rates")[-1].receipts
    path = receipt.path(rehearsal.data.raw)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    came = rehearsal.ask("ecb_rates", THIRD_NIGHT)
    assert (came.answered, came.unchanged, came.received_bytes, path.read_bytes()) == (1, 0, len(whole), whole)


@pytest.mark.parametrize("name", ["us_census", "ecb_rates"])
def test_a_clock_set_back_is_refused_and_told_and_nothing_is_asked(name: str, rehearsal: Rehearsal) -> None:
    before = kept(rehearsal.data)
    with pytest.raises(LodestoneError, match="clock") as refused:
        rehearsal.ask(name, "2024-12-31T02:00:00+00:00")
    assert str(refused.value) == (
        f"{name}: the clock says 2024-12-31 02:00 UTC, but something was received at 2025-02-10 02:00; set the clock right, "
        "for a receipt dated too early would change what was known when; if the clock was wrong then, move "
        f"{rehearsal.data.raw / name / 'fetched' / 'visits' / '20250210T020000Z'} away"
    )
    assert (kept(rehearsal.data), rehearsal.offices.asked) == (before, [])


@pytest.mark.parametrize("limit", ["visit_seconds", "visit_bytes"])
def test_a_visit_ends_at_its_limit_and_the_next_run_goes_on_with_it(limit: str, fresh: Rehearsal) -> None:
    first = fresh.ask("us_census", FIRST_NIGHT, **{limit: 0})
    assert (first.asked, first.answered) == (8, 1)
    assert re.fullmatch(r"us_census: a visit ends after .*, here with 1 of 8 requests put; run again to go on", "".join(first.failures)), (
        first.failures
    )
    assert first.failures[0] in str(archive.standing_trouble(fresh.data.raw, "us_census"))
    rest = fresh.ask("us_census", FIRST_NIGHT)
    assert (rest.visit, rest.answered, len(set(fresh.requests()))) == (first.visit, 7, len(fresh.requests()))
    assert archive.standing_trouble(fresh.data.raw, "us_census") is None


def test_a_tag_is_sent_to_the_address_it_came_from_and_to_no_other(fresh: Rehearsal) -> None:
    def elsewhere(office: Source) -> due.Plan:
        planned = due.plan_of(office, ["2025-01"])
        return replace(planned, requests=tuple(replace(asked, params=(("version", "2"),)) for asked in planned.requests))

    fresh.ask("ecb_rates", FIRST_NIGHT)
    fresh.ask("ecb_rates", SECOND_NIGHT, planned=elsewhere)
    fresh.ask("ecb_rates", THIRD_NIGHT, planned=elsewhere)
    assert [("if-none-match" in request.headers, request.status) for request in fresh.offices.asked] == [
        (False, 200),
        (False, 200),
        (True, 304),
    ]


def test_what_is_held_stays_recognised_by_the_tag_it_came_with(fresh: Rehearsal) -> None:
    fresh.ask("ecb_rates", FIRST_NIGHT)
    for moment in (SECOND_NIGHT, THIRD_NIGHT):
        fresh.offices.faults.clear()
        fresh.offices.faults.add(
            lambda delivery: faults.replace(
                delivery, reply=faults.Reply(304, {"ETag": f"W/{delivery.reply.headers['ETag']}", "X-Night": "second"})
            )
        )
        fresh.ask("ecb_rates", moment)
    first, *later = [visit.receipts[0].headers for visit in archive.visits(fresh.data.raw, "ecb_rates")]
    assert [(request["etag"], request["last-modified"]) for request in later] == [(first["etag"], first["last-modified"])] * 2
    assert later[-1]["x-night"] == "second"


def test_a_long_visit_tells_how_far_it_is_some_times_and_not_of_every_answer(fresh: Rehearsal, monkeypatch: pytest.MonkeyPatch) -> None:
    fresh.ask("us_census", FIRST_NIGHT)
    assert fresh.said == []
    monkeypatch.setattr(visit, "SAY_EVERY", 1)
    monkeypatch.setattr(visit, "SAY_TIMES", 4)
    fresh.ask("us_census", SECOND_NIGHT)
    message = r"us_census: (\d+) of 16 requests, [\d.]+ MB, less than a minute left at this pace"
    assert [found[1] for line in fresh.said if (found := re.fullmatch(message, line))] == ["4", "8", "12"], fresh.said
