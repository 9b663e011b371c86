"""From the Bureau's answers to filed lines: shapes, quirks and codes of the trade API, in its own words and without HTTP."""

from __future__ import annotations

import json
import tracemalloc
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from pipelines.errors import BadFile
from pipelines.intake.sift import gated
from pipelines.model.vocabulary import read
from pipelines.rehearsal.us_census_stand_in import UsCensus
from pipelines.sources import companion, load_source
from pipelines.sources.request import Answer
from pipelines.sources.us_census.fetch import ASKED_FOR
from tests.unit.sources.us_census.asked import CHILE, CHINA, LITHIUM, answers, cell, judged, line, office, reply, requests, trade_lines

MEMBER = "imports-HS10-2836-2024-02_2024-02.json"
HEADER = [*ASKED_FOR["imports"].split(","), "I_COMMODITY", "COMM_LVL", "SUMMARY_LVL", "time"]
ROW = {
    "I_COMMODITY": LITHIUM,
    "I_COMMODITY_SDESC": "LITHIUM CARBONATES",
    "CTY_CODE": CHILE,
    "CTY_NAME": "CHILE",
    "GEN_VAL_MO": "900",
    "GEN_CIF_MO": "950",
    "CON_VAL_MO": "800",
    "GEN_QY1_MO": "60",
    "GEN_QY1_MO_FLAG": "-",
    "CON_QY1_MO": "50",
    "CON_QY1_MO_FLAG": "-",
    "UNIT_QY1": "KG",
    "SUMMARY_LVL": "DET",
    "COMM_LVL": "HS10",
    "time": "2024-02",
}


@pytest.fixture(autouse=True)
def selection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LODESTONE_SELECTION", "283691,284690")


def body(*rows: dict[str, Any], header: list[str] = HEADER) -> bytes:
    """An answer: each row is `ROW` with other values, the filters echoed behind what was asked for."""
    table = [header, *([{**ROW, **row}[name] for name in header] for row in rows)]
    return ("[" + ",\n".join(json.dumps(entry) for entry in table) + "]").encode()


def filed(**values: str | None) -> dict[str, object]:
    """The line of general imports that one row becomes."""
    return line(trade_lines([(MEMBER, body(values))]), dataset="imports")


def reasons(*rows: dict[str, Any], member: str = MEMBER) -> list[str]:
    """Why the gate rejects rows."""
    return judged([(member, body(*rows))]).rejected["reasons"].to_list()


def test_a_row_of_imports_is_a_line_of_general_imports_and_one_of_imports_for_consumption():
    lines = trade_lines(answers(office(cell())))
    columns = (
        "value",
        "cif_value",
        "weight_kg",
        "quantity",
        "quantity_unit",
        "valuation",
        "trade_system",
        "currency",
        "flow",
        "code_system",
    )
    national = lines.filter(pl.col("code") == LITHIUM, pl.col("partner_code") == CHILE)
    assert national.select("dataset", *columns).rows() == [
        ("imports", 900, 950, 60, 60, "KG", "customs", "general", "USD", "import", "HTS"),
        ("imports_for_consumption", 800, None, 50, 50, "KG", "customs", "special", "USD", "import", "HTS"),
    ]


def test_a_row_of_exports_is_a_line_free_alongside_ship_under_schedule_b():
    lines = trade_lines(answers(office(cell("2836910000", flow="exports"))), "exports")
    found = line(lines, code="2836910000", partner_code=CHILE)
    wanted = {"dataset": "exports", "flow": "export", "value": 900, "weight_kg": 60, "valuation": "FAS", "code_system": "Schedule B"}
    assert {name: found[name] for name in wanted} == wanted


def test_a_month_is_its_first_day_and_a_line_knows_where_it_stands():
    found = filed()
    assert (found["period_start"], found["period_months"], found["period_kind"]) == (date(2024, 2, 1), 1, "month")
    assert (found["source_member"], found["source_row"], found["slice"]) == (MEMBER, 2, "us_census/imports/2024-02")


