"""What fills the stand-in of the US Census Bureau: sums, later vintages, the invented world, real vintage files."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipelines.errors import LodestoneError
from pipelines.rehearsal.server import Offices
from pipelines.rehearsal.us_census_stand_in import (
    Cell,
    UsCensus,
    annual_revision,
    from_vintage,
    made_up,
    made_up_cells,
    revised,
    rolled_up,
    shuffled,
    without_months,
)
from tests.unit.rehearsal.asking import IMPORTS, ask, request, rows

LITHIUM = ("imports", "2836910012", "2024-02", "3370")


def cell(code: str, country: str, value: str, quantity: str = "1", flag: str = "-", unit: str = "KG") -> Cell:
    values = {"GEN_VAL_MO": value, "GEN_QY1_MO": quantity, "GEN_QY1_MO_FLAG": flag, "UNIT_QY1": unit}
    return Cell("imports", code, "2024-02", country, f"NAME OF {country}", values, f"LINE {code}")


def held(cells: list[Cell], code: str, country: str) -> Cell:
    (found,) = [cell for cell in cells if (cell.code, cell.country) == (code, country)]
    return found


def test_sums_are_made_of_countries_and_of_finer_codes():
    cells = rolled_up([cell("2836910012", "3370", "5"), cell("2836910018", "3370", "7"), cell("2836910018", "5700", "1")])
    assert {found.code for found in cells} == {"2836910012", "2836910018", "283691", "2836", "28"}
    assert held(cells, "283691", "3370").values["GEN_VAL_MO"] == "12"
    assert held(cells, "28", "-").values["GEN_VAL_MO"] == "13"
    assert held(cells, "2836910018", "-").values == {
        "GEN_VAL_MO": "8",
        "GEN_QY1_MO": "2",
        "GEN_QY1_MO_FLAG": "-",
        "UNIT_QY1": "KG",
    }


def test_a_sum_with_a_missing_quantity_is_missing_and_mixed_units_are_none():
    cells = rolled_up([cell("2836910012", "3370", "5"), cell("2836910012", "5700", "5", "0", "M", unit="NO")])
    total = held(cells, "2836910012", "-").values
    assert (total["GEN_QY1_MO"], total["GEN_QY1_MO_FLAG"], total["UNIT_QY1"]) == ("0", "M", "X")


def test_a_row_that_is_held_is_never_computed_so_that_levels_can_disagree():
    cells = rolled_up([cell("2836910012", "3370", "5"), cell("283691", "3370", "6"), cell("2836910012", "-", "4")])
    assert held(cells, "283691", "3370").values["GEN_VAL_MO"] == "6"
    assert held(cells, "2836910012", "-").values["GEN_VAL_MO"] == "4"
    assert held(cells, "283691", "-").values["GEN_VAL_MO"] == "6"


def test_a_revision_changes_the_cell_named_and_refuses_one_that_is_not_there():
    before = made_up_cells("2024-02", "2024-02")
    after = revised(before, LITHIUM, GEN_VAL_MO="7")
    assert [(value.key, value.values["GEN_VAL_MO"]) for value in after if value not in before] == [(LITHIUM, "7")]
    with pytest.raises(LodestoneError, match="no cell"):
        revised(before, ("imports", "2836910012", "2024-03", "3370"), GEN_VAL_MO="7")


def test_the_june_revision_moves_some_cells_of_the_three_years_before_and_no_others():
    before = made_up_cells("2021-01", "2025-03")
    after = annual_revision(before, 2025)
    moved = [new for new, old in zip(after, before, strict=True) if new != old]
    assert {cell.month[:4] for cell in moved} == {"2022", "2023", "2024"}
    assert 0.3 < len(moved) / sum(old.month[:4] in ("2022", "2023", "2024") for old in before) < 0.5
    assert all(
        new.values["GEN_QY1_MO"] == old.values["GEN_QY1_MO"] for new, old in zip(after, before, strict=True) if new.flow == "imports"
    )


def test_a_withdrawn_month_is_204_again():
    later = made_up(changes=lambda cells: without_months(cells, "2024-11"))
    with Offices({"us_census": made_up()}) as offices:
        asked = request(("I_COMMODITY", "2836*"), ("COMM_LVL", "HS10"), time="2024-11")
        assert ask(offices, asked).status_code == 200
        offices.replace("us_census", later)
        assert ask(offices, asked).status_code == 204


def test_a_later_vintage_says_again_what_it_does_not_change():
    first, later = made_up(last="2024-11"), made_up(last="2024-12", changes=lambda cells: revised(cells, LITHIUM, GEN_VAL_MO="7"))
    known = {cell.key: cell for cell in first.cells}
    changed = {cell.key[1:] for cell in later.cells if cell.month != "2024-12" and cell != known[cell.key]}
    countries = ("3370", "3XXX", "-")
    assert changed == {(code, "2024-02", country) for code in ("2836910012", "283691", "2836", "28") for country in countries}


def test_the_order_of_rows_means_nothing_and_may_differ(invented: UsCensus):
    other = made_up(seed=1)
    assert [cell.key for cell in other.cells] != [cell.key for cell in invented.cells]
    assert {cell.key: cell for cell in other.cells} == {cell.key: cell for cell in invented.cells}
    assert shuffled(invented.cells, 3) == shuffled(invented.cells, 3)


def imports_of(cells: list[Cell]) -> list[Cell]:
    return [cell for cell in cells if cell.flow == "imports"]


@pytest.mark.parametrize(
    ("fact", "happens"),
    [
        ("a quantity is missing at ten digits", lambda cell: cell.values.get("GEN_QY1_MO_FLAG") == "M"),
        ("quantities are pieces", lambda cell: cell.values["UNIT_QY1"] == "NO"),
        ("quantities are tonnes", lambda cell: cell.values["UNIT_QY1"] == "T"),
        ("quantities are kilograms of what is in it", lambda cell: cell.values["UNIT_QY1"] == "CKG"),
        ("nothing is counted", lambda cell: cell.values["UNIT_QY1"] == "X" and cell.values["GEN_QY1_MO_FLAG"] == "-"),
        ("a true zero", lambda cell: cell.values["GEN_VAL_MO"] == "0" and int(cell.values["CON_VAL_MO"]) > 0),
        ("imports for consumption are more", lambda cell: int(cell.values["CON_VAL_MO"]) > int(cell.values["GEN_VAL_MO"]) > 0),
        ("imports for consumption are less", lambda cell: int(cell.values["CON_VAL_MO"]) < int(cell.values["GEN_VAL_MO"])),
        ("CIF is more than the customs value", lambda cell: int(cell.values["GEN_CIF_MO"]) > int(cell.values["GEN_VAL_MO"])),
        ("a country without an ISO code", lambda one: one.name == "KOSOVO"),
    ],
)
def test_in_the_invented_world_it_happens_that(fact: str, happens: Callable[[Cell], bool]):
    found = [cell for cell in imports_of(made_up_cells()) if happens(cell)]
    assert 0 < len(found) < len(imports_of(made_up_cells())), fact


def test_the_invented_world_says_that_it_is_invented_is_the_same_every_time_and_has_no_country_twice():
    cells = made_up_cells()
    assert {cell.description.startswith("INVENTED: ") for cell in cells if cell.description} == {True}
    assert cells == made_up_cells()
    assert len({cell.key for cell in cells}) == len(cells)
    assert {cell.flow for cell in cells} == {"imports", "exports"}


def test_national_codes_split_in_january_and_in_july_and_hand_over_without_a_gap():
    def codes(flow: str, hs6: str, month: str) -> set[str]:
        return {cell.code for cell in made_up_cells() if (cell.flow, cell.code[:6], cell.month) == (flow, hs6, month)}

    assert codes("imports", "283691", "2023-12") == {"2836910010"}
    assert codes("imports", "283691", "2024-01") == {"2836910012", "2836910018"}
    assert codes("exports", "284690", "2024-06") == {"2846900000"}
    assert codes("exports", "284690", "2024-07") == {"2846900010", "2846900090"}


def test_a_partner_is_absent_in_some_months():
    months = {cell.month for cell in made_up_cells() if (cell.code, cell.country) == ("8505110070", "4803")}
    assert 0 < len(months) < 24


def test_a_vintage_is_answered_as_it_was_filed_and_nothing_is_added(vintages: list[Path]):
    for path in vintages:
        monthly = json.loads(path.read_text("utf-8"))["monthly"]
        with Offices({"us_census": from_vintage(path)}) as offices:
            for code, months in monthly.items():
                level = f"HS{len(code)}"
                filters = (("I_COMMODITY", f"{code[:4]}*"), ("COMM_LVL", level), ("SUMMARY_LVL", "DET"), ("SUMMARY_LVL2", "HSCY"))
                get = "I_COMMODITY,CTY_CODE,CTY_NAME,GEN_VAL_MO,GEN_QY1_MO,GEN_QY1_MO_FLAG,CON_VAL_MO,UNIT_QY1"
                answer = [row for row in rows(offices, request(*filters, get=get, time="from 2023-01")) if row["I_COMMODITY"] == code]
                totals = {row["time"]: (row["GEN_VAL_MO"], row["GEN_QY1_MO"]) for row in answer if row["CTY_CODE"] == "-"}
                assert totals == {month: (str(cell["total"]), str(cell["totalQty"])) for month, cell in months.items()}
                named = {(row["time"], row["CTY_NAME"]): row["GEN_VAL_MO"] for row in answer if row["CTY_CODE"] != "-"}
                assert named == {
                    (month, row["name"]): str(row["val"])
                    for month, cell in months.items()
                    for iso2, row in cell["countries"].items()
                    if iso2 != "OTHER"
                }
                assert {row["GEN_QY1_MO_FLAG"] for row in answer} == {"M" if len(code) == 6 else "-"}
                assert {(row["CON_VAL_MO"], row["UNIT_QY1"]) for row in answer} == {(None, None)}


def test_a_vintage_answers_no_level_that_it_does_not_hold(vintages: list[Path]):
    with Offices({"us_census": from_vintage(vintages[0])}) as offices:
        for code, level in (("2836*", "HS10"), ("3824*", "HS6"), ("850790*", "HS6"), ("2836*", "HS4")):
            assert ask(offices, request(("I_COMMODITY", code), ("COMM_LVL", level), time="2023-01")).status_code == 204
        missing = {row["time"] for row in rows(offices, request(("I_COMMODITY", "870350"), time="from 2023-01"))}
        assert len(missing) == 38
        assert ask(offices, request(("E_COMMODITY", "2836*"), get="E_COMMODITY"), IMPORTS.replace("imports", "exports")).status_code == 204


def test_between_the_two_vintages_no_total_moves_and_eight_codes_and_two_partners_come(vintages: list[Path]):
    before, after = ({cell.key: cell for cell in from_vintage(path).cells} for path in vintages[:2])
    assert {key for key, value in before.items() if after[key].values != value.values} == set()
    added = {key: value for key, value in after.items() if key not in before}
    old_codes = {value.code for value in before.values()}
    assert len({cell.code for cell in added.values() if cell.code not in old_codes}) == 8
    assert {cell.name for cell in added.values() if cell.code in old_codes} == {"CAMBODIA", "PHILIPPINES"}


GOOD: dict[str, Any] = {"total": 5, "totalQty": 0, "qtyUnit": "M", "countries": {"CL": {"val": 4, "qty": 0, "name": "CHILE"}}}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[", "no JSON"),
        ("{}", "no object `monthly`"),
        ({"28": {}}, "no commodity code"),
        ({"283691": {"2024-13": GOOD}}, "not written YYYY-MM"),
        ({"283691": {"2024-02": {"total": 5}}}, "not the shape"),
        ({"283691": {"2024-02": {**GOOD, "qtyUnit": "KG"}}}, "no flag"),
        ({"283691": {"2024-02": {**GOOD, "countries": {"questions": GOOD["countries"]["CL"]}}}}, "'questions' is not in schedule_c.csv"),
        ({"283691": {"2024-02": {**GOOD, "countries": {"CL": {"val": "4", "qty": 0, "name": "CHILE"}}}}}, "whole numbers"),
    ],
)
def test_a_file_that_is_no_vintage_is_refused_with_the_place_and_the_remedy(tmp_path: Path, text: str | dict[str, Any], sentence: str):
    path = tmp_path / "vintage.json"
    path.write_text(text if isinstance(text, str) else json.dumps({"monthly": text}), "utf-8")
    with pytest.raises(LodestoneError, match=sentence) as refused:
        from_vintage(path)
    assert str(path) in str(refused.value)


def test_a_vintage_file_needs_no_flags_and_its_residual_is_nobody(tmp_path: Path):
    countries = {**GOOD["countries"], "OTHER": {"val": 1, "qty": 0, "name": "Others"}}
    bare = {"total": 5, "totalQty": 3, "countries": countries}
    path = tmp_path / "vintage.json"
    path.write_text(json.dumps({"monthly": {"283691": {"2024-02": bare}, "2836910012": {"2024-02": bare}}}), "utf-8")
    cells = from_vintage(path).cells
    assert [(cell.code, cell.country, cell.values["GEN_QY1_MO_FLAG"]) for cell in cells] == [
        ("283691", "-", "M"),
        ("283691", "3370", "M"),
        ("2836910012", "-", "-"),
        ("2836910012", "3370", "-"),
    ]
