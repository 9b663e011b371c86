"""A copy that breaks a check costs its source the newest releases, never the edition; a fault of ours publishes nothing."""

from __future__ import annotations

import csv
import shutil
from io import SEEK_END, StringIO
from pathlib import Path

import polars as pl
import pytest

from pipelines.edition import build
from pipelines.edition.open import read_only
from pipelines.edition.publish import weighed_until
from pipelines.errors import BuildFailed
from pipelines.model import statements, vocabulary
from pipelines.operations import doctor
from pipelines.settings import Settings
from tests.building import Run
from tests.copies import JULY_2019, JUNE_2019, ask, december, leftovers, newest, receive, revise, status, table_hashes, tonnes
from tests.small import CHINA, PRODUCTION, RARE_EARTHS, USGS, build_small, night

JULY_TOO_HIGH = {JULY_2019: "2019-07,9243.4,"}
"""July 2019 4,000 t above what the printed totals to May and to July leave for it: no jump by a factor, but 14 % of the total."""


@pytest.fixture
def july_too_high(own: Settings) -> Settings:
    revise(own, CHINA, RARE_EARTHS, JULY_TOO_HIGH, december(1))
    return own


def test_a_month_that_contradicts_the_printed_totals_sends_its_source_back(july_too_high: Settings) -> None:
    edition = night(july_too_high)
    assert edition.changed
    assert list(edition.fell_back) == [CHINA]
    assert tonnes(edition.path, "2019-07") == [5243.4]
    state, message = status(edition.path, CHINA)
    assert state == "fell_back"
    for named in ("check year_to_date", "wrong rows", "china_customs_bulletin/rare_earths", "28475600"):
        assert named in message
    assert ask(edition.path, "select source from meta.source_status where state not in ('ok', 'not_asked')") == [(CHINA,)]
    assert ask(edition.path, "select max(observed_at)::date::varchar from meta.observation") == [("2026-11-26",)]
    with read_only(edition.path) as connection:
        assert weighed_until(july_too_high, connection) == december(1), "what was refused was looked at"
    assert leftovers(july_too_high) == []


def test_a_source_that_fell_back_stays_so_and_is_not_published_twice(july_too_high: Settings) -> None:
    first = night(july_too_high)
    inode = first.path.stat().st_ino
    again = night(july_too_high)
    assert not again.changed
    assert again.fell_back == first.fell_back
    assert first.path.stat().st_ino == inode


def test_a_mended_copy_ends_the_fall_back(july_too_high: Settings) -> None:
    night(july_too_high)
    revise(july_too_high, CHINA, RARE_EARTHS, {"2019-07,9243.4,": "2019-07,5243.5,"}, december(8))
    edition = night(july_too_high)
    assert not edition.fell_back
    assert tonnes(edition.path, "2019-07") == [5243.5]
    assert status(edition.path, CHINA) == ("ok", "")


def with_spring(settings: Settings, total: str) -> str:
    """The newest copy with two months after January and February 2026 (10,460 t): 5,000 t each, the second printed with this total."""
    about = 'value -15.9%",about,'  # the sum of its months would be no point either
    text = newest(settings, CHINA, RARE_EARTHS).replace(about, about.replace("about", "eq"))
    (last,) = [row for row in csv.DictReader(StringIO(text)) if row["period"] == "2026-01/2026-02"]
    out = StringIO(text)
    out.seek(0, SEEK_END)
    for month, since_january in (("2026-03", "15460"), ("2026-04", total)):
        level = {"period": month, "tonnes": "5000", "value_usd": "", "yoy_pct_reported": "", "period_type": "month", "qualifier": "eq"}
        csv.DictWriter(out, list(last), lineterminator="\n").writerow(last | level | {"ytd_tonnes_reported": since_january})
    return out.getvalue()


@pytest.mark.parametrize(("total", "standing"), [("20380", True), ("19600", True), ("10380", False)])
def test_a_total_that_earlier_months_contradict_after_a_revision_is_shown_and_keeps_no_month_out(
    own: Settings, total: str, standing: bool
) -> None:
    receive(own, CHINA, RARE_EARTHS, with_spring(own, total), december(1))
    edition = night(own)
    assert list(edition.fell_back) == ([] if standing else [CHINA]), "half of it is no revision"
    assert tonnes(edition.path, "2026-04") == ([5000.0] if standing else [])
    found = ask(edition.path, "select outcome, source, found from meta.check_finding where check_name = 'year_to_date'")
    assert {row[:2] for row in found} == {("shown" if standing else "refused", CHINA)}
    assert all(f'"printed_amount": {total}000.0, "expected_amount": 20460000.0' in str(row[2]) for row in found)
    shown = ask(
        edition.path,
        "select year_to_date_printed, year_to_date_sum from marts.export_change_monthly"
        " where period_start = '2026-04-01' and flags like '%year_to_date:printed_differs_from_sum%'",
    )
    assert shown == ([(float(total), 20460.0)] if standing else [])
    assert status(edition.path, CHINA)[0] == ("ok" if standing else "fell_back")


