"""What an acceptable row of typed trade by partner looks like; the three files share their columns."""

from __future__ import annotations

from typing import Annotated

import pandera.polars as pa
import polars as pl

from pipelines.periods import PERIOD_PATTERN, first_day, month_after

CODE_SYSTEMS = {"HS4": "HS4", "HS6": "HS6", "HTS8": "HTS", "CN-HS8": "CN HS8"}
"""How the files name a code system, and how facts do."""

BY_HEADING = ("HS6", "HTS8")
"""Code systems whose codes are, or add up to, whole codes of six digits; all other series are named in vocabulary/series.csv."""

SERIES_COLUMNS = ("reporter_iso3", "flow", "commodity", "scope_text", "code")


class PartnerFlow(pa.DataFrameModel):
    """Trade of one reporter with one partner, or with the world, in one period."""

    reporter_iso3: str = pa.Field(description="Reporter.", metadata={"vocabulary": "country"})
    flow: str = pa.Field(isin=["import", "export"], description="Direction.", metadata={"remedy": "it is import or export"})
    commodity: str = pa.Field(description="Commodity as worded.")
    scope_text: str = pa.Field(description="What is counted, as worded.")
    code_system: str = pa.Field(
        isin=list(CODE_SYSTEMS),
        nullable=True,
        description="Code system of the code.",
        metadata={"remedy": f"it is one of {', '.join(CODE_SYSTEMS)}"},
    )
    code: str = pa.Field(str_matches=r"^[0-9]{4,10}$", nullable=True, description="Code.", metadata={"remedy": "a code is digits"})
    period: str = pa.Field(
        str_matches=PERIOD_PATTERN, description="Period.", metadata={"remedy": "a period is YYYY, YYYY-MM or two months"}
    )
    partner_iso3: str = pa.Field(description="Partner, WLD for all, OTHER for the rest.", metadata={"vocabulary": "country"})
    value: Annotated[pl.Decimal, 18, 2] = pa.Field(
        ge=0, nullable=True, description="Value.", metadata={"unit": "see currency", "remedy": "a value is not negative"}
    )
    currency: str = pa.Field(
        str_matches=r"^[A-Z]{3}$",
        nullable=True,
        description="Currency of the value.",
        metadata={"remedy": "a currency is an ISO 4217 code"},
    )
    weight_t: Annotated[pl.Decimal, 18, 6] = pa.Field(
        ge=0,
        le=10_000_000,
        nullable=True,
        description="Weight.",
        metadata={"unit": "t", "remedy": "a weight is 0 to 10,000,000 tonnes; is the unit kilograms?"},
    )
    basis_note: str = pa.Field(description="What is counted and how it was printed.")
    publisher: str = pa.Field(description="Publisher as named.")
    source_url: str = pa.Field(description="Address of the page or file.", metadata={"vocabulary": "publication"})
    page_tier: pl.Int32 = pa.Field(
        isin=[1, 2, 3], description="Grade of the page, 1 the publisher's own.", metadata={"remedy": "it is 1, 2 or 3"}
    )
    qualifier: str = pa.Field(
        isin=["eq", "about", "nearly", "lt", "le", "gt", "ge"],
        description="Whether the figure is a point, about that, or a bound.",
        metadata={"remedy": "it is eq, about, nearly, lt, le, gt or ge"},
    )
    note: str = pa.Field(nullable=True, description="The compiler's note.")
    kind: str = pa.Field(isin=["reported", "derived"], description="Printed or computed.", metadata={"remedy": "it is reported or derived"})
    series_key: str = pa.Field(nullable=True, description="The columns that name the series.", metadata={"vocabulary": "series"})

    @pa.dataframe_check(name="value_or_weight", error="a row needs a {value} or {weight_t}")
    def value_or_weight(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """A row without any figure says nothing."""
        return data.lazyframe.select(pl.any_horizontal(pl.col("value", "weight_t").is_not_null()))

    @pa.dataframe_check(name="value_has_currency", error="{value} and {currency} stand together or not at all")
    def value_has_currency(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """A value without its currency cannot be used."""
        return data.lazyframe.select(pl.col("value").is_null() | pl.col("currency").is_not_null())

    @pa.dataframe_check(name="period_runs_forward", error="the range in {period} ends before it begins: write the earlier month first")
    def period_runs_forward(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """The last month of a period is not before its first."""
        return data.lazyframe.select(first_day("period") < month_after("period"))

    class Config:
        """Key."""

        strict = True
        unique = ["reporter_iso3", "flow", "commodity", "scope_text", "code", "period", "partner_iso3"]


CONTRACTS: dict[str, type[pa.DataFrameModel]] = dict.fromkeys(
    ("monthly_flows_by_partner.csv", "period_flows_by_partner.csv", "us_tungsten_monthly_by_partner.csv"), PartnerFlow
)
