"""Published inputs with published results come out of the SQL that computes the marts, or of the macros it uses."""

from __future__ import annotations

import re

import pytest

from tests.unit.sql.made_up import edition, exported, imported, rows

# U.S. Department of Justice, Herfindahl-Hirschman Index page, https://www.justice.gov/atr/herfindahl-hirschman-index
DOJ = ([30, 30, 20, 20], 0.26, 0.8)


# World Mining Data, Concentration of Producer Countries, https://www.world-mining-data.info/
WORLD_MINING_DATA = [([50, 30, 15, 5], 0.365), ([100], 1.0)]


# CRAN concstats, vignette concstats-intro: shares, n, CR1, CR3, HHI, normalised HHI, effective number, tolerance
CONCSTATS = [
    ([0.35, 0.4, 0.05, 0.1, 0.06, 0.04, 0, 0], 6, 0.40, 0.85, 0.3002, 0.16024, 3.33, 0.005),
    ([0.2, 0.3, 0.5], 3, 0.50, 1.0, 0.38, None, 2.63, 0.005),
    ([0.4, 0.266, 0.334, 0, 0], 3, 0.40, 1.0, 0.34, None, 2.92, 0.006),
]


COUNTRIES = ["CHN", "VNM", "FRA", "MYS", "EST", "USA", "IND", "AUS"]


def concentration(shares: list[float]) -> dict:
    flows = [imported(country, share) for country, share in zip(COUNTRIES, shares, strict=False)]
    with edition(trade_flow=flows) as connection:
        (row,) = rows(connection, "select * from marts.import_concentration where basis = 'weight' and period_months = 1")
    return row


def test_the_justice_departments_example_is_2600():
    shares, hhi, cr3 = DOJ
    row = concentration(shares)
    assert (row["hhi"], row["cr3"]) == (pytest.approx(hhi, abs=1e-12), pytest.approx(cr3, abs=1e-12))


@pytest.mark.parametrize(("shares", "hhi"), WORLD_MINING_DATA)
def test_world_mining_datas_examples_are_3650_and_10000(shares, hhi):
    assert concentration(shares)["hhi"] == pytest.approx(hhi, abs=1e-12)


@pytest.mark.parametrize(("shares", "count", "cr1", "cr3", "hhi", "normalised", "effective", "tolerance"), CONCSTATS)
def test_the_concstats_vignette_is_reproduced(shares, count, cr1, cr3, hhi, normalised, effective, tolerance):
    row = concentration(shares)
    assert (row["supplier_count"], row["supplier_count_qualifier"]) == (count, "exact")
    assert row["cr1"] == pytest.approx(cr1, abs=tolerance)
    assert row["cr3"] == pytest.approx(cr3, abs=tolerance)
    assert row["hhi"] == pytest.approx(hhi, abs=tolerance)
    assert row["effective_suppliers"] == pytest.approx(effective, abs=tolerance)
    if normalised is not None:
        assert row["normalised_hhi"] == pytest.approx(normalised, abs=tolerance)


# China's rare-earth exports as first printed, and the changes agencies printed with them: Reuters, Global Times and
# Shanghai Metals Market, 2019 to 2021 (addresses in data/raw/china_customs_bulletin).
LEVELS = {
    "2018-12": 5421,
    "2019-03": 4659,
    "2019-05": 3640,
    "2019-11": 2636,
    "2019-12": 3657,
    "2020-03": 5551.4,
    "2020-04": 4316.7,
    "2020-06": 2893,
    "2020-07": 1620.3,
    "2021-03": 4837.1,
    "2021-04": 3737,
    "2021-05": 4171,
    "2021-06": 4012,
}


SINCE_JANUARY = {
    "2018-01/2018-05": 20769.8,
    "2019-01/2019-05": 19266,
    "2020-01/2020-02": 5489.2,
    "2020-01/2020-03": 11040.6,
    "2020-01/2020-04": 15357.3,
    "2020-01/2020-07": 22735.8,
    "2021-01/2021-04": 15642,
    "2021-01/2021-06": 23826,
}


PRINTED_CHANGES = [
    ("2020-04", "change_on_month", -22.2),
    ("2021-04", "change_on_month", -22.7),
    ("2021-04", "change_on_year", -13.4),
    ("2021-06", "change_on_month", -3.8),
    ("2020-03", "change_on_year", 19.2),
    ("2020-07", "change_on_month", -44),
    ("2019-12", "change_on_month", 39),
    ("2019-05", "year_to_date_change_on_year", -7.2),
    ("2021-04", "year_to_date_change_on_year", 1.9),
]


