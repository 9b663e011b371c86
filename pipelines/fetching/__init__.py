"""What is asked of an office and why, and one visit that asks it. Answers are kept by `archive`, read by `releases`.

A visit is a round of questions. It can be cut at any point: what was answered is kept, and the next run goes on with what
is unanswered. Nothing here knows how an office words its questions (`sources/<name>/fetch.py`) or how bytes travel
(`download`).
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from math import ceil
from statistics import mean

import duckdb
from filelock import FileLock, Timeout

from pipelines import archive
from pipelines.archive import secrecy
from pipelines.errors import BadFile, LodestoneError, Usage
from pipelines.fetching.download import Downloader, FetchFailed, MissingKey, Politeness
from pipelines.intake.releases import Asked, Look, RevisionPeriod, last_asked, looks, newest_month, observations, to_ask_again
from pipelines.periods import months_between, shifted
from pipelines.scope import Scope, current_scope
from pipelines.settings import Settings
from pipelines.sources import Fetch, Source
from pipelines.sources.request import Request

Say = Callable[[str], None]

SAME_NIGHT = timedelta(hours=20)
"""An unfinished visit younger than this is gone on with; an older one would mix two states of an office in one look."""

TOLD_EVERY, TOLD_TIMES = 25, 20
"""A person who waits is told of every so many questions, and not much more often than so many times."""

PACE_OF = 3
"""The last visits tell how fast an office answers."""

RECOGNISED_BY = frozenset({"etag", "last-modified"})
"""Headers that tell one version of an answer from another."""

FAILURES_IN_A_ROW = 3
"""So many questions may fail one after another before the visit gives up: an office that is down answers none of them."""


@dataclass(frozen=True)
class Plan:
    """What one office is going to be asked. `months` (YYYY-MM) are those that are due, each with its reason."""

    source: str
    months: Mapping[str, str]
    requests: tuple[Request, ...]


@dataclass(frozen=True)
class Missed:
    """Months (YYYY-MM) of an office that were due to be asked for again since a day, and were not."""

    source: str
    months: tuple[str, ...]
    since: date

    @property
    def told(self) -> str:
        """What is wrong, in words."""
        named = self.months[0] if len(self.months) == 1 else f"{len(self.months)} months ({self.months[0]} to {self.months[-1]})"
        return f"{named} should have been asked for again since {self.since}, and what the office revised in them may be missing"

    @property
    def remedy(self) -> str:
        """What brings them."""
        return f"`lodestone fetch {self.source}` or the next night asks"


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
        super().__init__(f"{source}: a visit ends after {limit}, here with {put:,} of {planned:,} questions put; run again to go on")


def plan(settings: Settings, source: Source, now: datetime) -> Plan:
    """What a night asks an office: the months of its revision window, and those that are missing. Asks nothing."""
    due = due_months(source, looks(settings, source), current_scope(), now)
    return Plan(source.name, due, tuple(source.requests(list(due), current_scope())))


def backfill(source: Source, first: str, last: str | None, now: datetime) -> Plan:
    """What a backfill asks an office: every month of a range that can be there by now; an open range ends with the newest.

    Raises `Usage` where the range begins before the office's first month, or after the newest there can be.
    """
    oldest, newest = _config(source).first_month, newest_month(_config(source), now)
    if first < oldest:
        raise Usage(f"{source.name} is asked for no month before {oldest} (first_month in its source.yaml): begin there, not with {first}")
    if first > newest:
        raise Usage(f"{source.name} can have nothing of {first} yet: the newest month there can be is {newest}")
    return plan_of(source, months_between(first, newest if last is None else min(last, newest)))


def plan_of(source: Source, months: Sequence[str]) -> Plan:
    """What brings certain months (YYYY-MM)."""
    return Plan(source.name, dict.fromkeys(months, "asked for by name"), tuple(source.requests(list(months), current_scope())))


def due_months(source: Source, looked: Sequence[Look], scope: Scope, now: datetime) -> dict[str, str]:
    """The months (YYYY-MM) that are due, oldest first, each with its reason.

    A month is asked for every night while the office may revise it: among the newest months, and in a season of revisions.
    After that it is due until a look at it has seen the last of these revisions, however late that is. So what is due follows
    from when a month was last asked for, and nights that were missed are made up.
    """
    config = _config(source)
    newest = newest_month(config, now)
    window = set(months_between(shifted(newest, 1 - config.revision_months), newest))
    yearly = config.yearly_revision
    season = set()
    if yearly is not None and now.month in yearly.calendar_months:
        season = set(months_between(shifted(newest, 1 - yearly.months), newest))
    asked = _asked_months(source, looked, scope)
    filled = {one.slice[-7:] for one in observations(source, looked) if not one.withdrawn}
    last_filled = max(filled, default="")
    due = {}
    for month in months_between(config.first_month, newest):
        if month not in asked:
            due[month] = "not asked for yet, or not for every code in scope"
        elif month in window:
            due[month] = f"within the {config.revision_months} newest months, which the office may still revise"
        elif month in season and yearly is not None:
            due[month] = f"the office revises {yearly.months} months at this time of the year"
        elif month not in filled and month > last_filled:
            due[month] = "empty when last asked, and nothing later is there: not published yet"
        else:
            missed = [again for one in asked[month] if (again := to_ask_again(config, month, one)) and again.begin <= now.date()]
            if missed:
                last = min(one.at for one in asked[month])
                due[month] = _days_in_words(missed[0], last)
    return due


def expected_seconds(settings: Settings, source: Source, planned: Plan) -> tuple[float, bool]:
    """How long it takes to ask what is planned, and whether by the pace of the last visits; else it is the least, by the pauses alone."""
    pause = 0.0 if settings.offices else 60 / _config(source).requests_per_minute
    last = [receipt.seconds for one in archive.visits(settings.raw, source.name)[-PACE_OF:] for receipt in one.receipts]
    taken = [seconds for seconds in last if seconds is not None]
    put = len(planned.requests)
    return max((put - 1) * pause, put * mean(taken) if taken else 0.0, 0.0), bool(taken)


def in_words(seconds: float) -> str:
    """A length of time as a person says it, in whole minutes."""
    hours, minutes = divmod(ceil(seconds / 60), 60)
    if seconds < 60:
        return "less than a minute"
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"


def missed_months(settings: Settings, connection: duckdb.DuckDBPyConnection, now: datetime) -> list[Missed]:
    """What an edition lacks because an office was not asked in time: revisions whose days are over, or began before the last visit."""
    today = now.date()
    by_source: dict[str, list[tuple[str, date, date]]] = {}
    for name, *month in connection.execute(_TO_ASK_AGAIN).fetchall():
        by_source.setdefault(name, []).append(tuple(month))
    found = []
    for name, months in by_source.items():
        visited = _last_visit(settings, name)
        missed = [(month, begin) for month, begin, until in months if until < today or visited < begin < today]
        if missed:
            found.append(Missed(name, tuple(month for month, _ in missed), min(begin for _, begin in missed)))
    return found


_TO_ASK_AGAIN = """
select split_part(slice, '/', 1) as source, right(slice, 7) as month, min(ask_again_from), min(ask_again_until)
from meta.asked
where ask_again_until is not null
group by all
order by all
"""


def _last_visit(settings: Settings, name: str) -> date:
    made = archive.visits(settings.raw, name)
    return max((receipt.observed_at.date() for one in made for receipt in one.receipts), default=date.max)


def _days_in_words(missed: RevisionPeriod, last: datetime) -> str:
    days = f"between {missed.begin} and {missed.until}"
    return f"to be asked for again {days}, when the office may have revised it; last asked for on {last:%Y-%m-%d}"


def _asked_months(source: Source, looked: Sequence[Look], scope: Scope) -> dict[str, list[Asked]]:
    """Months that the last whole look at each of their slices asked for in all of the scope, with these looks."""
    asked: dict[str, list[Asked]] = {}
    for name, one in last_asked(looked).items():
        if set(scope.headings) <= set(one.codes):
            asked.setdefault(name[-7:], []).append(one)
    datasets = len({member.dataset for member in source.config.members.values()})
    return {month: found for month, found in asked.items() if len(found) == datasets}


def visit(
    settings: Settings, source: Source, planned: Plan, now: datetime, say: Say, wait: Callable[[float], None] | None = None
) -> Fetched:
    """Ask an office what was planned and keep every answer. An unfinished visit of the same night is gone on with.

    Raises `MissingKey` where the office wants a key and there is none, and `LodestoneError` where the clock went back,
    another run is asking the same office, or answers of offices and of stand-ins would be mixed. What fails otherwise is
    written down and told in the result.
    """
    config = _config(source)
    if not planned.requests:
        return Fetched(source.name, None)
    _refuse_to_mix(settings)
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


def _refuse_to_mix(settings: Settings) -> None:
    held = archive.answered_by_stand_ins(settings.raw)
    if held is True and settings.offices is None:
        raise LodestoneError(
            f"{settings.data} holds answers of stand-ins, with which those of offices are never mixed; "
            "set LODESTONE_OFFICES to go on rehearsing, or LODESTONE_DATA to another folder"
        )
    if held is False and settings.offices is not None:
        raise LodestoneError(
            f"{settings.data} holds answers of offices, with which those of stand-ins are never mixed; unset LODESTONE_OFFICES, or "
            "set LODESTONE_DATA to a folder for rehearsals (`python -m pipelines.rehearsal --data DIR` prepares one)"
        )


def _config(source: Source) -> Fetch:
    if source.config.fetch is None:
        raise LodestoneError(f"{source.name} is not asked over the network: hand a file in with `lodestone keep {source.name} FILE`")
    return source.config.fetch


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
    """The unfinished visit of this night that has these questions, where no later one asked for the same; else a new one."""
    questions = tuple(archive.Question(one.member, one.shown, one.slices, one.asked) for one in planned.requests)
    made = archive.visits(settings.raw, source.name)
    subjects = {subject for question in questions for subject in question.subjects}
    last = next((one for one in reversed(made) if any(not subjects.isdisjoint(question.subjects) for question in one.questions)), None)
    if (
        last is not None
        and now - last.began < SAME_NIGHT
        and set(questions) <= set(last.questions)
        and set(questions) & set(last.unanswered)
    ):
        return last
    name = f"{now:%Y%m%dT%H%M%SZ}"
    again = sum(one.name.startswith(name) for one in made)
    return archive.begin_visit(settings.raw, source.name, f"{name}-{again + 1:02}" if again else name, questions)


def _ask(
    settings: Settings, source: Source, made: archive.Visit, planned: Plan, downloader: Downloader, now: datetime, say: Say
) -> Fetched:
    kept = _recognisable(settings, source)
    wanted = {question.member for question in made.unanswered}
    requests = [one for one in planned.requests if one.member in wanted]
    if len(requests) < len(planned.requests):
        say(f"{source.name}: going on with the visit of {made.name}; {len(planned.requests) - len(requests)} answers are held already")
    config, started = _config(source), time.monotonic()
    told_every = max(TOLD_EVERY, len(requests) // TOLD_TIMES)
    answered, unchanged, received, in_a_row = 0, 0, 0, 0
    failures: list[str] = []
    for number, request in enumerate(requests):
        seconds = time.monotonic() - started
        if number and number % told_every == 0:
            left = in_words(seconds / number * (len(requests) - number))
            say(f"{source.name}: {number:,} of {len(requests):,} questions, {received / 1e6:,.1f} MB, {left} left at this pace")
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
            told = f"{source.name}, {error}" if isinstance(error, BadFile) else str(error)
            archive.note_trouble(settings.raw, made, now, told)
            say(told)
            failures.append(told)
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


def _headers_of_the_held(held: dict[str, str], told: dict[str, str]) -> dict[str, str]:
    """Headers of an answer that is held and was told to be current: it stays recognised by what came with it."""
    return held | {name: value for name, value in told.items() if name not in RECOGNISED_BY}


def _recognisable(settings: Settings, source: Source) -> dict[tuple[str, str | None], archive.Receipt]:
    """The newest answer kept under each name, with the address that was asked, where the office said what to recognise it by."""
    newest = {receipt.member: receipt for one in archive.visits(settings.raw, source.name) for receipt in one.receipts}
    return {(member, receipt.url): receipt for member, receipt in newest.items() if receipt.headers.keys() & RECOGNISED_BY}
