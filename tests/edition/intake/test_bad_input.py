"""Every source meets every kind of broken copy, and nothing wrong is published.

A broken copy arrives as a newer snapshot of a file whose good copy is held already. Three things can become of it: the file
is refused as a whole, lines of it are rejected, or its release is held because it does not follow from its predecessor.
What no rule can see in a file is kept out by a check on the draft, or stands apart as unattributed.
"""

from __future__ import annotations

import csv
import io
import json
import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import cycle, islice
from pathlib import Path

import polars as pl
import pytest

from pipelines import archive, night
from pipelines.edition.build import Edition
from pipelines.edition.open import read_only
from pipelines.errors import BadFile
from pipelines.intake import ledger
from pipelines.intake.curation import Refreshed, refresh
from pipelines.intake.history import judge_releases, observations
from pipelines.intake.snapshots import snapshots_of
from pipelines.model.statements import statements, tables_read
from pipelines.model.tables import tables
from pipelines.settings import PROJECT, Settings
from pipelines.sources import empty_tables, load_source, source_names

LATER = datetime(2027, 1, 5, tzinfo=UTC)

BULLETIN = ("china_customs_bulletin", "china_rare_earth_exports_monthly.csv")
MORE_SERIES = ("china_customs_bulletin", "china_exports_monthly_more_series.csv")
IMPORT_SHARES = ("published_shares", "import_shares.csv")
DESTINATIONS = ("published_shares", "export_destinations.csv")
REFINING = ("published_shares", "refining_shares.csv")
NUMBERS = ("published_shares", "published_checks.csv")
POLICY = ("reference", "policy_events.csv")
STAKES = ("reference", "overseas_stakes.csv")
STOCKPILES = ("reference", "stockpile_targets.csv")
CONSUMPTION = ("reference", "consumption.csv")
IMPORT_SOURCES = ("usgs_mcs", "usgs_import_sources.csv")
PRODUCTION = ("usgs_mcs", "usgs_world_production.csv")
RELIANCE = ("usgs_mcs", "usgs_net_import_reliance.csv")

HANDED_IN = [name for name in source_names() if load_source(name).config.fetch is None]
MEMBERS = [(name, member) for name in HANDED_IN for member in load_source(name).config.members]

Lines = list[list[str]]


def bundled(source: str, member: str) -> bytes:
    """The newest copy of a file."""
    raw = PROJECT / "data" / "raw"
    return [
        archive.body(raw, receipt) for receipt in archive.receipts(raw, source) if receipt.member == member and receipt.shelf == "bundled"
    ][-1]


def read(body: bytes) -> Lines:
    return list(csv.reader(io.StringIO(body.decode("utf-8"), newline="")))


def written(lines: Lines) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(lines)
    return text.getvalue().encode()


def edition(settings: Settings, schemas: tuple[str, ...] = ("facts", "marts")) -> dict[str, list[tuple]]:
    """Every row of every fact table (its history too) and mart, in a fixed order."""
    with read_only(settings.edition) as connection:
        names = connection.execute("select schema_name || '.' || table_name, schema_name from duckdb_tables() order by all").fetchall()
        return {name: connection.execute(f"select * from {name} order by all").fetchall() for name, schema in names if schema in schemas}


def query(settings: Settings, sql: str, *parameters: object) -> list[tuple]:
    with read_only(settings.edition) as connection:
        return connection.execute(sql, list(parameters)).fetchall()


def copy_of(built: Settings, folder: Path) -> Settings:
    shutil.copytree(built.data, folder / "data")
    return Settings(data=folder / "data")


@pytest.fixture
def copied(built, tmp_path):
    """An installation with a good edition, to receive broken copies into."""
    return copy_of(built, tmp_path)


@pytest.fixture(scope="module")
def undisturbed(built):
    return edition(built)


def take_in(settings: Settings) -> tuple[dict[str, Refreshed], Edition]:
    """A night: every source is looked at, then the edition is built."""
    return night.take_in(settings), night.build(settings)


# --- Files that are refused as a whole -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Refusal:
    """How a copy is broken, and the line, value and remedy its error must name."""

    spoil: Callable[[bytes], bytes]
    line: int
    value: str
    remedy: str


def spoil_lines(change: Callable[[Lines], Lines]) -> Callable[[bytes], bytes]:
    return lambda body: written(change(read(body)))


def spoil_third(insert: bytes) -> Callable[[bytes], bytes]:
    def spoil(body: bytes) -> bytes:
        first, second, rest = body.split(b"\n", 2)
        return b"\n".join([first, second, insert + rest])

    return spoil


def cut_line(lines: Lines) -> Lines:
    return [*lines[:4], lines[4][:2], *lines[5:]]


def two_headers_alike(lines: Lines) -> Lines:
    return [[lines[0][1], *lines[0][1:]], *lines[1:]]


