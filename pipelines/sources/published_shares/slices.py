"""Which slice a row belongs to: what is stated, for which period, on which page.

Known from the page's own date where its address prints one, else from when the file was first held.
"""

from __future__ import annotations

import polars as pl

from pipelines.model.vocabulary import known_from_address
from pipelines.sources.published_shares.contract import SLICE_COLUMNS


def slices(member: str, frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with `slice`, `known_from` (null: known from when it was held) and `known_from_basis`."""
    named = pl.concat_str(*SLICE_COLUMNS[member], separator="/", ignore_nulls=True)
    return known_from_address(frame.with_columns(slice=named), "source_url")
