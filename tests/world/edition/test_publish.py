"""Write, audit, publish: readers in other processes only ever meet whole, checked editions."""

from __future__ import annotations

import multiprocessing
import os
import stat
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import duckdb

from pipelines.edition.open import read_only
from pipelines.edition.publish import open_draft, writer
from pipelines.settings import PROJECT, Settings
from tests.copies import december, leftovers, revise
from tests.small import CHINA, RARE_EARTHS, night
from tests.waiting import until

EDITIONS = 3

Reading = tuple[object, ...]
"""What one edition says of itself and of June 2019 in several tables, which must all belong together."""


def read(connection: duckdb.DuckDBPyConnection) -> Reading:
    def one(query: str) -> tuple[object, ...]:
        (row,) = connection.execute(query).fetchall()
        return tuple(row)

    level = "series_id = 'china_customs_bulletin/rare_earths' and period_start = '2019-06-01' and period_months = 1"
    return (
        *one("select edition_id, observed_until, releases from meta.edition"),
        *one("select count(*), max(observed_at) from meta.observation"),
        *one("select observed_at from meta.source_status where source = 'china_customs_bulletin'"),
        *one(f"select weight_kg, known_from from facts.trade_total where {level}"),
        *one(f"select amount from marts.export_change_monthly where {level}"),
        *one(f"select count(*) from facts.trade_total_superseded where {level}"),
        *one(
            f"select release.release_id from facts.trade_total join meta.release using (release_id)"
            f" where {level} and state in ('current', 'superseded')"
        ),
    )


def open_again_and_again(path: Path, readings: Path, stop: Path) -> tuple[set[Reading], set[int]]:
    """A reader that opens, reads, closes and opens again without pause until told to stop; `readings` grows by a byte with each."""
    os.nice(15)  # leave the processor to the build where there are fewer of them than readers
    seen: set[Reading] = set()
    modes: set[int] = set()
    while not stop.exists():
        modes.add(stat.S_IMODE(path.stat().st_mode))
        with read_only(path) as connection:
            seen.add(read(connection))
        append(readings)
    return seen, modes


def hold_one_connection(path: Path, readings: Path, stop: Path) -> set[Reading]:
    """A reader that opens once and goes on reading until told to stop; `readings` grows by a byte with each."""
    os.nice(15)
    seen: set[Reading] = set()
    with read_only(path) as connection:
        while not stop.exists():
            seen.add(read(connection))
            append(readings)
    return seen


def append(readings: Path) -> None:
    with readings.open("ab") as file:
        file.write(b".")


def test_readers_meet_only_whole_editions_while_others_are_published(own: Settings, tmp_path: Path) -> None:
    stop, *readings = (tmp_path / name for name in ("stop", "opened", "opened too", "held"))
    for path in readings:
        path.touch()
    published = [ask_reading(own.edition)]
    modes = [stat.S_IMODE(own.edition.stat().st_mode)]
    with ProcessPoolExecutor(3, mp_context=multiprocessing.get_context("spawn")) as pool:
        openers = [pool.submit(open_again_and_again, own.edition, path, stop) for path in readings[:2]]
        holder = pool.submit(hold_one_connection, own.edition, readings[2], stop)

        def read_by_everyone() -> None:
            """Wait until everyone has ended two more readings, of which the second began after this call."""
            wanted = [path.stat().st_size + 2 for path in readings]
            until(
                lambda: (
                    any(opened.done() for opened in (*openers, holder))
                    or all(path.stat().st_size >= size for path, size in zip(readings, wanted, strict=True))
                ),
                "every reader to read",
                every=0.02,
            )

        try:
            read_by_everyone()
            for number in range(1, EDITIONS + 1):
                revise(own, CHINA, RARE_EARTHS, {f"2019-06,{3965 + number},": f"2019-06,{3966 + number},"}, december(number))
                assert night(own).changed
                published.append(ask_reading(own.edition))
                modes.append(stat.S_IMODE(own.edition.stat().st_mode))
                read_by_everyone()
        finally:
            stop.touch()
        results = [opened.result() for opened in openers]
        held = holder.result()
    assert len(set(published)) == EDITIONS + 1
    assert set(modes) == {0o444}
    assert results == [(set(published), {0o444})] * 2
    assert held == {published[0]}
    assert leftovers(own) == []


def ask_reading(path: Path) -> Reading:
    with read_only(path) as connection:
        return read(connection)


def test_what_a_build_cannot_keep_in_memory_goes_beside_its_draft_and_is_gone_with_it(tmp_path: Path) -> None:
    with open_draft(tmp_path / "lodestone.duckdb") as connection:
        connection.execute("set memory_limit = '30MB'")
        connection.execute("create table staging.large as select range as n, md5(range::varchar) as word from range(2000000)")
        assert len(list(tmp_path.glob(".lodestone.duckdb.spill.*/*"))) > 0
    assert list(tmp_path.iterdir()) == []


def test_a_second_writer_waits_and_then_says_who_holds_the_lock(own: Settings) -> None:
    script = (
        "import sys; from pathlib import Path; from pipelines.edition.publish import writer; from pipelines.settings import Settings\n"
        "with writer(Settings(data=Path(sys.argv[1])), wait_seconds=0.1): print('is writing')"
    )
    with writer(own):
        refused = run(script, own)
    assert refused.returncode != 0
    assert f"another build has held {own.writer_lock}" in refused.stderr
    assert run(script, own).stdout == "is writing\n"


def run(script: str, settings: Settings) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", script, str(settings.data)], cwd=PROJECT, capture_output=True, text=True, check=False)