REFUSALS = {
    "missing column": Refusal(spoil_lines(lambda lines: [line[:-1] for line in lines]), 1, "", "restore them"),
    "extra column": Refusal(spoil_lines(lambda lines: [[*line, "remark"] for line in lines]), 1, "remark", "teach the source's contract"),
    "renamed column": Refusal(spoil_lines(lambda lines: [["renamed", *lines[0][1:]], *lines[1:]]), 1, "renamed", "restore them"),
    "repeated column": Refusal(spoil_lines(two_headers_alike), 1, "", "restore them"),
    "no header": Refusal(spoil_lines(lambda lines: lines[1:]), 1, "", "restore them"),
    "a line shifted by an unquoted comma": Refusal(
        spoil_lines(lambda lines: [*lines[:2], ["", *lines[2]], *lines[3:]]), 3, "", "quote fields"
    ),
    "a line cut short": Refusal(spoil_lines(cut_line), 5, "", "fetch the file again"),
    "HTML": Refusal(lambda _: b"\xef\xbb\xbf\r\n<!DOCTYPE html>\n<html>Access denied</html>", 1, "<!DOCTYPE html>", "fetch it again"),
    "an error as JSON": Refusal(lambda _: b'{"statusCode": 429, "message": "Rate limit"}', 1, "statusCode", "restore them"),
    "empty": Refusal(lambda _: b"", 1, "", "fetch it again"),
    "blank": Refusal(lambda _: b"\xef\xbb\xbf\r\n", 1, "", "fetch it again"),
    "header only": Refusal(lambda body: body.split(b"\n")[0] + b"\n", 1, "0 rows", "widen `rows` in source.yaml"),
    "encoded as Latin-1": Refusal(spoil_third("é".encode("latin-1")), 3, "e9", "convert the file to UTF-8"),
    "encoded as Shift-JIS": Refusal(spoil_third("輸出".encode("shift-jis")), 3, "97 41 8f", "convert the file to UTF-8"),
    "encoded as UTF-16": Refusal(lambda body: body.decode().encode("utf-16"), 1, "\\x00", "save the file as UTF-8"),
    "NUL byte": Refusal(spoil_third(b"\x00"), 3, "\\x00", "fetch it again"),
    "a line without end": Refusal(lambda body: body.split(b"\n")[0] + b"\n" + b"x" * 1_000_001, 2, "xxx", "fetch the file again"),
    "more rows than a good file has": Refusal(
        lambda body: b"\n".join([*body.split(b"\n")[:1], *body.split(b"\n")[1:2] * 50_001]), 0, "01 rows", "widen `rows` in source.yaml"
    ),
    "a quote left open": Refusal(lambda body: body + b'"open', 0, "", "close the quotes"),
}


@pytest.mark.parametrize("kind", REFUSALS)
@pytest.mark.parametrize(("source", "member"), MEMBERS, ids=[member for _, member in MEMBERS])
def test_a_broken_file_is_refused_by_name_with_its_line_value_and_remedy(tmp_path, source, member, kind):
    refusal, settings = REFUSALS[kind], Settings(data=tmp_path)
    archive.receive(settings.raw, source, member, refusal.spoil(bundled(source, member)), LATER)

    (snapshot,) = snapshots_of(settings, load_source(source))

    assert snapshot.contents == ()
    error = snapshot.errors[member]
    assert isinstance(error, BadFile)
    assert error.member == member
    assert error.line == refusal.line or (refusal.line == 0 and error.line > 5)
    assert refusal.value in error.value
    assert refusal.remedy in error.remedy
    assert all(part in str(error) for part in (member, f"line {error.line}", refusal.remedy))


def test_refused_files_leave_every_source_and_the_edition_as_they_were(copied, undisturbed):
    before = {name: observations(load_source(name), snapshots_of(copied, load_source(name))) for name in source_names()}
    kinds = cycle(REFUSALS.values())
    for source, member in MEMBERS:
        for number, refusal in enumerate(islice(kinds, 3)):  # each kind comes in two or three members
            archive.receive(copied.raw, source, member, refusal.spoil(bundled(source, member)), LATER + timedelta(minutes=number))

    refreshed, _ = take_in(copied)

    for name in HANDED_IN:
        report = refreshed[name]
        assert {error.split(" line ")[0] for error in report.errors} == set(load_source(name).config.members)
        assert (report.curated_now, report.quarantined, report.failed) == (0, [], [])
        assert observations(load_source(name), snapshots_of(copied, load_source(name))) == before[name]
    assert edition(copied) == undisturbed
    for state, message in query(copied, "select state, message from meta.source_status where state <> 'not_asked'"):
        assert state == "failed"
        assert "the last good release stands" in message


def test_a_good_copy_after_a_broken_one_ends_the_complaint(copied, undisturbed):
    source, member = PRODUCTION
    archive.receive(copied.raw, source, member, b"<html>", LATER)
    assert refresh(copied, load_source(source)).errors
    archive.receive(copied.raw, source, member, bundled(source, member), LATER + timedelta(days=1))
    assert refresh(copied, load_source(source)).errors == []


# --- Lines that are rejected, releases that are held -----------------------------------------------------------------


@dataclass(frozen=True)
class Broken:
    """A line, found by what stands in it, what is changed in it, and what must become of it.

    `becomes` is `rejected` (the reason names all of `says`), `quarantined`, or `refused by` a check that names the source.
    """

    member: tuple[str, str]
    where: dict[str, str]
    change: dict[str, str]
    becomes: str
    says: tuple[str, ...] = field(default=())


