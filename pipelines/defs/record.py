"""Dagster's record kept in order: runs whose process was killed are no longer under way, and old runs of every night go."""

from __future__ import annotations

import os
from contextlib import suppress
from datetime import timedelta
from platform import node

import dagster as dg

from pipelines.settings import Settings

PROCESS = "lodestone/process"
"""Tag of a run that a command made: the machine and the process it runs in."""

EVERY_NIGHT = ("sources", "edition", "edition_as_of")
"""Jobs whose old runs tell nothing. Those that asked an office stay: they are how Dagster knows which months were asked for."""

_UNDER_WAY = [dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED]
_OVER = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]


def process_tag() -> dict[str, str]:
    """The tag of a run in this process."""
    return {PROCESS: f"{node()}:{os.getpid()}"}


def tidy(instance: dg.DagsterInstance, settings: Settings) -> None:
    """Fail the runs of this machine whose process is gone, and forget nightly ones that are older than `settings.keep_runs`."""
    for run in instance.get_runs(dg.RunsFilter(statuses=_UNDER_WAY)):
        machine, _, process = run.tags.get(PROCESS, "").rpartition(":")
        if machine == node() and not _is_alive(int(process)):
            instance.report_run_failed(run, "the process that ran it is gone: it was killed")
    before = settings.now() - timedelta(days=settings.keep_runs)
    for job in EVERY_NIGHT:
        for record in instance.get_run_records(dg.RunsFilter(job_name=job, statuses=_OVER, created_before=before)):
            instance.delete_run(record.dagster_run.run_id)


def _is_alive(process: int) -> bool:
    with suppress(PermissionError):  # it is somebody else's
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            return False
    return True
