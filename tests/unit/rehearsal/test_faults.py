"""Faults: what the asker sees of each, and which requests they befall."""

from __future__ import annotations

import json
import time
import zipfile
from contextlib import ExitStack
from io import BytesIO

import httpx
import pytest

from pipelines.rehearsal import faults
from pipelines.rehearsal.server import Offices
from pipelines.rehearsal.us_census_stand_in import UsCensus
from tests.unit.rehearsal.asking import GET, IMPORTS, ask, request

LITHIUM = request(("I_COMMODITY", "2836*"), ("COMM_LVL", "HS10"), ("SUMMARY_LVL", "DET"))
DRIP_SECONDS = 60
RATES = "/ecb_rates/stats/eurofxref/eurofxref-hist.zip"


def test_a_refused_connection_is_closed_without_a_word_and_kept_as_such(offices: Offices):
    offices.faults.add(faults.refused(), times=1)
    with pytest.raises(httpx.RemoteProtocolError):
        ask(offices, LITHIUM)
    assert ask(offices, LITHIUM).status_code == 200
    assert [request.status for request in offices.asked] == [None, 200]


def test_a_slow_office_makes_the_asker_wait_between_bytes(offices: Offices):
    offices.faults.add(faults.slow(0.02, piece=100))
    started = time.monotonic()
    answer = ask(offices, LITHIUM)
    assert time.monotonic() - started >= 0.02 * (len(answer.content) // 100)
    assert answer.json()[0][0] == "I_COMMODITY"
    offices.faults.add(faults.slow(5))
    with pytest.raises(httpx.ReadTimeout):
        httpx.get(offices.address + IMPORTS, params=LITHIUM, timeout=0.2)


def test_a_closing_server_waits_for_no_drip(invented: UsCensus):
    with httpx.Client() as client, ExitStack() as stack:
        offices = stack.enter_context(Offices({"us_census": invented}))
        offices.faults.add(faults.slow(DRIP_SECONDS))
        with client.stream("GET", offices.address + IMPORTS, params=LITHIUM):
            started = time.monotonic()
            stack.close()
            assert time.monotonic() - started < DRIP_SECONDS


@pytest.mark.parametrize("tenth", range(10))
def test_a_cut_connection_leaves_less_than_was_promised(offices: Offices, tenth: int):
    whole = httpx.get(offices.address + RATES).content
    offices.faults.add(faults.cut(tenth / 10))
    got = b""
    with pytest.raises(httpx.RemoteProtocolError), httpx.stream("GET", offices.address + RATES) as answer:  # noqa: PT012
        assert answer.headers["content-length"] == str(len(whole))
        for piece in answer.iter_raw():
            got += piece
    assert got == whole[: len(whole) * tenth // 10]
    assert offices.asked[-1].sent == len(got)


def test_a_cut_file_is_resumed_where_it_broke(offices: Offices):
    whole = httpx.get(offices.address + RATES)
    offices.faults.add(faults.cut(0.4), times=1)
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.get(offices.address + RATES)
    held = offices.asked[-1].sent
    rest = httpx.get(offices.address + RATES, headers={"Range": f"bytes={held}-", "If-Range": whole.headers["etag"]})
    assert (rest.status_code, whole.content[:held] + rest.content) == (206, whole.content)


def test_a_truncated_body_agrees_with_its_length_and_only_reading_tells(offices: Offices):
    offices.faults.add(faults.truncated(0.5))
    answer = ask(offices, LITHIUM)
    assert (answer.status_code, answer.headers["content-length"]) == (200, str(len(answer.content)))
    with pytest.raises(json.JSONDecodeError):
        answer.json()
    with pytest.raises(zipfile.BadZipFile):
        zipfile.ZipFile(BytesIO(httpx.get(offices.address + RATES).content))


@pytest.mark.parametrize("wait", [None, "7", "Tue, 31 Dec 2024 15:56:07 GMT"])
def test_a_throttling_office_says_when_to_come_back_or_not(offices: Offices, wait: str | None):
    offices.faults.add(faults.throttled(wait))
    answer = ask(offices, LITHIUM)
    assert (answer.status_code, answer.headers.get("retry-after")) == (429, wait)


@pytest.mark.parametrize("status", [500, 503])
def test_a_failing_office_sends_a_page_with_its_status(offices: Offices, status: int):
    offices.faults.add(faults.failing(status))
    answer = ask(offices, LITHIUM)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "text/html")


def test_a_page_for_people_may_come_with_status_200(offices: Offices):
    offices.faults.add(faults.html_page())
    answer = ask(offices, LITHIUM)
    assert (answer.status_code, answer.text[:15]) == (200, "<!DOCTYPE html>")


def test_an_office_may_say_that_nothing_was_filed(offices: Offices):
    offices.faults.add(faults.emptied())
    answer = ask(offices, LITHIUM)
    assert (answer.status_code, answer.content) == (204, b"")


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16"])
def test_a_wrong_encoding_is_not_utf_8(offices: Offices, encoding: str):
    right = ask(offices, LITHIUM).json()
    offices.faults.add(faults.encoded(encoding))
    body = ask(offices, LITHIUM).content
    with pytest.raises(UnicodeDecodeError):
        body.decode()
    assert len(json.loads(body.decode(encoding))) == len(right)


def test_rows_may_come_twice_or_not_at_all_or_partly(offices: Offices):
    header, *right = ask(offices, LITHIUM).json()
    at = header.index("CTY_CODE")
    for effect, expected in [
        (faults.doubled(), right + right),
        (faults.shortened(0.5), right[: len(right) // 2]),
        (faults.shortened(0), []),
        (faults.without("CTY_CODE", "3370"), [row for row in right if row[at] != "3370"]),
    ]:
        offices.faults.add(effect, times=1)
        assert ask(offices, LITHIUM).json() == [header, *expected]


def test_a_header_may_change_and_a_code_appear_that_nobody_knows(offices: Offices):
    header, *right = ask(offices, LITHIUM).json()
    offices.faults.add(faults.renamed("GEN_VAL_MO", "GEN_VALUE_MO"))
    offices.faults.add(faults.replaced("CTY_CODE", "3370", "9999"))
    changed_header, *changed = ask(offices, LITHIUM).json()
    assert changed_header == [name.replace("GEN_VAL_MO", "GEN_VALUE_MO") for name in header]
    at = header.index("CTY_CODE")
    assert [row[at] for row in changed] == [row[at].replace("3370", "9999") for row in right]


def test_a_code_that_stands_in_two_columns_is_replaced_in_both(offices: Offices):
    offices.faults.add(faults.replaced("I_COMMODITY", "2836910012", "2836910099"))
    header, *changed = ask(offices, LITHIUM).json()
    places = [at for at, name in enumerate(header) if name == "I_COMMODITY"]
    assert len(places) == 2
    assert {row[at] for row in changed for at in places} == {"2836910099", "2836910018"}


def test_faults_of_rows_reach_into_a_zip_and_give_it_another_tag(offices: Offices):
    right = httpx.get(offices.address + RATES)
    offices.faults.add(faults.renamed("CNY", "CNH"))
    wrong = httpx.get(offices.address + RATES, headers={"If-None-Match": '"other"'})
    with zipfile.ZipFile(BytesIO(wrong.content)) as packed:
        lines = packed.read("eurofxref-hist.csv").decode().split("\n")
    assert ",CNH," in lines[0]
    assert lines[0].endswith("ZAR,")
    assert wrong.headers["etag"] != right.headers["etag"]


def test_what_is_no_good_answer_is_left_as_it_is(offices: Offices):
    pages = [request(key=None), request(get="NONE"), request(time="2030-01")]
    right = [ask(offices, pairs).content for pairs in pages]
    offices.faults.add(faults.doubled())
    assert [ask(offices, pairs).content for pairs in pages] == right


@pytest.mark.parametrize(
    ("office", "matching", "after", "times", "expected"),
    [
        (None, "", 0, None, [429, 429, 429, 429]),
        ("us_census", "", 0, 2, [429, 429, 200, 200]),
        ("us_census", "", 1, 2, [200, 429, 429, 200]),
        ("us_census", r"exports/hs\?", 0, None, [200, 200, 200, 200]),
        ("us_census", r"I_COMMODITY=2836\*&COMM_LVL=HS10", 2, None, [200, 200, 429, 429]),
        ("us_census", "rehearsal", 0, None, [200, 200, 200, 200]),
        ("ecb_rates", "", 0, None, [200, 200, 200, 200]),
    ],
)
def test_a_fault_befalls_the_requests_meant_and_no_others(
    offices: Offices, office: str | None, matching: str, after: int, times: int | None, expected: list[int]
):
    fault = offices.faults.add(faults.throttled(), office, matching, after, times)
    assert [ask(offices, LITHIUM).status_code for _ in range(4)] == expected
    assert fault.applied == expected.count(429)


def test_faults_add_up_in_their_order_and_end_when_cleared(offices: Offices):
    offices.faults.add(faults.doubled())
    offices.faults.add(faults.truncated(0.9))
    right = len(ask(offices, request(get=GET)).content)
    offices.faults.clear()
    once = len(ask(offices, request(get=GET)).content)
    assert once < right < 2 * once