CHINA_MAY_2019 = {"period": "2019-05"}
MAGNETS_2025_06 = {"series": "rare-earth magnets (85051110 wording)", "period": "2025-06"}
CHINA_ANTIMONY = {"importer_iso3": "CHN", "supplier_iso3": "AUS", "tonnes_or_value": "11573.1"}
CHINA_GERMAN = {"importer_iso3": "DEU", "supplier_iso3": "CHN", "tonnes_or_value": "3800"}
LITHIUM_TO_CHINA = {"exporter_iso3": "AUS", "commodity": "lithium", "period": "2023", "destination_iso3": "CHN"}
COBALT_REFINED = {"commodity": "cobalt", "stage": "refining", "year": "2022", "country_iso3": "CHN", "publisher": "Darton Commodities"}
JAPAN_2018 = {"metric": "import_share_from_CHN", "reporter": "JPN", "commodity": "rare earths", "period": "2018"}
VECCO = {"asset": "Vecco Group"}
EVENT = {"event_id": "PE004"}
DAYS_180 = {"commodity_scope": "minerals with high geopolitical risk", "target_days": "180"}
CERIUM = {"country_iso3": "JPN", "commodity": "cerium", "year": "2024"}
US_FROM_CHINA = {"commodity": "rare earths", "mcs_edition": "2026", "supplier": "China"}
CHINA_MINED = {"commodity": "rare earths", "stage": "mine", "country": "China", "year": "2024", "mcs_edition": "2025"}
US_RELIANCE = {"commodity": "rare earths", "mcs_edition": "2026", "year": "2024"}

NOT_A_NUMBER = "without footnote marks"

