"""What a person at a terminal meets: exit codes, errors of one sentence, formats, and what a question cannot reach."""

from __future__ import annotations

import csv
import io
import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from importlib import metadata
from pathlib import Path

import duckdb
import polars as pl
import pytest

from pipelines.model.statements import statements
from pipelines.questions import citation, files
from pipelines.settings import PROJECT, Settings, load_settings
from tests.building import Run, copy_curated
from tests.copies import file_hashes, newest
from tests.small import PRODUCTION, USGS, build_small, copy_small
from tests.waiting import PATIENCE


def in_a_shell(settings: Settings, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command as a shell would, with nothing of our own environment but what it needs."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return subprocess.run(
        [sys.executable, "-c", "from pipelines.cli.app import main; main()", *arguments],
        env=kept | {"LODESTONE_DATA": str(settings.data)} | environment,
        capture_output=True,
        encoding="utf-8",
        timeout=PATIENCE,
        check=False,
    )


Rejects = Callable[..., str]
Asks = Callable[[Settings, str], str]


@pytest.fixture
def asks(lodestone: Run) -> Asks:
    """What a question is answered with."""

    def run(settings: Settings, query: str) -> str:
        code, out, message = lodestone(settings, "sql", query)
        assert (code, message) == (0, "")
        return out

    return run


@pytest.fixture
def rejects(lodestone: Run) -> Rejects:
    """The one sentence a command refuses with."""

    def run(settings: Settings, code: int, *arguments: str) -> str:
        ended, out, message = lodestone(settings, *arguments)
        assert (ended, out) == (code, "")
        assert message.count("\n") == 1
        return message

    return run


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nonsense"], "No such command"),
        (["sql"], "ask one question: as QUERY, with -f FILE"),
        (["sql", "select 1", "-f", "query.sql"], "ask one question"),
        (["sql", "-f", "/nonsense"], "/nonsense: cannot be read"),
        (["sql", "select 1", "--output", "answer.xlsx"], "choose one of table, record, csv, json, parquet with --format"),
        (["sql", "select 1", "--safe"], "--safe is for CSV"),
        (["sql", "select 1", "--format", "xml"], "'xml' is not one of"),
        (["sql", "select 1", "--format", "parquet"], "--output FILE"),
        (["sources", "--nonsense"], "No such option"),
        (["sql", "from nonsense"], "nonsense"),
        (["sql", "select"], "Parser Error"),
        (["sql", "select 1; select 2"], "2 statements"),
        (["sql", ""], "no question"),
        (["sql", "-- which\n"], "no question"),
        (["sql", "select 1", "--outptu", "x"], "No such option: --outptu"),
        (["sql", "select 1 as a, 2 as a", "--format", "json"], "two columns are called 'a'"),
        (["sql", "select 1 as a", "--output", "/proc/version", "--format", "csv"], "cannot be written"),
        (["sql", "select 'x'::integer"], "Conversion Error"),
        (["sql", "select 1", "--output", "/nonsense/file", "--format", "csv"], "cannot be written"),
        (["build", "--as-of", "2024-13-01"], "YYYY-MM-DD"),
        (["build", "--as-of", "2999-01-01"], "future"),
        (["accept", "0123456789abcdef", "--reason", "because"], "not quarantined"),
        (["accept", "0123456789abcdef"], "--reason"),
        (["accept", "0123456789abcdef", "--reason", " "], "needs its reason"),
        (["explain"], "Missing argument"),
        (["explain", "trade_totl"], "did you mean trade_total"),
        (["explain", "facts.trade_totl"], "did you mean facts.trade_total"),
        (["explain", "trade_total"], "say with --limit"),
        (["explain", "trade_total", "--limit", "0"], "greater than or equal to 1"),
        (["explain", "trade_total", "--where", "nonsense = 1"], 'column "nonsense" not found'),
        (["explain", "trade_total", "--where", "period_start ="], "Parser Error"),
        (["explain", "trade_total", "--where", "period_start = 'May'"], "May"),
        (["explain", "trade_total", "--where", "1 = 1) union (select 1"], "cannot be used"),
        (["explain", "trade_total", "--where", "exists (from '/etc/passwd')"], "cannot be used"),
        (["explain", "trade_total", "--where", "period_start = '1066-10-14'"], "no row of facts.trade_total"),
        (["explain", "trade_total", "--format", "csv"], "'csv' is not one of"),
        (["keep", "nonsense", "file"], "no source"),
        (["keep", "usgs_mcs", "nonsense.csv"], "--member"),
        (["keep", "usgs_mcs", "/nonsense", "--member", "usgs_world_production.csv"], "cannot be read"),
    ],
)
def test_an_error_of_use_is_one_sentence_and_exit_code_2(rejects: Rejects, built: Settings, arguments: list[str], message: str) -> None:
    assert message in rejects(built, 2, *arguments)


