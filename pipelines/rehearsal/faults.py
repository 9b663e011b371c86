"""What goes wrong on the way from an office, or at it: small effects, and for which requests and how often each applies.

An effect changes one delivery and knows nothing of the request; several that match one request apply in the order they were added.
Effects on rows read the two shapes the offices here send: a JSON array of arrays, and CSV, plain or as the one member of a zip.
"""

from __future__ import annotations

import re
import threading
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from io import BytesIO

from pipelines.rehearsal.office import Query, Reply, without_secrets
from pipelines.rehearsal.rows import Change, Row, changed_rows


@dataclass(frozen=True)
class Delivery:
    """A reply and how it goes over the wire.

    `hangs_up` closes the connection without a word. `sent_share` is the share of the body sent before the connection breaks, while
    Content-Length tells of all of it. `pause` is the wait in seconds before every `piece` bytes of the body.
    """

    reply: Reply
    hangs_up: bool = False
    sent_share: float = 1.0
    pause: float = 0.0
    piece: int = 1


Effect = Callable[[Delivery], Delivery]


def refused() -> Effect:
    """The connection is closed at once, without an answer."""
    return lambda delivery: replace(delivery, hangs_up=True)


def slow(seconds: float, piece: int = 1) -> Effect:
    """The body drips: the office waits so many seconds before every `piece` bytes."""
    return lambda delivery: replace(delivery, pause=seconds, piece=piece)


def cut(share: float) -> Effect:
    """The connection breaks after this share of the body (0 to 1), of which Content-Length promised the whole."""
    return lambda delivery: replace(delivery, sent_share=share)


def truncated(share: float) -> Effect:
    """The body ends after this share of it (0 to 1), and Content-Length agrees: only reading it can tell."""

    def effect(reply: Reply) -> Reply:
        return replace(reply, body=reply.body[: int(len(reply.body) * share)])

    return _on_reply(effect)


def throttled(retry_after: str | None = None) -> Effect:
    """429; `retry_after` is the header's text, seconds or an HTTP date, and is left out where null."""
    headers = {"Content-Type": "text/plain"} | ({} if retry_after is None else {"Retry-After": retry_after})
    return _on_reply(lambda reply: Reply(429, headers, b"too many requests"))


def failing(status: int, retry_after: str | None = None) -> Effect:
    """An error of the office's machines, 500 or 503, with the page a web server puts there."""
    headers = {"Content-Type": "text/html"} | ({} if retry_after is None else {"Retry-After": retry_after})
    body = f"<html><head><title>{status}</title></head><body><h1>{status} Service Error</h1></body></html>\n".encode()
    return _on_reply(lambda reply: Reply(status, headers, body))


def html_page(title: str = "Down for maintenance") -> Effect:
    """200 with a page for people in place of the data."""
    body = f"<!DOCTYPE html>\n<html>\n<head><title>{title}</title></head>\n<body><h1>{title}</h1></body>\n</html>\n".encode()
    return _on_reply(lambda reply: Reply(200, {"Content-Type": "text/html;charset=utf-8"}, body))


def emptied() -> Effect:
    """204, as if nothing had been filed."""
    return _on_reply(lambda reply: Reply(204))


def encoded(encoding: str) -> Effect:
    """The text in another encoding than UTF-8, e.g. `latin-1` or `utf-16`.

    Plain ASCII reads the same in Latin-1, so the last capital E of such a text becomes an E with an accent first.
    """

    def effect(text: str) -> bytes:
        if text.isascii() and text.encode(encoding) == text.encode():
            before, _, after = text.rpartition("E")
            text = f"{before}É{after}"
        return text.encode(encoding)

    return _on_text(effect)


def doubled() -> Effect:
    """Every row stands there twice, as when a page is sent again."""
    return _on_rows(lambda header, rows: (header, rows + rows))


def renamed(column: str, name: str) -> Effect:
    """A column has a new name, everywhere it stands."""
    return _on_rows(lambda header, rows: ([name if held == column else held for held in header], rows))


