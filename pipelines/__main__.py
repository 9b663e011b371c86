"""Start the command. Ctrl-C is answered from the first moment on, while all else still loads, and to the last."""

from __future__ import annotations

import gc
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

INTERRUPTED = 130
"""Exit code of a command that was stopped with Ctrl-C."""


def main() -> None:
    """Load the command and run it."""
    gc.set_threshold(100_000)  # loading makes hundreds of thousands of objects that stay, and looking through them took a fifth of the time
    with loading():
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})  # held back while Python itself started: see the Makefile
        from pipelines.cli.app import main as run

    try:
        run()
    except KeyboardInterrupt:
        _end()
    except SystemExit as left:
        if left.code == INTERRUPTED:  # Python would end itself by the signal instead, where that came while code was made
            os._exit(INTERRUPTED)
        raise
    finally:
        signal.signal(signal.SIGINT, _end)


@contextmanager
def loading() -> Iterator[None]:
    """While a command imports what it alone needs, Ctrl-C ends the program at once: an import cut short may raise anything."""
    pressed = signal.getsignal(signal.SIGINT)
    if pressed is signal.default_int_handler:  # else whoever started it wants Ctrl-C ignored
        signal.signal(signal.SIGINT, _end)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, pressed)


def _end(*_: object) -> None:
    """End at once: nothing that loads, and nothing that ends, has anything to put away."""
    os.write(2, b"lodestone: interrupted\n")
    os._exit(INTERRUPTED)


if __name__ == "__main__":
    main()
