"""The stand-in of the US Census Bureau's trade API, asked over HTTP: every quirk of the real one that is known."""

from __future__ import annotations

import json
import re
from collections import Counter

import httpx
import pytest

from pipelines.rehearsal import us_census_stand_in as us_census
from pipelines.rehearsal.server import Offices
from pipelines.rehearsal.us_census_stand_in import Cell
from tests.unit.rehearsal.asking import EXPORTS, GET, IMPORTS, ask, request, rows

HS10 = (("I_COMMODITY", "2836*"), ("COMM_LVL", "HS10"), ("SUMMARY_LVL", "DET"), ("SUMMARY_LVL2", "HSCY"))
HS6 = (("I_COMMODITY", "2836*"), ("COMM_LVL", "HS6"), ("SUMMARY_LVL", "DET"), ("SUMMARY_LVL2", "HSCY"))
EXPORT_GET = "E_COMMODITY,E_COMMODITY_SDESC,CTY_CODE,CTY_NAME,ALL_VAL_MO,QTY_1_MO,QTY_1_MO_FLAG,UNIT_QY1,SUMMARY_LVL"


def test_an_answer_is_an_array_of_arrays_a_row_a_line_and_every_value_is_text_or_null(offices: Offices):
    answer = ask(offices, request(*HS10, get=GET + ",GEN_QY2_MO"))
    lines = answer.text.split("\n")
    assert answer.headers["content-type"].startswith("application/json")
    assert answer.text == "[" + ",\n".join(line.strip("[],").join("[]") for line in lines) + "]"
    assert {type(value) for row in answer.json() for value in row} == {str, type(None)}


def test_the_header_is_what_was_asked_for_and_then_the_filters_so_that_names_stand_twice(offices: Offices):
    header = ask(offices, request(*HS10)).json()[0]
    assert header == [*GET.split(","), "I_COMMODITY", "COMM_LVL", "SUMMARY_LVL", "SUMMARY_LVL2", "time"]
    assert [name for name, count in Counter(header).items() if count == 2] == ["I_COMMODITY", "SUMMARY_LVL"]
    turned = ask(offices, request(*reversed(HS10))).json()[0]
    assert turned[-5:] == ["SUMMARY_LVL2", "SUMMARY_LVL", "COMM_LVL", "I_COMMODITY", "time"]


def test_a_filter_given_several_times_means_any_of_them_and_is_echoed_once(offices: Offices):
    pairs = request(("I_COMMODITY", "2822000000"), ("I_COMMODITY", "283691001*"), ("COMM_LVL", "HS10"), ("SUMMARY_LVL", "DET"))
    assert {row["I_COMMODITY"] for row in rows(offices, pairs)} == {"2822000000", "2836910012", "2836910018"}
    assert ask(offices, pairs).json()[0].count("I_COMMODITY") == 2


def test_codes_joined_by_a_comma_are_one_code_that_nobody_filed(offices: Offices):
    assert ask(offices, request(("I_COMMODITY", "283691,282200"), *HS6[1:])).status_code == 204


@pytest.mark.parametrize(
    ("time", "months"),
    [
        ("2024-02", ["2024-02"]),
        ("2023", [f"2023-{month:02}" for month in range(1, 13)]),
        ("from 2023-11 to 2024-02", ["2023-11", "2023-12", "2024-01", "2024-02"]),
        ("from 2023 to 2023", [f"2023-{month:02}" for month in range(1, 13)]),
        ("from 2024-11", ["2024-11", "2024-12"]),
        ("from 2024-12 to 2030-12", ["2024-12"]),
    ],
)
def test_a_time_is_a_month_a_year_or_a_span_and_each_row_tells_its_month(offices: Offices, time: str, months: list[str]):
    assert sorted({str(row["time"]) for row in rows(offices, request(*HS6, time=time))}) == months


def test_a_space_in_a_time_may_be_sent_as_a_plus_or_as_percent_20(offices: Offices):
    asked = f"{offices.address}{IMPORTS}?get=I_COMMODITY,GEN_VAL_MO&I_COMMODITY=2836*&key=rehearsal&time=from"
    answers = [httpx.get(f"{asked}{blank}2024-01{blank}to{blank}2024-02") for blank in ("+", "%20")]
    assert answers[0].status_code == 200
    assert answers[0].content == answers[1].content


def test_a_year_with_months_is_a_time_too(offices: Offices):
    pairs = [("get", GET), *HS6, ("YEAR", "2024"), ("MONTH", "02"), ("MONTH", "03"), ("key", "rehearsal")]
    assert {(row["YEAR"], row["MONTH"]) for row in rows(offices, pairs)} == {("2024", "02"), ("2024", "03")}