def test_what_was_cleared_but_did_not_arrive_is_a_zero_of_general_imports():
    lines = trade_lines([(MEMBER, body({"GEN_VAL_MO": "0", "GEN_CIF_MO": "0", "GEN_QY1_MO": "0"}))])
    assert lines.select("dataset", "value", "weight_kg").rows() == [("imports", 0, 0), ("imports_for_consumption", 800, 50)]


def test_where_imports_for_consumption_are_not_filed_there_is_no_line_of_them():
    assert trade_lines([(MEMBER, body({"CON_VAL_MO": None}))])["dataset"].to_list() == ["imports"]


@pytest.mark.parametrize(
    ("quantity", "flag", "unit", "kilograms", "counted"),
    [
        ("60", "-", "KG", "60", "60"),
        ("1234", "-", "G", "1.234", "1234"),
        ("1234", "-", "GM", "1.234", "1234"),
        ("12", "-", "T", "12000", "12"),
        ("60.5", "-", "KG", "60.5", "60.5"),
        ("0", "-", "KG", "0", "0"),
        ("60", None, "KG", "60", "60"),
        ("60", "-", "NO", None, "60"),
        ("60", "-", "CKG", None, "60"),
        ("0", "M", "KG", None, None),
        ("60", "M", "KG", None, None),
        ("0", "S", "KG", None, None),
        ("0", None, "KG", None, None),
        ("0", "-", "X", None, None),
        ("0", "-", "-", None, None),
        ("0", "M", "-", None, None),
        (None, None, None, None, None),
    ],
)
def test_a_quantity_is_kilograms_where_its_unit_weighs_and_null_where_it_is_missing(
    quantity: str | None, flag: str | None, unit: str | None, kilograms: str | None, counted: str | None
):
    found = filed(GEN_QY1_MO=quantity, GEN_QY1_MO_FLAG=flag, UNIT_QY1=unit)
    assert (found["weight_kg"], found["quantity"]) == tuple(None if text is None else Decimal(text) for text in (kilograms, counted))
    assert found["quantity_unit"] == (None if counted is None else unit)
    assert found["weight_method"] == (None if kilograms is None else "filed")


def test_the_quantity_of_each_count_has_a_flag_of_its_own():
    lines = trade_lines([(MEMBER, body({"CON_QY1_MO": "0", "CON_QY1_MO_FLAG": "M"}))])
    assert lines.select("dataset", "weight_kg").rows() == [("imports", 60), ("imports_for_consumption", None)]


def test_six_digits_have_no_quantity_and_say_so_by_flag_and_unit():
    rows = json.loads(dict(answers(office(cell())))[MEMBER.replace("HS10", "HS6")])
    of_chile = dict(zip(rows[0], next(row for row in rows if CHILE in row), strict=True))
    assert (of_chile["GEN_QY1_MO"], of_chile["GEN_QY1_MO_FLAG"], of_chile["UNIT_QY1"]) == ("0", "M", "-")
    lines = trade_lines(answers(office(cell())))
    assert lines.filter(pl.col("code") == "283691")["weight_kg"].null_count() == 4


def test_the_header_names_a_filter_twice_and_the_first_of_them_counts():
    rows = json.loads(dict(answers(office(cell())))[MEMBER])
    assert rows[0].count("I_COMMODITY") == rows[0].count("SUMMARY_LVL") == 2
    assert rows[0][:5] == ["I_COMMODITY", "I_COMMODITY_SDESC", "CTY_CODE", "CTY_NAME", "GEN_VAL_MO"]
    assert {value is None or isinstance(value, str) for row in rows for value in row} == {True}
    first, *_, fourth_last, _, _, _ = body({}).decode().split("\n")[1].strip("[]").split(", ")
    assert first == fourth_last == f'"{LITHIUM}"'


def test_columns_are_found_by_name_in_whatever_order_they_stand():
    assert filed() == line(trade_lines([(MEMBER, body({}, header=HEADER[::-1]))]), dataset="imports")


@pytest.mark.parametrize("said", [b"", b" \n", body()])
def test_nothing_found_has_no_rows_whether_as_204_or_as_a_header_alone(said: bytes):
    source = load_source("us_census")
    source.recognise(MEMBER, Answer(204 if not said.strip() else 200, {}, said.strip(), "", unchanged=False))
    assert source.parse(MEMBER, said).is_empty()


