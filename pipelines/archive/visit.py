"""Visits to an office: what was asked, the receipts of its answers, and what kept a visit from being whole."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Annotated

from pydantic import AliasChoices, Field, TypeAdapter

from pipelines.archive.files import append_line, write_atomically
from pipelines.archive.receipt import Receipt, as_json, as_text, intact_body, read_receipt, readable_receipts
from pipelines.errors import LodestoneError, in_words


@dataclass(frozen=True)
class PlannedRequest:
    """One request of a visit: the file its answer is kept as, the slices whose rows it may hold, the codes it decides."""

    member: str
    url: str
    slices: tuple[str, ...]
    asked: tuple[str, ...]

    @property
    def subjects(self) -> tuple[str, ...]:
        """What its answer tells about: slices, or the whole file where it has none."""
        return self.slices or (self.member,)


_BEGAN = "%Y%m%dT%H%M%SZ"


@dataclass(frozen=True)
class Visit:
    """One round of requests to an office and the receipts of the answers so far; several answers may make one slice."""

    source: str
    name: str
    requests: tuple[PlannedRequest, ...]
    receipts: tuple[Receipt, ...]

    @property
    def began(self) -> datetime:
        """When it began (UTC), as its name says."""
        return datetime.strptime(self.name[:16], _BEGAN).replace(tzinfo=UTC)

    @property
    def unanswered(self) -> list[PlannedRequest]:
        """Requests without an answer yet."""
        answered = {receipt.member for receipt in self.receipts}
        return [request for request in self.requests if request.member not in answered]


def refuse_a_clock_set_back(raw: Path, source: str, now: datetime) -> None:
    """Raise `LodestoneError` where something of a source was received, or asked for, later than now."""
    made, folder = visits(raw, source), raw / source
    snapshots = [
        (receipt.observed_at, folder / receipt.shelf / "receipts" / f"{receipt.receipt_id}.json")
        for receipt in readable_receipts(raw, source)[0]
    ]
    snapshots += [(moment, visits_folder(raw, source) / visit.name) for visit in made for moment in (visit.began, *_moments(visit))]
    newest, path = max(snapshots, default=(now, folder))
    if newest > now:
        raise LodestoneError(
            f"{source}: the clock says {now:%Y-%m-%d %H:%M} UTC, but something was received at {newest:%Y-%m-%d %H:%M}; "
            "set the clock right, for a receipt dated too early would change what was known when; "
            f"if the clock was wrong then, move {path} away"
        )


def _moments(visit: Visit) -> list[datetime]:
    return [receipt.observed_at for receipt in visit.receipts]


def begin_visit(raw: Path, source: str, name: str, requests: tuple[PlannedRequest, ...]) -> Visit:
    """Write down what a visit is going to ask."""
    write_atomically(visits_folder(raw, source) / name / "plan.json", as_json({"requests": [asdict(request) for request in requests]}))
    return Visit(source, name, requests, ())


def keep_answer(raw: Path, receipt: Receipt, body: bytes) -> Receipt:
    """Keep the bytes of one answer of a visit once, and add its receipt to the visit's. A damaged copy of them is put right."""
    if intact_body(raw, receipt) is None:
        write_atomically(receipt.path(raw), body)
    append_line(
        visits_folder(raw, receipt.source) / str(receipt.visit) / "receipts.jsonl",
        json.dumps(asdict(receipt), default=as_text, sort_keys=True),
    )
    return receipt


def answered_by_stand_ins(raw: Path) -> bool | None:
    """Whether the answers that are held are those of stand-ins. They are all of one kind; null where none is held."""
    for path in sorted(raw.glob("*/fetched/visits/*/receipts.jsonl")):
        with suppress(OSError):
            for line in _lines(path):
                with suppress(ValueError):
                    return read_receipt(line).stand_in
    return None


def note_trouble(raw: Path, visit: Visit, at: datetime, message: str) -> None:
    """Write down what kept a visit from its answers."""
    line = json.dumps({"at": at, "told": message}, default=as_text, ensure_ascii=False)
    append_line(visits_folder(raw, visit.source) / visit.name / "troubles.jsonl", line)


