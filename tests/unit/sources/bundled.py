"""The bundled figures as their source reads, slices and judges them."""

from __future__ import annotations

import polars as pl

from pipelines import archive
from pipelines.intake.gate import Judged, judge
from pipelines.intake.snapshots import read_member
from pipelines.model.vocabulary import known_codes
from pipelines.settings import PROJECT, Settings
from pipelines.sources import load_source

SETTINGS = Settings(PROJECT / "data")


def copies(source: str, member: str) -> list[archive.Receipt]:
    """Every bundled copy of a file, oldest first."""
    return [receipt for receipt in archive.receipts(SETTINGS.raw, source) if receipt.member == member and receipt.shelf == "bundled"]


def lines(source: str, member: str, copy: int = -1) -> pl.DataFrame:
    """Rows of a bundled copy, the newest unless told, as text with slice, known_from and its basis."""
    return read_member(SETTINGS, load_source(source), copies(source, member)[copy])


def judged(source: str, member: str, copy: int = -1) -> Judged:
    """The gate's judgement on a bundled copy."""
    return judge(lines(source, member, copy).drop("known_from", "known_from_basis"), load_source(source).contract(member), known_codes())


def curated(source: str, member: str) -> dict[str, pl.DataFrame]:
    """The curated tables of a bundled file."""
    return load_source(source).conform(member, judged(source, member).accepted)