@pytest.mark.parametrize(
    ("broken", "place", "message", "remedy"),
    [
        (b"[" + body({})[1:-1], "line 2", "lacks ','", "fetch it again"),
        (body({})[:-9], "line 2", "not JSON", "fetch it again"),
        (body({}) + body({}), "line 2", "something follows the end", "fetch it again"),
        (body({}) + b"\x0c", "line 2", "something follows the end", "fetch it again"),
        (b'["I_COMMODITY","CTY_CODE"]', "line 1", "not an array of arrays", "fetch it again"),
        (b"[]", "line 1", "not JSON", "fetch it again"),
        (body({"CTY_NAME": "CH\u0000LE"}).replace(b"\\u0000", b"\x00"), "line 2", "NUL", "fetch it again"),
        (body({"CTY_NAME": "CH\u0000LE"}), "line 2", "a text holds a NUL", "fetch it again"),
        (body({}).replace(b"LITHIUM CARB", b"LITHIUM C\xc1RB"), "line 2", "not UTF-8", "fetch it again"),
        (body({}).replace(b'"900"', b"900"), "line 2", "no string", "look at what changed"),
        (body({}).replace(b'"900"', b'["900"]'), "line 2", "no string", "look at what changed"),
        (body({"CTY_NAME": "CH\ud800LE"}), "line 2", "lone surrogate", "fetch it again"),
        (body({}, {"GEN_VAL_MO": 900}).replace(b"\n", b""), "line 3", "no string", "look at what changed"),
        (body({}).replace(b'"900"', b'{"a": "900"}'), "line 2", "no string", "look at what changed"),
        (body({}).replace(b'"900", ', b""), "line 2", "16 values and the header 17", "fetch it again"),
        (body({}).replace(b"GEN_VAL_MO", b"GEN_VALUE_MO"), "line 1", "variable 'GEN_VAL_MO' is missing", "teach the source's contract"),
        (
            body({}, header=[*HEADER, "DISTRICT"][:-1]).replace(b'"time"]', b'"time", "DISTRICT"]'),
            "line 1",
            "'DISTRICT' is not known",
            "teach",
        ),
    ],
)
def test_an_answer_that_cannot_be_read_is_refused_with_place_and_remedy(broken: bytes, place: str, message: str, remedy: str):
    with pytest.raises(BadFile) as refused:
        load_source("us_census").parse(MEMBER, broken)
    for part in (MEMBER, place, message, remedy):
        assert part in str(refused.value)


@pytest.mark.parametrize("said", [b"\xef\xbb\xbf" + body({}), body({}) + b" \n" * 100, b"\r\n" + body({}), body({})[:-1] + b"\n]\n"])
def test_blanks_and_a_byte_order_mark_around_an_answer_are_no_fault(said: bytes):
    source = load_source("us_census")
    source.recognise(MEMBER, Answer(200, {}, said, "", unchanged=False))
    assert source.parse(MEMBER, said).drop("source_row").equals(source.parse(MEMBER, body({})).drop("source_row"))


def test_signs_of_json_inside_a_text_are_text_whether_rows_share_a_line_or_not():
    name = 'A "B", [C],\n["D"] \\ / é \t null'
    for said in (body({"CTY_NAME": name}), body({"CTY_NAME": name}).replace(b"\n", b"")):
        assert load_source("us_census").parse(MEMBER, said).select("CTY_NAME", "source_row").rows() == [(name, 2)]


def test_where_rows_share_a_line_they_are_numbered_by_their_place():
    on_one_line = body({}, {"CTY_CODE": CHINA}).replace(b"\n", b"")
    assert load_source("us_census").parse(MEMBER, on_one_line)["source_row"].to_list() == [2, 3]
    below_each_other = body({}, {"CTY_CODE": CHINA}).replace(b",\n", b",\n\n")
    assert load_source("us_census").parse(MEMBER, below_each_other)["source_row"].to_list() == [3, 5]


