"""Checks find what they are there for: lost rows, unknown codes, shares and bounds that cannot be."""

from __future__ import annotations

from datetime import date

import duckdb
import polars as pl
import pytest

from tests.copies import RARE_EARTH_SERIES
from tests.unit.sql.made_up import FILED_SERIES, SERIES, check_rows, compared, edition, exported, imported

DESTINATIONS = "published_shares/export_destinations/chn/antimony_oxide"


REFINING = "published_shares/refining_shares/natural_graphite/refining/usgs_iea_via_visual_capitalist"


@pytest.mark.parametrize(
    ("table", "row", "kind"),
    [
        ("policy_event", {"country_iso3": "ATL", "commodity": "cobalt"}, "country"),
        ("policy_event", {"country_iso3": "CHN", "commodity": "unobtainium"}, "commodity"),
        ("overseas_stake", {"investor_country_iso3": "ATL", "asset_country_iso3": "COD", "commodity": "cobalt"}, "country"),
        ("overseas_stake", {"investor_country_iso3": "JPN", "asset_country_iso3": "ATL", "commodity": "cobalt"}, "country"),
        ("stockpile_target", {"country_iso3": "ATL", "commodity": "cobalt"}, "country"),
        ("consumption", {"country_iso3": "ATL", "commodity": "cobalt"}, "country"),
        ("net_import_reliance", {"reporter_iso3": "ATL", "commodity": "cobalt", "series_id": RARE_EARTH_SERIES}, "country"),
        ("published_number", {"reporter_iso3": "CHN", "commodity": "cobalt", "series_id": "made_up/series"}, "series"),
    ],
)
def test_a_code_that_the_vocabulary_lacks_is_found_in_every_table(table: str, row: dict, kind: str):
    with edition(**{table: [row | {"release_id": "0123456789abcdef"}]}) as connection:
        connection.execute(
            "insert into meta.release (release_id, source, slice, fingerprint, lines, accepted, rejected, state)"
            " values ('0123456789abcdef', 'made_up', 'all', '', 1, 1, 0, 'current')"
        )
        found = check_rows(connection, "known_codes").filter(pl.col("table_name") == f"facts.{table}")
    assert found["kind"].to_list() == [kind]
    assert set(found["code"]) <= {"ATL", "unobtainium", "made_up/series"}


def share(series_id: str, flow: str, partner: str, percent: float, **other) -> dict:
    return {
        "series_id": series_id,
        "source": "published_shares",
        "flow": flow,
        "reporter_iso3": "WLD" if flow == "refining" else "CHN",
        "partner_iso3": partner,
        "basis": "weight",
        "period_start": date(2024, 1, 1),
        "period_months": 12,
        "share": percent / 100,
        "share_low": percent / 100 - 0.005,
        "share_high": percent / 100 + 0.005,
        "status": "reported",
    } | other


@pytest.mark.parametrize(
    ("series_id", "flow", "place"),
    [(DESTINATIONS, "export", "marts.export_destination_share"), (REFINING, "refining", "facts.published_share")],
)
def test_destinations_and_refiners_add_up_to_no_more_than_all(series_id: str, flow: str, place: str):
    whole = [share(series_id, flow, "USA", 60), share(series_id, flow, "JPN", 40), share(series_id, flow, "EUU", 30)]
    with edition(published_share=whole) as connection:
        assert check_rows(connection, "shares_add_up").is_empty(), "a group may hold countries named beside it"
    with edition(published_share=[*whole, share(series_id, flow, "KOR", 10)]) as connection:
        assert check_rows(connection, "shares_add_up")["place_in"].to_list() == [place]


@pytest.mark.parametrize(
    ("series_id", "flow", "place"),
    [(DESTINATIONS, "export", "marts.export_destination_share"), (REFINING, "refining", "facts.published_share")],
)
@pytest.mark.parametrize(
    "wrong", [{"share": 1.2, "share_high": 1.2}, {"share_low": 0.7}, {"share_low": 0.9, "share_high": 0.8, "share": None}]
)
def test_a_share_lies_within_its_bounds_and_the_whole(series_id: str, flow: str, place: str, wrong: dict):
    with edition(published_share=[share(series_id, flow, "USA", 60)]) as connection:
        assert check_rows(connection, "bounds_hold").is_empty()
    with edition(published_share=[share(series_id, flow, "USA", 60, **wrong)]) as connection:
        assert check_rows(connection, "bounds_hold")["place_in"].to_list() == [place]


@pytest.mark.parametrize("partner", ["WLD", "EUU", "JPN"])
def test_no_group_and_no_country_itself_is_a_partner(partner: str):
    with edition(trade_flow=[imported("CHN", 60), imported(partner, 40)]) as connection:
        found = check_rows(connection, "no_aggregate_among_suppliers")
    assert set(found["place_in"]) == {"marts.supplier_share", "facts.trade_flow"}
    assert set(found["iso3"]) == {partner}


def outcomes(connection: duckdb.DuckDBPyConnection, check: str) -> dict[str, int]:
    return dict(compared(connection, check).group_by("outcome").len().sort("outcome").iter_rows())


@pytest.mark.parametrize(("tonnes", "outcome"), [(30.0, "ok"), (31.0, "shown"), (33.0, "wrong")])
def test_a_total_printed_in_two_kinds_hides_no_comparison(tonnes: float, outcome: str):
    first_two = [exported("2025-01/2025-02", 20.0), exported("2025-01/2025-02", 20.0, kind="cumulative")]
    with edition(trade_total=[*first_two, exported("2025-03", 10.0), exported("2025-01/2025-03", tonnes, kind="cumulative")]) as connection:
        found = compared(connection, "year_to_date").filter(pl.col("period_months") == 3)
    assert found.sort("compared_with").select("compared_with", "outcome").rows() == [
        ("the months", "not_compared:missing_month"),
        ("the total to month 2 and the months since", outcome),
    ]


