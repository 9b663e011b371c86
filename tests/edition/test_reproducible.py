"""The whole archive, built by another process elsewhere: it uses no network, and gives the same bytes and rows."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from pipelines.settings import PROJECT, Settings
from tests.building import copy_raw
from tests.copies import file_hashes, leftovers, table_hashes

BUILD_WITHOUT_NETWORK = """
import socket, sys

def refuse(event, values):
    if event.startswith(("socket.", "urllib.", "http.client.", "ftplib.", "smtplib.")):
        raise PermissionError(f"the build used the network: {event} {values}")

sys.addaudithook(refuse)
for attempt in (lambda: socket.getaddrinfo("localhost", 80), lambda: socket.create_connection(("127.0.0.1", 9))):
    try:
        attempt()
    except PermissionError:
        continue
    raise SystemExit("the guard against the network does not work")

from pathlib import Path
from pipelines.settings import Settings
from tests.building import build_all
print(build_all(Settings(data=Path(sys.argv[1])))[1].changed)
"""


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> tuple[Settings, subprocess.CompletedProcess[str]]:
    """An installation in another folder, built with other hashes, one thread and another time zone; and how that ended."""
    settings = copy_raw(tmp_path_factory.mktemp("elsewhere") / "une année" / "l'autre" / "data")
    environment = os.environ | {"PYTHONHASHSEED": "12345", "POLARS_MAX_THREADS": "1", "TZ": "Asia/Tokyo"}
    command = [sys.executable, "-c", BUILD_WITHOUT_NETWORK, str(settings.data)]
    return settings, subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True, check=False)


def test_raw_files_are_built_into_an_edition_without_a_single_use_of_the_network(
    elsewhere: tuple[Settings, subprocess.CompletedProcess[str]],
) -> None:
    settings, finished = elsewhere
    assert (finished.returncode, finished.stdout) == (0, "True\n"), finished.stderr
    assert leftovers(settings) == []


def test_neither_the_folder_nor_the_order_of_hashes_nor_the_number_of_threads_shows_in_the_result(
    elsewhere: tuple[Settings, subprocess.CompletedProcess[str]], built: Settings
) -> None:
    settings, _ = elsewhere
    assert file_hashes(settings.curated) == file_hashes(built.curated)
    assert table_hashes(settings.edition) == table_hashes(built.edition)
