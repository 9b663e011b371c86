"""What Dagster remembers of nights: a killed run is over, and old nights go, but never those that asked an office."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from sqlalchemy import event
from sqlalchemy.pool import Pool

from pipelines.defs.record import PROCESS, process_tag, tidy
from pipelines.settings import PROJECT, Settings

EVENTS = 20


@dg.op
def nothing() -> None:
    """Nothing is done, with many words."""
    for _ in range(EVENTS):
        dg.get_dagster_logger().info("nothing")


@dg.job(name="sources")
def nightly() -> None:
    """Stands for a job of every night."""
    nothing()


@dg.job(name="fetch_us_census")
def asking() -> None:
    """Stands for a job that asks an office."""
    nothing()


@pytest.fixture
def gone() -> int:
    """The number of a process that has ended."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    return process.pid


def test_a_run_whose_process_was_killed_is_no_longer_under_way(tmp_path: Path, gone: int) -> None:
    machine = process_tag()[PROCESS].rpartition(":")[0]
    with dg.DagsterInstance.ephemeral() as instance:
        of = {"killed": f"{machine}:{gone}", "own": process_tag()[PROCESS], "elsewhere": f"other:{gone}"}
        runs = {
            name: instance.create_run_for_job(nightly, status=dg.DagsterRunStatus.STARTED, tags={PROCESS: process}).run_id
            for name, process in of.items()
        }
        tidy(instance, Settings(tmp_path))
        states = {name: instance.get_run_by_id(run).status.value for name, run in runs.items()}  # type: ignore[union-attr]
    assert states == {"killed": "FAILURE", "own": "STARTED", "elsewhere": "STARTED"}


def test_old_nights_are_forgotten_and_what_asked_an_office_is_not(tmp_path: Path) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        for job in (nightly, asking):
            job.execute_in_process(instance=instance)
        tidy(instance, Settings(tmp_path))
        assert {run.job_name for run in instance.get_runs()} == {"sources", "fetch_us_census"}
        tidy(instance, Settings(tmp_path, keep_runs=-1))
        assert {run.job_name for run in instance.get_runs()} == {"fetch_us_census"}


def test_a_file_of_events_is_not_opened_for_each_of_them_and_only_the_last_run_stays_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DAGSTER_HOME", str(PROJECT))
    monkeypatch.setenv("LODESTONE_DAGSTER", str(tmp_path))
    opened, files = Counter[str](), dict[int, str]()

    def note_opened(connection: Any, _: object) -> None:
        ((_, _, file),) = connection.execute("pragma database_list").fetchall()
        opened[Path(file).stem] += 1
        files[id(connection)] = Path(file).stem

    def note_closed(connection: Any, _: object) -> None:
        files.pop(id(connection), None)

    event.listen(Pool, "connect", note_opened)
    event.listen(Pool, "close", note_closed)
    try:
        with dg.DagsterInstance.get() as instance:
            asking.execute_in_process(instance=instance)
            opened.clear()
            run = asking.execute_in_process(instance=instance).run_id
            assert len(instance.all_logs(run)) > EVENTS
            assert set(files.values()) == {"index", run}
        assert not files
    finally:
        event.remove(Pool, "connect", note_opened)
        event.remove(Pool, "close", note_closed)
    assert not opened["index"]
    assert 1 <= opened[run] <= 2
