"""Wait for what programs, threads and pages bring about: for the state itself, never for a time in which it should have come."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

PATIENCE = 240.0
"""Seconds. Far beyond what anything here takes on a machine that is not busy with something else."""

Read = TypeVar("Read")


def until(ready: Callable[[], object], what: str, every: float = 0.2) -> None:
    """Wait until something holds; fail when it takes too long, naming `what`."""
    end = time.monotonic() + PATIENCE
    while not ready():
        if time.monotonic() > end:
            raise TimeoutError(f"waited {PATIENCE:.0f} s for {what}")
        time.sleep(every)


def comes_to(read: Callable[[], Read], expected: Read, what: str) -> None:
    """Wait until what is read is as expected; fail with what was read last when it takes too long."""
    last: list[Read] = []

    def is_as_expected() -> bool:
        last[:] = [read()]
        return last == [expected]

    with suppress(TimeoutError):
        until(is_as_expected, what)
    assert last == [expected], what