def without(column: str, value: str) -> Effect:
    """The rows that hold `value` in `column` are not sent."""

    def effect(header: Row, rows: list[Row]) -> tuple[Row, list[Row]]:
        at = header.index(column)
        return header, [row for row in rows if row[at] != value]

    return _on_rows(effect)


def shortened(share: float) -> Effect:
    """Only this share of the rows (0 to 1), from the first on, in a body that is otherwise whole; 0 leaves a header without rows."""
    return _on_rows(lambda header, rows: (header, rows[: int(len(rows) * share)]))


def replaced(column: str, old: str, new: str) -> Effect:
    """Every `old` in `column` reads `new`: a code never seen before, a figure that is no number, a unit nobody knows."""

    def effect(header: Row, rows: list[Row]) -> tuple[Row, list[Row]]:
        places = [at for at, held in enumerate(header) if held == column]
        return header, [[new if at in places and held == old else held for at, held in enumerate(row)] for row in rows]

    return _on_rows(effect)


@dataclass
class Fault:
    """An effect, the requests it applies to, and how often it did."""

    effect: Effect
    office: str | None
    matching: re.Pattern[str]
    after: int
    times: int | None
    matched: int = 0
    applied: int = 0

    def is_due(self, office: str, request: str) -> bool:
        """Whether this request is one of those meant; counts it."""
        if self.office not in (None, office) or not self.matching.search(request):
            return False
        self.matched += 1
        due = self.matched > self.after and (self.times is None or self.applied < self.times)
        self.applied += due
        return due


@dataclass
class Faults:
    """The faults of a server, safe to change while it answers."""

    _faults: list[Fault] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, effect: Effect, office: str | None = None, matching: str = "", after: int = 0, times: int | None = None) -> Fault:
        """Let `effect` befall requests to `office` (null: any) whose path and query match, after the first `after`, `times` of them.

        `matching` is searched in `path?name=value&name=value`, decoded and without the key; `times` null means for ever.
        """
        fault = Fault(effect, office, re.compile(matching), after, times)
        with self._lock:
            self._faults.append(fault)
        return fault

    def clear(self) -> None:
        """From now on all goes well."""
        with self._lock:
            self._faults.clear()

    def befall(self, office: str, path: str, query: Query, reply: Reply) -> Delivery:
        """The delivery of this reply, with what goes wrong with it."""
        request = path + "?" + "&".join(f"{name}={value}" for name, value in without_secrets(query))
        with self._lock:
            due = [fault.effect for fault in self._faults if fault.is_due(office, request)]
        delivery = Delivery(reply)
        for effect in due:
            delivery = effect(delivery)
        return delivery


def _on_reply(effect: Callable[[Reply], Reply]) -> Effect:
    return lambda delivery: replace(delivery, reply=effect(delivery.reply))


def _on_text(effect: Callable[[str], bytes]) -> Effect:
    """An effect on the text of a good answer. Its tag changes too, for other bytes under the same tag would be two faults in one."""

    def on_reply(reply: Reply) -> Reply:
        if reply.status != 200 or reply.headers.get("Content-Type", "").startswith("text/html"):
            return reply
        return replace(reply, headers=_other_tag(reply.headers), body=_rewritten(reply.body, effect))

    return _on_reply(on_reply)


def _on_rows(change: Change) -> Effect:
    return _on_text(lambda text: changed_rows(text, change))


def _rewritten(body: bytes, effect: Callable[[str], bytes]) -> bytes:
    if not zipfile.is_zipfile(BytesIO(body)):
        return effect(body.decode())
    with zipfile.ZipFile(BytesIO(body)) as packed:
        (member,) = packed.infolist()
        text = packed.read(member).decode()
    written = BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as repacked:
        repacked.writestr(member, effect(text))
    return written.getvalue()


def _other_tag(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: f'{value[:-1]}-changed"' if name == "ETag" else value for name, value in headers.items()}
