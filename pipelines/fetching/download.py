"""Bytes over the wire: one polite downloader for every office.

Here are waits, retries, resumed bodies, size limits and keys that stay secret. What to ask, whether an answer is good and
where it is kept do not belong here: nothing below knows a source or the archive.
"""

from __future__ import annotations

import logging
import os
import random
import sys
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx
import stamina
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from pipelines.console import SafeConsole
from pipelines.fetching.asked import (
    CONNECT_SECONDS,
    LATER,
    PASSING_STATUSES,
    Asked,
    FetchFailed,
    MissingKey,
    first_words,
    remedy_for,
    what_went_wrong,
)
from pipelines.fetching.headers import READABLE_CODINGS, coding, content_length, decoded, moment, retry_after_seconds
from pipelines.fetching.part import Part, coming_part
from pipelines.fetching.wire import ERRORS, Wire
from pipelines.sources.request import Answer, Request

FIRST_WAIT_SECONDS = 2.0

MOST_REDIRECTS = 5

LARGE_BYTES = 1_000_000
"""From here on a person who waits is shown a bar."""


# httpx tells every address at INFO, httpcore every header at DEBUG, and stamina every retry, wherever structlog writes, without its reason.
for _logger in ("httpx", "httpcore"):
    logging.getLogger(_logger).setLevel(logging.WARNING)


stamina.instrumentation.set_on_retry_hooks([])


@dataclass(frozen=True)
class Politeness:
    """How an office wants to be asked, and how much is read of one answer."""

    requests_per_minute: float
    timeout_seconds: float
    most_bytes: int
    deadline_seconds: float = 900
    """So long after it was asked for an answer is given up, whether or not something still comes."""
    attempts: int = 5
    longest_wait_seconds: float = 120


