"""Run one of the jobs here and now, as `lodestone build` does, with Dagster keeping its record of the run."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import dagster as dg

from pipelines.definitions import defs
from pipelines.defs.record import process_tag
from pipelines.settings import PROJECT, Settings


@dataclass(frozen=True)
class FailedStep:
    """A step that failed: its name, why, and for a failed check which it was and a sample of what it found.

    What was foreseen says itself what it is about; of the rest `message` is only what was raised.
    """

    step: str
    message: str
    check: str | None
    rows: list[dict[str, str | None]]
    is_foreseen: bool = True


def launch(job: str, settings: Settings, ops: dict[str, Any] | None = None, tags: dict[str, str] | None = None) -> list[FailedStep]:
    """Run a job to its end; the steps that failed."""
    settings.dagster.mkdir(parents=True, exist_ok=True)
    os.environ.setdefault("DAGSTER_HOME", str(PROJECT))
    os.environ.update(LODESTONE_DAGSTER=str(settings.dagster), LODESTONE_DATA=str(settings.data))
    with dg.DagsterInstance.get() as instance:
        run_config = {"loggers": {"quiet": {}}, "ops": ops or {}}
        result = defs.resolve_job_def(job).execute_in_process(
            run_config=run_config, instance=instance, raise_on_error=False, tags=(tags or {}) | process_tag()
        )
    return [_failed(event) for event in result.all_events if event.is_step_failure]


def _failed(event: dg.DagsterEvent) -> FailedStep:
    failure = event.step_failure_data
    raised = failure.user_failure_data
    if raised is None:
        error = failure.error.cause or failure.error if failure.error else None
        return FailedStep(str(event.step_key), error.message.strip() if error else "it failed without a word", None, [], is_foreseen=False)
    values: dict[str, Any] = {name: value.value for name, value in raised.metadata.items()}
    return FailedStep(str(event.step_key), raised.description or raised.label, values.get("check"), values.get("rows", []))
