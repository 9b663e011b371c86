"""The vocabulary names countries and commodities as the offices do, and says what a code, a wording or a series holds of one."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from pathlib import Path

import duckdb
import polars as pl
import pytest

from pipelines.edition.load import load_vocabulary
from pipelines.errors import BadFile
from pipelines.model import vocabulary
from pipelines.model.tables import tables
from pipelines.model.vocabulary import read
from pipelines.settings import PROJECT

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


def basket() -> pl.DataFrame:
    return read("commodity_code")


def family(commodity: str) -> str:
    """The commodity it is part of, or itself: graphite and natural graphite are both carbon."""
    parents = dict(read("commodity").select("commodity", "parent").rows())
    while parents[commodity]:
        commodity = parents[commodity]
    return commodity


def test_machines_batteries_and_magnets_hold_more_than_the_mineral_in_them():
    goods = basket().filter(pl.col("hs6").str.slice(0, 2).cast(pl.Int32) >= 84)
    assert set(goods["hs6"]) == {"850511", "850650", "850760"}
    assert set(goods["scope"]) == {"broad"}


def test_a_code_that_is_all_of_a_commodity_at_a_stage_leaves_none_to_another_code():
    place = ["hs_edition", "commodity", "stage"]
    whole = basket().filter(pl.col("scope") == "exact").select(place)
    codes = basket().join(whole, on=place, how="semi").group_by(place).agg(pl.col("hs6").sort())
    assert codes.filter(pl.col("hs6").list.len() > 1).rows() == []


def test_a_code_with_nothing_else_in_it_belongs_to_one_family():
    pure = basket().filter(pl.col("scope") != "broad").with_columns(pl.col("commodity").map_elements(family, pl.String))
    shared = pure.group_by("hs6").agg(pl.col("commodity").unique()).filter(pl.col("commodity").list.len() > 1)
    assert shared.rows() == []


def test_a_code_of_several_families_holds_more_than_any_of_them():
    named = basket().with_columns(family=pl.col("commodity").map_elements(family, pl.String))
    shared = named.filter(pl.col("family").n_unique().over("hs_edition", "hs6") > 1)
    assert "811292" in set(shared["hs6"])
    assert set(shared["scope"]) == {"broad"}


def test_a_scope_is_the_same_in_every_edition_of_the_harmonized_system():
    scopes = basket().group_by("hs6", "commodity", "stage").agg(pl.col("scope").unique())
    assert scopes.filter(pl.col("scope").list.len() > 1).rows() == []


@pytest.mark.parametrize(
    ("hs6", "commodity", "scope"),
    [
        ("261100", "tungsten", "exact"),  # ores and concentrates: no other code has any
        ("280530", "rare_earths", "exact"),
        ("284610", "cerium", "exact"),
        ("284610", "rare_earths", "part"),  # the others are in 284690
        ("250410", "natural_graphite", "part"),
        ("250490", "natural_graphite", "part"),
        ("283691", "lithium", "part"),  # hydroxide is a compound too
        ("720293", "niobium", "part"),  # an alloy named after one mineral
        ("720230", "manganese", "broad"),  # named after two: ferro-silico-manganese
        ("720280", "tungsten", "broad"),  # ferro-tungsten and ferro-silico-tungsten
        ("253090", "lithium", "broad"),  # other mineral substances
        ("811292", "gallium", "broad"),
    ],
)
def test_the_scope_of_a_code_is_what_its_text_holds(hs6, commodity, scope):
    found = basket().filter((pl.col("hs6") == hs6) & (pl.col("commodity") == commodity))
    assert set(found["scope"]) == {scope}


NAMED_AS = {
    "barite": "barytes",
    "barium": "bari|bary",
    "boron": "bor",
    "fluorine": "fluor",
    "fluorspar": "fluorspar",
    "rare_earths": "earth|cerium",
    "platinum_group": "platinum|palladium|rhodium|iridium",
    "carbon": "graphite",
    "natural_graphite": "graphite; natural",
    "artificial_graphite": "graphite; artificial",
    "tungsten": "tungst",
    "molybdenum": "molybd",
}
"""How the legal texts name a commodity, where it is not by its own name."""


def test_the_legal_text_of_a_code_names_the_commodity_it_is_said_to_hold_alone():
    texts: dict[str, str] = {}
    for edition in ("H4", "H5", "H6"):
        file = REAL / "hs" / f"classification{edition}.json"
        if not file.exists():
            pytest.skip("the folder of real office files is not beside this checkout")
        texts |= {result["id"]: result["text"].lower() for result in json.loads(file.read_text("utf-8"))["results"]}
    for hs6, commodity in basket().filter(pl.col("scope") != "broad").select("hs6", "commodity").unique().rows():
        assert re.search(NAMED_AS.get(commodity, commodity), texts[hs6]), (hs6, commodity, texts[hs6])


def test_a_figure_for_two_minerals_is_exact_of_neither():
    terms = read("commodity_term")
    figures = terms.filter(pl.col("note").fill_null("").str.contains("one figure"))
    assert {"la/nd/pr/sm compounds", "scandium and yttrium (metals)", "cerium and lanthanum"} <= set(figures["term"])
    assert set(figures["scope"]) == {"broad"}


@pytest.mark.parametrize(
    ("term", "scope"),
    [
        ("rare earths", "exact"),
        ("lithium carbonate", "part"),
        ("neodymium magnets", "part"),
        ("rare earths (inner mongolia customs)", "part"),
        ("permanent magnets", "broad"),
    ],
)
def test_a_wording_that_leaves_some_out_is_part_and_one_that_adds_is_broad(term, scope):
    assert set(read("commodity_term").filter(pl.col("term") == term)["scope"]) == {scope}


def test_a_series_is_not_exact_where_its_wording_is_not():
    loose = {(term, commodity) for term, commodity in read("commodity_term").filter(scope="part").select("term", "commodity").rows()}
    for key, commodity in read("series").filter(scope="exact").select("source_key", "commodity").rows():
        assert not {(word.lower(), commodity) for word in key.split("|")} & loose, key


def test_a_series_of_one_code_has_the_scope_of_the_code():
    scopes = {(hs6, commodity): scope for hs6, commodity, scope in basket().select("hs6", "commodity", "scope").rows()}
    series = read("series").filter(pl.col("code").str.contains(r"^\d{6}$"))
    shared = [row for row in series.to_dicts() if (row["code"], row["commodity"]) in scopes]
    assert shared
    for code in shared:
        assert code["scope"] == scopes[code["code"], code["commodity"]], code["series_id"]


def test_the_customs_line_of_rare_earths_is_part_of_them_as_it_has_no_ores_and_no_magnets():
    line = read("series").filter(series_id="china_customs_bulletin/rare_earths")
    assert set(line["scope"]) == {"part"}
    assert "without ores, ferrocerium and magnets" in line["scope_text"][0]


@pytest.mark.parametrize("name", ["commodity_term", "commodity_code", "series"])
def test_another_word_than_the_three_scopes_is_refused_with_its_line(name, monkeypatch):
    typed = read(name).with_columns(scope=pl.when(pl.int_range(pl.len()) == 3).then(pl.lit("exct")).otherwise("scope"))
    monkeypatch.setattr(vocabulary, "read", lambda _: typed)
    connection = duckdb.connect()
    connection.execute("create schema vocabulary")
    with pytest.raises(BadFile, match=f"vocabulary/{name}.csv line 5: scope is exact, part or broad, found 'exct'"):
        load_vocabulary(connection, tables()[f"vocabulary.{name}"])
