"""Two nights of one office, told apart: a newly asked code is no new trade, a newly named partner is no new one."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import polars as pl
import pytest

from pipelines import archive
from pipelines.edition.open import side_by_side
from pipelines.errors import LodestoneError
from pipelines.fetching import due
from pipelines.fetching.visit import visit_office
from pipelines.intake.curation import refresh
from pipelines.night import build
from pipelines.questions.difference.compare import Difference, as_json, compare
from pipelines.questions.difference.kinds import release_changes
from pipelines.questions.difference.words import as_markdown, as_text
from pipelines.rehearsal import us_census_stand_in as us_census
from pipelines.rehearsal.office import Office
from pipelines.rehearsal.server import Offices
from pipelines.rehearsal.us_census_stand_in import Cell
from pipelines.settings import PROJECT, Settings, load_settings
from pipelines.sources import load_source
from tests.copies import JUNE_2019, RARE_EARTH_SERIES, december, revise
from tests.nights import CONTENTS
from tests.small import CHINA as CHINA_CUSTOMS
from tests.small import RARE_EARTHS, build_small

VINTAGES = [PROJECT.parent / "shared" / "real" / "us_census" / f"census-import_vintage_{day}.json" for day in ("2026-05-10", "2026-06-07")]
NAMES = {"5700": "CHINA", "3370": "CHILE", "3570": "ARGENTINA", "1220": "CANADA", "-": "TOTAL FOR ALL COUNTRIES"}
CHINA, CHILE, ARGENTINA, CANADA, ALL = NAMES
FIRST, SECOND = datetime(2024, 5, 10, 2, tzinfo=UTC), datetime(2024, 6, 7, 2, tzinfo=UTC)


@pytest.fixture(scope="module")
def environment() -> Iterator[pytest.MonkeyPatch]:
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("LODESTONE_US_CENSUS_KEY", us_census.KEY)
        yield patched


def night(
    data: Path, environment: pytest.MonkeyPatch, office: Office, selection: Iterable[str], at: datetime, first: str, last: str
) -> Settings:
    """Ask the office for some months and publish an edition of what it said, with nothing else in it."""
    settings = asked(data, environment, office, selection, at, first, last)
    refresh(settings, load_source("us_census"))
    publish(settings)
    return settings


def asked(
    data: Path, environment: pytest.MonkeyPatch, office: Office, selection: Iterable[str], at: datetime, first: str, last: str
) -> Settings:
    """Ask the office for some months, and keep what it says."""
    with Offices({"us_census": office}) as offices:
        for name, value in {
            "LODESTONE_DATA": str(data),
            "LODESTONE_SELECTION": ",".join(sorted(selection)),
            "LODESTONE_OFFICES": offices.address,
            "LODESTONE_NOW": at.isoformat(),
        }.items():
            environment.setenv(name, value)
        settings = load_settings()
        source = load_source("us_census")
        planned = due.backfill(source, first, last, at)
        assert not visit_office(settings, source, planned, at, lambda _: None).failures
    return settings


def publish(settings: Settings) -> None:
    assert build(settings, contents=CONTENTS).fell_back == {}


def told_apart(settings: Settings) -> Difference:
    decisions = archive.decisions(settings.raw, "us_census").values()
    with side_by_side(settings.previous_edition, settings.edition) as connection:
        return compare(connection, decisions)


@pytest.fixture(scope="module")
def real(environment: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Difference:
    if not all(path.exists() for path in VINTAGES):
        pytest.skip("the two real vintages of US imports are not beside this checkout")
    data = tmp_path_factory.mktemp("real") / "data"
    for path, at in zip(VINTAGES, ("2026-05-10T02:00:00+00:00", "2026-06-07T02:00:00+00:00"), strict=True):
        codes = {code[:6] for code in json.loads(path.read_text("utf-8"))["monthly"]}
        settings = night(data, environment, us_census.from_vintage(path), codes, datetime.fromisoformat(at), "2023-01", "2026-03")
    return told_apart(settings)


def test_between_two_real_vintages_no_total_moved_eight_codes_are_newly_asked_and_two_partners_newly_named(real: Difference) -> None:
    assert real.revised.is_empty()
    assert real.newly_asked["code"].unique().sort().to_list() == [
        *("280461", "760200", "760612", "848340"),
        *("850152", "850511", "854142", "854143"),
    ]
    assert set(real.partners["kind"]) == {"newly_named"}
    assert set(real.partners["partner_iso3"]) == {"KHM", "PHL"}
    assert real.new_months.is_empty()
    assert real.gone_months.is_empty()
    text = as_text(real)
    assert "No total moved" in text
    assert "codes newly asked: 8 (280461" in text
    assert "partners newly named (their amount was in the total before, without a country): 2 (KHM, PHL)" in text
    assert "KHM, PHL" in text


def cell(code: str, country: str, month: str, usd: int) -> Cell:
    values = {"GEN_VAL_MO": str(usd), "GEN_CIF_MO": None, "CON_VAL_MO": None, "GEN_QY1_MO": str(usd // 10), "GEN_QY1_MO_FLAG": "-"}
    return Cell("imports", code, month, country, NAMES[country], {**values, "UNIT_QY1": "KG"}, "made up")


MONTHS = ("2024-01", "2024-02", "2024-03")
FEBRUARY, MARCH, APRIL = (date(2024, month, 1) for month in (2, 3, 4))
REVISED, NAMED, APPEARED, LOST = "283691", "282200", "250410", "380110"
ONCE_LOST, RECODED, ASKED, ONE_MORE = "283324", "811292", "282520", "760200"
"""Codes whose figures each tell one story between the two nights."""
BEFORE, BARREN = {REVISED, NAMED, APPEARED, LOST, ONCE_LOST, RECODED, ONE_MORE}, "280461"


def usual(code: str, *months: str) -> list[Cell]:
    return [
        cell(f"{code}0050", country, month, usd) for month in months for country, usd in ((CHINA, 1000), (CHILE, 5000), (ARGENTINA, 4000))
    ]


def unnamed(code: str, month: str) -> list[Cell]:
    """A month of one supplier whose total holds a thousand dollars more, without a country."""
    totals = [cell(digits, ALL, month, 6000) for digits in (f"{code}0050", code)]
    return [cell(f"{code}0050", CHILE, month, 5000), *totals]


def first_night() -> list[Cell]:
    return [
        *(cell for code in (REVISED, APPEARED, LOST, ONCE_LOST, RECODED) for cell in usual(code, *MONTHS)),
        *usual(ONE_MORE, "2024-01", "2024-02"),
        *(cell for cell in usual(ONE_MORE, "2024-03") if cell.country != CHINA),
        *usual(NAMED, "2024-01"),
        *unnamed(NAMED, "2024-02"),
        *unnamed(NAMED, "2024-03"),
    ]


def second_night() -> list[Cell]:
    cells = {filed.key: filed for filed in first_night()}
    changed = [
        cell(f"{REVISED}0050", CHINA, "2024-02", 1500),
        cell(f"{REVISED}0050", CHILE, "2024-03", 5010),
        *usual(REVISED, "2024-04"),
        cell(f"{REVISED}0050", CANADA, "2024-04", 70),
        cell(f"{NAMED}0050", CANADA, "2024-02", 1000),
        cell(f"{NAMED}0050", CHINA, "2024-03", 600),
        cell(f"{APPEARED}0050", CANADA, "2024-02", 300),
        cell(f"{ONE_MORE}0050", CHINA, "2024-03", 1000),
        *(cell(f"{RECODED}005{digit}", country, "2024-02", usd) for digit, country, usd in (("1", CHINA, 400), ("9", CHINA, 600))),
        *(cell(f"{RECODED}0051", country, "2024-02", usd) for country, usd in ((CHILE, 5000), (ARGENTINA, 4000))),
        *(cell(f"{ASKED}0050", CANADA, month, 900) for month in (*MONTHS, "2024-04")),
    ]
    cells |= {filed.key: filed for filed in changed}

    def stays(cell: Cell) -> bool:
        if cell.code.startswith(LOST):
            return cell.country != CHINA
        if cell.code.startswith(ONCE_LOST):
            return (cell.country, cell.month) != (CHINA, "2024-02")
        return (cell.code, cell.month) != (f"{RECODED}0050", "2024-02")

    return [filed for filed in cells.values() if stays(filed)]


@pytest.fixture(scope="module")
def two_nights(environment: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> tuple[Settings, Difference]:
    data = tmp_path_factory.mktemp("nights") / "data"
    for at, cells, selection, last in (
        (FIRST, first_night(), BEFORE, "2024-03"),
        (SECOND, second_night(), BEFORE | {ASKED, BARREN}, "2024-04"),
    ):
        settings = asked(data, environment, us_census.UsCensus(us_census.rolled_up(cells)), selection, at, "2024-01", last)
        for held in refresh(settings, load_source("us_census")).quarantined:  # what vanishes waits for a person
            archive.decide(settings.raw, archive.Decision("us_census", held.split()[0], "accept", "Ada", "they say so", at))
        publish(settings)
    return settings, told_apart(settings)


@pytest.fixture(scope="module")
def found(two_nights: tuple[Settings, Difference]) -> Difference:
    return two_nights[1]


def figures(found: Difference, code: str) -> list[tuple[str, str, date, int | None, int | None]]:
    def whole(value: Decimal | None) -> int | None:
        return None if value is None else int(value)

    rows = found.revised.filter(pl.col("measure") == "value_usd", pl.col("series_id").str.ends_with(code)).iter_rows(named=True)
    return [(row["counted"], row["partner_iso3"], row["period_start"], whole(row["before"]), whole(row["after"])) for row in rows]


def kinds(found: Difference, code: str) -> list[tuple[str, str, int]]:
    rows = found.partners.filter(pl.col("series_id").str.ends_with(code)).sort("partner_iso3").iter_rows(named=True)
    return [(row["partner_iso3"], row["kind"], row["months"]) for row in rows]


def test_a_revised_figure_is_told_with_before_after_and_ratio_and_totals_come_first(found: Difference) -> None:
    assert figures(found, REVISED) == [
        ("total", "WLD", FEBRUARY, 10_000, 10_500),
        ("total", "WLD", MARCH, 10_000, 10_010),
        ("partner", "CHN", FEBRUARY, 1000, 1500),
        ("partner", "CHL", MARCH, 5000, 5010),
    ]
    assert "CHN code 2836910050 2024-02 value_usd: 1,000 -> 1,500 (x 1.5, +50.00%)" in as_text(found)


def test_a_new_month_is_one_that_was_not_there_and_a_partner_that_begins_in_it_is_new(found: Difference) -> None:
    assert found.new_months.select("series_id", "period_start", "is_new_series").rows() == [("us_census/imports/283691", APRIL, False)]
    assert kinds(found, REVISED) == [("CAN", "new", 1)]
    assert "new months: 1 in 1 series\n    2024-04: us_census/imports/283691" in as_text(found)


def test_a_partner_that_fills_what_had_no_country_is_newly_named_whether_known_or_not(found: Difference) -> None:
    assert kinds(found, NAMED) == [("CAN", "newly_named", 1), ("CHN", "newly_named", 1)]
    assert figures(found, NAMED) == []


def test_a_partner_that_comes_with_a_higher_total_is_not_newly_named(found: Difference) -> None:
    assert kinds(found, APPEARED) == [("CAN", "appeared", 1)]
    assert figures(found, APPEARED) == [("total", "WLD", FEBRUARY, 10_000, 10_300)]


def test_a_partner_without_any_row_in_the_months_it_stood_in_is_lost(found: Difference) -> None:
    assert kinds(found, LOST) == [("CHN", "lost", 3)]
    assert {counted for counted, *_ in figures(found, LOST)} == {"total"}


def test_a_known_partner_that_loses_one_month_of_several_is_neither_lost_nor_revised_but_no_longer_there(found: Difference) -> None:
    assert kinds(found, ONCE_LOST) == []
    assert figures(found, ONCE_LOST) == [("total", "WLD", FEBRUARY, 10_000, 9000)]
    gone = found.vanished.filter(pl.col("series_id").str.ends_with(ONCE_LOST)).select("counted", "partner_iso3", "measure", "before")
    assert gone.rows() == [("partner", "CHN", *pair) for pair in (("quantity", 100), ("value_usd", 1000), ("weight_kg", 100))]
    assert "figures no longer there, in periods still held: 3 in 1 series\n    us_census/imports/283324 CHN" in as_text(found)


def test_a_known_partner_that_stands_in_one_more_month_is_neither_a_new_one_nor_revised_but_was_not_there(found: Difference) -> None:
    assert kinds(found, ONE_MORE) == []
    assert figures(found, ONE_MORE) == [("total", "WLD", MARCH, 9000, 10_000)]
    came = found.appeared.filter(pl.col("series_id").str.ends_with(ONE_MORE), measure="value_usd")
    assert came.select("partner_iso3", "period_start", "before", "after", "ratio").rows() == [("CHN", MARCH, None, 1000, None)]
    assert "760200 CHN code 7602000050 2024-03 value_usd: 1,000\n" in as_text(found, None)


def test_national_codes_that_add_up_to_the_same_are_no_revision(found: Difference) -> None:
    assert (figures(found, RECODED), kinds(found, RECODED)) == ([], [])
    assert found.recoded.select("series_id", "period_start", "partners").rows() == [("us_census/imports/811292", FEBRUARY, 4)]


def test_a_code_that_nobody_asked_for_before_brings_no_new_trade(found: Difference) -> None:
    asked = found.newly_asked.filter(pl.col("code") == ASKED).select("months", "first_month", "last_month").rows()
    assert asked == [(4, date(2024, 1, 1), APRIL)]
    assert (figures(found, ASKED), kinds(found, ASKED)) == ([], [])
    assert set(found.newly_asked.filter(pl.col("months") == 0)["code"]) == {"2804"}
    assert "codes that begin with 2804: nothing is filed" in as_text(found)


def test_only_the_first_lines_are_shown_unless_everything_is_asked_for(found: Difference) -> None:
    assert "more: --all shows them" in as_text(found, 1)
    assert "more: --all shows them" not in as_text(found, None)
    assert "\n## us\\_census\n" in as_markdown(found, 1)
    written = json.loads(as_json(found))
    assert len(written["revised"]) == found.revised.height
    assert written["before"]["edition_id"] != written["after"]["edition_id"]


def test_of_another_source_nothing_changed(found: Difference) -> None:
    assert as_text(found.of("ecb_rates")).startswith("Nothing changed")


def test_between_an_edition_and_itself_nothing_changed_and_one_line_says_so(
    two_nights: tuple[Settings, Difference], tmp_path: Path
) -> None:
    settings, _ = two_nights
    same = tmp_path / "same.duckdb"
    same.hardlink_to(settings.edition)
    with side_by_side(same, settings.edition) as connection:
        nothing = compare(connection)
    assert nothing.is_empty
    for written in (as_text(nothing), as_markdown(nothing)):
        assert written.startswith("Nothing changed: both are edition ")
        assert written.count("\n") == 1


def test_a_month_that_the_office_empties_is_held_until_a_person_lets_it_in(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for at, months in ((FIRST, MONTHS), (SECOND, MONTHS[:2])):
        office = us_census.UsCensus(us_census.rolled_up(usual(REVISED, *months)))
        settings = night(tmp_path / "data", environment, office, {REVISED}, at, "2024-01", "2024-03")
    held = told_apart(settings)
    assert held.releases["change"].to_list() == ["quarantined"]
    assert held.gone_months.is_empty()
    assert held.states["state_after"].to_list() == ["quarantined"]
    release = held.releases["release_id"][0]
    archive.decide(settings.raw, archive.Decision("us_census", release, "accept", "Ada", "the office took March back", SECOND))
    build(settings, contents=CONTENTS)
    let_in = told_apart(settings)
    assert let_in.withdrawn["slice"].to_list() == ["us_census/imports/2024-03"]
    assert let_in.gone_months["period_start"].to_list() == [MARCH]
    assert "months no longer there" in as_markdown(let_in)


def test_bundled_figures_that_are_revised_are_told_as_well(built: Settings, tmp_path: Path) -> None:
    own = Settings(data=Path(shutil.copytree(built.data, tmp_path / "own")))
    revise(own, CHINA_CUSTOMS, RARE_EARTHS, {JUNE_2019: "2019-06,3967,"}, december(1))
    build_small(own)
    found = told_apart(own)
    (row,) = found.revised.iter_rows(named=True)
    assert (row["series_id"], row["before"], row["after"]) == (RARE_EARTH_SERIES, Decimal(3_966_000), Decimal(3_967_000))
    assert found.partners.is_empty()
    assert "3,966,000 -> 3,967,000" in as_text(found)


def test_an_edition_of_another_version_of_the_code_is_named(built: Settings, tmp_path: Path) -> None:
    old = tmp_path / "old.duckdb"
    with duckdb.connect(str(old)) as connection:
        connection.execute("create schema meta")
    with pytest.raises(LodestoneError, match=r"another version of the code"), side_by_side(old, built.edition):
        pass


@pytest.mark.parametrize(
    ("was", "now", "change"),
    [
        (None, "current", "new"),
        ("quarantined", "current", "accepted"),
        ("failed", "current", "mended"),
        ("current", "quarantined", "quarantined"),
        (None, "quarantined", "quarantined"),
        (None, "failed", "failed"),
        ("current", "superseded", None),
        ("current", "current", None),
        ("current", None, "gone"),
    ],
)
def test_a_release_changes_from_state_to_state(was: str | None, now: str | None, change: str | None) -> None:
    def releases(state: str | None) -> pl.DataFrame:
        row = {"source": "s", "slice": "s/d/2024-01", "release_id": "r", "state": state, "reason": "because"}
        return pl.DataFrame([row] if state else [], schema=dict.fromkeys(row, pl.String()))

    decision = archive.Decision("s", "r", "accept", "Ada", "their note of July", SECOND)
    found = release_changes(releases(was), releases(now), [decision])
    assert found["change"].to_list() == ([] if change is None else [change])
    if change in ("accepted", "quarantined"):
        assert found["reason"].to_list() == ["Ada, 2024-06-07: their note of July"]