@pytest.fixture(scope="module")
def bulletin():
    levels = [exported(period, tonnes) for period, tonnes in LEVELS.items()]
    totals = [exported(period, tonnes, kind="cumulative") for period, tonnes in SINCE_JANUARY.items()]
    combined = exported("2020-01/2020-02", SINCE_JANUARY["2020-01/2020-02"])
    with edition(trade_total=[*levels, *totals, combined]) as connection:
        yield connection


@pytest.mark.parametrize(("period", "measure", "printed"), PRINTED_CHANGES)
def test_changes_are_what_the_agencies_printed(bulletin, period, measure, printed):
    query = f"select {measure} as change from marts.export_change_monthly where basis = 'weight' and period_start = date '{period}-01'"
    (row,) = rows(bulletin, query)
    decimals = len(re.sub(r"^-?\d+\.?", "", str(printed)))
    assert round(100 * row["change"], decimals) == printed


def test_the_year_ends_a_third_lower_than_the_year_before(bulletin):
    (row,) = rows(bulletin, "select change_on_year from marts.export_change_monthly where period_start = date '2019-12-01'")
    assert row["change_on_year"] == pytest.approx(-1 / 3, abs=0.02)


def test_the_printed_identities_close(bulletin):
    found = {row["period_start"].isoformat()[:7]: row for row in rows(bulletin, "select * from marts.export_change_monthly")}
    assert found["2020-03"]["year_to_date"] == pytest.approx(11040.6, abs=0.05)
    assert found["2020-04"]["year_to_date"] == pytest.approx(15357.3, abs=0.05)
    assert SINCE_JANUARY["2021-01/2021-04"] + LEVELS["2021-05"] + LEVELS["2021-06"] == pytest.approx(
        found["2021-06"]["year_to_date"], abs=1.5
    )


# USGS Mineral Commodity Summaries 1996, 2013 and 2020, cobalt: year, secondary production, imports, exports, release of
# government stocks, apparent consumption printed, stocks of industry and of the exchange at the end of the year, reliance printed.
COBALT = {
    "MCS 1996": [
        (1991, 1580, 6920, 1540, None, 7790, 2400, None, 80),
        (1992, 1610, 5760, 1420, None, 6590, 1760, None, 76),
        (1993, 1570, 5950, 795, 289, 7310, 1460, None, 79),
        (1994, 1510, 6780, 1360, 1500, 8400, 1500, None, 82),
        (1995, 1500, 6800, 1400, 1100, 8400, 1100, None, 82),
    ],
    "MCS 2013": [
        (2008, 1930, 10700, 2850, 203, 10100, 1160, None, 81),
        (2009, 1790, 7680, 2440, 180, 7580, 780, None, 76),
        (2010, 2000, 11100, 2640, -8, 10300, 880, 23, 81),
        (2011, 2210, 10600, 3390, None, 9230, 1040, 43, 76),
        (2012, 2100, 11000, 3700, None, 9400, 990, 50, 78),
    ],
    "MCS 2020": [
        (2015, 2750, 11400, 3830, None, 10300, 1070, 165, 73),
        (2016, 2750, 12800, 4160, None, 11500, 969, 195, 76),
        (2017, 2750, 11900, 5710, None, 8920, 1020, 160, 69),
        (2018, 2740, 11800, 6960, None, 7580, 1040, 130, 64),
        (2019, 2700, 13600, 4000, None, 12400, 1000, 110, 78),
    ],
}


@pytest.mark.parametrize("printed_in", COBALT)
def test_twelve_printed_years_of_us_cobalt_reliance_are_reproduced(printed_in):
    with edition() as connection:
        connection.execute(
            "create table cobalt (year integer, production double, imports double, exports double, stock_release double,"
            " printed_consumption double, industry_stock double, exchange_stock double, printed_reliance double)"
        )
        connection.executemany("insert into cobalt values (?, ?, ?, ?, ?, ?, ?, ?, ?)", COBALT[printed_in])
        found = rows(connection, "select * from net_import_reliance_of('cobalt') inner join cobalt using (year) order by year")
    assert found[0]["net_import_reliance"] is None, "the first year of an edition has no stock to compare with"
    assert len(found[1:]) == 4
    for year in found[1:]:
        assert year["apparent_consumption"] == pytest.approx(year["printed_consumption"], rel=0.006)
        assert round(100 * year["net_import_reliance"]) == year["printed_reliance"]


# Federal Reserve Bank of Dallas, Annualizing Data, http://dallasfed.org/data/basics/annualizing.html
@pytest.mark.parametrize(("change", "months", "annual"), [(0.92, 5, 2.22), (0.15, 1, 1.81), (0.22, 1, 2.67)])
def test_the_dallas_feds_annualised_changes_are_reproduced(change, months, annual):
    with edition() as connection:
        (row,) = rows(connection, f"select 100 * annualised_change({change} / 100.0, {months}) as annual")
    assert row["annual"] == pytest.approx(annual, abs=0.006)
