"""The statements of the article this project began with are judged by the data."""

from __future__ import annotations

from datetime import date

import pytest

from tests.unit.sql.made_up import edition, exported, rows


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
