"""Which filed line is a fact, at which level, of which series, in which currency: sql/load over lines that a test writes itself."""

from __future__ import annotations

import random
from datetime import date, datetime
from typing import Any

import polars as pl
import pytest

from pipelines.model import vocabulary
from pipelines.model.statements import statements
from tests.unit.sql.filed import FIRST_HELD, Rates, facts, found, line, mart, release

CHILE, CHINA, GAZA, WEST_BANK, UNKNOWN, HOME = "3370", "5700", "5082", "5083", "8220", "1000"
LATER = datetime(2026, 6, 7)
STILL_LATER = datetime(2026, 7, 5)


def both_levels(code: str, national: str, partner: str, value: int, **ten_digits: Any) -> list[dict[str, Any]]:
    return [line(national, partner, value, **ten_digits), line(code, partner, value)]


def test_the_ten_digits_are_the_fact_with_kilograms_and_national_code_and_the_six_digits_are_the_control_total():
    held = facts(
        release(
            both_levels("283691", "2836910012", "-", 9, weight_kg=7, weight_method="filed")
            + both_levels("283691", "2836910012", CHILE, 9, weight_kg=7, weight_method="filed")
        )
    )
    assert found(held, "select code, hs6, partner_iso3, value_usd, weight_kg from facts.trade_flow") == [
        ("2836910012", "283691", "CHL", 9, 7)
    ]
    assert found(held, "select code, partner_iso3, value_usd, weight_kg from facts.trade_total") == [("2836910012", "WLD", 9, 7)]
    assert found(held, "select code, partner_iso3, why_not_fact from facts.control_total order by all") == [
        ("283691", "CHL", "coarser_level"),
        ("283691", "WLD", "coarser_level"),
    ]


def test_where_only_six_digits_are_held_they_are_the_fact_and_the_weight_is_unknown():
    held = facts(release([line("283691", "-", 9), line("283691", CHILE, 9)]))
    assert found(held, "select code, partner_iso3, weight_kg, weight_method from facts.trade_flow") == [("283691", "CHL", None, None)]
    assert found(held, "from facts.control_total") == []


def test_where_the_held_ten_digits_fall_short_of_their_heading_the_heading_is_the_fact_and_the_weight_unknown():
    short = [line("2836910012", "-", 6, weight_kg=1), line("2836910012", CHILE, 6, weight_kg=1)]
    held = facts(release([*short, line("283691", "-", 9), line("283691", CHILE, 7), line("283691", CHINA, 2)]))
    assert found(held, "select code, partner_iso3, value_usd, weight_kg from facts.trade_flow order by all") == [
        ("283691", "CHL", 7, None),
        ("283691", "CHN", 2, None),
    ]
    assert found(held, "select code, value_usd from facts.trade_total") == [("283691", 9)]
    assert {row[0] for row in found(held, "select why_not_fact from facts.control_total")} == {"incomplete_level"}


def test_where_ten_digits_contradict_their_heading_for_one_country_the_heading_is_the_fact():
    world = [line("283691", "-", 100_000), line("2836910012", "-", 100_000)]
    agreeing = [line("283691", CHILE, 99_000), line("2836910012", CHILE, 99_000)]
    contradicting = [line("283691", CHINA, 900), line("2836910012", CHINA, 910)]
    held = facts(release([*world, *agreeing, *contradicting]))
    assert found(held, "select code, partner_iso3, value_usd from facts.trade_flow order by all") == [
        ("283691", "CHL", 99_000),
        ("283691", "CHN", 900),
    ]
    assert found(held, "select distinct why_not_fact from facts.control_total") == [("incomplete_level",)]


@pytest.mark.parametrize(("ten_digits", "level"), [(1000, 10), (999, 10), (998, 6)])
def test_ten_digits_cover_their_heading_to_a_thousandth(ten_digits: int, level: int):
    held = facts(release([line("2836910012", "-", ten_digits), line("283691", "-", 1000)]))
    assert found(held, "select length(code) from facts.trade_total") == [(level,)]


