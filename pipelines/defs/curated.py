"""One asset per source: its releases judged by the gate and kept as Parquet."""

from collections.abc import Iterator

import dagster as dg

from pipelines import night
from pipelines.defs.keys import curated_key, raw_key
from pipelines.errors import LodestoneError
from pipelines.settings import load_settings
from pipelines.sources import Source, readable_sources

SAMPLE = 5


def curated_assets() -> list[dg.AssetsDefinition]:
    """An asset for every source."""
    return [_curated_asset(source) for source in readable_sources()]


def _curated_asset(source: Source) -> dg.AssetsDefinition:
    key = curated_key(source.name)
    contract = dg.AssetCheckSpec("contract", asset=key, description="Every file is readable and every release keeps its contract.")
    held = dg.AssetCheckSpec("none_held", asset=key, description="No release waits for a person's decision (`lodestone accept`).")

    @dg.asset(
        key=key,
        deps=[raw_key(source.name, member) for member in source.config.members],
        description=f"{source.config.title}: one Parquet file per release and table, rejected lines beside them.",
        group_name=source.name,
        kinds={"polars", "parquet"},
        code_version=source.code_version,
        check_specs=[contract, held],
    )
    def curated() -> Iterator[dg.AssetCheckResult | dg.MaterializeResult[None]]:
        try:
            (found,) = night.take_in(load_settings(), [source.name]).values()
        except LodestoneError as error:
            yield dg.AssetCheckResult(asset_key=key, check_name=contract.name, passed=False, metadata={"why": str(error)})
            raise dg.Failure(str(error), allow_retries=False) from error
        counts = {"lines": found.lines, "accepted": found.accepted, "rejected": found.rejected}
        wrong = found.errors + found.failed
        yield dg.AssetCheckResult(
            asset_key=key, check_name=contract.name, passed=not wrong, metadata=counts | {"wrong": len(wrong), "sample": wrong[:SAMPLE]}
        )
        yield dg.AssetCheckResult(
            asset_key=key,
            check_name=held.name,
            passed=not found.held,
            severity=dg.AssetCheckSeverity.WARN,
            metadata={"held": len(found.held), "sample": found.held[:SAMPLE]},
        )
        yield dg.MaterializeResult(asset_key=key, metadata=counts | {"releases": found.releases, "curated_now": found.curated_now})

    return curated
