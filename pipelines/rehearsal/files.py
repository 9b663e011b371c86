"""A file as web servers give it out: ETag and Last-Modified, conditional requests, parts of it. No office's layout is known here."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime

from pipelines.rehearsal.office import Reply


@dataclass(frozen=True)
class ServedFile:
    """Bytes that change as a whole; `modified` (with a time zone) is told to the second."""

    body: bytes
    modified: datetime
    media_type: str

    @property
    def etag(self) -> str:
        """A strong tag: other bytes, other tag."""
        return f'"{hashlib.sha256(self.body).hexdigest()[:16]}"'

    @property
    def last_modified(self) -> str:
        """The moment of the last change as HTTP writes it."""
        return format_datetime(self.modified.astimezone(UTC).replace(microsecond=0), usegmt=True)

    def reply(self, headers: Mapping[str, str]) -> Reply:
        """200 with all of it, 304 where the asker has it already, 206 with the part asked for, 416 where there is no such part."""
        validators = {"ETag": self.etag, "Last-Modified": self.last_modified}
        if self._is_known(headers):
            return Reply(304, validators)
        described = {**validators, "Accept-Ranges": "bytes", "Content-Type": self.media_type}
        wanted = headers.get("range") if self._is_same(headers.get("if-range")) else None
        part = None if wanted is None else _part(wanted, len(self.body))
        if part is None:
            return Reply(200, described, self.body)
        if not part:
            return Reply(416, {**validators, "Content-Range": f"bytes */{len(self.body)}"})
        span = f"bytes {part.start}-{part.stop - 1}/{len(self.body)}"
        return Reply(206, {**described, "Content-Range": span}, self.body[part.start : part.stop])

    def _is_known(self, headers: Mapping[str, str]) -> bool:
        tags = headers.get("if-none-match")
        if tags is not None:  # it has the last word: If-Modified-Since is for askers that know no tag (RFC 9110, 13.2.2)
            return tags.strip() == "*" or self.etag in (tag.strip().removeprefix("W/") for tag in tags.split(","))
        since = _moment(headers.get("if-modified-since"))
        return since is not None and self.modified.replace(microsecond=0) <= since

    def _is_same(self, if_range: str | None) -> bool:
        return if_range is None or if_range in (self.etag, self.last_modified)


def _moment(text: str | None) -> datetime | None:
    try:
        return None if text is None else parsedate_to_datetime(text).replace(tzinfo=UTC)
    except (ValueError, OverflowError):  # HTTP lets a server overlook a date it cannot read
        return None


def _part(wanted: str, size: int) -> range | None:
    """The positions asked for; empty where the file has none of them, null where the request is no single range and is overlooked."""
    found = re.fullmatch(r"bytes=([0-9]*)-([0-9]*)", wanted.strip())
    if found is None or found.group(1) == found.group(2) == "":
        return None
    first, last = found.groups()
    if first == "":
        return range(max(size - int(last), 0), size)
    if last != "" and int(last) < int(first):
        return None
    return range(int(first), size if last == "" else min(int(last) + 1, size))
