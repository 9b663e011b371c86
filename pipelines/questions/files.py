"""Put an answer into a file, and never over what the program keeps. Nothing here knows what the file holds."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import IO

from pipelines.archive.files import sync_to_disk
from pipelines.errors import Usage
from pipelines.settings import PACKAGE, PROJECT, SQL, Settings

DUCKDB_MARK = slice(8, 12)
"""Where the four letters DUCK stand in a DuckDB file."""
IN_A_DATA_FOLDER = (".writer.lock", "lodestone.duckdb", "raw/*/bundled", "raw/*/fetched", "raw/*/decisions", "raw/*/corrections")
"""What only data folders hold, each of it alone enough to know one."""


def write_file(settings: Settings, path: Path, fill: Callable[[IO[bytes]], None]) -> None:
    """Put an answer into a file whole or not at all; a device or pipe gets it as it comes. Never over what the program keeps."""
    target = path.expanduser().resolve()
    _refuse_kept(settings, path, target)
    if target.is_dir():
        raise Usage(f"{path}: is a folder; name a file in it")
    is_special = target.exists() and not target.is_file()
    draft = target if is_special else target.with_name(f".{target.name}.{os.getpid()}")
    try:
        with draft.open("wb") as file:
            fill(file)
        if not is_special:
            sync_to_disk(draft)
            os.replace(draft, target)
    except OSError as error:
        raise Usage(f"{path}: cannot be written ({error.strerror or error})") from error
    finally:
        if not is_special:
            draft.unlink(missing_ok=True)


def _refuse_kept(settings: Settings, path: Path, target: Path) -> None:
    """Refuse with `Usage` what no answer may replace, whether it is there yet or not.

    - What lies in a data folder, this installation's or any other: builds, offices and people who decide write there, nothing else.
    - A DuckDB file anywhere, and what is named like one: an edition, its write-ahead log or a draft of it.
    - What git keeps of the project, its code and SQL also where they are new, and any `.git`: those who work on it write these.
    """
    if ".duckdb" in target.name or any(map(partial(_is_data_folder, settings), target.parents)) or _is_database(target):
        raise Usage(f"{path}: belongs to the editions or what they are made from; name another file")
    if ".git" in target.parts or any(target.is_relative_to(folder) for folder in (PACKAGE, SQL)) or _is_tracked(target):
        raise Usage(f"{path}: belongs to the project itself; name another file")


def _is_data_folder(settings: Settings, folder: Path) -> bool:
    return folder == settings.data.resolve() or any(any(folder.glob(name)) for name in IN_A_DATA_FOLDER)


def _is_tracked(target: Path) -> bool:
    """Whether git keeps the history of a file of the project; without git nothing says so."""
    if not (target.is_relative_to(PROJECT) and target.exists()):
        return False
    try:
        return (
            subprocess.run(["git", "-C", PROJECT, "ls-files", "--error-unmatch", target], capture_output=True, check=False).returncode == 0
        )
    except OSError:
        return False


def _is_database(path: Path) -> bool:
    if not path.is_file():
        return False
    try:
        with path.open("rb") as file:
            return file.read(DUCKDB_MARK.stop)[DUCKDB_MARK] == b"DUCK"
    except OSError:  # what cannot be read is not replaced blindly either: writing says why it cannot be done
        return False
