"""An office that is slow, cut, closed, hostile or gone costs no figure, no key and no needless request."""

from __future__ import annotations

import errno
import gzip
import io
import json
import logging
import multiprocessing
import os
import random
import re
import signal
import socket
import ssl
import subprocess
import traceback
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from pipelines.errors import LodestoneError
from pipelines.fetching import asked, download, part
from pipelines.fetching.asked import LATER, FetchFailed, MissingKey
from pipelines.fetching.download import Downloader, Politeness
from pipelines.fetching.headers import PIECE_BYTES
from pipelines.fetching.part import DiskTrouble
from pipelines.sources.request import Answer, Request
from tests.waiting import until
from tests.web import Asked, Reply, Site, certificate, file, proxy, refused_address, site

OFFICE = "an_office"
KEY = "s3cr3t/key+with=odd&signs"
VARIABLE = "LODESTONE_AN_OFFICE_KEY"
RATES = Request("rates.csv", "https://data.office.example/rates", (("month", "2026-10"), ("code", "2836*")))
HISTORY = replace(RATES, member="history.zip", resumable=True)
KEYED = replace(RATES, secret=("key", VARIABLE), sign_up="https://office.example/key")
POLITE = Politeness(requests_per_minute=60_000, timeout_seconds=60, most_bytes=100_000)
BODY = bytes(range(256)) * 40
ETAG = {"ETag": '"edition-1"'}


@dataclass
class Night:
    """A clock that only waiting moves, and what was said and waited."""

    now: float = 0.0
    waits: list[float] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    def wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds

    @property
    def long_waits(self) -> list[float]:
        """Those that are no turn-taking between two requests."""
        return [round(seconds, 3) for seconds in self.waits if seconds > 0.1]


@pytest.fixture
def office() -> Iterator[Site]:
    with site() as running:
        yield running


@pytest.fixture
def night() -> Night:
    return Night()


@pytest.fixture
def downloader(office: Site, night: Night, tmp_path: Path) -> Iterator[Callable[..., Downloader]]:
    opened: list[Downloader] = []

    def new(politeness: Politeness = POLITE, **how: Any) -> Downloader:
        usual = {"stand_in": office.address, "partial": tmp_path / "partial", "environment": {VARIABLE: KEY}, "progress": False}
        timing = {"wait": night.wait, "clock": lambda: night.now, "jitter_seconds": 0}
        opened.append(Downloader(OFFICE, politeness, say=night.said.append, **(usual | timing | how)))
        return opened[-1]

    yield new
    for client in opened:
        client.__exit__(None, None, None)


def failure(downloader: Downloader, request: Request = RATES) -> FetchFailed:
    with pytest.raises(FetchFailed) as failed:
        downloader.ask(request)
    assert str(failed.value) == f"{OFFICE}, {request.member}: {failed.value.reason}; {failed.value.remedy}"
    return failed.value


# ---------------------------------------------------------------------------------------------------- a good answer


def test_an_answer_carries_the_body_the_headers_and_the_address_that_was_asked(office, downloader, night):
    office.answers(Reply(200, BODY, {"ETag": '"a"', "Set-Cookie": "session=1"}))
    answer = downloader().ask(RATES)
    assert answer == Answer(200, answer.headers, BODY, "https://data.office.example/rates?month=2026-10&code=2836%2A", False)
    assert (answer.headers["etag"], answer.headers["content-length"]) == ('"a"', str(len(BODY)))
    assert "set-cookie" not in answer.headers
    assert office.asked[0].path == f"/{OFFICE}/rates"
    assert office.asked[0].query == list(RATES.params)
    assert night.said == []


def test_the_office_learns_who_asks_and_whom_to_write_to(office, downloader):
    downloader().ask(RATES)
    downloader(environment={"LODESTONE_CONTACT": "Ana\nN\u00fa\u00f1ez <ana@example.org>"}).ask(RATES)
    plain, known = (asked.headers["user-agent"] for asked in office.asked)
    assert re.fullmatch(r"Lodestone/[\d.]+ \(critical-minerals trade statistics; one polite reader\)", plain)
    assert known.endswith("one polite reader; Ana N??ez <ana@example.org>)")


