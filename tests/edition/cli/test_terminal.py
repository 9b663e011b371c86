"""What a person sees in a real terminal: answers as wide as it is, numbers aligned, and nothing in the data that steers it."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from contextlib import suppress

import pytest

from pipelines.edition.open import read_only
from pipelines.settings import Settings
from pipelines.sources import source_names

WIDE = "from import_concentration limit 5"
COMMAND = (sys.executable, "-c", "from pipelines.cli.app import main; main()")


def in_a_terminal(settings: Settings, width: int, *arguments: str) -> list[str]:
    """The lines that a command leaves on a terminal of so many letters, colours and all."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, width, 0, 0))
    environment = {"PATH": os.environ["PATH"], "TERM": "xterm-256color", "LODESTONE_DATA": str(settings.data)}
    with subprocess.Popen([*COMMAND, *arguments], stdin=theirs, stdout=theirs, stderr=theirs, env=environment):
        os.close(theirs)
        written = b""
        with suppress(OSError):  # a terminal whose programs have ended cannot be read
            while more := os.read(ours, 65536):
                written += more
    os.close(ours)
    return written.decode("utf-8").replace("\r\n", "\n").splitlines()


def columns_of(settings: Settings, table: str) -> list[str]:
    with read_only(settings.edition) as connection:
        return [row[0] for row in connection.execute(f"describe {table}").fetchall()]


@pytest.mark.parametrize("width", [80, 120, 200])
@pytest.mark.parametrize("table", ["import_concentration", "claim_check", "trade_total"])
def test_a_wide_answer_fits_the_terminal_and_says_what_is_not_in_it(built: Settings, table: str, width: int) -> None:
    lines = in_a_terminal(built, width, "sql", f"from {table} limit 5")
    assert max(map(len, lines)) <= width
    assert len(lines) <= 24
    rows, _, message = "\n".join(lines).partition("\n\n")
    assert len(rows.splitlines()) == 6
    remarks = message.replace("\n", " ")
    shown = rows.splitlines()[0].split()
    columns = columns_of(built, table)
    left_out = remarks.partition(" letters: ")[2].partition(".")[0].split(", ")
    assert f"{len(left_out)} of {len(columns)} columns do not fit into a line of {width} letters" in remarks
    assert "--format record" in remarks
    assert [name for name in columns if name not in shown + left_out and f" {name}" not in remarks] == []


def test_a_narrow_answer_is_shown_whole_and_nothing_is_remarked(built: Settings) -> None:
    lines = in_a_terminal(built, 80, "sql", "select iso3, name from country where iso3 in ('CHN', 'CIV') order by iso3")
    assert lines == ["iso3  name", "CHN   China", "CIV   Côte d'Ivoire"]


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        (WIDE, ["importer", "commodity", "period_start", "top_supplier", "cr1"]),
        ("from supplier_share limit 5", ["commodity", "period_start", "supplier", "share"]),
        ("from refining_share limit 5", ["commodity", "period_start", "refiner", "share"]),
        ("from trade_flow where partner_role = 'country' order by all limit 5", ["partner_iso3", "weight_kg"]),
        ("from claim_check limit 5", ["statement", "claimed_value", "period_start", "verdict"]),
    ],
)
def test_what_a_row_is_about_stands_by_name_beside_its_figures_where_not_all_columns_fit(
    built: Settings, query: str, shown: list[str]
) -> None:
    header = in_a_terminal(built, 80, "sql", query)[0].split()
    assert [name for name in header if name in shown] == [*shown]
    assert "series_id" not in header


def test_a_long_text_is_cut_where_that_makes_room_for_all_columns(built: Settings) -> None:
    query = "select repeat('word ', 30) as text, 'a/' || repeat('b', 90) || '/c' as path, 7 as n from range(2)"
    header, row, _ = in_a_terminal(built, 80, "sql", query)
    assert header.split() == ["text", "path", "n"]
    assert len(row) <= 80
    text, path, number = (row[: row.index("…")], row.split()[-2], row.split()[-1])
    assert text.startswith("word word")
    assert (path[:2], path[-2:], number) == ("a/", "/c", "7")


