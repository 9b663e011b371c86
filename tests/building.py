"""Build a whole installation under a test's own folder: every source curated, one edition published."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from pipelines import night
from pipelines.edition.build import Edition
from pipelines.intake.curation import Refreshed
from pipelines.settings import PROJECT, Settings

Run = Callable[..., tuple[int, str, str]]
"""A command of Lodestone run over an installation: its exit code, output and errors."""


def copy_raw(data: Path) -> Settings:
    """Settings whose archive is a fresh copy of what is committed under data/raw."""
    for source in (PROJECT / "data" / "raw").iterdir():
        shutil.copytree(source / "bundled", data / "raw" / source.name / "bundled")
    return Settings(data=data)


def copy_curated(built: Settings, data: Path) -> Settings:
    """Settings of an installation in which everything is curated and no edition was built."""
    return Settings(data=Path(shutil.copytree(built.data, data, ignore=shutil.ignore_patterns("*.duckdb"))))


def build_all(settings: Settings) -> tuple[list[Refreshed], Edition]:
    """Curate every source and publish an edition, as a night does."""
    return list(night.take_in(settings).values()), night.build(settings)
