"""The command that starts the stand-ins, as a person uses it."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from pipelines.rehearsal.us_census_stand_in import from_vintage
from pipelines.settings import PROJECT
from tests.unit.rehearsal.asking import IMPORTS, request
from tests.waiting import PATIENCE

COMMAND = [sys.executable, "-m", "pipelines.rehearsal"]


@contextmanager
def started(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, str]]]:
    """The running command and the settings it printed."""
    process = subprocess.Popen([*COMMAND, *arguments], cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        settings: dict[str, str] = {}
        for line in process.stdout:
            found = re.fullmatch(r"export (\w+)=(.*)\n", line)
            if found is not None:
                settings[found.group(1)] = found.group(2)
            if line.startswith("Requests"):
                break
        yield process, settings
    finally:
        process.kill()
        process.communicate()


def test_it_prints_how_to_point_lodestone_at_it_then_a_line_a_request_and_stops_cleanly():
    with started() as (process, settings):
        assert set(settings) == {"LODESTONE_OFFICES", "LODESTONE_US_CENSUS_KEY"}
        pairs = request(("I_COMMODITY", "9999*"), key=settings["LODESTONE_US_CENSUS_KEY"])
        assert httpx.get(settings["LODESTONE_OFFICES"] + IMPORTS, params=pairs).status_code == 204
        assert process.stdout is not None
        line = process.stdout.readline()
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=PATIENCE)
    assert line.startswith("us_census: 204, 0 bytes: GET /data/timeseries/intltrade/imports/hs?get=I_COMMODITY,")
    assert "rehearsal" not in line
    assert (output, errors, process.returncode) == ("Stopped.\n", "", 0)


STOPPED_AT_ONCE = """
import os, signal
from pipelines.rehearsal import __main__ as command

said = command.typer.echo

def echo(line):
    said(line)
    if "Requests" in line:
        os.kill(os.getpid(), signal.SIGINT)

command.typer.echo = echo
command.main()
"""


def test_it_can_be_stopped_from_its_first_word_that_it_listens():
    done = subprocess.run([sys.executable, "-c", STOPPED_AT_ONCE], cwd=PROJECT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.splitlines()[-1], done.stderr) == (0, "Stopped.", "")


PRESSES_CTRL_C_WHILE = """
import importlib.abc, os, signal, sys

class Pressing(importlib.abc.MetaPathFinder):
    def find_spec(self, name, *_):
        if name == {module!r}:
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Pressing())
"""


@pytest.mark.parametrize("module", ["shlex", "typer", "pipelines.rehearsal.us_census_stand_in", "pipelines.rehearsal.server"])
def test_it_can_be_stopped_while_it_still_loads(tmp_path: Path, module: str):
    (tmp_path / "sitecustomize.py").write_text(PRESSES_CTRL_C_WHILE.format(module=module), "utf-8")
    environment = os.environ | {"PYTHONPATH": f"{tmp_path}:{PROJECT}"}
    done = subprocess.run([*COMMAND, "--port", "0"], env=environment, capture_output=True, text=True, check=False, timeout=PATIENCE)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "offices: interrupted\n")


def test_it_can_be_stopped_while_it_reads_a_file(tmp_path: Path):
    (tmp_path / "sitecustomize.py").write_text(
        "import os, pathlib, signal\npathlib.Path.read_bytes = lambda _: os.kill(os.getpid(), signal.SIGINT)\n", "utf-8"
    )
    environment = os.environ | {"PYTHONPATH": f"{tmp_path}:{PROJECT}"}
    done = subprocess.run([*COMMAND, "--ecb", "any.zip"], env=environment, capture_output=True, text=True, check=False, timeout=PATIENCE)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "offices: interrupted\n")


def test_a_vintage_file_comes_with_the_selection_it_can_answer_for(vintages: list[Path], real_rates: Path):
    with started("--us-census", str(vintages[0]), "--ecb", str(real_rates)) as (_, settings):
        selection = settings["LODESTONE_SELECTION"].split(",")
        rates = httpx.get(settings["LODESTONE_OFFICES"] + "/ecb_rates/stats/eurofxref/eurofxref-hist.zip")
    assert selection == sorted({cell.code for cell in from_vintage(vintages[0]).cells if len(cell.code) == 6})
    assert "382499" not in selection
    assert rates.content == real_rates.read_bytes()


def test_it_prepares_a_data_folder_with_the_bundled_figures_and_leaves_what_is_there(tmp_path: Path):
    data, note = tmp_path / "a rehearsal", tmp_path / "a rehearsal" / "raw" / "ecb_rates" / "fetched" / "note"
    note.parent.mkdir(parents=True)
    note.write_text("mine")
    with started("--data", str(data)) as (_, settings):
        pass
    assert settings["LODESTONE_DATA"] == f"'{data}'"
    raw = PROJECT / "data" / "raw"
    held = {path.relative_to(raw): path.read_bytes() for path in raw.glob("*/bundled/**/*") if path.is_file()}
    assert {path.relative_to(data / "raw"): path.read_bytes() for path in data.rglob("*") if path.is_file() and path != note} == held
    assert note.read_text() == "mine"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--data", "data"], "data is the project's own data folder"),
        (["--data", "Makefile"], "Makefile cannot be filled"),
        (["--us-census", "nowhere.json"], "nowhere.json cannot be read"),
        (["--us-census", "Makefile"], "Makefile is no JSON"),
        (["--ecb", "Makefile"], "Makefile is no zip"),
        (["--port", "70000"], "Invalid value for '--port'"),
        (["--comtrade", "x"], "No such option: --comtrade"),
    ],
)
def test_an_error_of_use_is_one_sentence_and_exit_code_2(arguments: list[str], sentence: str):
    finished = subprocess.run([*COMMAND, *arguments], cwd=PROJECT, capture_output=True, text=True, check=False, timeout=PATIENCE)
    assert (finished.returncode, finished.stdout) == (2, "")
    assert finished.stderr.startswith(f"offices: {sentence}")
    assert finished.stderr.count("\n") == 1


def test_a_port_that_is_taken_is_an_error_of_use():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        arguments = ["--port", str(taken.getsockname()[1])]
        finished = subprocess.run([*COMMAND, *arguments], cwd=PROJECT, capture_output=True, text=True, check=False, timeout=PATIENCE)
    assert finished.returncode == 2
    assert "cannot be had (Address already in use): name another with --port" in finished.stderr
