"""One office in Dagster, as its source.yaml describes it: the files it publishes, the visit that asks for them, its releases."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import dagster as dg

from pipelines import night
from pipelines.defs.fetched import fetched_asset
from pipelines.defs.installation import Installation
from pipelines.defs.keys import curated_key, raw_key
from pipelines.errors import LodestoneError
from pipelines.sources import Source, load_source

SAMPLE = 5


@dataclass
class Office(dg.Component):
    """A folder of `sources/`. One that cannot be read is an asset that fails, and not one that is missing."""

    name: str

    def build_defs(self, context: dg.ComponentLoadContext) -> dg.Definitions:
        """Its raw files and its curated releases."""
        try:
            source = load_source(self.name)
        except LodestoneError as error:
            return dg.Definitions(assets=[_unreadable(self.name, str(error))])
        raw = _handed_in(source) if source.config.fetch is None else [fetched_asset(source)]
        return dg.Definitions(assets=[*raw, _curated_asset(source)])


def _unreadable(name: str, why: str) -> dg.AssetsDefinition:
    @dg.asset(key=curated_key(name), description=why, group_name=name)
    def unreadable() -> None:
        raise dg.Failure(why, allow_retries=False)

    return unreadable


def _handed_in(source: Source) -> list[dg.AssetSpec]:
    """Files that a person hands in: Dagster shows them, and makes none of them."""
    return [
        dg.AssetSpec(
            raw_key(source.name, kind),
            description=f"{member.title}. {source.config.citation}",
            group_name=source.name,
            kinds={"csv"},
            metadata={"licence": source.config.licence},
        )
        for kind, member in source.config.members.items()
    ]


def _curated_asset(source: Source) -> dg.AssetsDefinition:
    key = curated_key(source.name)
    contract = dg.AssetCheckSpec("contract", asset=key, description="Every file is readable and every release keeps its contract.")
    quarantined = dg.AssetCheckSpec(
        "none_quarantined", asset=key, description="No release waits for a person's decision (`lodestone accept`)."
    )

    @dg.asset(
        key=key,
        deps=[raw_key(source.name, member) for member in source.config.members],
        description=f"{source.config.title}: one Parquet file per release and table, rejected lines beside them.",
        group_name=source.name,
        kinds={"polars", "parquet"},
        code_version=source.code_version,
        check_specs=[contract, quarantined],
    )
    def curated(installation: Installation) -> Iterator[dg.AssetCheckResult | dg.MaterializeResult[None]]:
        try:
            (found,) = night.take_in(installation.settings, [source.name]).values()
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
            check_name=quarantined.name,
            passed=not found.quarantined,
            severity=dg.AssetCheckSeverity.WARN,
            metadata={"quarantined": len(found.quarantined), "sample": found.quarantined[:SAMPLE]},
        )
        yield dg.MaterializeResult(asset_key=key, metadata=counts | {"releases": found.releases, "curated_now": found.curated_now})

    return curated
