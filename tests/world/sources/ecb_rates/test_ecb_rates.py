"""Nights at the Bank: its file becomes rates of an edition."""

from __future__ import annotations

import zipfile
from datetime import date, datetime
from pathlib import Path

import pytest

from pipelines import archive
from pipelines.rehearsal import ecb_stand_in as ecb
from pipelines.rehearsal.server import Offices
from pipelines.settings import Settings
from pipelines.sources.ecb_rates.contract import FILE
from tests.nights import ask, night, rows
from tests.unit.sources.ecb_rates.test_ecb_rates import MEMBER

SELECTION = "283691"


def test_an_unchanged_file_makes_no_release_and_a_month_comes_when_it_is_closed(tmp_path: Path):
    data = Settings(tmp_path / "data")
    start = date(2024, 1, 1)
    with Offices({"ecb_rates": ecb.made_up(start, date(2024, 2, 28))}) as offices:
        first = night(data, offices, "2024-02-29T02:00:00", SELECTION)
        months = "select distinct period_start from facts.exchange_rate order by all"
        assert rows(first, months) == [{"period_start": start}]
        ask(data, offices, "2024-03-01T02:00:00", SELECTION)
        assert [request.status for request in offices.asked] == [200, 304]
        offices.replace("ecb_rates", ecb.made_up(start, date(2024, 3, 1)))
        later = night(data, offices, "2024-03-02T02:00:00", SELECTION)
    assert len(archive.visits(data.raw, "ecb_rates")) == 3
    assert len(rows(later, "from meta.release where source = 'ecb_rates'")) == 2
    assert [row["period_start"] for row in rows(later, months)] == [start, date(2024, 2, 1)]
    ((known,),) = [
        tuple(row.values()) for row in rows(later, "select distinct known_from from facts.exchange_rate where month(period_start) = 1")
    ]
    assert known == datetime(2024, 1, 31, 23, 59, 59)
    explained = rows(
        later,
        "select rate.per_eur, rate.days, rate.source_row, rate.last_source_row, file.body_sha256, file.source_member"
        " from facts.exchange_rate as rate inner join meta.release_file as file using (release_id, source_member)"
        " where rate.currency = 'JPY' and month(rate.period_start) = 2",
    )
    with zipfile.ZipFile(data.raw / "ecb_rates" / "fetched" / explained[0]["body_sha256"][:12] / MEMBER) as folder:
        lines = folder.read(FILE).decode().split("\n")[explained[0]["source_row"] - 1 : explained[0]["last_source_row"]]
    yen = [float(line.split(",")[2]) for line in lines]
    assert [line[:7] for line in lines] == ["2024-02"] * explained[0]["days"]
    assert sum(yen) / len(yen) == pytest.approx(explained[0]["per_eur"], abs=1e-8)
