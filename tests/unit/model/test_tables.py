"""Columns are described once: one type, one meaning and one unit for a name, but where a table says that it means something else."""

from __future__ import annotations

import re
from collections import Counter
from importlib import import_module
from inspect import get_annotations

from pipelines.model.columns import COLUMNS, REFERRED
from pipelines.model.dictionary import dictionary
from pipelines.model.statements import statements
from pipelines.model.tables import SCHEMAS, _models, curated_tables, tables
from pipelines.settings import SQL


def test_a_name_is_described_for_all_tables_only_where_several_use_it_and_by_no_table_in_the_same_words():
    used, own = Counter(), set()
    for module in (*SCHEMAS.values(), "model.curated"):
        for model in _models(import_module(f"pipelines.{module}")):
            for name, column in model.to_schema().columns.items():
                if column.description is None:
                    used[name] += 1
                else:
                    described = next(base for base in model.__mro__ if name in get_annotations(base))
                    own.add((f"{module}.{described.__name__}", name, column.description))
    for path in (SQL / "marts").glob("*.sql"):
        header = re.sub(r"\n--   ", " ", path.read_text("utf-8"))
        for listed in re.findall(r"^-- columns: (.*)$", header, re.MULTILINE):
            used.update(name.strip() for name in listed.split(","))
        own |= {(path.stem, name, text) for name, text in re.findall(r"^-- column: (\w+) \|.*\| (.*)$", header, re.MULTILINE)}
    assert {name for name in COLUMNS if used[name] < 2} == set()
    assert [place for *place, text in own if place[1] in COLUMNS and text == COLUMNS[place[1]].description] == []
    alone = Counter((name, text) for _, name, text in own if name not in COLUMNS)
    assert {described for described, times in alone.items() if times > 1} == set()


def test_the_dictionary_describes_every_curated_column_and_no_meaning_twice_that_is_that_of_the_fact():
    sections = dict(re.findall(r"^## curated\.(\w+)\n(.*?)(?=^## )", dictionary(), re.MULTILINE | re.DOTALL))
    for table in curated_tables().values():
        named = re.findall(r"^\| `(\w+)` \|", sections[table.name], re.MULTILINE)
        as_there = re.findall(r"`(\w+)`", "".join(re.findall(r"As in .*", sections[table.name])))
        assert sorted([*named, *as_there]) == sorted(column.name for column in table.columns)
    assert "| `share_bound` |" not in sections["published_share"]
    assert "| `publisher_as_named` |  | Publisher as the compiler names it. |" in sections["published_share"]


def test_a_curated_column_means_what_it_means_in_the_fact_it_feeds_unless_its_model_says_otherwise():
    described = {table.name: {column.name: column.description for column in table.columns} for table in curated_tables().values()}
    facts = {column.name: column.description for column in tables()["facts.published_share"].columns}
    assert described["published_share"]["partner_iso3"] == facts["partner_iso3"]
    assert described["published_share"]["partner_iso3"] != COLUMNS["partner_iso3"].description
    assert described["published_share"]["publisher_as_named"] not in facts.values()


def test_what_refers_to_a_vocabulary_refers_to_a_column_that_is_there():
    there = {f"{table.full_name}.{column.name}" for table in tables().values() for column in table.columns}
    assert set(REFERRED.values()) <= there
    assert {column.refers for table in tables().values() for column in table.columns} == {None, *REFERRED}


def test_every_curated_table_feeds_a_fact_and_tells_its_rows_apart_by_a_column_it_has():
    kinds = {"trade", "trade_line", *(table.name for table in tables().values() if table.schema == "facts")}
    for table in curated_tables().values():
        assert table.description
        assert table.feeds in kinds
        assert table.part is None or table.part in table.dtypes


def test_a_mart_that_lists_a_column_takes_its_meaning_from_there():
    (mart,) = (statement for statement in statements("marts") if statement.name == "marts.partner_share")
    (months,) = (column for column in mart.columns if column.name == "period_months")
    assert (months.unit, months.description) == (COLUMNS["period_months"].unit, COLUMNS["period_months"].description)
