"""What a night asks, and why, which `plan` says without asking."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from pipelines import archive
from pipelines.fetching import due
from pipelines.fetching.visit import Fetched, datetime
from pipelines.intake.snapshots import snapshots_of
from pipelines.periods import months_between
from pipelines.rehearsal import ecb_stand_in as ecb
from pipelines.rehearsal import us_census_stand_in as us_census
from pipelines.rehearsal.faults import emptied
from tests.offices_asked import LATER, answered
from tests.rehearsal import FIRST_NIGHT, SECOND_NIGHT, SELECTION, Rehearsal, source

NEVER = "not asked for yet, or not for every code of the selection"
WINDOW = "within the 4 newest months, which the office may still revise"
JUNE = "the office revises 43 months at this time of the year"
EMPTY = "empty when last asked, and nothing later is there: not published yet"


def test_the_first_night_asks_every_month_that_may_be_there_and_no_later_one(fresh: Rehearsal) -> None:
    planned = fresh.plan("us_census", FIRST_NIGHT)
    assert planned.months == dict.fromkeys(["2024-09", "2024-10", "2024-11", "2024-12"], NEVER)
    assert len(planned.requests) == 8
    assert fresh.plan("us_census", "2025-03-03T00:00:00").months.keys() == {*planned.months, "2025-01"}
    assert "2025-01" not in fresh.plan("us_census", "2025-03-02T23:59:59").months
    assert (fresh.offices.asked, list(fresh.data.data.glob("*"))) == ([], [])


def test_later_nights_ask_the_newest_months_and_what_is_missing(rehearsal: Rehearsal) -> None:
    assert rehearsal.plan("us_census", SECOND_NIGHT).months == {
        "2024-10": WINDOW,
        "2024-11": WINDOW,
        "2024-12": WINDOW,
        "2025-01": NEVER,
    }
    assert rehearsal.plan("us_census", "2025-07-20T02:00:00").months == {
        **dict.fromkeys(["2024-09", "2024-10", "2024-11", "2024-12"], JUNE),
        **dict.fromkeys(["2025-01", "2025-02", "2025-03", "2025-04", "2025-05"], NEVER),
    }
    assert rehearsal.offices.asked == []


def test_in_june_the_43_newest_months_are_asked_again(fresh: Rehearsal) -> None:
    fresh.offices.replace("us_census", us_census.made_up("2021-01", "2025-04"))
    fresh.ask("us_census", "2025-05-31T02:00:00+00:00", first_month="2021-01")
    fresh.offices.forget()
    fresh.ask("us_census", "2025-06-01T02:00:00+00:00", first_month="2021-01")
    asked = {pair[1] for request in fresh.offices.asked for pair in request.query if pair[0] == "time"}
    first = asked and min(time.split()[1] for time in asked)
    last = max(time.split()[3] for time in asked)
    assert (first, last) == ("2021-10", "2025-04")
    assert len(months_between("2021-10", "2025-04")) == 43


LITHIUM, SINCE_2021 = "283691", {"first_month": "2021-01"}


def due_again(rehearsal: Rehearsal, now: str) -> list[str]:
    """The months that are due because a revision of them was missed."""
    planned = rehearsal.plan("us_census", now, LITHIUM, **SINCE_2021).months
    return [month for month, why in planned.items() if why.startswith("to be asked for again between ")]


def test_a_season_in_which_nobody_asked_is_made_up_by_the_next_night_and_only_once(fresh: Rehearsal) -> None:
    fresh.offices.replace("us_census", us_census.made_up("2021-01", "2025-03"))
    fresh.ask("us_census", "2025-05-20T02:00:00+00:00", LITHIUM, **SINCE_2021)
    assert due_again(fresh, "2025-05-31T02:00:00") == []
    months = fresh.plan("us_census", "2025-09-20T02:00:00", LITHIUM, **SINCE_2021).months
    assert (
        months["2021-10"]
        == "to be asked for again between 2025-06-01 and 2025-07-31, when the office may have revised it; last asked for on 2025-05-20"
    )
    assert due_again(fresh, "2025-09-20T02:00:00") == months_between("2021-10", "2025-03")
    assert due_again(fresh, "2026-02-20T02:00:00") == months_between("2021-10", "2025-03"), "however long ago the season was"
    fresh.offices.replace("us_census", us_census.made_up("2021-01", "2025-07"))
    fresh.ask("us_census", "2025-09-20T02:00:00+00:00", LITHIUM, **SINCE_2021)
    assert due_again(fresh, "2025-09-21T02:00:00") == []
    assert due_again(fresh, "2026-08-01T02:00:00") == months_between("2022-10", "2025-07"), "the next season was missed as well"


@pytest.mark.parametrize(("newest", "made_up"), [("2025-03", False), ("2025-04", True)])
def test_a_look_in_a_season_counts_once_the_month_with_which_the_revision_comes_is_there(
    fresh: Rehearsal, newest: str, made_up: bool
) -> None:
    fresh.offices.replace("us_census", us_census.made_up("2021-01", newest))
    fresh.ask("us_census", "2025-06-03T02:00:00+00:00", LITHIUM, **SINCE_2021)
    assert ("2021-10" not in due_again(fresh, "2025-08-15T02:00:00")) == made_up
    fresh.ask("us_census", "2025-08-15T02:00:00+00:00", LITHIUM, **SINCE_2021)
    assert "2021-10" not in due_again(fresh, "2025-08-16T02:00:00"), "the season is over"


def test_a_month_that_left_the_newest_ones_while_nobody_asked_is_asked_for_once_more(fresh: Rehearsal) -> None:
    fresh.offices.replace("us_census", us_census.made_up("2021-01", "2025-07"))
    fresh.ask("us_census", "2025-09-20T02:00:00+00:00", LITHIUM, **SINCE_2021)
    assert due_again(fresh, "2026-02-10T02:00:00") == ["2025-05", "2025-06", "2025-07"]
    assert "2025-04" not in fresh.plan("us_census", "2026-02-10T02:00:00", LITHIUM, **SINCE_2021).months, (
        "July was there when it was asked for"
    )
    fresh.offices.replace("us_census", us_census.made_up("2021-01", "2025-12"))
    fresh.ask("us_census", "2026-02-10T02:00:00+00:00", LITHIUM, **SINCE_2021)
    assert due_again(fresh, "2026-02-11T02:00:00") == []


def test_the_months_that_a_late_office_may_still_revise_stay_due_until_it_has_published(fresh: Rehearsal) -> None:
    fresh.offices.replace("us_census", us_census.made_up("2021-01", "2025-07"))
    for day in ("2025-09-20", "2026-01-20"):
        fresh.ask("us_census", f"{day}T02:00:00+00:00", LITHIUM, **SINCE_2021)
        assert due_again(fresh, "2026-01-21T02:00:00") == ["2025-05", "2025-06", "2025-07"], "August is not there yet"


def test_a_range_that_is_asked_for_long_after_is_final_though_later_months_were_never_asked_for(fresh: Rehearsal) -> None:
    now = datetime.fromisoformat("2026-02-10T02:00:00+00:00")
    fresh.offices.replace("us_census", us_census.made_up("2021-01", "2025-12"))
    fresh.ask("us_census", now.isoformat(), LITHIUM, planned=lambda office: due.backfill(office, "2021-01", "2021-12", now), **SINCE_2021)
    assert due_again(fresh, "2026-02-10T02:00:00") == []


def test_a_month_that_was_empty_and_is_the_newest_is_asked_again_after_it_left_the_window(rehearsal: Rehearsal) -> None:
    rehearsal.offices.faults.add(emptied(), "us_census", "2025-0")
    rehearsal.ask("us_census", "2025-06-10T02:00:00+00:00")
    planned = rehearsal.plan("us_census", "2025-08-10T02:00:00").months
    assert planned["2025-01"] == EMPTY
    assert (planned["2025-03"], planned["2025-06"]) == (WINDOW, NEVER)


def test_a_code_that_is_new_in_the_selection_has_every_month_asked_for_again(rehearsal: Rehearsal) -> None:
    more = f"{SELECTION},250410"
    assert set(rehearsal.plan("us_census", FIRST_NIGHT, more).months.values()) == {NEVER}
    rehearsal.ask("us_census", SECOND_NIGHT, more)
    headings = {value for request in rehearsal.offices.asked for name, value in request.query if name in ("I_COMMODITY", "E_COMMODITY")}
    assert headings == {"2504*", "2822*", "2836*"}
    assert set(rehearsal.plan("us_census", SECOND_NIGHT, more).months.values()) == {WINDOW}
    assert set(rehearsal.plan("us_census", SECOND_NIGHT).months.values()) == {WINDOW}


def test_no_question_is_put_twice_in_a_night_and_a_second_night_of_the_day_asks_the_window_only(fresh: Rehearsal) -> None:
    fresh.offices.replace("us_census", us_census.made_up("2023-09", "2024-12"))
    fresh.ask("us_census", FIRST_NIGHT, first_month="2023-09")
    fresh.ask("ecb_rates", FIRST_NIGHT)
    assert (len(fresh.requests()), len(set(fresh.requests())), len(fresh.requests("ecb_rates"))) == (16, 16, 1)
    fresh.offices.forget()
    planned = fresh.plan("us_census", FIRST_NIGHT)
    assert planned.months == dict.fromkeys(["2024-09", "2024-10", "2024-11", "2024-12"], WINDOW)
    found = fresh.ask_all(FIRST_NIGHT)
    assert (len(fresh.requests()), [request.status for request in fresh.offices.asked if request.office == "ecb_rates"]) == (8, [304])
    assert isinstance(found["ecb_rates"], Fetched)
    assert (found["ecb_rates"].unchanged, found["ecb_rates"].received_bytes) == (1, 0)


def test_a_backfill_asks_the_range_and_nothing_that_cannot_be_there_yet(fresh: Rehearsal) -> None:
    patch = fresh.live_at(FIRST_NIGHT)
    office = source("us_census", first_month="2018-01")
    now = datetime.fromisoformat(FIRST_NIGHT)
    assert [*due.backfill(office, "2018-11", "2019-02", now).months] == ["2018-11", "2018-12", "2019-01", "2019-02"]
    assert [*due.backfill(office, "2024-11", None, now).months] == ["2024-11", "2024-12"]
    assert [*due.backfill(office, "2024-11", "2030-01", now).months] == ["2024-11", "2024-12"]
    assert [request.member for request in due.backfill(office, "2018-11", "2019-02", now).requests][::8] == [
        "imports-HS10-2822-2018-11_2018-12.json",
        "imports-HS10-2822-2019-01_2019-02.json",
    ]
    patch.undo()


def test_of_two_visits_in_one_second_the_second_counts(fresh: Rehearsal) -> None:
    fresh.ask("ecb_rates", FIRST_NIGHT)
    fresh.offices.replace("ecb_rates", ecb.made_up(date(2024, 9, 2), date(2025, 2, 10)))
    fresh.ask("ecb_rates", FIRST_NIGHT)
    first, second = [message.name for message in snapshots_of(fresh.data, source("ecb_rates"))]
    assert second.split("/")[1] == f"{first.split('/')[1]}-02"


def test_how_long_a_night_takes_is_told_by_the_pauses_first_and_then_by_the_pace_of_the_last_visits(fresh: Rehearsal) -> None:
    planned, census = fresh.plan("us_census", FIRST_NIGHT), source("us_census", requests_per_minute=30)
    assert due.expected_seconds(fresh.data, census, planned) == (14, False)
    answered(fresh.data, LATER, seconds=0.5)
    assert due.expected_seconds(fresh.data, census, planned) == (14, True), "the pauses stay"
    answered(fresh.data, LATER + timedelta(days=1), seconds=5.5)
    assert due.expected_seconds(fresh.data, census, planned) == (8 * 3, True)


def test_the_time_an_answer_took_stands_in_its_receipt(fresh: Rehearsal) -> None:
    fresh.ask("ecb_rates", FIRST_NIGHT)
    ((receipt,),) = [visit.receipts for visit in archive.visits(fresh.data.raw, "ecb_rates")]
    assert receipt.seconds is not None
    assert receipt.seconds >= 0


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "less than a minute"), (59.9, "less than a minute"), (60, "1 min"), (61, "2 min"), (3600, "1 h 0 min"), (7_321, "2 h 3 min")],
)
def test_a_length_of_time_is_said_in_minutes(seconds: float, words: str) -> None:
    assert due.in_words(seconds) == words
