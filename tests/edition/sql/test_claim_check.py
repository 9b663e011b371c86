"""The statements of the article, held against the edition of the bundled figures."""

from __future__ import annotations

import pytest

from pipelines.edition.open import read_only

VERDICTS = {
    "china_exports_may_2019": "agrees",
    "china_exports_may_2019_change": "agrees",
    "china_exports_to_may_2019_change": "agrees",
    "japan_imports_from_china": "no_independent_evidence",
    "us_imports_from_china": "basis_unstated",
    "drc_cobalt_to_china": "no_independent_evidence",
    "japan_rare_metals": "agrees",
    "japan_stock_general": "agrees",
    "japan_stock_priority": "agrees",
}


@pytest.fixture(scope="module")
def claims(built):
    with read_only(built.edition) as connection:
        yield connection.sql("select * from marts.claim_check").pl()


def test_every_statement_has_one_verdict(claims):
    found = dict(claims.select("claim_id", "verdict").unique().rows())
    assert found == VERDICTS


def test_the_58_percent_of_rare_metals_rests_on_a_figure_for_rare_earths(claims):
    ministry = claims.filter(
        (claims["claim_id"] == "japan_imports_from_china") & (claims["evidence_value"] == 0.58) & (claims["role"] == "context")
    )
    assert "Ministry of Economy, Trade and Industry Japan" in ministry["publisher"].to_list()
    assert ministry.filter(ministry["publisher"].str.contains("Economy"))["why_not_evidence"].to_list() == ["scope"]


def test_a_reprint_of_the_article_is_no_evidence(claims):
    reprints = claims.filter(claims["role"] == "reprint")
    assert set(reprints["publication"].str.contains("sh-re.com")) == {True}
    assert reprints["agrees"].null_count() == reprints.height


def test_the_59_percent_is_shown_beside_80_by_weight_and_56_by_value(claims):
    evidence = claims.filter((claims["claim_id"] == "us_imports_from_china") & (claims["role"] == "evidence"))
    found = {(row["evidence_basis"], round(row["evidence_value"], 3)) for row in evidence.iter_rows(named=True)}
    assert {("weight", 0.8), ("value", 0.564)} <= found


def test_a_statistic_counts_once_however_many_pages_print_it(claims):
    mine = claims.filter(claims["claim_id"] == "us_imports_from_china")
    publishers = set(mine.filter(mine["role"] == "evidence")["publisher"])
    assert publishers == {"JETRO (US Census)", "Moneycontrol analysis of UN Comtrade", "U.S. Geological Survey"}
    survey = mine.filter((mine["publisher"] == "U.S. Geological Survey") & mine["role"].is_in(["evidence", "repeat"]))
    counted = survey.filter(survey["role"] == "evidence").select("evidence_period_start", "evidence_period_end", "evidence_value")
    assert counted.n_unique() == counted.height
    assert survey.height > counted.height


def test_one_subheading_of_rare_earth_compounds_does_not_count_what_the_statement_counts(claims):
    subheading = claims.filter((claims["claim_id"] == "us_imports_from_china") & claims["evidence_scope"].str.contains("HS 284690"))
    assert subheading.height == 2
    assert set(subheading.select("role", "why_not_evidence").rows()) == {("context", "scope")}


def test_one_figure_of_one_page_counts_once_though_it_was_read_for_two_periods(claims):
    page = claims.filter((claims["evidence_value"] == 0.72) & claims["publication"].str.contains("branduk"))
    assert sorted(page["role"]) == ["evidence", "repeat"]


def test_a_reprint_stands_under_the_statement_that_it_repeats(claims):
    reprints = claims.filter((claims["role"] == "reprint") & (claims["unit"] == "days"))
    assert set(reprints.select("claim_id", "evidence_value").rows()) == {("japan_stock_general", 60.0), ("japan_stock_priority", 180.0)}


def test_all_evidence_names_its_publisher(claims):
    assert claims.filter(claims["role"] != "none")["publisher"].null_count() == 0
