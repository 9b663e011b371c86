"""The bundled figures as their source reads, cuts and judges them."""

from __future__ import annotations

import polars as pl

from pipelines import archive
from pipelines.gate import Judged, judge
from pipelines.releases import read_member
from pipelines.settings import PROJECT, Settings
from pipelines.sources import load_source
from pipelines.vocabulary import known_codes

SETTINGS = Settings(PROJECT / "data")


def lines(source: str, member: str) -> pl.DataFrame:
    """Rows of a bundled file as text with slice, known_from and its basis."""
    (receipt,) = [one for one in archive.receipts(SETTINGS.raw, source) if one.member == member and one.shelf == "bundled"]
    return read_member(SETTINGS, load_source(source), receipt)


def judged(source: str, member: str) -> Judged:
    """The gate's judgement on a bundled file."""
    return judge(lines(source, member).drop("known_from", "known_from_basis"), load_source(source).contract(member), known_codes())


def curated(source: str, member: str) -> dict[str, pl.DataFrame]:
    """The curated tables of a bundled file."""
    return load_source(source).conform(member, judged(source, member).accepted)
