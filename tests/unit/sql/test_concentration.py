"""How dependent an importer is, and how sure that is."""

from __future__ import annotations

from datetime import date

import pytest

from tests.unit.sql.made_up import FILED_SERIES, check_rows, edition, exported, imported, rows

LIST_SERIES = "usgs_mcs/import_sources/rare_earths/compounds_and_metals"


LOOSE_SERIES = "published_shares/published_checks/jpn/rare_earths/2018"


def printed(partner: str, percent: float | None, **other) -> dict:
    half = 0.005
    share = None if percent is None else percent / 100
    return {
        "series_id": LIST_SERIES,
        "source": "usgs_mcs",
        "dataset": "import_sources",
        "flow": "import",
        "reporter_iso3": "USA",
        "partner_iso3": partner,
        "basis": "weight",
        "period_start": date(2020, 1, 1),
        "period_months": 48,
        "share": share,
        "share_low": None if share is None else max(share - half, 0),
        "share_high": None if share is None else min(share + half, 1),
        "list_status": "complete",
        "status": "reported",
    } | other


def one(facts: dict, where: str = "true") -> dict:
    with edition(**facts) as connection:
        (row,) = rows(connection, f"select * from marts.import_concentration where {where}")
        for check in ("bounds_hold", "no_aggregate_among_suppliers", "shares_add_up"):
            assert check_rows(connection, check).is_empty()
    return row


def test_a_published_list_with_others_has_bounds_and_a_class_but_no_point():
    shares = {"CHN": 70, "MYS": 13, "JPN": 6, "EST": 5, "OTHER": 6}
    row = one({"published_share": [printed(country, percent) for country, percent in shares.items()]})
    named = 0.70**2 + 0.13**2 + 0.06**2 + 0.05**2
    assert row["hhi"] is None
    assert row["hhi_low"] < named < row["hhi_high"]
    assert row["hhi_high"] < named + 0.06 * 0.05 + 0.02, "others are each no larger than the smallest supplier listed"
    assert row["concentration_class"] == "highly_concentrated"
    assert row["threshold_version"] == "us_doj_ftc_2023"
    assert (row["supplier_count"], row["supplier_count_qualifier"]) == (4, "at_least")
    assert (row["top_supplier_iso3"], row["cr1"], row["cr3"]) == ("CHN", 0.70, pytest.approx(0.89))
    assert row["attributed_share"] == pytest.approx(0.94)
    assert row["normalised_hhi"] is row["effective_suppliers"] is None


@pytest.mark.parametrize(("shares", "ranks", "cr3"), [((30, 30, 20, 20), [1, 1, 3, 3], 0.8), ((25, 25, 25, 25), [1, 1, 1, 1], 0.75)])
def test_of_suppliers_that_tie_for_the_third_place_only_one_is_counted(shares, ranks, cr3):
    facts = {"trade_flow": [imported(country, share) for country, share in zip(("CHN", "VNM", "FRA", "MYS"), shares, strict=True)]}
    assert one(facts, "basis = 'weight'")["cr3"] == pytest.approx(cr3)
    with edition(**facts) as connection:
        found = rows(connection, "select share_rank from marts.supplier_share where basis = 'weight' order by share_rank")
    assert [row["share_rank"] for row in found] == ranks, "equal shares have equal ranks"


def test_the_largest_three_are_those_of_the_list_that_is_counted():
    lines = {"CHN": 40, "MYS": 20, "JPN": 15, "EST": 10}
    facts = [printed(country, percent, list_status="partial" if country == "CHN" else "complete") for country, percent in lines.items()]
    with edition(published_share=facts) as connection:
        (row,) = rows(connection, "select cr3 from marts.import_concentration")
    assert row["cr3"] == pytest.approx(0.45), "what is listed in part has a rank of its own, and no place here"


def test_a_partial_list_does_not_feed_concentration():
    with edition(published_share=[printed("CHN", 72, list_status="partial"), printed("MYS", 11, list_status="partial")]) as connection:
        assert rows(connection, "select * from marts.import_concentration") == []
        assert len(rows(connection, "select * from marts.supplier_share")) == 2