class Downloader:
    """Asks one office, never faster than it allows. Use it in a `with` block: at its end the connections are closed."""

    def __init__(
        self,
        office: str,
        politeness: Politeness,
        *,
        stand_in: str | None = None,
        partial: Path,
        environment: Mapping[str, str] = os.environ,
        say: Callable[[str], None],
        progress: bool | None = None,
        wait: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
        jitter_seconds: float = 1.0,
    ) -> None:
        self._office = office
        self._politeness = politeness
        self._stand_in = stand_in.rstrip("/") if stand_in else None
        self._partial = partial
        self._environment = environment
        self._say = say
        self._progress = sys.stderr.isatty() if progress is None else progress
        self._wait = wait
        self._clock = clock
        self._jitter_seconds = jitter_seconds
        self._next_turn = clock()
        self._finished: Part | None = None
        seconds = politeness.timeout_seconds
        self._wire = Wire(
            with_proxy=stand_in is None,  # a proxy is for the way to the offices
            least_speed_after=seconds,
            deadline=politeness.deadline_seconds,
            clock=clock,
        )
        self._client = httpx.Client(
            transport=self._wire,
            headers={"User-Agent": _user_agent(environment)},
            timeout=httpx.Timeout(connect=min(seconds, CONNECT_SECONDS), read=seconds, write=seconds, pool=seconds),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if error is None:
            self._remove_finished()
        self._client.close()

    def ask(self, request: Request, etag: str | None = None, last_modified: str | None = None) -> Answer:
        """The office's answer, or that nothing changed since `etag` or `last_modified`. Raises `FetchFailed` or `MissingKey`.

        A resumable body stays on disk until the next request or the end of the block, so that a caller who is killed
        before the answer is kept does not have to ask for it again.
        """
        conditions = {"If-None-Match": etag, "If-Modified-Since": last_modified}
        url = httpx.URL(request.url, params=request.params) if request.params else httpx.URL(request.url)
        # As a tag, an asterisk would stand for every version there is.
        sent = {name: value for name, value in conditions.items() if value and value.isascii() and value.strip() != "*"}
        asked = Asked(request, url, self._secret(request), sent)
        self._remove_finished()
        with coming_part(self._partial, f"{self._office}-{request.member}", str(url), request.resumable) as part:
            answer = self._retried(asked, part)
            self._finished = part
        return answer

    def _secret(self, request: Request) -> str | None:
        if request.secret is None:
            return None
        variable = request.secret[1]
        value = self._environment.get(variable, "").strip()
        if not value:
            raise MissingKey(f"{self._office} needs a key in {variable}: sign up at {request.sign_up or 'the page of the office'}")
        return value

    def _retried(self, asked: Asked, part: Part) -> Answer:
        # stamina counts the attempts and lengthens the waits; it knows no Retry-After, so it is told to go on at once.
        attempts, pause = self._politeness.attempts, 0.0
        for attempt in stamina.retry_context(
            on=lambda error: 0.0 if isinstance(error, FetchFailed) and error.passing else False,
            attempts=attempts,
            timeout=None,
            wait_initial=FIRST_WAIT_SECONDS,
            wait_max=self._politeness.longest_wait_seconds,
        ):
            with attempt:
                self._pause(pause)
                try:
                    return self._attempt(asked, part)
                except FetchFailed as failure:
                    if failure.passing and attempt.num == attempts:
                        failure.reason += f" (attempt {attempts} of {attempts})"
                    elif failure.passing:
                        backoff = attempt.next_wait + random.uniform(0, self._jitter_seconds)
                        pause = backoff if failure.wait_seconds is None else failure.wait_seconds
                        again = f"attempt {attempt.num + 1} of {attempts} in {pause:.1f} s"
                        self._say(f"{self._office}, {asked.request.member}: {failure.reason}; {again}")
                    raise
        raise AssertionError("the last failure is raised by the loop")

    def _attempt(self, asked: Asked, part: Part) -> Answer:
        part.is_coming = False
        try:
            return self._answer(asked, part)
        except (*ERRORS, httpx.TransportError, httpx.InvalidURL, zlib.error) as error:
            failure = self._failed(
                asked, *what_went_wrong(error, asked, part, self._wire.proxy(asked.url), self._politeness.timeout_seconds)
            )
        # Raised outside the handler, so that no error of httpx, which knows the whole request, hangs on it.
        raise failure

    def _answer(self, asked: Asked, part: Part) -> Answer:
        with closing(self._send(asked, part)) as response:
            is_of_another = response.status_code == 304 and not asked.is_meant(response.headers)
            if not is_of_another and not part.is_refused(response):
                return self._read(asked, part, response)
        if is_of_another:
            return self._answer(replace(asked, conditions={}), part)
        part.forget()
        return self._answer(asked, part)

    def _send(self, asked: Asked, part: Part) -> httpx.Response:
        headers = asked.conditions | {"Accept-Encoding": "identity" if asked.request.resumable else "gzip"} | part.range_headers()
        url, with_key = asked.url, asked.secret is not None
        for _ in range(MOST_REDIRECTS + 1):
            address = self._address(asked, url)
            request = self._client.build_request("GET", address, headers=headers, extensions=asked.extensions() if with_key else None)
            self._take_turn()
            response = self._client.send(request, stream=True)
            if not response.has_redirect_location:
                return response
            response.close()
            url, with_key = self._redirected(asked, url, with_key, response.headers["Location"])
        raise self._failed(asked, f"it redirects more than {MOST_REDIRECTS} times", "look at the address in a browser")

    def _address(self, asked: Asked, url: httpx.URL) -> httpx.URL:
        """Where a documented address is really asked for. Only https and the stand-in are."""
        if self._stand_in is not None and url.scheme == "https":
            with suppress(httpx.InvalidURL):  # which may tell a part of a password
                return httpx.URL(f"{self._stand_in}/{self._office}{url.raw_path.decode('ascii')}")
            raise self._failed(asked, "LODESTONE_OFFICES holds no address that can be asked", "write http://HOST:PORT, or unset it")
        if url.scheme == "https" or (self._stand_in is not None and str(url).startswith(f"{self._stand_in}/")):
            return url
        raise self._failed(asked, f"it leads to {url.scheme}://{url.host}, and only https is followed", "look at the address in a browser")

    def _redirected(self, asked: Asked, url: httpx.URL, with_key: bool, location: str) -> tuple[httpx.URL, bool]:
        """The next address, and whether the key goes there: only to the same host, and only where it was sent back by it."""
        target = url.join(location)
        is_same_host = (target.scheme, target.host, target.port) == (url.scheme, url.host, url.port)
        with_key = with_key and asked.holds_key(target) and is_same_host
        if asked.holds_key(target):
            target = asked.without_key(target)
        if asked.scrubbed(str(target)) != str(target):
            raise self._failed(asked, f"it redirects to {target.host} with the key in the address", "look at the office's page")
        return target, with_key

    def _read(self, asked: Asked, part: Part, response: httpx.Response) -> Answer:
        status, url = response.status_code, str(asked.url)
        headers = {name: asked.scrubbed(value) for name, value in response.headers.items() if name != "set-cookie"}
        if status == 304 and asked.conditions:
            return Answer(status, headers, b"", url, unchanged=True)
        if status == 206 and part.is_begun:
            part.go_on(response)
            # Parts that make the whole are a complete answer: https://www.rfc-editor.org/rfc/rfc9110#section-15.3.7.3
            headers = {name: value for name, value in headers.items() if name != "content-range"} | {"content-length": str(part.total)}
            status = 200
        elif response.is_success and status != 206:
            part.restart(response)
        else:
            raise self._refusal(asked, response)
        if status != 204:
            self._receive(asked, part, response)
        return Answer(status, headers, part.body(), url, unchanged=False)

    def _receive(self, asked: Asked, part: Part, response: httpx.Response) -> None:
        if coding(response) not in READABLE_CODINGS:
            raise self._failed(asked, f"the body came as {coding(response)}, which was not asked for", "look at the office's page")
        part.is_coming = True
        self._check_size(asked, part, part.total or content_length(response) or 0, "announces")
        with self._bar(asked.request.member, part) as show:
            for piece in decoded(response):
                self._check_size(asked, part, part.size + len(piece), "has sent")
                part.add(piece)
                show(part.size)
        if part.total is not None and part.size != part.total:
            raise self._failed(asked, f"the connection was cut after {part.so_far}", LATER, passing=True)

    def _check_size(self, asked: Asked, part: Part, size: int, verb: str) -> None:
        if size > self._politeness.most_bytes:
            part.forget()
            reason = f"too large: the office {verb} {size:,} bytes where at most {self._politeness.most_bytes:,} are expected"
            raise self._failed(asked, reason, "look at the address in a browser, and raise the source's limit if so much is right")

    def _refusal(self, asked: Asked, response: httpx.Response) -> FetchFailed:
        status = response.status_code
        words = asked.scrubbed(first_words(response))
        reason = f"HTTP {status} {response.reason_phrase}".rstrip() + (f" ({words[:120]})" if words else "")
        remedy = remedy_for(status, asked.request)
        if status not in PASSING_STATUSES:
            return self._failed(asked, reason, remedy, status=status)
        answered = moment(response.headers.get("date")) or datetime.now(UTC)
        seconds = retry_after_seconds(response.headers.get("retry-after", ""), answered)
        if seconds is not None and seconds > self._politeness.longest_wait_seconds:
            reason = f"{reason}; it asks to wait {seconds:,.0f} s"
            with suppress(OverflowError):
                reason += f", until {answered + timedelta(seconds=seconds):%Y-%m-%d %H:%M} UTC"
            return self._failed(asked, reason, "run again after that", status=status, wait_seconds=seconds)
        return self._failed(asked, reason, remedy, status=status, passing=True, wait_seconds=seconds)

    def _failed(
        self,
        asked: Asked,
        reason: str,
        remedy: str,
        passing: bool = False,
        status: int | None = None,
        wait_seconds: float | None = None,
    ) -> FetchFailed:
        return FetchFailed(self._office, asked.request.member, asked.scrubbed(reason), remedy, status, passing, wait_seconds)

    def _take_turn(self) -> None:
        self._pause(self._next_turn - self._clock())
        self._next_turn = self._clock() + 60 / self._politeness.requests_per_minute

    def _pause(self, seconds: float) -> None:
        if seconds > 0:
            self._wait(seconds)

    def _remove_finished(self) -> None:
        if self._finished is not None:
            self._finished.remove()
            self._finished = None

    @contextmanager
    def _bar(self, member: str, part: Part) -> Iterator[Callable[[int], None]]:
        if not self._progress or (part.total or 0) < LARGE_BYTES:
            yield lambda _: None
            return
        columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
        with Progress(*columns, console=SafeConsole(sys.stderr), transient=True) as progress:
            task = progress.add_task(member, total=part.total, completed=part.size)
            yield lambda size: progress.update(task, completed=size)


def _user_agent(environment: Mapping[str, str]) -> str:
    contact = " ".join(environment.get("LODESTONE_CONTACT", "").split()).encode("ascii", "replace").decode()
    known = f"; {contact}" if contact else ""
    return f"Lodestone/{version('lodestone')} (critical-minerals trade statistics; one polite reader{known})"
