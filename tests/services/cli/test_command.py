"""The commands over the wire: a missing key, a key that stays secret, two nights at once, a plan that asks nothing."""

from __future__ import annotations

import threading
import time

import pytest

from pipelines import archive
from pipelines.rehearsal import faults
from pipelines.rehearsal import us_census_stand_in as us_census
from tests.building import Run
from tests.nights import environment
from tests.rehearsal import SECOND_NIGHT, SELECTION, THIRD_NIGHT, Rehearsal, assert_nothing_lost, facts, kept, status
from tests.services.command import ended, run, start

SENTENCE = "us_census needs a key in LODESTONE_US_CENSUS_KEY: sign up at https://api.census.gov/data/key_signup.html"
SECRET = "c0ffee0123456789abcdefc0ffee0123456789ab"


def test_a_missing_key_is_one_sentence_and_the_other_office_goes_on(rehearsal: Rehearsal) -> None:
    before, standing = kept(rehearsal.data), facts(rehearsal.data.edition)
    came = run(rehearsal.data.data, rehearsal.offices, SECOND_NIGHT, SELECTION, "nightly", key=None)
    message = came.stdout + came.stderr
    assert came.returncode == 0, message
    assert [line for line in came.stdout.splitlines() if "us_census" in line and "key" in line] == [SENTENCE]
    assert "Traceback" not in message
    assert rehearsal.requests() == []
    assert len(rehearsal.requests("ecb_rates")) == 1
    assert_nothing_lost(before, kept(rehearsal.data))
    assert facts(rehearsal.data.edition, "us_census")["trade_flow"] == standing["trade_flow"]
    assert len(facts(rehearsal.data.edition)["exchange_rate"]) > len(standing["exchange_rate"])
    alone = run(rehearsal.data.data, rehearsal.offices, SECOND_NIGHT, SELECTION, "fetch", "us_census", "--from", "2025-01", key=" ")
    assert (alone.returncode, alone.stdout.splitlines()) == (1, [SENTENCE])


@pytest.mark.parametrize("trouble", ["none", "a page", "an error that repeats the address", "a redirect"])
def test_the_key_is_nowhere_in_what_is_written_or_said(trouble: str, rehearsal: Rehearsal, lodestone: Run) -> None:
    office = us_census.made_up("2024-09", "2025-01")
    known = us_census.UsCensus(office.cells, keys=[SECRET], key_page="redirect" if trouble == "a redirect" else "direct")
    rehearsal.offices.replace("us_census", known)
    if trouble == "a page":
        rehearsal.offices.faults.add(faults.html_page(f"Invalid Key {SECRET}"), "us_census", after=2)
    elif trouble == "an error that repeats the address":
        body = f"error: unknown variable in ?get=X&key={SECRET}".encode()
        rehearsal.offices.faults.add(
            lambda delivery: faults.replace(delivery, reply=faults.Reply(400, {"Content-Type": "text/plain"}, body)), "us_census", after=2
        )
    elif trouble == "a redirect":
        rehearsal.offices.replace("us_census", us_census.UsCensus(office.cells, keys=["another"], key_page="redirect"))
    with_secret = environment(rehearsal.data, rehearsal.offices, SECOND_NIGHT, SELECTION) | {"LODESTONE_US_CENSUS_KEY": SECRET}
    code, out, message = lodestone(rehearsal.data, "fetch", "us_census", "--from", "2024-12", **with_secret)
    assert code == (0 if trouble == "none" else 1), message
    assert all(request.had_key for request in rehearsal.offices.asked if request.path.endswith("/hs"))
    assert SECRET not in (out + message).replace("\n", "")
    for path in rehearsal.data.data.rglob("*"):
        assert not path.is_file() or SECRET.encode() not in path.read_bytes(), f"{path} holds the key"


def test_two_nights_at_once_do_not_disturb_each_other(rehearsal: Rehearsal, healed: dict[str, list[tuple[object, ...]]]) -> None:
    before = kept(rehearsal.data)
    gate = threading.Event()
    rehearsal.offices.faults.add(lambda delivery: (gate.wait(100), delivery)[1], "us_census")
    first = start(rehearsal.data.data, rehearsal.offices, SECOND_NIGHT, SELECTION, "nightly")
    while not rehearsal.requests():
        assert first.poll() is None
        time.sleep(0.05)
    second = run(rehearsal.data.data, rehearsal.offices, SECOND_NIGHT, SELECTION, "nightly")
    gate.set()
    done = ended(first)
    message = "another run is asking us_census"
    assert (first.returncode, second.returncode) == (0, 0), done.stderr + second.stderr
    assert message in second.stdout
    assert message not in done.stdout
    assert "Traceback" not in done.stdout + done.stderr + second.stdout + second.stderr
    assert_nothing_lost(before, kept(rehearsal.data))
    asked = rehearsal.requests()
    assert len(asked) == len(set(asked))
    assert archive.standing_trouble(rehearsal.data.raw, "us_census") is None
    assert facts(rehearsal.data.edition) == healed
    assert status(rehearsal.data.edition, "us_census")[0] == "ok"


def test_a_plan_says_what_and_why_and_asks_nothing(rehearsal: Rehearsal, lodestone: Run) -> None:
    before = kept(rehearsal.data)
    living = environment(rehearsal.data, rehearsal.offices, THIRD_NIGHT, SELECTION)
    code, out, message = lodestone(rehearsal.data, "plan", "us_census", "--requests", **living | {"LODESTONE_US_CENSUS_KEY": ""})
    lines = out.splitlines()
    assert (code, message) == (0, "")
    assert lines[0].endswith("requests to US Census Bureau")
    assert "  2024-10 to 2024-12: within the 4 newest months, which the office may still revise" in lines
    assert "  2018-01 to 2024-08, 2025-01: not asked for yet, or not for every code of the selection" in lines
    shown = [line for line in lines if line.startswith("  https://api.census.gov/")]
    assert len(shown) == int(lines[0].split()[1])
    assert (rehearsal.offices.asked, kept(rehearsal.data)) == ([], before)
    sentence = "lodestone: 'nobody' is no office that is asked; there are ecb_rates, us_census\n"
    assert lodestone(rehearsal.data, "plan", "nobody") == (2, "", sentence)
