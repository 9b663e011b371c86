"""The one door Dagster enters by. Everything it runs, and when, is put together here and decided elsewhere."""

from __future__ import annotations

import dagster as dg

from pipelines.defs.alerting import failures_and_lateness
from pipelines.defs.edition import edition_asset, other_tables
from pipelines.defs.installation import Installation
from pipelines.defs.jobs import edition, edition_as_of, fetches, quiet, schedules, sources
from pipelines.defs.office import Office
from pipelines.sources import source_names

defs = dg.Definitions.merge(
    *(dg.build_defs_for_component(Office(name)) for name in source_names()),
    dg.Definitions(
        assets=[edition_asset(), *other_tables()],
        jobs=[*fetches, sources, edition, edition_as_of],
        schedules=schedules,
        sensors=[failures_and_lateness],
        resources={"installation": Installation()},
        executor=dg.in_process_executor,
        loggers={"console": dg.colored_console_logger, "quiet": quiet},
    ),
)
