"""What an acceptable row of the transcribed Mineral Commodity Summaries looks like, in the publisher's own words."""

from __future__ import annotations

from typing import Annotated

import pandera.polars as pa
import polars as pl

IMPORT_SOURCES = "usgs_import_sources.csv"
WORLD_PRODUCTION = "usgs_world_production.csv"
NET_IMPORT_RELIANCE = "usgs_net_import_reliance.csv"

UNIT_KG = {"metric tons": 1_000, "thousand metric tons": 1_000_000, "kilograms": 1}
"""Kilograms in the unit that the publisher's unit text begins with."""

PERCENT_REMEDY = "a percentage is 0 to 100"


class _Row(pa.DataFrameModel):
    """What every row of an edition says."""

    commodity: str = pa.Field(description="Chapter of the edition.")
    mcs_edition: str = pa.Field(
        str_matches=r"^((19|20)[0-9]{2}|OFR[0-9]{4}-[0-9]{4})$",
        description="Year of the edition, or the number of the report.",
        metadata={"remedy": "an edition is a year or a report number such as OFR2024-1057"},
    )
    source_url: str = pa.Field(description="Address of the chapter.", metadata={"vocabulary": "publication"})
    note: str = pa.Field(nullable=True, description="The compiler's note.")
    read_from: str = pa.Field(nullable=True, description="Address of the copy the compiler read.")
    series_key: str = pa.Field(description="The columns that name the series.", metadata={"vocabulary": "series"})


class _CountryRow(_Row):
    """A row about one country: its printed name and its code must belong together."""

    country_key: str = pa.Field(description="Country as printed and ISO 3166 code.", metadata={"vocabulary": "usgs_country"})


class ImportSource(_CountryRow):
    """Share of one supplier in US imports, an average of several years by quantity."""

    scope: str = pa.Field(description="What the list covers.")
    period_start: pl.Int32 = pa.Field(ge=1900, le=2100, description="First year.", metadata={"remedy": "a year has four digits"})
    period_end: pl.Int32 = pa.Field(ge=1900, le=2100, description="Last year.", metadata={"remedy": "a year has four digits"})
    supplier: str = pa.Field(description="Supplier as printed.")
    supplier_iso3: str = pa.Field(nullable=True, description="ISO 3166 code the compiler gave.")
    share_percent: Annotated[pl.Decimal, 9, 4] = pa.Field(
        ge=0, le=100, description="Share of imports.", metadata={"unit": "%", "remedy": PERCENT_REMEDY}
    )
    list_status: str = pa.Field(
        isin=["complete", "partial"],
        description="Whether the whole list is in the copy.",
        metadata={"remedy": "it is complete or partial"},
    )
    list_sum_percent: Annotated[pl.Decimal, 9, 4] = pa.Field(
        ge=0, le=103, description="Sum of the list as printed.", metadata={"unit": "%", "remedy": "a list adds up to at most 103 %"}
    )

    @pa.dataframe_check(name="range_runs_forward", error="{period_end} is before {period_start}: write the earlier one first")
    def range_runs_forward(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """The first year is not after the last."""
        return data.lazyframe.select(pl.col("period_start") <= pl.col("period_end"))

    class Config:
        """Key."""

        strict = True
        unique = ["commodity", "scope", "mcs_edition", "supplier"]


class WorldProduction(_CountryRow):
    """Production of one country in one year, or the table's row of other countries or of the world."""

    stage: str = pa.Field(description="Stage as printed.")
    country: str = pa.Field(description="Country as printed.")
    iso3: str = pa.Field(nullable=True, description="ISO 3166 code the compiler gave.")
    year: pl.Int32 = pa.Field(ge=1900, le=2100, description="Calendar year.", metadata={"remedy": "a year has four digits"})
    value: Annotated[pl.Decimal, 18, 3] = pa.Field(
        ge=0,
        lt=1_000_000_000,
        nullable=True,
        description="Quantity produced, in the row's unit.",
        metadata={"unit": "as in the row", "remedy": "a quantity is 0 to 999,999,999; is the unit right?"},
    )
    unit: str = pa.Field(
        str_matches=r"^(metric tons|thousand metric tons|kilograms)(, .+)?$",
        description="Unit and content basis.",
        metadata={"remedy": "a unit begins with metric tons, thousand metric tons or kilograms"},
    )
    qualifier: str = pa.Field(
        isin=["reported", "estimated", "unspecified", "withheld", "not_available"],
        description="How the figure is marked.",
        metadata={"remedy": "it is reported, estimated, unspecified, withheld or not_available"},
    )

    @pa.dataframe_check(name="value_or_reason", error="an empty {value} is withheld or not_available, and only those are empty")
    def value_or_reason(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """Null and zero never merge: an unknown says why."""
        return data.lazyframe.select(pl.col("value").is_null() == pl.col("qualifier").is_in(["withheld", "not_available"]))

    class Config:
        """Key."""

        strict = True
        unique = ["commodity", "stage", "country", "year", "unit", "mcs_edition"]


class NetImportReliance(_Row):
    """US net import reliance of one year as printed."""

    year: pl.Int32 = pa.Field(ge=1900, le=2100, description="Calendar year.", metadata={"remedy": "a year has four digits"})
    value_text: str = pa.Field(
        str_matches=r"^([<>]?[0-9]{1,3}|E)$",
        description="As printed: a percentage, a bound, or E for a net exporter.",
        metadata={"remedy": "it is a percentage such as 76, a bound such as >95, or E"},
    )
    qualifier: str = pa.Field(
        isin=["eq", "gt", "lt", "net_exporter"],
        description="What the printed text means.",
        metadata={"remedy": "it is eq, gt, lt or net_exporter"},
    )
    value_percent: Annotated[pl.Decimal, 9, 4] = pa.Field(
        ge=0,
        le=100,
        nullable=True,
        description="The number in the printed text; with gt and lt it is a bound, never a point.",
        metadata={"unit": "%", "remedy": PERCENT_REMEDY},
    )
    scope: str = pa.Field(description="What the figure covers.")

    @pa.dataframe_check(name="qualifier_fits_text", error="{value_text}, {qualifier} and {value_percent} disagree")
    def qualifier_fits_text(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """`>95` is gt 95, `<25` is lt 25, `E` has no number."""
        mark = {"eq": "", "gt": ">", "lt": "<", "net_exporter": "E"}
        number = pl.col("value_percent").cast(pl.Int64).cast(pl.String).fill_null("")
        return data.lazyframe.select(pl.col("qualifier").replace(mark) + number == pl.col("value_text"))

    class Config:
        """Key."""

        strict = True
        unique = ["commodity", "scope", "year", "mcs_edition"]


CONTRACTS: dict[str, type[pa.DataFrameModel]] = {
    IMPORT_SOURCES: ImportSource,
    WORLD_PRODUCTION: WorldProduction,
    NET_IMPORT_RELIANCE: NetImportReliance,
}
