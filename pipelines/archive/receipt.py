"""Exact bytes, kept once under their hash, and the receipts that say how and when they were received."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from pydantic import TypeAdapter

from pipelines.archive import secrecy
from pipelines.archive.files import write_atomically
from pipelines.errors import LodestoneError, in_words


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


def keep(raw: Path, receipt: Receipt, body: bytes) -> Receipt:
    """Keep these bytes once and add the receipt of this snapshot; never overwrite either."""
    path = receipt.path(raw)
    if not path.exists():
        write_atomically(path, body)
    note = raw / receipt.source / receipt.shelf / "receipts" / f"{receipt.receipt_id}.json"
    if not note.exists():
        write_atomically(note, as_json(asdict(receipt)))
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
    stand_in: bool = False,
) -> Receipt:
    """Keep the bytes of one snapshot of `member` with a receipt of their hash and size."""
    sha256 = hashlib.sha256(body).hexdigest()
    return keep(raw, Receipt(source, member, sha256, len(body), observed_at, shelf, url, note=note, stand_in=stand_in), body)


def receipts(raw: Path, source: str) -> list[Receipt]:
    """Every file that was handed in, oldest first, whose receipt can be read."""
    return readable_receipts(raw, source)[0]


def readable_receipts(raw: Path, source: str) -> tuple[list[Receipt], list[LodestoneError]]:
    """Every file handed in whose receipt can be read, oldest first, and an error for every other receipt."""
    found, broken = [], []
    for path in sorted((raw / source).glob("*/receipts/[!.]*.json")):
        try:
            found.append(read_receipt(path.read_bytes()))
        except (OSError, ValueError) as error:
            broken.append(LodestoneError(f"{path}: the receipt cannot be read ({in_words(error)}); restore it from version control"))
    return sorted(found, key=lambda receipt: (receipt.observed_at, receipt.member, receipt.sha256)), broken


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


_RECEIPT = TypeAdapter(Receipt)


def read_receipt(text: bytes) -> Receipt:
    """A receipt as it is written down. Raises `ValueError` where it is none."""
    received = _RECEIPT.validate_json(text)
    object.__setattr__(received, "observed_at", in_utc(received.observed_at))  # `replace` would look for secrets once more
    return received


def in_utc(moment: datetime) -> datetime:
    """A moment in UTC. Raises `ValueError` where it falls out of the calendar there."""
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(f"{moment.isoformat()} is no moment in UTC") from error


def as_json(values: dict[str, object]) -> bytes:
    """What is written down of a receipt, a plan or a decision."""
    return (json.dumps(values, default=as_text, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()


def as_text(moment: datetime) -> str:
    """A moment as it is written down."""
    return moment.isoformat()