BROKEN = {
    "unknown code": [
        Broken(BULLETIN, CHINA_MAY_2019, {"url": "https://nobody.example/1"}, "rejected", ("nobody.example", "add it there")),
        Broken(
            MORE_SERIES,
            MAGNETS_2025_06,
            {"series": "unobtainium"},
            "rejected",
            ("series 'unobtainium'", "vocabulary/series.csv", "add it there"),
        ),
        Broken(IMPORT_SHARES, CHINA_ANTIMONY, {"supplier_iso3": "XQX"}, "rejected", ("supplier_iso3 'XQX'", "country.csv", "add it there")),
        Broken(DESTINATIONS, LITHIUM_TO_CHINA, {"destination_iso3": "XQX"}, "rejected", ("destination_iso3 'XQX'", "country.csv")),
        Broken(REFINING, COBALT_REFINED, {"country_iso3": "XQX"}, "rejected", ("country_iso3 'XQX'", "country.csv")),
        Broken(NUMBERS, JAPAN_2018, {"metric": "import_share_from_XQX"}, "rejected", ("metric 'import_share_from_XQX'", "metrics.csv")),
        Broken(STAKES, VECCO, {"asset_country_iso3": "XQX"}, "rejected", ("asset_country_iso3 'XQX'", "country.csv")),
        Broken(POLICY, EVENT, {"country_iso3": "XQX"}, "rejected", ("country_iso3 'XQX'", "country.csv")),
        Broken(STOCKPILES, DAYS_180, {"basis": "fortnights"}, "rejected", ("basis 'fortnights'", "stockpile_bases.csv")),
        Broken(CONSUMPTION, CERIUM, {"commodity": "unobtainium"}, "rejected", ("commodity 'unobtainium'", "commodity_term.csv")),
        Broken(IMPORT_SOURCES, US_FROM_CHINA, {"supplier": "Atlantis"}, "rejected", ("'Atlantis|CHN'", "country.csv")),
        Broken(PRODUCTION, CHINA_MINED, {"iso3": "JPN"}, "rejected", ("'China|JPN'", "country.csv")),
        Broken(RELIANCE, US_RELIANCE, {"commodity": "unobtainium"}, "rejected", ("'unobtainium|", "series.csv")),
    ],
    "wrong unit": [
        Broken(BULLETIN, CHINA_MAY_2019, {"tonnes": "3640000"}, "quarantined", ("weight_kg jumped from 3640000.000 to 3640000000.000",)),
        Broken(BULLETIN, {"period": "2025"}, {"tonnes": "62585000"}, "rejected", ("tonnes '62585000'", "is the unit kilograms?")),
        Broken(MORE_SERIES, MAGNETS_2025_06, {"tonnes": "3188000"}, "quarantined", ("weight_kg jumped",)),
        Broken(IMPORT_SHARES, CHINA_ANTIMONY, {"share_percent": "0.271"}, "quarantined", ("share_percent jumped from 27.1",)),
        Broken(IMPORT_SHARES, CHINA_GERMAN, {"unit": "kg"}, "rejected", ("unit 'kg'", "it is t or USD")),
        Broken(DESTINATIONS, LITHIUM_TO_CHINA, {"share_percent": "0.96"}, "quarantined", ("share_percent jumped from 96",)),
        Broken(REFINING, COBALT_REFINED, {"share_percent": "7700"}, "rejected", ("share_percent '7700'", "a percentage of 0 to 100")),
        Broken(NUMBERS, JAPAN_2018, {"unit": "kg"}, "rejected", ("unit 'kg'", "use a unit the contract lists")),
        Broken(STAKES, VECCO, {"stake_percent": "0.147"}, "quarantined", ("stake_percent jumped from 14.7",)),
        Broken(STOCKPILES, DAYS_180, {"target_days": "6"}, "quarantined", ("target_days jumped from 180.00 to 6.00",)),
        Broken(CONSUMPTION, CERIUM, {"tonnes": "5650000"}, "quarantined", ("weight_kg jumped",)),
        Broken(IMPORT_SOURCES, US_FROM_CHINA, {"share_percent": "0.71"}, "quarantined", ("share_percent jumped from 71",)),
        Broken(PRODUCTION, CHINA_MINED, {"value": "270000000"}, "quarantined", ("quantity jumped from 270000.000",)),
        Broken(PRODUCTION, CHINA_MINED, {"unit": "short tons"}, "rejected", ("unit 'short tons'", "a unit begins with metric tons")),
    ],
    "a number with a footnote mark": [
        Broken(BULLETIN, CHINA_MAY_2019, {"tonnes": "3,640"}, "rejected", ("tonnes '3,640'", NOT_A_NUMBER)),
        Broken(MORE_SERIES, MAGNETS_2025_06, {"tonnes": "3188*"}, "rejected", ("tonnes '3188*'", NOT_A_NUMBER)),
        Broken(IMPORT_SHARES, CHINA_ANTIMONY, {"share_percent": "27.1 1)"}, "rejected", ("share_percent '27.1 1)'", NOT_A_NUMBER)),
        Broken(DESTINATIONS, LITHIUM_TO_CHINA, {"share_percent": "96e"}, "rejected", ("share_percent '96e'", NOT_A_NUMBER)),
        Broken(REFINING, COBALT_REFINED, {"share_percent": "77²"}, "rejected", ("share_percent '77²'", NOT_A_NUMBER)),
        Broken(NUMBERS, JAPAN_2018, {"value": "58(1)"}, "rejected", ("value '58(1)'", "it is a number")),
        Broken(STAKES, VECCO, {"stake_percent": "14.7r"}, "rejected", ("stake_percent '14.7r'", NOT_A_NUMBER)),
        Broken(POLICY, EVENT, {"date": "2007-01-01 1"}, "rejected", ("date '2007-01-01 1'", "a date is YYYY")),
        Broken(STOCKPILES, DAYS_180, {"target_days": "180†"}, "rejected", ("target_days '180†'", NOT_A_NUMBER)),
        Broken(CONSUMPTION, CERIUM, {"tonnes": "5650 p"}, "rejected", ("tonnes '5650 p'", NOT_A_NUMBER)),
        Broken(IMPORT_SOURCES, US_FROM_CHINA, {"share_percent": "71⁴"}, "rejected", ("share_percent '71⁴'", NOT_A_NUMBER)),
        Broken(PRODUCTION, CHINA_MINED, {"value": "270,000"}, "rejected", ("value '270,000'", NOT_A_NUMBER)),
        Broken(RELIANCE, US_RELIANCE, {"value_percent": "53 2"}, "rejected", ("value_percent '53 2'", NOT_A_NUMBER)),
    ],
    "a footnote digit glued to a number": [
        Broken(BULLETIN, CHINA_MAY_2019, {"tonnes": "36401"}, "quarantined", ("weight_kg jumped from 3640000.000 to 36401000.000",)),
        Broken(MORE_SERIES, MAGNETS_2025_06, {"tonnes": "31882"}, "quarantined", ("weight_kg jumped",)),
        Broken(
            MORE_SERIES, MAGNETS_2025_06, {"mom_pct_reported": "1571"}, "quarantined", ("change_percent jumped from 157.000 to 1571.000",)
        ),
        Broken(IMPORT_SHARES, CHINA_GERMAN, {"tonnes_or_value": "38001"}, "quarantined", ("amount jumped from 3800.000 to 38001.000",)),
        Broken(DESTINATIONS, LITHIUM_TO_CHINA, {"share_percent": "961"}, "rejected", ("share_percent '961'",)),
        Broken(REFINING, COBALT_REFINED, {"share_percent": "771"}, "rejected", ("share_percent '771'",)),
        Broken(NUMBERS, JAPAN_2018, {"value": "581"}, "quarantined", ("jumped from 58", "to 581")),
        Broken(STAKES, VECCO, {"stake_percent": "1471"}, "rejected", ("stake_percent '1471'",)),
        Broken(POLICY, EVENT, {"date": "2007-01-011"}, "rejected", ("date '2007-01-011'",)),
        Broken(STOCKPILES, DAYS_180, {"target_days": "1801"}, "quarantined", ("target_days jumped",)),
        Broken(CONSUMPTION, CERIUM, {"tonnes": "56501"}, "quarantined", ("weight_kg jumped",)),
        Broken(IMPORT_SOURCES, US_FROM_CHINA, {"share_percent": "714"}, "rejected", ("share_percent '714'",)),
        Broken(PRODUCTION, CHINA_MINED, {"value": "2700001"}, "quarantined", ("quantity jumped from 270000.000 to 2700001.000",)),
        Broken(RELIANCE, US_RELIANCE, {"value_text": "531", "value_percent": "531"}, "rejected", ("value_percent '531'",)),
    ],
    "a figure in the neighbouring column": [
        Broken(
            BULLETIN, CHINA_MAY_2019, {"tonnes": "", "value_usd": "3640"}, "quarantined", ("weight_kg was 3640000.000 and is now empty",)
        ),
        Broken(MORE_SERIES, MAGNETS_2025_06, {"tonnes": "", "mom_pct_reported": "3188"}, "rejected", ("needs tonnes or a value",)),
        Broken(IMPORT_SHARES, CHINA_GERMAN, {"share_percent": "", "share_bound": ">66"}, "quarantined", ("share_percent was 66",)),
        Broken(DESTINATIONS, LITHIUM_TO_CHINA, {"share_percent": "", "tonnes": "96"}, "quarantined", ("share_percent was 96",)),
        Broken(REFINING, COBALT_REFINED, {"share_percent": "", "share_bound": "77"}, "rejected", ("share_bound '77'", "a bound is >90")),
        Broken(NUMBERS, JAPAN_2018, {"value": "percent", "unit": "58"}, "rejected", ("value 'percent'", "unit '58'")),
        Broken(STAKES, VECCO, {"stake_percent": "", "offtake_text": "14.7"}, "quarantined", ("stake_percent was 14.7",)),
        Broken(POLICY, EVENT, {"measure": "tighten", "direction": "tariff"}, "rejected", ("measure 'tighten'", "direction 'tariff'")),
        Broken(STOCKPILES, DAYS_180, {"target_days": "", "valid_from": "180"}, "rejected", ("target_days is empty", "valid_from '180'")),
        Broken(CONSUMPTION, CERIUM, {"tonnes": "2024", "year": "5650"}, "rejected", ("year '5650'", "a year has four digits")),
        Broken(
            IMPORT_SOURCES,
            US_FROM_CHINA,
            {"period_start": "71", "share_percent": "2021"},
            "rejected",
            ("period_start '71'", "share_percent '2021'"),
        ),
        Broken(PRODUCTION, CHINA_MINED, {"year": "270000", "value": "2024"}, "rejected", ("year '270000'", "a year has four digits")),
        Broken(RELIANCE, US_RELIANCE, {"year": "53", "value_percent": "2024"}, "rejected", ("year '53'", "value_percent '2024'")),
    ],
    "an aggregate where a country stood": [
        Broken(IMPORT_SHARES, CHINA_ANTIMONY, {"supplier_iso3": "WLD"}, "quarantined", ("are no longer there", "AUS")),
        Broken(DESTINATIONS, LITHIUM_TO_CHINA, {"destination_iso3": "EUU"}, "quarantined", ("are no longer there", "CHN")),
        Broken(REFINING, COBALT_REFINED, {"country_iso3": "TOP3"}, "quarantined", ("are no longer there", "CHN")),
        Broken(
            NUMBERS,
            JAPAN_2018,
            {"metric": "import_share_from_OTHER"},
            "quarantined",
            ("rows of published_share are no longer there", "JPN|rare earths|2018", "CHN"),
        ),
        Broken(STAKES, VECCO, {"asset_country_iso3": "WLD"}, "rejected", ("asset_country_iso3 'WLD'", "kind country")),
        Broken(POLICY, EVENT, {"country_iso3": "OTHER"}, "rejected", ("country_iso3 'OTHER'", "kind country")),
        Broken(STOCKPILES, DAYS_180, {"country_iso3": "TOP3"}, "rejected", ("country_iso3 'TOP3'", "kind country")),
        Broken(CONSUMPTION, CERIUM, {"country_iso3": "WLD"}, "rejected", ("country_iso3 'WLD'", "kind country")),
        Broken(
            IMPORT_SOURCES,
            US_FROM_CHINA,
            {"supplier": "World total", "supplier_iso3": "CHN"},
            "rejected",
            ("'World total|CHN'", "country.csv"),
        ),
        Broken(PRODUCTION, CHINA_MINED, {"country": "World total (rounded)", "iso3": ""}, "rejected", ("more than one line",)),
    ],
    "an empty cell in a key": [
        Broken(BULLETIN, CHINA_MAY_2019, {"period": ""}, "rejected", ("period is empty: it is required",)),
        Broken(MORE_SERIES, MAGNETS_2025_06, {"source_url": ""}, "rejected", ("source_url is empty",)),
        Broken(IMPORT_SHARES, CHINA_ANTIMONY, {"supplier_iso3": ""}, "rejected", ("supplier_iso3 is empty",)),
        Broken(DESTINATIONS, LITHIUM_TO_CHINA, {"period": ""}, "rejected", ("period is empty",)),
        Broken(REFINING, COBALT_REFINED, {"source_url": ""}, "rejected", ("source_url is empty",)),
        Broken(NUMBERS, JAPAN_2018, {"reporter": ""}, "rejected", ("reporter is empty",)),
        Broken(STAKES, VECCO, {"source_url": ""}, "rejected", ("source_url is empty",)),
        Broken(POLICY, EVENT, {"event_id": ""}, "rejected", ("event_id is empty",)),
        Broken(STOCKPILES, DAYS_180, {"holder": ""}, "rejected", ("holder is empty",)),
        Broken(CONSUMPTION, CERIUM, {"definition": ""}, "rejected", ("definition is empty",)),
        Broken(IMPORT_SOURCES, US_FROM_CHINA, {"mcs_edition": ""}, "rejected", ("mcs_edition is empty",)),
        Broken(PRODUCTION, CHINA_MINED, {"year": ""}, "rejected", ("year is empty",)),
        Broken(RELIANCE, US_RELIANCE, {"mcs_edition": ""}, "rejected", ("mcs_edition is empty",)),
    ],
    "an impossible date, order or size": [
        Broken(BULLETIN, CHINA_MAY_2019, {"period": "2019-13"}, "rejected", ("period '2019-13'", "a period is YYYY")),
        Broken(MORE_SERIES, MAGNETS_2025_06, {"release_date": "2025-02-30"}, "rejected", ("release_date '2025-02-30'", "correct it")),
        Broken(IMPORT_SHARES, CHINA_ANTIMONY, {"period_end": "1999"}, "rejected", ("period_end '1999'", "write the earlier one first")),
        Broken(NUMBERS, JAPAN_2018, {"value": "12345678901234567890123"}, "rejected", ("value '12345678901234567890123'",)),
        Broken(STAKES, VECCO, {"start_date": "2021-02-30"}, "rejected", ("start_date '2021-02-30'", "correct it")),
        Broken(POLICY, EVENT, {"date": "2007-02-30"}, "rejected", ("date", "2007-02-30", "correct it")),
        Broken(STOCKPILES, DAYS_180, {"valid_to": "2021-04-31"}, "rejected", ("valid_to '2021-04-31'", "correct it")),
        Broken(PRODUCTION, CHINA_MINED, {"value": "1000000000"}, "rejected", ("value '1000000000'", "is the unit right?")),
    ],
}


