"""The walk of docs/adding-a-source.md, done: its files, written into a copy of the project, make an office that runs end to end."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from pipelines.rehearsal import ecb_stand_in as ecb
from pipelines.rehearsal.server import Offices
from tests.services.copied_project import CopiedProject, SampleOffice, walk


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> CopiedProject:
    return CopiedProject.of(tmp_path_factory.mktemp("copied"))


def test_the_files_of_the_page_make_an_office_whose_yen_become_dollars_and_whose_lines_can_be_traced(project: CopiedProject) -> None:
    files = walk()
    project.add_source("sample_office", files)
    office = SampleOffice({"2024-01": "2024-01,28369100,410,1250,38000\n2024-01,28369100,105,500,12000\n2024-01,28369100,000,1750,50000\n"})
    with Offices({"sample_office": office, "ecb_rates": ecb.made_up(*ecb_months())}) as offices:
        said = project.run("nightly", offices=offices.address, now="2024-03-10T02:00:00")
    assert "sample_office" in said
    (chile, china) = project.ask(
        "select partner_iso3, code, hs6, weight_kg, value_local, currency, value_usd, value_method, source_member, source_row"
        " from trade_flow where source = 'sample_office' order by partner_iso3"
    )
    (rate,) = project.ask("select per_usd from exchange_rate where currency = 'JPY' and period_start = '2024-01-01'")
    assert (china["partner_iso3"], china["weight_kg"], china["value_local"], china["currency"]) == ("CHN", 500, 12_000_000, "JPY")
    assert chile["partner_iso3"] == "CHL"
    assert chile["value_usd"] == pytest.approx(38_000_000 / rate["per_usd"], abs=0.01)
    assert chile["value_method"] == "converted"
    assert (chile["source_member"], chile["source_row"]) == ("exports-2024-01.csv", 2)
    shares = project.ask(
        "select destination_iso3, share from export_destination_share where source = 'sample_office' and basis = 'weight' order by all"
    )
    assert {row["destination_iso3"]: round(row["share"], 3) for row in shares} == {"CHL": 0.714, "CHN": 0.286}


def ecb_months() -> tuple[date, date]:
    return date(2024, 1, 1), date(2024, 3, 8)


def test_a_country_that_the_office_invents_is_rejected_with_the_remedy_and_nothing_is_lost(project: CopiedProject) -> None:
    project.add_source("sample_office", walk())
    lines = "".join(f"2024-02,2836{number:04d},410,1,1\n" for number in range(9100, 9160)) + "2024-02,28369100,999,7,7\n"
    office = SampleOffice({"2024-02": lines})
    with Offices({"sample_office": office, "ecb_rates": ecb.made_up(*ecb_months())}) as offices:
        project.run("nightly", offices=offices.address, now="2024-04-10T02:00:00")
    (rejected,) = project.ask("select reasons, raw from rejected where source = 'sample_office'")
    assert "country '999' is not in pipelines/sources/sample_office/partners.csv: correct it, or add it there" in rejected["reasons"]
    assert json.loads(rejected["raw"])["kilograms"] == "7"


def test_a_plain_office_takes_four_files_of_120_lines_together_and_its_codes_of_countries() -> None:
    files = {Path(name).name: text for name, text in walk().items()}
    assert set(files) == {"source.yaml", "fetch.py", "contract.py", "conform.py", "partners.csv"}
    assert sum(text.count("\n") for name, text in files.items() if name != "partners.csv") <= 120