def test_a_file_larger_than_any_good_one_is_not_even_read(rejects: Rejects, built: Settings, tmp_path: Path) -> None:
    large = tmp_path / "usgs_world_production.csv"
    with large.open("wb") as file:
        file.truncate(10**12)
    assert "has 1,000,000,000,000 bytes where a file of usgs_mcs has at most 200,000,000" in rejects(
        built, 2, "keep", "usgs_mcs", str(large)
    )


@pytest.mark.parametrize(
    "query",
    [
        "from read_csv('/etc/passwd')",
        "from '/etc/passwd'",
        "copy (select 1) to '/tmp/lodestone-test.csv'",
        "attach '/tmp/lodestone-test.db'",
        "install httpfs",
        "from read_parquet('http://127.0.0.1:9/x.parquet')",
        "create table facts.nonsense (a integer)",
        "delete from facts.trade_total",
        "set enable_external_access = true",
        "copy (select 1 as a) to '{edition}' (format csv, use_tmp_file false)",
        "copy (select 1 as a) to '{edition}.wal' (format csv)",
        "copy (pivot country on kind using count(*)) to '{edition}.wal' (format csv)",
        "explain analyze copy (select 1 as a) to '{edition}.wal' (format csv)",
        "explain (analyze) copy (select 1 as a) to '{edition}.wal' (format csv)",
        "explain /* */ analyze copy (select 1 as a) to '{edition}.wal' (format csv)",
        "with written as (copy (select 1 as a) to '{edition}.wal' (format csv)) from written",
        "with written as (insert into facts.conflict select * from facts.conflict returning *) from written",
        "from read_text('{edition}')",
        "create temp table nonsense as select 1",
        "create temp table nonsense as pivot country on kind using count(*)",
        "begin",
        "vacuum",
        "checkpoint",
        "prepare nonsense as select 1",
        "execute nonsense",
        "load httpfs",
        "use facts",
        "pragma enable_profiling",
        "export database '/tmp/lodestone-test'",
        "import database '/tmp/lodestone-test'",
        "call pragma_version()",
    ],
)
def test_a_question_reaches_no_file_no_network_and_changes_nothing(rejects: Rejects, own: Settings, query: str) -> None:
    before = {path: path.read_bytes() for path in own.data.glob("*") if path.is_file()}
    rejects(own, 2, "sql", query.replace("{edition}", str(own.edition)))
    assert {path: path.read_bytes() for path in own.data.glob("*") if path.is_file()} == before


@pytest.mark.parametrize(
    "query",
    [
        "from claim",
        "-- which countries there are\nselect 1",
        "  /* all of them */ select 1",
        "show tables",
        "describe claim",
        "summarize claim",
        "explain from claim",
        "explain analyze from claim",
        "explain (format json) from claim",
        "pivot country on kind using count(*)",
        "explain pivot country on kind using count(*)",
        "(select 1)",
        "with one as (select 1) from one",
        "select 1;",
        "table claim",
        "values (1)",
    ],
)
def test_whatever_only_reads_is_a_question(built: Settings, query: str, asks: Asks) -> None:
    assert asks(built, query)


