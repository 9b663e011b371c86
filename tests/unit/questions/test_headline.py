"""What a build ends with: the answer to what changed and who depends on whom, in one screen, with countries by name."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines.cli.output import own_name
from pipelines.model.statements import read_statement
from pipelines.questions.headline import goods, headline
from pipelines.settings import SQL
from tests.unit.sql.made_up import SERIES, edition, exported, imported, rows

SCREEN = (80, 24)
"""Columns and lines of a terminal that nobody made larger."""


def screen(connection: duckdb.DuckDBPyConnection, as_of: date | None = None) -> str:
    for name in ("source_status", "coverage"):
        connection.execute(f"create or replace view main.{name} as from meta.{name}")
    return headline(connection, as_of)


def moved(*levels: dict[str, Any]) -> list[dict[str, Any]]:
    with edition(trade_total=list(levels)) as connection:
        return rows(connection, read_statement(SQL / "questions" / "exports_that_moved_most.sql").sql)


def test_the_command_is_named_as_it_can_be_typed_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    command = tmp_path / "bin" / "lodestone"
    command.parent.mkdir()
    command.touch(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["bin/lodestone"])
    monkeypatch.setenv("PATH", "/nowhere")
    assert own_name() == "bin/lodestone"
    monkeypatch.setenv("PATH", str(command.parent))
    assert own_name() == "lodestone"
    monkeypatch.setattr("sys.argv", ["other folder/lodestone"])
    assert own_name() == "'other folder/lodestone'", "the one on the PATH is another"


def test_an_export_is_the_highest_since_the_month_in_which_it_was_last_as_high() -> None:
    levels = [("2025-01", 90), ("2025-02", 120), ("2025-03", 100), ("2025-04", 40), ("2025-05", 100)]
    (row,) = moved(*(exported(month, amount) for month, amount in levels))
    assert (row["reporter"], row["change_on_month"], row["months_before"]) == ("China", 1.5, 4)
    assert (row["last_as_high"], row["last_as_low"]) == (date(2025, 3, 1), date(2025, 4, 1))
    with edition(trade_total=[exported(month, amount) for month, amount in levels]) as connection:
        assert re.search(r"China, rare earths +2025-05 +100 t +[+]150 % m/m +highest since 2025-03\n", screen(connection))


def test_what_was_never_so_low_says_among_how_many_months() -> None:
    with edition(trade_total=[exported("2025-01", 90), exported("2025-02", 80), exported("2025-03", 8)]) as connection:
        assert re.search(r"-90 % m/m +lowest of 3 months", screen(connection))


def test_a_level_before_a_break_of_the_series_is_no_measure_of_one_behind_it() -> None:
    (row,) = moved(exported("2011-11", 900), exported("2011-12", 900), exported("2012-01", 50), exported("2012-02", 60))
    assert (row["last_as_high"], row["months_before"]) == (None, 1)


def test_where_the_month_before_is_not_held_the_change_is_that_of_the_year() -> None:
    with edition(trade_total=[exported("2024-05", 100), exported("2025-05", 50)]) as connection:
        assert re.search(r"50 t +-50 % y/y +lowest of 2 months", screen(connection))


def test_an_amount_of_thousands_is_written_out() -> None:
    with edition(trade_total=[exported("2025-01", 10_460), exported("2025-02", 999.96)]) as connection:
        assert " 1,000 t " in screen(connection)
    with edition(trade_total=[exported("2025-01", 9_000), exported("2025-02", 62_585)]) as connection:
        assert " 62,585 t " in screen(connection)


def test_the_newest_month_is_named_even_where_nothing_can_be_said_of_its_change() -> None:
    with edition(trade_total=[exported("2025-01", 90), exported("2025-03", 80)]) as connection:
        assert re.search(r"^Newest: China, rare earths  2025-03  80 t  lowest of 2 months\n", screen(connection))
        assert "Exports that moved most" not in screen(connection)
    gallium = {"series_id": "china_customs_bulletin/gallium_all"}
    known = [exported("2025-01", 1, **gallium), exported("2025-02", 2, **gallium)]
    with edition(trade_total=[exported("2025-01", 90), exported("2025-03", 80), *known]) as connection:
        _, moved, newest, *_ = screen(connection).splitlines()
    assert (moved.split()[:3], newest.split()[:4]) == (["China,", "gallium", "2025-02"], ["Newest:", "China,", "rare", "earths"])


@pytest.mark.parametrize(
    ("commodity", "stage", "code", "written"),
    [
        ("rare_earths", "any", None, "rare earths"),
        ("rare_earths", "magnet", None, "rare earth magnets"),
        ("light_rare_earths", "oxide", None, "light rare earth oxides"),
        ("arsenic", "compound", None, "arsenic compounds"),
        ("copper", "ore", None, "copper ore"),
        ("lead", "refined", None, "refined lead"),
        ("cobalt", "mine", None, "mined cobalt"),
        ("lithium", "compound", "283691", "283691 lithium"),
    ],
)
def test_a_commodity_and_its_stage_are_named_as_people_write_them(commodity: str, stage: str, code: str | None, written: str) -> None:
    assert goods({"commodity": commodity, "stage": stage, "code": code}) == written


def test_exports_of_more_than_a_year_before_the_newest_month_are_no_news() -> None:
    other = {"series_id": "china_customs_bulletin/gallium_all"}
    old = [exported("2023-01", 1, **other), exported("2023-02", 2, **other)]
    assert [row["series_id"] for row in moved(*old, exported("2025-01", 90), exported("2025-02", 80))] == [SERIES]


def test_how_sure_a_concentration_is_stands_beside_it() -> None:
    months = [f"2024-{month:02}" for month in range(1, 13)]
    filed = [imported(partner, amount, month) for month in months for partner, amount in (("CHN", 90), ("VNM", 10))]
    with edition(trade_flow=filed) as connection:
        assert re.search(r"Japan, rare earths +2024 +China +90.0 % +0.82\n", screen(connection))
    unnamed = [imported("OTHER", 10, month, partner_role="unspecified") for month in months]
    with edition(trade_flow=[*filed, *unnamed]) as connection:
        assert re.search(r"Japan, rare earths +2024 +China +81.8-90.9 % +0.68-0.83\n", screen(connection))


def add_source(connection: duckdb.DuckDBPyConnection, source: str, state: str, message: str | None = None, stand_in: bool = False) -> None:
    connection.execute(
        "insert into meta.source_status by name select ? as source, ? as state, ? as message, ? as stand_in,"
        " 'x' as title, 'x' as publisher, 'x' as licence, 'x' as citation, false as redistributable,"
        " 0 as releases, 0 as quarantined, 0 as failed, 0 as lines, 0 as accepted, 0 as rejected",
        [source, state, message, stand_in],
    )


def test_figures_of_a_rehearsal_are_told_from_those_of_offices() -> None:
    with edition(trade_total=[exported("2025-01", 90), exported("2025-02", 80)]) as connection:
        add_source(connection, "usgs_mcs", "ok")
        assert "stand-ins" not in screen(connection)
        for office in ("ecb_rates", "us_census"):
            add_source(connection, office, "ok", stand_in=True)
        assert "From a rehearsal, answers of stand-ins: ecb_rates and us_census\n" in screen(connection)


@pytest.mark.parametrize("broken", [1, 7])
def test_whatever_is_wrong_with_the_sources_all_of_it_is_one_screen(broken: int) -> None:
    with edition(trade_total=[exported("2025-01", 90), exported("2025-02", 80)]) as connection:
        for number in range(broken):
            add_source(connection, f"source_{number}", "failed", f"file_{number}.csv line 3: 'nonsense' is no number; " * 20)
        lines = screen(connection).splitlines()
    assert max(map(len, lines)) <= SCREEN[0]
    assert len(lines) < 40
    assert sum("is no number" in line for line in lines) >= broken
    assert sum(line.endswith("(lodestone sources)") for line in lines) == broken
