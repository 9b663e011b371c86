"""Keep raw bytes once, under their own hash, with a receipt for every look. Nothing here reads what the bytes mean.

    data/raw/<source>/<shelf>/<first 12 digits of sha256>/<member>    the bytes
    data/raw/<source>/<shelf>/receipts/<time>-<sha>-<member>.json     one receipt a look at a file handed in
    data/raw/<source>/fetched/visits/<time>/plan.json                 the questions one visit to an office has
    data/raw/<source>/fetched/visits/<time>/receipts.jsonl            a line a receipt of their answers
    data/raw/<source>/decisions/<time>-<id>-<verb>.json               a person's decision on a release, or on a row a check refuses
    data/raw/<source>/bundled/decisions/<time>.json                   the same for bundled copies, committed with them

The shelf `bundled` is committed with the project; `fetched` is ignored by git. Neither is ever edited or deleted.
"""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter

from pipelines import secrecy
from pipelines.errors import LodestoneError, in_words
from pipelines.files import append_line, write_atomically


@dataclass(frozen=True)
class Receipt:
    """How one file was received. Times are UTC; `url` and `headers` never hold a secret."""

    source: str
    member: str
    sha256: str
    size: int
    observed_at: datetime
    shelf: str
    url: str | None = None
    request: str | None = None
    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    code_version: str | None = None
    note: str | None = None
    visit: str | None = None
    """The visit it belongs to; null for a file that was handed in."""
    stand_in: bool = False
    """Whether a stand-in answered in the office's place, in a rehearsal."""
    seconds: float | None = None
    """How long the answer took, with the pauses before it; null where that was not measured."""

    def __post_init__(self) -> None:
        """Whoever makes or reads a receipt, the address in it is one that anybody may see."""
        if self.url is not None:
            object.__setattr__(self, "url", secrecy.public(self.url))

    @property
    def receipt_id(self) -> str:
        """Name of the receipt, unique within its source."""
        return f"{self.observed_at:%Y%m%dT%H%M%SZ}-{self.sha256[:12]}-{self.member}"

    def path(self, raw: Path) -> Path:
        """Where the bytes lie."""
        return raw / self.source / self.shelf / self.sha256[:12] / self.member


@dataclass(frozen=True)
class Decision:
    """A person's decision: `accept` lets in a held release, or a row that a check refuses; `hold` keeps a release out."""

    source: str
    release_id: str
    """The release, or the finding of a check (meta.check_finding)."""
    verb: str
    author: str
    reason: str
    decided_at: datetime


@dataclass(frozen=True)
class Question:
    """One question of a visit: the file its answer is kept as, the slices whose rows it may hold, the codes it decides."""

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
    """One round of questions to an office and the receipts of the answers so far; several answers may make one slice."""

    source: str
    name: str
    questions: tuple[Question, ...]
    receipts: tuple[Receipt, ...]

    @property
    def began(self) -> datetime:
        """When it began (UTC), as its name says."""
        return datetime.strptime(self.name[:16], _BEGAN).replace(tzinfo=UTC)

    @property
    def unanswered(self) -> list[Question]:
        """Questions without an answer yet."""
        answered = {receipt.member for receipt in self.receipts}
        return [question for question in self.questions if question.member not in answered]


def keep(raw: Path, receipt: Receipt, body: bytes) -> Receipt:
    """Keep these bytes once and add the receipt of this look; never overwrite either."""
    path = receipt.path(raw)
    if not path.exists():
        write_atomically(path, body)
    note = raw / receipt.source / receipt.shelf / "receipts" / f"{receipt.receipt_id}.json"
    if not note.exists():
        write_atomically(note, _as_json(asdict(receipt)))
    return receipt


def receive(
    raw: Path,
    source: str,
    member: str,
    body: bytes,
    observed_at: datetime,
    *,
    shelf: str = "fetched",
    url: str | None = None,
    note: str | None = None,
) -> Receipt:
    """Keep the bytes of one look at `member` with a receipt of their hash and size."""
    sha256 = hashlib.sha256(body).hexdigest()
    return keep(raw, Receipt(source, member, sha256, len(body), observed_at, shelf, url, note=note), body)


def receipts(raw: Path, source: str) -> list[Receipt]:
    """Every file that was handed in, oldest first, whose receipt can be read."""
    return readable_receipts(raw, source)[0]