def test_an_answer_never_overwrites_what_the_program_keeps(rejects: Rejects, own: Settings, tmp_path: Path) -> None:
    as_of = own.edition_as_of("2020-01-01")
    as_of.parent.mkdir()
    shutil.copy(own.edition, as_of)
    elsewhere = tmp_path / "copy.duckdb"
    shutil.copy(own.edition, elsewhere)
    link = tmp_path / "link.csv"
    link.symlink_to(own.edition)
    kept = [
        own.edition,
        own.edition.with_name("lodestone.duckdb.wal"),
        own.writer_lock,
        as_of,
        elsewhere,
        link,
        own.data / "previous" / "lodestone.duckdb",
        own.raw / "usgs_mcs" / "new.csv",
        own.curated / "usgs_mcs" / "new.csv",
        own.dagster / "new.csv",
        own.data / "raw" / ".." / "lodestone.duckdb",
        tmp_path / "new.duckdb",
        tmp_path / "lodestone.duckdb.wal",
        tmp_path / ".lodestone.duckdb.4711",
    ]
    before = file_hashes(own.data)
    for path in kept:
        for form in ("table", "csv", "json", "parquet"):
            assert "name another file" in rejects(own, 2, "sql", "select 1 as a", "--format", form, "--output", str(path))
    assert file_hashes(own.data) == before


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small project with a history, which stands for ours: what a test would overwrite there is not lost."""
    folder = tmp_path / "project"
    for path in ("README.md", "docs/using.md", "sql/marts/supplier_share.sql", "pipelines/model/vocabulary/country.csv"):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text("ours\n", "utf-8")
    subprocess.run(["git", "init", "--quiet", folder], check=True)
    subprocess.run(["git", "-C", folder, "add", "."], check=True)
    for name, part in {"PROJECT": ".", "PACKAGE": "pipelines", "SQL": "sql"}.items():
        monkeypatch.setattr(files, name, folder / part)
    return folder


def test_an_answer_never_overwrites_the_project(rejects: Rejects, built: Settings, project: Path, lodestone: Run) -> None:
    before = file_hashes(project)
    for name in (
        "README.md",
        "docs/../docs/using.md",
        "sql/marts/supplier_share.sql",
        "sql/marts/new.sql",
        "pipelines/model/vocabulary/country.csv",
        ".git/config",
        ".git/new",
    ):
        assert "belongs to the project itself" in rejects(
            built, 2, "sql", "select 1 as a", "--format", "csv", "--output", str(project / name)
        )
    assert file_hashes(project) == before
    for _ in range(2):
        assert lodestone(built, "sql", "select 1 as a", "--output", str(project / "answer.csv"))[0] == 0


def test_an_answer_is_never_written_into_a_data_folder_of_anybody(rejects: Rejects, built: Settings, data: Settings) -> None:
    (kept,) = data.raw.glob("usgs_mcs/bundled/*/usgs_world_production.csv")
    body = kept.read_bytes()
    for path in (kept, data.data / "answer.csv", data.curated / "answer.csv"):
        assert "name another file" in rejects(built, 2, "sql", "select 1 as a", "--format", "csv", "--output", str(path))
    assert kept.read_bytes() == body


@pytest.mark.parametrize("held", files.IN_A_DATA_FOLDER)
def test_a_data_folder_is_known_by_any_one_thing_in_it(rejects: Rejects, built: Settings, tmp_path: Path, held: str) -> None:
    folder = tmp_path / "theirs" / held.replace("*", "usgs_mcs")
    folder.mkdir(parents=True)
    for path in (folder / "answer.csv", tmp_path / "theirs" / "answer.csv"):
        assert "name another file" in rejects(built, 2, "sql", "select 1 as a", "--output", str(path))
    assert list((tmp_path / "theirs").rglob("answer.csv")) == []


def test_a_dash_for_a_file_is_standard_output(built: Settings, tmp_path: Path, lodestone: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert lodestone(built, "sql", "select 1 as n", "--output", "-", "--format", "csv") == (0, "n\n1\n", "")
    assert list(tmp_path.iterdir()) == []


def test_an_answer_that_fails_half_way_leaves_the_file_as_it_was(rejects: Rejects, built: Settings, tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("earlier\n", "utf-8")
    query = "select case when range = 50000 then 'x' else '1' end::integer as n from range(60000)"
    for form in ("csv", "json", "parquet"):
        rejects(built, 2, "sql", query, "--format", form, "--output", str(path))
        assert path.read_text("utf-8") == "earlier\n"
        assert list(tmp_path.iterdir()) == [path]


def test_a_damaged_edition_is_told_with_the_remedy(rejects: Rejects, own: Settings) -> None:
    body = own.edition.read_bytes()
    with_header = body[:12_288]
    for damaged in (b"", b"nonsense" * 1000, with_header, with_header + bytes(len(body) - len(with_header))):
        own.edition.unlink()
        own.edition.write_bytes(damaged)
        for command in (["sql", "from facts.trade_total"], ["sources"]):
            message = rejects(own, 1, *command)
            assert "cannot be read" in message
            assert "`lodestone build` makes it anew" in message


def test_types_of_every_kind_come_in_every_format(built: Settings, tmp_path: Path, lodestone: Run) -> None:
    query = (
        "select true as yes, null as nothing, '' as empty, [1.5::double, 'nan'::double] as list, {'a': 'b,c'} as pair,"
        " map {date '2020-01-01': 1} as days, '\\xAB'::blob as bytes, 1.50::decimal(9, 2) as price, 'infinity'::double as most,"
        " interval 3 day as span, 12345678901234567890::hugeint as large"
    )
    code, out, message = lodestone(built, "sql", query, "--format", "csv")
    assert (code, message) == (0, "")
    assert out.splitlines()[1] == (
        'true,,"","[1.5, null]","{""a"": ""b,c""}","{""2020-01-01"": 1}",ab,1.50,inf,3 days,12345678901234567890'
    )
    (row,) = json.loads(lodestone(built, "sql", query, "--format", "json")[1])
    assert row == {
        "yes": True,
        "nothing": None,
        "empty": "",
        "list": [1.5, None],
        "pair": {"a": "b,c"},
        "days": {"2020-01-01": 1},
        "bytes": "ab",
        "price": 1.5,
        "most": None,
        "span": "3 days",
        "large": 12345678901234567890,
    }
    assert lodestone(built, "sql", query)[0] == 0
    code, _, message = lodestone(built, "sql", query, "--format", "parquet", "--output", str(tmp_path / "rows.parquet"))
    assert (code, message.count("\n")) == (2, 1)
    assert "cast the column" in message
    assert list(tmp_path.iterdir()) == []


TIMES = {
    "age(timestamp '2026-02-28 23:59:59', timestamp '2024-01-01')": "2 years 1 month 27 days 23:59:59",
    "to_months(13)": "1 year 1 month",
    "[to_months(1)]": ["1 month"],
    "{'how long': to_months(1)}": {"how long": "1 month"},
    "map {'a': to_months(1)}": {"a": "1 month"},
    "'infinity'::date": "infinity",
    "timestamp_ns '2020-01-01 00:00:00.123456789'": "2020-01-01 00:00:00.123456789",
    "date '2020-01-31'": "2020-01-31",
    "timestamp '2020-01-31 12:00:00'": "2020-01-31 12:00:00",
}


def test_times_are_written_whole_with_the_months_of_an_interval(built: Settings, asks: Asks, lodestone: Run) -> None:
    query = f"select {', '.join(f'{time} as t{place}' for place, time in enumerate(TIMES))}"
    (row,) = json.loads(lodestone(built, "sql", query, "--format", "json")[1])
    assert list(row.values()) == list(TIMES.values())
    (cells,) = list(csv.reader(io.StringIO(lodestone(built, "sql", query, "--format", "csv")[1])))[1:]
    assert [cell if isinstance(was, str) else json.loads(cell) for cell, was in zip(cells, TIMES.values(), strict=True)] == [
        *TIMES.values()
    ]
    assert "2 years 1 month 27 days 23:59:59" in asks(built, query)


DIGITS = "0.928::double as a, 0.1::float as b, [0.1::float] as c, 123456789012345678.12::decimal(38, 2) as d, 1.50::decimal(9, 2) as e"


def test_numbers_are_the_shortest_text_that_reads_back(built: Settings, lodestone: Run) -> None:
    assert lodestone(built, "sql", f"select {DIGITS}", "--format", "csv")[1].splitlines()[1] == "0.928,0.1,[0.1],123456789012345678.12,1.50"
    written = lodestone(built, "sql", f"select {DIGITS}", "--format", "json")[1]
    assert written == '[\n{"a": 0.928, "b": 0.1, "c": [0.1], "d": 123456789012345678.12, "e": 1.50}\n]\n'


def test_a_row_whose_only_value_is_null_is_a_row_of_csv(built: Settings, tmp_path: Path, lodestone: Run) -> None:
    path = tmp_path / "rows.csv"
    lodestone(built, "sql", "select nullif(range, 1) / 2 as n from range(3)", "--output", str(path))
    assert path.read_text("utf-8") == 'n\n0.0\n""\n1.0\n'
    with path.open(encoding="utf-8", newline="") as file:
        assert [row["n"] for row in csv.DictReader(file)] == ["0.0", "", "1.0"]


def test_safe_csv_holds_nothing_that_a_spreadsheet_computes(built: Settings, lodestone: Run) -> None:
    query = "select '=1+1' as a, '@x' as b, '-y' as c, '+z' as d, -1 as e, null as f, 'plain' as \"=g\""
    assert lodestone(built, "sql", query, "--format", "csv", "--safe")[1] == "a,b,c,d,e,f,'=g\n'=1+1,'@x,'-y,'+z,-1,,plain\n"
    assert lodestone(built, "sql", query, "--format", "csv")[1].splitlines()[1] == "=1+1,@x,-y,+z,-1,,plain"


def test_what_goes_to_another_program_keeps_every_character(built: Settings, lodestone: Run) -> None:
    assert lodestone(built, "sql", "select chr(27) || '[31m' as a", "--format", "csv")[1] == "a\n\x1b[31m\n"


def test_a_question_may_stand_in_a_file_or_come_from_standard_input(
    built: Settings, tmp_path: Path, lodestone: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "question.sql"
    file.write_text("-- how many\nselect 1 as n;\n", "utf-8-sig")
    assert lodestone(built, "sql", "-f", str(file), "--format", "csv")[1] == "n\n1\n"
    for arguments in (["-"], ["-f", "-"]):
        with file.open(encoding="utf-8") as text:
            monkeypatch.setattr(sys, "stdin", text)
            assert lodestone(built, "sql", *arguments, "--format", "csv")[1] == "n\n1\n"


def test_a_file_is_written_as_its_name_says_unless_told_otherwise(built: Settings, tmp_path: Path, lodestone: Run) -> None:
    begins = {"x.csv": b"n\n1\n", "x.JSON": b'[\n{"n": 1}\n]\n', "x.parquet": b"PAR1", "x.txt": b"n\n1\n", "x": b"n\n1\n"}
    for name, beginning in begins.items():
        assert lodestone(built, "sql", "select 1 as n", "--output", str(tmp_path / name))[0] == 0
        assert (tmp_path / name).read_bytes().startswith(beginning)
    lodestone(built, "sql", "select 1 as n", "--output", str(tmp_path / "x.parquet"), "--format", "json")
    assert (tmp_path / "x.parquet").read_bytes() == begins["x.JSON"]


def test_every_table_is_listed_with_what_it_is(built: Settings, lodestone: Run) -> None:
    code, out, _ = lodestone(built, "tables")
    assert code == 0
    described = {line.split()[0]: line.split()[1:3] for line in out.splitlines() if line and line[0].islower()}
    assert {statement.table for statement in statements("marts")} | {"trade_total", "source_status", "country"} <= described.keys()
    assert described["claim"][:2] == ["9", "Statements"]


def test_the_version_is_told(built: Settings, lodestone: Run) -> None:
    assert lodestone(built, "--version")[:2] == (0, f"lodestone {metadata.version('lodestone')}, DuckDB {duckdb.__version__}\n")


@pytest.mark.parametrize(
    ("words", "offered"),
    [("lodestone fe", "fetch"), ("lodestone fetch us", "us_census"), ("lodestone explain import_co", "import_concentration")],
)
def test_the_shell_is_told_how_a_word_may_go_on(built: Settings, words: str, offered: str) -> None:
    asked = {"_LODESTONE_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
    assert offered in in_a_shell(built, **asked).stdout.split()


@pytest.mark.parametrize("command", ["fetch", "plan"])
def test_the_shell_offers_no_office_that_is_not_asked(built: Settings, command: str) -> None:
    asked = {"_LODESTONE_COMPLETE": "complete_bash", "COMP_WORDS": f"lodestone {command} ", "COMP_CWORD": "2"}
    assert in_a_shell(built, **asked).stdout.split() == ["ecb_rates", "us_census"]


def test_no_rows_are_no_rows_in_every_format(built: Settings, tmp_path: Path, lodestone: Run) -> None:
    query = "select 1 as n where false"
    assert lodestone(built, "sql", query, "--format", "csv")[1] == "n\n"
    assert json.loads(lodestone(built, "sql", query, "--format", "json")[1]) == []
    lodestone(built, "sql", query, "--format", "parquet", "--output", str(tmp_path / "rows.parquet"))
    assert pl.read_parquet(tmp_path / "rows.parquet").shape == (0, 1)


def test_an_answer_without_end_is_shown_at_once_and_can_be_read_in_part(built: Settings) -> None:
    assert in_a_shell(built, "sql", "from range(1000000000000)").returncode == 0
    script = "from pipelines.cli.app import main; main()"
    environment = os.environ | {"LODESTONE_DATA": str(built.data)}
    with subprocess.Popen(
        [sys.executable, "-c", script, "sql", "from range(1000000000000)", "--format", "csv"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as reading:
        assert reading.stdout is not None
        assert reading.stderr is not None
        assert [reading.stdout.readline() for _ in range(2)] == ["range\n", "0\n"]
        reading.stdout.close()
        assert reading.wait(timeout=PATIENCE) == 0
        assert reading.stderr.read() == ""


TELLS_WHAT_IT_LOADED = """
import sys
from pipelines.cli.app import main

