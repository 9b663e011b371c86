"""The words we use: countries, commodities, codes, series, pages, thresholds. CSV files here, one table each.

The loader refuses what does not fit its model in `pipelines/model/vocabulary/models.py`; it never guesses.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache

import polars as pl

from pipelines.periods import end_of_day
from pipelines.settings import PACKAGE

FOLDER = PACKAGE / "model" / "vocabulary"
SOURCES = PACKAGE / "sources"

OWN_ADDRESS = r"^https://(api|www)\.census\.gov/"
"""Files and queries of an office itself, one address a month and code: their publisher needs no entry of its own."""


@dataclass(frozen=True)
class Codes:
    """The codes a vocabulary knows, the file they stand in, and how texts are compared with them."""

    codes: frozenset[str]
    file: str
    fold: bool = False
    """Whether upper and lower case are the same."""
    pattern: str | None = None
    """Texts of this form need no entry."""

    def unknown(self, texts: pl.Series) -> pl.Series:
        """True where a text is neither null nor known."""
        compared = texts.str.to_lowercase() if self.fold else texts
        missing = texts.is_not_null() & ~compared.is_in(list(self.codes))
        return missing & ~texts.str.contains(self.pattern).fill_null(False) if self.pattern else missing

    def knows(self, text: str) -> bool:
        """Whether one text is known."""
        return not self.unknown(pl.Series([text])).item()


Known = Mapping[str, Codes]
"""Codes by the name a contract's `vocabulary` uses."""


@cache
def read(name: str) -> pl.DataFrame:
    """A vocabulary table as text, empty fields null. Codes of partners stand with the office that uses them."""
    if name == "partner_code":
        tables = [
            pl.read_csv(path, infer_schema=False).select(pl.lit(path.parent.name).alias("source"), pl.all())
            for path in sorted(SOURCES.glob("*/partners.csv"))
        ]
        return pl.concat(tables)
    return pl.read_csv(FOLDER / f"{name}.csv", infer_schema=False)


@cache
def known_codes() -> Known:
    """Every list of codes that a contract's `vocabulary` may name: those below, and `<source>/<file>.csv:<column>`."""
    country = read("country")
    iso3 = frozenset(country["iso3"])
    states = frozenset(country.filter((pl.col("kind") == "country") | (pl.col("iso3") == "EUU"))["iso3"])
    printed = country.filter(pl.col("usgs_name").is_not_null()).with_columns(pl.col("usgs_name").str.split("|")).explode("usgs_name")
    code = pl.when(pl.col("kind") == "country").then("iso3").otherwise(pl.lit(""))
    usgs = printed.select(pl.concat_str("usgs_name", code, separator="|"))["usgs_name"]
    here, of_sources = "pipelines/model/vocabulary", _of_sources()
    reporters, periods = (of_sources[f"published_shares/{name}.csv:text"] for name in ("reporters", "periods"))
    return {
        "country": Codes(iso3, f"{here}/country.csv"),
        "state": Codes(states, f"{here}/country.csv (kind country, or the European Union)"),
        "usgs_country": Codes(frozenset(usgs), f"{here}/country.csv (usgs_name|iso3)"),
        "publication": Codes(frozenset(read("publication")["address"]), f"{here}/publication.csv", pattern=OWN_ADDRESS),
        "series": Codes(frozenset(read("series")["source_key"]), f"{here}/series.csv"),
        "commodity_term": Codes(frozenset(read("commodity_term")["term"]), f"{here}/commodity_term.csv", fold=True),
        "published_reporter": replace(reporters, codes=iso3 | reporters.codes),
        "published_period": replace(periods, pattern=r"^(19|20)[0-9]{2}(-(0[1-9]|1[0-2]))?$"),
        **of_sources,
    }


def _of_sources() -> dict[str, Codes]:
    return {
        f"{path.parent.name}/{path.name}:{column.name}": Codes(
            frozenset(column.drop_nulls()), f"pipelines/sources/{path.parent.name}/{path.name}"
        )
        for path in sorted(SOURCES.glob("*/*.csv"))
        for column in pl.read_csv(path, infer_schema=False)
    }


def known_from_address(frame: pl.DataFrame, address: str) -> pl.DataFrame:
    """The frame with `known_from` and its basis: the date a page's address states, else null and `held`."""
    dated = read("publication").select(
        pl.col("address").alias(address),
        known_from=end_of_day(_last_day("published_on")),
    )
    return frame.join(dated, on=address, how="left", maintain_order="left").with_columns(
        known_from_basis=pl.when(pl.col("known_from").is_null()).then(pl.lit("held")).otherwise(pl.lit("stated"))
    )


def dates_version() -> str:
    """Changes when a page's date does: rows are then sliced anew, though nothing is curated anew."""
    return hashlib.sha256((FOLDER / "publication.csv").read_bytes()).hexdigest()[:8]


def _last_day(date_text: str) -> pl.Expr:
    text = pl.col(date_text)
    month_end = (text.str.slice(0, 7) + "-01").str.to_date("%Y-%m-%d", strict=False).dt.month_end()
    return pl.when(text.str.len_chars() == 10).then(text.str.to_date("%Y-%m-%d", strict=False)).otherwise(month_end)