def readable_receipts(raw: Path, source: str) -> tuple[list[Receipt], list[LodestoneError]]:
    """Every file handed in whose receipt can be read, oldest first, and an error for every other receipt."""
    found, broken = [], []
    for path in sorted((raw / source).glob("*/receipts/[!.]*.json")):
        try:
            found.append(_receipt(path.read_bytes()))
        except (OSError, ValueError) as error:
            broken.append(LodestoneError(f"{path}: the receipt cannot be read ({in_words(error)}); restore it from version control"))
    return sorted(found, key=lambda receipt: (receipt.observed_at, receipt.member, receipt.sha256)), broken


def refuse_a_clock_set_back(raw: Path, source: str, now: datetime) -> None:
    """Raise `LodestoneError` where something of a source was received, or asked for, later than now."""
    made, folder = visits(raw, source), raw / source
    looks = [(one.observed_at, folder / one.shelf / "receipts" / f"{one.receipt_id}.json") for one in readable_receipts(raw, source)[0]]
    looks += [(moment, visits_folder(raw, source) / one.name) for one in made for moment in (one.began, *_moments(one))]
    newest, path = max(looks, default=(now, folder))
    if newest > now:
        raise LodestoneError(
            f"{source}: the clock says {now:%Y-%m-%d %H:%M} UTC, but something was received at {newest:%Y-%m-%d %H:%M}; "
            "set the clock right, for a receipt dated too early would change what was known when; "
            f"if the clock was wrong then, move {path} away"
        )


def _moments(visit: Visit) -> list[datetime]:
    return [receipt.observed_at for receipt in visit.receipts]


def body(raw: Path, receipt: Receipt) -> bytes:
    """The bytes of a receipt. Raises `LodestoneError` where they are gone or no longer have the hash they were kept under."""
    path = receipt.path(raw)
    try:
        content = path.read_bytes() if path.stat().st_size == receipt.size else b""
    except OSError as error:
        raise LodestoneError(f"{path}: the raw file cannot be read ({error.strerror}); restore it from version control") from error
    if len(content) != receipt.size or hashlib.sha256(content).hexdigest() != receipt.sha256:
        raise LodestoneError(
            f"{path}: the raw file was changed after it was kept; restore it from version control, "
            f"and keep a new copy with `lodestone keep {receipt.source} FILE`"
        )
    return content


def intact_body(raw: Path, receipt: Receipt) -> bytes | None:
    """The bytes of a receipt; null where they are gone or damaged."""
    try:
        return body(raw, receipt)
    except LodestoneError:
        return None


def begin_visit(raw: Path, source: str, name: str, questions: tuple[Question, ...]) -> Visit:
    """Write down what a visit is going to ask."""
    write_atomically(visits_folder(raw, source) / name / "plan.json", _as_json({"questions": [asdict(question) for question in questions]}))
    return Visit(source, name, questions, ())


def keep_answer(raw: Path, receipt: Receipt, body: bytes) -> Receipt:
    """Keep the bytes of one answer of a visit once, and add its receipt to the visit's. A damaged copy of them is put right."""
    if intact_body(raw, receipt) is None:
        write_atomically(receipt.path(raw), body)
    append_line(
        visits_folder(raw, receipt.source) / str(receipt.visit) / "receipts.jsonl",
        json.dumps(asdict(receipt), default=_as_text, sort_keys=True),
    )
    return receipt


def answered_by_stand_ins(raw: Path) -> bool | None:
    """Whether the answers that are held are those of stand-ins. They are all of one kind; null where none is held."""
    for path in sorted(raw.glob("*/fetched/visits/*/receipts.jsonl")):
        with suppress(OSError):
            for line in _lines(path):
                with suppress(ValueError):
                    return _receipt(line).stand_in
    return None


def note_trouble(raw: Path, visit: Visit, at: datetime, told: str) -> None:
    """Write down what kept a visit from its answers."""
    line = json.dumps({"at": at, "told": told}, default=_as_text, ensure_ascii=False)
    append_line(visits_folder(raw, visit.source) / visit.name / "troubles.jsonl", line)