try:
    main()
finally:
    sys.stderr.write(" ".join(sys.modules))
"""
HEAVY = {"dagster", "duckdb", "httpx", "pandera", "polars", "pyarrow", "sqlglot", "stamina"}
"""Packages that take a tenth of a second or more to load, or load one that does."""


@pytest.mark.parametrize(
    ("arguments", "needed"),
    [
        ("--help", set()),
        ("sql --help", set()),
        ("sql 'from claim_check'", {"duckdb"}),
        ("sql 'from claim_check' --format csv", {"duckdb"}),
        ("tables", {"duckdb"}),
        ("sources", {"duckdb"}),
        ("explain trade_total --limit 1", {"duckdb", "pandera", "polars", "sqlglot"}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_command_loads_no_package_that_it_has_no_use_for(built: Settings, arguments: str, needed: set[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", TELLS_WHAT_IT_LOADED, *shlex.split(arguments)],
        env=os.environ | {"LODESTONE_DATA": str(built.data)},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0
    assert HEAVY & set(done.stderr.split()) <= needed


PRESSES_CTRL_C_WHILE = """
import importlib.abc, os, signal, sys

class Pressing(importlib.abc.MetaPathFinder):
    def find_spec(self, name, *_):
        if name == {module!r}:
            sys.meta_path.remove(self)
            os.kill(os.getpid(), signal.SIGINT)

