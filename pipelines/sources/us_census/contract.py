"""What an acceptable row of the trade API looks like, in the API's own variables.

Rows of single countries and of country groups are both acceptable: groups and the total of all countries become control
totals. See https://www.census.gov/foreign-trade/reference/guides/index.html.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated

import pandera.polars as pa
import polars as pl

from pipelines.sources import companion

Money = Annotated[pl.Decimal, 18, 2]
Quantity = Annotated[pl.Decimal, 18, 3]

CODE = {"imports": "I_COMMODITY", "exports": "E_COMMODITY"}
"""The variable that holds the commodity code of each flow."""

CODE_REMEDY = "a code has six digits (HS6) or ten (HS10)"
FLAGS = ["-", "M", "S", "N"]
FLAG_REMEDY = "a quantity's flag is M where it is missing, else - : look up the new one, and whether its quantity counts"


class _Line(pa.DataFrameModel):
    """What imports and exports have in common."""

    CTY_CODE: str = pa.Field(
        description="Country as the Census Bureau codes it (Schedule C); - is all countries together.",
        metadata={"vocabulary": "us_census/partners.csv:code"},
    )
    CTY_NAME: str = pa.Field(nullable=True, description="Its name.")
    UNIT_QY1: str = pa.Field(nullable=True, description="Unit of the first quantity.", metadata={"vocabulary": "us_census/units.csv:unit"})
    SUMMARY_LVL: str = pa.Field(
        isin=["DET", "CGP"], description="DET for a country or all of them, CGP for a group.", metadata={"remedy": "it is DET or CGP"}
    )
    COMM_LVL: str = pa.Field(isin=["HS6", "HS10"], description="Level of the code.", metadata={"remedy": "it is HS6 or HS10"})
    time: str = pa.Field(str_matches=r"^(19|20)[0-9]{2}-(0[1-9]|1[0-2])$", description="Month.", metadata={"remedy": "a month is YYYY-MM"})

    @pa.dataframe_check(
        name="code_in_force", error="us_census/partners.csv has {CTY_CODE} at other times than {time}: correct its valid_from or valid_to"
    )
    def code_in_force(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """A code that is known is known for that month."""
        first = (pl.col("time") + "-01").str.to_date("%Y-%m-%d", strict=False)
        begun = first.dt.month_end() >= pl.col("valid_from").fill_null(date.min)
        return _with_partner(data).select((begun & (first <= pl.col("valid_to").fill_null(date.max))).fill_null(True))

    @pa.dataframe_check(
        name="group_is_known", error="{SUMMARY_LVL} says that {CTY_CODE} is a group, us_census/partners.csv that it is none"
    )
    def group_is_known(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """What the office calls a group of countries never becomes a supplier."""
        return _with_partner(data).select(((pl.col("SUMMARY_LVL") != "CGP") | (pl.col("role") == "group")).fill_null(True))


def _with_partner(data: pa.PolarsData) -> pl.LazyFrame:
    """The rows, in their order, with what partners.csv says of their country codes; a code has one line there."""
    days = [pl.col(name).str.to_date("%Y-%m-%d") for name in ("valid_from", "valid_to")]
    partners = companion("us_census", "partners.csv").select("role", *days, CTY_CODE="code")
    return data.lazyframe.join(partners.lazy(), on="CTY_CODE", how="left", maintain_order="left")


class ImportLine(_Line):
    """Imports of one code from one country in one month: arrivals (general) and what cleared customs (consumption)."""

    I_COMMODITY: str = pa.Field(
        str_matches=r"^[0-9]{6}([0-9]{4})?$", description="Code of the import tariff.", metadata={"remedy": CODE_REMEDY}
    )
    I_COMMODITY_SDESC: str = pa.Field(nullable=True, description="Short description of the code.")
    GEN_VAL_MO: Money = pa.Field(
        ge=0, description="General imports, customs value.", metadata={"unit": "USD", "remedy": "a value is not negative"}
    )
    GEN_CIF_MO: Money = pa.Field(
        ge=0,
        nullable=True,
        description="General imports with freight and insurance.",
        metadata={"unit": "USD", "remedy": "a value is not negative"},
    )
    CON_VAL_MO: Money = pa.Field(
        ge=0,
        nullable=True,
        description="Imports for consumption, customs value.",
        metadata={"unit": "USD", "remedy": "a value is not negative"},
    )
    GEN_QY1_MO: Quantity = pa.Field(
        ge=0,
        nullable=True,
        description="General imports, first quantity.",
        metadata={"unit": "see UNIT_QY1", "remedy": "it is not negative"},
    )
    GEN_QY1_MO_FLAG: str = pa.Field(
        isin=FLAGS, nullable=True, description="M where the quantity is missing.", metadata={"remedy": FLAG_REMEDY}
    )
    CON_QY1_MO: Quantity = pa.Field(
        ge=0,
        nullable=True,
        description="Imports for consumption, first quantity.",
        metadata={"unit": "see UNIT_QY1", "remedy": "it is not negative"},
    )
    CON_QY1_MO_FLAG: str = pa.Field(
        isin=FLAGS, nullable=True, description="M where the quantity is missing.", metadata={"remedy": FLAG_REMEDY}
    )

    @pa.dataframe_check(name="level_fits_code", error="{COMM_LVL} and {I_COMMODITY} disagree: HS6 has six digits, HS10 ten")
    def level_fits_code(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """The length of the code says its level."""
        return data.lazyframe.select(_level("I_COMMODITY") == pl.col("COMM_LVL"))

    @pa.dataframe_check(
        name="cif_covers_value", error="{GEN_CIF_MO} is below {GEN_VAL_MO}, to which it adds freight and insurance: are the two exchanged?"
    )
    def cif_covers_value(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """What a good costs at the border is not less than what customs value it at."""
        return data.lazyframe.select((pl.col("GEN_CIF_MO") >= pl.col("GEN_VAL_MO")).fill_null(True))

    class Config:
        """Key."""

        strict = True
        unique = ["I_COMMODITY", "CTY_CODE", "time"]


class ExportLine(_Line):
    """Exports of one code to one country in one month, domestic and foreign goods together."""

    E_COMMODITY: str = pa.Field(str_matches=r"^[0-9]{6}([0-9]{4})?$", description="Code of Schedule B.", metadata={"remedy": CODE_REMEDY})
    E_COMMODITY_SDESC: str = pa.Field(nullable=True, description="Short description of the code.")
    ALL_VAL_MO: Money = pa.Field(
        ge=0, description="Value free alongside ship at the US port.", metadata={"unit": "USD", "remedy": "a value is not negative"}
    )
    QTY_1_MO: Quantity = pa.Field(
        ge=0, nullable=True, description="First quantity.", metadata={"unit": "see UNIT_QY1", "remedy": "it is not negative"}
    )
    QTY_1_MO_FLAG: str = pa.Field(
        isin=FLAGS, nullable=True, description="M where the quantity is missing.", metadata={"remedy": FLAG_REMEDY}
    )

    @pa.dataframe_check(name="level_fits_code", error="{COMM_LVL} and {E_COMMODITY} disagree: HS6 has six digits, HS10 ten")
    def level_fits_code(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """The length of the code says its level."""
        return data.lazyframe.select(_level("E_COMMODITY") == pl.col("COMM_LVL"))

    class Config:
        """Key."""

        strict = True
        unique = ["E_COMMODITY", "CTY_CODE", "time"]


def _level(code: str) -> pl.Expr:
    return pl.when(pl.col(code).str.len_chars() == 6).then(pl.lit("HS6")).otherwise(pl.lit("HS10"))


CONTRACTS: dict[str, type[pa.DataFrameModel]] = {"imports": ImportLine, "exports": ExportLine}
