"""What every stand-in is: something that gives a reply to a request. Nothing here knows HTTP's wire or any one office."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

Query = Sequence[tuple[str, str]]
"""The pairs behind the question mark, decoded, in the order asked; a name may stand more than once."""

SECRETS = frozenset({"key"})
"""Query parameters that carry a key: an office needs to see them, a record of requests must not."""


@dataclass(frozen=True)
class Reply:
    """What an office says. `headers` leaves out Content-Length, Date and Server, which the server adds."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


class Office(Protocol):
    """A stand-in of one office."""

    def answer(self, path: str, query: Query, headers: Mapping[str, str]) -> Reply:
        """The office's reply to a request for `path`; the names of `headers` are in lower case."""


def plain(status: int, text: str) -> Reply:
    """A reply of one line of text, as offices give with an error."""
    return Reply(status, {"Content-Type": "text/plain;charset=utf-8"}, text.encode())


def without_secrets(query: Query) -> list[tuple[str, str]]:
    """The query as it may be written down."""
    return [(name, value) for name, value in query if name not in SECRETS]