def test_a_rehearsal_asks_its_stand_in_and_no_proxy(office, downloader, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", refused_address())
    office.answers(Reply(200, BODY))
    assert downloader().ask(RATES).body == BODY


def test_one_connection_serves_many_questions(office, downloader):
    office.answers(Reply(200, BODY))
    polite = downloader()
    for _ in range(3):
        polite.ask(RATES)
    assert len({asked.connection for asked in office.asked}) == 1


def test_no_content_is_a_valid_empty_answer(office, downloader):
    office.answers(Reply(204))
    answer = downloader().ask(RATES)
    assert (answer.status, answer.body, answer.unchanged) == (204, b"", False)


@pytest.mark.parametrize(
    "condition", [("If-None-Match", {"etag": '"a"'}), ("If-Modified-Since", {"last_modified": "Mon, 02 Nov 2026 10:00:00 GMT"})]
)
def test_what_did_not_change_is_not_sent_again(office, downloader, condition):
    header, how = condition
    office.answer = lambda asked: Reply(304, b"", how and {"ETag": '"a"'}) if asked.headers.get(header.lower()) else Reply(200, BODY)
    answer = downloader().ask(RATES, **how)
    assert (answer.status, answer.body, answer.unchanged) == (304, b"", True)
    assert office.asked[0].headers[header.lower()] == next(iter(how.values()))
    assert downloader().ask(RATES).body == BODY


def test_a_304_that_nobody_asked_for_is_no_answer(office, downloader):
    office.answers(Reply(304))
    assert failure(downloader()).status == 304


TUESDAY, MONDAY = "Tue, 03 Nov 2026 10:00:00 GMT", "Mon, 02 Nov 2026 10:00:00 GMT"
BELIEVED = {
    "the tag that was sent": ({"etag": '"a"'}, {"ETag": '"a"'}, True),
    "the tag that was sent, called weak": ({"etag": '"a"'}, {"ETag": 'W/"a"'}, True),
    "another tag": ({"etag": '"a"'}, {"ETag": '"b"'}, False),
    "no tag": ({"etag": '"a"'}, {}, True),
    "the date that was sent": ({"last_modified": TUESDAY}, {"Last-Modified": TUESDAY}, True),
    "the same date in other words": ({"last_modified": TUESDAY}, {"Last-Modified": "03 Nov 2026 10:00:00 +0000"}, True),
    "an earlier date, as after a restored backup": ({"last_modified": TUESDAY}, {"Last-Modified": MONDAY}, False),
    "no date anybody can read": ({"last_modified": TUESDAY}, {"Last-Modified": "yesterday"}, False),
    "the right tag with another date": ({"etag": '"a"', "last_modified": TUESDAY}, {"ETag": '"a"', "Last-Modified": MONDAY}, True),
    "another tag with the right date": ({"etag": '"a"', "last_modified": TUESDAY}, {"ETag": '"b"', "Last-Modified": TUESDAY}, False),
}


@pytest.mark.parametrize("request_", [RATES, HISTORY], ids=["in memory", "resumable"])
@pytest.mark.parametrize("case", BELIEVED)
def test_a_304_is_believed_only_for_the_version_that_was_asked_about(case, request_, office, downloader):
    sent, message, is_believed = BELIEVED[case]
    conditions = {"if-none-match", "if-modified-since"}
    office.answer = lambda asked: Reply(304, b"", message) if conditions & asked.headers.keys() else Reply(200, BODY)
    answer = downloader().ask(request_, **sent)
    assert (answer.unchanged, answer.body) == ((True, b"") if is_believed else (False, BODY))


def test_an_office_that_says_304_whatever_it_is_asked_gives_no_answer(office, downloader):
    office.answers(Reply(304, b"", {"ETag": '"b"'}))
    with pytest.raises(FetchFailed) as failed:
        downloader().ask(RATES, etag='"a"')
    assert (failed.value.status, failed.value.passing, len(office.asked)) == (304, False, 2)


def test_a_tag_that_stands_for_every_version_is_not_sent(office, downloader):
    downloader().ask(RATES, etag="*")
    assert "if-none-match" not in office.asked[0].headers


def test_a_compressed_body_is_unpacked_whole_even_when_it_comes_in_two_streams(office, downloader):
    table = b"code,value\n" * 6_000
    office.answers(Reply(200, gzip.compress(table[:40_000]) + gzip.compress(table[40_000:]), {"Content-Encoding": "gzip"}))
    assert downloader().ask(RATES).body == table
    assert office.asked[0].headers["accept-encoding"] == "gzip"


@pytest.mark.parametrize("size", [0, 1, PIECE_BYTES - 1, PIECE_BYTES, PIECE_BYTES + 1])
def test_a_compressed_body_of_any_length_is_unpacked_whole(size, office, downloader):
    office.answers(Reply(200, gzip.compress(b"x" * size), {"Content-Encoding": "gzip"}))
    assert downloader().ask(RATES).body == b"x" * size


def test_a_person_at_a_terminal_sees_how_far_a_large_body_is_and_a_log_does_not(office, downloader, capsys, monkeypatch):
    office.answers(Reply(200, bytes(download.LARGE_BYTES)))
    roomy = replace(POLITE, most_bytes=2 * download.LARGE_BYTES)
    downloader(roomy).ask(RATES)
    assert capsys.readouterr().err == ""
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    downloader(roomy, progress=True).ask(RATES)
    assert "rates.csv" in capsys.readouterr().err


# ------------------------------------------------------------------------------------------------ no answer at all


def test_a_name_that_does_not_exist_fails_at_once(downloader, night):
    failed = failure(downloader(stand_in=None), replace(RATES, url="https://no-such-office.invalid/rates"))
    assert "the name no-such-office.invalid is not known" in failed.reason
    assert "network" in failed.remedy
    assert failed.passing is (night.long_waits != [])  # a resolver that cannot be reached is asked again, a name that is not there is not


def test_a_resolver_that_is_down_for_a_moment_is_asked_again(downloader, night, monkeypatch):
    def down(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", down)
    failed = failure(downloader(stand_in=None))
    assert "the name data.office.example is not known (Temporary failure in name resolution)" in failed.reason
    assert night.long_waits == [2, 4, 8, 16]


def test_a_refused_connection_is_tried_again_with_longer_and_longer_waits(downloader, night):
    failed = failure(downloader(stand_in=refused_address()))
    assert failed.reason == "data.office.example refused the connection (attempt 5 of 5)"
    assert night.long_waits == [2, 4, 8, 16]
    assert night.said[0] == f"{OFFICE}, rates.csv: data.office.example refused the connection; attempt 2 of 5 in 2.0 s"


def test_waits_of_several_readers_do_not_fall_together(downloader, night, monkeypatch):
    monkeypatch.setattr(download.random, "uniform", random.Random(2026).uniform)
    failure(downloader(stand_in=refused_address(), jitter_seconds=1))
    first, second = night.long_waits[:2]
    assert 2 < first < 3
    assert 4 < second < 5
    assert first != second - 2


def test_a_certificate_that_is_not_trusted_is_not_tried_again(downloader, night, monkeypatch):
    def untrusted(*_: object, **__: object) -> None:
        error = ssl.SSLCertVerificationError(1, "certificate verify failed")
        error.verify_message = "certificate is not yet valid"
        raise error

    monkeypatch.setattr(socket, "create_connection", untrusted)
    failed = failure(downloader(stand_in=None))
    assert failed.reason == "the certificate of data.office.example is refused (certificate is not yet valid)"
    assert "clock" in failed.remedy
    assert night.long_waits == []


def test_a_silent_office_is_given_up_after_the_timeout(office, downloader):
    office.answers(Reply(200, BODY, cut_after=0, before_closing=office.released.wait))
    failed = failure(downloader(replace(POLITE, timeout_seconds=0.15, attempts=1)))
    assert re.fullmatch(r"timed out: nothing came for 0.15 s( after 0 of 10,240 bytes)? \(attempt 1 of 1\)", failed.reason)
    assert failed.passing


def test_an_office_that_sends_a_byte_now_and_then_does_not_hold_up_the_night(office, downloader):
    office.answers(Reply(200, BODY))
    ticks = iter(range(0, 10_000, 60))
    failed = failure(downloader(replace(POLITE, timeout_seconds=30, attempts=1, most_bytes=10**6), clock=lambda: float(next(ticks)) * 10))
    assert failed.reason.startswith("too slow: ")
    assert failed.passing


def after(head: bytes, drop: bytes, night: Night) -> Iterator[bytes]:
    """A head, then a drop every ten seconds for ever."""
    yield head
    while True:
        night.now += 10
        yield drop


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
DRIPS = {
    "the head": (b"HTTP/1.1 200 OK\r\n", b"X-Waiting: yes\r\n"),
    "words before the head": (b"HTTP/1.1 102 Processing\r\n\r\n", b"HTTP/1.1 102 Processing\r\n\r\n"),
    "the body": (b"HTTP/1.1 200 OK\r\nContent-Length: 90000\r\n\r\n", b"x"),
    "pieces of the body": (CHUNKED + b"\r\n", b"1\r\nx\r\n"),
    "the length of a piece": (CHUNKED + b"\r\n", b"0"),
    "streams that unpack to nothing": (CHUNKED + b"Content-Encoding: gzip\r\n\r\n", b"14\r\n" + gzip.compress(b"", mtime=0) + b"\r\n"),
    "what follows the body": (CHUNKED + b"\r\n0\r\n", b"X-Waiting: yes\r\n"),
}


@pytest.mark.parametrize("case", DRIPS)
def test_whatever_drips_is_given_up(case, office, downloader, night):
    head, drop = DRIPS[case]
    office.answer = lambda _: Reply(raw=after(head, drop, night))
    failed = failure(downloader(replace(POLITE, attempts=1)))
    assert failed.reason.startswith("too slow: ")
    assert failed.passing


def test_the_page_of_an_error_may_drip_and_the_error_is_told(office, downloader, night):
    office.answer = lambda _: Reply(raw=after(b"HTTP/1.1 404 Not Found\r\nContent-Length: 90000\r\n\r\n", b"x", night))
    assert failure(downloader()).status == 404


def test_an_answer_has_a_deadline_however_fast_it_comes(office, downloader):
    office.answers(Reply(200, bytes(5_000_000)))
    ticks = iter(range(0, 10_000, 100))
    patient = replace(POLITE, timeout_seconds=10_000, attempts=1, most_bytes=10**9)
    failed = failure(downloader(patient, clock=lambda: float(next(ticks))))
    assert re.fullmatch(r"too slow: not whole after 900 s, [\d,]+ of 5,000,000 bytes of the body \(attempt 1 of 1\)", failed.reason)


def test_a_body_that_began_fast_may_not_drip_for_the_time_that_it_saved(office, downloader, tmp_path):
    part = tmp_path / "partial" / f"{OFFICE}-history.zip.part"
    office.answers(Reply(200, bytes(9_000_000), ETAG, cut_after=5_001_000))

    def clock() -> float:
        came = part.stat().st_size if part.exists() else 0
        return min(came, 5_000_000) / 5_000 + 10 * max(0, came - 5_000_000)

    patient = replace(POLITE, attempts=1, most_bytes=10**9, deadline_seconds=10**9)
    assert failure(downloader(patient, clock=clock), HISTORY).reason.startswith("too slow: ")


def test_an_office_that_hangs_up_without_a_word_is_tried_again(office, downloader, night):
    office.answers(Reply(silent=True), Reply(200, BODY))
    assert downloader().ask(RATES).body == BODY
    assert "data.office.example gives no answer that can be read (Server disconnected without sending a response.)" in night.said[0]


# ------------------------------------------------------------------------------------------------------ refusals


def page(status: int, **headers: str) -> Reply:
    body = b"<html><head><title>Error</title><style>p {color: red}</style></head><body><p>The\x1b[31m service\n is down.</p></body></html>"
    return Reply(status, body, {name.replace("_", "-"): value for name, value in headers.items()})


@pytest.mark.parametrize("status", [400, 401, 403, 404])
def test_a_final_refusal_is_not_asked_for_again(status, office, downloader, night):
    office.answers(page(status))
    failed = failure(downloader())
    assert (failed.status, failed.passing, len(office.asked), night.long_waits) == (status, False, 1, [])
    assert re.fullmatch(rf"HTTP {status} [A-Z][\w ]+ \(Error The\[31m service is down\.\)", failed.reason)
    assert failed.remedy == "look on the office's page whether its address or parameters changed"


def test_a_refused_key_names_its_variable(office, downloader):
    office.answers(page(403))
    assert failure(downloader(), KEYED).remedy == f"check the key in {VARIABLE}"


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_passing_refusal_is_followed_by_the_good_answer(status, office, downloader, night):
    office.answers(page(status), page(status), Reply(200, BODY))
    assert downloader().ask(RATES).body == BODY
    assert night.long_waits == [2, 4]
    assert f"HTTP {status}" in night.said[0]


def test_an_office_that_is_down_for_the_night_is_left_alone_after_some_attempts(office, downloader):
    office.answers(page(503))
    failed = failure(downloader())
    assert failed.reason == "HTTP 503 Service Unavailable (Error The[31m service is down.) (attempt 5 of 5)"
    assert (failed.remedy, failed.passing, len(office.asked)) == (LATER, True, 5)


OFFICE_CLOCK = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
RETRY_AFTER = {
    "seconds": ("7", [7]),
    "at once": ("0", []),
    "a date, on the office's own clock": (format_datetime(OFFICE_CLOCK + timedelta(seconds=90), usegmt=True), [90]),
    "a date that is over": (format_datetime(OFFICE_CLOCK - timedelta(days=1), usegmt=True), []),
    "nonsense": ("soon", [2]),
    "a negative number": ("-5", [2]),
    "more seconds than a calendar holds": ("9" * 400, [2]),
    "a day that does not exist": ("Mon, 32 Nov 2026 10:00:00 GMT", [2]),
}


@pytest.mark.parametrize("case", RETRY_AFTER)
@pytest.mark.parametrize("status", [429, 503])
def test_a_retry_is_made_when_the_office_says(status, case, office, downloader, night):
    text, waits = RETRY_AFTER[case]
    office.answers(page(status, Retry_After=text, Date=format_datetime(OFFICE_CLOCK, usegmt=True)), Reply(200, BODY))
    assert downloader().ask(RATES).body == BODY
    assert night.long_waits == waits


ODD_DATES = [
    "Mon, 01 Jan 99999999999999999999 00:00:00 GMT",
    "Fri, 31 Dec 9999 23:59:59 -2359",
    "Sat, 01 Jan 0001 00:00:00 +2300",
    "Fri, 31 Dec 9999 23:59:59 GMT",
    "Mon, 32 Nov 2026 10:00:00 GMT",
    "Mon, 02 Nov 2026 10:00:00 +99999999",
    "yesterday",
    ", ,",
    "9" * 400,
]


@pytest.mark.parametrize("seconds", ["999999999", "7", *ODD_DATES])
@pytest.mark.parametrize("date", ["", *ODD_DATES])
def test_odd_dates_of_an_office_are_read_or_overlooked(date, seconds, office, downloader):
    office.answers(page(503, Date=date, Retry_After=seconds, Last_Modified=date))
    failed = failure(downloader(replace(POLITE, attempts=2)))
    assert failed.status == 503
    office.answers(Reply(200, BODY, {"Last-Modified": date, "Date": seconds}))
    assert downloader().ask(HISTORY, last_modified=date).body == BODY


def test_an_office_in_another_time_zone_is_told_of_in_ours(office, downloader):
    office.answers(page(429, Retry_After="3600", Date="Tue, 24 Nov 2026 08:30:00 +0530"))
    assert failure(downloader()).reason.endswith("it asks to wait 3,600 s, until 2026-11-24 04:00 UTC")


def test_an_office_that_asks_for_longer_than_a_night_is_not_asked_again(office, downloader, night):
    office.answers(page(429, Retry_After="3600", Date=format_datetime(OFFICE_CLOCK, usegmt=True)))
    failed = failure(downloader())
    assert failed.reason.endswith("it asks to wait 3,600 s, until 2026-11-24 04:00 UTC")
    assert (failed.remedy, failed.wait_seconds, len(office.asked), night.long_waits) == ("run again after that", 3600, 1, [])


# ------------------------------------------------------------------------------------------------ a body that is cut

TENTHS = [len(BODY) * tenth // 10 for tenth in range(10)]


def cut_once(body: bytes, validator: dict[str, str], at: int, office: Site, **how: Any) -> Callable[[Asked], Reply]:
    return lambda asked: file(body, validator, asked, **(({"cut_after": at} | how) if len(office.asked) == 1 else {}))


@pytest.mark.parametrize("reset", [False, True], ids=["closed", "reset"])
@pytest.mark.parametrize("at", TENTHS)
def test_a_resumable_body_that_is_cut_goes_on_where_it_was_cut(at, reset, office, downloader, night, tmp_path):
    office.answer = cut_once(BODY, ETAG, at, office, reset=reset)
    with downloader() as client:
        answer = client.ask(HISTORY)
    assert answer.body == BODY
    assert (answer.status, answer.headers["content-length"], "content-range" in answer.headers) == (200, str(len(BODY)), False)
    if not reset:  # a reset may swallow what was on its way
        assert sum(asked.sent for asked in office.asked) == len(BODY)
        assert f"the connection was cut after {at:,} of 10,240 bytes; attempt 2 of 5" in night.said[0]
    assert all(asked.headers["accept-encoding"] == "identity" for asked in office.asked)
    assert list((tmp_path / "partial").iterdir()) == []


@pytest.mark.parametrize("at", TENTHS)
def test_a_body_that_is_not_resumable_comes_whole_again(at, office, downloader, tmp_path):
    office.answer = cut_once(BODY, ETAG, at, office)
    assert downloader().ask(RATES).body == BODY
    assert [asked.sent for asked in office.asked] == [at, len(BODY)]
    assert not any("range" in asked.headers for asked in office.asked)
    assert not (tmp_path / "partial").exists()


@pytest.mark.parametrize("tenth", range(10))
def test_a_compressed_body_that_is_cut_is_never_taken_for_the_whole(tenth, office, downloader):
    body = gzip.compress(os.urandom(5_000), mtime=0)
    cut = Reply(200, body, {"Content-Encoding": "gzip"}, cut_after=len(body) * tenth // 10, announced=False)
    office.answers(cut, replace(cut, cut_after=None))
    assert downloader().ask(RATES).body == gzip.decompress(body)
    assert len(office.asked) == 2


def chunked(body: bytes, **how: Any) -> Reply:
    """A body whose length is told by its last piece only."""
    return Reply(200, b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body), {"Transfer-Encoding": "chunked", **ETAG}, announced=False, **how)


@pytest.mark.parametrize("at", TENTHS)
@pytest.mark.parametrize("resumable", [False, True])
def test_a_body_of_unknown_length_that_is_cut_is_never_taken_for_the_whole(at, resumable, office, downloader):
    office.answer = lambda asked: chunked(BODY, cut_after=at) if len(office.asked) == 1 else file(BODY, ETAG, asked)
    assert downloader().ask(HISTORY if resumable else RATES).body == BODY
    came = max(0, at - len("2800\r\n")) if resumable else 0
    assert [asked.sent for asked in office.asked] == [at, len(BODY) - came]


def test_a_body_cut_time_and_again_is_received_in_pieces_none_of_them_twice(office, downloader):
    office.answer = lambda asked: file(BODY, ETAG, asked, **({"cut_after": 1_024} if len(office.asked) < 10 else {}))
    assert downloader(replace(POLITE, attempts=10)).ask(HISTORY).body == BODY
    assert [asked.headers.get("range") for asked in office.asked] == [None, *(f"bytes={1_024 * n}-" for n in range(1, 10))]
    assert sum(asked.sent for asked in office.asked) == len(BODY)


def test_what_came_in_one_night_is_not_asked_for_in_the_next(office, downloader, tmp_path):
    once = replace(POLITE, attempts=1)
    office.answer = cut_once(BODY, ETAG, 4_000, office)
    failure(downloader(once), HISTORY)
    assert (tmp_path / "partial" / f"{OFFICE}-history.zip.part").stat().st_size == 4_000
    assert json.loads((tmp_path / "partial" / f"{OFFICE}-history.zip.json").read_text()) == {
        "url": "https://data.office.example/rates?month=2026-10&code=2836%2A",
        "validator": '"edition-1"',
        "total": len(BODY),
    }
    assert downloader(once).ask(HISTORY).body == BODY
    assert [asked.sent for asked in office.asked] == [4_000, len(BODY) - 4_000]
    assert office.asked[1].headers["if-range"] == '"edition-1"'


VALIDATORS = {
    "an ETag": (ETAG, True),
    "a date that is long ago": ({"Last-Modified": "Mon, 02 Nov 2026 10:00:00 GMT", "Date": "Mon, 02 Nov 2026 16:00:00 GMT"}, True),
    "a date of this minute": ({"Last-Modified": "Mon, 02 Nov 2026 10:00:00 GMT", "Date": "Mon, 02 Nov 2026 10:00:30 GMT"}, False),
    "a date without a clock": ({"Last-Modified": "Mon, 02 Nov 2026 10:00:00 GMT"}, False),
    "a weak ETag": ({"ETag": 'W/"a"', "Last-Modified": "Mon, 02 Nov 2026 10:00:00 GMT", "Date": "Mon, 02 Nov 2026 16:00:00 GMT"}, False),
    "nothing": ({}, False),
}


@pytest.mark.parametrize("case", VALIDATORS)
def test_only_a_strong_validator_lets_two_halves_be_joined(case, office, downloader):
    validator, is_strong = VALIDATORS[case]
    office.answer = cut_once(BODY, validator, 5_000, office)
    assert downloader().ask(HISTORY).body == BODY
    assert ("range" in office.asked[1].headers) is is_strong
    assert [asked.sent for asked in office.asked] == [5_000, len(BODY) - 5_000 if is_strong else len(BODY)]


NEW = bytes(reversed(BODY)) + b"one more line"


def elsewhere(asked: Asked) -> Reply:
    return Reply(206, BODY[100:], ETAG | {"Content-Range": f"bytes 100-{len(BODY) - 1}/{len(BODY)}"})


SECOND_ANSWERS: dict[str, Callable[[Asked], Reply]] = {
    "the file changed": lambda asked: file(NEW, {"ETag": '"edition-2"'}, asked),
    "the office knows no ranges": lambda _: Reply(200, NEW),
    "the file shrank": lambda asked: Reply(416, b"", {"Content-Range": "bytes */9"}) if "range" in asked.headers else Reply(200, NEW),
    "another part came": lambda asked: elsewhere(asked) if "range" in asked.headers else Reply(200, NEW),
    "the part does not say which": lambda asked: Reply(206, BODY[5_000:]) if "range" in asked.headers else Reply(200, NEW),
    "another length came": lambda asked: (
        Reply(206, BODY[5_000:], {"Content-Range": "bytes 5000-10239/99999"}) if "range" in asked.headers else Reply(200, NEW)
    ),
    "a part of another version came": lambda asked: (
        Reply(206, NEW[5_000:], {"ETag": '"edition-2"', "Content-Range": f"bytes 5000-10239/{len(BODY)}"})
        if "range" in asked.headers
        else Reply(200, NEW)
    ),
    "a compressed part came": lambda asked: (
        Reply(206, BODY[5_000:], {"Content-Encoding": "gzip", "Content-Range": f"bytes 5000-10239/{len(BODY)}"})
        if "range" in asked.headers
        else Reply(200, NEW)
    ),
}


@pytest.mark.parametrize("case", SECOND_ANSWERS)
def test_half_of_one_version_is_never_joined_with_half_of_another(case, office, downloader):
    second = SECOND_ANSWERS[case]
    office.answer = lambda asked: Reply(200, BODY, ETAG, cut_after=5_000) if len(office.asked) == 1 else second(asked)
    assert downloader(replace(POLITE, attempts=2)).ask(HISTORY).body == NEW


def test_a_shorter_part_than_asked_for_is_no_whole(office, downloader):
    def short(asked: Asked) -> Reply:
        if len(office.asked) == 2:
            return Reply(206, BODY[5_000:7_000], ETAG | {"Content-Range": f"bytes 5000-6999/{len(BODY)}"})
        return cut_once(BODY, ETAG, 5_000, office)(asked)

    office.answer = short
    assert downloader().ask(HISTORY).body == BODY
    assert [asked.sent for asked in office.asked] == [5_000, 2_000, len(BODY) - 7_000]


def test_a_part_that_nobody_asked_for_is_no_answer(office, downloader):
    office.answers(Reply(206, BODY[5:], {"Content-Range": f"bytes 5-{len(BODY) - 1}/{len(BODY)}"}))
    assert failure(downloader()).status == 206


def test_what_a_killed_process_left_half_written_beside_a_part_is_removed(office, downloader, tmp_path):
    (tmp_path / "partial").mkdir()
    (tmp_path / "partial" / ".history.zip.json.4194304").write_text("{")
    office.answers(Reply(200, BODY, ETAG))
    with downloader() as client:
        client.ask(HISTORY)
    assert list((tmp_path / "partial").iterdir()) == []


def leave_half(office: Site, downloader: Callable[..., Downloader], request: Request = HISTORY) -> None:
    office.answer = cut_once(BODY, ETAG, 4_000, office)
    failure(downloader(replace(POLITE, attempts=1)), request)
    office.asked.clear()
    office.answer = lambda asked: file(BODY, ETAG, asked)


SPOILED: dict[str, Callable[[Path, Path], object]] = {
    "without its note": lambda _, note: note.unlink(),
    "with a torn note": lambda _, note: note.write_text('{"url": "https'),
    "with a note of something else": lambda _, note: note.write_text("[]"),
    "without its bytes": lambda part, _: part.unlink(),
}


@pytest.mark.parametrize("case", SPOILED)
def test_a_part_that_cannot_be_trusted_is_asked_for_anew(case, office, downloader, tmp_path):
    leave_half(office, downloader)
    SPOILED[case](tmp_path / "partial" / f"{OFFICE}-history.zip.part", tmp_path / "partial" / f"{OFFICE}-history.zip.json")
    assert downloader().ask(HISTORY).body == BODY
    assert [asked.sent for asked in office.asked] == [len(BODY)]


def test_a_part_of_another_question_is_asked_for_anew(office, downloader):
    leave_half(office, downloader)
    assert downloader().ask(replace(HISTORY, params=(("month", "2026-11"),))).body == BODY
    assert [asked.sent for asked in office.asked] == [len(BODY)]


def test_nothing_changed_since_the_last_whole_file_so_half_of_it_is_thrown_away(office, downloader, tmp_path):
    leave_half(office, downloader)
    office.answers(Reply(304, b"", ETAG))
    with downloader() as client:
        assert client.ask(HISTORY, etag='"edition-1"').unchanged
    assert list((tmp_path / "partial").iterdir()) == []


def receive_slowly(address: str, partial: Path) -> None:
    with Downloader(OFFICE, POLITE, stand_in=address, partial=partial, say=lambda _: None, progress=False) as client:
        client.ask(HISTORY)


def receive_and_die(address: str, partial: Path) -> None:
    with Downloader(OFFICE, POLITE, stand_in=address, partial=partial, say=lambda _: None, progress=False) as client:
        client.ask(HISTORY)
        os.kill(os.getpid(), signal.SIGKILL)


def test_a_killed_process_leaves_what_it_had_to_the_next_one(office, downloader, tmp_path):
    part = tmp_path / "partial" / f"{OFFICE}-history.zip.part"
    office.answers(Reply(200, BODY, ETAG, cut_after=6_000, before_closing=office.released.wait))
    process = multiprocessing.get_context("spawn").Process(target=receive_slowly, args=(office.address, tmp_path / "partial"))
    process.start()
    until(lambda: part.exists() and part.stat().st_size == 6_000, "6,000 bytes to be received", every=0.02)
    assert process.pid
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    assert process.exitcode == -signal.SIGKILL

    office.answer = lambda asked: file(BODY, ETAG, asked)
    with downloader() as client:
        assert client.ask(HISTORY).body == BODY
    assert [asked.sent for asked in office.asked] == [6_000, len(BODY) - 6_000]
    assert list((tmp_path / "partial").iterdir()) == []


def test_a_process_killed_before_it_kept_the_whole_costs_one_byte(office, downloader, tmp_path):
    office.answer = lambda asked: file(BODY, ETAG, asked)
    process = multiprocessing.get_context("spawn").Process(target=receive_and_die, args=(office.address, tmp_path / "partial"))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    assert downloader().ask(HISTORY).body == BODY
    assert [asked.sent for asked in office.asked] == [len(BODY), 1]


def test_a_caller_who_could_not_keep_the_whole_finds_it_again(office, downloader):
    office.answer = lambda asked: file(BODY, ETAG, asked)
    with suppress(OSError), downloader() as client:
        client.ask(HISTORY)
        raise OSError
    assert downloader().ask(HISTORY).body == BODY
    assert [asked.sent for asked in office.asked] == [len(BODY), 1]


# ------------------------------------------------------------------------------------------------------ too much


@pytest.mark.parametrize("request_", [RATES, HISTORY], ids=["in memory", "resumable"])
@pytest.mark.parametrize("announced", [True, False])
def test_a_body_larger_than_expected_is_not_read(announced, request_, office, downloader, tmp_path):
    sent: list[int] = []
    office.answers(Reply(200, bytes(5_000_000), ETAG, announced=announced, before_closing=lambda: sent.append(1)))
    failed = failure(downloader(), request_)
    verb, size = re.fullmatch(r"too large: the office (\w+ ?\w*) ([\d,]+) bytes where at most 100,000 are expected", failed.reason).groups()
    assert verb == ("announces" if announced else "has sent")
    assert int(size.replace(",", "")) <= (5_000_000 if announced else 100_000 + PIECE_BYTES)
    assert (failed.passing, len(office.asked)) == (False, 1)
    assert all(path.stat().st_size == 0 for path in tmp_path.glob("partial/*"))


def test_a_part_of_a_file_that_is_too_large_is_not_read(office, downloader):
    leave_half(office, downloader)
    failed = failure(downloader(replace(POLITE, most_bytes=9_000)), HISTORY)
    assert "announces 10,240 bytes" in failed.reason


def test_a_bomb_is_given_up_at_the_limit_not_at_its_end(office, downloader):
    office.answers(Reply(200, gzip.compress(bytes(50_000_000)), {"Content-Encoding": "gzip"}))
    failed = failure(downloader())
    size = int(re.search(r"has sent ([\d,]+) bytes", failed.reason)[1].replace(",", ""))
    assert size <= 100_000 + PIECE_BYTES
    assert not failed.passing


@pytest.mark.parametrize("coding", ["br", "zstd", "deflate", "gzip, gzip"])
def test_a_coding_that_was_not_asked_for_is_not_guessed_at(coding, office, downloader):
    office.answers(Reply(200, BODY, {"Content-Encoding": coding}))
    assert failure(downloader()).reason == f"the body came as {coding}, which was not asked for"


def test_what_only_claims_to_be_compressed_is_no_answer(office, downloader):
    office.answers(Reply(200, BODY, {"Content-Encoding": "gzip"}))
    assert failure(downloader()).reason.startswith("the compressed body is damaged after 0 bytes (")


# ------------------------------------------------------------------------------------------------------- the disk


def test_a_full_disk_is_named_with_what_it_takes(office, downloader, tmp_path, monkeypatch):
    class Full(io.FileIO):
        def write(self, piece: Any) -> int:
            if self.tell() + len(piece) > 3_000:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return super().write(bytes(piece)[:1_000])

    office.answers(Reply(200, BODY, ETAG))
    monkeypatch.setattr(Path, "open", lambda path, *_, **__: Full(path, "a+"))
    with pytest.raises(
        DiskTrouble, match=r"partial: the disk is full; an_office-history.zip.part needs 10,240 bytes more and [\d,]+ are free"
    ):
        downloader().ask(HISTORY)
    assert len(office.asked) == 1


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    place = tmp_path / "tiny"
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", place], capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip("this account may not mount a small disk")
    yield place
    subprocess.run(["umount", "--lazy", place], check=True)


def test_a_disk_that_fills_up_keeps_what_has_come_and_the_rest_follows_when_there_is_room(office, downloader, tiny_disk):
    body = os.urandom(90_000)
    office.answer = lambda asked: file(body, ETAG, asked)
    with pytest.raises(DiskTrouble, match=r"needs [\d,]+ bytes more and [\d,]+ are free; make room and run again, what has come is kept"):
        downloader(partial=tiny_disk / "partial").ask(HISTORY)
    kept = (tiny_disk / "partial" / f"{OFFICE}-history.zip.part").stat().st_size
    assert kept > 20_000
    subprocess.run(["mount", "-o", "remount,size=256k", tiny_disk], check=True)
    office.asked.clear()
    assert downloader(partial=tiny_disk / "partial").ask(HISTORY).body == body
    assert [asked.sent for asked in office.asked] == [len(body) - kept]


def test_a_folder_that_cannot_be_made_is_named(downloader, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DiskTrouble, match=r"history.zip.part cannot be written \(Not a directory\)"):
        downloader(partial=tmp_path / "file" / "partial").ask(HISTORY)


# -------------------------------------------------------------------------------------------------- politeness


def test_an_office_is_never_asked_faster_than_it_allows_and_retries_count(office, downloader, night):
    at: list[float] = []

    def answer(_: Asked) -> Reply:
        at.append(night.now)
        return page(429, Retry_After="1") if len(at) == 2 else Reply(200, BODY)

    office.answer = answer
    polite = downloader(replace(POLITE, requests_per_minute=20))
    for _ in range(3):
        polite.ask(RATES)
    assert at == [0, 3, 6, 9]


def test_a_reader_that_took_its_time_anyhow_does_not_wait(office, downloader, night):
    polite = downloader(replace(POLITE, requests_per_minute=20))
    polite.ask(RATES)
    night.now += 2
    polite.ask(RATES)
    night.now += 5
    polite.ask(RATES)
    assert night.waits == [1]


# ----------------------------------------------------------------------------------------- redirects and the key


def test_a_key_goes_to_the_office_and_stands_nowhere_else(office, downloader):
    office.answers(Reply(200, BODY))
    answer = downloader().ask(KEYED)
    assert office.asked[0].query == [*RATES.params, ("key", KEY)]
    assert answer.url == "https://data.office.example/rates?month=2026-10&code=2836%2A"


@pytest.mark.parametrize("environment", [{}, {VARIABLE: ""}, {VARIABLE: "  "}])
def test_a_missing_key_is_one_sentence_with_the_sign_up_address(environment, office, downloader):
    with pytest.raises(MissingKey) as missing:
        downloader(environment=environment).ask(KEYED)
    assert str(missing.value) == f"{OFFICE} needs a key in {VARIABLE}: sign up at https://office.example/key"
    assert office.asked == []


def moved(office: Site, location: str) -> None:
    office.answer = lambda asked: Reply(302, b"", {"Location": location}) if len(office.asked) == 1 else Reply(200, BODY)


def test_a_redirect_within_the_office_is_followed_with_the_key(office, downloader):
    moved(office, "/new/rates?month=2026-10&key=s3cr3t%2Fkey%2Bwith%3Dodd%26signs")
    answer = downloader().ask(KEYED)
    assert answer.body == BODY
    assert (office.asked[1].path, office.asked[1].query) == (f"/{OFFICE}/new/rates", [("month", "2026-10"), ("key", KEY)])
    assert answer.url == "https://data.office.example/rates?month=2026-10&code=2836%2A"


@pytest.mark.parametrize(
    "location", ["https://elsewhere.example/new?x=1", "https://data.office.example:8443/new?x=1", "{stand_in}/new?x=1"]
)
@pytest.mark.parametrize("echo", ["", "&key=s3cr3t%2Fkey%2Bwith%3Dodd%26signs"])
def test_a_redirect_to_another_host_is_followed_without_the_key(location, echo, office, downloader):
    moved(office, location.format(stand_in=office.address) + echo)
    assert downloader().ask(KEYED).body == BODY
    assert office.asked[1].query == [("x", "1")]
    assert KEY not in repr(office.asked[1])


def test_a_redirect_that_hides_the_key_in_another_place_is_not_followed(office, downloader):
    moved(office, "https://elsewhere.example/s3cr3t%2Fkey%2Bwith%3Dodd%26signs/new")
    assert failure(downloader(), KEYED).reason == "it redirects to elsewhere.example with the key in the address"
    assert len(office.asked) == 1


@pytest.mark.parametrize(
    "location", ["http://elsewhere.example/new", "http://127.0.0.1:9/new", "ftp://elsewhere.example/new", "file:///etc/passwd"]
)
def test_a_redirect_away_from_https_is_not_followed(location, office, downloader):
    moved(office, location)
    assert "only https is followed" in failure(downloader()).reason
    assert len(office.asked) == 1


def test_a_redirect_to_what_is_no_address_is_a_failure(office, downloader):
    office.answers(Reply(302, b"", {"Location": "https://elsewhere.example:port/new"}))
    assert "Invalid port" in failure(downloader()).reason


def test_a_redirect_in_a_circle_ends(office, downloader):
    office.answers(Reply(302, b"", {"Location": "/rates"}))
    assert failure(downloader()).reason == "it redirects more than 5 times"
    assert len(office.asked) == 6


def test_nothing_but_https_is_asked_for(downloader):
    assert "only https is followed" in failure(downloader(stand_in=None), replace(RATES, url="http://data.office.example/rates")).reason


# ---------------------------------------------------------------------------------------------------- a proxy


@pytest.fixture
def secure_office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """The office itself, with a certificate that is trusted here."""
    made = certificate(tmp_path, "data.office.example")
    monkeypatch.setenv("SSL_CERT_FILE", str(made))
    for name in ("NO_PROXY", "no_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    with site(made) as running:
        yield running


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "all_proxy"])
def test_a_proxy_leads_to_the_office_and_never_sees_the_key(variable, secure_office, downloader, monkeypatch):
    moved(secure_office, "/new?x=1&key=s3cr3t%2Fkey%2Bwith%3Dodd%26signs")
    with proxy(secure_office) as between:
        monkeypatch.setenv(variable, between.address.replace("//", "//ana:pass@"))
        assert downloader(stand_in=None).ask(KEYED).body == BODY
        assert downloader(stand_in=None).ask(RATES).body == BODY
    assert [asked.query for asked in secure_office.asked] == [[*RATES.params, ("key", KEY)], [("x", "1"), ("key", KEY)], list(RATES.params)]
    assert {message.split("\n")[0] for message in between.heard} == {"CONNECT data.office.example:443 HTTP/1.1"}
    assert all("Proxy-Authorization: Basic YW5hOnBhc3M=" in message for message in between.heard)
    assert not any(spelling in message for spelling in [*SPELLINGS, "month"] for message in between.heard)


def test_a_host_that_needs_no_proxy_is_asked_without(secure_office, downloader, monkeypatch):
    connect = socket.create_connection
    monkeypatch.setattr(socket, "create_connection", lambda _, *how, **more: connect(("127.0.0.1", secure_office.port), *how, **more))
    monkeypatch.setenv("HTTPS_PROXY", refused_address())
    monkeypatch.setenv("NO_PROXY", "office.example")
    secure_office.answers(Reply(200, BODY))
    assert downloader(stand_in=None).ask(KEYED).body == BODY


@pytest.mark.parametrize(("refusal", "passing"), [(407, False), (403, False), (502, True)])
def test_a_proxy_that_leads_nowhere_is_named(refusal, passing, secure_office, downloader, monkeypatch):
    with proxy(secure_office, refusal) as between:
        monkeypatch.setenv("HTTPS_PROXY", between.address.replace("//", "//ana:pass@"))
        failed = failure(downloader(replace(POLITE, attempts=1), stand_in=None), KEYED)
    assert re.match(rf"the proxy 127.0.0.1 does not lead to data.office.example \({refusal} [\w ]+\)", failed.reason)
    assert failed.passing is passing
    assert not any(spelling in text for spelling in [*SPELLINGS, "pass@"] for text in everything_about(failed))


def test_a_proxy_that_is_down_is_not_taken_for_the_office(downloader, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", refused_address())
    assert failure(downloader(stand_in=None), KEYED).reason == "the proxy 127.0.0.1 refused the connection (attempt 5 of 5)"


@pytest.mark.parametrize("address", ["socks5://ana:pass@proxy.example:1080", "http://proxy.example:port", "nonsense://ana:pass@proxy"])
def test_a_proxy_that_cannot_be_used_is_one_sentence_without_its_password(address, downloader, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", address)
    with pytest.raises(LodestoneError, match="HTTPS_PROXY or ALL_PROXY names no proxy that can be used") as refused:
        downloader(stand_in=None).ask(RATES)
    assert not any("pass" in text for text in everything_about(refused.value))


ECHO = "s3cr3t%2Fkey%2Bwith%3Dodd%26signs"
TELLTALE: dict[str, Callable[[Site], object]] = {
    "a good answer": lambda office: office.answers(Reply(200, BODY, {"Content-Location": f"/rates?key={ECHO}", "Link": f"<{KEY}>"})),
    "a refusal that quotes the address": lambda office: office.answers(Reply(404, f"no such page: /rates?key={ECHO}".encode())),
    "a refusal that quotes the key": lambda office: office.answers(Reply(403, f"<p>Invalid key: {KEY.replace('&', '&amp;')}".encode())),
    "a refusal that is cut in the middle of the key": lambda office: office.answers(Reply(403, b"x" * 110 + KEY.encode() + b" is bad")),
    "an office that is down": lambda office: office.answers(Reply(503, KEY.encode())),
    "a reason that quotes the key": lambda office: office.answers(Reply(429, KEY.encode(), {"Retry-After": "9999"})),
    "a cut body": lambda office: office.answers(Reply(200, BODY, ETAG, cut_after=5_000)),
    "a redirect with the key": lambda office: moved(office, f"https://elsewhere.example/{ECHO}"),
    "a redirect to what is no address": lambda office: moved(office, f"https://elsewhere.example:port/?key={ECHO}"),
    "a redirect away from https": lambda office: moved(office, f"http://{KEY.split('/')[0]}.example/?key={ECHO}"),
    "a body that is too large": lambda office: office.answers(Reply(200, bytes(200_000))),
    "a damaged body": lambda office: office.answers(Reply(200, BODY, {"Content-Encoding": "gzip"})),
}
SPELLINGS = [KEY, ECHO, "s3cr3t/key", "s3cr3t%2f", "key+with", "with=odd", "odd&signs", "odd&amp;signs"]


def everything_about(error: BaseException) -> Iterator[str]:
    """An exception, all it hangs on, and every field of it and of them."""
    seen: set[int] = set()
    waiting: list[object] = [error]
    while waiting:
        first = waiting.pop()
        if first is None or id(first) in seen:
            continue
        seen.add(id(first))
        yield f"{first!r} {first}"
        if isinstance(first, BaseException):
            yield repr(vars(first))
            waiting += [first.__cause__, first.__context__, *first.args, *vars(first).values()]


@pytest.mark.parametrize("resumable", [False, True])
@pytest.mark.parametrize("case", TELLTALE)
def test_a_key_never_leaks(case, resumable, office, downloader, night, tmp_path, caplog, capfd):
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, logger="httpx")
    TELLTALE[case](office)
    polite = downloader(replace(POLITE, attempts=2))
    seen = [repr(polite)]
    failed = None
    try:
        answer = polite.ask(replace(KEYED, resumable=resumable))
        seen += [answer.url, repr(answer.headers)]
    except FetchFailed as error:
        failed = error
        seen += everything_about(failed)
    assert failed is None or (failed.__cause__, failed.__context__) == (None, None)
    assert ("key", KEY) in office.asked[0].query
    seen += [record.getMessage() + repr(vars(record)) for record in caplog.records] + night.said + list(capfd.readouterr())
    seen += [path.read_text("latin-1") for path in tmp_path.rglob("*") if path.is_file()]
    for text in seen:
        for spelling in SPELLINGS:
            assert spelling.lower() not in text.lower()


def test_a_key_never_leaks_from_a_connection_that_fails(downloader, night, caplog):
    caplog.set_level(logging.DEBUG)
    failed = failure(downloader(stand_in=refused_address()), KEYED)
    assert not any(spelling in text for spelling in SPELLINGS for text in [*everything_about(failed), caplog.text, *night.said])


@pytest.mark.parametrize(
    "reply", [Reply(404), Reply(503), Reply(200, BODY, cut_after=9), Reply(302, b"", {"Location": "ftp://elsewhere.example"})]
)
def test_a_key_stands_in_no_variable_that_a_traceback_shows(reply, office, downloader):
    office.answers(reply)
    frames = traceback.walk_tb(failure(downloader(), KEYED).__traceback__)
    shown = [
        repr(frame.f_locals) for frame, _ in frames if frame.f_code.co_filename in {module.__file__ for module in (asked, download, part)}
    ]
    assert len(shown) > 2
    assert not any(spelling in text for spelling in SPELLINGS for text in shown)


@pytest.mark.parametrize(
    "address",
    ["ftp://ana:a-password@127.0.0.1:9", "http://ana:a-password/2@127.0.0.1:9", "127.0.0.1:9", "http://127.0.0.1:port", "nonsense"],
)
def test_an_address_of_stand_ins_that_is_none_is_a_failure_like_another(address, downloader):
    failed = failure(downloader(replace(POLITE, attempts=1), stand_in=address))
    assert not any("a-password" in text for text in everything_about(failed))
