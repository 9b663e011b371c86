"""The README says what a person sees: its questions are asked again, and its answers must be those."""

from __future__ import annotations

import re
import runpy
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.settings import PROJECT, Settings
from tests import services

PAGE = (PROJECT / "README.md").read_text("utf-8")
PAIRS = re.findall(r"```sh\n\.venv/bin/lodestone (sql .*?)\n```\n\n```text\n(.*?)```", PAGE, re.DOTALL)


def test_there_are_five_questions_with_their_answers() -> None:
    assert len(PAIRS) == 5


@pytest.mark.parametrize(("command", "answer"), PAIRS, ids=range(len(PAIRS)))
def test_a_question_of_the_readme_has_the_answer_it_shows(command: str, answer: str, built: Settings) -> None:
    asked = [sys.executable, "-c", "from pipelines.cli import main; main()", *shlex.split(command)]
    done = subprocess.run(asked, cwd=PROJECT, env={"LODESTONE_DATA": str(built.data)}, capture_output=True, text=True, check=True)
    assert [line.rstrip() for line in done.stdout.splitlines()] == answer.splitlines()


def test_where_its_picture_cannot_be_taken_a_sentence_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> Path:
        raise services.Missing("only root may install chromium")

    monkeypatch.setattr(services, "chromium", missing)
    with pytest.raises(SystemExit, match=r"^no picture was taken: only root may install chromium$"):
        runpy.run_path(str(PROJECT / "docs" / "screenshot.py"), run_name="__main__")