def test_a_month_of_split_codes_and_one_before_the_split_are_the_same_series_and_each_month_has_its_own_level():
    december = {"period_start": date(2023, 12, 1)}
    before = both_levels("283691", "2836910010", "-", 9, weight_kg=3) + both_levels("283691", "2836910010", CHILE, 9, weight_kg=3)
    after = [line("2836910012", CHILE, 4), line("2836910012", "-", 4), line("2836910018", CHILE, 5), line("2836910018", "-", 5)]
    held = facts(release([value | december for value in before], "december"), release([*after, line("283691", "-", 9)], "january"))
    counted = "select period_start, count(*), sum(value_usd), any_value(series_id) from facts.trade_flow group by all order by all"
    assert found(held, counted) == [
        (date(2023, 12, 1), 1, 9, "us_census/imports/283691"),
        (date(2024, 1, 1), 2, 9, "us_census/imports/283691"),
    ]


def test_groups_of_countries_are_control_totals_whatever_they_hold_and_never_partners():
    held = facts(release([line("2836910012", code, 9) for code in ("-", "0003", "0001", "4XXX", CHILE)]))
    assert found(held, "select partner_code from facts.trade_flow") == [(CHILE,)]
    assert found(held, "select partner_code, partner_iso3, why_not_fact from facts.control_total order by all") == [
        ("0001", None, "group"),
        ("0003", "EUU", "group"),
        ("4XXX", None, "group"),
    ]


def test_general_imports_and_imports_for_consumption_are_two_series_with_a_level_each():
    general = [line("2836910012", "-", 9), line("283691", "-", 9)]
    cleared = [line("2836910012", "-", 1, dataset="imports_for_consumption"), line("283691", "-", 5, dataset="imports_for_consumption")]
    held = facts(release(general + cleared))
    assert found(held, "select series_id, code, value_usd from facts.trade_total order by all") == [
        ("us_census/imports/283691", "2836910012", 9),
        ("us_census/imports_for_consumption/283691", "283691", 5),
    ]


@pytest.mark.parametrize(
    ("code", "iso3", "role"),
    [
        ("4803", "XKX", "country"),
        (GAZA, "PSE", "country"),
        (UNKNOWN, "OTHER", "special"),
        (HOME, "USA", "returned"),
        ("7660", "COD", "country"),
    ],
)
def test_a_country_code_of_schedule_c_becomes_ours(code: str, iso3: str, role: str):
    held = facts(release([line("2836910012", "-", 9), line("2836910012", code, 9)]))
    assert found(held, "select partner_iso3, partner_role, partner_code from facts.trade_flow") == [(iso3, role, code)]


@pytest.mark.parametrize(
    ("table", "row", "source", "partner"),
    [
        ("partner_code", {"source": "us_census", "code": "8999", "name": "CONFIDENTIAL", "role": "special"}, "us_census", "8999"),
        ("country", {"iso3": "SEA", "name": "Ships' stores", "kind": "bunkers"}, "partner_flows", "SEA"),
    ],
)
def test_a_partner_that_is_neither_country_nor_group_is_unattributed_of_whatever_kind_it_is(
    table: str, row: dict[str, str], source: str, partner: str, monkeypatch: pytest.MonkeyPatch
):
    real = vocabulary.read
    more = pl.DataFrame([row], schema=dict.fromkeys(row, pl.String))
    monkeypatch.setattr(vocabulary, "read", lambda name: pl.concat([real(name), more], how="diagonal") if name == table else real(name))
    world = "-" if source == "us_census" else "WLD"
    held = facts(release([line("2836910012", world, 9), line("2836910012", partner, 9)], source=source))
    ((iso3, role),) = found(held, "select partner_iso3, partner_role from facts.trade_flow")
    assert (iso3, role) == (row.get("iso3", "OTHER"), "special")
    assert found(held, "select count(*) from facts.control_total") == [(0,)]


