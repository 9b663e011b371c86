"""The vocabulary names countries and commodities as the offices do."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from pipelines.settings import PROJECT
from pipelines.vocabulary import read

REAL = PROJECT.parent / "shared" / "real"
OFFICES = ["comtrade_code", "gacc_code", "japan_code"]


def lines(path: Path) -> Iterator[dict[str, str]]:
    if not path.exists():
        pytest.skip("the folder of real office files is not beside this checkout")
    with path.open(encoding="utf-8-sig", newline="") as file:
        yield from csv.DictReader(file)


def codes(office: str) -> dict[str, str]:
    """ISO3 to the office's own code."""
    return dict(read("country").filter(pl.col(office).is_not_null()).select("iso3", office).rows())


def test_an_offices_code_means_one_country():
    for office in OFFICES:
        found = list(codes(office).values())
        assert len(found) == len(set(found)), office


@pytest.mark.parametrize(
    ("iso3", "gacc", "japan"),
    [
        ("CHN", "142", "105"),
        ("KOR", "133", "103"),
        ("USA", "502", "304"),
        ("COD", "252", "533"),
        ("COG", "213", "532"),
        ("DEU", "304", "213"),
    ],
)
def test_chinas_and_japans_customs_have_codes_of_their_own(iso3, gacc, japan):
    assert (codes("gacc_code")[iso3], codes("japan_code")[iso3]) == (gacc, japan)


@pytest.mark.parametrize(("office", "crosswalk"), [("gacc_code", "gacc"), ("japan_code", "japan")])
def test_every_country_an_office_lists_has_its_code(office, crosswalk):
    known = codes(office)
    ours = set(read("country")["iso3"])
    for line in lines(REAL / "country_codes" / f"crosswalk_{crosswalk}_to_iso.csv"):
        if line["iso3"] in ours:
            assert known.get(line["iso3"]) == line[office], line


def test_comtrades_code_is_that_of_its_own_tables():
    assert codes("comtrade_code")["ITA"] == "380"
    listed = {line["id"]: line for line in lines(REAL / "un_comtrade" / "partner.csv")}
    for iso3, since, until in read("country").select("iso3", "comtrade_valid_from", "comtrade_valid_to").rows():
        code = codes("comtrade_code").get(iso3)
        if code is not None and iso3 not in ("WLD", "TWN"):  # the world is no country, and 490 is other Asia
            assert listed[code]["PartnerCodeIsoAlpha3"] == iso3
            assert listed[code]["entryExpiredDate"][:10] == (until or ""), iso3
            assert since is None or since >= listed[code]["entryEffectiveDate"][:10], iso3
            assert since is not None or listed[code]["entryEffectiveDate"][:4] == "1900", iso3


@pytest.mark.parametrize("edition", ["2012", "2017", "2022"])
def test_every_code_of_a_critical_mineral_is_known_in_each_edition_it_exists_in(edition):
    known = set(read("commodity_code").filter(pl.col("hs_edition") == f"HS{edition}")["hs6"])
    listed = {line["hs6"] for line in lines(REAL / "hs" / "critical_minerals_hs6.csv") if line[f"in_hs{edition}"] == "yes"}
    assert listed - known == set()


@pytest.mark.parametrize(
    ("hs6", "commodity"), [("850650", "lithium"), ("850760", "lithium"), ("810196", "tungsten"), ("810199", "tungsten")]
)
def test_lithium_batteries_and_tungsten_wire_are_known_in_every_edition(hs6, commodity):
    found = read("commodity_code").filter((pl.col("hs6") == hs6) & (pl.col("commodity") == commodity))
    assert set(found["hs_edition"]) == {"HS2012", "HS2017", "HS2022"}


def test_a_threshold_without_a_year_says_why():
    undated = read("threshold").filter(pl.col("year").is_null())
    assert set(undated["threshold_version"]) == {"cepii_dependency", "korea_ews"}
    assert undated["note"].str.contains("year null: none of our sources states when it was set").all()
