"""What has come of one body: in memory, or on disk where half of it is worth keeping.

<partial>/<office>-<member>.part    what has come of a resumable body
<partial>/<office>-<member>.json    its address and validator, never a key
"""

from __future__ import annotations

import io
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from errno import EDQUOT, ENOSPC
from pathlib import Path

import httpx

from pipelines.archive.files import remove_drafts, write_atomically
from pipelines.errors import LodestoneError
from pipelines.fetching.headers import content_length, content_range, is_plain, strong_validator


class DiskTrouble(LodestoneError):
    """The folder of half-received bodies cannot be written."""


class Part:
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
        """Whether there is a beginning that can be gone on with."""
        return self._validator is not None and self.size > 0

    @property
    def so_far(self) -> str:
        """How much has come, in words."""
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
        """Headers that ask for the rest; none where there is no beginning."""
        if not self.is_begun or self._validator is None:
            return {}
        return {"Range": f"bytes={self._first_missing}-", "If-Range": self._validator}

    def is_refused(self, response: httpx.Response) -> bool:
        """Whether an answer to `range_headers` does not go on where this part ends."""
        if not self.is_begun or response.status_code not in (206, 416):
            return False
        start, total = content_range(response)
        same = response.headers.get("etag", self._validator) == self._validator and self.total in (None, total)
        return response.status_code == 416 or not same or start != self._first_missing or not is_plain(response)

    def go_on(self, response: httpx.Response) -> None:
        """Take an answer for the rest."""
        self.total = content_range(response)[1]
        self._cut_to(self._first_missing)

    def restart(self, response: httpx.Response) -> None:
        """Begin anew; with a validator it is remembered what this is the beginning of."""
        self.forget()
        self.total = content_length(response) if is_plain(response) else None
        self._validator = strong_validator(response.headers) if is_plain(response) and self._path else None
        if self._validator is not None:
            noted = {"url": self._url, "validator": self._validator, "total": self.total}
            with self._on_disk():
                write_atomically(self._note, (json.dumps(noted, indent=1) + "\n").encode())

    def add(self, piece: bytes) -> None:
        """Add a piece at the end."""
        with self._on_disk():
            rest = memoryview(piece)
            while rest:
                written = self._file.write(rest)
                self.size += written
                rest = rest[written:]

    def body(self) -> bytes:
        """All that has come."""
        self._file.seek(0)
        return self._file.read()

    def forget(self) -> None:
        """Begin with nothing again."""
        self._validator = self.total = None
        if self._path:
            self._note.unlink(missing_ok=True)
        self._cut_to(0)

    def remove(self) -> None:
        """Leave nothing on disk."""
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
def coming_part(folder: Path, name: str, url: str, resumable: bool) -> Iterator[Part]:
    """The body that is to come; for a resumable one, what is on disk of it. Whoever visits an office holds its lock."""
    if not resumable:
        yield Part(io.BytesIO(), url)
        return
    path = folder / f"{name}.part"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        remove_drafts(folder)
        file = path.open("a+b", buffering=0)
    except OSError as error:
        raise _disk_trouble(path, error, None) from error
    with file:
        part = Part(file, url, path)
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