@pytest.mark.parametrize(("partner", "role"), [("VNM", "country"), ("CHN", "returned"), ("OTHER", "special")])
def test_a_printed_partner_has_the_role_of_its_kind(partner: str, role: str):
    held = facts()
    held.execute(
        "insert into staging.bulletin_choice by name select 'printed' as series_id, 'CHN' as reporter_iso3, ? as partner_iso3", [partner]
    )
    (trade,) = (statement for statement in statements("load") if statement.name == "staging.trade")
    assert held.sql(trade.sql).project("partner_role").fetchall() == [(role,)]


def test_gaza_and_the_west_bank_are_two_rows_of_one_country_now_and_as_of_any_day():
    held = facts(release([line("2836910012", GAZA, 4), line("2836910012", WEST_BANK, 5)]))
    wanted = [("PSE", GAZA, 4), ("PSE", WEST_BANK, 5)]
    columns = "partner_iso3, partner_code, value_usd"
    assert found(held, f"select {columns} from facts.trade_flow order by all") == wanted
    assert found(held, f"select {columns} from trade_flow_as_of(timestamp '2026-05-11') order by all") == wanted


@pytest.mark.parametrize(
    ("month", "code", "iso3"), [("2011-06-01", "7320", "SDN"), ("2011-07-01", "7321", "SDN"), ("2011-07-01", "7323", "SSD")]
)
def test_a_code_that_begins_within_a_month_counts_for_the_whole_of_it(month: str, code: str, iso3: str):
    held = facts(release([line("2836910012", code, 9, period_start=date.fromisoformat(month))]))
    assert found(held, "select partner_iso3 from facts.trade_flow") == [(iso3,)]


@pytest.mark.parametrize(
    ("month", "edition"),
    [("2011-12-01", "HS2007"), ("2012-01-01", "HS2012"), ("2017-01-01", "HS2017"), ("2021-12-01", "HS2017"), ("2022-01-01", "HS2022")],
)
def test_the_edition_of_the_harmonized_system_is_that_of_the_month(month: str, edition: str):
    held = facts(release([line("2836910012", CHILE, 9, period_start=date.fromisoformat(month))]))
    assert found(held, "select hs_edition from facts.trade_flow") == [(edition,)]


def test_a_series_breaks_where_an_edition_gives_its_code_another_content_and_nowhere_else():
    held = facts(release([line("8112921000", CHINA, 9), line("8112921000", CHINA, 9, dataset="exports"), line("2836910012", CHILE, 9)]))
    breaks = "select series_id, break_month, kind from vocabulary.series_break where series_id like 'us_census/%' order by all"
    assert found(held, breaks) == [
        ("us_census/exports/811292", date(2022, 1, 1), "code_content"),
        ("us_census/imports/811292", date(2022, 1, 1), "code_content"),
    ]


def test_levels_never_add_up_twice_in_whatever_way_they_are_held():
    """Random series: some held at one level, some at both, some with ten digits that fall short, some without rows for all countries."""
    chance = random.Random(20260607)
    lines, totals = [], {}
    for number in range(120):
        code = f"{2800 + number:04}00"
        month = date(2023 + number % 2, 1 + number % 12, 1)
        partners = chance.sample([CHILE, CHINA, GAZA, WEST_BANK, UNKNOWN, HOME, "4803", "5880"], chance.randint(1, 8))
        filed = {
            (f"{code}{part:04}", partner): chance.choice([0, 1, 7, chance.randint(1, 10**9)])
            for part in range(chance.randint(1, 4))
            for partner in partners
        }
        heading = {partner: sum(value for (_, other), value in filed.items() if other == partner) for partner in partners}
        levels = chance.choice(["both", "ten", "six", "short"])
        missing = next(iter(filed)) if levels == "short" else None
        totals[f"us_census/imports/{code}"] = sum(heading.values())
        for national in {national for national, _ in filed} if levels != "six" else set():
            parts = {partner: value for (other, partner), value in filed.items() if other == national and (other, partner) != missing}
            lines += [line(national, partner, value, period_start=month) for partner, value in parts.items()]
            lines += [line(national, "-", sum(parts.values()), period_start=month), line(national, "0003", 5, period_start=month)]
        if levels != "ten":
            lines += [line(code, partner, value, period_start=month) for partner, value in heading.items()]
            lines.append(line(code, "-", sum(heading.values()), period_start=month))
    held = facts(release([one | {"source_row": row} for row, one in enumerate(lines, start=2)]))
    for table in ("trade_flow", "trade_total"):
        sums = dict(found(held, f"select series_id, sum(value_usd) from facts.{table} group by series_id"))
        assert {name: int(value) for name, value in sums.items()} == pytest.approx(totals, rel=0.001), table
    everywhere = " union all ".join(f"select source_row from facts.{name}" for name in ("trade_flow", "trade_total", "control_total"))
    assert sorted(row for (row,) in found(held, everywhere)) == list(range(2, len(lines) + 2)), "every line stands in one place"


