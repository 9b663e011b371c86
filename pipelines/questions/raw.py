"""Raw files as an explanation shows them: held against their hash, with the lines that a row came from. Nothing else is known of rows."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipelines.errors import LodestoneError
from pipelines.sources import load_source


@dataclass(frozen=True)
class RawLines:
    """A raw file and the lines of it that a row came from, as they stand there."""

    path: str
    sha256: str
    receipt_id: str
    received_at: str
    url: str | None
    header: str | None = None
    lines: tuple[tuple[int, str], ...] = ()
    problem: str | None = None
    """Why the lines cannot be shown, or not be trusted."""


@dataclass(frozen=True)
class RawFiles:
    """The archive's files; what was read of one is kept, for several rows may stand on it."""

    raw: Path
    files: dict[tuple[str, str, str], tuple[list[str], str | None]] = field(default_factory=dict)

    def lines_of(self, source: str, file: dict[str, Any], first: int | None, last: int | None) -> RawLines:
        """A file of a release, and of its lines the record that begins on line `first`, or all from there to line `last`."""
        folder, member = file["body_sha256"][:12], file["source_member"]
        path = next((self.raw / source).glob(f"*/{folder}/{member}"), None)
        shown = f"data/raw/{source}/*/{folder}/{member}" if path is None else f"data/raw/{path.relative_to(self.raw)}"
        url = f"{file['url']} (a stand-in answered)" if file.get("stand_in") else file["url"]
        kept = (file["body_sha256"], file["receipt_id"], f"{file['observed_at']:%Y-%m-%d %H:%M} UTC", url)
        text, problem = self._read(source, member, file["body_sha256"])
        header = text[0].rstrip("\r\n") if text else None
        lines = () if first is None else tuple(self._record(source, text, first, last))
        if first is not None and not lines and problem is None:
            problem = f"the file has no line {first}"
        return RawLines(shown, *kept, header=header, lines=lines, problem=problem)

    def _read(self, source: str, member: str, sha256: str) -> tuple[list[str], str | None]:
        """The physical lines of a raw file, or of the one table in a zip, and what is wrong with it."""
        known = (source, member, sha256)
        if known not in self.files:
            self.files[known] = self._read_anew(source, member, sha256)
        return self.files[known]

    def _record(self, source: str, text: list[str], first: int, last: int | None) -> Iterator[tuple[int, str]]:
        """The lines of the record that begins on line `first`, or all from there to line `last`."""
        if first > len(text):
            return
        numbers = load_source(source).reader.record(text, first) if last is None else range(min(first, last), max(first, last) + 1)
        for number in numbers:
            yield number, text[number - 1].rstrip("\r\n")

    def _read_anew(self, source: str, member: str, sha256: str) -> tuple[list[str], str | None]:
        path = next((self.raw / source).glob(f"*/{sha256[:12]}/{member}"), None)
        if path is None:
            return [], "the raw file is not in this installation's archive"
        try:
            body = path.read_bytes()
            if hashlib.sha256(body).hexdigest() != sha256:
                return [], "the raw file was changed after it was kept: its hash is not the release's"
            return load_source(source).raw_lines(member, body), None
        except OSError as error:
            return [], f"the raw file cannot be read ({error.strerror})"
        except (LodestoneError, UnicodeDecodeError) as error:
            return [], f"the raw file is not what the source publishes ({error})"