from pipelines.__main__ import main
sys.meta_path.insert(0, Pressing())
main()
"""
"""Ctrl-C at the moment in which a module is looked for."""


@pytest.mark.parametrize(
    ("arguments", "module"),
    [
        *((["sql", "select 1"], module) for module in ("typer", "duckdb", "pipelines.questions.answers", "pipelines.cli.app")),
        (["sql", "select 1", "--cite"], "sqlglot"),
        (["explain", "trade_total"], "pandera"),
        (["plan"], "polars"),
    ],
)
def test_ctrl_c_ends_the_command_with_one_word_while_it_still_loads(built: Settings, arguments: list[str], module: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PRESSES_CTRL_C_WHILE.format(module=module), *arguments],
        env=os.environ | {"LODESTONE_DATA": str(built.data)},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "lodestone: interrupted\n")


def test_ctrl_c_ends_the_command_with_one_word_while_python_itself_still_starts(built: Settings, tmp_path: Path) -> None:
    if subprocess.run(["env", "--block-signal=INT", "true"], capture_output=True, check=False).returncode != 0:
        pytest.skip("the env of this system cannot hold a signal back")
    command = tmp_path / ".venv" / "bin" / "lodestone"
    command.parent.mkdir(parents=True)
    command.write_text(f"#!{sys.executable}\nfrom pipelines.__main__ import main\nmain()\n", "utf-8")
    command.chmod(0o755)
    installs = subprocess.run(["make", "-n", "-B", ".venv/.ready"], cwd=PROJECT, capture_output=True, text=True, check=True).stdout
    (held_back,) = [line for line in installs.splitlines() if "block-signal" in line and not line.startswith("#")]
    subprocess.run(["sh", "-c", held_back], cwd=tmp_path, check=True)
    (tmp_path / "sitecustomize.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGINT)\n", "utf-8")
    done = subprocess.run(
        [command, "sql", "select 1"],
        env=os.environ | {"LODESTONE_DATA": str(built.data), "PYTHONPATH": f"{tmp_path}:{PROJECT}"},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "lodestone: interrupted\n")


PRESSES_CTRL_C = """
import os, signal, threading, time
from pipelines.cli.app import main

