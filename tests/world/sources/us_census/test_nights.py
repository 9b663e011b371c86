"""Nights at the Bureau: revisions, withdrawn months, faulty answers and changes of selection, from its API to an edition."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from statistics import mean, median
from typing import Any

import pytest

from pipelines import archive
from pipelines.edition.build import Edition
from pipelines.edition.open import read_only
from pipelines.errors import LodestoneError
from pipelines.fetching.due import plan
from pipelines.fetching.missed import missed_months
from pipelines.fetching.visit import Fetched
from pipelines.periods import months_between
from pipelines.rehearsal import faults
from pipelines.rehearsal.server import Offices
from pipelines.rehearsal.us_census_stand_in import KEY, Cell, UsCensus, annual_revision, made_up, made_up_cells, rolled_up, without_months
from pipelines.settings import Settings
from pipelines.sources import load_source
from tests.building import Run
from tests.nights import ask, curate, environment, night, publish, rows
from tests.unit.sources.us_census.asked import LITHIUM, cell

NARROW, WIDE = "283691", "283691,850511"
MAY, JUNE = "2025-05-20T02:00:00", "2025-06-08T02:00:00"
VALUES = {"imports": {"imports": "GEN_VAL_MO", "imports_for_consumption": "CON_VAL_MO"}, "exports": {"exports": "ALL_VAL_MO"}}


def in_may() -> UsCensus:
    return made_up("2022-01", "2025-03")


def in_june() -> UsCensus:
    return made_up("2022-01", "2025-04", lambda cells: annual_revision(cells, 2025))


def figures(bureau: UsCensus, selection: str = NARROW, digits: tuple[int, ...] = (10,)) -> dict[tuple[str, str, str, date], int]:
    """Every value of ten digits, or of other levels too, by kind of count, code, country and month."""
    return {
        (dataset, cell.code, cell.country, date.fromisoformat(f"{cell.month}-01")): int(str(cell.values[variable]))
        for cell in bureau.cells
        if len(cell.code) in digits and cell.code[:6] in selection.split(",") and cell.summary_level == "DET"
        for dataset, variable in VALUES[cell.flow].items()
    }


@dataclass
class Story:
    """What the nights left: the installation, and what was asked of the edition after each of them."""

    data: Settings
    offices: Offices
    may: Edition
    may_totals: list[dict[str, Any]]
    june: Edition


TOTALS = "select series_id, code, period_start, value_usd from {} where source = 'us_census' order by all"


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    data = Settings(tmp_path_factory.mktemp("story") / "data")
    with Offices({"us_census": in_may()}) as offices:
        may = night(data, offices, MAY, NARROW)
        totals = rows(may, TOTALS.format("facts.trade_total"))
        offices.replace("us_census", in_june())
        yield Story(data, offices, may, totals, night(data, offices, JUNE, NARROW))


@pytest.fixture
def own(story: Story, tmp_path: Path) -> Iterator[Story]:
    """The story so far, with an installation that a test may go on with."""
    data = Settings(Path(shutil.copytree(story.data.data, tmp_path / "data")))
    story.offices.faults.clear()
    story.offices.replace("us_census", in_june())
    june = Edition(data.edition, story.june.edition_id, False)
    yield Story(data, story.offices, story.may, story.may_totals, june)
    story.offices.faults.clear()


def facts_of(edition: Edition) -> dict[tuple[str, str, str, date], int]:
    """The values of partners and totals, by kind of count, code, country and month."""
    both = " union all ".join(
        f"select dataset, code, partner_code, period_start, value_usd from facts.{name} where source = 'us_census'"
        for name in ("trade_flow", "trade_total")
    )
    return {(row["dataset"], row["code"], row["partner_code"], row["period_start"]): int(row["value_usd"]) for row in rows(edition, both)}


def status(edition: Edition) -> dict[str, Any]:
    return rows(edition, "from meta.source_status where source = 'us_census'")[0]


def test_every_row_of_ten_digits_is_a_fact_with_the_value_filed(story: Story):
    assert status(story.june)["state"] == "ok"
    assert facts_of(story.june) == figures(in_june())


def test_every_row_of_six_digits_is_a_control_total_that_the_facts_add_up_to(story: Story):
    compared = rows(
        story.june,
        """
        select heading.value_usd, sum(fact.value_usd) as facts
        from facts.control_total as heading
        inner join (from facts.trade_flow union all by name from facts.trade_total) as fact
            using (series_id, partner_code, period_start)
        where heading.source = 'us_census' and heading.why_not_fact = 'coarser_level'
        group by heading.series_id, heading.partner_code, heading.period_start, heading.value_usd
        """,
    )
    six_digits = [cell for cell in in_june().cells if cell.code == "283691" and cell.summary_level == "DET"]
    assert len(compared) == sum(len(VALUES[cell.flow]) for cell in six_digits)
    assert all(row["value_usd"] == row["facts"] for row in compared)


def counted_as(code: str, country: str) -> str:
    return "control" if len(code) == 6 else "total" if country == "-" else "partner"


def test_the_june_revision_is_exactly_the_cells_that_moved_with_before_and_after(story: Story):
    before, after = (figures(bureau, digits=(6, 10)) for bureau in (in_may(), in_june()))
    expected = {(*key, value, after[key]) for key, value in before.items() if after[key] != value}
    assert len(expected) > 50
    assert {key[3].year for key in expected} == {2022, 2023, 2024}
    found = rows(story.june, "from facts.revision where source = 'us_census'")
    assert {
        (row["dataset"], row["code"], row["partner_code"], row["period_start"], int(row["before_value"]), int(row["after_value"]))
        for row in found
    } == expected
    assert len(found) == len(expected)
    assert {(row["kind"], row["measure"], row["revision_no"], row["snapshot_no"]) for row in found} == {("revised", "value_usd", 1, 2)}
    assert all(row["counted"] == counted_as(row["code"], row["partner_code"]) for row in found)
    assert {(row["known_before"], row["known_from"]) for row in found} == {(datetime.fromisoformat(MAY), datetime.fromisoformat(JUNE))}


def test_totals_as_of_the_day_before_the_revision_are_those_of_that_day(story: Story):
    assert rows(story.june, TOTALS.format("trade_total_as_of(timestamp '2025-06-07')")) == story.may_totals
    assert rows(story.june, TOTALS.format("trade_total_as_of(timestamp '2025-06-08')")) == rows(
        story.june, TOTALS.format("facts.trade_total")
    )


def test_the_profile_of_revisions_is_that_of_the_cells(story: Story):
    before, after = (figures(bureau, digits=(6, 10)) for bureau in (in_may(), in_june()))
    for profile in rows(story.june, "from marts.revision_profile where source = 'us_census' and measure = 'value_usd'"):
        mine = {
            key: value for key, value in after.items() if key[0] == profile["dataset"] and counted_as(key[1], key[2]) == profile["counted"]
        }
        moved = {key: value / before[key] - 1 for key, value in mine.items() if key in before and before[key] not in (0, value)}
        assert (profile["figures"], profile["revised"]) == (len(mine), len(moved)), profile
        first = {key: before.get(key, value) for key, value in mine.items()}
        every = [value / first[key] - 1 if value != first[key] else 0 for key, value in mine.items() if first[key] or not value]
        assert profile["mean_revision"] == pytest.approx(mean(every), abs=1e-9)
        assert profile["mean_absolute_revision"] == pytest.approx(mean(map(abs, every)), abs=1e-9)
        assert profile["weighted_revision"] == pytest.approx(sum(mine.values()) / sum(first.values()) - 1)
        changed = sum(abs(value - first[key]) for key, value in mine.items())
        assert profile["weighted_absolute_revision"] == pytest.approx(changed / sum(first.values()))
        assert profile["mean_revision_of_revised"] == pytest.approx(mean(moved.values()), abs=1e-9)
        assert profile["mean_absolute_revision_of_revised"] == pytest.approx(mean(map(abs, moved.values())), abs=1e-9)
        assert profile["median_absolute_revision_of_revised"] == pytest.approx(median(map(abs, moved.values())), abs=1e-9)
        assert profile["largest_absolute_revision"] == pytest.approx(max(map(abs, moved.values())), abs=1e-9)
        assert (profile["median_snapshots_to_settle"], profile["largest_snapshots_to_settle"]) == (1, 1), (
            "none moved by more than two percent"
        )
        assert (profile["first_period"], profile["last_period"]) == (min(key[3] for key in moved), max(key[3] for key in moved))


def test_codes_that_split_in_january_hand_over_without_a_gap_and_without_a_revision(story: Story):
    found = rows(
        story.june,
        "select period_start, list(distinct code order by code) as codes from facts.trade_total where dataset = 'imports'"
        " and period_start between date '2023-12-01' and date '2024-01-01' group by period_start order by period_start",
    )
    assert [row["codes"] for row in found] == [["2836910010"], ["2836910012", "2836910018"]]


def test_a_fact_can_be_followed_to_the_line_of_the_answer_that_holds_its_value(story: Story):
    found = rows(
        story.june,
        "select fact.*, file.body_sha256, file.url from facts.trade_flow as fact"
        " inner join meta.release_file as file using (release_id, source_member)"
        " where fact.source = 'us_census' order by hash(fact.code, fact.partner_code, fact.period_start, fact.dataset) limit 40",
    )
    assert {row["dataset"] for row in found} == {"imports", "imports_for_consumption", "exports"}
    for row in found:
        path = story.data.raw / "us_census" / "fetched" / row["body_sha256"][:12] / row["source_member"]
        lines = path.read_text("utf-8").split("\n")
        header, _ = json.JSONDecoder().raw_decode(lines[0], 1)
        values, _ = json.JSONDecoder().raw_decode(lines[row["source_row"] - 1])
        held = dict(zip(header, values, strict=True))
        flow = row["flow"] + "s"
        assert int(held[VALUES[flow][row["dataset"]]]) == row["value_usd"]
        assert (held["CTY_CODE"], held["time"]) == (row["partner_code"], f"{row['period_start']:%Y-%m}")
        assert f"/intltrade/{flow}/hs" in row["url"]
        assert KEY not in row["url"]


def test_the_order_of_rows_makes_no_release(own: Story):
    before = rows(own.june, "select count(*) as releases from meta.release")
    own.offices.replace("us_census", made_up("2022-01", "2025-04", lambda cells: annual_revision(cells, 2025), seed=7))
    assert rows(night(own.data, own.offices, "2025-06-09T02:00:00", NARROW), "select count(*) as releases from meta.release") == before


def test_a_withdrawn_month_stays_until_somebody_accepts_that_it_is_gone(own: Story):
    march = date(2025, 3, 1)
    before = facts_of(own.june)
    own.offices.replace("us_census", UsCensus(without_months(in_june().cells, "2025-03")))
    held = night(own.data, own.offices, "2025-06-09T02:00:00", NARROW)
    assert facts_of(held) == before
    assert status(held)["state"] == "quarantined"
    assert "us_census/imports/2025-03: all" in status(held)["message"]
    for row in rows(held, "select release_id, slice from meta.release where state = 'quarantined'"):
        archive.decide(
            own.data.raw,
            archive.Decision(
                source="us_census",
                verb="accept",
                release_id=row["release_id"],
                author="A. Tester",
                reason="the office says so",
                decided_at=datetime.fromisoformat("2025-06-09T09:00:00+00:00"),
            ),
        )
    accepted = publish(own.data, own.offices, "2025-06-09T10:00:00", NARROW)
    assert facts_of(accepted) == {key: value for key, value in before.items() if key[3] != march}
    assert status(accepted)["state"] == "ok"


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (faults.doubled(), "stands on more than one line: keep one of them"),
        (faults.replaced("CTY_CODE", "3370", "3371"), "CTY_CODE '3371' is not in pipelines/sources/us_census/partners.csv"),
        (faults.replaced("UNIT_QY1", "KG", "KGS"), "UNIT_QY1 'KGS' is not in pipelines/sources/us_census/units.csv"),
        (faults.renamed("GEN_VAL_MO", "GEN_VALUE_MO"), "variable 'GEN_VAL_MO' is missing"),
        (faults.encoded("latin-1"), "not UTF-8"),
    ],
)
def test_a_faulty_answer_makes_no_current_release(own: Story, fault: faults.Effect, message: str):
    before = facts_of(own.june)
    own.offices.faults.add(fault, "us_census", r"imports/hs.*I_COMMODITY=2836\*.*HS10")
    ask(own.data, own.offices, "2025-06-09T02:00:00", NARROW)
    found = curate(own.data, own.offices, "2025-06-09T02:00:00", "us_census", NARROW)
    assert message in " ".join(found.failed + found.errors)
    assert all(slice_name.startswith("us_census/imports/") for slice_name in found.failed)
    if "more than one" in message:
        edition = publish(own.data, own.offices, "2025-06-09T02:00:00", NARROW)
        assert facts_of(edition) == before
        assert message in status(edition)["message"]


@pytest.mark.parametrize("key_page", ["direct", "redirect"])
def test_a_key_the_office_does_not_know_is_told_with_the_remedy_and_without_the_key(tmp_path: Path, key_page: Any):
    data = Settings(tmp_path / "data")
    with Offices({"us_census": UsCensus([], keys=("another",), key_page=key_page)}) as offices:
        found = ask(data, offices, MAY, NARROW)["us_census"]
        assert len(offices.asked) <= 6, "an office that knows no key is not asked a hundred times"
    assert isinstance(found, Fetched)
    assert (found.answered, len(found.failures)) == (0, 3)
    for part in ("does not know the key", "LODESTONE_US_CENSUS_KEY", "https://api.census.gov/data/key_signup.html"):
        assert part in found.failures[0]
    assert KEY not in "".join(path.read_text("utf-8") for path in data.raw.rglob("*") if path.is_file())


def test_without_a_key_nothing_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("tests.nights.KEY", "")
    with Offices({"us_census": UsCensus([])}) as offices:
        found = ask(Settings(tmp_path / "data"), offices, MAY, NARROW)["us_census"]
        assert offices.asked == []
    assert isinstance(found, LodestoneError)
    assert "https://api.census.gov/data/key_signup.html" in str(found)


def test_a_month_that_is_not_there_yet_is_asked_for_again_and_was_never_withdrawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    data = Settings(tmp_path / "data")
    with Offices({"us_census": made_up("2025-01", "2025-03")}) as offices:
        ask(data, offices, JUNE, NARROW)
        assert curate(data, offices, JUNE, "us_census", NARROW).releases == 6
        for name, value in environment(data, offices, "2025-06-09T02:00:00", NARROW).items():
            monkeypatch.setenv(name, value)
        source = load_source("us_census")
        months = plan(data, source, datetime.fromisoformat("2025-12-01T02:00:00+00:00")).months
        assert months["2025-04"] == "empty when last asked, and nothing later is there: not published yet"
        assert "2019-04" not in months, "a month of which nothing was filed is not asked for every night"
        offices.replace("us_census", made_up("2025-01", "2025-04"))
        ask(data, offices, "2025-06-09T02:00:00", NARROW)
        found = curate(data, offices, "2025-06-09T02:00:00", "us_census", NARROW)
        assert (found.releases, found.quarantined, found.failed, found.errors) == (8, [], [], [])


def test_a_season_that_was_missed_is_told_once_its_first_day_has_passed_and_ends_with_the_look_that_makes_it_up(own: Story):
    def missed(now: str, edition: Edition = own.june) -> list[tuple[str, str, date]]:
        with read_only(edition.path) as connection:
            found = missed_months(own.data, connection, datetime.fromisoformat(f"{now}T12:00:00+00:00"))
        return [(row.months[0], row.months[-1], row.since) for row in found]

    assert missed("2025-06-30") == missed("2025-07-01") == []
    assert missed("2026-06-01") == [("2025-02", "2025-04", date(2025, 7, 1))], "those that were among the newest months"
    assert missed("2026-06-02") == missed("2026-08-15") == [("2022-10", "2025-04", date(2025, 7, 1))]
    reasons = rows(
        own.june,
        "select distinct reason from meta.coverage where source = 'us_census' and status = 'published' and month = '2024-01-01'",
    )
    assert reasons == [{"reason": "to be asked for again between 2026-06-01 and 2026-07-31, when the office may revise it"}]

    own.offices.replace("us_census", made_up("2022-01", "2026-06", lambda cells: annual_revision(annual_revision(cells, 2025), 2026)))
    august = night(own.data, own.offices, "2026-08-15T02:00:00", NARROW)
    assert (
        facts_of(august).items()
        >= figures(made_up("2022-10", "2025-12", lambda cells: annual_revision(annual_revision(cells, 2025), 2026))).items()
    )
    assert missed("2026-08-15", august) == []


def test_what_was_missed_is_told_where_an_operator_looks(own: Story, lodestone: Run):
    message = "31 months (2022-10 to 2025-04) should have been asked for again since 2025-07-01"
    now = {"LODESTONE_NOW": "2026-08-15T12:00:00", "LODESTONE_SELECTION": NARROW}
    assert message in " ".join(lodestone(own.data, "sources", **now)[1].split())
    assert message in " ".join(lodestone(own.data, "doctor", **now)[1].split())
    assert f"us_census missed: {message}" in " ".join(lodestone(own.data, "alerts", **now)[1].split())
    assert "asked for again" not in lodestone(own.data, "sources", LODESTONE_NOW="2025-06-10T12:00:00", LODESTONE_SELECTION=NARROW)[1]


def test_a_night_that_sees_the_same_again_publishes_nothing(own: Story):
    assert not night(own.data, own.offices, "2025-06-09T02:00:00", NARROW).changed


MAGNETS = "8505110070"


def monthly(first: str, last: str, *gone: tuple[str, str]) -> UsCensus:
    """Lithium and magnets every month but for what is `gone` (code and month), and a code of cobalt in January and March alone."""
    filed = [(code, month) for code in (LITHIUM, MAGNETS) for month in months_between(first, last)]
    filed += [("2822000000", month) for month in months_between(first, last) if month[5:] in ("01", "03")]
    return UsCensus(rolled_up(cell(code, month=month) for code, month in filed if (code, month) not in gone))


def covered(edition: Edition, code: str, month: str) -> tuple[str, str | None]:
    """Status and reason of a month of imports of six digits."""
    found = rows(
        edition,
        "select status, reason from meta.coverage where series_id = ? and month = ?",
        f"us_census/imports/{code}",
        date.fromisoformat(f"{month}-01"),
    )
    return found[0]["status"], found[0]["reason"]


def test_an_empty_answer_of_a_code_filed_every_month_is_no_zero_until_it_is_confirmed_when_another_month_is_there(tmp_path: Path):
    selection, april = "282200,283691,850511", (MAGNETS, "2025-04")
    data = Settings(tmp_path / "data")
    with Offices({"us_census": monthly("2025-01", "2025-03")}) as offices:
        night(data, offices, "2025-05-20T02:00:00", selection)
        offices.replace("us_census", monthly("2025-01", "2025-04", april))
        alone = night(data, offices, "2025-06-08T02:00:00", selection)
        message = "the office has none of a code that is filed every month; no snapshot of a later time has confirmed it"
        assert covered(alone, "850511", "2025-04") == ("not_yet", message)
        assert covered(alone, "282200", "2025-04") == ("none_filed", "the office was asked and has none"), "its trade is patchy"
        assert covered(alone, "283691", "2025-04")[0] == "published"
        assert changes(alone, "850511", "2025-04") == []
        assert changes(alone, "282200", "2025-04") == [0]
        assert not night(data, offices, "2025-06-09T02:00:00", selection).changed, "the same release says the same again"
        offices.replace("us_census", monthly("2025-01", "2025-05", april))
        confirmed = night(data, offices, "2025-07-08T02:00:00", selection)
        assert covered(confirmed, "850511", "2025-04") == ("none_filed", "the office was asked and has none")
        assert changes(confirmed, "850511", "2025-04") == [0]
        offices.replace("us_census", monthly("2025-01", "2025-05"))
        filed = night(data, offices, "2025-07-09T02:00:00", selection)
        assert covered(filed, "850511", "2025-04")[0] == "published"
        assert changes(filed, "850511", "2025-04") == [900]


def changes(edition: Edition, code: str, month: str) -> list[float]:
    """The value of a month as the mart of changes has it; nothing where it has no such month."""
    found = rows(
        edition,
        "select distinct amount from marts.import_change_monthly where series_id = ? and basis = 'value' and period_months = 1"
        " and period_start = ?",
        f"us_census/imports/{code}",
        date.fromisoformat(f"{month}-01"),
    )
    return [row["amount"] for row in found]


def test_an_empty_answer_about_a_month_long_past_is_a_zero_at_once(tmp_path: Path):
    data = Settings(tmp_path / "data")
    with Offices({"us_census": monthly("2024-06", "2025-03", (MAGNETS, "2024-11"), (MAGNETS, "2025-02"))}) as offices:
        first = night(data, offices, "2025-05-20T02:00:00", "283691,850511")
    assert covered(first, "850511", "2024-11")[0] == "none_filed"
    assert covered(first, "850511", "2025-02")[0] == "none_filed", "the month before it was missing too: its trade is patchy"


def small_world() -> UsCensus:
    """Two codes and three months of the invented world."""
    cells: list[Cell] = [cell for cell in made_up_cells("2025-01", "2025-03") if cell.code[:6] in WIDE.split(",")]
    return UsCensus(rolled_up(cells))


def test_a_change_of_selection_and_back_is_no_revision_and_takes_nothing_away(tmp_path: Path):
    data = Settings(tmp_path / "data")
    with Offices({"us_census": small_world()}) as offices:
        for day, selection in (("2025-05-20", NARROW), ("2025-05-22", NARROW)):
            ask(data, offices, f"{day}T02:00:00", selection)
            wide = night(data, offices, f"{day[:-1]}{int(day[-1]) + 1}T02:00:00", WIDE)
            assert facts_of(wide) == figures(small_world(), WIDE), day
            assert (status(wide)["state"], rows(wide, "from facts.revision where source = 'us_census'")) == ("ok", []), day
        assert facts_of(publish(data, offices, "2025-05-23T03:00:00", NARROW)) == figures(small_world(), NARROW)