JANUARY = {
    date(2024, 1, 2): {"USD": "1.10", "JPY": "154.00"},
    date(2024, 1, 3): {"USD": "1.20", "JPY": "180.00"},
}
"""140 and 150 yen a dollar: 145 in the mean of the days, 145.217 as the ratio of the means."""


def yen(value: int | None, **other: Any) -> dict[str, Any]:
    return line("2836910012", CHILE, value, currency="JPY", cif_value=value, **other)


def test_a_value_in_yen_becomes_dollars_by_the_mean_rate_of_its_month_and_says_so():
    held = facts(release([yen(1450)]), rates=Rates(JANUARY))
    columns = "value_usd, cif_value_usd, fob_value_usd, value_local, currency, value_method"
    assert found(held, f"select {columns} from facts.trade_flow") == [(10, 10, None, 1450, "JPY", "converted")]


def test_a_value_in_dollars_is_as_filed_and_has_no_local_value():
    held = facts(release([line("2836910012", CHILE, 10)]), rates=Rates(JANUARY))
    assert found(held, "select value_usd, value_local, currency, value_method from facts.trade_flow") == [(10, None, None, "filed")]


@pytest.mark.parametrize(
    ("what", "filed"),
    [
        ("another month", {"period_start": date(2024, 2, 1)}),
        ("a whole year", {"period_months": 12, "period_kind": "year"}),
        ("a currency without a rate", {"currency": "CNY"}),
    ],
)
def test_without_a_rate_there_is_no_value_in_dollars(what: str, filed: dict[str, Any]):
    held = facts(release([yen(1450) | filed]), rates=Rates(JANUARY))
    assert found(held, "select value_usd, value_local, value_method from facts.trade_flow") == [(None, 1450, None)], what


def test_a_converted_value_is_known_only_once_its_rate_is():
    held = facts(release([yen(1450)]), rates=Rates(JANUARY, known_from=LATER))
    assert found(held, "select known_from from facts.trade_flow") == [(LATER,)]
    assert found(held, "from trade_flow_as_of(timestamp '2026-05-11')") == []


def test_an_early_rate_does_not_make_a_late_line_known_earlier():
    held = facts(release([yen(1450)], known_from=LATER), rates=Rates(JANUARY))
    assert found(held, "select known_from from facts.trade_flow") == [(LATER,)]


def test_the_euro_has_a_rate_though_the_table_has_no_column_for_it():
    held = facts(release([yen(100) | {"currency": "EUR"}]), rates=Rates({date(2024, 1, 2): {"USD": "1.25"}}))
    assert found(held, "select value_usd, value_local, currency from facts.trade_flow") == [(125, 100, "EUR")]


def test_a_monthly_rate_is_the_mean_of_the_days_cross_rates_with_the_number_of_days():
    rates = {**JANUARY, date(2024, 1, 4): {"USD": "1.30"}}
    held = facts(rates=Rates(rates))
    found_rates = {row[0]: row[1:] for row in found(held, "select currency, per_usd, per_eur, days, period_start from facts.exchange_rate")}
    assert found_rates["JPY"] == (145, 167, 2, date(2024, 1, 1))
    assert found_rates["USD"][:3] == (1, 1.2, 3)
    assert float(found_rates["EUR"][0]) == pytest.approx((1 / 1.1 + 1 / 1.2 + 1 / 1.3) / 3, abs=1e-8)
    assert found_rates["EUR"][1:3] == (1, 3)


