"""Two nights of real US imports, through the command: the figures against a recomputation from the vintage files, and what changed."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from pipelines.edition.open import read_only
from pipelines.periods import shifted
from pipelines.rehearsal import ecb_stand_in as ecb
from pipelines.rehearsal import us_census_stand_in as us_census
from pipelines.rehearsal.server import Offices
from pipelines.settings import PROJECT, Settings
from tests.rehearsal import status
from tests.services.command import run

REAL = PROJECT.parent / "shared" / "real" / "us_census"
FIRST, SECOND = (REAL / f"census-import_vintage_{day}.json" for day in ("2026-05-10", "2026-06-07"))
COMMODITIES = {
    "283691": {"lithium"},
    "282520": {"lithium"},
    "282200": {"cobalt"},
    "250410": {"natural_graphite", "graphite", "carbon"},
    "380110": {"artificial_graphite", "graphite", "carbon"},
}
RESIDUAL = "OTHER"
NAMES = """
CN CHN|JP JPN|GB GBR|CA CAN|MX MEX|DE DEU|PL POL|IN IND|AU AUS|KR KOR|ID IDN|SE SWE|VN VNM|CL CHL|AR ARG|MY MYS|TH THA|HU HUN|MA MAR
PH PHL|KH KHM
"""
ISO3 = {pair[:-4].strip(): pair[-3:] for pair in NAMES.replace("\n", "|").strip("|").split("|")} | {"OTHER": "OTHER"}
Held = dict[str, dict[str, Any]]
Shares = dict[str, float]

pytestmark = pytest.mark.skipif(not FIRST.exists(), reason="the real vintages of US imports are not beside this checkout")


def monthly(path: Path) -> Held:
    return dict(json.loads(path.read_text("utf-8"))["monthly"])


def selection(held: Held) -> str:
    return ",".join(sorted(code for code in held if len(code) == 6))


def expected_shares(held: Held, code: str, months: int) -> dict[date, Shares]:
    """Shares above zero by first day of every span, with what no country is named for."""
    found = {}
    for first in held[code]:
        span = [shifted(first, number) for number in range(months)]
        if not set(span) <= held[code].keys():
            continue
        total = sum(held[code][month]["total"] for month in span)
        amounts: dict[str, int] = {}
        for month in span:
            for country, row in held[code][month]["countries"].items():
                amounts[ISO3[country]] = amounts.get(ISO3[country], 0) + row["val"]
        found[date.fromisoformat(f"{first}-01")] = {name: amount / total for name, amount in amounts.items() if amount > 0}
    return found


def rows(edition: Path, query: str, *values: object) -> list[tuple[Any, ...]]:
    with read_only(edition) as connection:
        return connection.execute(query, list(values)).fetchall()


def assert_as_recomputed(edition: Path, held: Held) -> None:
    for code, commodities in COMMODITIES.items():
        series = f"us_census/imports/{code}"
        found = rows(edition, "select distinct commodity from marts.supplier_share where series_id = ?", series)
        assert {commodity for (commodity,) in found} == commodities
        for months in (1, 12):
            expected = expected_shares(held, code, months)
            shares: dict[date, Shares] = {}
            for start, supplier, kind, share in rows(
                edition,
                "select distinct period_start, supplier_iso3, supplier_kind, share from marts.supplier_share"
                " where series_id = ? and basis = 'value' and period_months = ? and share > 0",
                series,
                months,
            ):
                assert (kind == "unattributed") == (supplier == RESIDUAL)
                shares.setdefault(start, {})[supplier] = share
            assert shares.keys() == expected.keys()
            for start, of_span in expected.items():
                assert shares[start] == pytest.approx(of_span, abs=1e-9), (code, months, start)
            assert_concentration(edition, series, months, expected)


def assert_concentration(edition: Path, series: str, months: int, expected: dict[date, Shares]) -> None:
    found = rows(
        edition,
        "select distinct period_start, attributed_share, hhi, hhi_low, hhi_high from marts.import_concentration"
        " where series_id = ? and basis = 'value' and period_months = ?",
        series,
        months,
    )
    assert {row[0] for row in found} == expected.keys()
    for start, attributed, hhi, low, high in found:
        named = [share for name, share in expected[start].items() if name != RESIDUAL]
        index = sum(share * share for share in named)
        assert attributed == pytest.approx(sum(named), abs=1e-9)
        assert low - 1e-9 <= index <= high + 1e-9
        assert (hhi is None) == (attributed < 0.995)
        assert hhi is None or hhi == pytest.approx(index, abs=0.01)


def test_two_real_nights_say_what_the_vintages_say_and_that_no_figure_moved(tmp_path: Path) -> None:
    data, before, after = Settings(data=tmp_path / "data"), monthly(FIRST), monthly(SECOND)
    with Offices({"us_census": us_census.from_vintage(FIRST), "ecb_rates": ecb.made_up(date(2026, 1, 2), date(2026, 6, 5))}) as offices:
        came = run(data.data, offices, "2026-05-10T02:00:00", selection(before), "nightly")
        assert came.returncode == 0, came.stderr
        assert status(data.edition, "us_census")[0] == "ok"
        assert_as_recomputed(data.edition, before)
        assert "\nus_census: 360 requests were answered with " in came.stdout
        totals = rows(data.edition, TOTALS)
        partners = dict(rows(data.edition, PARTNERS))

        offices.replace("us_census", us_census.from_vintage(SECOND))
        came = run(data.data, offices, "2026-06-07T02:00:00", selection(after), "nightly")
        assert came.returncode == 0, came.stderr
    edition = data.edition
    state, message = status(edition, "us_census")
    assert (state, message.endswith("the rest is shown as unattributed")) == ("ok", True)
    assert_as_recomputed(edition, after)

    assert set(rows(edition, REVISIONS)) == {
        ("appeared", code, date.fromisoformat(f"{month}-01"), ISO3[country])
        for code, months in before.items()
        if code[:6] in before
        for month in months
        for country in after[code][month]["countries"].keys() - before[code][month]["countries"].keys()
    }
    assert set(totals) <= set(rows(edition, TOTALS))
    new = {series[-6:] for series, _, _ in set(rows(edition, TOTALS)) - set(totals)}
    assert new == {code for code in after if len(code) == 6} - before.keys()
    assert len(new) == 8
    named = dict(rows(edition, PARTNERS))
    assert named.keys() - partners.keys() == {"PHL", "KHM"}
    assert named.keys() <= {*ISO3.values(), None}

    lithium = {name: (total, share) for name, total, share in rows(edition, LITHIUM_2024)}
    assert {name: round(total / 1e6, 1) for name, (total, _) in lithium.items()} == {"CHL": 199.1, "ARG": 199.1}
    assert {name: share for name, (_, share) in lithium.items()} == pytest.approx({"CHL": 0.6004, "ARG": 0.3868}, abs=0.0001)


TOTALS = "select series_id, period_start, value_usd from facts.trade_total where source = 'us_census' and length(series_id) = 24"
REVISIONS = "select kind, code, period_start, partner_iso3 from facts.revision"
PARTNERS = "select partner_iso3, count(*) from facts.trade_flow where source = 'us_census' and partner_role = 'country' group by all"
LITHIUM_2024 = """
    select supplier_iso3, total, share
    from marts.supplier_share
    where
        series_id = 'us_census/imports/283691' and basis = 'value' and period_months = 12 and period_start = '2024-01-01'
        and supplier_iso3 in ('CHL', 'ARG')
"""
