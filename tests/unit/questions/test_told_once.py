"""Every cell that differs between two editions stands in exactly one list of what changed, and JSON says in which."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import duckdb

from pipelines.edition.draft import create_table
from pipelines.model.tables import Table, tables
from pipelines.questions.difference.compare import Difference, as_json, compare
from pipelines.questions.difference.words import as_markdown, as_text

CHILE, CHINA, GAZA, WEST_BANK, HOME = ("3370", "CHL"), ("5700", "CHN"), ("5082", "PSE"), ("5083", "PSE"), ("1000", "USA")


JANUARY, FEBRUARY, MARCH = (date(2024, month, 1) for month in (1, 2, 3))


Rows = dict[str, list[dict[str, Any]]]


Written = dict[str, Any]


def trade(code: str, month: int, value: int | None, **other: Any) -> dict[str, Any]:
    series = {"source": "us_census", "dataset": "imports", "flow": "import", "reporter_iso3": "USA"}
    period = {"period_start": date(2024, month, 1), "period_months": 1, "period_kind": "month"}
    named = {"series_id": f"us_census/imports/{code[:6]}", "code": code, "hs6": code[:6], "release_id": f"2024-{month:02}"}
    return {**series, **period, **named, "value_usd": value, "status": "reported", **other}


def total(value: int | None, month: int = 1, code: str = "2836910050", **other: Any) -> dict[str, Any]:
    return trade(code, month, value, partner_code="-", partner_iso3="WLD", partner_role="world", **other)


def flow(partner: tuple[str, str], value: int | None, month: int = 1, code: str = "2836910050", **other: Any) -> dict[str, Any]:
    role = "returned" if partner == HOME else "country"
    return trade(code, month, value, partner_code=partner[0], partner_iso3=partner[1], partner_role=role, **other)


def share(partner: str, value: float | None, year: int | None = 2024, **other: Any) -> dict[str, Any]:
    period = {"period_start": year and date(year, 1, 1), "period_months": year and 12}
    return {"series_id": "published/lithium", "source": "published_shares", "partner_iso3": partner, "share": value, **period, **other}


def between(before: Rows, after: Rows, asked: Mapping[str, Iterable[str]] | None = None) -> Difference:
    """What changed between two editions in memory that hold these rows; `asked` has codes by side, of every month of 2024."""
    with duckdb.connect() as connection:
        for side, rows in (("before", before), ("after", after)):
            connection.execute(f"attach ':memory:' as {side}")
            connection.execute(f"use {side}")
            _fill(connection, rows, (asked or {}).get(side, ("28", "76")))
        return compare(connection)


def _fill(connection: duckdb.DuckDBPyConnection, rows: Rows, asked: Iterable[str]) -> None:
    for schema in ("facts", "meta"):
        connection.execute(f"create schema {schema}")
    for table in tables().values():
        if table.schema != "vocabulary":
            connection.execute(create_table(table))
    months = [f"2024-{month:02}" for month in range(1, 13)]
    history: Rows = {
        "meta.edition": [{"edition_id": "made up"}],
        "meta.release": [
            {"release_id": month, "source": "us_census", "slice": f"us_census/imports/{month}", "state": "current"} for month in months
        ],
        "meta.asked": [{"slice": f"us_census/imports/{month}", "code": code} for month in months for code in asked],
    }
    for name, of_table in (history | {f"facts.{name}": of_table for name, of_table in rows.items()}).items():
        table = tables()[name]
        for row in of_table:
            filled = _required(table) | row
            marks = ", ".join("?" for _ in filled)
            names = ", ".join(f'"{column}"' for column in filled)
            connection.execute(f"insert into {name} ({names}) values ({marks})", list(filled.values()))


def _required(table: Table) -> dict[str, Any]:
    by_type: dict[str, Any] = {"varchar": "made up", "date": JANUARY, "timestamp": datetime(2026, 1, 1), "boolean": False}
    return {column.name: by_type.get(column.type, 1) for column in table.columns if not column.nullable}


@dataclass(frozen=True)
class Cell:
    """One measure of one row, by what names it in the lists."""

    counted: str
    series: str
    partner: str
    partner_code: str | None
    code: str | None
    start: date | None
    months: int | None
    kind: str | None
    measure: str
    key: str


TRADE_KEY = ("partner_code", "partner_role", "procedure", "period_kind")


def cells(of_edition: Rows) -> dict[Cell, Any]:
    """The figures of an edition's rows that are compared cell by cell."""
    found: dict[Cell, Any] = {}
    listed = ("series_id", "partner_iso3", "period_start", "period_months")
    share_key = [name for name in tables()["facts.published_share"].key if name not in listed]
    for table, counted, key, measures in (
        ("trade_total", "total", TRADE_KEY, ("value_usd", "cif_value_usd", "weight_kg", "quantity")),
        ("trade_flow", "partner", TRADE_KEY, ("value_usd", "cif_value_usd", "weight_kg", "quantity")),
        ("published_share", "published_share", share_key, ("share", "amount")),
    ):
        for given in of_edition.get(table, []):
            row = _required(tables()[f"facts.{table}"]) | given
            named = ", ".join(f"{name}={row[name]}" for name in key if row.get(name) is not None)
            place = (row["series_id"], row["partner_iso3"], row.get("partner_code"), row.get("code"))
            period = (row["period_start"], row["period_months"], row.get("period_kind"))
            found |= {Cell(counted, *place, *period, name, named): row[name] for name in measures if row.get(name) is not None}
    return found