def test_a_loose_share_below_a_half_does_not_make_its_country_the_largest_supplier():
    loose = {"list_status": None, "series_id": LOOSE_SERIES, "source": "published_shares", "reporter_iso3": "JPN"}
    row = one({"published_share": [printed("CHN", 32, **loose)]})
    assert row["top_supplier_iso3"] is row["cr1"] is row["hhi"] is row["concentration_class"] is None
    assert row["flags"] == "unattributed straddles_threshold top_uncertain"
    row = one({"published_share": [printed("CHN", 58, **loose)]})
    assert (row["top_supplier_iso3"], row["cr1"]) == ("CHN", 0.58)


def test_a_printed_bound_is_never_a_point():
    loose = {"list_status": None, "series_id": LOOSE_SERIES, "source": "published_shares", "reporter_iso3": "JPN"}
    row = one({"published_share": [printed("CHN", None, share_low=0.9, share_high=1.0, share_bound=">90", **loose)]})
    assert row["hhi"] is row["top_supplier_share"] is row["cr1"] is None
    assert (row["top_supplier_iso3"], row["cr1_low"], row["cr1_high"]) == ("CHN", 0.9, 1.0)
    assert (row["hhi_low"], row["hhi_high"]) == (pytest.approx(0.81), 1.0)
    assert row["attributed_share"] is None, "how much of the whole it is was not printed"
    assert (row["supplier_count"], row["supplier_count_qualifier"]) == (1, "at_least")


def test_a_group_of_countries_is_no_supplier():
    loose = {"list_status": None, "series_id": LOOSE_SERIES, "source": "published_shares"}
    row = one({"published_share": [printed("CHN", 56, **loose), printed("EUU", 17, **loose)]})
    assert row["supplier_count"] == 1
    assert row["attributed_share"] == pytest.approx(0.56)


def test_secret_partners_stay_in_the_denominator():
    flows = [imported("CHN", 60), imported("VNM", 30), imported("WLD", 10, partner_role="special")]
    row = one({"trade_flow": flows}, "basis = 'weight'")
    assert (row["attributed_share"], row["hhi"]) == (pytest.approx(0.9), None)
    assert row["hhi_high"] == pytest.approx(0.7**2 + 0.3**2), "what is secret may belong to the largest supplier"
    assert (row["top_supplier_iso3"], row["cr1"], row["cr1_low"], row["cr1_high"]) == ("CHN", None, 0.6, 0.7)
    assert row["cr3"] is None


def test_a_secret_tenth_may_make_another_the_largest():
    flows = [imported("CHN", 47), imported("VNM", 43), imported("WLD", 10, partner_role="special")]
    row = one({"trade_flow": flows}, "basis = 'weight'")
    assert (row["top_supplier_iso3"], row["top_supplier_share"], row["cr1"]) == (None, None, None)
    assert (row["cr1_low"], row["cr1_high"]) == (0.47, pytest.approx(0.57))
    assert row["flags"] == "unattributed top_uncertain"


def test_the_upper_bound_of_a_filed_share_holds_what_is_secret():
    flows = [imported("CHN", 60), imported("VNM", 30), imported("WLD", 10, partner_role="special")]
    with edition(trade_flow=flows) as connection:
        found = rows(
            connection,
            "select supplier_iso3, share_low, share, share_high from marts.supplier_share where basis = 'weight' order by supplier_iso3",
        )
    assert [tuple(row.values()) for row in found] == [
        ("CHN", 0.6, 0.6, 0.7),
        ("OTHER", 0.1, 0.1, 0.1),
        ("VNM", 0.3, 0.3, pytest.approx(0.4)),
    ]


def test_of_chosen_partners_the_rest_is_none_of_them():
    chosen = {"list_status": "selected"}
    flows = [imported("CHN", 47, **chosen), imported("VNM", 43, **chosen), imported("OTHER", 10, partner_role="special", **chosen)]
    row = one({"trade_flow": flows}, "basis = 'weight'")
    assert (row["top_supplier_iso3"], row["cr1"], row["cr1_high"]) == ("CHN", 0.47, 0.47)
    assert row["hhi_high"] == pytest.approx(0.47**2 + 0.43**2 + 0.1**2)
    assert row["list_status"] == "selected"


def test_suppliers_that_tie_have_no_single_largest():
    shares = {"CHN": 22, "IND": 22, "VNM": 20, "OTHER": 36}
    row = one({"published_share": [printed(country, percent) for country, percent in shares.items()]})
    assert (row["top_supplier_iso3"], row["top_supplier_share"], row["cr1"]) == (None, None, 0.22)
    assert "top_tied" in row["flags"].split()


