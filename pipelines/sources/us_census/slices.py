"""Which slice a row belongs to: its month. Rows outside the selection belong to none; nothing but holding a row dates it."""

from __future__ import annotations

import re

import polars as pl

from pipelines.errors import BadFile
from pipelines.selection import current_selection
from pipelines.sources.us_census.contract import CODE

REQUEST = re.compile(
    r"(?P<flow>[a-z]+)-(?P<level>HS[0-9]+)-(?P<heading>[0-9]+)-(?P<first>[0-9]{4}-[0-9]{2})_(?P<last>[0-9]{4}-[0-9]{2})\.json"
)
"""How `fetch` names the answer to a request."""


def slices(member: str, frame: pl.DataFrame) -> pl.DataFrame:
    """The frame, cut to the selection, with `slice`, `known_from` (null: the office states no date) and `known_from_basis`.

    A code that is no code is kept for the gate to reject. Raises `BadFile` where the answer holds what was not asked for:
    nothing would speak for such rows, and they would be gone without a word.
    """
    code = pl.col(CODE[member.split("-")[0]])
    _refuse_what_was_not_asked(member, frame, code)
    is_code = code.str.contains(r"^[0-9]{6}([0-9]{4})?$").fill_null(False)
    return frame.filter(~is_code | current_selection().keeps(code)).with_columns(
        slice=pl.col("time"),
        known_from=pl.lit(None, pl.Datetime("us")),
        known_from_basis=pl.lit("held"),
    )


def _refuse_what_was_not_asked(member: str, frame: pl.DataFrame, code: pl.Expr) -> None:
    request = REQUEST.fullmatch(member)
    if request is None:
        return
    asked = (
        pl.col("time").is_between(pl.lit(request["first"]), pl.lit(request["last"]))
        & (pl.col("time").str.len_chars() == 7)
        & code.str.starts_with(request["heading"])
        & (pl.col("COMM_LVL") == request["level"])
    )
    other = frame.filter(~asked.fill_null(False))
    if other.height:
        row = other.row(0, named=True)
        shown = ", ".join(f"{name} {row[name]!r}" for name in (CODE[request["flow"]], "COMM_LVL", "time"))
        message = f"{other.height} rows were not asked for"
        raise BadFile(member, row["source_row"], shown, message, "ask again; if they stay, see what the office now makes of the request")