def spoiled(broken: Broken) -> tuple[bytes, int]:
    """The file with the line changed, and the number of that line."""
    header, *lines = read(bundled(*broken.member))
    found = [number for number, line in enumerate(lines) if broken.where.items() <= dict(zip(header, line, strict=True)).items()]
    assert found, f"no line with {broken.where} in {broken.member[1]}"
    lines[found[0]] = list((dict(zip(header, lines[found[0]], strict=True)) | broken.change).values())
    return written([header, *lines]), found[0] + 2


def rejects(settings: Settings, source: str) -> list[dict]:
    return [row for path in (settings.curated / source).glob("*/rejected.parquet") for row in pl.read_parquet(path).iter_rows(named=True)]


def held_or_passed_over(settings: Settings, name: str) -> list[str]:
    """Why releases of a source were held, those included that a later copy of the same file has settled."""
    source = load_source(name)
    judged = judge_releases(settings, source, ledger.read(settings, source), observations(source, snapshots_of(settings, source)))
    return [str(release.reason) for release in judged if release.state in ("quarantined", "passed_over") and release.reason]


@pytest.fixture(scope="module")
def spoiled_line_by_line(built, tmp_path_factory):
    """The installation after a night in which every broken line came, each in a copy of its own; and the number of each line."""
    settings, lines, copies = copy_of(built, tmp_path_factory.mktemp("spoiled")), {}, Counter()
    for kind, all_of_kind in BROKEN.items():
        for number, broken in enumerate(all_of_kind):
            body, lines[kind, number] = spoiled(broken)
            archive.receive(settings.raw, *broken.member, body, LATER + timedelta(minutes=copies[broken.member]))
            copies[broken.member] += 1
    take_in(settings)
    return settings, lines


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_line_is_kept_with_its_reasons(spoiled_line_by_line, kind):
    settings, lines = spoiled_line_by_line
    for number, broken in enumerate(BROKEN[kind]):
        source, member = broken.member
        if broken.becomes == "quarantined":
            waiting = held_or_passed_over(settings, source)
            assert any(all(part in reason for part in broken.says) for reason in waiting), (broken, waiting)
            continue
        values = {name: value or None for name, value in broken.change.items()}
        found = [
            row
            for row in rejects(settings, source)
            if (row["source_member"], row["source_row"]) == (member, lines[kind, number])
            and values.items() <= json.loads(row["raw"]).items()
        ]
        assert any(all(part in row["reasons"] for part in broken.says) for row in found), (broken, found)


