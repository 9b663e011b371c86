"""What an acceptable row of the bulletin files looks like, in the files' own words."""

from __future__ import annotations

from typing import Annotated

import pandera.polars as pa
import polars as pl

from pipelines.periods import PERIOD_PATTERN, is_in_calendar

MAIN = "china_rare_earth_exports_monthly.csv"
MORE = "china_exports_monthly_more_series.csv"

PERIOD_REMEDY = "a period is YYYY, YYYY-MM or YYYY-MM/YYYY-MM"
PERCENT_REMEDY = "a change is a percentage of at least -100 and below 10,000"
ADDRESS_REMEDY = "a source address begins with http"


class _Line(pa.DataFrameModel):
    """What the two files have in common: one printed line on one series and period."""

    period: str = pa.Field(str_matches=PERIOD_PATTERN, description="Period as printed.", metadata={"remedy": PERIOD_REMEDY})
    period_type: str = pa.Field(
        isin=["month", "range", "year"],
        description="Whether the period is a month, a range of months or a year.",
        metadata={"remedy": "it is month, range or year"},
    )
    tonnes: Annotated[pl.Decimal, 18, 6] = pa.Field(
        ge=0,
        le=10_000_000,
        nullable=True,
        description="Weight of the flow.",
        metadata={"unit": "t", "remedy": "a weight is 0 to 10,000,000 tonnes; is the unit kilograms?"},
    )
    value_usd: Annotated[pl.Decimal, 18, 2] = pa.Field(
        ge=0, nullable=True, description="Value of the flow.", metadata={"unit": "USD", "remedy": "a value is not negative"}
    )
    mom_pct_reported: Annotated[pl.Decimal, 9, 3] = pa.Field(
        ge=-100,
        lt=10_000,
        nullable=True,
        description="Printed change on the previous month.",
        metadata={"unit": "%", "remedy": PERCENT_REMEDY},
    )
    yoy_pct_reported: Annotated[pl.Decimal, 9, 3] = pa.Field(
        ge=-100, lt=10_000, nullable=True, description="Printed change on the year.", metadata={"unit": "%", "remedy": PERCENT_REMEDY}
    )
    kind: str = pa.Field(
        isin=["reported", "derived", "missing"],
        description="Printed, computed from printed figures, or known not to have been found.",
        metadata={"remedy": "it is reported, derived or missing"},
    )
    note: str = pa.Field(nullable=True, description="The compiler's note.")
    qualifier: str = pa.Field(
        isin=["eq", "about", "nearly", "lt", "le", "gt", "ge"],
        nullable=True,
        description="Whether the tonnes are a point, about that, or a bound; empty where there are none.",
        metadata={"remedy": "it is eq, about, nearly, lt, le, gt or ge"},
    )
    page_tier: pl.Int32 = pa.Field(
        isin=[1, 2, 3], nullable=True, description="Grade of the page, 1 the publisher's own.", metadata={"remedy": "it is 1, 2 or 3"}
    )
    statistic_id: str = pa.Field(nullable=True, description="Lines with one id state one figure of one publisher.")

    @pa.dataframe_check(name="period_fits_type", error="{period} and {period_type} disagree: a month is YYYY-MM, a year YYYY, a range A/B")
    def period_fits_type(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """The form of the period says which type it is."""
        length = pl.col("period").str.len_chars()
        form = pl.when(length == 4).then(pl.lit("year")).when(length == 7).then(pl.lit("month")).otherwise(pl.lit("range"))
        return data.lazyframe.select(form == pl.col("period_type"))

    @pa.dataframe_check(name="range_runs_forward", error="the range in {period} ends before it begins: write the earlier month first")
    def range_runs_forward(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """A range's first month is not after its last."""
        return data.lazyframe.select(pl.col("period").str.slice(0, 7) <= pl.col("period").str.slice(-7))


class RareEarthLine(_Line):
    """One printed line of China's rare-earth exports."""

    ytd_tonnes_reported: Annotated[pl.Decimal, 18, 6] = pa.Field(
        ge=0,
        le=10_000_000,
        nullable=True,
        description="Printed total since January.",
        metadata={"unit": "t", "remedy": "a weight is 0 to 10,000,000 tonnes"},
    )
    url: str = pa.Field(
        str_startswith="http",
        description="Address of the page that prints the line.",
        metadata={"vocabulary": "publication", "remedy": ADDRESS_REMEDY},
    )

    @pa.dataframe_check(name="level_or_missing", error="a line that is not marked missing needs {tonnes}, a value or a total since January")
    def level_or_missing(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """A line without any level is marked missing, and a missing one has none."""
        level = pl.any_horizontal(pl.col("tonnes", "value_usd", "ytd_tonnes_reported").is_not_null())
        return data.lazyframe.select(level != (pl.col("kind") == "missing"))

    class Config:
        """Column order and key."""

        strict = True
        unique = ["period", "url"]


class SeriesLine(_Line):
    """One printed line of another export or import series."""

    series: str = pa.Field(description="Series as the file names it.", metadata={"vocabulary": "series"})
    release_date: str = pa.Field(
        str_matches=r"^(19|20)[0-9]{2}(-(0[1-9]|1[0-2])(-(0[1-9]|[12][0-9]|3[01]))?)?$",
        nullable=True,
        description="Day, month or year of the release.",
        metadata={"remedy": "a date is YYYY, YYYY-MM or YYYY-MM-DD"},
    )
    source_url: str = pa.Field(
        str_startswith="http",
        description="Address of the page that prints the line.",
        metadata={"vocabulary": "publication", "remedy": ADDRESS_REMEDY},
    )
    preferred: str = pa.Field(
        isin=["yes", "no"], description="Whether this print is the one to use.", metadata={"remedy": "it is yes or no"}
    )

    @pa.dataframe_check(name="level_or_missing", error="a line that is not marked missing needs {tonnes} or a value")
    def level_or_missing(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """A line without any level is marked missing, and a missing one has none."""
        level = pl.any_horizontal(pl.col("tonnes", "value_usd").is_not_null())
        return data.lazyframe.select(level != (pl.col("kind") == "missing"))

    @pa.dataframe_check(name="date_exists", error="{release_date} is not in the calendar: correct it")
    def date_exists(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """A date with a day is a day of the calendar."""
        return data.lazyframe.select(is_in_calendar("release_date"))

    class Config:
        """Column order and key."""

        strict = True
        unique = ["series", "period", "source_url"]


CONTRACTS: dict[str, type[pa.DataFrameModel]] = {MAIN: RareEarthLine, MORE: SeriesLine}
