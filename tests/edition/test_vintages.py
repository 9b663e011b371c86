"""What was known when: editions as of a past day against the history in the live edition, and every figure against its raw line."""

from __future__ import annotations

import csv
import hashlib
import shutil
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

import pytest

from pipelines.edition.versions import REMARKS
from pipelines.model.tables import tables
from pipelines.night import build
from pipelines.settings import Settings
from tests.copies import RARE_EARTH_SERIES, ask, tonnes

NIGERIA = """
select edition, weight_kg / 1000 from {table}
where series_id = 'usgs_mcs/world_production/rare_earths/mine' and country_iso3 = 'NGA' and period_start = '2024-01-01'
"""
DAYS = ("2019-06-30", "2024-12-31", "2025-06-30")
VERSIONED = [table for table in tables().values() if table.versioned]
WITH_MACRO = ["trade_total", "trade_flow", "production", "published_share", "published_number", "net_import_reliance"]


@pytest.fixture(scope="module")
def past(built: Settings, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The edition as of a day, built once."""
    settings = Settings(data=Path(shutil.copytree(built.data, tmp_path_factory.mktemp("past") / "data")))
    editions: dict[str, Path] = {}
    return lambda day: editions.get(day) or editions.setdefault(day, build(settings, date.fromisoformat(day)).path)


def test_nigeria_mined_13000_tonnes_in_2024_until_the_next_edition_said_1500(built: Settings, past: Callable[[str], Path]) -> None:
    assert ask(past("2025-06-30"), NIGERIA.format(table="facts.production")) == [("2025", 13000.0)]
    assert ask(built.edition, NIGERIA.format(table="facts.production")) == [("2026", 1500.0)]
    assert ask(built.edition, NIGERIA.format(table="facts.production_superseded")) == [("2025", 13000.0)]
    assert ask(built.edition, NIGERIA.format(table="production_as_of('2025-06-30')")) == [("2025", 13000.0)]
    assert ask(built.edition, NIGERIA.format(table="production_as_of('2026-02-27')")) == [("2025", 13000.0)]
    assert ask(built.edition, NIGERIA.format(table="production_as_of('2026-02-28')")) == [("2026", 1500.0)]


def test_in_june_2019_the_newest_month_was_may_and_it_was_down_by_a_sixth(past: Callable[[str], Path]) -> None:
    edition = past("2019-06-30")
    last = "select max(period_start + to_months(period_months - 1))::date::varchar from facts.trade_total where series_id = ?"
    assert ask(edition, last, RARE_EARTH_SERIES) == [("2019-05-01",)]
    assert tonnes(edition, "2019-05") == [3640.0]
    query = "select round(change_on_month, 3) from marts.export_change_monthly where series_id = ? and period_start = '2019-05-01'"
    assert ask(edition, query, RARE_EARTH_SERIES) == [(-0.159,)]


def test_january_2024_became_known_with_january_2025_and_the_two_months_together_at_once(
    built: Settings, past: Callable[[str], Path]
) -> None:
    together = (
        "select weight_kg / 1000 from facts.trade_total where series_id = ? and period_kind = 'combined' and period_start = '2024-01-01'"
    )
    assert tonnes(past("2024-12-31"), "2024-01") == []
    assert ask(past("2024-12-31"), together, RARE_EARTH_SERIES) == [(8774.0,)]
    assert tonnes(past("2025-06-30"), "2024-01") == [5856.0]
    assert tonnes(built.edition, "2024-01", "trade_total_as_of('2024-12-31')") == []
    assert tonnes(built.edition, "2024-01", "trade_total_as_of('2025-06-30')") == [5856.0]


@pytest.mark.parametrize("day", DAYS)
def test_an_edition_of_a_past_day_knows_nothing_later(day: str, past: Callable[[str], Path]) -> None:
    edition = past(day)
    end = datetime.fromisoformat(f"{day}T23:59:59")
    assert ask(edition, "select as_of from meta.edition") == [(end,)]
    for table in VERSIONED:
        for name in (table.full_name, f"{table.full_name}_superseded"):
            assert ask(edition, f"select * from {name} where known_from > ?", end) == [], name
    assert ask(edition, "select * from facts.conflict where known_from > ?", end) == []
    assert ask(edition, "select * from meta.observation where known_from > ? or known_until > ?", end, end) == []
    assert ask(edition, "select count(*) > 40 from facts.trade_total") == [(True,)]


@pytest.mark.parametrize("day", DAYS)
@pytest.mark.parametrize("table", WITH_MACRO)
def test_the_live_edition_tells_the_past_as_the_edition_of_that_day_does(
    table: str, day: str, built: Settings, past: Callable[[str], Path]
) -> None:
    figures = [column.name for column in tables()[f"facts.{table}"].columns if column.name not in {"known_until", *REMARKS}]
    columns = ", ".join(f'"{name}"' for name in figures)
    then = ask(past(day), f"select {columns} from facts.{table} order by all")
    assert ask(built.edition, f"select {columns} from {table}_as_of('{day}') order by all") == then
    assert then != []


PRINTED = {
    "facts.trade_total": ("coalesce(weight_kg / 1000, value_usd)", ("tonnes", "ytd_tonnes_reported", "weight_t", "value_usd", "value")),
    "facts.trade_flow": ("coalesce(weight_kg / 1000, value_usd)", ("tonnes", "weight_t", "value_usd", "value")),
    "facts.published_share": ("coalesce(share * 100, amount)", ("share_percent", "tonnes_or_value", "tonnes", "value")),
    "facts.production": ("quantity", ("value",)),
    "facts.production_superseded": ("quantity", ("value",)),
    "facts.net_import_reliance": ("reliance * 100", ("value_percent",)),
    "facts.published_number": ("value", ("value", "mom_pct_reported", "yoy_pct_reported")),
    "facts.overseas_stake": ("stake * 100", ("stake_percent",)),
    "facts.stockpile_target": ("target_days", ("target_days",)),
    "facts.consumption": ("weight_kg / 1000", ("tonnes",)),
    "facts.policy_event": ("description", ("description",)),
    "facts.conflict": ("case measure when 'weight_kg' then value / 1000 when 'share' then value * 100 else value end", ()),
}
"""How a fact is written in its raw line, and the columns in which it may stand there (any, where none are given)."""


@pytest.mark.parametrize("table", PRINTED)
def test_every_number_stands_on_the_raw_line_that_it_names(table: str, built: Settings) -> None:
    number, columns = PRINTED[table]
    rows = ask(
        built.edition,
        f"select {number}, file.source, file.body_sha256, source_member, source_row"
        f" from {table} as fact left join meta.release_file as file using (release_id, source_member) where ({number}) is not null",
    )
    assert rows != []
    for value, source, sha256, member, line in rows:
        raw = raw_line(built.raw, str(source), str(sha256), str(member), int(str(line)))
        printed = [raw[name] for name in columns or raw if raw.get(name)]
        assert any(is_same(value, text) for text in printed), f"{table}: {value} is not on {member} line {line}: {raw}"


def raw_line(raw: Path, source: str, sha256: str, member: str, line: int) -> dict[str, str]:
    """One record of a raw file, found by nothing but its hash and line."""
    (path,) = (raw / source).glob(f"*/{sha256[:12]}/{member}")
    body = path.read_bytes()
    assert hashlib.sha256(body).hexdigest() == sha256
    lines = body.decode("utf-8-sig").split("\n")
    header = next(csv.reader([lines[0].rstrip("\r")]))
    record = next(csv.reader(f"{text}\n" for text in lines[line - 1 :]))
    return dict(zip(header, record, strict=True))


def is_same(value: object, text: str) -> bool:
    try:
        return abs(float(str(value)) - float(text.lstrip("<>"))) <= 1e-9 * abs(float(text.lstrip("<>")))
    except ValueError:
        return str(value) == text