def test_of_broken_lines_nothing_wrong_is_published(spoiled_line_by_line, undisturbed):
    settings, _ = spoiled_line_by_line
    after = edition(settings)
    assert {name: rows for name, rows in after.items() if name not in DOUBTED} == {
        name: rows for name, rows in undisturbed.items() if name not in DOUBTED
    }
    for name in ("facts.production", "marts.production_concentration"):
        assert undoubted(after, name) <= undoubted(undisturbed, name)
        assert {row for row in undoubted(undisturbed, name) if "2026" in row} <= undoubted(after, name)
    shares = query(settings, "select * from marts.refining_share where share is not null or share_high is not null")
    assert {*shares} <= {*undisturbed["marts.refining_share"]}


DOUBTED = ("facts.production", "facts.production_superseded", "marts.production_concentration", "marts.refining_share")
"""A table that lacks a rejected line says so, is not ranked and has no shares, and nothing older stands in for it; a newer
edition's is left alone."""


def undoubted(found: dict[str, list[tuple]], name: str) -> set[tuple]:
    """The rows of a table without why a table is incomplete, their last column."""
    return {row[:-1] for row in found[name]}


def test_a_printed_table_with_a_rejected_line_is_refused_and_what_stood_before_stands(copied, undisturbed):
    broken = Broken(RELIANCE, US_RELIANCE, {"value_text": "0.53", "value_percent": "0.53"}, "rejected")
    body, line = spoiled(broken)
    archive.receive(copied.raw, *RELIANCE, body, LATER)

    take_in(copied)

    [(row, reasons)] = query(copied, "select source_row, reasons from meta.rejected")
    assert row == line
    assert "value_text '0.53': it is a percentage such as 76" in reasons
    assert edition(copied) == undisturbed