def test_what_a_check_refuses_is_let_in_by_a_person_until_its_figures_change(july_too_high: Settings, lodestone: Run) -> None:
    edition = night(july_too_high)
    refused = ask(edition.path, "select finding_id from meta.check_finding where outcome = 'refused'")
    assert len(refused) == 12, "July stands in every later total of the year"
    (finding,) = [str(refusal) for (refusal,) in refused if str(refusal) in status(edition.path, CHINA)[1]]
    (bad,) = [each.remedy or "" for each in doctor.examine(july_too_high, {}) if (each.level, each.subject) == ("bad", CHINA)]
    assert any(str(refusal) in bad for (refusal,) in refused)
    accept = ("accept", finding, "--reason", "the bulletin says so", "--author", "Ada")
    code, out, _ = lodestone(july_too_high, *accept)
    assert (code, out.startswith("Ada accepted 12 rows of china_customs_bulletin that check year_to_date refuses")) == (0, True)
    assert [each.level for each in doctor.examine(july_too_high, {}) if "were accepted since" in each.message] == ["warn"]

    edition = night(july_too_high)
    assert (edition.fell_back, tonnes(edition.path, "2019-07")) == ({}, [9243.4])
    assert status(edition.path, CHINA) == ("ok", "")
    assert ask(edition.path, "select accepted_rows from meta.check_result where check_name = 'year_to_date'") == [(12,)]
    decided = ask(edition.path, "select distinct author, reason from meta.check_finding where outcome = 'accepted'")
    assert decided == [("Ada", "the bulletin says so")]
    assert not night(july_too_high).changed
    assert "is not quarantined" in lodestone(july_too_high, *accept)[2], "nothing refuses it any more"

    revise(july_too_high, CHINA, RARE_EARTHS, {"2019-07,9243.4,": "2019-07,9300.4,"}, december(8))
    edition = night(july_too_high)
    assert tonnes(edition.path, "2019-07") == [9243.4], "what was accepted stands, another figure was not accepted"
    assert status(edition.path, CHINA)[0] == "fell_back"


def test_a_decision_that_is_taken_back_sends_the_source_back_again(july_too_high: Settings, lodestone: Run) -> None:
    edition = night(july_too_high)
    (finding, *_) = ask(edition.path, "select finding_id from meta.check_finding where outcome = 'refused'")[0]
    assert lodestone(july_too_high, "accept", str(finding), "--reason", "the bulletin says so", "--author", "Ada")[0] == 0
    assert not night(july_too_high).fell_back
    for path in july_too_high.raw.glob(f"{CHINA}/decisions/*-accept.json"):
        path.unlink()
    assert list(night(july_too_high).fell_back) == [CHINA]


def test_an_error_that_lasts_through_two_copies_costs_both_and_not_the_source(july_too_high: Settings) -> None:
    revise(july_too_high, CHINA, RARE_EARTHS, {JUNE_2019: "2019-06,3967,"}, december(8))
    edition = night(july_too_high)
    assert tonnes(edition.path, "2019-07") == [5243.4]
    assert tonnes(edition.path, "2019-06") == [3966.0]
    assert status(edition.path, CHINA)[0] == "fell_back"


def test_a_held_release_after_the_error_does_not_cost_the_source_its_good_past(july_too_high: Settings) -> None:
    revise(july_too_high, CHINA, RARE_EARTHS, {JUNE_2019: "2019-06,39660,"}, december(8))
    edition = night(july_too_high)
    assert tonnes(edition.path, "2019-07") == [5243.4]
    assert status(edition.path, CHINA)[0] == "fell_back"