def lists_that_tell(written: Written, cell: Cell, was: bool) -> list[str]:
    """The lists of the JSON that tell of a cell that differs, found as docs/using.md says."""
    period = {"period_start": str(cell.start) if cell.start else None, "period_months": cell.months, "period_kind": cell.kind}
    place = {"counted": cell.counted, "partner_iso3": cell.partner, "partner_code": cell.partner_code}
    own: dict[str, list[dict[str, Any]]] = {
        name: [row for row in rows if row.get("series_id") == cell.series] for name, rows in written.items() if isinstance(rows, list)
    }
    lists = [
        f"partners: {row['kind']}" for row in own["partners"] if cell.counted == "partner" and _is(row, place) and period in row["periods"]
    ]
    lists += ["newly_asked" for row in own["newly_asked"] if not was and row["code"] == (cell.code or "")[:6] and period in row["periods"]]
    lists += ["gone_months" for row in own["gone_months"] if _is(row, period)]
    lists += ["new_months" for row in own["new_months"] if not lists and _is(row, period)]
    lists += ["recoded" for row in own["recoded"] if _is(row, period) and any(_is(other, place) for other in row["places"])]
    figure = {**period, "counted": cell.counted, "partner_iso3": cell.partner, "code": cell.code, "measure": cell.measure, "key": cell.key}
    return lists + [name for name in ("revised", "appeared", "vanished") for row in own[name] if _is(row, figure)]


def _is(row: Mapping[str, Any], named: Mapping[str, Any]) -> bool:
    return all(row[name] == value for name, value in named.items() if name in row)


def told_of(found: Difference, before: Rows, after: Rows) -> Counter[str]:
    """How many cells each list tells of; fails where a cell that differs stands in none of them or in two, or a list counts others."""
    was, now, written = cells(before), cells(after), json.loads(as_json(found))
    differing = [cell for cell in was.keys() | now.keys() if was.get(cell) != now.get(cell)]
    lists = {cell: lists_that_tell(written, cell, cell in was) for cell in differing}
    assert {cell: names for cell, names in lists.items() if len(names) != 1} == {}
    counted = Counter(name for (name,) in lists.values())
    listed = Counter({name: len(written[name]) for name in ("revised", "appeared", "vanished")})
    for name in ("new_months", "gone_months", "recoded", "newly_asked"):
        listed[name] = sum(row["cells"] for row in written[name])
    for row in written["partners"]:
        listed[f"partners: {row['kind']}"] += row["cells"]
    assert +listed == counted
    return counted


def test_a_weight_that_becomes_known_was_not_there_and_one_that_is_emptied_is_no_longer_and_neither_is_revised() -> None:
    known, unknown = flow(CHILE, 100, weight_kg=5), flow(CHILE, 100)
    for before, after, name in ((unknown, known, "appeared"), (known, unknown, "vanished")):
        found = between({"trade_flow": [before]}, {"trade_flow": [after]})
        (row,) = getattr(found, name).iter_rows(named=True)
        assert (row["measure"], row["before"], row["after"]) == ("weight_kg", before.get("weight_kg"), after.get("weight_kg"))
        assert (found.revised.height, found.other.height) == (0, 0)


def test_a_published_share_that_was_not_there_is_new_and_one_that_is_gone_is_gone_and_neither_is_revised() -> None:
    both, two = {"published_share": [share("CHN", 0.5)]}, {"published_share": [share("CHN", 0.5), share("CHL", 0.2)]}
    came, went = between(both, two), between(two, both)
    assert came.appeared.select("counted", "partner_iso3", "before", "after").rows() == [("published_share", "CHL", None, Decimal("0.2"))]
    assert went.vanished.select("counted", "partner_iso3", "before", "after").rows() == [("published_share", "CHL", Decimal("0.2"), None)]
    assert came.revised.is_empty()
    assert went.revised.is_empty()
    assert "published/lithium CHL 2024 share: 0.2\n" in as_text(came)
    assert "figures no longer there, in periods still held: 1 in 1 series" in as_markdown(went)


def test_a_published_share_that_is_another_is_revised_with_before_and_after() -> None:
    found = between({"published_share": [share("CHN", 0.5)]}, {"published_share": [share("CHN", 0.73)]})
    (row,) = found.revised.iter_rows(named=True)
    assert (row["before"], row["after"], row["ratio"]) == (Decimal("0.5"), Decimal("0.73"), 1.46)


def test_a_share_without_a_period_has_no_month_that_could_be_new() -> None:
    found = between({}, {"published_share": [share("CHN", 0.5, None)]})
    assert (found.new_months.height, found.appeared["after"].to_list()) == (0, [Decimal("0.5")])