FLOODS = {
    "rows without values": (b"[" + b"[]," * 500_000 + b"[]]", "is missing"),
    "rows without values below a good header": (body()[:-1] + b",[]" * 500_000 + b"]", "0 values and the header 17"),
    "a row of values without end": (body()[:-1] + b",[" + b'"",' * 500_000 + b'""]]', "longer than 100,000 bytes"),
    "arrays in arrays": (b"[" * 1_000_000, "no string"),
    "arrays in arrays below a good header": (body()[:-1] + b"," + b"[" * 1_000_000, "no string"),
}


@pytest.mark.parametrize("flood", FLOODS)
def test_an_answer_that_floods_its_reader_is_refused_before_it_takes_memory(flood: str):
    said, message = FLOODS[flood]
    tracemalloc.start()
    try:
        with pytest.raises(BadFile, match=message):
            load_source("us_census").parse(MEMBER, said)
        assert tracemalloc.get_traced_memory()[1] < 5 * len(said)
    finally:
        tracemalloc.stop()


def test_an_answer_of_more_rows_than_a_good_one_has_is_refused_at_the_first_of_them():
    source = load_source("us_census")
    kinds = {"imports": source.config.members["imports"].model_copy(update={"rows": (0, 2)})}
    few = replace(source, config=source.config.model_copy(update={"members": kinds}))
    assert few.parse(MEMBER, body({}, {})).height == 2
    with pytest.raises(BadFile, match="line 4: the file should have at most 2 rows"):
        few.parse(MEMBER, body({}, {}, {}, {}))


def test_an_error_that_nobody_foresaw_is_the_failure_of_the_file(monkeypatch: pytest.MonkeyPatch):
    def deep(*_: object) -> None:
        raise RecursionError("too deep \ud800")

    monkeypatch.setattr("pipelines.readers.json_rows.read", deep)
    with pytest.raises(BadFile, match="RecursionError: too deep") as refused:
        load_source("us_census").parse(MEMBER, body({}))
    assert str(refused.value).encode()


@pytest.mark.parametrize(
    ("said", "message"),
    [
        (b"<html><head><title>Missing Key</title></head></html>", "does not know the key"),
        (b"\n<html><title>Invalid Key</title></html>", "does not know the key"),
        (b"<!DOCTYPE html><h1>Down for maintenance</h1>", "not the rows that were asked for"),
        (b"error: unknown variable 'GEN_VALUE_MO'", "not the rows that were asked for"),
        (b'{"error": "no"}', "not the rows that were asked for"),
        (b"", "not the rows that were asked for"),
        (body({})[:-1], "ends too early"),
        (body({})[:-2], "ends too early"),
    ],
)
def test_an_answer_with_status_200_is_good_only_as_whole_rows(said: bytes, message: str):
    with pytest.raises(BadFile, match=message) as refused:
        load_source("us_census").recognise(MEMBER, Answer(200, {}, said, "", unchanged=False))
    if "key" in message:
        assert "LODESTONE_US_CENSUS_KEY" in str(refused.value)
        assert "https://api.census.gov/data/key_signup.html" in str(refused.value)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"CTY_CODE": "9999"}, "CTY_CODE '9999' is not in pipelines/sources/us_census/partners.csv: correct it, or add it there"),
        ({"CTY_CODE": "7320"}, "us_census/partners.csv has CTY_CODE at other times than time"),
        ({"CTY_CODE": CHILE, "SUMMARY_LVL": "CGP"}, "that it is none, found CTY_CODE '3370'"),
        ({"CTY_CODE": None}, "CTY_CODE is empty"),
        ({"UNIT_QY1": "BUSHEL"}, "UNIT_QY1 'BUSHEL' is not in pipelines/sources/us_census/units.csv: correct it, or add it there"),
        ({"GEN_QY1_MO_FLAG": "Z"}, "GEN_QY1_MO_FLAG 'Z': a quantity's flag is M"),
        ({"SUMMARY_LVL": "ALL"}, "SUMMARY_LVL 'ALL': it is DET or CGP"),
        ({"GEN_VAL_MO": None}, "GEN_VAL_MO is empty: it is required"),
        ({"GEN_VAL_MO": "1,900"}, "GEN_VAL_MO '1,900' is not a number"),
        ({"GEN_CIF_MO": "899"}, "GEN_CIF_MO is below GEN_VAL_MO, to which it adds freight and insurance: are the two exchanged?"),
        ({"GEN_VAL_MO": "-5"}, "GEN_VAL_MO '-5': a value is not negative"),
        ({"CON_QY1_MO": "many"}, "CON_QY1_MO 'many' is not a number"),
        ({"GEN_QY1_MO": "\uff160"}, "GEN_QY1_MO '\uff160' is not a number"),
        ({"I_COMMODITY": "28369\uff110012"}, "I_COMMODITY '28369\uff110012': a code has six digits (HS6) or ten (HS10)"),
        ({"CTY_CODE": "5700 "}, "CTY_CODE '5700 ' has blanks around it"),
        ({"I_COMMODITY": "28369100"}, "I_COMMODITY '28369100': a code has six digits (HS6) or ten (HS10)"),
        ({"I_COMMODITY": "2836XX0012"}, "I_COMMODITY '2836XX0012': a code has six digits"),
        ({"I_COMMODITY": "283691"}, "COMM_LVL and I_COMMODITY disagree"),
    ],
)
def test_a_row_that_breaks_a_rule_is_rejected_with_its_value_and_the_remedy(wrong: dict[str, str | None], message: str):
    (found,) = reasons(wrong)
    assert message in found


