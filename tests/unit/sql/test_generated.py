"""What is made of the models holds for every table that there is a model of, and stands in statements like anything written."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.model import generated
from pipelines.model.statements import Statement, macros, read_statement, statements, tables_read
from pipelines.model.tables import curated_tables, tables

MARTS = {statement.name for statement in statements("marts")}


def statement(folder: str, name: str) -> Statement:
    (found,) = (statement for statement in statements(folder) if statement.name == name)
    return found


def test_every_table_of_facts_vocabulary_and_marts_has_its_key_checked():
    keyed = {name for name, table in tables().items() if table.schema in generated.LAYERS} | MARTS
    assert tables_read(statement("checks", "checks.unique_keys").sql) - {"meta.release"} == keyed - (set(generated.UNCHECKED) & MARTS)


def test_every_column_that_refers_to_the_vocabulary_is_checked_but_where_it_is_defined_or_follows_from_others():
    using = {
        name
        for name, table in tables().items()
        if (table.versioned or table.schema == "vocabulary") and any(column.refers for column in table.columns)
    }
    assert tables_read(statement("checks", "checks.known_codes").sql) >= using - set(generated.UNCHECKED) - {"vocabulary.commodity"}


def test_the_rows_of_every_curated_table_are_counted_and_looked_for_in_facts():
    counted = tables_read(statement("load", "meta.curated_rows").sql)
    assert counted == {f"curated.{name}" for name in curated_tables()}
    looked_for = tables_read(statement("checks", "checks.every_line_counted").sql)
    versioned = {name for name, table in tables().items() if table.versioned}
    assert looked_for >= versioned | {f"{name}_superseded" for name in versioned}


def test_a_query_that_is_made_of_the_models_is_parsed_and_described_like_any_other():
    described = {macro.name: macro.description for macro in macros()}
    for table in tables().values():
        assert (table.full_name in described.get(f"{table.name}_as_of(moment)", "")) == table.versioned


def test_a_statement_that_reads_what_no_model_makes_is_refused_with_what_there_is(tmp_path: Path):
    path = tmp_path / "odd.sql"
    path.write_text("-- checks.odd\n-- Odd.\nselect * from generated.atlantis", "utf-8")
    with pytest.raises(LookupError, match=r"no generated\.atlantis; there are shared_key"):
        read_statement(path)