def changes(held: Any, columns: str = "kind, measure, partner_code, before_value, after_value") -> list[tuple[Any, ...]]:
    return found(held, f"select {columns} from facts.revision order by known_from, code, partner_code, quantity_unit")


def snapshots_of(*lines: list[dict[str, Any]], asked: tuple[tuple[str, ...], ...] = ()) -> Any:
    """Facts of one slice that was looked at again and again, a month apart; `asked` has the codes of each snapshot."""
    days = [datetime(2026, 5 + number, 10) for number in range(len(lines) + 1)]
    return facts(
        *(
            release(of_snapshot, f"snapshot {number}", days[number - 1], days[number] if number < len(lines) else None, asked=codes)
            for number, (of_snapshot, codes) in enumerate(zip(lines, asked or [()] * len(lines), strict=True), start=1)
        )
    )


def test_a_revision_has_the_value_before_and_after_and_the_day_of_each():
    first = release([line("2836910012", CHILE, 100, weight_kg=5)], "first", FIRST_HELD, LATER)
    second = release([line("2836910012", CHILE, 110, weight_kg=5)], "second", LATER)
    columns = "kind, counted, measure, partner_code, revision_no, before_value, after_value, first_value, known_before, known_from"
    message = ("revised", "partner", "value_usd", CHILE, 1, 100, 110, 100, FIRST_HELD, LATER)
    assert changes(facts(first, second), columns) == [message]


ALONE = [line("2836910012", CHILE, 9)]
CODES = ("2836", "8505")


@pytest.mark.parametrize(
    ("what", "before", "after", "asked"),
    [
        ("the same again", ALONE, [line("2836910012", CHILE, 9, source_row=7)], ()),
        ("a code newly asked for", ALONE, [*ALONE, line("8505110030", CHINA, 3)], (CODES[:1], CODES)),
        ("a month first printed", ALONE, [*ALONE, line("2836910012", CHILE, 3, period_start=date(2024, 2, 1))], ()),
    ],
)
def test_no_news_of_a_figure_is(what: str, before: list[dict[str, Any]], after: list[dict[str, Any]], asked: tuple[tuple[str, ...], ...]):
    assert changes(snapshots_of(before, after, asked=asked)) == [], what


@pytest.mark.parametrize(
    ("what", "more", "measure", "partner", "value"),
    [
        ("a partner newly named", [*ALONE, line("2836910012", CHINA, 3)], "value_usd", CHINA, 3),
        ("a code asked for all along", [*ALONE, line("8505110030", CHINA, 3)], "value_usd", CHINA, 3),
        ("a weight that becomes known", [line("2836910012", CHILE, 9, weight_kg=2)], "weight_kg", CHILE, 2),
        ("a finer level", [*ALONE, line("283691", CHILE, 9)], "value_usd", CHILE, 9),
    ],
)
def test_what_an_earlier_look_lacked_appeared_and_what_a_later_one_lacks_vanished(
    what: str, more: list[dict[str, Any]], measure: str, partner: str, value: int
):
    asked = (CODES, CODES)
    assert changes(snapshots_of(ALONE, more, asked=asked)) == [("appeared", measure, partner, None, value)], what
    assert changes(snapshots_of(more, ALONE, asked=asked)) == [("vanished", measure, partner, value, None)], what


def test_a_code_that_brought_nothing_when_first_asked_and_does_later_appeared():
    other = [line("2836910012", CHILE, 8)]
    late = [*other, line("8505110030", CHINA, 3)]
    held = snapshots_of(ALONE, other, late, asked=(CODES[:1], CODES, CODES))
    assert [row[:3] for row in changes(held)] == [("revised", "value_usd", CHILE), ("appeared", "value_usd", CHINA)]


def test_what_vanished_has_the_line_that_printed_it_last_the_day_it_was_missed_and_the_release_without_it():
    held = snapshots_of([*ALONE, line("2836910012", CHINA, 3, source_row=5)], ALONE)
    columns = "release_id, source_row, known_before, known_from, vanished_release_id, snapshot_no"
    assert changes(held, columns) == [("snapshot 1", 5, FIRST_HELD, datetime(2026, 6, 10), "snapshot 2", 2)]


