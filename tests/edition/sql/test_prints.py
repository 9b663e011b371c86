"""Of several prints of one figure each measure uses one, and every number leads to its raw line."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import duckdb
import pytest

from pipelines.edition.load import load_vocabulary
from pipelines.edition.open import read_only
from pipelines.model.statements import statements
from pipelines.model.tables import tables
from pipelines.settings import Settings
from pipelines.sources import empty_tables
from tests.copies import RARE_EARTH_SERIES, ask

KEY = "rare earths (GACC press table)"
MAIN, MORE = {"main_file": True}, {"main_file": False}


def prints(*lines: dict[str, Any]) -> list[dict[str, Any]]:
    """The versions of one month that made-up lines yield, each line a page with weight_kg, value_usd and when it was known."""
    with duckdb.connect() as connection:
        connection.execute("create schema curated; create schema staging; create schema vocabulary")
        load_vocabulary(connection, tables()["vocabulary.series"])
        connection.register("no_level", empty_tables("china_customs_bulletin")["bulletin_level"].drop("slice").to_arrow())
        connection.execute("create table curated.bulletin_level as select *, null::varchar as release_id from no_level")
        connection.execute(
            "create table curated.release_window"
            " (release_id varchar, slice varchar, known_from timestamp, known_from_basis varchar, known_until timestamp)"
        )
        for number, line in enumerate(lines):
            known_from, known_until = line["known"]
            connection.execute(
                "insert into curated.release_window values (?, ?, ?, 'stated', ?)", [f"r{number}", f"s{number}", known_from, known_until]
            )
            level = {
                "series_key": KEY,
                "period_start": date(2025, 11, 1),
                "period_months": 1,
                "period_kind": "month",
                "status": "reported",
                "refines": False,
                "preferred": True,
                "publication": f"https://example.org/{number}",
                "source_member": f"{number}.csv",
                "source_row": number,
                "release_id": f"r{number}",
            } | {name: value for name, value in line.items() if name != "known"}
            names, marks = ", ".join(level), ", ".join("?" for _ in level)
            connection.execute(f"insert into curated.bulletin_level ({names}) values ({marks})", list(level.values()))
        for statement in statements("load"):
            if statement.name in ("staging.bulletin_print", "staging.bulletin_choice"):
                connection.execute(f"create view {statement.name} as {statement.sql}")
        return connection.sql("select * from staging.bulletin_choice order by known_from").pl().to_dicts()


def day(number: int) -> datetime:
    return datetime(2025, 12, number)


def test_a_value_that_only_a_less_preferred_print_has_is_used_with_its_own_lineage():
    (row,) = prints({"weight_kg": 10, "known": (day(5), None)} | MAIN, {"weight_kg": 9, "value_usd": 70, "known": (day(1), None)} | MORE)
    assert (row["weight_kg"], row["source_member"], row["release_id"]) == (10, "0.csv", "r0")
    assert (row["value_usd"], row["value_source_member"], row["value_source_row"], row["value_release_id"]) == (70, "1.csv", 1, "r1")
    assert row["value_publication"] == "https://example.org/1"


def test_a_print_with_both_measures_needs_no_second_lineage():
    both = {"weight_kg": 10, "value_usd": 70, "known": (day(5), None)} | MAIN
    (row,) = prints(both, {"weight_kg": 9, "value_usd": 60, "known": (day(1), None)} | MORE)
    assert (row["weight_kg"], row["value_usd"], row["value_source_member"]) == (10, 70, None)


def test_a_value_known_later_is_not_known_before():
    first, then = prints(
        {"weight_kg": 10, "known": (day(5), None)} | MAIN, {"weight_kg": 9, "value_usd": 70, "known": (day(20), None)} | MORE
    )
    assert (first["value_usd"], first["known_from"], first["known_until"]) == (None, day(5), day(20))
    assert (then["value_usd"], then["known_from"], then["known_until"]) == (70, day(20), None)


def test_a_value_taken_back_leaves_the_weight_standing():
    found = prints({"weight_kg": 10, "known": (day(5), None)} | MAIN, {"value_usd": 70, "known": (day(1), day(20))} | MORE)
    assert [(row["value_usd"], row["known_from"], row["known_until"]) for row in found] == [(70, day(5), day(20)), (None, day(20), None)]
    assert {row["weight_kg"] for row in found} == {10}


def test_a_page_that_found_nothing_does_not_hide_one_that_did():
    (row,) = prints({"status": "missing", "known": (day(5), None)} | MAIN, {"weight_kg": 9, "known": (day(1), None)} | MORE)
    assert (row["status"], row["weight_kg"]) == ("reported", 9)


def test_the_value_of_november_2025_leads_to_the_line_that_prints_it(built: Settings):
    query = (
        "select value_usd, value_method, value_source_member, value_source_row, fact.source_member, left(file.body_sha256, 12)"
        " from facts.trade_total as fact inner join meta.release_file as file"
        " on fact.value_release_id = file.release_id and fact.value_source_member = file.source_member"
        f" where series_id = '{RARE_EARTH_SERIES}' and period_start = '2025-11-01' and period_kind = 'month'"
    )
    ((value, method, member, row, own, folder),) = ask(built.edition, query)
    (raw,) = built.raw.glob(f"china_customs_bulletin/*/{folder}/{member}")
    line = raw.read_text("utf-8").splitlines()[row - 1]
    assert (value, method) == (49_445_100, "product")
    assert own != member
    assert "2025-11,month,5493.9,49445100" in line
    assert ask(built.edition, "select count(*) from facts.conflict where preferred_value is null") == [(0,)]
    known = "select value_usd from trade_total_as_of(?) where series_id = ? and period_start = '2025-11-01' and period_kind = 'month'"
    assert ask(built.edition, known, "2025-12-31", RARE_EARTH_SERIES) == [(None,)]
    assert ask(built.edition, known, "2026-01-31", RARE_EARTH_SERIES) == [(pytest.approx(49_445_100),)]


def test_a_printed_percentage_is_the_fraction_of_the_same_digits(built: Settings) -> None:
    printed = {
        "published_share": ["share", "share_low", "share_high", "list_sum"],
        "overseas_stake": ["stake"],
        "net_import_reliance": ["reliance"],
    }
    with read_only(built.edition) as connection:
        for table, columns in printed.items():
            for column in columns:
                found = connection.execute(f"select {column} from facts.{table} where {column} is not null").fetchall()
                assert found
                assert [value for (value,) in found if Decimal(repr(value)).as_tuple().exponent < -8] == [], (table, column)
