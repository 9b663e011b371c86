"""What runs, and when: the offices early at night, each on its own, then what came, then the edition from what is last good."""

import logging
from collections.abc import Iterator

import dagster as dg

from pipelines.defs.edition import edition_as_of_op
from pipelines.defs.fetched import fetched_sources, months_of
from pipelines.defs.keys import EDITION, built_tables, curated_key, raw_key, table_key
from pipelines.fetching import due
from pipelines.periods import runs
from pipelines.settings import load_settings
from pipelines.sources import Source, source_names


@dg.logger
def quiet(_: dg.InitLoggerContext) -> logging.Logger:
    """Nothing: for runs whose terminal is somebody else's. Dagster's events stay in its record."""
    logger = logging.Logger("quiet")
    logger.addHandler(logging.NullHandler())
    return logger


sources = dg.define_asset_job(
    "sources",
    selection=dg.AssetSelection.assets(*map(curated_key, source_names())),
    description="Curate what is new in every source's archive. One source's failure leaves the others alone.",
)

edition = dg.define_asset_job(
    "edition",
    selection=dg.AssetSelection.assets(*map(table_key, built_tables()), EDITION),
    description="Build, check and publish the edition from what is last good of every source.",
)


@dg.job(description="Build an edition as of a day beside the live one.", executor_def=dg.in_process_executor)
def edition_as_of() -> None:
    """Run with ops.edition_as_of_op.config.as_of set to a day, YYYY-MM-DD."""
    edition_as_of_op()


ASK_AGAIN = {"dagster/max_retries": "2"}
"""A visit that failed is gone on with twice more (`run_retries` in dagster.yaml), after what the downloader tried itself."""


def fetch_job_name(source: str) -> str:
    """The job that asks one office."""
    return f"fetch_{source}"


fetches = [
    dg.define_asset_job(
        fetch_job_name(source.name),
        selection=dg.AssetSelection.assets(*(raw_key(source.name, kind) for kind in source.config.members)),
        tags=ASK_AGAIN,
        description=f"Ask {source.config.publisher} for what is due. What it answered is kept, whatever fails later.",
    )
    for source in fetched_sources()
]


def range_tags(first: str, last: str) -> dict[str, str]:
    """Tags of one run over every month from the first to the last (YYYY-MM)."""
    return {"dagster/asset_partition_range_start": first, "dagster/asset_partition_range_end": last}


def _asking(source: Source, number: int) -> dg.ScheduleDefinition:
    """Every night, one run for each unbroken range of months that is due; one run where a whole file is asked for."""
    job = next(job for job in fetches if job.name == fetch_job_name(source.name))

    @dg.schedule(
        name=f"{job.name}_nightly",
        job=job,
        cron_schedule=f"{10 * number % 60} 1 * * *",
        execution_timezone="UTC",
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description=job.description,
    )
    def nightly(context: dg.ScheduleEvaluationContext) -> Iterator[dg.RunRequest]:
        settings = load_settings()
        if months_of(source) is None:
            yield dg.RunRequest()
            return
        for first, last in runs(due.plan(settings, source, settings.now()).months):
            yield dg.RunRequest(run_key=None, tags=range_tags(first, last))

    return nightly


schedules = [
    *(_asking(source, number) for number, source in enumerate(fetched_sources())),
    *(
        dg.ScheduleDefinition(
            name=f"{job.name}_nightly",
            job=job,
            cron_schedule=f"0 {hour} * * *",
            execution_timezone="UTC",
            default_status=dg.DefaultScheduleStatus.RUNNING,
            description=job.description,
        )
        for hour, job in ((3, sources), (4, edition))
    ),
]
