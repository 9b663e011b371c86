"""How commands speak: a console that fits the terminal, quiet tables, progress, and one sentence for what failed."""

from __future__ import annotations

import logging
import os
import shlex
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from pipelines.console import LOGGER, SafeConsole, terminal_width

if TYPE_CHECKING:
    from pipelines.defs.launch import FailedStep


SPARED = ("days old", "lines", "rejected", "due by", "data to", "newest")
"""Columns that `lodestone sources` leaves out first where a line has no room for all."""


def forget_output() -> None:
    """Let what is still to be written go nowhere: Python writes it once more when it ends, and would complain."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def refuse(sentence: str, code: int) -> int:
    """Say in a sentence what was not done; the exit code."""
    sys.stderr.write(f"lodestone: {sentence}\n")
    return code


def console_of() -> Console:
    """A console as wide as the terminal, or of a hundred letters where there is none."""
    return SafeConsole(sys.stdout, terminal_width(sys.stdout) or 100)


@contextmanager
def progress() -> Iterator[Callable[[str], None]]:
    """A spinner on a terminal, else a plain line for each thing done."""
    # Dagster captures the standard streams of a step for its log, so progress needs a way of its own to the terminal.
    with os.fdopen(os.dup(sys.stderr.fileno()), "w", encoding="utf-8", buffering=1) as terminal:
        console = SafeConsole(terminal)
        if console.is_terminal:
            with console.status("") as status, _heard_by(lambda message: status.update(Text(message, overflow="ellipsis", no_wrap=True))):
                yield _tell
        else:
            with _heard_by(lambda message: print(message, file=terminal)):
                yield _tell


_tell = logging.getLogger(LOGGER).info


@contextmanager
def _heard_by(listener: Callable[[str], None]) -> Iterator[None]:
    """Tell somebody what the steps of a night say."""
    logger, handler = logging.getLogger(LOGGER), logging.Handler(logging.INFO)
    handler.emit = lambda record: listener(record.getMessage())  # type: ignore[method-assign]
    logger.setLevel(logging.INFO)
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)


_WHOLE = {"source", "state", "newest", "data to", "due by"}
"""Columns whose words and days are not broken over lines."""


def quiet_table(*columns: str) -> Table:
    """A quiet table; a column whose name begins with > is set to the right."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for name in columns:
        right = name.startswith(">")
        table.add_column(Text(name.removeprefix(">")), justify="right" if right else "left", overflow="fold", no_wrap=name in _WHOLE)
    return table


def fitting(console: Console, rows: list[dict[str, str]]) -> tuple[Table, tuple[str, ...]]:
    """The rows as a table, and the columns that had to be left out so that it fits."""
    for spared in range(len(SPARED) + 1):
        names = [name for name in next(iter(rows), {}) if name.removeprefix(">") not in SPARED[:spared]]
        table = quiet_table(*names)
        for row in rows:
            table.add_row(*(row[name] for name in names))
        needed = console.measure(table, options=console.options.update(max_width=10_000)).maximum
        if terminal_width(sys.stdout) is None or needed <= console.width:
            break
    return table, SPARED[:spared]


def explain_failure(step: FailedStep) -> None:
    """The failing step in a sentence and, of a failed check, a sample of its rows."""
    sys.stderr.write(f"lodestone: {step.message}\n")
    for row in step.rows:
        sys.stderr.write("  " + ", ".join(f"{name} {value}" for name, value in row.items() if value is not None) + "\n")


def own_name() -> str:
    """What to type here to run this program again: its plain name where the shell finds it by that, else the path it was called by."""
    called, found = Path(sys.argv[0]), shutil.which("lodestone")
    is_found = found is not None and Path(found).resolve() == called.resolve()
    return "lodestone" if is_found or called.name != "lodestone" else shlex.quote(sys.argv[0])


def shown_path(path: Path) -> str:
    """A path as short as it can be understood from here."""
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)
