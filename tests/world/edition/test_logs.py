"""Somebody who may write opens an edition, changes it and dies: what DuckDB left beside it is never read into any edition."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pipelines.edition.build import is_up_to_date
from pipelines.edition.open import read_only, side_by_side
from pipelines.errors import LodestoneError
from pipelines.operations import doctor
from pipelines.settings import Settings
from tests.building import Run
from tests.copies import JUNE_2019, december, revise, table_hashes
from tests.small import CHINA, RARE_EARTHS, as_of, night

WRITE_AND_DIE = """
import os, sys, duckdb
connection = duckdb.connect(sys.argv[1])
connection.execute("delete from facts.trade_total")
os._exit(9)
"""


def written_to(path: Path) -> Path:
    """Delete figures of an edition without finishing; the log that stays beside it."""
    path.chmod(0o644)
    subprocess.run([sys.executable, "-c", WRITE_AND_DIE, path], check=False)
    log = path.with_name(f"{path.name}.wal")
    assert log.stat().st_size > 0
    return log


def read(path: Path) -> None:
    with read_only(path):
        pass


def compare(path: Path) -> None:
    with side_by_side(path, path):
        pass


@pytest.mark.parametrize("reader", [read, compare])
def test_a_reader_is_never_given_what_somebody_wrote_beside_an_edition(reader: Callable[[Path], None], own: Settings) -> None:
    log = written_to(own.edition)
    with pytest.raises(LodestoneError) as refused:
        reader(own.edition)
    assert str(refused.value).startswith(f"{log} is what somebody wrote to the edition and did not finish")
    log.unlink()
    reader(own.edition)


def test_a_question_and_the_doctor_say_so_in_one_line(own: Settings, lodestone: Run) -> None:
    log = written_to(own.edition)
    code, out, message = lodestone(own, "sql", "select count(*) from trade_total")
    assert (code, out, message.count("\n"), str(log) in message) == (1, "", 1, True)
    (found,) = [finding for finding in doctor.examine(own, {}) if finding.subject == "edition"]
    assert (found.level, str(log) in found.message) == ("bad", True)


def test_a_build_removes_the_log_even_where_no_figure_changed(own: Settings) -> None:
    before = table_hashes(own.edition)
    log = written_to(own.edition)
    assert not is_up_to_date(own)
    assert night(own).changed
    assert not log.exists()
    assert table_hashes(own.edition) == before
    assert own.edition.stat().st_mode & 0o777 == 0o444


def test_the_editions_before_and_as_of_a_day_are_put_beside_no_log_either(own: Settings) -> None:
    day = own.edition_as_of("2019-06-30")
    logs = [path.with_name(f"{path.name}.wal{kind}") for path in (own.previous_edition, day) for kind in ("", ".checkpoint", ".recovery")]
    for log in logs:
        log.parent.mkdir(exist_ok=True)
        log.write_bytes(b"of an edition that stood here")
    revise(own, CHINA, RARE_EARTHS, {JUNE_2019: "2019-06,3967,"}, december(1))
    night(own)
    as_of(own, "2019-06-30")
    assert [log.exists() for log in logs] == [False] * 6
    read(own.previous_edition)
    read(day)
