"""A build never touches the network: it works where there is none. tests/edition/test_reproducible.py sees that no code of it tries."""

from __future__ import annotations

import shutil
import subprocess
import sys

import pytest

from pipelines.settings import PROJECT, Settings
from tests.copies import JUNE_2019, december, revise
from tests.small import CHINA, RARE_EARTHS

BUILD = """
import sys
from pathlib import Path
from pipelines.settings import Settings
from tests.small import night
print(night(Settings(data=Path(sys.argv[1]))).changed)
"""


def test_a_newer_copy_is_built_where_there_is_no_network_at_all(own: Settings) -> None:
    command = ("unshare", "--map-root-user", "--net")
    if shutil.which("unshare") is None or subprocess.run([*command, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this machine lets nobody make a process without a network (unshare --net)")
    revise(own, CHINA, RARE_EARTHS, {JUNE_2019: "2019-06,3967,"}, december(1))
    arguments = [*command, sys.executable, "-c", BUILD, str(own.data)]
    finished = subprocess.run(arguments, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert (finished.returncode, finished.stdout) == (0, "True\n"), finished.stderr
