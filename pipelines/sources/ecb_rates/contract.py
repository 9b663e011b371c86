"""What an acceptable day of reference rates looks like, in the table's own columns."""

from __future__ import annotations

from typing import Annotated, Any

import pandera.polars as pa
import polars as pl

FILE = "eurofxref-hist.csv"
"""The table inside the zip."""
MOST_BYTES = 50_000_000

Rate = Annotated[pl.Decimal, 18, 6]

CURRENCIES = (
    "USD",
    "JPY",
    "BGN",
    "CYP",
    "CZK",
    "DKK",
    "EEK",
    "GBP",
    "HUF",
    "LTL",
    "LVL",
    "MTL",
    "PLN",
    "ROL",
    "RON",
    "SEK",
    "SIT",
    "SKK",
    "CHF",
    "ISK",
    "NOK",
    "HRK",
    "RUB",
    "TRL",
    "TRY",
    "AUD",
    "BRL",
    "CAD",
    "CNY",
    "HKD",
    "IDR",
    "ILS",
    "INR",
    "KRW",
    "MXN",
    "MYR",
    "NZD",
    "PHP",
    "SGD",
    "THB",
    "ZAR",
)
"""Columns of the table, those of currencies that are no longer quoted included."""


class _Day(pa.DataFrameModel):
    """The day of the rates."""

    Date: pl.Date = pa.Field(description="Day of the fixing.", metadata={"remedy": "a day is YYYY-MM-DD"})

    class Config:
        """Key."""

        strict = True
        unique = ["Date"]


def _rate(currency: str) -> Any:
    remedy = "a rate is a positive number of at most six decimals"
    unit = {"unit": f"{currency} per EUR", "remedy": remedy}
    return pa.Field(gt=0, nullable=True, description=f"Units of {currency} for one euro; null where none was fixed.", metadata=unit)


ReferenceRates: type[pa.DataFrameModel] = type(
    "ReferenceRates",
    (_Day,),
    {
        "__doc__": "The reference rates of one day.",
        "__annotations__": dict.fromkeys(CURRENCIES, Rate),
        **{currency: _rate(currency) for currency in CURRENCIES},
    },
)

CONTRACTS: dict[str, type[pa.DataFrameModel]] = {"eurofxref-hist.zip": ReferenceRates}