def test_a_quantity_too_large_for_kilograms_rejects_its_line_and_no_other():
    rows = load_source("us_census").parse(MEMBER, body({"GEN_QY1_MO": "123456789012345", "UNIT_QY1": "T"}, {"CTY_CODE": CHINA}))
    verdict, tables = gated(load_source("us_census"), "imports", rows.with_columns(source_member=pl.lit(MEMBER), slice=pl.lit("2024-02")))
    assert set(tables["trade_line"]["partner_code"]) == {CHINA}
    (row,) = verdict.rejected.to_dicts()
    assert (row["source_member"], row["source_row"]) == (MEMBER, 2)
    for part in ("GEN_QY1_MO", "123456789012345000", "correct it"):
        assert part in row["reasons"]


def test_blanks_around_a_name_are_no_fault():
    plain, padded = (
        trade_lines([(MEMBER, body(values))]) for values in ({}, {"CTY_NAME": "CHILE     ", "I_COMMODITY_SDESC": " LITHIUM CARBONATES"})
    )
    assert plain.equals(padded)


@pytest.mark.parametrize(
    "other",
    [
        {"time": "2024-03"},
        {"time": "20\uff124-02"},
        {"time": None},
        {"time": "2024-2"},
        {"time": "2024-02-01"},
        {"I_COMMODITY": "8505110030"},
        {"I_COMMODITY": None},
        {"COMM_LVL": "HS6"},
    ],
)
def test_a_row_that_was_not_asked_for_is_never_dropped_without_a_word(other: dict[str, str | None]):
    with pytest.raises(BadFile, match="1 rows were not asked for") as refused:
        reasons({}, other)
    assert f"{MEMBER} line 3" in str(refused.value)


def test_both_rows_of_a_doubled_page_are_rejected():
    found = judged([(MEMBER, body({}, {"CTY_CODE": CHINA}, {}, {"CTY_CODE": CHINA}))])
    assert found.accepted.is_empty()
    assert found.rejected["source_row"].to_list() == [2, 3, 4, 5]
    assert all("stands on more than one line" in reason for reason in found.rejected["reasons"])


def test_the_row_of_all_countries_is_tagged_like_a_country_and_known_by_its_code():
    rows = json.loads(dict(answers(office(cell(), cell(country=CHINA))))[MEMBER])
    total = next(dict(zip(rows[0], row, strict=True)) for row in rows if row[rows[0].index("CTY_CODE")] == "-")
    assert (total["CTY_NAME"], total["SUMMARY_LVL"], total["GEN_VAL_MO"]) == ("TOTAL FOR ALL COUNTRIES", "DET", "1800")
    assert line(trade_lines([(MEMBER, body({"CTY_CODE": "-"}))]), dataset="imports")["partner_code"] == "-"


