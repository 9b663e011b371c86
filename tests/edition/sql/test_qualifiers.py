"""A figure that is no point is an interval: what its page says of it reaches facts, and it is never compared as a number."""

from __future__ import annotations

import duckdb
import pytest

from pipelines.edition.load import create_macros
from pipelines.edition.open import read_only
from pipelines.settings import Settings


@pytest.mark.parametrize(
    ("figure", "qualifier", "interval"),
    [
        (58, "eq", (57.5, 58.5)),
        (58.4, "eq", (58.35, 58.45)),
        (70, "about", (66.5, 73.5)),
        (2, "about", (1.5, 2.5)),
        (70, "nearly", (66.5, 70)),
        (60, "gt", (60, None)),
        (60, "ge", (60, None)),
        (5, "lt", (0, 5)),
        (0, "eq", (0, 0.5)),
        (-16, "eq", (-16.5, -15.5)),
        (None, "eq", (None, None)),
        (None, "lt", (None, None)),
    ],
)
def test_what_a_printed_figure_allows(figure, qualifier, interval):
    with duckdb.connect() as connection:
        create_macros(connection)
        found = connection.execute(
            "select printed_low(n, q, half_step(n)), printed_high(n, q, half_step(n)) from (select ?::double as n, ? as q)",
            [figure, qualifier],
        ).fetchone()
    assert found == tuple(None if end is None else pytest.approx(end) for end in interval)


def asked(built: Settings, query: str) -> list[tuple]:
    with read_only(built.edition) as connection:
        return connection.execute(query).fetchall()


def test_above_60_and_about_70_percent_of_japans_imports_are_no_points(built: Settings):
    jogmec = "measure = 'import_share' and reporter_iso3 = 'JPN' and partner_iso3 = 'CHN' and period_text = '2024'"
    assert asked(built, f"select value_qualifier, value from published_number where {jogmec} order by value") == [("gt", 60), ("about", 70)]
    shares = asked(
        built,
        "select share, round(share_low, 4), round(share_high, 4) from published_share"
        " where dataset = 'import_shares' and qualifier = 'about' and reporter_iso3 = 'JPN' and partner_iso3 = 'CHN'"
        " and period_start = '2024-01-01'",
    )
    assert (None, 0.665, 0.735) in shares


def test_a_page_without_a_period_never_gets_its_own_year(built: Settings):
    undated = "period_qualifier in ('publication_year', 'not_printed', 'edition')"
    assert asked(built, f"select count(*) > 30, count(period_start) from published_share where {undated}") == [(True, 0)]
    assert asked(built, "select count(*) > 0, count(period_start) from published_number where period_qualifier = 'publication_year'") == [
        (True, 0)
    ]


def test_lists_that_count_the_unions_own_output_are_no_import_shares(built: Settings):
    assert asked(built, "select flow, count(*) from published_share where includes_domestic group by all") == [("supply", 19)]
    sourcing = "series_id like '%sourcing%' or series_id like '%used_by_eu_industry%'"
    assert asked(built, f"select count(*) from supplier_share where {sourcing}") == [(0,)]


def test_what_is_graded_later_is_known_since_it_was_printed(built: Settings):
    ((known_from, tier),) = asked(
        built,
        "select known_from::date::varchar, page_tier from trade_total where series_id = 'china_customs_bulletin/rare_earths'"
        " and period_start = '2019-05-01' and period_kind = 'month'",
    )
    assert (known_from, tier) == ("2019-06-15", 2)


def test_a_total_of_another_scope_does_not_stand_beside_its_months(built: Settings):
    gallium = asked(
        built,
        "select series_id, period_start::varchar, weight_kg from trade_total"
        " where weight_kg in (60880, 62615, 69440) and period_kind = 'year' order by weight_kg",
    )
    narrower, whole = "china_customs_bulletin/gallium_narrower", "china_customs_bulletin/gallium_all"
    assert gallium == [(narrower, "2024-01-01", 60880), (narrower, "2025-01-01", 62615), (whole, "2024-01-01", 69440)]


def test_figures_that_a_copy_took_back_were_let_in_by_a_decision_that_is_committed(built: Settings):
    assert asked(built, "select count(*) from release where state = 'quarantined'") == [(0,)]
    assert asked(built, "select count(*) > 50 from release where state = 'withdrawn' and source = 'published_shares'") == [(True,)]
