"""Bytes over the wire: one polite downloader for every office.

Here are waits, retries, resumed bodies, size limits and keys that stay secret. What to ask, whether an answer is good and
where it is kept do not belong here: nothing below knows a source or the archive.

    <partial>/<office>-<member>.part    what has come of a resumable body
    <partial>/<office>-<member>.json    its address and validator, never a key
"""

from __future__ import annotations

import fcntl
import io
import json
import logging
import os
import random
import re
import shutil
import socket
import ssl
import sys
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from errno import EDQUOT, ENOSPC
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import Self

import httpcore
import httpx
import stamina
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from pipelines import secrecy
from pipelines.errors import LodestoneError
from pipelines.files import remove_drafts, write_atomically
from pipelines.terminal import SafeConsole
from pipelines.wire import ERRORS, KEY, TooSlow, Wire

PASSING_STATUSES = frozenset({429, 500, 502, 503, 504})
"""Answers that may be another one in a moment. Every other refusal stays one however often it is asked for."""
FIRST_WAIT_SECONDS = 2.0
CONNECT_SECONDS = 10.0
MOST_REDIRECTS = 5
PIECE_BYTES = 65_536
LARGE_BYTES = 1_000_000
"""From here on a person who waits is shown a bar."""
READABLE_CODINGS = frozenset({"identity", "gzip", "x-gzip"})

LATER = "run again later; what was there before is untouched"

# httpx tells every address at INFO, httpcore every header at DEBUG, and stamina every retry, wherever structlog writes, without its reason.
for _logger in ("httpx", "httpcore"):
    logging.getLogger(_logger).setLevel(logging.WARNING)
stamina.instrumentation.set_on_retry_hooks([])


@dataclass(frozen=True)
class Request:
    """One question to an office. The same question always has the same `member`, the name its answer is kept under."""

    member: str
    url: str
    params: tuple[tuple[str, str], ...] = ()
    secret: tuple[str, str] | None = None
    """Query parameter and the environment variable that holds its value."""
    sign_up: str | None = None
    """Where a person gets a key."""
    slices: tuple[str, ...] = ()
    """Slices whose rows the answer may hold."""
    asked: tuple[str, ...] = ()
    """HS6 codes the answer decides."""
    resumable: bool = False
    """Worth keeping half of: the rest is asked for with Range and If-Range."""

    @property
    def shown(self) -> str:
        """The whole address as it may be shown to anybody: without the key."""
        return str(httpx.URL(self.url, params=self.params) if self.params else httpx.URL(self.url))


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


@dataclass(frozen=True)
class Answer:
    """What an office said. `url` is the address that was asked, without the key; `unchanged` is a 304 and has no body."""

    status: int
    headers: dict[str, str]
    body: bytes
    url: str
    unchanged: bool


class MissingKey(LodestoneError):
    """An office asks for a key that the environment does not hold."""


