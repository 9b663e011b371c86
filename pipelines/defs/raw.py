"""One asset per file that an office publishes: is the newest copy readable, how large is it, where did it come from.

Files that are asked for over the network are in `fetched`.
"""

from collections.abc import Iterator

import dagster as dg

from pipelines import archive
from pipelines.defs.fetched import fetched_asset
from pipelines.defs.keys import raw_key
from pipelines.errors import LodestoneError
from pipelines.intake.releases import read_member
from pipelines.settings import load_settings
from pipelines.sources import Source, readable_sources


def raw_assets() -> list[dg.AssetsDefinition]:
    """An asset for every member of every source: looked at where it was handed in, asked for where there is an office to ask."""
    found = []
    for source in readable_sources():
        if source.config.fetch is None:
            found += [_raw_asset(source, member) for member in source.config.members]
        else:
            found.append(fetched_asset(source))
    return found


def _raw_asset(source: Source, member: str) -> dg.AssetsDefinition:
    key = raw_key(source.name, member)
    readable = dg.AssetCheckSpec(
        "readable", asset=key, description="The newest copy has the hash it was kept under and reads as what the office publishes."
    )

    @dg.asset(
        key=key,
        description=f"{source.config.members[member].title}. {source.config.citation}",
        group_name=source.name,
        kinds={"csv"},
        check_specs=[readable],
    )
    def raw() -> Iterator[dg.AssetCheckResult | dg.MaterializeResult[None]]:
        settings = load_settings()
        try:
            copies = [one for one in archive.receipts(settings.raw, source.name) if one.member == member]
            if not copies:
                raise LodestoneError(f"{member}: no copy was ever received; keep one with `lodestone keep {source.name} FILE`")
            rows = read_member(settings, source, copies[-1]).height
        except (LodestoneError, OSError) as error:
            # A failing step would skip the source's curated asset, and its last good releases would not be looked at.
            yield dg.AssetCheckResult(asset_key=key, check_name=readable.name, passed=False, metadata={"why": str(error), "file": member})
            yield dg.MaterializeResult(asset_key=key, metadata={"licence": source.config.licence})
            return
        yield dg.AssetCheckResult(asset_key=key, check_name=readable.name, passed=True, metadata={"file": member})
        newest = copies[-1]
        yield dg.MaterializeResult(
            asset_key=key,
            metadata={
                "dagster/row_count": rows,
                "bytes": newest.size,
                "copies": len(copies),
                "receipt": newest.receipt_id,
                "file": str(newest.path(settings.raw)),
                "url": newest.url or "not recorded",
                "licence": source.config.licence,
            },
            data_version=dg.DataVersion(newest.sha256[:16]),
        )

    return raw