@pytest.mark.parametrize(("key", "title"), [(None, "Missing Key"), ("", "Missing Key"), ("wrong", "Invalid Key")])
def test_without_a_good_key_a_page_comes_with_status_200(offices: Offices, key: str | None, title: str):
    answer = ask(offices, request(*HS10, key=key))
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html")
    assert f"<title>{title}</title>" in answer.text
    assert not answer.text.startswith("[")


def test_the_page_may_stand_behind_a_redirect(invented: us_census.UsCensus):
    with Offices({"us_census": us_census.UsCensus(invented.cells[:1], keys=["k"], key_page="redirect")}) as offices:
        answer = ask(offices, request(*HS10))
        followed = httpx.get(offices.address + IMPORTS, params=request(*HS10), follow_redirects=True)
    assert (answer.status_code, answer.headers["x-datawebapi-keyerror"]) == (302, "1")
    assert (followed.status_code, followed.url.path) == (200, "/us_census/data/invalid_key.html")
    assert "Invalid Key" in followed.text


@pytest.mark.parametrize(
    ("pairs", "sentence"),
    [
        (request(*HS10, get="I_COMMODITY,GEN_VALUE_MO"), "error: unknown variable 'GEN_VALUE_MO'"),
        (request(*HS10, get="I_COMMODITY,ALL_VAL_MO"), "error: unknown variable 'ALL_VAL_MO'"),
        (request(*HS10, ("E_COMMODITY", "2836*")), "error: unknown predicate variable: 'E_COMMODITY'"),
        ([*request(*HS10)[:-2], ("key", "rehearsal")], "error: missing required variable/predicate: time"),
        (request(*HS10, time="2024-2"), "error: unsupported date/time format: 2024-2"),
        (request(*HS10, time="from+2024-01"), "error: unsupported date/time format: from+2024-01"),
        (request(*HS10)[1:], "error: missing 'get' argument"),
        (request(*HS10, get="I_COMMODITY,CTY_NAME"), "error: 'CTY_NAME' requires 'CTY_CODE'"),
        (request(*HS10, get="CTY_CODE,I_COMMODITY_SDESC"), "error: 'I_COMMODITY_SDESC' requires 'I_COMMODITY'"),
    ],
)
def test_a_wrong_question_is_answered_400_with_a_line_of_text(offices: Offices, pairs: list[tuple[str, str]], sentence: str):
    answer = ask(offices, pairs)
    assert (answer.status_code, answer.text) == (400, sentence)


@pytest.mark.parametrize("dataset", ["imports/hts", "imports", "reexports/hs", "imports/hs/more"])
def test_an_unknown_dataset_is_404(offices: Offices, dataset: str):
    assert ask(offices, request(*HS10), f"/us_census/data/timeseries/intltrade/{dataset}").status_code == 404


@pytest.mark.parametrize(
    "pairs",
    [
        request(("I_COMMODITY", "9999*"), ("COMM_LVL", "HS10")),
        request(*HS10, time="2025-01"),
        request(*HS10, time="from 2025-01 to 2025-12"),
        request(*HS10, ("CTY_CODE", "4803")),
        request(("I_COMMODITY", "2836*"), ("COMM_LVL", "HS10"), ("SUMMARY_LVL2", "HSCYDT")),
    ],
)
def test_nothing_found_and_nothing_published_yet_are_204_without_a_body(offices: Offices, pairs: list[tuple[str, str]]):
    answer = ask(offices, pairs)
    assert (answer.status_code, answer.content) == (204, b"")
    assert "content-length" not in answer.headers


def test_quantities_stand_at_ten_digits_only_and_above_them_is_a_zero_with_flag_m(offices: Offices):
    fine = rows(offices, request(*HS10))
    assert {(row["GEN_QY1_MO_FLAG"], row["GEN_QY1_MO"] != "0", row["UNIT_QY1"]) for row in fine} == {("-", True, "KG")}
    for level in ("HS6", "HS4", "HS2"):
        coarse = rows(offices, request(("I_COMMODITY", "28*"), ("COMM_LVL", level), ("SUMMARY_LVL", "DET")))
        assert {(row["GEN_QY1_MO"], row["GEN_QY1_MO_FLAG"]) for row in coarse} == {("0", "M")}


def test_without_det_country_groups_stand_among_the_countries(offices: Offices):
    mixed = rows(offices, request(("I_COMMODITY", "8505*"), ("COMM_LVL", "HS6")))
    groups = {row["CTY_CODE"] for row in mixed if row["SUMMARY_LVL"] == "CGP"}
    assert {"0003", "4XXX", "5XXX"} <= groups
    by_code = {row["CTY_CODE"]: int(row["GEN_VAL_MO"] or 0) for row in mixed}
    assert by_code["5XXX"] == sum(value for code, value in by_code.items() if re.fullmatch(r"5\d{3}", str(code)))
    assert sum(by_code.values()) > 2 * by_code["-"]
    only = rows(offices, request(("I_COMMODITY", "8505*"), ("COMM_LVL", "HS6"), ("SUMMARY_LVL", "CGP")))
    assert {row["CTY_CODE"] for row in only} == groups