class DiskTrouble(LodestoneError):
    """The folder of half-received bodies cannot be written."""


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
        self._finished: _Part | None = None
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

        A resumable body stays on disk until the next question or the end of the block, so that a caller who is killed
        before the answer is kept does not have to ask for it again.
        """
        conditions = {"If-None-Match": etag, "If-Modified-Since": last_modified}
        url = httpx.URL(request.url, params=request.params) if request.params else httpx.URL(request.url)
        # As a tag, an asterisk would stand for every version there is.
        sent = {name: value for name, value in conditions.items() if value and value.isascii() and value.strip() != "*"}
        asked = _Asked(request, url, self._secret(request), sent)
        self._remove_finished()
        with _part(self._partial, f"{self._office}-{request.member}", str(url), request.resumable) as part:
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

    def _retried(self, asked: _Asked, part: _Part) -> Answer:
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

    def _attempt(self, asked: _Asked, part: _Part) -> Answer:
        part.is_coming = False
        try:
            return self._answer(asked, part)
        except (*ERRORS, httpx.TransportError, httpx.InvalidURL, zlib.error) as error:
            failure = self._failed(asked, *_told(error, asked, part, self._wire.proxy(asked.url), self._politeness.timeout_seconds))
        # Raised outside the handler, so that no error of httpx, which knows the whole request, hangs on it.
        raise failure

    def _answer(self, asked: _Asked, part: _Part) -> Answer:
        with closing(self._send(asked, part)) as response:
            is_of_another = response.status_code == 304 and not asked.is_meant(response.headers)
            if not is_of_another and not part.is_refused(response):
                return self._read(asked, part, response)
        if is_of_another:
            return self._answer(replace(asked, conditions={}), part)
        part.forget()
        return self._answer(asked, part)

    def _send(self, asked: _Asked, part: _Part) -> httpx.Response:
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

    def _address(self, asked: _Asked, url: httpx.URL) -> httpx.URL:
        """Where a documented address is really asked for. Only https and the stand-in are."""
        if self._stand_in is not None and url.scheme == "https":
            with suppress(httpx.InvalidURL):  # which may tell a part of a password
                return httpx.URL(f"{self._stand_in}/{self._office}{url.raw_path.decode('ascii')}")
            raise self._failed(asked, "LODESTONE_OFFICES holds no address that can be asked", "write http://HOST:PORT, or unset it")
        if url.scheme == "https" or (self._stand_in is not None and str(url).startswith(f"{self._stand_in}/")):
            return url
        raise self._failed(asked, f"it leads to {url.scheme}://{url.host}, and only https is followed", "look at the address in a browser")

    def _redirected(self, asked: _Asked, url: httpx.URL, with_key: bool, location: str) -> tuple[httpx.URL, bool]:
        """The next address, and whether the key goes there: only to the same host, and only where it was sent back by it."""
        target = url.join(location)
        is_same_host = (target.scheme, target.host, target.port) == (url.scheme, url.host, url.port)
        with_key = with_key and asked.holds_key(target) and is_same_host
        if asked.holds_key(target):
            target = asked.without_key(target)
        if asked.scrubbed(str(target)) != str(target):
            raise self._failed(asked, f"it redirects to {target.host} with the key in the address", "look at the office's page")
        return target, with_key

    def _read(self, asked: _Asked, part: _Part, response: httpx.Response) -> Answer:
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

    def _receive(self, asked: _Asked, part: _Part, response: httpx.Response) -> None:
        if _coding(response) not in READABLE_CODINGS:
            raise self._failed(asked, f"the body came as {_coding(response)}, which was not asked for", "look at the office's page")
        part.is_coming = True
        self._check_size(asked, part, part.total or _content_length(response) or 0, "announces")
        with self._bar(asked.request.member, part) as show:
            for piece in _decoded(response):
                self._check_size(asked, part, part.size + len(piece), "has sent")
                part.add(piece)
                show(part.size)
        if part.total is not None and part.size != part.total:
            raise self._failed(asked, f"the connection was cut after {part.so_far}", LATER, passing=True)

    def _check_size(self, asked: _Asked, part: _Part, size: int, verb: str) -> None:
        if size > self._politeness.most_bytes:
            part.forget()
            reason = f"too large: the office {verb} {size:,} bytes where at most {self._politeness.most_bytes:,} are expected"
            raise self._failed(asked, reason, "look at the address in a browser, and raise the source's limit if so much is right")

    def _refusal(self, asked: _Asked, response: httpx.Response) -> FetchFailed:
        status = response.status_code
        words = asked.scrubbed(_first_words(response))
        reason = f"HTTP {status} {response.reason_phrase}".rstrip() + (f" ({words[:120]})" if words else "")
        remedy = _remedy(status, asked.request)
        if status not in PASSING_STATUSES:
            return self._failed(asked, reason, remedy, status=status)
        answered = _moment(response.headers.get("date")) or datetime.now(UTC)
        seconds = _retry_after_seconds(response.headers.get("retry-after", ""), answered)
        if seconds is not None and seconds > self._politeness.longest_wait_seconds:
            reason = f"{reason}; it asks to wait {seconds:,.0f} s"
            with suppress(OverflowError):
                reason += f", until {answered + timedelta(seconds=seconds):%Y-%m-%d %H:%M} UTC"
            return self._failed(asked, reason, "run again after that", status=status, wait_seconds=seconds)
        return self._failed(asked, reason, remedy, status=status, passing=True, wait_seconds=seconds)

    def _failed(
        self,
        asked: _Asked,
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
    def _bar(self, member: str, part: _Part) -> Iterator[Callable[[int], None]]:
        if not self._progress or (part.total or 0) < LARGE_BYTES:
            yield lambda _: None
            return
        columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
        with Progress(*columns, console=SafeConsole(sys.stderr), transient=True) as progress:
            task = progress.add_task(member, total=part.total, completed=part.size)
            yield lambda size: progress.update(task, completed=size)


@dataclass(frozen=True)
class _Asked:
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
            return date == headers["last-modified"] or _moment(date) == _moment(headers["last-modified"]) is not None
        return True

    def extensions(self) -> dict[str, tuple[str, str | None]]:
        """The key, put in beside the address, so that nothing that prints a request or an address knows it."""
        return {} if self.request.secret is None else {KEY: (self.request.secret[0], self.secret)}

    def without_key(self, url: httpx.URL) -> httpx.URL:
        return url if self.request.secret is None else url.copy_remove_param(self.request.secret[0])

    def holds_key(self, url: httpx.URL) -> bool:
        return self.request.secret is not None and url.params.get(self.request.secret[0]) == self.secret

    def scrubbed(self, text: str) -> str:
        """The text with asterisks for the key."""
        return text if self.secret is None else secrecy.without(text, [self.secret])


class _Part:
    """What has come of one body: in memory, or on disk where half of it is worth keeping."""

    def __init__(self, file: io.FileIO | io.BytesIO, url: str, path: Path | None = None) -> None:
        self._file = file
        self._url = url
        self._path = path
        self._validator: str | None = None
        self.size = 0
        self.total: int | None = None
        self.is_coming = False

    @property
    def is_begun(self) -> bool:
        return self._validator is not None and self.size > 0

    @property
    def so_far(self) -> str:
        return f"{self.size:,} bytes" if self.total is None else f"{self.size:,} of {self.total:,} bytes"

    @property
    def _first_missing(self) -> int:
        # A range may not be empty: of a body that is whole, and not yet known to be current, the last byte is asked for again.
        return self.size if self.total is None else min(self.size, self.total - 1)

    def recall(self) -> None:
        """Take up what another attempt or process left of the same address, or forget it."""
        try:
            noted = json.loads(self._note.read_text("utf-8"))
            same, self._validator, self.total = noted["url"] == self._url, noted["validator"], noted["total"]
            self.size = self._file.seek(0, os.SEEK_END)
        except (OSError, ValueError, KeyError, TypeError):
            same = False
        if not same:
            self.forget()

    def range_headers(self) -> dict[str, str]:
        if not self.is_begun or self._validator is None:
            return {}
        return {"Range": f"bytes={self._first_missing}-", "If-Range": self._validator}

    def is_refused(self, response: httpx.Response) -> bool:
        """Whether an answer to `range_headers` does not go on where this part ends."""
        if not self.is_begun or response.status_code not in (206, 416):
            return False
        start, total = _content_range(response)
        same = response.headers.get("etag", self._validator) == self._validator and self.total in (None, total)
        return response.status_code == 416 or not same or start != self._first_missing or not _is_plain(response)

    def go_on(self, response: httpx.Response) -> None:
        self.total = _content_range(response)[1]
        self._cut_to(self._first_missing)

    def restart(self, response: httpx.Response) -> None:
        """Begin anew; with a validator it is remembered what this is the beginning of."""
        self.forget()
        self.total = _content_length(response) if _is_plain(response) else None
        self._validator = _strong_validator(response.headers) if _is_plain(response) and self._path else None
        if self._validator is not None:
            noted = {"url": self._url, "validator": self._validator, "total": self.total}
            with self._on_disk():
                write_atomically(self._note, (json.dumps(noted, indent=1) + "\n").encode())

    def add(self, piece: bytes) -> None:
        with self._on_disk():
            rest = memoryview(piece)
            while rest:
                written = self._file.write(rest)
                self.size += written
                rest = rest[written:]

    def body(self) -> bytes:
        self._file.seek(0)
        return self._file.read()

    def forget(self) -> None:
        self._validator = self.total = None
        if self._path:
            self._note.unlink(missing_ok=True)
        self._cut_to(0)

    def remove(self) -> None:
        if self._path:
            self._note.unlink(missing_ok=True)
            self._path.unlink(missing_ok=True)

    @property
    def _note(self) -> Path:
        assert self._path is not None
        return self._path.with_suffix(".json")

    def _cut_to(self, size: int) -> None:
        self._file.seek(size)
        self._file.truncate()
        self.size = size

    @contextmanager
    def _on_disk(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            assert self._path is not None
            raise _disk_trouble(self._path, error, None if self.total is None else self.total - self.size) from error


@contextmanager
def _part(folder: Path, name: str, url: str, resumable: bool) -> Iterator[_Part]:
    """The body that is to come; for a resumable one, what is on disk of it, which no other process may touch meanwhile."""
    if not resumable:
        yield _Part(io.BytesIO(), url)
        return
    path = folder / f"{name}.part"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        remove_drafts(folder)
        file = path.open("a+b", buffering=0)
    except OSError as error:
        raise _disk_trouble(path, error, None) from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DiskTrouble(f"{path}: another process is receiving this file; wait until it ends") from None
        part = _Part(file, url, path)
        part.recall()
        yield part


def _disk_trouble(path: Path, error: OSError, needed: int | None) -> DiskTrouble:
    if error.errno not in (ENOSPC, EDQUOT):
        return DiskTrouble(f"{path.parent}: {path.name} cannot be written ({error.strerror}); put the folder right and run again")
    free = shutil.disk_usage(path.parent).free
    more = "more" if needed is None else f"{needed:,} bytes more"
    return DiskTrouble(
        f"{path.parent}: the disk is full; {path.name} needs {more} and {free:,} are free; make room and run again, what has come is kept"
    )


def _told(error: Exception, asked: _Asked, part: _Part, proxy: httpx.Proxy | None, timeout: float) -> tuple[str, str, bool]:
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
        words = _printable(str(error))
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


def _remedy(status: int, request: Request) -> str:
    if status in PASSING_STATUSES:
        return LATER
    if status in (401, 403) and request.secret is not None:
        return f"check the key in {request.secret[1]}"
    return "look on the office's page whether its address or parameters changed"


def _decoded(response: httpx.Response) -> Iterator[bytes]:
    """The body in small pieces, so that a bomb is noticed long before it fills the memory."""
    return response.iter_raw() if _is_plain(response) else _gunzipped(response.iter_raw())


def _gunzipped(pieces: Iterable[bytes]) -> Iterator[bytes]:
    stream, is_whole = zlib.decompressobj(wbits=31), False
    for piece in pieces:
        while piece:
            yield stream.decompress(piece, PIECE_BYTES)
            is_whole = stream.eof
            if is_whole:  # what follows is another gzip stream, part of the same body
                piece, stream = stream.unused_data, zlib.decompressobj(wbits=31)
            else:
                piece = stream.unconsumed_tail
    if not is_whole:
        raise zlib.error("it ends too early")


def _coding(response: httpx.Response) -> str:
    return str(response.headers.get("content-encoding", "")).strip().lower() or "identity"


def _is_plain(response: httpx.Response) -> bool:
    return _coding(response) == "identity"


def _content_length(response: httpx.Response) -> int | None:
    length = response.headers.get("content-length", "")
    return int(length) if re.fullmatch(r"[0-9]{1,18}", length) else None


def _content_range(response: httpx.Response) -> tuple[int | None, int | None]:
    """The first byte that is sent and the length of the whole, where both are told."""
    found = re.fullmatch(r"bytes ([0-9]{1,18})-[0-9]{1,18}/([0-9]{1,18})", response.headers.get("content-range", "").strip())
    return (int(found[1]), int(found[2])) if found else (None, None)


def _strong_validator(headers: httpx.Headers) -> str | None:
    """What tells one version of a body from every other: https://www.rfc-editor.org/rfc/rfc9110#section-13.1.5"""
    if "etag" in headers:
        return headers["etag"] if headers["etag"].startswith('"') and headers["etag"].isascii() else None
    changed, sent = _moment(headers.get("last-modified")), _moment(headers.get("date"))
    is_strong = changed is not None and sent is not None and sent - changed >= timedelta(minutes=1)
    return headers["last-modified"] if is_strong else None


