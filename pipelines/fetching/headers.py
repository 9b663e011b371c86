"""Headers and encodings of an answer as HTTP defines them, read as strictly as they matter and never trusted further."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import httpx

PIECE_BYTES = 65_536

READABLE_CODINGS = frozenset({"identity", "gzip", "x-gzip"})


def decoded(response: httpx.Response) -> Iterator[bytes]:
    """The body in small pieces, so that a bomb is noticed long before it fills the memory."""
    return response.iter_raw() if is_plain(response) else _gunzipped(response.iter_raw())


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


def coding(response: httpx.Response) -> str:
    """How the body is encoded; `identity` where it is not."""
    return str(response.headers.get("content-encoding", "")).strip().lower() or "identity"


def is_plain(response: httpx.Response) -> bool:
    """Whether the body comes as it is."""
    return coding(response) == "identity"


def content_length(response: httpx.Response) -> int | None:
    """The length that is announced; null where none that can be read is."""
    length = response.headers.get("content-length", "")
    return int(length) if re.fullmatch(r"[0-9]{1,18}", length) else None


def content_range(response: httpx.Response) -> tuple[int | None, int | None]:
    """The first byte that is sent and the length of the whole, where both are told."""
    found = re.fullmatch(r"bytes ([0-9]{1,18})-[0-9]{1,18}/([0-9]{1,18})", response.headers.get("content-range", "").strip())
    return (int(found[1]), int(found[2])) if found else (None, None)


def strong_validator(headers: httpx.Headers) -> str | None:
    """What tells one version of a body from every other: https://www.rfc-editor.org/rfc/rfc9110#section-13.1.5"""
    if "etag" in headers:
        return headers["etag"] if headers["etag"].startswith('"') and headers["etag"].isascii() else None
    changed, sent = moment(headers.get("last-modified")), moment(headers.get("date"))
    is_strong = changed is not None and sent is not None and sent - changed >= timedelta(minutes=1)
    return headers["last-modified"] if is_strong else None


def moment(text: str | None) -> datetime | None:
    """A date of a header in UTC; null where it is no date, or none that this calendar holds."""
    try:
        moment = parsedate_to_datetime(text or "")
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def retry_after_seconds(text: str, answered: datetime) -> float | None:
    """How long the office asks to be left alone. A date counts from the office's own clock, whatever ours says."""
    if re.fullmatch(r"[0-9]{1,9}", text.strip()):
        return float(text)
    until = moment(text)
    return None if until is None else max(0.0, (until - answered).total_seconds())
