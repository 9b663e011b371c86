"""One asset per kind of file that an office is asked for, partitioned by month where the office is asked by month."""

from collections.abc import Iterator
from datetime import timedelta

import dagster as dg

from pipelines import night
from pipelines.defs.installation import Installation
from pipelines.defs.keys import raw_key
from pipelines.errors import LodestoneError
from pipelines.fetching import due
from pipelines.selection import current_selection
from pipelines.sources import Source, readable_sources

MONTH = "%Y-%m"
SAMPLE = 5

FRESH = dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=50), warn_window=timedelta(hours=26))
"""Every office is asked every night: a night that was missed is a warning, two are a failure."""


def fetched_sources() -> list[Source]:
    """The sources that are asked over the network."""
    return [source for source in readable_sources() if source.config.fetch is not None]


def is_asked_by_month(source: Source) -> bool:
    """Whether the office is asked for months, or for one file that holds them all."""
    assert source.config.fetch is not None
    return bool(source.requests([source.config.fetch.first_month], current_selection())[0].slices)


def months_of(source: Source) -> dg.MonthlyPartitionsDefinition | None:
    """The months that an office is asked for; null where it is asked for a whole file."""
    assert source.config.fetch is not None
    if not is_asked_by_month(source):
        return None
    return dg.MonthlyPartitionsDefinition(start_date=source.config.fetch.first_month, fmt=MONTH)


def fetched_asset(source: Source) -> dg.AssetsDefinition:
    """What one visit to an office brings. Its answers are kept one by one, so that a run that fails loses none."""
    keys = {kind: raw_key(source.name, kind) for kind in source.config.members}
    first = next(iter(keys.values()))
    answered = dg.AssetCheckSpec("answered", asset=first, description="The office answered every request of the visit as it should.")

    @dg.multi_asset(
        name=f"ask_{source.name}",
        specs=[
            dg.AssetSpec(
                key,
                description=f"{source.config.members[kind].title}. {source.config.citation}",
                group_name=source.name,
                kinds={"http"},
                code_version=source.code_version,
                freshness_policy=FRESH,
            )
            for kind, key in keys.items()
        ],
        check_specs=[answered],
        partitions_def=months_of(source),
        backfill_policy=dg.BackfillPolicy.single_run(),
        can_subset=False,
    )
    def ask(context: dg.AssetExecutionContext, installation: Installation) -> Iterator[dg.AssetCheckResult | dg.MaterializeResult[None]]:
        try:
            planned = due.plan_of(source, context.partition_keys) if context.has_partition_key_range else None
            came = night.ask(installation.settings, source, planned)
        except LodestoneError as error:
            yield dg.AssetCheckResult(asset_key=first, check_name=answered.name, passed=False, metadata={"why": str(error)})
            raise dg.Failure(str(error), allow_retries=False) from None
        counts = {"asked": came.asked, "answered": came.answered, "unchanged": came.unchanged, "bytes": came.received_bytes}
        whole = came.answered == came.asked
        yield dg.AssetCheckResult(
            asset_key=first, check_name=answered.name, passed=whole, metadata=counts | {"failures": list(came.failures[:SAMPLE])}
        )
        if not whole:
            raise dg.Failure(f"{source.name}: {came.answered} of {came.asked} requests were answered; {came.failures[0]}", metadata=counts)
        for key in keys.values():
            yield dg.MaterializeResult(asset_key=key, metadata=counts | {"visit": came.visit or "none was needed"})

    return ask