def standing_trouble(raw: Path, source: str) -> str | None:
    """What keeps the newest snapshot of some slice or file from being whole; null where nothing does."""
    made = visits(raw, source)
    last = {subject: visit.name for visit in made for request in visit.requests for subject in request.subjects}
    troubles = []
    for visit in made:
        unanswered = [request for request in visit.unanswered if any(last[subject] == visit.name for subject in request.subjects)]
        if unanswered:
            why = _last_trouble(visits_folder(raw, source) / visit.name / "troubles.jsonl") or "the run was stopped, or is still asking"
            troubles.append(f"{len(unanswered)} of {len(visit.requests)} requests of the visit of {visit.name} have no answer: {why}")
    return "; ".join(troubles) or None


def _last_trouble(path: Path) -> str | None:
    with suppress(OSError):
        for line in reversed(_lines(path)):
            with suppress(ValueError, KeyError, TypeError, RecursionError):  # what came before it tells as much
                return str(json.loads(line)["told"])
    return None


def visits(raw: Path, source: str) -> list[Visit]:
    """Every visit to an office whose plan can be read, oldest first, with the receipts that can be read."""
    return readable_visits(raw, source)[0]


def readable_visits(raw: Path, source: str) -> tuple[list[Visit], list[LodestoneError]]:
    """Every visit to an office that can be read, oldest first, and an error for every plan and every receipt that cannot.

    A line that a killed process left unfinished is no receipt.
    """
    found: list[Visit] = []
    broken: list[LodestoneError] = []
    for path in sorted(visits_folder(raw, source).glob("*/plan.json")):
        visit, errors = _read_visit(source, path, _stamp(path), _stamp(path.with_name("receipts.jsonl")))
        broken += errors
        if visit is not None:
            found.append(visit)
    return found, broken


def _stamp(path: Path) -> tuple[int, int, int] | None:
    """What changes with a file; null where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


@lru_cache(maxsize=10_000)  # a run looks at visits several times, and all but the newest are over
def _read_visit(source: str, path: Path, *_: object) -> tuple[Visit | None, tuple[LodestoneError, ...]]:
    try:
        requests = _PLAN.validate_json(path.read_bytes()).requests
        datetime.strptime(path.parent.name[:16], _BEGAN)
    except (OSError, ValueError) as error:
        message = f"the requests of the visit cannot be read ({in_words(error)}); move its folder away, and the office is asked again"
        return None, (LodestoneError(f"{path}: {message}"),)
    received = path.with_name("receipts.jsonl")
    try:
        lines = _lines(received)
    except OSError as error:
        remedy = "restore them, or move the visit's folder away, and the office is asked again"
        return None, (LodestoneError(f"{received}: the receipts of the visit cannot be read ({error.strerror}); {remedy}"),)
    asked = {request.member for request in requests}
    answers: list[Receipt] = []
    broken: list[LodestoneError] = []
    for number, line in enumerate(lines, start=1):
        try:
            answers.append(read_receipt(line))
            if answers[-1].member not in asked:
                raise ValueError(f"{answers.pop().member} is no answer of this visit")
        except ValueError as error:
            message = f"the receipt cannot be read ({in_words(error)}); remove the line, and its request is asked again"
            broken.append(LodestoneError(f"{received} line {number}: {message}"))
    return Visit(source, path.parent.name, requests, tuple(answers)), tuple(broken)


def _lines(path: Path) -> list[bytes]:
    return path.read_bytes().split(b"\n")[:-1] if path.exists() else []


def visits_folder(raw: Path, source: str) -> Path:
    """Where the visits to an office lie."""
    return raw / source / "fetched" / "visits"


@dataclass(frozen=True)
class _Plan:
    requests: Annotated[tuple[PlannedRequest, ...], Field(validation_alias=AliasChoices("requests", "questions"))]


_PLAN = TypeAdapter(_Plan)
