"""Writing files so that a reader, or a killed process, never leaves half of one. Nothing here knows what is in them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def sync_to_disk(path: Path) -> None:
    """Ask the operating system to put a file or a folder's entries on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_atomically(path: Path, body: bytes) -> None:
    """Put `body` at `path` whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        draft.write_bytes(body)
        sync_to_disk(draft)
        os.replace(draft, path)
    finally:  # on a full disk half a file would only take up more of it
        draft.unlink(missing_ok=True)
    sync_to_disk(path.parent)


def append_line(path: Path, line: str) -> None:
    """Add a line to a file and put it on the disk. What a killed process left of an unfinished line is cut off first."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab+") as file:
        if file.tell():
            file.seek(-1, os.SEEK_END)
            if file.read(1) != b"\n":
                file.seek(0)
                file.truncate(file.read().rfind(b"\n") + 1)
        file.write(line.encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())


def abandoned(folder: Path) -> Iterator[Path]:
    """What killed processes left half written in a folder; the drafts of a running process are none of it."""
    for path in folder.glob(".*"):
        process = path.suffix.removeprefix(".")
        if process.isdigit() and not _is_running(int(process)):
            yield path


def remove_drafts(folder: Path) -> None:
    """Remove what killed processes left half written in a folder; the drafts of a running process stay."""
    for path in list(abandoned(folder)):
        remove(path)


def remove(path: Path) -> None:
    """Remove a file, or a folder with all that is in it."""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # it runs as someone else
        return True
    return True


@contextmanager
def folder_atomically(path: Path) -> Iterator[Path]:
    """Yield an empty folder that becomes `path`, all its files at once, only if the block succeeds."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    try:
        yield draft
        for file in draft.iterdir():
            sync_to_disk(file)
        shutil.rmtree(path, ignore_errors=True)
        draft.rename(path)
        sync_to_disk(path.parent)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
