"""The README says what a person sees: its questions are asked again, and its answers must be those."""

from __future__ import annotations

import re
import runpy
import shlex
from pathlib import Path

import pytest

from pipelines.edition.open import read_only
from pipelines.questions.headline import headline
from pipelines.settings import PROJECT, Settings
from tests.building import Run
from tests.services import programs

PAGE = (PROJECT / "README.md").read_text("utf-8")
SCREEN = re.search(r"```text\n(Published data/lodestone.duckdb .*?)\n\n(.*?)```", PAGE, re.DOTALL)
PAIRS = re.findall(r"```sh\n\.venv/bin/lodestone (sql .*?)\n```\n\n```text\n(.*?)```", PAGE, re.DOTALL)


def test_there_are_five_questions_with_their_answers() -> None:
    assert len(PAIRS) == 5


@pytest.mark.parametrize(("command", "answer"), PAIRS, ids=range(len(PAIRS)))
def test_a_question_of_the_readme_has_the_answer_it_shows(command: str, answer: str, built: Settings, lodestone: Run) -> None:
    code, out, _ = lodestone(built, *shlex.split(command))
    assert (code, [line.rstrip() for line in out.splitlines()]) == (0, answer.splitlines())


def test_where_its_picture_cannot_be_taken_a_sentence_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> Path:
        raise programs.Missing("chromium is not installed")

    monkeypatch.setattr(programs, "chromium", missing)
    with pytest.raises(SystemExit, match=r"^no picture was taken: chromium is not installed$"):
        runpy.run_path(str(PROJECT / "docs" / "screenshot.py"), run_name="__main__")


def test_the_screen_of_the_readme_is_what_a_build_prints(built: Settings) -> None:
    assert SCREEN is not None
    with read_only(built.edition) as connection:
        assert headline(connection, command=".venv/bin/lodestone") == SCREEN[2]
        (counted,) = connection.execute(
            "select count(*) || ' tables, ' || format('{:,}', sum(estimated_size)::bigint) || ' rows' from duckdb_tables()"
            " where schema_name in ('facts', 'vocabulary', 'marts', 'meta')"
        ).fetchall()
    assert f"({counted[0]}, " in SCREEN[1]
