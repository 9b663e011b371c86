"""The ready-made queries of sql/questions are true of the edition: each runs, has rows, and says what it is."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import sqlglot
from sqlglot import exp

from pipelines.edition.open import read_only
from pipelines.model.statements import read_statement
from pipelines.settings import SQL, Settings
from tests.unit.sql.made_up import FILED_SERIES, edition, imported, rows

QUESTIONS = sorted((SQL / "questions").glob("*.sql"))


def test_there_are_questions_to_ask() -> None:
    assert len(QUESTIONS) >= 6


@pytest.mark.parametrize("path", QUESTIONS, ids=lambda path: path.stem)
def test_a_question_has_an_answer_with_one_row_per_grain(built: Settings, path: Path) -> None:
    question = read_statement(path)
    with read_only(built.edition) as connection:
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
    with read_only(built.edition) as connection:
        rows = connection.sql(question.sql)
        (row,) = (dict(zip(rows.columns, values, strict=True)) for values in rows.fetchall())
    (raw_file,) = built.data.parent.glob(row["raw_file"].replace("data/", f"{built.data.name}/", 1))
    line = raw_file.read_text("utf-8").splitlines()[row["raw_line"] - 1]
    assert line.startswith("2019-05,3640,")
    assert row["publication"] in line


def answer(built: Settings, name: str) -> pl.DataFrame:
    with read_only(built.edition) as connection:
        return connection.sql(read_statement(SQL / "questions" / f"{name}.sql").sql).pl()


@pytest.mark.parametrize(
    ("name", "measure"), [("largest_suppliers", "basis"), ("supply_above_benchmark", "basis"), ("production_in_few_countries", "stage")]
)
def test_shares_of_two_measures_stand_in_two_blocks(built: Settings, name: str, measure: str) -> None:
    blocks = [value for value, _ in groupby(answer(built, name)[measure])]
    assert len(blocks) == len(set(blocks)) > 1


@pytest.mark.parametrize(
    ("importer", "publisher", "status", "ends", "share"),
    [
        ("USA", "U.S. Geological Survey", "complete", "2024-12-31", 0.71),  # of four years, though press counts begin later
        ("EUU", "Eurostat ddn-20250409-1", "loose", "2024-12-31", 0.463),  # its own page, not one that reposts it
    ],
)
def test_the_list_to_use_is_complete_or_the_publishers_own(
    built: Settings, importer: str, publisher: str, status: str, ends: str, share: float
) -> None:
    found = answer(built, "largest_suppliers").filter(
        basis="weight", commodity="rare_earths", stage="any", importer_iso3=importer, preference=1
    )
    (row,) = found.to_dicts()
    assert (row["publisher"], row["list_status"], str(row["period_end"]), row["top_supplier_share"]) == (publisher, status, ends, share)


def test_a_list_of_all_forms_comes_before_a_list_of_scrap(built: Settings) -> None:
    chromium = answer(built, "largest_suppliers").filter(basis="weight", commodity="chromium", stage="any", importer_iso3="USA")
    assert chromium.select("preference", "scope", "top_supplier_iso3").rows() == [(1, "exact", "ZAF"), (2, "part", "CAN")]


def test_the_newest_list_is_the_one_whose_period_ends_last_and_of_those_the_longest() -> None:
    months = [*(f"2023-{month:02}" for month in range(1, 13)), "2024-01"]
    held = edition(trade_flow=[imported("CHN", 9, month) for month in months] + [imported("VNM", 1, month) for month in months])
    for name in ("largest_suppliers", "supply_above_benchmark"):
        found: list[dict[str, Any]] = rows(held, read_statement(SQL / "questions" / f"{name}.sql").sql)
        assert {(str(row["period_start"]), str(row["period_end"])) for row in found if row["series_id"] == FILED_SERIES} == {
            ("2023-02-01", "2024-01-31")
        }
