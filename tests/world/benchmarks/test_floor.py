"""What benchmarks compare is the same work: the made-up office is read whole, and the floor's marts are Lodestone's."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from benchmarks.agree import KEYS, differences
from benchmarks.ask import answers
from benchmarks.bureau import Bureau, basket, countries
from benchmarks.floor import make_marts, write_lines
from pipelines.edition.plan import Contents
from pipelines.rehearsal.server import Offices
from pipelines.settings import Settings
from tests import nights

CODES = basket(1)


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A night at a made-up office of one code, and beside it what the floor made of the same answers."""
    folder = tmp_path_factory.mktemp("benchmarks")
    data = Settings(data=folder / "data")
    contents = Contents(nights.OFFICES, (nights.CONTENTS.statements or frozenset()) | {"marts.import_concentration"})
    with pytest.MonkeyPatch.context() as patch, Offices({"us_census": Bureau(CODES, 2, countries(5))}) as offices:
        patch.setattr(nights, "CONTENTS", contents)
        nights.night(data, offices, "2026-02-20T02:00:00", CODES[0])
    write_lines(data.raw, folder)
    make_marts(folder)
    return data


def test_no_line_of_the_made_up_office_is_rejected(night: Settings):
    with duckdb.connect(str(night.edition), read_only=True) as edition:
        assert edition.execute("select count(*) from meta.rejected").fetchall() == [(0,)]
        assert edition.execute("select count(*) > 500 from facts.trade_flow").fetchall() == [(True,)]


def test_the_floors_marts_are_lodestones(night: Settings):
    assert differences(night.data.parent / "floor.duckdb", "edition", night.edition) == dict.fromkeys(KEYS, 0)


def test_a_figure_that_differs_is_counted(night: Settings, tmp_path: Path):
    other = tmp_path / "other.duckdb"
    with duckdb.connect(str(other)) as connection:
        connection.execute(f"attach '{night.data.parent / 'floor.duckdb'}' as floor (read_only)")
        for name in KEYS:
            connection.execute(f"create table {name} as from floor.{name}")
        connection.execute("update import_change set amount = amount * 1.001 where basis = 'value' and month = date '2025-11-01'")
        connection.execute("delete from import_concentration where month = date '2025-11-01'")
    counted = differences(night.data.parent / "floor.duckdb", "tables", other)
    assert counted == {"supplier_share": 0, "import_concentration": 2, "import_change": 1}


def test_the_questions_have_the_same_answers_from_the_edition_and_from_the_parquet(night: Settings):
    edition, parquet = answers("edition", night.edition), answers("parquet", night.data.parent / "lines.parquet")
    assert len(edition) == 20
    assert [replace(mine, seconds=0) for mine in edition] == [replace(theirs, seconds=0) for theirs in parquet]
