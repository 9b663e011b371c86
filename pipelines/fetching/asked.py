"""A request as it goes out, and what is told of one that got no answer. No text made here ever holds the key."""

from __future__ import annotations

import re
import socket
import ssl
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field

import httpcore
import httpx

from pipelines.archive import secrecy
from pipelines.errors import LodestoneError, printable
from pipelines.fetching.headers import decoded, moment
from pipelines.fetching.part import Part
from pipelines.fetching.wire import ERRORS, KEY, TooSlow
from pipelines.sources.request import Request

PASSING_STATUSES = frozenset({429, 500, 502, 503, 504})
"""Answers that may be another one in a moment. Every other refusal stays one however often it is asked for."""

CONNECT_SECONDS = 10.0

LATER = "run again later; what was there before is untouched"


class MissingKey(LodestoneError):
    """An office asks for a key that the environment does not hold."""


@dataclass(eq=False)
class FetchFailed(LodestoneError):
    """An office gave no usable answer. `passing` says that asking again may help; no field ever holds a key."""

    office: str
    member: str
    reason: str
    remedy: str
    status: int | None = None
    passing: bool = False
    wait_seconds: float | None = None

    def __str__(self) -> str:
        return f"{self.office}, {self.member}: {self.reason}; {self.remedy}"


@dataclass(frozen=True)
class Asked:
    """A request as it goes out: its address without the key, the key beside it."""

    request: Request
    url: httpx.URL
    secret: str | None = field(repr=False)
    conditions: dict[str, str]

    def is_meant(self, headers: httpx.Headers) -> bool:
        """Whether a 304 speaks of the version that was asked about, as far as it says."""
        tag, date = self.conditions.get("If-None-Match"), self.conditions.get("If-Modified-Since")
        if tag is not None and "etag" in headers:  # compared weakly: https://www.rfc-editor.org/rfc/rfc9110#section-13.1.2
            return tag.strip().removeprefix("W/") == headers["etag"].strip().removeprefix("W/")
        if date is not None and "last-modified" in headers:
            return date == headers["last-modified"] or moment(date) == moment(headers["last-modified"]) is not None
        return True

    def extensions(self) -> dict[str, tuple[str, str | None]]:
        """The key, put in beside the address, so that nothing that prints a request or an address knows it."""
        return {} if self.request.secret is None else {KEY: (self.request.secret[0], self.secret)}

    def without_key(self, url: httpx.URL) -> httpx.URL:
        """An address without the key."""
        return url if self.request.secret is None else url.copy_remove_param(self.request.secret[0])

    def holds_key(self, url: httpx.URL) -> bool:
        """Whether the key stands in an address."""
        return self.request.secret is not None and url.params.get(self.request.secret[0]) == self.secret

    def scrubbed(self, text: str) -> str:
        """The text with asterisks for the key."""
        return text if self.secret is None else secrecy.without(text, [self.secret])


def what_went_wrong(error: Exception, asked: Asked, part: Part, proxy: httpx.Proxy | None, timeout: float) -> tuple[str, str, bool]:
    """What went wrong on the way, what to do about it, and whether it may pass."""
    host, causes = asked.url.host, list(_causes(error))
    name = host if proxy is None else proxy.url.host
    hop = host if proxy is None else f"the proxy {name}"
    for cause in causes:
        if isinstance(cause, socket.gaierror):
            reason = f"the name {name} is not known ({cause.strerror})"
            return reason, "check the network and the address, then run again", cause.errno != socket.EAI_NONAME
        if isinstance(cause, ssl.SSLCertVerificationError):
            reason = f"the certificate of {host} is refused ({cause.verify_message})"
            return reason, "check the clock of this machine and any proxy in between", False
    if isinstance(error, httpcore.ProxyError):
        words = printable_words(str(error))
        return f"{hop} does not lead to {host} ({words})", "check HTTPS_PROXY, and ask who runs it", words.startswith("5")
    if isinstance(error, zlib.error):
        return f"the compressed body is damaged after {part.so_far} ({error})", LATER, True
    if isinstance(error, TooSlow):
        return f"too slow: {error}" + (f", {part.so_far} of the body" if part.is_coming else ""), LATER, True
    if isinstance(error, httpcore.ConnectTimeout):
        return f"timed out: no connection to {hop} in {min(timeout, CONNECT_SECONDS):g} s", LATER, True
    if isinstance(error, httpcore.TimeoutException):
        return f"timed out: nothing came for {timeout:g} s" + (f" after {part.so_far}" if part.is_coming else ""), LATER, True
    if part.is_coming:
        return f"the connection was cut after {part.so_far}", LATER, True
    if any(isinstance(cause, ConnectionRefusedError) for cause in causes):
        return f"{hop} refused the connection", LATER, True
    return f"{hop} gives no answer that can be read ({error})", LATER, True


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def remedy_for(status: int, request: Request) -> str:
    """What to do about a status."""
    if status in PASSING_STATUSES:
        return LATER
    if status in (401, 403) and request.secret is not None:
        return f"check the key in {request.secret[1]}"
    return "look on the office's page whether its address or parameters changed"


def first_words(response: httpx.Response) -> str:
    """The beginning of what an error page says, without its tags and control characters."""
    head = b""
    with suppress(*ERRORS, zlib.error):
        for piece in decoded(response):
            head += piece
            if len(head) > 2_000:
                break
    text = re.sub(r"<(style|script)\b.*?</\1>|<[^>]*>", " ", head.decode("utf-8", "replace"), flags=re.DOTALL | re.IGNORECASE)
    return printable_words(text)


def printable_words(text: str) -> str:
    """A text on one line, without control characters."""
    return printable(" ".join(text.split()))
