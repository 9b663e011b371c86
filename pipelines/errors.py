"""The errors people meet. Each says what, where, which value and what to do about it, in one sentence or two."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import ValidationError

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


def in_words(error: Exception) -> str:
    """What is wrong with something that was written down, on one line."""
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