def test_a_list_that_adds_up_to_101_has_no_ratio_above_one():
    row = one({"published_share": [printed("CHN", 51), printed("VNM", 30), printed("MYS", 20)]})
    assert (row["cr3"], row["attributed_share"]) == (1, 1)


def test_a_month_with_a_total_and_no_partner_is_unattributed():
    flows = [imported("CHN", 60), imported("VNM", 40)]
    with edition(trade_flow=flows, trade_total=[total_imports(100), total_imports(90, "2024-02")]) as connection:
        found = rows(
            connection,
            "select supplier_iso3, supplier_kind, share from marts.supplier_share where basis = 'weight' and period_start = '2024-02-01'",
        )
    assert [tuple(row.values()) for row in found] == [("OTHER", "unattributed", 1.0)]


def test_a_figure_that_is_about_so_much_is_an_interval_and_never_a_point():
    partial = {"list_status": "partial"}
    flows = [
        imported("CHN", 60, **partial),
        imported("VNM", 20, qualifier="about", **partial),
        imported("MYS", 10, qualifier="gt", **partial),
    ]
    with edition(trade_flow=flows, trade_total=[total_imports(100)]) as connection:
        found = rows(
            connection,
            "select supplier_iso3, share, share_low, share_high, flags from marts.supplier_share where basis = 'weight' order by 1",
        )
        index = rows(connection, "select * from marts.import_concentration")
    assert [tuple(row.values()) for row in found] == [
        ("CHN", 0.6, 0.6, 0.6, ""),
        ("MYS", None, 0.1, 1.0, "not_a_point"),
        ("OTHER", None, 0.0, pytest.approx(0.11), "not_a_point"),
        ("VNM", None, 0.19, 0.21, "not_a_point"),
    ]
    assert index == [], "a page that names some partners says nothing of the others"


def test_partners_a_page_names_are_a_list_once_they_add_up():
    partial = {"list_status": "partial"}
    flows = [imported("CHN", 60, **partial), imported("OTHER", 40, partner_role="special", **partial)]
    with edition(trade_flow=flows, trade_total=[total_imports(100)]) as connection:
        (row,) = rows(connection, "select list_status, cr1, hhi_low, hhi_high from marts.import_concentration where basis = 'weight'")
    assert tuple(row.values()) == ("selected", 0.6, pytest.approx(0.36), pytest.approx(0.52))


def test_partners_a_page_names_have_no_share_where_it_gives_no_total():
    with edition(trade_flow=[imported("CHN", 60, list_status="partial")]) as connection:
        (row,) = rows(connection, "select share, amount from marts.supplier_share where basis = 'weight'")
    assert (row["share"], row["amount"]) == (None, 60.0)


def test_twelve_months_of_some_partners_make_no_year():
    flows = [imported("CHN", 10, f"2024-{month:02d}", list_status="partial") for month in range(1, 13)]
    totals = [total_imports(20, f"2024-{month:02d}") for month in range(1, 13)]
    with edition(trade_flow=flows, trade_total=totals) as connection:
        assert rows(connection, "select * from marts.supplier_share where period_months = 12") == []


def test_returned_goods_are_reported_apart():
    row = one({"trade_flow": [imported("CHN", 60), imported("VNM", 40), imported("JPN", 10, partner_role="returned")]}, "basis = 'weight'")
    assert (row["cr1"], row["hhi"]) == (0.6, pytest.approx(0.52))
    assert row["returned_share"] == pytest.approx(0.1)


def test_what_a_total_holds_beyond_its_partners_is_shown_as_unattributed_and_never_as_a_country():
    facts = {"trade_flow": [imported("CHN", 60), imported("VNM", 40)], "trade_total": [total_imports(200.0) | {"value_usd": None}]}
    with edition(**facts) as connection:
        (row,) = rows(connection, "select * from marts.import_concentration where basis = 'weight'")
        found = check_rows(connection, "partners_against_totals")
        shares = rows(
            connection, "select supplier_iso3, supplier_kind, share from marts.supplier_share where basis = 'weight' order by all"
        )
    assert (row["total"], row["attributed_share"]) == (200.0, 0.5)
    assert row["cr1"] is row["top_supplier_iso3"] is None, "the half without a partner could hide a larger one"
    assert [tuple(share.values()) for share in shares] == [("CHN", "country", 0.3), ("OTHER", "unattributed", 0.5), ("VNM", "country", 0.2)]
    assert found.is_empty()


