"""Checks over the edition of the bundled figures: each compares something, and a row that is lost from it is found."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

from pipelines.model.statements import Statement, statements
from pipelines.operations import doctor
from pipelines.settings import Settings
from tests.building import build_all
from tests.copies import JUNE_2019, RARE_EARTH_SERIES, december, revise
from tests.small import CHINA, RARE_EARTHS
from tests.unit.sql.made_up import check_rows, compared
from tests.unit.sql.test_checks import outcomes


@pytest.fixture
def writable(own: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    own.edition.chmod(0o644)
    with duckdb.connect(str(own.edition)) as connection:
        connection.execute("set timezone = 'UTC'")
        yield connection


LOST = {
    "a month whose line also prints a change": (
        f"delete from facts.trade_total where series_id = '{RARE_EARTH_SERIES}' and period_start = '2019-05-01' and period_kind = 'month'",
        "trade",
    ),
    "a total since January whose line also prints a month": (
        f"delete from facts.trade_total where series_id = '{RARE_EARTH_SERIES}' and period_start = '2019-01-01' and period_months = 5",
        "trade",
    ),
    "a change whose line also prints a month": (
        "delete from facts.published_number where source = 'china_customs_bulletin' and period_text = '2019-05'",
        "published_number",
    ),
    "a table of an older edition": ("delete from facts.production_superseded where series_id like '%/cobalt/mine'", "production"),
    "a print that is not used": ("delete from facts.conflict where table_name = 'facts.published_share'", "published_share"),
    "every policy event": ("delete from facts.policy_event", "policy_event"),
}


def test_of_the_whole_edition_the_doctor_finds_every_check_compared_something(built: Settings):
    (found,) = [finding for finding in doctor.examine(built, {}) if finding.subject == "checks"]
    assert (found.level, " comparisons and could not make " in found.message) == ("ok", True)


@pytest.mark.parametrize("what", LOST)
def test_a_row_lost_between_the_curated_files_and_the_facts_is_found(what: str, writable: duckdb.DuckDBPyConnection):
    statement, fact = LOST[what]
    assert check_rows(writable, "every_line_counted").is_empty()
    (deleted,) = writable.execute(statement).fetchone()
    found = check_rows(writable, "every_line_counted")
    assert deleted > 0
    assert set(found["fact"]) == {fact}
    assert 0 < (found["expected_rows"] - found["counted_rows"]).sum() <= deleted, "an event has a row for each of its commodities"
    assert found["source"].null_count() == 0


def test_a_row_lost_from_a_revised_slice_is_found_too(own: Settings):
    revise(own, CHINA, RARE_EARTHS, {JUNE_2019: "2019-06,3967,"}, december(1))
    build_all(own)
    own.edition.chmod(0o644)
    with duckdb.connect(str(own.edition)) as connection:
        connection.execute("set timezone = 'UTC'")
        assert check_rows(connection, "every_line_counted").is_empty()
        connection.execute(f"delete from facts.trade_total where series_id = '{RARE_EARTH_SERIES}' and weight_kg = 3967000")
        found = check_rows(connection, "every_line_counted")
    assert found["slice"].str.contains("2019-06").to_list() == [True]


def test_every_check_counts_what_it_compared_and_what_it_could_not(built: Settings):
    with duckdb.connect(str(built.edition), read_only=True) as connection:
        message = connection.sql("from meta.check_result").pl()
        for row in message.iter_rows(named=True):
            counts = outcomes(connection, row["check_name"])
            left_out = {name.removeprefix("not_compared:"): rows for name, rows in counts.items() if name.startswith("not_compared:")}
            assert row["comparisons"] == sum(counts.values()) - sum(left_out.values()) > 0
            assert row["not_compared"] == sum(left_out.values())
            assert row["not_compared_because"] == (", ".join(f"{name}: {rows}" for name, rows in left_out.items()) or None)
            assert row["shown_rows"] == counts.get("shown", 0)


@pytest.mark.parametrize("check", statements("checks"), ids=lambda check: check.path.stem)
def test_no_join_fans_a_comparison_out(check: Statement, built: Settings):
    with duckdb.connect(str(built.edition), read_only=True) as connection:
        made = compared(connection, check.path.stem)
    twice = made.filter(made.select(check.grain).is_duplicated())
    assert (made.height > 0, twice.rows(named=True)) == (True, [])


def test_evidence_that_is_counted_twice_is_found(writable: duckdb.DuckDBPyConnection):
    assert check_rows(writable, "unique_keys").is_empty()
    writable.execute(
        "insert into marts.claim_check select * replace (evidence_no + 100 as evidence_no) from marts.claim_check where evidence_no = 1"
    )
    assert set(check_rows(writable, "unique_keys")["table_name"]) == {"marts.claim_check"}
