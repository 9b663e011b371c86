"""The errors people meet. Each says what, where, which value and what to do about it, in one sentence or two."""

from __future__ import annotations

from dataclasses import dataclass


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

    def __str__(self) -> str:
        shown = self.value if len(self.value) <= 120 else self.value[:117] + "..."
        return f"{self.member} line {self.line}: {self.reason}, found {shown!r}; {self.remedy}"


class Usage(LodestoneError):
    """A command was called in a way it does not understand; exit code 2."""


class BuildFailed(LodestoneError):
    """No edition was published; the live one is untouched. `rows` is a sample of what a check found."""

    def __init__(self, message: str, check: str | None = None, rows: list[dict[str, object]] | None = None) -> None:
        super().__init__(message)
        self.check = check
        self.rows = rows or []
