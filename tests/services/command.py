"""`lodestone` run as a shell would, against stand-in offices."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from pipelines.rehearsal.server import Offices
from pipelines.rehearsal.us_census_stand_in import KEY
from pipelines.settings import PROJECT


def start(
    data: Path, offices: Offices | None, now: str, selection: str, *arguments: str, key: str | None = KEY, **environment: str
) -> subprocess.Popen[str]:
    """Start a command with nothing of our own environment but what it needs."""
    values = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    values |= {"LODESTONE_DATA": str(data), "LODESTONE_NOW": now, "LODESTONE_SELECTION": selection}
    values |= {} if offices is None else {"LODESTONE_OFFICES": offices.address}
    values |= {} if key is None else {"LODESTONE_US_CENSUS_KEY": key}
    return subprocess.Popen(
        [sys.executable, "-c", "from pipelines.__main__ import main; main()", *arguments],
        env=values | environment,
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )


def run(
    data: Path, offices: Offices | None, now: str, selection: str, *arguments: str, key: str | None = KEY, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return ended(start(data, offices, now, selection, *arguments, key=key, **environment))


def ended(process: subprocess.Popen[str]) -> subprocess.CompletedProcess[str]:
    """What a command said, and its exit code."""
    out, message = process.communicate(timeout=300)
    return subprocess.CompletedProcess(process.args, process.returncode, out, message)
