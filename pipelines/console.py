"""A terminal that nothing steers but what draws on it: no text that data, files or offices hold."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable
from io import TextIOWrapper
from typing import IO

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from pipelines.errors import printable

LOGGER = "lodestone"
"""The logger that hears what a step is doing, unless somebody else wants to be told."""

Say = Callable[[str], None]
"""Who is told, in a few words, what a step is doing."""


class Terminal(TextIOWrapper):
    """A terminal that no text written to it can steer; what draws on it itself goes to the stream beneath."""

    def __init__(self, beneath: TextIOWrapper) -> None:
        super().__init__(beneath.buffer, encoding="utf-8", errors="backslashreplace", line_buffering=True)
        self.beneath = beneath

    def write(self, text: str) -> int:
        """Write what is printable of a text."""
        return super().write(printable(text))


class SafeConsole(Console):
    """A console whose colours and spinners are its own: no text that it shows can steer the terminal."""

    def __init__(self, stream: IO[str], width: int | None = None) -> None:
        super().__init__(file=stream.beneath if isinstance(stream, Terminal) else stream, highlight=False, width=width)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """What is printable of what is to be shown."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else Segment(printable(segment.text), segment.style)


def terminal_width(file: IO[str]) -> int | None:
    """How many letters go into a line; null where what is written goes to no terminal."""
    return shutil.get_terminal_size().columns if file.isatty() else None
