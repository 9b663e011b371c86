"""The one door Dagster enters by. Everything it runs, and when, is put together here and decided elsewhere."""

from __future__ import annotations

import dagster as dg

from pipelines.defs.alerting import failures_and_lateness
from pipelines.defs.curated import curated_assets
from pipelines.defs.edition import edition_asset
from pipelines.defs.jobs import edition, edition_as_of, fetches, quiet, schedules, sources
from pipelines.defs.raw import raw_assets

defs = dg.Definitions(
    assets=[*raw_assets(), *curated_assets(), edition_asset()],
    jobs=[*fetches, sources, edition, edition_as_of],
    schedules=schedules,
    sensors=[failures_and_lateness],
    executor=dg.in_process_executor,
    loggers={"console": dg.colored_console_logger, "quiet": quiet},
)