def test_one_year_printed_with_two_figures_is_held_against_its_months_twice():
    months = [exported(f"2025-{month:02d}", 10.0) for month in range(1, 13)]
    twice = [exported("2025", 120.0, kind="year"), exported("2025", 200.0, kind="cumulative")]
    with edition(trade_total=[*months, *twice]) as connection:
        assert outcomes(connection, "year_to_date") == {"ok": 1, "wrong": 1}


def test_codes_and_partners_of_a_series_are_never_mixed_in_a_total_since_january():
    def of(code: str, tonnes: float) -> list[dict]:
        months = [exported(f"2025-{month:02d}", tonnes, code=code) for month in (1, 2)]
        return [*months, exported("2025-01/2025-02", 2 * tonnes, kind="cumulative", code=code)]

    with edition(trade_total=[*of("28461000", 10.0), *of("28469000", 70.0)]) as connection:
        assert outcomes(connection, "year_to_date") == {"ok": 2}


@pytest.mark.parametrize(
    ("month", "reason"),
    [
        ({"status": "missing", "weight_kg": None, "weight_method": None}, "missing_month"),
        ({"status": "derived", "weight_method": "unstated"}, "derivation_unstated"),
        ({"status": "derived", "weight_method": "difference"}, "derivation_unstated"),
        ({"status": "derived", "weight_method": "difference", "derived_from": "2025-01/2025-03"}, "rest_of_the_total"),
        ({"qualifier": "about"}, "inexact"),
        ({"qualifier": "gt"}, "inexact"),
    ],
)
def test_why_a_total_could_not_be_held_against_its_months_is_told(month: dict, reason: str):
    months = [exported("2025-01", 10.0), exported("2025-02", 10.0), exported("2025-03", 10.0) | month]
    with edition(trade_total=[*months, exported("2025-01/2025-03", 30.0, kind="cumulative")]) as connection:
        assert outcomes(connection, "year_to_date") == {f"not_compared:{reason}": 1}


def test_a_total_printed_as_about_so_much_contradicts_no_sum():
    months = [exported(f"2025-{month:02d}", 10.0) for month in (1, 2, 3)]
    about = exported("2025-01/2025-02", 25.0, kind="cumulative", qualifier="about")
    with edition(trade_total=[*months, about, exported("2025-01/2025-03", 30.0, kind="cumulative")]) as connection:
        assert outcomes(connection, "year_to_date") == {"not_compared:inexact": 2, "ok": 1}


@pytest.mark.parametrize(
    ("vague", "outcome"), [((), "wrong"), (("partner",), "not_compared:inexact"), (("total",), "not_compared:inexact")]
)
def test_about_so_much_from_a_partner_contradicts_no_total(vague: tuple[str, ...], outcome: str):
    partner = imported("CHN", 3_800, value_usd=None, qualifier="about" if "partner" in vague else "eq")
    total = imported("WLD", 3_700, value_usd=None, partner_role="world", qualifier="about" if "total" in vague else "eq")
    with edition(trade_flow=[partner], trade_total=[total]) as connection:
        assert outcomes(connection, "partners_against_totals") == {outcome: 1}


def test_a_pages_word_on_the_weight_is_none_on_the_value():
    with edition(trade_flow=[imported("CHN", 60, qualifier="about"), imported("VNM", 40)]) as connection:
        query = "select basis, amount, amount_low, amount_high from marts.partner_share where partner_iso3 = 'CHN' and period_months = 1"
        assert sorted(connection.sql(query).fetchall()) == [("value", 60, 60, 60), ("weight", None, 57, 63)]


def test_goods_that_came_back_may_exceed_what_was_exported():
    sold = {"series_id": "made_up/exports/rare_earths", "flow": "export", "reporter_iso3": "CHN"}
    with edition(
        trade_flow=[imported("JPN", 10, **sold), imported("CHN", 15, **sold, partner_role="returned")],
        trade_total=[imported("WLD", 10, **sold, partner_role="world")],
    ) as connection:
        assert check_rows(connection, "bounds_hold").is_empty()


def test_partners_without_a_total_and_totals_without_partners_are_counted_as_not_compared():
    total = exported("2024-02", 100.0, series_id=FILED_SERIES, source="made_up", flow="import", reporter_iso3="JPN", value_usd=100)
    other = exported("2024-01", 100.0, series_id=SERIES)
    with edition(trade_flow=[imported("CHN", 60), imported("VNM", 40)], trade_total=[total, other]) as connection:
        found = outcomes(connection, "partners_against_totals")
    assert found == {"not_compared:no_partners": 2, "not_compared:no_total": 2}, "by weight and value; a series without any partner is none"


def test_a_world_of_nothing_does_not_hold_a_country():
    def produced(country: str, tonnes: float) -> dict:
        place = {"series_id": "usgs_mcs/world_production/cobalt/mine", "source": "usgs_mcs", "edition": "2025", "commodity": "cobalt"}
        return place | {"country_iso3": country, "period_start": date(2024, 1, 1), "quantity": tonnes}

    for tonnes, outcome in ((0, "ok"), (5, "wrong")):
        with edition(production=[produced("COD", tonnes), produced("WLD", 0)]) as connection:
            assert outcomes(connection, "partners_against_totals") == {outcome: 1}
    with edition(production=[produced("COD", 5)]) as connection:
        assert outcomes(connection, "partners_against_totals") == {"not_compared:no_world_row": 1}