def test_the_total_of_all_countries_is_tagged_like_a_country_and_is_their_sum(offices: Offices):
    for filters in (HS10, HS6):
        answer = rows(offices, request(*filters, get="I_COMMODITY,CTY_CODE,CTY_NAME,GEN_VAL_MO,SUMMARY_LVL"))
        totals = {row["I_COMMODITY"]: row for row in answer if row["CTY_CODE"] == "-"}
        for code, total in totals.items():
            assert (total["CTY_NAME"], total["SUMMARY_LVL"]) == ("TOTAL FOR ALL COUNTRIES", "DET")
            parts = [int(row["GEN_VAL_MO"] or 0) for row in answer if row["I_COMMODITY"] == code and row["CTY_CODE"] != "-"]
            assert int(total["GEN_VAL_MO"] or 0) == sum(parts)


def test_six_digits_are_the_sum_of_their_ten_digit_lines(offices: Offices):
    fine = rows(offices, request(*HS10, ("CTY_CODE", "3370")))
    (coarse,) = rows(offices, request(*HS6, ("CTY_CODE", "3370")))
    assert len(fine) == 2
    assert int(coarse["GEN_VAL_MO"] or 0) == sum(int(row["GEN_VAL_MO"] or 0) for row in fine)


def test_without_a_level_every_level_is_mixed(offices: Offices):
    mixed = rows(offices, request(("I_COMMODITY", "2836*"), get="I_COMMODITY,COMM_LVL,GEN_VAL_MO"))
    assert {row["COMM_LVL"] for row in mixed} == {"HS4", "HS6", "HS10"}


def test_yearly_fields_run_from_january_and_are_no_figures_of_the_month(offices: Offices):
    answer = rows(offices, request(*HS6, ("CTY_CODE", "-"), get="I_COMMODITY,GEN_VAL_MO,GEN_VAL_YR", time="2023"))
    by_month = {str(row["time"]): row for row in answer}
    assert by_month["2023-01"]["GEN_VAL_YR"] == by_month["2023-01"]["GEN_VAL_MO"]
    assert int(by_month["2023-12"]["GEN_VAL_YR"] or 0) == sum(int(row["GEN_VAL_MO"] or 0) for row in answer)


def test_exports_have_their_own_names_and_codes_that_differ_below_six_digits(offices: Offices):
    filters = (("E_COMMODITY", "2836*"), ("COMM_LVL", "HS10"), ("SUMMARY_LVL", "DET"), ("SUMMARY_LVL2", "HSCY"))
    exported = rows(offices, request(*filters, get=EXPORT_GET), EXPORTS)
    imported = rows(offices, request(*HS10))
    assert {row["E_COMMODITY"] for row in exported} == {"2836910000"}
    assert not {row["E_COMMODITY"] for row in exported} & {row["I_COMMODITY"] for row in imported}
    assert ask(offices, request(*HS10), EXPORTS).status_code == 400


def test_which_variables_there_are_is_told_without_a_key(offices: Offices):
    answers = [httpx.get(f"{offices.address}{path}/variables.json").json()["variables"] for path in (IMPORTS, EXPORTS)]
    assert {"GEN_VAL_MO", "GEN_CIF_MO", "CON_VAL_MO", "GEN_QY1_MO_FLAG", "CON_QY1_MO_FLAG"} <= set(answers[0])
    assert {"ALL_VAL_MO", "QTY_1_MO", "QTY_1_MO_FLAG"} <= set(answers[1])


def test_totals_may_belong_to_another_summary_level_than_countries(invented: us_census.UsCensus):
    with Offices({"us_census": us_census.UsCensus(invented.cells, level_of_totals="HS")}) as offices:
        assert "-" not in {row["CTY_CODE"] for row in rows(offices, request(*HS10))}
        assert "-" in {row["CTY_CODE"] for row in rows(offices, request(*HS10[:3]))}


def test_a_variable_that_is_not_held_is_null_and_no_text_of_it():
    cell = Cell("imports", "283691", "2024-02", "3370", "CHILE", {"GEN_VAL_MO": "7"})
    with Offices({"us_census": us_census.UsCensus([cell])}) as offices:
        answer = ask(offices, request(*HS6, get="I_COMMODITY,I_COMMODITY_SDESC,GEN_VAL_MO,GEN_CIF_MO,CON_VAL_YR"))
    assert json.loads(answer.text)[1] == ["283691", None, "7", None, None, "283691", "HS6", "DET", "HSCY", "2024-02"]
