"""The statements of the article this project began with are judged by the data."""

from __future__ import annotations

from datetime import date

import pytest

from pipelines.edition.open import read_only
from tests.unit.sql.made_up import edition, exported, rows

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


def judged(**facts) -> tuple[dict[str, str], list[dict]]:
    """The verdicts on made-up facts, and the evidence they rest on."""
    with edition(**facts) as connection:
        found = rows(connection, "select * from marts.claim_check order by claim_id, role, evidence_no")
    return {row["claim_id"]: row["verdict"] for row in found}, [row for row in found if row["role"] == "evidence"]


def test_another_figure_from_the_bulletin_would_change_the_verdict():
    found, _ = judged(trade_total=[exported("2019-04", 4329.0), exported("2019-05", 4000.0)])
    assert found["china_exports_may_2019"] == "differs"
    assert found["china_exports_may_2019_change"] == "differs"
    assert found["china_exports_to_may_2019_change"] == "no_independent_evidence"


def test_magnets_say_nothing_about_the_line_of_the_bulletin():
    line = [exported("2019-04", 4329.0), exported("2019-05", 3640.0)]
    magnets = [exported(month, 4000.0, series_id="china_customs_bulletin/rare_earth_magnets") for month in ("2019-04", "2019-05")]
    assert judged(trade_total=line + magnets) == judged(trade_total=line)
    found, evidence = judged(trade_total=magnets)
    assert found["china_exports_may_2019"] == found["china_exports_may_2019_change"] == "no_independent_evidence"
    assert evidence == []


def printed_exports(tonnes: float, qualifier: str, commodity_text: str = "rare earth exports") -> dict:
    return {
        "measure": "export_weight",
        "source": "published_shares",
        "flow": "export",
        "reporter_iso3": "CHN",
        "commodity": "rare_earths",
        "commodity_text": commodity_text,
        "basis": "weight",
        "period_start": date(2019, 5, 1),
        "period_end": date(2019, 5, 31),
        "value": tonnes,
        "value_qualifier": qualifier,
        "unit": "tonnes",
        "publisher": "a newspaper",
    }


def test_a_province_is_not_the_country():
    found, _ = judged(published_number=[printed_exports(900, "eq", "rare earths (inner mongolia customs)")])
    assert found["china_exports_may_2019"] == "no_independent_evidence"


@pytest.mark.parametrize(
    ("tonnes", "qualifier", "verdict"), [(3600, "gt", "agrees"), (3700, "gt", "differs"), (3700, "lt", "agrees"), (3600, "lt", "differs")]
)
def test_the_open_end_of_a_bound_is_no_point(tonnes, qualifier, verdict):
    found, (bound,) = judged(published_number=[printed_exports(tonnes, qualifier)])
    assert found["china_exports_may_2019"] == verdict
    ends = (tonnes, None) if qualifier == "gt" else (None, tonnes)
    assert (bound["evidence_value"], bound["evidence_low"], bound["evidence_high"]) == (None, *ends)
