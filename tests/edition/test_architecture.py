"""What an edition holds is what its statements and models say."""

from __future__ import annotations

import pytest
import sqlglot
from sqlglot import exp

from pipelines.edition.open import read_only
from pipelines.model.statements import statements
from pipelines.model.tables import tables
from tests.unit.test_architecture import MARTS


@pytest.mark.parametrize("mart", MARTS)
def test_the_header_of_a_mart_describes_its_real_columns(mart, built):
    with read_only(built.edition) as connection:
        real = [row[0] for row in connection.execute(f"describe {mart.name}").fetchall()]
    assert [column.name for column in mart.columns] == real
    assert set(mart.grain) <= set(real)
    final = sqlglot.parse_one(mart.sql, dialect="duckdb")
    assert not any(isinstance(column, exp.Star) for column in final.selects)


def test_a_country_stands_by_name_beside_its_code_wherever_a_mart_gives_one(built):
    steps = {"marts.partner_share"}  # what other marts are made of
    checked = set()
    with read_only(built.edition) as connection:
        for statement in statements("marts"):
            for column in statement.columns:
                if statement.name in steps or not column.name.endswith("_iso3") or "Countries" in column.description:
                    continue
                name = column.name.removesuffix("_iso3")
                wrong = connection.execute(
                    f"select {column.name}, {name} from {statement.name} left join vocabulary.country as country"
                    f" on country.iso3 = {column.name} where country.name is distinct from {name} limit 3"
                ).fetchall()
                assert wrong == [], statement.name
                checked.add(name)
    assert {"reporter", "importer", "exporter", "supplier", "top_supplier", "destination", "top_producer"} <= checked


@pytest.mark.parametrize("mart", MARTS)
def test_the_evidence_of_a_mart_is_facts_or_coverage_or_marts_upstream_of_it(mart, built):
    upstream = {other.name for other in statements("marts")[: [other.name for other in statements("marts")].index(mart.name)]}
    versioned = {f"{table.full_name}_superseded" for table in tables().values() if table.versioned}
    facts = {name for name in tables() if name.startswith("facts.")} | versioned
    assert mart.evidence
    with read_only(built.edition) as connection:
        for piece in mart.evidence:
            assert piece.table in facts | upstream | {"meta.coverage"}
            condition = sqlglot.parse_one(piece.condition, dialect="duckdb")
            assert {"mart", "evidence"} <= {column.table for column in condition.find_all(exp.Column)}
            assert all(column.table for column in condition.find_all(exp.Column)), "every column says whose it is"
            connection.execute(f"explain {piece.query(mart.name, 'count(*)')}")
    assert len({piece.table for piece in mart.evidence}) == len(mart.evidence), "one line a table"


def test_every_table_and_column_of_an_edition_carries_its_comment_and_stands_in_main(built):
    layers = "schema_name in ('facts', 'vocabulary', 'marts', 'meta')"
    with read_only(built.edition) as connection:
        bare = connection.execute(
            f"select schema_name, table_name, null from duckdb_tables() where {layers} and comment is null"
            f" union all select schema_name, table_name, column_name from duckdb_columns() where {layers} and comment is null"
        ).fetchall()
        named = {row[0] for row in connection.execute(f"select table_name from duckdb_tables() where {layers}").fetchall()}
        seen = {row[0] for row in connection.execute("select view_name from duckdb_views() where schema_name = 'main'").fetchall()}
    assert bare == []
    assert named <= seen