def exported_to(partner: str, amount: float, month: str = "2024-01", **other) -> dict:
    return imported(partner, amount, month, flow="export", series_id="made_up/exports/rare_earths", **other)


def total_exports(tonnes: float, month: str = "2024-01") -> dict:
    return total_imports(tonnes, month) | {"flow": "export", "series_id": "made_up/exports/rare_earths"}


def test_shares_of_exports_follow_those_of_imports():
    flows = [exported_to("CHN", 60), exported_to("VNM", 20), exported_to("JPN", 5, partner_role="returned")]
    with edition(trade_flow=flows, trade_total=[total_exports(100)]) as connection:
        found = rows(
            connection,
            "select destination_iso3, destination_kind, share, total from marts.export_destination_share"
            " where basis = 'weight' order by all",
        )
    assert [tuple(row.values()) for row in found] == [
        ("CHN", "country", 0.6, 100.0),
        ("JPN", "returned", 0.05, 100.0),
        ("OTHER", "unattributed", 0.2, 100.0),
        ("VNM", "country", 0.2, 100.0),
    ]


def test_destinations_are_shared_out_over_twelve_months_too():
    months = [f"2024-{month:02d}" for month in range(1, 13)]
    flows = [exported_to("CHN", 10, month) for month in months] + [exported_to("VNM", 120, "2024-06")]
    with edition(trade_flow=flows) as connection:
        found = rows(
            connection,
            "select destination_iso3, share from marts.export_destination_share where basis = 'weight' and period_months = 12 order by all",
        )
    assert [tuple(row.values()) for row in found] == [("CHN", 0.5), ("VNM", 0.5)]


def total_imports(tonnes: float, month: str = "2024-01") -> dict:
    return exported(month, tonnes, series_id=FILED_SERIES, source="made_up", flow="import", reporter_iso3="JPN", value_usd=tonnes)


@pytest.mark.parametrize("basis", ["weight", "value"])
@pytest.mark.parametrize("total", [100, 110], ids=["total without returned goods", "total with them"])
@pytest.mark.parametrize("secret", [0, 10], ids=["all partners named", "some secret"])
def test_returned_goods_are_no_part_of_the_denominator_whatever_the_office_counts(secret, total, basis):
    flows = [imported("CHN", 60), imported("VNM", 40 - secret), imported("JPN", 10, partner_role="returned")]
    flows += [imported("WLD", secret, partner_role="special")] if secret else []
    with edition(trade_flow=flows, trade_total=[total_imports(total)]) as connection:
        (row,) = rows(connection, f"select * from marts.import_concentration where basis = '{basis}'")
        assert check_rows(connection, "partners_against_totals").is_empty()
    assert (row["total"], row["cr1_low"], row["returned_share"]) == (100, 0.6, 0.1)
    assert row["cr1"] == (None if secret else 0.6)
    assert row["attributed_share"] == pytest.approx(1 - secret / 100)
    assert row["hhi"] == (None if secret else pytest.approx(0.52))


def test_returned_goods_are_taken_out_of_the_totals_of_twelve_months():
    months = [f"2024-{month:02d}" for month in range(1, 13)]
    flows = [flow for month in months for flow in (imported("CHN", 10, month), imported("JPN", 2, month, partner_role="returned"))]
    totals = [total_imports(12, month) for month in months]
    with edition(trade_flow=flows, trade_total=totals) as connection:
        query = "select * from marts.import_concentration where basis = 'weight' and period_months = 12"
        (row,) = rows(connection, query)
    assert (row["total"], row["hhi"], row["returned_share"]) == (120, 1, pytest.approx(0.2))


def test_partners_that_exceed_the_total_filed_for_them_are_found():
    with edition(trade_flow=[imported("CHN", 60), imported("VNM", 50)], trade_total=[total_imports(100)]) as connection:
        assert len(check_rows(connection, "partners_against_totals")) == 2, "by weight and by value"


def test_a_partner_of_unknown_weight_leaves_the_others_below_the_total():
    flows = [imported("CHN", 60), imported("VNM", 40, weight_kg=None)]
    for tonnes, wrong in ((100, 0), (50, 1)):
        with edition(trade_flow=flows, trade_total=[total_imports(tonnes) | {"value_usd": 100}]) as connection:
            assert len(check_rows(connection, "partners_against_totals")) == wrong


