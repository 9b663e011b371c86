"""A small world: some lines of two bundled files and what is made of them, at a fraction of the cost, for what holds of any edition."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from pipelines import archive
from pipelines import night as lodestone
from pipelines.edition.build import Edition
from pipelines.edition.plan import Contents
from pipelines.intake.curation import Refreshed
from pipelines.settings import PROJECT, Settings

CHINA = "china_customs_bulletin"
RARE_EARTHS = "china_rare_earth_exports_monthly.csv"
USGS = "usgs_mcs"
PRODUCTION = "usgs_world_production.csv"

MEMBERS = {CHINA: RARE_EARTHS, USGS: PRODUCTION}
KEPT = {
    CHINA: ("period", "2014", "2018", "2019", "2020", "2024", "2025", "2026"),
    USGS: ("commodity", "rare earths", "gallium", "germanium", "tin", "vanadium"),
}
"""How the lines begin that the small world has of a file, its header among them."""
CONTENTS = Contents(
    tuple(MEMBERS),
    frozenset(
        {
            *("facts.trade_total", "facts.published_number", "facts.conflict", "facts.production", "meta.curated_rows", "meta.coverage"),
            *("marts.trade_change_monthly", "marts.export_change_monthly", "marts.production_concentration"),
        }
    ),
)


def copy_small(data: Path) -> Settings:
    """Settings whose archive is what the small world has of every bundled copy of the two files."""
    settings, raw = Settings(data=data), PROJECT / "data" / "raw"
    for source, member in MEMBERS.items():
        for receipt in archive.receipts(raw, source):
            if (receipt.shelf, receipt.member) == ("bundled", member):
                lines = archive.body(raw, receipt).decode().splitlines(keepends=True)
                text = "".join(line for line in lines if line.startswith(KEPT[source]))
                archive.receive(settings.raw, source, member, text.encode(), receipt.observed_at, shelf="bundled")
    return settings


def build_small(settings: Settings) -> tuple[list[Refreshed], Edition]:
    """Curate what is new of the two sources and publish an edition of them, as a night does."""
    return list(lodestone.take_in(settings, MEMBERS).values()), build(settings)


def build(settings: Settings, as_of: date | None = None) -> Edition:
    """Publish an edition of the two sources."""
    return lodestone.build(settings, as_of, CONTENTS)


def night(settings: Settings) -> Edition:
    """Curate what is new and publish; returns the edition."""
    return build_small(settings)[1]


def as_of(settings: Settings, day: str) -> Path:
    """Build the edition of a past day and return its file."""
    return build(settings, as_of=date.fromisoformat(day)).path
