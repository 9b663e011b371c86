"""What an operator meets at a terminal: diff, doctor, alerts, quarantine and accept, with their exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pytest

from pipelines import archive
from pipelines.archive.secrecy import public
from pipelines.settings import Settings
from pipelines.sources import readable_sources
from tests.building import Run
from tests.copies import JULY_2019, JUNE_2019, december, file_hashes, revise, tonnes
from tests.offices_asked import KEY, LATER, answered
from tests.small import CHINA, RARE_EARTHS, build_small


def test_after_the_first_build_there_is_nothing_to_compare_with(built: Settings, lodestone: Run) -> None:
    code, out, _ = lodestone(built, "diff")
    assert (code, out.startswith("Nothing to compare with yet")) == (0, True)


def test_the_live_edition_is_compared_with_the_one_before_it_in_every_format(own: Settings, lodestone: Run) -> None:
    revise(own, CHINA, RARE_EARTHS, {JUNE_2019: "2019-06,3967,", JULY_2019: "2019-07,5243.5,"}, december(1))
    build_small(own)
    code, text, _ = lodestone(own, "diff")
    assert code == 0
    assert "china_customs_bulletin\n  totals revised: 2 in 1 series" in text
    assert "2019-06 weight_kg: 3,966,000 -> 3,967,000 (x 1, +0.03%)" in text
    assert "## china\\_customs\\_bulletin" in lodestone(own, "diff", "--format", "markdown")[1]
    assert len(json.loads(lodestone(own, "diff", "--format", "json")[1])["revised"]) == 2
    assert lodestone(own, "diff", "--source", "usgs_mcs")[1].startswith("Nothing changed from edition")


def test_two_days_are_compared_and_explained_by_editions_built_for_them(own: Settings, lodestone: Run) -> None:
    dates = ("--from", "2019-06-30", "--to", "2019-12-31")
    code, out, message = lodestone(own, "diff", *dates, "--source", CHINA)
    assert (code, "Traceback" in message) == (0, False)
    assert "new months: " in out
    assert "as of 2019-06-30" in out
    assert {path.name for path in (own.data / "as-of").iterdir()} == {"lodestone-2019-06-30.duckdb", "lodestone-2019-12-31.duckdb"}
    june = f"series_id = '{CHINA}/rare_earths' and period_start = '2019-06-01' and basis = 'weight'"
    asked = ("explain", "export_change_monthly", "--where", june, "--as-of")
    code, out, _ = lodestone(own, *asked, "2019-12-31")
    assert (code, "as of 2019-12-31" in out, "amount                             3,966 t" in out) == (0, True, True)
    code, _, message = lodestone(own, *asked, "2019-06-30")
    assert (code, "no row of marts.export_change_monthly meets the condition" in message) == (2, True)


def test_a_plan_says_how_long_the_night_will_take(data: Settings, lodestone: Run) -> None:
    first = {"LODESTONE_NOW": "2025-02-10T02:00:00", "LODESTONE_SELECTION": "283691,850511"}
    code, out, _ = lodestone(data, "plan", **first)
    asked = 7 * 2 * 2 * 2  # years, flows, headings, levels
    assert (code, f"us_census: {asked} requests" in out) == (0, True)
    assert (out.splitlines()[-1], "ecb_rates: 1 request to" in out) == ("A night takes less than a minute, then a build", True)
    out = lodestone(data, "plan", **first | {"LODESTONE_SELECTION": "all"})[1]
    assert "  takes 45 min at least, by the pauses between two requests" in out
    assert out.splitlines()[-1] == "A night takes 45 min at least, then a build"
    out = lodestone(data, "plan", LODESTONE_OFFICES="http://127.0.0.1:9", **first)[1]
    assert out.splitlines()[-1] == "A night takes less than a minute, then a build"


CENSUS = "https://api.census.gov/data?get=A"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (f"{CENSUS}&key={KEY}", f"{CENSUS}&key=***"),
        (f"{CENSUS}&key=a-key-of-somebody-else", f"{CENSUS}&key=***"),
        (f"https://api.census.gov/{KEY.upper()}/data", "https://api.census.gov/***/data"),
        (
            "https://ana:a-word@files.example/data?Subscription-Key=1&year=2026",
            "https://***@files.example/data?Subscription-Key=***&year=2026",
        ),
        ("ana:a-word@files.example/data?my_key=1&x%2Dapi%2Dkey=2", "***@files.example/data?my_key=***&x%2Dapi%2Dkey=***"),
        ("https://ana:pa/ss@files.example/data?year=2026", "https://***@files.example/data?year=2026"),
        ("https://ana:80/x?y#z@w@files.example/data", "https://***@files.example/data"),
        ("https://ana@x.example:pa/ss@files.example/data", "https://***@files.example/data"),
        ("https://a/token@files.example/data", "https://***@files.example/data"),
        ("https://files.example/@ana/data?mail=ana@x.example", "https://files.example/@ana/data?mail=ana@x.example"),
        ("https://files.example/data?key=a;b#c&year=2026", "https://files.example/data?key=***&year=2026"),
        ("https://files.example/token=a/data#year=2026;key=a/b", "https://files.example/token=***"),
        ("https://files.example/data#year=2026;key=a/b", "https://files.example/data#year=2026;key=***"),
        (
            "https://files.example/data?from=http%3A%2F%2Fana%3Apa%2Fss%40x.example%2F%3Fkey%3D1&year=2026",
            "https://files.example/data?from=http%3A%2F%2F***%40x.example%2F%3Fkey%3D***&year=2026",
        ),
        ("https://office.example/data?Ocp-Apim-Subscription-Key=1", "https://office.example/data?Ocp-Apim-Subscription-Key=***"),
        ("https://data.example/flow?series_key=EXR.D.USD&keyword=key", "https://data.example/flow?series_key=EXR.D.USD&keyword=key"),
    ],
)
def test_a_key_in_the_address_of_a_copy_is_not_kept(url: str, shown: str, data: Settings, lodestone: Run, tmp_path: Path) -> None:
    copy = tmp_path / "usgs_world_production.csv"
    copy.write_text("a copy\n", "utf-8")
    assert lodestone(data, "keep", "usgs_mcs", str(copy), "--url", url, LODESTONE_US_CENSUS_KEY=KEY)[0] == 0
    (receipt,) = data.raw.glob("usgs_mcs/fetched/receipts/*.json")
    assert json.loads(receipt.read_text("utf-8"))["url"] == shown
    receipt.write_text(receipt.read_text("utf-8").replace(shown, f"{CENSUS}&key={KEY}"), "utf-8")
    assert archive.receipts(data.raw, "usgs_mcs")[-1].url == f"{CENSUS}&key=***", "of earlier code, which kept it"


def test_the_parameter_of_every_office_s_key_is_known_to_hold_one() -> None:
    parameters = [source.config.fetch.key.parameter for source in readable_sources() if source.config.fetch and source.config.fetch.key]
    assert parameters
    for parameter in parameters:
        assert public(f"https://office.example/data?{parameter}={KEY}") == f"https://office.example/data?{parameter}=***"


def test_an_answer_is_handed_in_by_the_name_by_which_it_is_read(data: Settings, lodestone: Run, tmp_path: Path) -> None:
    answer = tmp_path / "imports-HS6-2836-2026-01_2026-08.json"
    answer.write_text("[]", "utf-8")
    assert lodestone(data, "keep", "us_census", str(answer))[0] == 0
    code, _, message = lodestone(data, "keep", "us_census", str(answer), "--member", "imports")
    assert (code, "has no file 'imports'; say which it is with --member, one of imports-*.json, exports-*.json" in message) == (2, True)


@pytest.mark.parametrize("at", ["2001-01-01T00:00:00", "2026-12-24T01:59:59"])
def test_a_clock_set_back_refuses_a_copy_that_is_handed_in(at: str, data: Settings, lodestone: Run, tmp_path: Path) -> None:
    copy = tmp_path / "usgs_world_production.csv"
    copy.write_text("a copy\n", "utf-8")
    assert lodestone(data, "keep", "usgs_mcs", str(copy), LODESTONE_NOW=LATER.isoformat())[0] == 0
    before = file_hashes(data.raw)
    copy.write_text("another copy\n", "utf-8")
    code, _, message = lodestone(data, "keep", "usgs_mcs", str(copy), LODESTONE_NOW=at)
    assert (code, "usgs_mcs: the clock says 20" in message, message.count("\n")) == (1, True, 1)
    assert "but something was received at 2026-12-24 02:00; set the clock right" in message
    assert file_hashes(data.raw) == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["diff", "--source", "nonsense"], "no source"),
        (["diff", "--to", "2024-01-01"], "--from DATE"),
        (["diff", "--from", "2024-01-01", "--to", "2024-01-01"], "compare two days"),
        (["diff", "--from", "2024-13-01"], "YYYY-MM-DD"),
        (["diff", "--format", "xml"], "'xml' is not one of"),
        (["quarantine", "0123456789abcdef", "--reason", "because"], "is not current (current: "),
        (["quarantine", "0123456789abcdef", "--reason", " "], "needs its reason"),
        (["accept", "0123456789abcdef", "--reason", "because"], "is not quarantined (quarantined: none is)"),
        (["fetch", "us_census", "--from", "2017-12"], "us_census is asked for no month before 2018-01 (first_month in its source.yaml)"),
        (["fetch", "us_census", "--from", "2017-12", "--to", "2018-02"], "begin there, not with 2017-12"),
        (["fetch", "ecb_rates", "--from", "1998-12"], "ecb_rates is asked for no month before 1999-01"),
        (["fetch", "us_census", "--from", "2098-01"], "us_census can have nothing of 2098-01 yet: the newest month there can be is 20"),
    ],
)
def test_an_error_of_use_is_one_sentence_and_exit_code_2(built: Settings, lodestone: Run, arguments: list[str], message: str) -> None:
    code, out, error = lodestone(built, *arguments)
    assert (code, out, error.count("\n")) == (2, "", 1)
    assert message in error


def test_a_current_release_is_held_and_the_one_before_it_stands_until_it_is_let_in_again(own: Settings, lodestone: Run) -> None:
    revise(own, CHINA, RARE_EARTHS, {JUNE_2019: "2019-06,3967,"}, december(1))
    build_small(own)
    assert tonnes(own.edition, "2019-06") == [3967.0]
    (release,) = [
        new["release_id"] for new in json.loads(lodestone(own, "diff", "--format", "json")[1])["releases"] if new["change"] == "new"
    ]
    by_ada = ("--author", "Ada")
    code, out, _ = lodestone(own, "quarantine", release, "--reason", "a slip of the press", *by_ada, LODESTONE_NOW="2026-12-02T02:00:00")
    assert (code, out.startswith(f"Ada quarantines {release} of {CHINA}")) == (0, True)
    build_small(own)
    assert tonnes(own.edition, "2019-06") == [3966.0]
    message = lodestone(own, "diff")[1]
    assert "releases quarantined: 1" in message
    assert "a slip of the press" in message
    assert "is not current" in lodestone(own, "quarantine", release, "--reason", "again")[2]
    assert lodestone(own, "accept", release, "--reason", "the office confirms it", *by_ada, LODESTONE_NOW="2026-12-02T03:00:00")[0] == 0
    build_small(own)
    assert tonnes(own.edition, "2019-06") == [3967.0]
    assert "quarantined releases let in: 1" in lodestone(own, "diff")[1]
    assert {decision.verb for decision in archive.decisions(own.raw, CHINA).values()} == {"accept"}


def test_the_doctor_ends_with_1_only_where_a_person_is_needed(own: Settings, lodestone: Run) -> None:
    now = {"LODESTONE_NOW": LATER.isoformat(), "LODESTONE_US_CENSUS_KEY": KEY}
    code, out, _ = lodestone(own, "doctor", **now)
    assert (code, KEY in out) == (0, False)
    answered(own, LATER)
    code, out, _ = lodestone(own, "doctor", **now)
    assert (code, "bad   edition" in out) == (1, True)
    assert all(line.split()[0] in ("ok", "warn", "bad") for line in out.splitlines())


def test_alerts_are_shown_and_nothing_is_posted(own: Settings, lodestone: Run) -> None:
    assert lodestone(own, "alerts", LODESTONE_NOW="2026-03-01")[1].startswith("Nothing to tell")
    code, out, _ = lodestone(own, "alerts", LODESTONE_NOW="2027-01-01", LODESTONE_ALERT_URL="http://127.0.0.1:9/")
    assert (code, out.startswith("china_customs_bulletin late: something newer was due by")) == (0, True)


def test_an_edition_of_another_version_of_the_code_is_told_in_one_sentence(own: Settings, lodestone: Run) -> None:
    own.edition.chmod(0o644)
    with duckdb.connect(str(own.edition)) as connection:
        connection.execute("drop view if exists main.asked; alter table meta.asked drop column ask_again_until")
    code, out, message = lodestone(own, "sources")
    assert (code, out, message.count("\n")) == (1, "", 1)
    assert "another version of the code" in message
    assert "`lodestone build` makes it anew" in message