def _moment(text: str | None) -> datetime | None:
    """A date of a header in UTC; null where it is no date, or none that this calendar holds."""
    try:
        moment = parsedate_to_datetime(text or "")
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def _retry_after_seconds(text: str, answered: datetime) -> float | None:
    """How long the office asks to be left alone. A date counts from the office's own clock, whatever ours says."""
    if re.fullmatch(r"[0-9]{1,9}", text.strip()):
        return float(text)
    until = _moment(text)
    return None if until is None else max(0.0, (until - answered).total_seconds())


def _first_words(response: httpx.Response) -> str:
    """The beginning of what an error page says, without its tags and control characters."""
    head = b""
    with suppress(*ERRORS, zlib.error):
        for piece in _decoded(response):
            head += piece
            if len(head) > 2_000:
                break
    text = re.sub(r"<(style|script)\b.*?</\1>|<[^>]*>", " ", head.decode("utf-8", "replace"), flags=re.DOTALL | re.IGNORECASE)
    return _printable(text)


def _printable(text: str) -> str:
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())


def _user_agent(environment: Mapping[str, str]) -> str:
    contact = " ".join(environment.get("LODESTONE_CONTACT", "").split()).encode("ascii", "replace").decode()
    known = f"; {contact}" if contact else ""
    return f"Lodestone/{version('lodestone')} (critical-minerals trade statistics; one polite reader{known})"