before = signal.getsignal(signal.SIGINT)

def press():
    while signal.getsignal(signal.SIGINT) is before:
        time.sleep(0.01)
    computed = time.process_time()
    while time.process_time() < computed + 1:
        time.sleep(0.01)
    os.kill(os.getpid(), signal.SIGINT)

threading.Thread(target=press, daemon=True).start()
main()
"""
"""Ctrl-C once a question can be stopped and the processor has worked on it for a second, however long that takes."""


def test_ctrl_c_ends_a_question_with_one_word(built: Settings) -> None:
    query = "select count(*) from range(100000) as a, range(10000000) as b where a.range * b.range % 7 = 3"
    done = subprocess.run(
        [sys.executable, "-c", PRESSES_CTRL_C, "sql", query],
        env=os.environ | {"LODESTONE_DATA": str(built.data)},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "lodestone: interrupted\n")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("form", ["table", "csv", "json"])
def test_a_full_disk_is_told_in_one_sentence(built: Settings, form: str) -> None:
    written = in_a_shell(built, "sql", "select 1 as a", "--format", form, "--output", "/dev/full")
    assert (written.returncode, written.stderr.count("\n")) == (2, 1)
    assert "/dev/full: cannot be written (No space left on device)" in written.stderr
    assert not Path("/dev/full").is_file()
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-c", "from pipelines.cli.app import main; main()", "sql", "select 1 as a", "--format", form],
            env=os.environ | {"LODESTONE_DATA": str(built.data)},
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "No space left on device" in done.stderr


def test_a_data_folder_that_is_none_is_told_in_one_sentence(built: Settings, tmp_path: Path, lodestone: Run) -> None:
    file = tmp_path / "file"
    file.write_text("", "utf-8")
    for folder in (file, file / "below"):
        for command in (["build"], ["sources"], ["keep", "usgs_mcs", str(file), "--member", "usgs_world_production.csv"]):
            code, _, message = lodestone(Settings(data=folder), *command)
            assert code == 1
            assert "Traceback" not in message
            assert str(folder) in message.splitlines()[-1]


def test_an_empty_setting_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LODESTONE_DATA", "")
    monkeypatch.setenv("LODESTONE_SELECTION", "")
    assert load_settings() == Settings(data=PROJECT / "data")


def test_without_an_edition_the_remedy_is_named(rejects: Rejects, data: Settings) -> None:
    assert "lodestone build" in rejects(data, 1, "sql", "select 1")
    assert "lodestone build" in rejects(data, 1, "sources")
    assert "--as-of 2024-12-31" in rejects(data, 1, "sql", "select 1", "--as-of", "2024-12-31")
    assert "--as-of 2024-12-31" in rejects(data, 1, "explain", "trade_total", "--as-of", "2024-12-31")


def test_the_same_rows_come_in_every_format(built: Settings, tmp_path: Path, lodestone: Run) -> None:
    query = "select country.iso3, country.name from country order by iso3 limit 3"
    table = lodestone(built, "sql", query)[1].splitlines()
    rows = list(csv.reader(io.StringIO(lodestone(built, "sql", query, "--format", "csv")[1])))
    objects = json.loads(lodestone(built, "sql", query, "--format", "json")[1])
    lodestone(built, "sql", query, "--format", "parquet", "--output", str(tmp_path / "rows.parquet"))
    frame = pl.read_parquet(tmp_path / "rows.parquet")
    assert rows[0] == frame.columns == ["iso3", "name"]
    assert [list(entry.values()) for entry in objects] == rows[1:] == [list(row) for row in frame.rows()]
    assert [line.split()[0] for line in table] == [row[0] for row in rows]


CITED = {
    "select weight_kg from trade_total where series_id = 'china_customs_bulletin/rare_earths'": {"china_customs_bulletin", "partner_flows"},
    "with listed as (from main.supplier_share) select count(*) from listed": {
        "china_customs_bulletin",
        "partner_flows",
        "published_shares",
        "usgs_mcs",
    },
    "select distinct source, importer_iso3 from supplier_share where source = 'usgs_mcs'": {"usgs_mcs"},
    "select series_id, share from supplier_share where series_id like 'usgs_mcs/%' limit 1": {"usgs_mcs"},
    "select commodity, event_date from policy_event limit 1": {"reference"},
    "select quantity from production_as_of('2025-12-31') limit 1": {"usgs_mcs"},
    "summarize facts.trade_total": {"china_customs_bulletin", "partner_flows"},
    "select name from country limit 1": set(),
    "select distinct production.source from production, production as other": {"usgs_mcs"},
    "select stake.commodity, production.source from overseas_stake as stake, production limit 1": {"reference", "usgs_mcs"},
    "with production as (select 1 as n) select count(*) as n from facts.production": {"usgs_mcs"},
    "with country as (from (with production as (select 1 as n) from production)) select count(*) as n from production, country": {
        "usgs_mcs"
    },
    "show tables": set(),
    "select 1": set(),
}


@pytest.mark.parametrize(("query", "sources"), CITED.items())
def test_an_answer_cites_the_sources_it_rests_on_and_no_other(built: Settings, query: str, sources: set[str], lodestone: Run) -> None:
    answer = json.loads(lodestone(built, "sql", query, "--cite", "--format", "json")[1])
    assert answer["rows"]
    assert {citation["source"] for citation in answer["sources"]} == sources
    assert all(citation["citation"] and citation["licence"] for citation in answer["sources"])


@pytest.mark.parametrize(
    "query",
    [
        "select count(*) as n from query_table('supplier_share')",
        "select count(*) as n from query_table(['production', 'production'])",
        "from query('select count(*) as n from supplier_share')",
        "from json_execute_serialized_sql(json_serialize_sql('select count(*) as n from supplier_share'))",
        "select (select max(share) from query_table('supplier_share')) as most",
        "from histogram(supplier_share, share)",
    ],
)
def test_an_answer_from_tables_that_cannot_be_told_cites_all_sources_held(built: Settings, query: str, lodestone: Run) -> None:
    code, out, _ = lodestone(built, "sql", query, "--cite")
    assert (code, out.count("Licence: ")) == (0, 5)
    assert "these are all sources held" in out


def test_citations_stand_below_a_table_and_beside_a_file_never_in_it(built: Settings, tmp_path: Path, lodestone: Run) -> None:
    query = "select max(quantity) as most from production"
    table = lodestone(built, "sql", query, "--cite")[1]
    assert "usgs_mcs: U.S. Geological Survey, Mineral Commodity Summaries" in table
    assert "Licence: Public domain" in table
    for output_format in ("csv", "parquet"):
        path = tmp_path / f"rows.{output_format}"
        code, out, message = lodestone(built, "sql", query, "--cite", "--format", output_format, "--output", str(path))
        assert (code, out) == (0, "")
        assert "Mineral Commodity Summaries" in message
        assert b"Summaries" not in path.read_bytes()


def test_rows_that_may_not_be_passed_on_are_said_to_be_so() -> None:
    open_licence = citation.Citation("office", "The Office", "The Office, its table.", "Free to use.", redistributable=True)
    assert "NOT" not in citation.as_text([open_licence], None)
    assert "These rows may NOT be passed on." in citation.as_text([replace(open_licence, redistributable=False)], None)


def test_a_long_answer_says_how_much_more_there_is(built: Settings, lodestone: Run) -> None:
    shown = lodestone(built, "sql", "select range as n from range(60)")[1].splitlines()
    assert len(shown) == 52
    assert shown[-1].startswith("There are more than these 50 rows")


def test_null_zero_and_text_beyond_ascii_survive_any_locale(built: Settings) -> None:
    query = "select null as nothing, 0 as zero, 'Côte d''Ivoire' as place"
    for locale in ({"LC_ALL": "C"}, {"LANG": ""}, {"PYTHONIOENCODING": "ascii", "COLUMNS": "10"}):
        done = in_a_shell(built, "sql", query, "--format", "csv", **locale)
        assert done.stdout == "nothing,zero,place\n,0,Côte d'Ivoire\n"


@pytest.mark.parametrize("command", [[], ["build"], ["sql"], ["explain"], ["sources"], ["accept"], ["keep"], ["tables"]])
def test_help_explains_with_examples(built: Settings, command: list[str], lodestone: Run) -> None:
    code, out, _ = lodestone(built, *command, "--help")
    assert (code, "lodestone" in out) == (0, True)


def test_a_build_tells_what_it_did_and_the_next_that_nothing_changed(built: Settings, tmp_path: Path) -> None:
    data = copy_curated(built, tmp_path / "data")
    first = in_a_shell(data, "build")
    recorded = file_hashes(data.dagster)
    second = in_a_shell(data, "build")
    assert file_hashes(data.dagster) == recorded
    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    for message in ("Published", "Exports that moved most", "Most concentrated imports", "agree", "Not in the box", "Go on"):
        assert message in first.stdout
    assert second.stdout.startswith("Nothing changed")
    assert "\x1b" not in first.stdout + first.stderr
    assert sorted(path.name for path in data.data.iterdir()) == [
        ".dagster",
        ".writer.lock",
        "curated",
        "lodestone.duckdb",
        "raw",
        "weighed.json",
    ]


def test_a_broken_file_is_named_and_the_others_are_published(tmp_path: Path, lodestone: Run) -> None:
    small = copy_small(tmp_path / "data")
    broken = tmp_path / "broken.csv"
    broken.write_bytes(b"<html>gone</html>")
    assert lodestone(small, "keep", USGS, str(broken), "--member", PRODUCTION)[0] == 0
    done = in_a_shell(small, "build")
    assert done.returncode == 0, done.stderr
    assert "usgs_mcs failed: the last good release stands" in done.stdout
    assert PRODUCTION in lodestone(small, "sources")[1]


def test_a_held_release_is_let_in_with_a_receipt(tmp_path: Path, lodestone: Run) -> None:
    own = copy_small(tmp_path / "data")
    lines = newest(own, USGS, PRODUCTION).splitlines(keepends=True)
    shrunk = tmp_path / PRODUCTION
    shrunk.write_text("".join(lines[: len(lines) * 2 // 3]), "utf-8")
    assert lodestone(own, "keep", USGS, str(shrunk))[0] == 0
    reports, _ = build_small(own)
    (release, *_) = (held.split()[0] for report in reports for held in report.quarantined)
    assert release in lodestone(own, "sources")[1]
    code, _, message = lodestone(own, "accept", release, "--reason", "the office took these rows back", "--author", "Ada")
    assert (code, message) == (0, "")
    (receipt,) = own.raw.glob("usgs_mcs/decisions/*-accept.json")
    decision = json.loads(receipt.read_text("utf-8"))
    assert (decision["author"], decision["reason"], decision["release_id"]) == ("Ada", "the office took these rows back", release)
    reports, _ = build_small(own)
    assert release not in {held.split()[0] for report in reports for held in report.quarantined}