def every_line_twice(lines: Lines) -> Lines:
    return [lines[0], *(line for line in lines[1:] for _ in range(2))]


def every_line_shifted(lines: Lines) -> Lines:
    return [lines[0], *(["", *line[:-1]] for line in lines[1:])]


def first_half(lines: Lines) -> Lines:
    return lines[: len(lines) // 2]


@pytest.mark.parametrize("change", [every_line_twice, every_line_shifted])
def test_a_file_broken_in_every_line_loses_nothing_and_publishes_nothing(copied, undisturbed, change):
    expected = {}
    for source, member in MEMBERS:
        body = written(change(read(bundled(source, member))))
        expected[member] = len(read(body)) - 1
        archive.receive(copied.raw, source, member, body, LATER)

    take_in(copied)

    for source in HANDED_IN:
        rows = pl.DataFrame(rejects(copied, source))
        assert dict(rows.group_by("source_member").len().iter_rows()) == {
            member: expected[member] for member in load_source(source).config.members
        }
        if change is every_line_twice:
            assert rows["reasons"].str.contains("stands on more than one line: keep one of them").all()
    assert edition(copied) == undisturbed
    in_edition = query(copied, "select source_member, count(*) from meta.rejected group by all")
    assert dict(in_edition) == expected


def test_a_file_cut_off_in_the_middle_takes_nothing_away(copied, undisturbed):
    for source, member in MEMBERS:
        archive.receive(copied.raw, source, member, written(first_half(read(bundled(source, member)))), LATER)
    refreshed, _ = take_in(copied)
    assert all(refreshed[name].quarantined or refreshed[name].errors for name in HANDED_IN)
    assert edition(copied) == undisturbed


# --- What no rule can see in a file ----------------------------------------------------------------------------------


def with_line(member: tuple[str, str], where: dict[str, str], change: dict[str, str]) -> bytes:
    """The file with one more line at its end: a changed copy of the one found."""
    header, *lines = read(bundled(*member))
    found = next(line for line in lines if where.items() <= dict(zip(header, line, strict=True)).items())
    return written([header, *lines, list((dict(zip(header, found, strict=True)) | change).values())])


def test_an_aggregate_in_a_new_list_is_unattributed_and_no_supplier(copied, undisturbed):
    new = {"period_start": "2031", "period_end": "2031", "share_percent": "100"}
    archive.receive(copied.raw, *IMPORT_SHARES, with_line(IMPORT_SHARES, CHINA_ANTIMONY, new | {"supplier_iso3": "WLD"}), LATER)
    destination = with_line(DESTINATIONS, LITHIUM_TO_CHINA, {"period": "2031", "destination_iso3": "EUU", "period_qualifier": "printed"})
    archive.receive(copied.raw, *DESTINATIONS, destination, LATER)

    take_in(copied)

    kinds = "select supplier_iso3, supplier_kind from marts.supplier_share where year(period_start) = 2031"
    assert query(copied, kinds) == [("OTHER", "unattributed")]
    assert query(copied, "select top_supplier_iso3, hhi from marts.import_concentration where year(period_start) = 2031") in (
        [],
        [(None, None)],
    )
    kinds = "select destination_iso3, destination_kind from marts.export_destination_share where year(period_start) = 2031"
    assert query(copied, kinds) == [("EUU", "group")]
    unchanged = {"facts.production", "facts.trade_total", "marts.production_concentration", "marts.export_change_monthly"}
    after = edition(copied)
    assert {name: after[name] for name in unchanged} == {name: undisturbed[name] for name in unchanged}


DECEMBER_2025 = {"period": "2025-12"}
APRIL_2026 = {"period": "2026-04", "yoy_pct_reported": "", "mom_pct_reported": ""}


@pytest.mark.parametrize(
    ("member", "where", "change", "says"),
    [
        (BULLETIN, DECEMBER_2025, {"tonnes": "5500000"}, "weight_kg is 5,500,000,000, and"),
        (BULLETIN, DECEMBER_2025, {"tonnes": "5.5"}, "weight_kg is 5,500, and"),
        (MORE_SERIES, MAGNETS_2025_06, {"tonnes": "5000000", "period": "2026-04"}, "weight_kg is 5,000,000,000, and"),
        (BULLETIN, DECEMBER_2025, {"tonnes": "5500"}, None),
    ],
)
def test_a_month_never_seen_before_is_held_where_it_is_far_from_the_months_printed_before_it(data, member, where, change, says):
    source, april = load_source(member[0]), APRIL_2026 | change
    refresh(data, source)
    archive.receive(data.raw, *member, with_line(member, where, april), LATER)

    held = refresh(data, source).quarantined

    if says is None:
        assert held == []
        return
    [message] = held
    assert "/2026-04/" in message
    assert says in message
    assert message.split(" in ")[-1].startswith("china_customs_bulletin/")


def test_months_that_one_file_brings_first_are_its_history_however_far_they_are_from_each_other(data):
    assert refresh(data, load_source("china_customs_bulletin")).quarantined == []


REFUSED_BY_A_CHECK = {
    "an importer that supplies itself": (
        IMPORT_SHARES,
        with_line(IMPORT_SHARES, CHINA_ANTIMONY, {"period_start": "2031", "period_end": "2031", "supplier_iso3": "CHN"}),
        "no_aggregate_among_suppliers",
    ),
    "a supplier that makes a list larger than the whole": (
        IMPORT_SHARES,
        with_line(IMPORT_SHARES, CHINA_ANTIMONY, {"supplier_iso3": "JPN", "share_percent": "70"}),
        "shares_add_up",
    ),
    "a producer that makes a table larger than its world": (
        PRODUCTION,
        with_line(PRODUCTION, CHINA_MINED, {"country": "Japan", "iso3": "JPN", "value": "99000"}),
        "partners_against_totals",
    ),
    "a month that its year does not hold": (
        BULLETIN,
        spoiled(Broken(BULLETIN, {"period": "2025-04"}, {"tonnes": "8000"}, ""))[0],
        "year_to_date",
    ),
}


OF_THREE_SOURCES = [kind for kind in REFUSED_BY_A_CHECK if kind != "a supplier that makes a list larger than the whole"]


@pytest.mark.parametrize("kinds", [OF_THREE_SOURCES, REFUSED_BY_A_CHECK.keys() - OF_THREE_SOURCES], ids=["three sources", "one"])
def test_what_only_a_check_can_see_makes_its_source_fall_back(copied, undisturbed, kinds):
    checks = {REFUSED_BY_A_CHECK[kind][0][0]: REFUSED_BY_A_CHECK[kind][2] for kind in kinds}
    for (source, member), body, _ in map(REFUSED_BY_A_CHECK.get, kinds):
        archive.receive(copied.raw, source, member, body, LATER)

    refreshed, made = take_in(copied)

    assert {(*refreshed[source].errors, *refreshed[source].quarantined) for source in checks} == {()}
    assert made.fell_back.keys() == checks.keys()
    assert all(f"check {check} found" in made.fell_back[source] for source, check in checks.items())
    assert query(copied, "select source from meta.source_status where state = 'fell_back'") == [(source,) for source in sorted(checks)]
    assert edition(copied) == undisturbed


# --- A first copy that is broken -------------------------------------------------------------------------------------


@pytest.mark.parametrize("source", HANDED_IN)
def test_a_source_whose_first_copy_is_broken_is_left_out_and_the_others_are_published(copied, undisturbed, source):
    for folder in (copied.raw, copied.curated):
        shutil.rmtree(folder / source)
    for member in load_source(source).config.members:
        archive.receive(copied.raw, source, member, b"<html>Service unavailable</html>", LATER)

    take_in(copied)

    state, message, lines = query(copied, "select state, message, lines from meta.source_status where source = ?", source)[0]
    assert (state, lines) == ("failed", 0)
    assert all(member in message for member in load_source(source).config.members)
    assert {row[0] for row in query(copied, "select state from meta.source_status where source <> ?", source)} == {"ok", "not_asked"}
    assert query(copied, "select count(*) from meta.release where source = ?", source) == [(0,)]
    own = facts_of(source)
    of_others = set().union(*(facts_of(other) for other in source_names() if other != source))
    after = edition(copied)
    assert own
    assert {name for name in own - of_others if after[name]} == set()
    for name in own & of_others:
        column = "source" if "source" in {column.name for column in tables()[name].columns} else "source_member"
        assert query(
            copied, f"select count(*) from {name} where {column} in (select unnest(?))", [source, *load_source(source).config.members]
        ) == [(0,)]
    assert {name: after[name] for name in of_others - own} == {name: undisturbed[name] for name in of_others - own}


def facts_of(source: str) -> set[str]:
    """The fact tables that a source's curated tables are loaded into, straight or through a staging table."""
    reading = {f"curated.{name}" for name in empty_tables(source)}
    for statement in [*statements("load"), *statements("load")]:
        if tables_read(statement.sql) & reading:
            reading.add(statement.name)
    return {name for name in reading if name.startswith("facts.")}