def test_of_a_slice_that_was_withdrawn_every_figure_vanished_and_appeared_when_it_came_back():
    both = [line("2836910012", CHILE, 9), line("2836910012", CHINA, 3)]
    held = snapshots_of(both, [], both)
    assert changes(held, "kind, partner_code, before_value, after_value, revision_no, snapshot_no") == [
        ("vanished", CHILE, 9, None, 1, 2),
        ("vanished", CHINA, 3, None, 1, 2),
        ("appeared", CHILE, None, 9, 2, 3),
        ("appeared", CHINA, None, 3, 2, 3),
    ]


def test_a_quantity_is_revised_in_its_unit_and_is_another_figure_in_another():
    pieces, more, tonnes = (
        [line("2836910012", CHILE, 9, quantity=number, quantity_unit=unit)] for number, unit in ((4, "NO"), (5, "NO"), (5, "T"))
    )
    columns = "kind, measure, quantity_unit, before_value, after_value"
    assert changes(snapshots_of(pieces, more, tonnes), columns) == [
        ("revised", "quantity", "NO", 4, 5),
        ("vanished", "quantity", "NO", 5, None),
        ("appeared", "quantity", "T", None, 5),
    ]


def profile_of(held: Any, measure: str = "value_usd") -> dict[str, Any]:
    (row,) = [row for row in mart(held, "revision_profile") if row["measure"] == measure]
    return row


def test_a_value_that_went_and_came_back_is_revised_twice_and_stands_where_it_stood():
    held = snapshots_of(*([line("2836910012", CHILE, value)] for value in (100, 90, 100)))
    assert changes(held, "revision_no, before_value, after_value, first_value") == [(1, 100, 90, 100), (2, 90, 100, 100)]
    profile = profile_of(held)
    assert (profile["figures"], profile["looked_at_again"], profile["revised"], profile["mean_revision"]) == (1, 1, 0, 0)


def test_the_profile_of_revisions_counts_the_last_value_against_the_first():
    """Of 357 dollars 362 became; 10 of 100 up, 10 of 200 down, 5 from nothing, two as they were."""
    before = {CHILE: 100, CHINA: 200, "5880": 50, "4280": 0, "1220": 7}
    after = {CHILE: 110, CHINA: 190, "5880": 50, "4280": 5, "1220": 7}
    held = snapshots_of(*([line("2836910012", code, value) for code, value in values.items()] for values in (before, after)))
    (profile,) = mart(held, "revision_profile")
    assert profile == {
        "source": "us_census",
        "dataset": "imports",
        "counted": "partner",
        "measure": "value_usd",
        "quantity_unit": None,
        "figures": 5,
        "looked_at_again": 5,
        "revised": 3,
        "revised_share": 0.6,
        "mean_revision": pytest.approx((0.10 - 0.05 + 0 + 0) / 4),
        "weighted_revision": pytest.approx(362 / 357 - 1),
        "mean_absolute_revision": pytest.approx((0.10 + 0.05 + 0 + 0) / 4),
        "weighted_absolute_revision": pytest.approx((10 + 10 + 5) / 357),
        "mean_revision_of_revised": pytest.approx((0.10 - 0.05) / 2),
        "mean_absolute_revision_of_revised": pytest.approx(0.075),
        "median_absolute_revision_of_revised": pytest.approx(0.075),
        "largest_absolute_revision": pytest.approx(0.10),
        "from_zero": 1,
        "median_snapshots_to_settle": 1,
        "largest_snapshots_to_settle": 2,
        "appeared": 0,
        "vanished": 0,
        "first_period": date(2024, 1, 1),
        "last_period": date(2024, 1, 1),
        "last_revised": datetime(2026, 6, 10),
    }


