"""The ready-made queries of sql/questions are true of the edition: each runs, has rows, and says what it is."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlglot
from sqlglot import exp

from pipelines import warehouse
from pipelines.settings import SQL, Settings
from pipelines.statements import read_statement

QUESTIONS = sorted((SQL / "questions").glob("*.sql"))


def test_there_are_questions_to_ask() -> None:
    assert len(QUESTIONS) >= 6


@pytest.mark.parametrize("path", QUESTIONS, ids=lambda path: path.stem)
def test_a_question_has_an_answer_with_one_row_per_grain(built: Settings, path: Path) -> None:
    question = read_statement(path)
    with warehouse.read_only(built.edition) as connection:
        rows = connection.sql(question.sql)
        place = [rows.columns.index(name) for name in question.grain]
        found = [tuple(row[index] for index in place) for row in rows.fetchall()]
    assert found
    assert len(set(found)) == len(found)


@pytest.mark.parametrize("path", QUESTIONS, ids=lambda path: path.stem)
def test_a_question_names_itself_and_lists_its_columns(path: Path) -> None:
    question = read_statement(path)
    assert question.name == f"questions.{path.stem}"
    assert question.description
    assert question.grain
    tree = sqlglot.parse_one(question.sql, dialect="duckdb")
    assert isinstance(tree, exp.Select)
    assert not any(isinstance(column, exp.Star) for column in tree.expressions)


def test_the_question_behind_a_number_leads_to_its_raw_line(built: Settings) -> None:
    question = read_statement(SQL / "questions" / "behind_a_number.sql")
    with warehouse.read_only(built.edition) as connection:
        rows = connection.sql(question.sql)
        (row,) = (dict(zip(rows.columns, values, strict=True)) for values in rows.fetchall())
    (raw_file,) = built.data.parent.glob(row["raw_file"].replace("data/", f"{built.data.name}/", 1))
    line = raw_file.read_text("utf-8").splitlines()[row["raw_line"] - 1]
    assert line.startswith("2019-05,3640,")
    assert row["publication"] in line
