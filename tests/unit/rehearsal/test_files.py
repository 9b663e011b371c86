"""Files as web servers give them out: conditional requests and parts (RFC 9110)."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from pipelines.rehearsal.files import ServedFile

FILE = ServedFile(b"0123456789", datetime(2024, 12, 31, 15, 56, 7, 123456, tzinfo=UTC), "text/plain")
WHEN = "Tue, 31 Dec 2024 15:56:07 GMT"
EARLIER = "Tue, 31 Dec 2024 15:56:06 GMT"


def test_the_whole_file_comes_with_its_tag_its_date_and_the_offer_of_parts():
    reply = FILE.reply({})
    assert (reply.status, reply.body) == (200, b"0123456789")
    assert reply.headers == {"ETag": FILE.etag, "Last-Modified": WHEN, "Accept-Ranges": "bytes", "Content-Type": "text/plain"}


def test_other_bytes_have_another_tag():
    assert ServedFile(b"other", FILE.modified, "text/plain").etag != FILE.etag


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"if-none-match": FILE.etag}, 304),
        ({"if-none-match": f'"x", W/{FILE.etag}'}, 304),
        ({"if-none-match": "*"}, 304),
        ({"if-none-match": '"x"'}, 200),
        ({"if-modified-since": WHEN}, 304),
        ({"if-modified-since": EARLIER}, 200),
        ({"if-modified-since": "yesterday"}, 200),
        ({"if-none-match": '"x"', "if-modified-since": WHEN}, 200),
        ({"if-none-match": FILE.etag, "range": "bytes=2-"}, 304),
    ],
)
def test_who_has_the_file_is_told_that_it_has_not_changed(headers: dict[str, str], status: int):
    reply = FILE.reply(headers)
    assert (reply.status, reply.body) == (status, b"" if status == 304 else FILE.body)
    assert (reply.headers["ETag"], reply.headers["Last-Modified"]) == (FILE.etag, WHEN)


@pytest.mark.parametrize(
    ("wanted", "status", "body", "span"),
    [
        ("bytes=0-3", 206, b"0123", "bytes 0-3/10"),
        ("bytes=4-", 206, b"456789", "bytes 4-9/10"),
        ("bytes=-3", 206, b"789", "bytes 7-9/10"),
        ("bytes=8-99", 206, b"89", "bytes 8-9/10"),
        ("bytes=-99", 206, b"0123456789", "bytes 0-9/10"),
        ("bytes=10-", 416, b"", "bytes */10"),
        ("bytes=-0", 416, b"", "bytes */10"),
        ("bytes=5-4", 200, b"0123456789", None),
        ("bytes=0-1,3-4", 200, b"0123456789", None),
        ("lines=0-1", 200, b"0123456789", None),
        ("bytes=-", 200, b"0123456789", None),
    ],
)
def test_a_part_is_what_was_asked_for_and_nonsense_is_overlooked(wanted: str, status: int, body: bytes, span: str | None):
    reply = FILE.reply({"range": wanted})
    assert (reply.status, reply.body, reply.headers.get("Content-Range")) == (status, body, span)


@pytest.mark.parametrize(
    ("validator", "status"),
    [(FILE.etag, 206), (WHEN, 206), ('"of the day before"', 200), (EARLIER, 200), (f"W/{FILE.etag}", 200)],
)
def test_the_rest_is_sent_only_if_the_file_is_still_the_same(validator: str, status: int):
    assert FILE.reply({"range": "bytes=4-", "if-range": validator}).status == status