def test_twelve_months_are_summed_before_they_are_shared():
    months = [f"2024-{month:02d}" for month in range(1, 13)]
    flows = [imported("CHN", 10, month) for month in months] + [imported("VNM", 120, "2024-06")]
    row = one({"trade_flow": flows}, "basis = 'weight' and period_months = 12")
    assert (row["period_start"], row["hhi"], row["total"]) == (date(2024, 1, 1), pytest.approx(0.5), 240.0)


def test_eleven_months_make_no_year():
    flows = [imported("CHN", 10, f"2024-{month:02d}") for month in range(1, 12)]
    with edition(trade_flow=flows) as connection:
        assert rows(connection, "select * from marts.supplier_share where period_months = 12") == []


def test_a_weight_that_is_partly_unknown_has_no_shares():
    with edition(trade_flow=[imported("CHN", 60), imported("VNM", 40, weight_kg=None)]) as connection:
        found = rows(connection, "select basis, share from marts.supplier_share where supplier_iso3 = 'CHN' order by basis")
    assert [(row["basis"], row["share"]) for row in found] == [("value", 0.6), ("weight", None)]


def produced(country: str, quantity: float | None, qualifier: str = "reported") -> dict:
    return {
        "series_id": "usgs_mcs/world_production/rhenium/mine",
        "source": "usgs_mcs",
        "commodity": "rhenium",
        "stage": "mine",
        "country_iso3": country,
        "period_start": date(2025, 1, 1),
        "period_months": 12,
        "quantity": quantity,
        "unit": "kilograms",
        "qualifier": qualifier,
        "edition": "2026",
    }


def test_what_is_not_available_leaves_the_index_open():
    table = [produced("WLD", 100), produced("CHL", 60), produced("CHN", 40)]
    for unknown in ("RUS", "OTHER"):
        with edition(production=[*table, produced(unknown, None, "not_available")]) as connection:
            (row,) = rows(connection, "select * from marts.production_concentration")
        assert (row["producer_count"], row["producer_count_qualifier"], row["unavailable_iso3"]) == (2, "at_least", unknown)
        assert (
            row["attributed_share"]
            is row["hhi"]
            is row["normalised_hhi"]
            is row["effective_producers"]
            is row["concentration_class"]
            is None
        )
        assert (row["hhi_low"], row["hhi_high"]) == (pytest.approx(0.52), 1)
    with edition(production=table) as connection:
        (row,) = rows(connection, "select * from marts.production_concentration")
    assert (row["producer_count_qualifier"], row["attributed_share"], row["hhi"]) == ("exact", 1, pytest.approx(0.52))


def test_a_table_of_smelters_gives_shares_of_its_sum_and_no_least_where_somebody_is_left_out():
    smelted = {"series_id": "usgs_mcs/world_production/magnesium/primary_smelter", "commodity": "magnesium", "stage": "smelter"}
    table = [produced(*pair) | smelted for pair in (("WLD", 100), ("CHN", 80), ("OTHER", 15), ("KAZ", 5))]
    asked = "select refiner, share, share_low, share_rank from marts.refining_share order by share desc"
    with edition(production=table) as connection:
        assert [tuple(row.values()) for row in rows(connection, asked)] == [
            ("China", 0.8, 0.8, 1),
            ("Other countries", 0.15, 0.15, None),
            ("Kazakhstan", 0.05, 0.05, 2),
        ]
    with edition(production=[*table, produced("USA", None, "withheld") | smelted]) as connection:
        assert {row["share_low"] for row in rows(connection, asked)} == {None}
    with edition(production=[produced(*pair) for pair in (("WLD", 100), ("CHN", 100))]) as connection:
        assert rows(connection, asked) == [], "what is mined is not refined"


def test_producers_that_tie_have_no_single_largest():
    with edition(production=[produced("WLD", 100), produced("CHN", 40), produced("RUS", 40), produced("TJK", 20)]) as connection:
        (row,) = rows(connection, "select * from marts.production_concentration")
    assert (row["top_producer_iso3"], row["top_producer_share"], row["cr1"], row["flags"]) == (None, None, 0.4, "top_tied")


def test_other_countries_together_may_hide_the_largest_producer():
    with edition(production=[produced("WLD", 100), produced("CHN", 30), produced("RUS", 20), produced("OTHER", 50)]) as connection:
        (row,) = rows(connection, "select * from marts.production_concentration")
    assert (row["top_producer_iso3"], row["cr1"], row["cr3"], row["flags"]) == (None, None, None, "top_uncertain")
