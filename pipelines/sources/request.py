"""What an office is asked and what it answers, as `fetch.py` of a source words and judges it. How it travels is in `fetching`."""

from __future__ import annotations

from dataclasses import dataclass

import httpx


@dataclass(frozen=True)
class Request:
    """One request to an office. The same request always has the same `member`, the name its answer is kept under."""

    member: str
    url: str
    params: tuple[tuple[str, str], ...] = ()
    secret: tuple[str, str] | None = None
    """Query parameter and the environment variable that holds its value."""
    sign_up: str | None = None
    """Where a person gets a key."""
    slices: tuple[str, ...] = ()
    """Slices whose rows the answer may hold."""
    asked: tuple[str, ...] = ()
    """HS6 codes the answer decides."""
    resumable: bool = False
    """Worth keeping half of: the rest is asked for with Range and If-Range."""

    @property
    def shown(self) -> str:
        """The whole address as it may be shown to anybody: without the key."""
        return str(httpx.URL(self.url, params=self.params) if self.params else httpx.URL(self.url))


@dataclass(frozen=True)
class Answer:
    """What an office said. `url` is the address that was asked, without the key; `unchanged` is a 304 and has no body."""

    status: int
    headers: dict[str, str]
    body: bytes
    url: str
    unchanged: bool
