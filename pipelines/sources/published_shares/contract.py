"""What an acceptable row of the files of published shares and numbers looks like, in the files' own words."""

from __future__ import annotations

from typing import Annotated

import pandera.polars as pa
import polars as pl

from pipelines.periods import PERIOD_PATTERN, first_day, month_after

IMPORT_SHARES = "import_shares.csv"
EXPORT_DESTINATIONS = "export_destinations.csv"
REFINING_SHARES = "refining_shares.csv"
PUBLISHED_CHECKS = "published_checks.csv"

PERIOD_REMEDY = "a period is YYYY or YYYY-MM"
SHARE_REMEDY = "a share is a percentage of 0 to 100; a bound goes into share_bound"
BOUND = r"^([<>][0-9]+(\.[0-9]+)?|[0-9]+(\.[0-9]+)?-[0-9]+(\.[0-9]+)?)$"
BOUND_REMEDY = "a bound is >90, <5 or 70-85"
KIND_REMEDY = "it is reported or derived"
AMOUNT_REMEDY = "an amount is not negative"
QUALIFIER_REMEDY = "it is eq, about, nearly, lt, le, gt or ge"


class _Graded(pa.DataFrameModel):
    """What is told of every figure and of the page that prints it; null in copies that did not have it."""

    qualifier: str = pa.Field(
        isin=["eq", "about", "nearly", "lt", "le", "gt", "ge"],
        nullable=True,
        description="Whether the row's main figure is a point, about that, or a bound.",
        metadata={"remedy": QUALIFIER_REMEDY},
    )
    page_tier: pl.Int32 = pa.Field(
        isin=[1, 2, 3], nullable=True, description="Grade of the page, 1 the publisher's own.", metadata={"remedy": "it is 1, 2 or 3"}
    )
    period_qualifier: str = pa.Field(
        isin=["printed", "not_printed", "edition", "publication_year", "assumed", "projection"],
        nullable=True,
        description="Whether the page prints the period, or where it comes from.",
        metadata={"remedy": "it is printed, not_printed, edition, publication_year, assumed or projection"},
    )
    statistic_id: str = pa.Field(nullable=True, description="Rows with one id state one figure of one publisher.")


