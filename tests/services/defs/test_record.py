"""What Dagster remembers of nights: a killed run is over, and old nights go, but never those that asked an office."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest

from pipelines.defs.record import PROCESS, process_tag, tidy
from pipelines.settings import Settings


@dg.op
def nothing() -> None:
    """Nothing is done."""


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