@pytest.mark.parametrize("width", [40, 80])
def test_one_row_that_does_not_fit_is_set_as_a_record(built: Settings, width: int) -> None:
    lines = in_a_terminal(built, width, "sql", "from import_concentration limit 1")
    assert max(map(len, lines)) <= width
    assert [line.split(":")[0] for line in lines if line[0] != " "] == columns_of(built, "import_concentration")


@pytest.mark.parametrize(
    ("rows", "columns"), [("select repeat('x', 30) as a, 1 as b from range(2)", 2), ("select 1 as long_name where false", 0)]
)
def test_where_a_table_would_show_next_to_nothing_there_are_records(built: Settings, rows: str, columns: int) -> None:
    lines = in_a_terminal(built, 8, "sql", rows)
    assert len([line for line in lines if line and line[0] in "ab"]) == 2 * columns
    assert lines


def test_a_long_name_hides_no_value(built: Settings) -> None:
    lines = in_a_terminal(
        built, 80, "sql", f"select count(*) filter (where {' and '.join(['share > 0.5'] * 20)}) + 1234567 from supplier_share limit 1"
    )
    assert max(map(len, lines)) <= 80
    assert any(re.search(r"123[4-9][0-9]{3}$", line) for line in lines)


def test_records_show_every_column_of_every_row_when_asked(built: Settings) -> None:
    lines = in_a_terminal(built, 80, "sql", "--format", "record", WIDE)
    assert max(map(len, lines)) <= 80
    assert [line.split(":")[0] for line in lines if line and line[0] != " "] == columns_of(built, "import_concentration") * 5


def test_numbers_stand_below_each_other_rounded_to_what_can_be_read(built: Settings) -> None:
    numbers = "(0.41100000000000003, 1), (12345.678901, 20), (-0.07142857142857142, 300), (0.0000001, null), ('nan'::double, 5)"
    lines = in_a_terminal(built, 80, "sql", f"select * from (values {numbers}) as t(share, n)")
    assert lines == [
        "     share    n",
        "    0.411     1",
        "12345.6789   20",
        "   -0.0714  300",
        "1e-07",
        "  nan         5",
    ]


STEERS = "chr(27) || '[31mred' || chr(7) || chr(155) || '2J' as a, 'left' || chr(8238) || 'right' as b, 'two' || chr(10) || 'lines' as c"


@pytest.mark.parametrize("form", ["table", "record", "csv", "json"])
def test_nothing_in_the_data_steers_the_terminal(built: Settings, form: str) -> None:
    written = "\n".join(in_a_terminal(built, 80, "sql", f"select {STEERS}", "--format", form))
    assert "[31mred" in written
    assert not {letter for letter in written if letter < " " and letter != "\n"} | ({*"\x7f\x9b\u202e"} & {*written})


def test_an_error_that_repeats_the_data_does_not_steer_the_terminal_either(built: Settings) -> None:
    (message,) = in_a_terminal(built, 200, "explain", "\x1b[31mnonsense")
    assert message.startswith("lodestone: there is no table")
    assert "\x1b" not in message


def test_the_list_of_tables_fits_the_terminal(built: Settings) -> None:
    lines = in_a_terminal(built, 80, "tables")
    assert lines[0].startswith("\x1b[1mtable")  # what is drawn on the terminal itself keeps its colours
    assert max(len(line) for line in lines if "\x1b" not in line) <= 80
    assert any(line.startswith("supplier_share ") and "From whom does each importer buy" in line for line in lines)


@pytest.mark.parametrize("width", [40, 80, 120])
def test_the_list_of_sources_fits_the_terminal_and_says_what_is_not_in_it(built: Settings, width: int) -> None:
    lines = [re.sub("\x1b\\[[0-9]*m", "", line) for line in in_a_terminal(built, width, "sources")]
    assert max(map(len, lines)) <= width
    assert {line.split()[0] for line in lines[1:8]} == set(source_names())
    left_out = re.search(r"For want of room without (.*?): `lodestone sql", " ".join(lines))
    named = [] if left_out is None else re.sub(" +", " ", left_out[1]).split(", ")
    assert all((name in lines[0]) != (name in named) for name in ("newest", "days old", "data to", "lines", "rejected", "due by"))
    assert (width >= 96) == (named == [])