def standing_trouble(raw: Path, source: str) -> str | None:
    """What keeps the newest look at some slice or file from being whole; null where nothing does."""
    made = visits(raw, source)
    last = {subject: one.name for one in made for question in one.questions for subject in question.subjects}
    told = []
    for one in made:
        open_ones = [question for question in one.unanswered if any(last[subject] == one.name for subject in question.subjects)]
        if open_ones:
            why = _last_trouble(visits_folder(raw, source) / one.name / "troubles.jsonl") or "the run was stopped, or is still asking"
            told.append(f"{len(open_ones)} of {len(one.questions)} questions of the visit of {one.name} have no answer: {why}")
    return "; ".join(told) or None


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
        try:
            questions = _PLAN.validate_json(path.read_bytes()).questions
            datetime.strptime(path.parent.name[:16], _BEGAN)
        except (OSError, ValueError) as error:
            told = f"the questions of the visit cannot be read ({in_words(error)}); move its folder away, and the office is asked again"
            broken.append(LodestoneError(f"{path}: {told}"))
            continue
        received = path.with_name("receipts.jsonl")
        try:
            lines = _lines(received)
        except OSError as error:
            remedy = "restore them, or move the visit's folder away, and the office is asked again"
            broken.append(LodestoneError(f"{received}: the receipts of the visit cannot be read ({error.strerror}); {remedy}"))
            continue
        asked = {question.member for question in questions}
        answers: list[Receipt] = []
        for number, line in enumerate(lines, start=1):
            try:
                answers.append(_receipt(line))
                if answers[-1].member not in asked:
                    raise ValueError(f"{answers.pop().member} is no answer of this visit")
            except ValueError as error:
                told = f"the receipt cannot be read ({in_words(error)}); remove the line, and its question is asked again"
                broken.append(LodestoneError(f"{received} line {number}: {told}"))
        found.append(Visit(source, path.parent.name, questions, tuple(answers)))
    return found, broken


def _lines(path: Path) -> list[bytes]:
    return path.read_bytes().split(b"\n")[:-1] if path.exists() else []


def visits_folder(raw: Path, source: str) -> Path:
    """Where the visits to an office lie."""
    return raw / source / "fetched" / "visits"


@dataclass(frozen=True)
class _Plan:
    questions: tuple[Question, ...]


_PLAN = TypeAdapter(_Plan)
_RECEIPT = TypeAdapter(Receipt)


def _receipt(text: bytes) -> Receipt:
    received = _RECEIPT.validate_json(text)
    return replace(received, observed_at=in_utc(received.observed_at))


def in_utc(moment: datetime) -> datetime:
    """A moment in UTC. Raises `ValueError` where it falls out of the calendar there."""
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(f"{moment.isoformat()} is no moment in UTC") from error


def decide(raw: Path, decision: Decision) -> None:
    """Write down who decided what on a release, why and when."""
    name = f"{decision.decided_at:%Y%m%dT%H%M%SZ}-{decision.release_id}-{decision.verb}.json"
    write_atomically(raw / decision.source / "decisions" / name, _as_json(asdict(decision)))


def decisions(raw: Path, source: str, before: datetime | None = None) -> dict[str, Decision]:
    """The last decision on each release or finding of a source, made by `before`, as far as they can be read."""
    return readable_decisions(raw, source, before)[0]


def readable_decisions(raw: Path, source: str, before: datetime | None = None) -> tuple[dict[str, Decision], list[LodestoneError]]:
    """The last decision on each release or finding of a source, made by `before`, and an error for every one that cannot be read."""
    found: dict[str, Decision] = {}
    broken: list[LodestoneError] = []
    folder = raw / source
    for path in (*sorted(folder.glob("bundled/decisions/[!.]*.json")), *sorted(folder.glob("decisions/[!.]*.json"))):
        try:
            made = _DECIDED.validate_json(path.read_bytes())
            decided_at = in_utc(made.decided_at)
        except (OSError, ValueError) as error:
            remedy = "remove it, and decide anew with `lodestone accept` or `lodestone hold`"
            broken.append(LodestoneError(f"{path}: the decision cannot be read ({in_words(error)}); {remedy}"))
            continue
        if before is None or decided_at <= before:
            about = made.release_ids or (made.release_id or "",)
            found |= {one: Decision(made.source, one, made.verb, made.author, made.reason, decided_at) for one in about}
    return found, broken


@dataclass(frozen=True)
class _Decided:
    """A decision as it is written down: on one release, or on several at once."""

    source: str
    verb: Literal["accept", "hold"]
    author: str
    reason: str
    decided_at: datetime
    release_id: str | None = None
    release_ids: tuple[str, ...] = ()


_DECIDED = TypeAdapter(_Decided)


def _as_json(values: dict[str, object]) -> bytes:
    return (json.dumps(values, default=_as_text, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()


def _as_text(moment: datetime) -> str:
    return moment.isoformat()
