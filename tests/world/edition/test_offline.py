"""A build never touches the network: it works where there is none, and no Python code in it tries."""

from __future__ import annotations

import shutil
import subprocess
import sys

import pytest

from pipelines.settings import PROJECT, Settings
from tests.copies import JUNE_2019, december, leftovers, revise, table_hashes
from tests.small import CHINA, RARE_EARTHS

NO_NETWORK = """
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
"""
BUILD = """
from pathlib import Path
from pipelines.settings import Settings
from tests.small import build_small
import sys
print(build_small(Settings(data=Path(sys.argv[1])))[1].changed)
"""


def run(script: str, settings: Settings, *command: str) -> subprocess.CompletedProcess[str]:
    arguments = [*command, sys.executable, "-c", script, str(settings.data)]
    return subprocess.run(arguments, cwd=PROJECT, capture_output=True, text=True, check=False)


def test_raw_files_are_built_into_an_edition_without_a_single_use_of_the_network(data: Settings, built: Settings) -> None:
    finished = run(NO_NETWORK + BUILD, data)
    assert (finished.returncode, finished.stdout) == (0, "True\n"), finished.stderr
    assert table_hashes(data.edition) == table_hashes(built.edition)
    assert leftovers(data) == []


def test_a_newer_copy_is_built_where_there_is_no_network_at_all(own: Settings) -> None:
    command = ("unshare", "--map-root-user", "--net")
    if shutil.which("unshare") is None or subprocess.run([*command, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this machine lets nobody make a process without a network (unshare --net)")
    revise(own, CHINA, RARE_EARTHS, {JUNE_2019: "2019-06,3967,"}, december(1))
    finished = run(BUILD, own, *command)
    assert (finished.returncode, finished.stdout) == (0, "True\n"), finished.stderr