class ImportShare(_Graded):
    """Share of one supplier in one importer's imports of a commodity."""

    importer_iso3: str = pa.Field(description="Importer.", metadata={"vocabulary": "country"})
    commodity: str = pa.Field(description="Commodity as worded.", metadata={"vocabulary": "commodity_term"})
    hs_scope_or_scope_text: str = pa.Field(description="What the share covers.")
    basis: str = pa.Field(
        isin=["weight", "value", "unknown"], description="What is shared.", metadata={"remedy": "it is weight, value or unknown"}
    )
    period_start: str = pa.Field(
        str_matches=PERIOD_PATTERN, nullable=True, description="First period; empty where not printed.", metadata={"remedy": PERIOD_REMEDY}
    )
    period_end: str = pa.Field(
        str_matches=PERIOD_PATTERN, nullable=True, description="Last period; empty where not printed.", metadata={"remedy": PERIOD_REMEDY}
    )
    supplier_iso3: str = pa.Field(description="Supplier, or OTHER.", metadata={"vocabulary": "country"})
    share_percent: Annotated[pl.Decimal, 9, 4] = pa.Field(
        ge=0, le=100, nullable=True, description="Share.", metadata={"unit": "%", "remedy": SHARE_REMEDY}
    )
    tonnes_or_value: Annotated[pl.Decimal, 20, 3] = pa.Field(
        ge=0,
        nullable=True,
        description="Amount of the supplier, or of all partners.",
        metadata={"unit": "as in `unit`", "remedy": AMOUNT_REMEDY},
    )
    unit: str = pa.Field(
        str_matches=r"^(t|USD)( gross)?( total)?( \(all partners\))?$",
        nullable=True,
        description="Unit of the amount, and whether it is the total of all partners.",
        metadata={"remedy": "it is t or USD, with `total` where all partners are meant"},
    )
    publisher: str = pa.Field(description="Publisher as named.")
    source_url: str = pa.Field(description="Address of the page.", metadata={"vocabulary": "publication"})
    note: str = pa.Field(nullable=True, description="The compiler's note.")
    kind: str = pa.Field(isin=["reported", "derived"], description="Printed or computed.", metadata={"remedy": KIND_REMEDY})
    share_bound: str = pa.Field(str_matches=BOUND, nullable=True, description="Printed bound.", metadata={"remedy": BOUND_REMEDY})
    includes_domestic: str = pa.Field(
        isin=["yes", "no"],
        nullable=True,
        description="Whether the importer's own output is in the base; such a share is none of imports.",
        metadata={"remedy": "it is yes, no or empty"},
    )
    series_key: str = pa.Field(description="The columns that name the series.", metadata={"vocabulary": "series"})

    @pa.dataframe_check(name="share_or_amount", error="a row needs a share, a bound or an amount")
    def share_or_amount(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """A row without any figure says nothing."""
        return data.lazyframe.select(pl.any_horizontal(pl.col("share_percent", "share_bound", "tonnes_or_value").is_not_null()))

    @pa.dataframe_check(
        name="period_runs_forward", error="{period_end} is before {period_start}, or one of them is empty: write the earlier one first"
    )
    def period_runs_forward(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """The last period does not end before the first begins; both are empty or neither is."""
        forward = (first_day("period_start") < month_after("period_end")).fill_null(False)
        return data.lazyframe.select(forward | (pl.col("period_start").is_null() & pl.col("period_end").is_null()))

    @pa.dataframe_check(name="period_or_reason", error="a row without {period_start} needs a {period_qualifier} that says why: not_printed")
    def period_or_reason(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """An empty period is no slip of the typist."""
        return data.lazyframe.select(pl.col("period_start").is_not_null() | (pl.col("period_qualifier") == "not_printed").fill_null(False))

    class Config:
        """Key."""

        strict = True
        unique = ["series_key", "period_start", "period_end", "supplier_iso3", "source_url"]


class ExportDestination(_Graded):
    """What one exporter sold to one destination."""

    exporter_iso3: str = pa.Field(description="Exporter.", metadata={"vocabulary": "country"})
    commodity: str = pa.Field(description="Commodity as worded.", metadata={"vocabulary": "commodity_term"})
    period: str = pa.Field(str_matches=PERIOD_PATTERN, description="Period.", metadata={"remedy": PERIOD_REMEDY})
    destination_iso3: str = pa.Field(description="Destination, or OTHER.", metadata={"vocabulary": "country"})
    share_percent: Annotated[pl.Decimal, 9, 4] = pa.Field(
        ge=0, le=100, nullable=True, description="Share.", metadata={"unit": "%", "remedy": SHARE_REMEDY}
    )
    tonnes: Annotated[pl.Decimal, 18, 6] = pa.Field(
        ge=0, nullable=True, description="Weight.", metadata={"unit": "t", "remedy": AMOUNT_REMEDY}
    )
    source_url: str = pa.Field(description="Address of the page.", metadata={"vocabulary": "publication"})
    note: str = pa.Field(nullable=True, description="The compiler's note.")
    kind: str = pa.Field(isin=["reported", "derived"], description="Printed or computed.", metadata={"remedy": KIND_REMEDY})
    series_key: str = pa.Field(description="The columns that name the series.", metadata={"vocabulary": "series"})

    @pa.dataframe_check(name="share_or_amount", error="a row needs a share or {tonnes}")
    def share_or_amount(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """A row without any figure says nothing."""
        return data.lazyframe.select(pl.any_horizontal(pl.col("share_percent", "tonnes").is_not_null()))

    class Config:
        """Key."""

        strict = True
        unique = ["series_key", "period", "destination_iso3", "source_url"]


class RefiningShare(_Graded):
    """Share of one country in the world's mining, refining or magnet making."""

    commodity: str = pa.Field(description="Commodity as worded.", metadata={"vocabulary": "commodity_term"})
    stage: str = pa.Field(description="Stage as worded.")
    year: str = pa.Field(
        str_matches=r"^(19|20)[0-9]{2}$",
        nullable=True,
        description="Year; empty where not printed.",
        metadata={"remedy": "a year has four digits"},
    )
    country_iso3: str = pa.Field(description="Country, or TOP3.", metadata={"vocabulary": "country"})
    share_percent: Annotated[pl.Decimal, 9, 4] = pa.Field(
        ge=0, le=100, nullable=True, description="Share.", metadata={"unit": "%", "remedy": SHARE_REMEDY}
    )
    publisher: str = pa.Field(description="Publisher as named.")
    source_url: str = pa.Field(description="Address of the page.", metadata={"vocabulary": "publication"})
    note: str = pa.Field(nullable=True, description="The compiler's note.")
    kind: str = pa.Field(isin=["reported", "derived"], description="Printed or computed.", metadata={"remedy": KIND_REMEDY})
    share_bound: str = pa.Field(str_matches=BOUND, nullable=True, description="Printed bound.", metadata={"remedy": BOUND_REMEDY})
    series_key: str = pa.Field(description="The columns that name the series.", metadata={"vocabulary": "series"})

    @pa.dataframe_check(name="share_or_bound", error="a row needs a share or a bound")
    def share_or_bound(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """A row without any figure says nothing."""
        return data.lazyframe.select(pl.any_horizontal(pl.col("share_percent", "share_bound").is_not_null()))

    class Config:
        """Key."""

        strict = True
        unique = ["series_key", "year", "country_iso3", "source_url"]


class PublishedCheck(_Graded):
    """One published number."""

    metric: str = pa.Field(description="What is counted.", metadata={"vocabulary": "published_shares/metrics.csv:metric"})
    reporter: str = pa.Field(description="Whose it is.", metadata={"vocabulary": "published_reporter"})
    commodity: str = pa.Field(description="Commodity as worded.", metadata={"vocabulary": "commodity_term"})
    period: str = pa.Field(description="Period as worded.", metadata={"vocabulary": "published_period"})
    value: str = pa.Field(
        str_matches=r"^([<>]?-?[0-9]{1,15}(\.[0-9]{1,3})?|NA)$",
        description="Number as printed, with its bound.",
        metadata={"remedy": "it is a number of at most three decimals, a bound such as >95, or NA"},
    )
    unit: str = pa.Field(
        isin=["t REO", "percent", "tonnes", "percent of apparent consumption", "0-10000", "days", "USD", "JPY bn", "count", "CNY"],
        description="Unit.",
        metadata={"remedy": "use a unit the contract lists"},
    )
    source_url: str = pa.Field(description="Address of the page.", metadata={"vocabulary": "publication"})
    note: str = pa.Field(nullable=True, description="The compiler's note.")

    class Config:
        """Key."""

        strict = True
        unique = ["metric", "reporter", "commodity", "period", "source_url"]


CONTRACTS: dict[str, type[pa.DataFrameModel]] = {
    IMPORT_SHARES: ImportShare,
    EXPORT_DESTINATIONS: ExportDestination,
    REFINING_SHARES: RefiningShare,
    PUBLISHED_CHECKS: PublishedCheck,
}
