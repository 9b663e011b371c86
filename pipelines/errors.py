"""The errors people meet. Each says what, where, which value and what to do about it, in one sentence or two."""

from __future__ import annotations

import re
from dataclasses import dataclass

MOST_LETTERS = 1_000


class LodestoneError(Exception):
    """Something a person can put right; shown without a traceback."""


@dataclass(eq=False)
class BadFile(LodestoneError):
    """A raw file that cannot be read as what its source publishes; nothing of it is accepted."""

    member: str
    line: int
    value: str
    reason: str
    remedy: str

    def __post_init__(self) -> None:
        # What a stranger sent is kept short, and as text that can be written down.
        self.value = self.value[:MOST_LETTERS].encode("utf-8", "backslashreplace").decode()
        self.reason = self.reason.encode("utf-8", "backslashreplace").decode()

    def __str__(self) -> str:
        shown = self.value if len(self.value) <= 120 else self.value[:117] + "..."
        return f"{self.member} line {self.line}: {self.reason}, found {shown!r}; {self.remedy}"


def refuse_more_rows(member: str, line: int, rows: int, most: int) -> None:
    """Raise `BadFile` where a file has more rows than its source expects."""
    if rows > most:
        remedy = "fetch it again, or widen `rows` in source.yaml after looking at it"
        raise BadFile(member, line, f"{rows:,} rows", f"the file should have at most {most:,} rows", remedy)


def refuse_nul_bytes(member: str, body: bytes) -> None:
    """Raise `BadFile` where a text holds a NUL byte."""
    if b"\x00" in body:
        line = body[: body.index(b"\x00")].count(b"\n") + 1
        raise BadFile(member, line, "\\x00", "the line holds a NUL byte", "save the file as UTF-8 text, or fetch it again")


_STEERING = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
"""Control characters but tab and line feed, and those that turn the direction of writing."""


def printable(text: str) -> str:
    """A text without what would steer a terminal: no colours, no cursor, no bell, no change of direction."""
    return _STEERING.sub("", text)


def in_words(error: Exception) -> str:
    """What is wrong with something that was written down, on one line."""
    from pydantic import ValidationError

    if isinstance(error, ValidationError):
        first = error.errors(include_url=False)[0]
        return f"{'.'.join(map(str, first['loc'])) or 'the text'}: {first['msg']}"
    return " ".join(str(error).split())


class Usage(LodestoneError):
    """A command was called in a way it does not understand; exit code 2."""


class BuildFailed(LodestoneError):
    """No edition was published; the live one is untouched. `rows` is a sample of what a check found."""

    def __init__(self, message: str, check: str | None = None, rows: list[dict[str, object]] | None = None) -> None:
        super().__init__(message)
        self.check = check
        self.rows = rows or []