def test_only_single_countries_are_asked_for_and_a_group_that_comes_all_the_same_is_a_group():
    assert {"SUMMARY_LVL": "DET"}.items() <= dict(requests()[0].params).items()
    assert {row["partner_code"] for row in trade_lines(answers(office(cell(country="4280")))).to_dicts()} == {"4280", "-"}
    assert reasons({"CTY_CODE": "4XXX", "SUMMARY_LVL": "CGP"}) == []


def test_codes_outside_the_selection_are_cut_and_not_rejected():
    found = judged([(MEMBER, body({}, {"I_COMMODITY": "2836600000"}))])
    assert found.accepted["I_COMMODITY"].to_list() == [LITHIUM]
    assert found.rejected.is_empty()


@pytest.mark.parametrize(("selection", "kept"), [("all", 3), ("283660", 1), ("283691,283692", 2), ("basket", 3)])
def test_the_selection_decides_which_codes_of_a_heading_are_kept(monkeypatch: pytest.MonkeyPatch, selection: str, kept: int):
    monkeypatch.setenv("LODESTONE_SELECTION", selection)
    codes = ("2836910012", "2836600000", "2836920000")
    assert judged([(MEMBER, body(*({"I_COMMODITY": code} for code in codes)))]).accepted.height == kept


def test_a_question_takes_one_flow_one_heading_one_level_and_no_more_than_a_calendar_year():
    asked = requests(("2023-11", "2023-12", "2024-01", "2024-02", "2024-05"), ("283691", "284690", "284610"))
    assert len(asked) == 2 * 2 * 2 * 3
    assert {request.asked for request in asked} == {("2836",), ("2846",)}
    first = asked[0]
    assert first.url == "https://api.census.gov/data/timeseries/intltrade/imports/hs"
    assert first.member == "imports-HS10-2836-2023-11_2023-12.json"
    assert dict(first.params) | {"get": ""} == {
        "get": "",
        "I_COMMODITY": "2836*",
        "COMM_LVL": "HS10",
        "SUMMARY_LVL": "DET",
        "time": "from 2023-11 to 2023-12",
    }
    assert first.slices == ("us_census/imports/2023-11", "us_census/imports/2023-12")
    assert first.secret == ("key", "LODESTONE_US_CENSUS_KEY")
    assert "key" not in first.shown.lower()


def test_the_variables_asked_for_are_those_the_office_knows_and_the_contract_needs():
    bureau = office(cell())
    for flow in ("imports", "exports"):
        known = json.loads(bureau.answer(f"/data/timeseries/intltrade/{flow}/hs/variables.json", [], {}).body)["variables"]
        asked = set(ASKED_FOR[flow].split(","))
        assert asked <= known.keys()
        assert asked | {"COMM_LVL", "time"} == set(load_source("us_census").contract(flow).to_schema().columns)
        assert not any(name.endswith("_YR") for name in asked), "totals since January are never added up"


def test_totals_of_all_countries_come_whichever_level_the_office_counts_them_at():
    for level in ("HSCY", "HS"):
        bureau = UsCensus(office(cell()).cells, level_of_totals=level)
        assert any(b'"-","TOTAL FOR ALL COUNTRIES"' in reply(bureau, request).body for request in requests()), level


def test_every_code_of_the_companion_tables_is_ours_and_stands_once():
    partners, units = companion("us_census", "partners.csv"), companion("us_census", "units.csv")
    assert partners["code"].is_unique().all()
    assert units["unit"].is_unique().all()
    assert set(partners["role"]) == {"country", "group", "special", "world"}
    assert set(partners["iso3"].drop_nulls()) <= set(read("country")["iso3"])
    assert partners.filter(pl.col("role") != "group")["iso3"].null_count() == 0
    assert set(units["counted"]) == {"yes", "no"}
    assert set(units.filter(pl.col("kg").is_not_null())["unit"]) == {"KG", "G", "GM", "T"}


def test_a_code_that_no_country_of_ours_has_is_a_residual():
    other = companion("us_census", "partners.csv").filter(pl.col("iso3") == "OTHER")
    assert set(other["code"]) == {"2771", "8220", "8500"}
