"""Indices and shares in the edition of the bundled figures."""

from __future__ import annotations

import pytest

from pipelines.edition.open import read_only
from tests.unit.sql.made_up import rows


def test_a_series_about_one_partner_says_nothing_about_shares(built):
    with read_only(built.edition) as connection:
        assert connection.execute("select count(*) from trade_flow where series_id like 'china_customs_bulletin/%'").fetchone() == (6,)
        assert connection.execute("select count(*) from supplier_share where series_id like 'china_customs_bulletin/%'").fetchone() == (0,)


def test_who_refines_cobalt_is_one_query(built):
    with read_only(built.edition) as connection:
        found = rows(
            connection,
            "select refiner, share_low, share_high, publisher from refining_share"
            " where commodity = 'cobalt' and period_start = '2019-01-01' order by share_rank",
        )
    assert [(row["refiner"], round(row["share_low"], 3), round(row["share_high"], 3)) for row in found] == [
        ("China", 0.645, 0.655),
        ("Finland", 0.095, 0.105),
        ("Belgium", 0.045, 0.055),
    ]
    assert {row["publisher"] for row in found} == {"IEA Critical Minerals Policy Tracker (data 2019)"}


def test_rhenium_and_tellurium_have_producers_whose_amounts_are_not_available(built):
    with read_only(built.edition) as connection:
        found = connection.execute(
            "select distinct commodity, unavailable_iso3, producer_count_qualifier, attributed_share, hhi, hhi_high"
            " from production_concentration where unavailable_iso3 is not null and commodity in ('rhenium', 'tellurium') order by all"
        ).fetchall()
    assert found == [("rhenium", "RUS", "at_least", None, None, 1), ("tellurium", "OTHER", "at_least", None, None, 1)]


def test_eurostats_2022_list_has_the_index_computed_from_it_by_hand(built):
    with read_only(built.edition) as connection:
        index, published = connection.execute(
            "select hhi, (select value from published_number where measure = 'hhi_import_sources')"
            " from import_concentration where series_id = 'published_shares/published_checks/euu/ree_plus/2022'"
        ).fetchone()
    assert round(10_000 * index) == published == 3194


def test_an_index_that_the_compiler_computed_is_not_the_publishers(built):
    with read_only(built.edition) as connection:
        computed = connection.execute("select value, publisher from published_number where note like 'COMPUTED%' order by value").fetchall()
        printed = connection.execute("select distinct publisher from published_number where measure = 'hhi_production'").fetchall()
    assert computed == [(number, "compiler of the bundled figures") for number in (3194, 4874, 4924)]
    assert printed
    assert ("compiler of the bundled figures",) not in printed


def test_japans_suppliers_of_2018_give_at_least_3781(built):
    with read_only(built.edition) as connection:
        row = connection.execute(
            "select hhi, hhi_low, hhi_high, attributed_share from import_concentration"
            " where series_id = 'published_shares/published_checks/jpn/rare_earths/2018'"
        ).fetchone()
    assert row[0] is None
    assert row[1] < 0.3781 < row[2]
    assert row[3] == pytest.approx(0.93)


def test_the_mine_tables_index_is_the_published_one_and_no_table_with_missing_rows_is_used(built):
    with read_only(built.edition) as connection:
        index, edition_used = connection.execute(
            "select round(10000 * hhi), edition from production_concentration"
            " where commodity = 'rare_earths' and stage = 'mine' and period_start = '2023-01-01'"
        ).fetchone()
        incomplete = connection.execute(
            "select commodity from production_concentration where period_start = '2023-01-01'"
            " and commodity in ('nickel', 'barite', 'bismuth', 'chromium', 'tellurium')"
        ).fetchall()
        editions = connection.execute("select count(*) from production_concentration where producer_count = 1").fetchone()
    assert (index, edition_used) == (4874, "2025")
    assert incomplete == []
    assert editions == (0,), "a US-only table must not print a monopoly"