def test_a_country_that_breaks_the_world_total_sends_only_its_source_back(own: Settings) -> None:
    text = newest(own, USGS, PRODUCTION)
    (line,) = [
        text_line
        for text_line in text.splitlines()
        if text_line.startswith("rare earths,mine,China,CHN,2024,270000,") and ",2026,http" in text_line
    ]
    receive(own, USGS, PRODUCTION, text.replace(line, line.replace("270000", "370000")), december(1))
    revise(own, CHINA, RARE_EARTHS, {JUNE_2019: "2019-06,3967,"}, december(1))
    edition = night(own)
    assert list(edition.fell_back) == [USGS]
    state, message = status(edition.path, USGS)
    assert state == "fell_back"
    assert "check partners_against_totals" in message
    assert "usgs_mcs/world_production/rare_earths/mine" in message
    china = "select weight_kg from facts.production where country_iso3 = 'CHN' and series_id = ? and period_start = '2024-01-01'"
    assert ask(edition.path, china, "usgs_mcs/world_production/rare_earths/mine") == [(270_000_000,)]
    assert tonnes(edition.path, "2019-06") == [3967.0]
    assert status(edition.path, CHINA) == ("ok", "")


def test_a_source_with_nothing_earlier_is_left_out_and_the_edition_published(data: Settings) -> None:
    text = newest(data, CHINA, RARE_EARTHS)
    shutil.rmtree(data.raw / CHINA / "bundled")
    (old, new) = next(iter(JULY_TOO_HIGH.items()))
    receive(data, CHINA, RARE_EARTHS, text.replace(old, new), december(1))
    edition = night(data)
    assert status(edition.path, CHINA)[0] == "failed"
    assert "check year_to_date" in status(edition.path, CHINA)[1]
    assert ask(edition.path, "select count(*) from facts.trade_total where source = ?", CHINA) == [(0,)]
    assert ask(edition.path, "select count(*) > 100 from facts.production") == [(True,)]


def add_check(monkeypatch: pytest.MonkeyPatch, sql: str) -> None:
    """Add a check to those of sql/checks."""
    extra = statements.Statement("checks.atlantis", Path("atlantis.sql"), sql, "Countries that sank.", (), (), None)
    monkeypatch.setattr(build, "statements", lambda folder: statements.statements(folder) + ((extra,) if folder == "checks" else ()))


@pytest.mark.parametrize(
    ("blamed", "sql"),
    [
        ("nobody", "select 'ATL' as country_iso3, 7 as rows, 'wrong' as outcome"),
        (
            "nobody in one of its rows",
            "select null as source, 'ATL' as country_iso3, 'wrong' as outcome union all select 'usgs_mcs', 'MU', 'wrong'",
        ),
        ("a source that does not exist", "select 'atlantis_customs' as source, 'ATL' as country_iso3, 'wrong' as outcome"),
    ],
)
def test_a_check_that_blames_no_source_publishes_nothing(blamed: str, sql: str, own: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    revise(own, CHINA, RARE_EARTHS, {JUNE_2019: "2019-06,3967,"}, december(1))
    before, inode = table_hashes(own.edition), own.edition.stat().st_ino
    add_check(monkeypatch, sql)
    with pytest.raises(BuildFailed, match=r"check atlantis found . wrong rows .Countries that sank") as refused:
        build_small(own)
    assert refused.value.check == "atlantis"
    assert "ATL" in [row["country_iso3"] for row in refused.value.rows], blamed
    assert own.edition.stat().st_ino == inode
    assert table_hashes(own.edition) == before
    assert leftovers(own) == []


def test_a_check_that_blames_a_source_whatever_it_stands_on_is_refused_in_the_end(own: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    revise(own, CHINA, RARE_EARTHS, {JUNE_2019: "2019-06,3967,"}, december(1))
    before = table_hashes(own.edition)
    add_check(monkeypatch, "select 'china_customs_bulletin' as source, 'ATL' as country_iso3, 'wrong' as outcome")
    with pytest.raises(BuildFailed, match="check atlantis"):
        build_small(own)
    assert table_hashes(own.edition) == before


def test_a_doubled_line_in_a_vocabulary_publishes_nothing(own: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    revise(own, CHINA, RARE_EARTHS, {JUNE_2019: "2019-06,3967,"}, december(1))
    before, real = table_hashes(own.edition), vocabulary.read
    monkeypatch.setattr(
        vocabulary, "read", lambda name: pl.concat([real(name), real(name).filter(iso3="JPN")]) if name == "country" else real(name)
    )
    with pytest.raises(BuildFailed, match="check unique_keys") as refused:
        build_small(own)
    assert refused.value.check == "unique_keys"
    assert any("vocabulary.country" in str(row) and "JPN" in str(row) for row in refused.value.rows)
    assert table_hashes(own.edition) == before
