"""What offices answered: keys, clock, and the last visit to each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta

from pipelines import archive
from pipelines.operations.doctor.finding import A_NIGHT, Finding
from pipelines.settings import Settings
from pipelines.sources import Source, source_names

SKEW = timedelta(minutes=5)
"""Files may be this much younger than now: clocks of network drives are not ours."""


def keys(offices: list[Source], visits: Mapping[str, list[archive.Visit]], environment: Mapping[str, str]) -> Iterator[Finding]:
    """Keys of offices that ask for one; none is ever shown."""
    for source in offices:
        key = source.config.fetch.key if source.config.fetch else None
        if key is None:
            continue
        if environment.get(key.environment, "").strip():
            yield Finding("ok", f"key of {source.name}", f"{key.environment} is set")
        else:
            level = "bad" if visits.get(source.name) else "warn"
            yield Finding(level, f"key of {source.name}", f"{key.environment} is missing", f"sign up at {key.sign_up} and set it")


def clock(settings: Settings, visits: Mapping[str, list[archive.Visit]], now: datetime) -> Iterator[Finding]:
    """Whether now is later than every receipt, and than what was written last."""
    snapshots = [receipt for name in source_names() for receipt in archive.readable_receipts(settings.raw, name)[0]]
    snapshots += [receipt for made in visits.values() for visit in made for receipt in visit.receipts]
    newest = max(snapshots, key=lambda receipt: receipt.observed_at, default=None)
    remedy = "set the clock right before anything is fetched: a receipt dated wrongly would change what was known when"
    if newest is not None and newest.observed_at > now:
        message = f"it says {now:%Y-%m-%d %H:%M} UTC, but {newest.member} was received at {newest.observed_at:%Y-%m-%d %H:%M}"
        yield Finding("bad", "clock", message, remedy)
        return
    if settings.fixed_now is None:
        written = [path for path in (settings.edition, settings.writer_lock) if path.exists()]
        youngest = max(written, key=lambda path: path.lstat().st_mtime, default=None)
        if youngest is not None:
            at = datetime.fromtimestamp(youngest.lstat().st_mtime, UTC)
            if at > now + SKEW:
                yield Finding(
                    "bad", "clock", f"it says {now:%Y-%m-%d %H:%M} UTC, but {youngest.name} was written at {at:%Y-%m-%d %H:%M}", remedy
                )
                return
    yield Finding("ok", "clock", f"{now:%Y-%m-%d %H:%M} UTC, later than every receipt")


def last_visit(settings: Settings, source: Source, visits: list[archive.Visit], now: datetime) -> Iterator[Finding]:
    """When an office was asked last, and whether it answered everything."""
    again = f"`lodestone fetch {source.name}` or `lodestone nightly` asks again"
    if not visits:
        yield Finding("warn", source.name, "was never asked", f"`lodestone fetch {source.name}` or `lodestone nightly` asks")
        return
    last = visits[-1]
    trouble = archive.standing_trouble(settings.raw, source.name)
    if trouble is not None:
        yield Finding("bad", source.name, trouble, again)
        return
    message = f"asked on {last.began:%Y-%m-%d %H:%M} UTC, all {len(last.requests)} requests answered"
    if now - last.began > A_NIGHT:
        yield Finding(
            "warn", source.name, f"{message}; that is {(now - last.began).days} days ago", "see whether the nightly run is started"
        )
    else:
        yield Finding("ok", source.name, message)