def test_a_small_figure_that_doubles_moves_the_mean_and_not_the_sum():
    """The example of the methods page: 20,000 dollars that become 40,000 beside 5,000,000 that become 4,980,000."""
    held = snapshots_of(
        *(
            [line("2836910012", CHILE, small), line("2836910012", CHINA, large)]
            for small, large in ((20_000, 5_000_000), (40_000, 4_980_000))
        )
    )
    profile = profile_of(held)
    assert profile["mean_revision"] == pytest.approx((1 - 0.004) / 2)
    assert profile["weighted_revision"] == 0
    assert profile["weighted_absolute_revision"] == pytest.approx(40_000 / 5_020_000)


@pytest.mark.parametrize(
    ("values", "settled"),
    [
        ((100, 70, 95, 98, 100), 3),
        ((100, 101), 1),
        ((100, 125), 1),
        ((100, 126), 2),
        ((100, 100, 50), 3),
        ((50, 100, 60, 100), 4),
        ((100, None, 130), 3),
    ],
)
def test_a_figure_settles_with_the_first_look_from_which_on_it_stays_within_a_fifth_of_its_last_value(
    values: tuple[int | None, ...], settled: int
):
    """Another partner's value is another in every snapshot, so that each of them counts."""
    held = snapshots_of(
        *(
            [line("2836910012", "-", 1000 + number), *([] if value is None else [line("2836910012", CHILE, value)])]
            for number, value in enumerate(values)
        )
    )
    (profile,) = [row for row in mart(held, "revision_profile") if row["counted"] == "partner"]
    assert (profile["median_snapshots_to_settle"], profile["largest_snapshots_to_settle"]) == (settled, settled)


def test_only_what_was_looked_at_again_since_it_came_could_be_revised():
    first = [line("2836910012", CHILE, 9, weight_kg=1)]
    held = snapshots_of(first, [line("2836910012", CHILE, 10, weight_kg=1), line("2836910012", CHINA, 3, weight_kg=1)])
    for measure, revised in (("value_usd", 1), ("weight_kg", 0)):
        profile = profile_of(held, measure)
        counts = [profile[name] for name in ("figures", "looked_at_again", "revised", "appeared")]
        assert counts == [2, 1, revised, 1], measure


def test_what_was_revised_and_then_taken_back_is_no_figure_that_is_held():
    held = snapshots_of(
        *([line("2836910012", CHINA, 1), *more] for more in ([line("2836910012", CHILE, 100)], [line("2836910012", CHILE, 110)], []))
    )
    assert changes(held, "kind, partner_code") == [("revised", CHILE), ("vanished", CHILE)]
    profile = profile_of(held)
    assert (profile["figures"], profile["revised"], profile["vanished"]) == (1, 0, 1)


def test_a_total_as_of_a_day_before_its_revision_is_the_old_one():
    first = release([line("2836910012", "-", 100)], "first", FIRST_HELD, LATER)
    held = facts(first, release([line("2836910012", "-", 110)], "second", LATER))
    for moment, value in (("2026-05-09", []), ("2026-06-06", [(100,)]), ("2026-06-07", [(110,)])):
        assert found(held, f"select value_usd from trade_total_as_of(timestamp '{moment}')") == value, moment


def test_a_figure_is_the_same_before_and_after_its_level_became_the_fact():
    six = [line("283691", "-", 100), line("283691", CHILE, 100)]
    short = [line("2836910012", "-", 60), line("2836910012", CHILE, 60)]
    whole = [line("2836910012", "-", 110), line("2836910012", CHILE, 110), line("283691", "-", 110), line("283691", CHILE, 110)]
    held = facts(release([*six, *short], "first", FIRST_HELD, LATER), release(whole, "second", LATER))
    assert changes(held, "code, partner_code, counted, before_value, after_value") == [
        ("283691", "-", "control", 100, 110),
        ("283691", CHILE, "control", 100, 110),
        ("2836910012", "-", "total", 60, 110),
        ("2836910012", CHILE, "partner", 60, 110),
    ]
    profiles = {row["counted"]: (row["figures"], row["revised"]) for row in mart(held, "revision_profile")}
    assert profiles == {"control": (2, 2), "total": (1, 1), "partner": (1, 1)}