def test_a_row_without_any_figure_that_comes_or_goes_is_told_among_the_other_changes() -> None:
    bound = share("CHL", None, share_bound=">90")
    found = between({"published_share": [share("CHN", 0.5)]}, {"published_share": [share("CHN", 0.5), bound]})
    assert found.other.select("table", "change", "rows").rows() == [("published_share", "added", 1)]
    assert found.appeared.is_empty()


def test_a_partner_is_told_of_in_each_month_by_what_it_is_there() -> None:
    """Named where the total stood, come with a higher one in the next month, and there in a month that is itself new."""
    before = {"trade_total": [total(100), total(100, 2)], "trade_flow": [flow(CHILE, 60), flow(CHILE, 60, 2)]}
    after = {
        "trade_total": [total(100), total(140, 2), total(50, 3)],
        "trade_flow": [*before["trade_flow"], flow(CHILE, 10, 3), *(flow(CHINA, 40, month) for month in (1, 2, 3))],
    }
    found = between(before, after)
    message = found.partners.select("partner_iso3", "kind", "months", "first_month").rows()
    assert message == [("CHN", "appeared", 1, FEBRUARY), ("CHN", "new", 1, MARCH), ("CHN", "newly_named", 1, JANUARY)]
    assert told_of(found, before, after) == {
        "partners: appeared": 1,
        "partners: new": 1,
        "partners: newly_named": 1,
        "new_months": 2,
        "revised": 1,
    }


def test_a_figure_of_one_code_among_several_is_told_as_that_codes_and_not_as_the_sum() -> None:
    before = {"trade_flow": [flow(CHILE, 100), flow(CHILE, 50, code="2836910060")]}
    after = {"trade_flow": [flow(CHILE, 110), flow(CHILE, 50, code="2836910070")]}
    assert told_of(between(before, after), before, after) == {"revised": 1, "appeared": 1, "vanished": 1}
    split = {"trade_flow": [flow(CHILE, 70), flow(CHILE, 80, code="2836910070")]}
    assert told_of(between(before, split), before, split) == {"recoded": 3}


LISTS = {
    *("new_months", "gone_months", "revised", "appeared", "vanished", "recoded", "newly_asked"),
    *("partners: new", "partners: appeared", "partners: newly_named", "partners: lost"),
}


def test_every_cell_that_differs_stands_in_one_list_whatever_differs() -> None:
    """Sixteen pairs of editions in which anything may change with anything else: figures, codes, partners, months, what was asked."""
    counted: Counter[str] = Counter()
    for seed in range(16):
        chance = random.Random(seed)
        asked = {"before": ("2836", "7602") if seed % 2 else ("2836",), "after": ("2836", "7602")}
        before, after = two_editions(chance)
        before = {name: [row for row in rows if row.get("code", "2836").startswith(asked["before"])] for name, rows in before.items()}
        counted += told_of(between(before, after, asked), before, after)
    assert counted.keys() == LISTS


def two_editions(chance: random.Random) -> tuple[Rows, Rows]:
    codes = ("2836910050", "7602000050", "7602000060")
    gone, come = ({(code[:6], month) for code in codes for month in (1, 2, 3, 4) if chance.random() < 0.15} for _ in range(2))
    partners = [partner for partner in (CHILE, CHINA, GAZA, WEST_BANK, HOME) if chance.random() < 0.8]
    never = {(side, partner) for side in (0, 1) for partner in partners if chance.random() < 0.2}
    sides: tuple[Rows, Rows] = ({}, {})
    for month in (1, 2, 3, 4):
        for code in codes:
            stays = chance.random() < 0.5
            for partner in partners:
                drawn = _amounts(chance)
                for side, absent in enumerate((come, gone)):
                    drawn = drawn if stays or chance.random() < 0.6 else _amounts(chance)
                    if drawn is not None and (code[:6], month) not in absent and (side, partner) not in never:
                        as_filed = f"{code[:-1]}7" if side and chance.random() < 0.2 else code
                        filed = sides[side].setdefault("trade_flow", [])
                        filed.append(flow(partner, month=month, code=as_filed, **drawn))
            if chance.random() < 0.9:
                drawn = {"value": 1000, "weight_kg": 100}
                for side, absent in enumerate((come, gone)):
                    drawn = drawn if stays else drawn | {"value": chance.choice((1000, 1001))}
                    if (code[:6], month) not in absent:
                        sides[side].setdefault("trade_total", []).append(total(month=month, code=code, **drawn))
    for year in (None, 2023, 2024):
        for partner in ("CHN", "CHL", "AUS"):
            for side in sides:
                if chance.random() < 0.6:
                    amount = chance.choice((None, 10))
                    side.setdefault("published_share", []).append(share(partner, chance.choice((None, 0.2, 0.3)), year, amount=amount))
    return sides


def _amounts(chance: random.Random) -> dict[str, Any] | None:
    """The measures of a row; a row that is not there in three cases of ten."""
    if chance.random() < 0.3:
        return None
    return {"value": chance.choice((None, 0, 100, 200)), "weight_kg": chance.choice((None, 7)), "quantity": chance.choice((None, 3))}
