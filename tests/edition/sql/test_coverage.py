"""What is said of a month is what we have of that month."""

from __future__ import annotations

from datetime import date

from pipelines.settings import SQL, Settings
from tests.copies import ask
from tests.unit.sql.made_up import edition, exported, rows

COVERAGE = (SQL / "load" / "coverage.sql").read_text("utf-8")


def covered(*levels: dict) -> dict[str, tuple[str, str | None]]:
    with edition(trade_total=list(levels)) as connection:
        found = rows(connection, f"select month, status, reason from ({COVERAGE}) order by month")
    return {f"{row['month']:%Y-%m}": (row["status"], row["reason"]) for row in found}


def test_a_month_known_only_inside_a_total_is_not_published():
    found = covered(exported("2024-01/2024-06", 60.0, kind="cumulative"), exported("2024-03", 10.0), exported("2024-11/2024-12", 20.0))
    assert found["2024-03"] == ("published", None)
    assert found["2024-04"] == ("within_total", "only within a total of 6 months")
    assert found["2024-12"] == ("within_total", "only within a span of 2 months")
    assert found["2024-08"] == ("not_asked", "no page with this month is among the files received")


def test_a_month_of_which_a_page_names_partners_alone_says_so():
    named = exported("2024-03", 10.0, partner_iso3="JPN", partner_code="JPN", partner_role="country", publication="https://example.org")
    with edition(trade_flow=[named]) as connection:
        found = rows(connection, f"select partner_iso3, month, status, reason from ({COVERAGE})")
    assert [tuple(row.values()) for row in found] == [("WLD", date(2024, 3, 1), "published", "only partners, without a total")]


def test_january_and_february_as_one_are_published():
    found = covered(exported("2024-01/2024-02", 20.0), exported("2024-01/2024-12", 120.0, kind="year"))
    assert found["2024-02"] == ("published", "only within a span of 2 months")
    assert found["2024-03"] == ("within_total", "only within a total of 12 months")


def test_a_month_looked_for_in_vain_is_not_found_though_a_total_holds_it():
    found = covered(exported("2018-11", None), exported("2018-01/2018-12", 120.0, kind="year"))
    assert found["2018-11"][0] == "not_found"


def test_a_published_month_of_the_edition_has_a_figure_of_its_own_or_of_a_combined_span(built: Settings):
    query = (
        "select count(*) from meta.coverage as coverage where status = 'published' and not exists ("
        " select 1 from facts.trade_total as fact where fact.series_id = coverage.series_id and fact.status <> 'missing'"
        " and fact.period_kind in ('month', 'combined') and fact.period_start <= coverage.month"
        " and fact.period_start + to_months(fact.period_months) > coverage.month) and partner_iso3 = 'WLD'"
        " and coverage.reason is distinct from 'only partners, without a total'"
    )
    assert ask(built.edition, query) == [(0,)]
    assert {status for (status,) in ask(built.edition, "select distinct status from meta.coverage")} == {
        "published",
        "within_total",
        "not_found",
        "not_asked",
    }
