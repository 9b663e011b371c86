"""Which commodity codes are asked for and kept: the basket of the vocabulary, all codes, or a list."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import polars as pl

from pipelines.settings import PACKAGE, load_settings

CHAPTERS = tuple(f"{number:02d}" for number in range(1, 98) if number != 77)
"""Chapters of the Harmonized System; 77 is reserved and empty."""


@dataclass(frozen=True)
class Selection:
    """HS6 codes that are kept; `codes` is null for every code there is."""

    codes: frozenset[str] | None

    @property
    def text(self) -> str:
        """The selection in words: the codes, or `all`."""
        return "all" if self.codes is None else ",".join(sorted(self.codes))

    @property
    def headings(self) -> tuple[str, ...]:
        """Beginnings of codes to ask for: headings of four digits, or every chapter of two."""
        return CHAPTERS if self.codes is None else tuple(sorted({code[:4] for code in self.codes}))

    def keeps(self, code: pl.Expr) -> pl.Expr:
        """Whether a code of six digits or more is kept."""
        return pl.lit(True) if self.codes is None else code.str.slice(0, 6).is_in(sorted(self.codes))


def current_selection() -> Selection:
    """The selection that the settings name."""
    return _selection(load_settings().selection)


@cache
def _selection(text: str) -> Selection:
    if text == "all":
        return Selection(None)
    if text == "basket":
        return Selection(frozenset(pl.read_csv(PACKAGE / "model" / "vocabulary" / "commodity_code.csv", infer_schema=False)["hs6"]))
    return Selection(frozenset(text.split(",")))
