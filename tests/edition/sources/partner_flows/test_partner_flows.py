"""Lists of partners in the edition of the bundled figures."""

from __future__ import annotations

import polars as pl
import pytest

from pipelines.edition.open import read_only
from pipelines.settings import Settings
from tests.building import build_all
from tests.copies import ask, december, drop_lines
from tests.unit.sources.partner_flows.test_partner_flows import MONTHS, PERIODS, SOURCE, TUNGSTEN, trade


def test_every_list_names_whose_statistic_it_is(built: Settings):
    with read_only(built.edition) as connection:
        query = "select distinct publisher from import_concentration where source = 'partner_flows' and importer_iso3 = 'USA'"
        assert connection.execute(query).fetchall() == [("US Census Bureau",)]


@pytest.mark.parametrize(
    ("partner", "month", "named"),
    [("CHL", "2025-06", "283691"), ("KOR", "2025-09", "dysprosium")],
    ids=["by value: lithium carbonate of Chile", "by weight alone: dysprosium to Korea"],
)
def test_a_copy_in_which_the_largest_partner_of_a_month_is_gone_is_held(own: Settings, partner, month, named):
    drop_lines(own, SOURCE, MONTHS, lambda line: f",{month},{partner}," in line and named in line, december(1))
    build_all(own)
    ((reason,),) = ask(own.edition, "select reason from release where source = ? and state = 'quarantined'", SOURCE)
    assert named in reason
    assert "are no longer there" in reason


def test_the_union_as_one_destination_is_no_partner_beside_its_members(built: Settings):
    with read_only(built.edition) as connection:
        assert connection.execute("select count(*) from trade_flow where source = 'partner_flows' and partner_iso3 = 'EUU'").fetchone() == (
            0,
        )
        (groups,) = connection.execute(
            "select count(*) from control_total where source = 'partner_flows' and why_not_fact = 'group'"
        ).fetchone()
    assert groups == trade(PERIODS).filter(pl.col("partner_code") == "EUU").height > 0


NEWEST_YEAR = """
    select top_supplier_iso3, round(cr1, 3), round(hhi, 3), round(hhi_low, 3), round(hhi_high, 3), list_status
    from import_concentration
    where source = 'partner_flows' and importer_iso3 = 'USA' and series_id like ? and period_months = 12
    qualify row_number() over (partition by series_id order by period_start desc, commodity) = 1
"""


@pytest.mark.parametrize(
    ("series", "answer"),
    [
        ("%for_consumption/810194", ("CHN", 0.521, 0.358, 0.358, 0.358, "filed")),
        ("%/usa_imports/283691", ("ARG", 0.537, None, 0.477, 0.478, "selected")),
        ("%/usa_imports/250410", ("IDN", 0.408, None, 0.194, 0.283, "selected")),
        ("%/usa_imports/850511", ("CHN", 0.695, None, 0.491, 0.498, "selected")),
    ],
    ids=["unwrought tungsten, a number", "lithium carbonate", "natural graphite", "magnets of metal"],
)
def test_whole_lists_of_twelve_months_have_an_index_or_its_bounds(built: Settings, series, answer):
    with read_only(built.edition) as connection:
        assert connection.execute(NEWEST_YEAR, [series]).fetchall() == [answer]


def test_the_index_of_tungsten_is_that_of_its_lines(built: Settings):
    year = trade(TUNGSTEN).filter(
        pl.col("code") == "81019400", pl.col("partner_code") != "WLD", pl.col("period_start") >= pl.date(2025, 8, 1)
    )
    shares = year.group_by("partner_code").agg(pl.col("value").cast(pl.Float64).sum())["value"]
    by_hand = ((shares / shares.sum()) ** 2).sum()
    with read_only(built.edition) as connection:
        ((_, _, index, *_),) = connection.execute(NEWEST_YEAR, ["%for_consumption/810194"]).fetchall()
    assert index == round(by_hand, 3)


def test_a_page_that_names_some_partners_shows_them_and_yields_no_index(built: Settings):
    with read_only(built.edition) as connection:
        partial = "source = 'partner_flows' and list_status = 'partial'"
        (shown,) = connection.execute(f"select count(*) from partner_share where {partial} and share is not null").fetchone()
        (judged,) = connection.execute(f"select count(*) from import_concentration where {partial}").fetchone()
    assert shown > 0
    assert judged == 0


def test_before_its_vintage_nothing_of_a_list_is_known(built: Settings):
    query = "select count(*) from trade_flow_as_of(?) where series_id = 'partner_flows/usa_imports/283691'"
    with read_only(built.edition) as connection:
        (before,), (since,) = (connection.execute(query, [day]).fetchone() for day in ("2026-08-15", "2026-08-16"))
    assert (before, since) == (0, 134)
