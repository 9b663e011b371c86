"""What an office or the way to it can do: each fault has its message, loses nothing, publishes nothing wrong, and heals."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from pipelines.errors import LodestoneError
from pipelines.fetching.visit import Fetched
from pipelines.rehearsal import ecb_stand_in as ecb
from pipelines.rehearsal import faults
from pipelines.rehearsal.faults import Effect
from tests.rehearsal import (
    FIRST_NIGHT,
    SECOND_NIGHT,
    THIRD_NIGHT,
    Rehearsal,
    assert_nothing_lost,
    facts,
    kept,
    leftovers,
    receipts,
    status,
)
from tests.waiting import comes_to
from tests.web import refused_address

LATER = "run again later; what was there before is untouched"
REQUEST = "imports-HS10-2822-2024-10_2024-12.json"
ZIP = "eurofxref-hist.zip"
OTHER = {"us_census": "ecb_rates", "ecb_rates": "us_census"}


@dataclass(frozen=True)
class Silence:
    """A fault after which there is no answer: what is told of it, how often the office was asked, and the waits in between."""

    office: str
    effect: Effect
    message: str
    asked: int
    waits: Callable[[list[float]], bool] = lambda waited: [wait >= 2 for wait in waited if wait > 1] == [True] * len(waited)
    fetch: dict[str, Any] = field(default_factory=dict)


def exactly(*seconds: float) -> Callable[[list[float]], bool]:
    return lambda waited: waited == list(seconds)


def growing(waited: list[float]) -> bool:
    """Four waits between five attempts at each of three requests, from about two seconds on, none above two minutes."""
    return all(0 <= wait <= 122 for wait in waited) and max(waited) > 2


CENSUS = f"us_census, {REQUEST}: "
RATES = f"ecb_rates, {ZIP}: "
SILENCES = {
    "the connection is closed": Silence(
        "us_census",
        faults.refused(),
        CENSUS
        + "api.census.gov gives no answer that can be read (Server disconnected without sending a response.) (attempt 5 of 5); "
        + LATER,
        15,
        growing,
    ),
    "slow": Silence(
        "us_census",
        faults.slow(30),
        CENSUS + "timed out: nothing came for 0.2 sTEXT (attempt 5 of 5); " + LATER,  # after some bytes, or before the first
        15,
        growing,
        {"timeout_seconds": 0.2},
    ),
    "cut": Silence(
        "us_census", faults.cut(0.5), CENSUS + "the connection was cut after N of N bytes (attempt 5 of 5); " + LATER, 15, growing
    ),
    "429": Silence(
        "us_census", faults.throttled(), CENSUS + "HTTP 429 Too Many Requests (too many requests) (attempt 5 of 5); " + LATER, 15, growing
    ),
    "429 with a wait": Silence(
        "us_census",
        faults.throttled("7"),
        CENSUS + "HTTP 429 Too Many Requests (too many requests) (attempt 5 of 5); " + LATER,
        15,
        exactly(*[7.0] * 12),
    ),
    "429 with an hour to wait": Silence(
        "us_census",
        faults.throttled("3600"),
        CENSUS + "HTTP 429 Too Many Requests (too many requests); it asks to wait 3,600 s, until DAY UTC; run again after that",
        1,
        exactly(),
    ),
    "500": Silence(
        "us_census",
        faults.failing(500),
        CENSUS + "HTTP 500 Internal Server Error (500 500 Service Error) (attempt 5 of 5); " + LATER,
        15,
        growing,
    ),
    "503": Silence(
        "us_census",
        faults.failing(503),
        CENSUS + "HTTP 503 Service Unavailable (503 503 Service Error) (attempt 5 of 5); " + LATER,
        15,
        growing,
    ),
    "404": Silence(
        "us_census",
        faults.failing(404),
        CENSUS + "HTTP 404 Not Found (404 404 Service Error); look on the office's page whether its address or parameters changed",
        3,
        exactly(),
    ),
    "a page": Silence(
        "us_census",
        faults.html_page(),
        f"us_census, {REQUEST} line 1: the answer is not the rows that were asked for, found '<!DOCTYPE html>\\n<html>\\n<head><title>"
        "Down for maintenance</title></head>\\n<body><h1>Down for maintenance</h1></body>\\n</...'; ask again later, or see what the "
        "address shows",
        3,
        exactly(),
    ),
    "a page that the key is not known": Silence(
        "us_census",
        faults.html_page("Invalid Key"),
        f"us_census, {REQUEST} line 1: the office does not know the key, found '<!DOCTYPE html>\\n<html>\\n<head><title>"
        "Invalid Key</title></head>\\n<body><h1>Invalid Key</h1></body>\\n</html>\\n'; check LODESTONE_US_CENSUS_KEY; a key comes from "
        "https://api.census.gov/data/key_signup.html and must be activated",
        3,
        exactly(),
    ),
    "UTF-16": Silence(
        "us_census",
        faults.encoded("utf-16"),
        f"us_census, {REQUEST} line 1: the answer is not the rows that were asked for, found TEXT; "
        "ask again later, or see what the address shows",
        3,
        exactly(),
    ),
    "a body that ends too early": Silence(
        "us_census", faults.truncated(0.5), f"us_census, {REQUEST} line N: the answer ends too early, found TEXT; ask again", 3, exactly()
    ),
    "rates: the connection is closed": Silence(
        "ecb_rates",
        faults.refused(),
        RATES
        + "www.ecb.europa.eu gives no answer that can be read (Server disconnected without sending a response.) (attempt 5 of 5); "
        + LATER,
        5,
        growing,
    ),
    "rates: 503 with a wait": Silence(
        "ecb_rates",
        faults.failing(503, "9"),
        RATES + "HTTP 503 Service Unavailable (503 503 Service Error) (attempt 5 of 5); " + LATER,
        5,
        exactly(9, 9, 9, 9),
    ),
    "rates: a zip that ends too early": Silence(
        "ecb_rates",
        faults.truncated(0.5),
        "ecb_rates, eurofxref-hist.csv line 1: the zip cannot be read (File is not a zip file), found TEXT; fetch it again",
        1,
        exactly(),
    ),
}


def matches(message: str, expected: str) -> bool:
    """Whether a message is as expected, with N for any number, DAY for any minute and TEXT for whatever the office sent."""
    pattern = re.escape(expected)
    for word, meant in (("DAY", r"\d{4}-\d\d-\d\d \d\d:\d\d"), ("TEXT", ".*"), (r"\bN\b", r"[\d,]+")):
        pattern = re.sub(word, lambda _, meant=meant: meant, pattern)  # type: ignore[misc]
    return re.fullmatch(pattern, message, re.DOTALL) is not None


@pytest.mark.parametrize("name", SILENCES)
def test_an_office_that_gives_no_good_answer_says_why_and_loses_nothing_and_is_asked_again(name: str, rehearsal: Rehearsal) -> None:
    fault = SILENCES[name]
    before = kept(rehearsal.data)
    rehearsal.offices.faults.add(fault.effect, fault.office)
    found = rehearsal.ask_all(SECOND_NIGHT, **fault.fetch)
    silent, other = found[fault.office], found[OTHER[fault.office]]
    assert not isinstance(silent, LodestoneError)
    assert not isinstance(other, LodestoneError)
    assert matches(silent.failures[0], fault.message), silent.failures[0]
    assert any(line.endswith(silent.failures[0]) for line in rehearsal.said)
    assert (silent.answered, other.answered, other.failures) == (0, other.asked, ())
    comes_to(lambda: len(rehearsal.requests(fault.office)), fault.asked, "requests that were given up to arrive all the same")
    assert fault.waits(rehearsal.waited), rehearsal.waited
    after = kept(rehearsal.data)
    assert_nothing_lost(before, after)
    assert receipts(after) == receipts(before) + other.answered

    rehearsal.offices.faults.clear()
    again = rehearsal.ask(fault.office, SECOND_NIGHT)
    assert (again.visit, again.answered, again.failures) == (silent.visit, again.asked, ())


def test_an_office_whose_name_nobody_knows_or_that_refuses_leaves_the_edition_as_it_was(
    rehearsal: Rehearsal, monkeypatch: pytest.MonkeyPatch, healed: dict[str, list[tuple[object, ...]]]
) -> None:
    before, standing = kept(rehearsal.data), facts(rehearsal.data.edition)
    with monkeypatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", nobody_knows)
        unknown = rehearsal.ask("us_census", SECOND_NIGHT, address="http://offices.invalid")
    assert unknown.failures == (
        CENSUS + "the name api.census.gov is not known (Name or service not known); check the network and the address, then run again",
        *unknown.failures[1:],
    )
    refused = rehearsal.ask("us_census", SECOND_NIGHT, address=refused_address())
    assert refused.failures[0] == CENSUS + f"api.census.gov refused the connection (attempt 5 of 5); {LATER}"
    assert (unknown.answered, refused.answered, len(unknown.failures), len(refused.failures)) == (0, 0, 3, 3)
    assert rehearsal.offices.asked == []

    assert rehearsal.ask("ecb_rates", SECOND_NIGHT).answered == 1
    edition = rehearsal.publish(SECOND_NIGHT)[1].path
    assert_nothing_lost(before, kept(rehearsal.data))
    assert facts(edition, "us_census") == {**facts(edition, "us_census"), **{name: standing[name] for name in list(standing)[:3]}}
    assert facts(edition)["exchange_rate"] == healed["exchange_rate"] != standing["exchange_rate"]
    state, message = status(edition, "us_census")
    assert (state, status(edition, "ecb_rates")[0]) == ("failed", "ok")
    assert message == (
        "the last good release stands; 16 of 16 requests of the visit of 20250310T020000Z have no answer: "
        f"us_census, imports-HS10-2836-2024-10_2024-12.json: api.census.gov refused the connection (attempt 5 of 5); {LATER}"
    )
    edition = rehearsal.night(THIRD_NIGHT).path
    assert (status(edition, "us_census")[0], facts(edition)) == ("ok", healed)


def nobody_knows(*_: object, **__: object) -> list[object]:
    raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")


@pytest.mark.parametrize("tenth", range(10))
def test_a_file_cut_at_any_tenth_is_gone_on_with_where_it_broke(tenth: int, fresh: Rehearsal) -> None:
    whole = fresh.offices.office("ecb_rates").answer(ecb.PATH, [], {}).body  # type: ignore[union-attr]
    fresh.offices.faults.add(faults.cut(tenth / 10), "ecb_rates", times=1)
    fresh.offices.faults.add(faults.cut(tenth / 10), "us_census", times=3)
    came = fresh.ask_all(FIRST_NIGHT)
    assert [
        (came_back.answered == came_back.asked, came_back.failures) for came_back in came.values() if isinstance(came_back, Fetched)
    ] == [(True, ())] * 2
    first, second = (asked for asked in fresh.offices.asked if asked.office == "ecb_rates")
    held = len(whole) * tenth // 10
    assert (first.sent, second.sent) == (held, len(whole) - held)
    assert second.headers.get("range") == (f"bytes={held}-" if held else None)
    (path,) = fresh.data.raw.glob("ecb_rates/fetched/*/eurofxref-hist.zip")
    assert path.read_bytes() == whole
    asked = [request for _, request in fresh.requests()]
    assert (len(asked), asked[0], len(set(asked))) == (11, asked[3], 8)
    assert leftovers(fresh.data) == []


Change = Callable[[Rehearsal], object]


@dataclass(frozen=True)
class Wrong:
    """A fault in what an office sends with status 200: state and message of the source, and the slices that are not let in."""

    office: str
    change: Change
    state: str
    message: str


def befalls(effect: Effect, office: str = "us_census", matching: str = "") -> Change:
    return lambda rehearsal: rehearsal.offices.faults.add(effect, office, matching)


def ends_with_a_row(rehearsal: Rehearsal) -> object:
    """The body ends where a row does, so that only reading it shows that rows are missing."""

    def effect(delivery: faults.Delivery) -> faults.Delivery:
        body = delivery.reply.body
        return replace(delivery, reply=replace(delivery.reply, body=body[: body.rindex(b",\n")]))

    return rehearsal.offices.faults.add(effect, "us_census", "imports.*2836.*HS6")


def without_a_month(rehearsal: Rehearsal) -> object:
    return rehearsal.offices.faults.add(faults.without("time", "2024-11"), "us_census", "imports")


WRONGS = {
    "latin-1": Wrong(
        "us_census",
        befalls(faults.encoded("latin-1"), matching="imports.*2836.*HS10"),
        "failed",
        "TEXT.json line N: the bytes are not UTF-8, found TEXT; fetch it again",
    ),
    "ends with a row": Wrong(
        "us_census",
        ends_with_a_row,
        "failed",
        "the last good release stands; 2 of 16 requests of the visit of 20250310T020000Z have no answer: us_census, "
        "imports-HS6-2836-2025-01_2025-01.json line N: the answer ends too early, found TEXT; ask again",
    ),
    "a doubled page": Wrong(
        "us_census",
        befalls(faults.doubled(), matching="imports.*2836.*HS10"),
        "incomplete",
        "us_census/imports/2024-TEXT N of N lines were rejected, e.g. TEXTline N: the key {'I_COMMODITY': '28369100TEXT'} "
        "stands on more than one line: keep one of them",
    ),
    "a changed header": Wrong(
        "us_census",
        befalls(faults.renamed("GEN_VAL_MO", "GEN_VALUE_MO"), matching="imports.*2836.*HS10"),
        "failed",
        "TEXT.json line 1: variable 'GEN_VAL_MO' is missing, found TEXT; the variables are TEXT: "
        "teach the source's contract and fetch.py the new names",
    ),
    "a month withdrawn": Wrong(
        "us_census",
        without_a_month,
        "quarantined",
        "look at TEXT (us_census/imports/2024-11: all 17 lines vanished), TEXT (us_census/imports/2025-01: it waits for others of the same"
        " snapshot, e.g. us_census/imports/2024-11: all 17 lines vanished)TEXT, then `lodestone accept RELEASE --reason ...`",
    ),
    "everything withdrawn": Wrong(
        "us_census",
        befalls(faults.emptied(), matching="imports"),
        "quarantined",
        "look at TEXT (us_census/imports/2024-11: all 17 lines vanished), TEXT, then `lodestone accept RELEASE --reason ...`",
    ),
    "many partners never seen": Wrong(
        "us_census",
        befalls(faults.replaced("CTY_CODE", "3370", "9999"), matching="imports"),
        "incomplete",
        "TEXT 3 of 17 lines were rejected, e.g. TEXTline N: CTY_CODE '9999' is not in pipelines/sources/us_census/partners.csv: "
        "correct it, or add it thereTEXT",
    ),
    "rates: a currency renamed": Wrong(
        "ecb_rates",
        befalls(faults.renamed("CNY", "CNH"), "ecb_rates"),
        "failed",
        "the last good release stands; TEXTline 1: column 'CNY' is missing, found TEXT; the columns are TEXT: restore them, "
        "or teach the source's contract the new layout",
    ),
    "rates: half the days": Wrong(
        "ecb_rates",
        befalls(faults.shortened(0.5), "ecb_rates"),
        "quarantined",
        "look at TEXT (ecb_rates/reference_rates/2024-12: reference_rate shrank from 600 to 570 rows), TEXT: all 21 lines "
        "vanished)TEXT, then `lodestone accept RELEASE --reason ...`",
    ),
    "rates: doubled": Wrong(
        "ecb_rates",
        befalls(faults.doubled(), "ecb_rates"),
        "incomplete",
        "ecb_rates/reference_rates/2025-TEXT N of N lines were rejected, e.g. eurofxref-hist.zip line N: the key {'Date': 'TEXT'} "
        "stands on more than one line: keep one of themTEXT",
    ),
}


@pytest.mark.parametrize("name", WRONGS)
def test_a_wrong_answer_is_not_let_in_and_its_source_says_why_and_the_next_good_night_heals(
    name: str, rehearsal: Rehearsal, healed: dict[str, list[tuple[object, ...]]]
) -> None:
    wrong = WRONGS[name]
    before, standing = kept(rehearsal.data), facts(rehearsal.data.edition)
    wrong.change(rehearsal)
    rehearsal.ask_all(SECOND_NIGHT)
    edition = rehearsal.publish(SECOND_NIGHT)[1].path
    assert_nothing_lost(before, kept(rehearsal.data))
    state, message = status(edition, wrong.office)
    assert (state, matches(message, wrong.message)) == (wrong.state, True), message
    assert status(edition, OTHER[wrong.office])[0] == "ok"
    published = facts(edition)
    for table, lines in published.items():
        good = {*standing[table], *healed[table]}
        assert set(lines) <= good, f"{table} holds what no good night would"
        assert set(standing[table]) <= set(lines), f"{table} lost lines"
    if wrong.office == "us_census":
        assert published["exchange_rate"] == healed["exchange_rate"]
    else:
        assert published["trade_flow"] == healed["trade_flow"]
    rehearsal.offices.faults.clear()
    edition = rehearsal.night(THIRD_NIGHT).path
    assert (status(edition, wrong.office)[0], facts(edition)) == ("ok", healed)
    assert leftovers(rehearsal.data) == []
