"""One visit that asks an office. Answers are kept by `archive`, read by `intake`.

A visit is a round of requests. It can be cut at any point: what was answered is kept, and the next run goes on with what
is unanswered. Nothing here knows how an office words its requests (`sources/<name>/fetch.py`) or how bytes travel
(`fetching.download`).
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from filelock import FileLock, Timeout

from pipelines import archive
from pipelines.archive import secrecy
from pipelines.console import Say
from pipelines.errors import BadFile, LodestoneError
from pipelines.fetching.asked import FetchFailed, MissingKey
from pipelines.fetching.download import Downloader, Politeness
from pipelines.fetching.due import Plan, fetch_config, in_words
from pipelines.settings import Settings
from pipelines.sources import Source
from pipelines.sources.config import Fetch
from pipelines.sources.request import Request

SAME_NIGHT = timedelta(hours=20)
"""An unfinished visit younger than this is gone on with; an older one would mix two states of an office in one snapshot."""


SAY_EVERY, SAY_TIMES = 25, 20
"""A person who waits is told of every so many requests, and not much more often than so many times."""


RECOGNISED_BY = frozenset({"etag", "last-modified"})
"""Headers that tell one version of an answer from another."""

FAILURES_IN_A_ROW = 3
"""So many requests may fail one after another before the visit gives up: an office that is down answers none of them."""


@dataclass(frozen=True)
class Fetched:
    """What one visit brought."""

    source: str
    visit: str | None
    asked: int = 0
    answered: int = 0
    unchanged: int = 0
    received_bytes: int = 0
    failures: tuple[str, ...] = field(default=())


class VisitEnds(LodestoneError):
    """A visit has taken as long, or brought as much, as one may."""

    def __init__(self, source: str, config: Fetch, put: int, planned: int) -> None:
        limit = f"{in_words(config.visit_seconds)} or {config.visit_bytes / 1e6:,.0f} MB"
        super().__init__(f"{source}: a visit ends after {limit}, here with {put:,} of {planned:,} requests put; run again to go on")


def visit_office(
    settings: Settings, source: Source, planned: Plan, now: datetime, say: Say, wait: Callable[[float], None] | None = None
) -> Fetched:
    """Ask an office what was planned and keep every answer. An unfinished visit of the same night is gone on with.

    Raises `MissingKey` where the office wants a key and there is none, and `LodestoneError` where the clock went back,
    another run is asking the same office, or answers of offices and of stand-ins would be mixed. What fails otherwise is
    written down and told in the result.
    """
    config = fetch_config(source)
    if not planned.requests:
        return Fetched(source.name, None)
    refuse_to_mix(settings, source.name)
    if config.key is not None and not os.environ.get(config.key.environment, "").strip():
        raise MissingKey(f"{source.name} needs a key in {config.key.environment}: sign up at {config.key.sign_up}")
    archive.refuse_a_clock_set_back(settings.raw, source.name, now)
    lock = settings.data / f".fetch-{source.name}.lock"
    try:
        settings.data.mkdir(parents=True, exist_ok=True)
        with FileLock(lock, timeout=0), _downloader(settings, source, config, say, wait) as downloader:
            return _ask(settings, source, _begin(settings, source, planned, now), planned, downloader, now, say)
    except Timeout as error:
        raise LodestoneError(f"another run is asking {source.name} ({lock} is taken); wait for it, or stop it") from error
    except OSError as error:
        raise LodestoneError(
            f"{error.filename or settings.data}: an answer of {source.name} cannot be kept ({error.strerror}); "
            "make room, or put the folder right, and run again: what was kept before stands"
        ) from error


def refuse_to_mix(settings: Settings, name: str) -> None:
    """Raise `LodestoneError`, of a source, where answers of offices would come beside those of stand-ins, or the reverse."""
    held = archive.answered_by_stand_ins(settings.raw)
    if held is True and settings.offices is None:
        raise LodestoneError(
            f"{name}: {settings.data} holds answers of stand-ins, with which those of offices are never mixed; "
            "set LODESTONE_OFFICES to go on rehearsing, or LODESTONE_DATA to another folder"
        )
    if held is False and settings.offices is not None:
        raise LodestoneError(
            f"{name}: {settings.data} holds answers of offices, with which those of stand-ins are never mixed; "
            "unset LODESTONE_OFFICES, or set LODESTONE_DATA to a folder for rehearsals "
            "(`python -m pipelines.rehearsal --data DIR` prepares one)"
        )


def _downloader(settings: Settings, source: Source, config: Fetch, say: Say, wait: Callable[[float], None] | None) -> Downloader:
    politeness = Politeness(
        requests_per_minute=config.requests_per_minute if settings.offices is None else float("inf"),
        timeout_seconds=config.timeout_seconds,
        deadline_seconds=config.deadline_seconds,
        most_bytes=config.most_bytes,
    )
    partial = settings.raw / source.name / "fetched" / "partial"
    return Downloader(source.name, politeness, stand_in=settings.offices, partial=partial, say=say, wait=wait or time.sleep)


def _begin(settings: Settings, source: Source, planned: Plan, now: datetime) -> archive.Visit:
    """The unfinished visit of this night that has these requests, where no later one asked for the same; else a new one."""
    requests = tuple(archive.PlannedRequest(request.member, request.shown, request.slices, request.asked) for request in planned.requests)
    made = archive.visits(settings.raw, source.name)
    subjects = {subject for request in requests for subject in request.subjects}
    last = next((visit for visit in reversed(made) if any(not subjects.isdisjoint(request.subjects) for request in visit.requests)), None)
    if last is not None and now - last.began < SAME_NIGHT and set(requests) <= set(last.requests) and set(requests) & set(last.unanswered):
        return last
    name = f"{now:%Y%m%dT%H%M%SZ}"
    again = sum(visit.name.startswith(name) for visit in made)
    return archive.begin_visit(settings.raw, source.name, f"{name}-{again + 1:02}" if again else name, requests)


def _ask(
    settings: Settings, source: Source, made: archive.Visit, planned: Plan, downloader: Downloader, now: datetime, say: Say
) -> Fetched:
    kept = _recognisable(settings, source)
    wanted = {request.member for request in made.unanswered}
    requests = [request for request in planned.requests if request.member in wanted]
    if len(requests) < len(planned.requests):
        say(f"{source.name}: going on with the visit of {made.name}; {len(planned.requests) - len(requests)} answers are held already")
    config, started = fetch_config(source), time.monotonic()
    every = max(SAY_EVERY, len(requests) // SAY_TIMES)
    answered, unchanged, received, in_a_row = 0, 0, 0, 0
    failures: list[str] = []
    for number, request in enumerate(requests):
        seconds = time.monotonic() - started
        if number and number % every == 0:
            left = in_words(seconds / number * (len(requests) - number))
            say(f"{source.name}: {number:,} of {len(requests):,} requests, {received / 1e6:,.1f} MB, {left} left at this pace")
        before = kept.get((request.member, request.shown))
        held = None if before is None else archive.intact_body(settings.raw, before)
        headers = before.headers if before is not None and held is not None else {}
        asked_at = time.monotonic()
        try:
            if number and (seconds >= config.visit_seconds or received >= config.visit_bytes):
                raise VisitEnds(source.name, config, number, len(requests))
            answer = downloader.ask(request, etag=headers.get("etag"), last_modified=headers.get("last-modified"))
            body = held if answer.unchanged and held is not None else answer.body
            if not answer.unchanged:
                _refuse_a_key_in(request, body)
                source.recognise(request.member, answer)
        except (FetchFailed, BadFile, VisitEnds) as error:
            message = f"{source.name}, {error}" if isinstance(error, BadFile) else str(error)
            archive.note_trouble(settings.raw, made, now, message)
            say(message)
            failures.append(message)
            in_a_row += 1
            if in_a_row == FAILURES_IN_A_ROW or isinstance(error, VisitEnds) or _wants_to_be_left_alone(error):
                break
            continue
        in_a_row = 0
        receipt = archive.Receipt(
            source=source.name,
            member=request.member,
            sha256=hashlib.sha256(body).hexdigest(),
            size=len(body),
            observed_at=now,
            shelf="fetched",
            url=answer.url,
            status=answer.status,
            headers=_headers_of_the_held(headers, answer.headers) if answer.unchanged else answer.headers,
            code_version=source.code_version,
            visit=made.name,
            stand_in=settings.offices is not None,
            seconds=round(time.monotonic() - asked_at, 1),
        )
        archive.keep_answer(settings.raw, receipt, body)
        answered, unchanged, received = answered + 1, unchanged + answer.unchanged, received + (0 if answer.unchanged else len(body))
    return Fetched(source.name, made.name, len(requests), answered, unchanged, received, tuple(failures))


def _refuse_a_key_in(request: Request, body: bytes) -> None:
    secret = os.environ.get(request.secret[1], "").strip() if request.secret else ""
    if secret and any(spelling.encode() in body for spelling in secrecy.spellings(secret)):
        raise BadFile(request.member, 1, "***", "the answer repeats the key, so it is not kept", "tell the office, and ask again later")


def _wants_to_be_left_alone(error: LodestoneError) -> bool:
    """Whether the office named a time before which it is not to be asked, further off than a visit waits."""
    return isinstance(error, FetchFailed) and error.wait_seconds is not None and not error.passing


def _headers_of_the_held(held: dict[str, str], sent: dict[str, str]) -> dict[str, str]:
    """Headers of an answer that is held and was told to be current: it stays recognised by what came with it."""
    return held | {name: value for name, value in sent.items() if name not in RECOGNISED_BY}


def _recognisable(settings: Settings, source: Source) -> dict[tuple[str, str | None], archive.Receipt]:
    """The newest answer kept under each name, with the address that was asked, where the office said what to recognise it by."""
    newest = {receipt.member: receipt for visit in archive.visits(settings.raw, source.name) for receipt in visit.receipts}
    return {(member, receipt.url): receipt for member, receipt in newest.items() if receipt.headers.keys() & RECOGNISED_BY}
