"""What an acceptable row of the reference files looks like, in the files' own words."""

from __future__ import annotations

from typing import Annotated

import pandera.polars as pa
import polars as pl

from pipelines.periods import is_in_calendar

POLICY_EVENTS = "policy_events.csv"
OVERSEAS_STAKES = "overseas_stakes.csv"
STOCKPILE_TARGETS = "stockpile_targets.csv"
CONSUMPTION = "consumption.csv"

DATE = r"^(19|20)[0-9]{2}(-(0[1-9]|1[0-2])(-(0[1-9]|[12][0-9]|3[01]))?)?$"
DATE_REMEDY = "a date is YYYY, YYYY-MM or YYYY-MM-DD"
KIND_REMEDY = "it is reported or derived"


class PolicyEvent(pa.DataFrameModel):
    """One act of a government that tightens or loosens supply."""

    event_id: str = pa.Field(
        str_matches=r"^PE[0-9]{3,}$", description="Number of the event.", metadata={"remedy": "an event is PE and three digits"}
    )
    date: str = pa.Field(
        str_matches=DATE, description="Day, month or year it took effect or was announced.", metadata={"remedy": DATE_REMEDY}
    )
    country_iso3: str = pa.Field(description="Acting country.", metadata={"vocabulary": "state"})
    commodity: str = pa.Field(description="Commodities as worded.", metadata={"vocabulary": "commodity_term"})
    measure: str = pa.Field(
        isin=[
            "strategy",
            "export_ban",
            "export_quota",
            "export_licence",
            "suspension",
            "tariff",
            "dispute_ruling",
            "production_quota",
            "stockpile",
            "investment_screening",
        ],
        description="Kind of act.",
        metadata={"remedy": "use a measure the contract lists"},
    )
    direction: str = pa.Field(isin=["tighten", "loosen"], description="Effect on supply.", metadata={"remedy": "it is tighten or loosen"})
    description: str = pa.Field(description="What happened.")
    source_url: str = pa.Field(description="Address of the page.", metadata={"vocabulary": "publication"})
    date_precision: str = pa.Field(
        isin=["day", "month", "year", "approx"],
        description="How exact the date is; approx means inferred.",
        metadata={"remedy": "it is day, month, year or approx"},
    )

    @pa.dataframe_check(name="date_exists", error="the calendar has no such {date}: correct it")
    def date_exists(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """A date with a day is a day of the calendar."""
        return data.lazyframe.select(is_in_calendar("date"))

    class Config:
        """Key."""

        strict = True
        unique = ["event_id"]


class OverseasStake(pa.DataFrameModel):
    """A stake, offtake or loan in a mine or refinery abroad."""

    investor: str = pa.Field(description="Who holds it.")
    investor_country_iso3: str = pa.Field(description="Investor's country.", metadata={"vocabulary": "state"})
    asset: str = pa.Field(description="Mine, plant or company.")
    asset_country_iso3: str = pa.Field(description="Country of the asset.", metadata={"vocabulary": "state"})
    commodity: str = pa.Field(description="Commodities as worded.", metadata={"vocabulary": "commodity_term"})
    stage: str = pa.Field(
        isin=["mine", "offtake", "refining", "loan"],
        description="What it is a stake in.",
        metadata={"remedy": "it is mine, offtake, refining or loan"},
    )
    stake_percent: Annotated[pl.Decimal, 9, 4] = pa.Field(
        ge=0, le=100, nullable=True, description="Share held.", metadata={"unit": "%", "remedy": "a stake is 0 to 100 %"}
    )
    offtake_text: str = pa.Field(nullable=True, description="Terms of the offtake.")
    start_date: str = pa.Field(str_matches=DATE, nullable=True, description="Since when.", metadata={"remedy": DATE_REMEDY})
    end_date: str = pa.Field(str_matches=DATE, nullable=True, description="Until when.", metadata={"remedy": DATE_REMEDY})
    source_url: str = pa.Field(description="Address of the page.", metadata={"vocabulary": "publication"})
    note: str = pa.Field(nullable=True, description="The compiler's note.")
    kind: str = pa.Field(isin=["reported", "derived"], description="Printed or computed.", metadata={"remedy": KIND_REMEDY})

    @pa.dataframe_check(name="dates_exist", error="{start_date} or {end_date} is not in the calendar: correct it")
    def dates_exist(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """A date with a day is a day of the calendar."""
        return data.lazyframe.select(is_in_calendar("start_date") & is_in_calendar("end_date"))

    class Config:
        """Key."""

        strict = True
        unique = ["investor", "asset", "start_date", "source_url"]


class StockpileTarget(pa.DataFrameModel):
    """Days of consumption that a country means to hold."""

    country_iso3: str = pa.Field(description="Country.", metadata={"vocabulary": "state"})
    commodity_scope: str = pa.Field(description="Minerals covered, as worded.", metadata={"vocabulary": "commodity_term"})
    target_days: Annotated[pl.Decimal, 9, 2] = pa.Field(
        ge=0, le=3650, description="Days.", metadata={"unit": "d", "remedy": "a target is 0 to 3,650 days"}
    )
    basis: str = pa.Field(description="Days of what, as worded.", metadata={"vocabulary": "reference/stockpile_bases.csv:text"})
    valid_from: str = pa.Field(str_matches=DATE, nullable=True, description="Since when.", metadata={"remedy": DATE_REMEDY})
    valid_to: str = pa.Field(str_matches=DATE, nullable=True, description="Until when.", metadata={"remedy": DATE_REMEDY})
    holder: str = pa.Field(
        isin=["national", "private", "total"], description="Whose stock.", metadata={"remedy": "it is national, private or total"}
    )
    source_url: str = pa.Field(description="Address of the page.", metadata={"vocabulary": "publication"})
    note: str = pa.Field(nullable=True, description="The compiler's note.")
    kind: str = pa.Field(isin=["reported", "derived"], description="Printed or computed.", metadata={"remedy": KIND_REMEDY})

    @pa.dataframe_check(name="dates_exist", error="{valid_from} or {valid_to} is not in the calendar: correct it")
    def dates_exist(cls, data: pa.PolarsData) -> pl.LazyFrame:
        """A date with a day is a day of the calendar."""
        return data.lazyframe.select(is_in_calendar("valid_from") & is_in_calendar("valid_to"))

    class Config:
        """Key."""

        strict = True
        unique = ["country_iso3", "commodity_scope", "target_days", "basis", "holder", "valid_from", "valid_to", "source_url"]


class Consumption(pa.DataFrameModel):
    """Domestic consumption of one commodity in one year."""

    country_iso3: str = pa.Field(description="Country.", metadata={"vocabulary": "state"})
    commodity: str = pa.Field(description="Commodity as worded.", metadata={"vocabulary": "commodity_term"})
    year: str = pa.Field(str_matches=r"^(19|20)[0-9]{2}$", description="Calendar year.", metadata={"remedy": "a year has four digits"})
    tonnes: Annotated[pl.Decimal, 18, 3] = pa.Field(
        ge=0, description="Weight.", metadata={"unit": "t", "remedy": "a weight is not negative"}
    )
    definition: str = pa.Field(description="What is counted.")
    source_url: str = pa.Field(description="Address of the page.", metadata={"vocabulary": "publication"})
    note: str = pa.Field(nullable=True, description="The compiler's note.")
    kind: str = pa.Field(isin=["reported", "derived"], description="Printed or computed.", metadata={"remedy": KIND_REMEDY})

    class Config:
        """Key."""

        strict = True
        unique = ["country_iso3", "commodity", "year", "definition", "source_url"]


CONTRACTS: dict[str, type[pa.DataFrameModel]] = {
    POLICY_EVENTS: PolicyEvent,
    OVERSEAS_STAKES: OverseasStake,
    STOCKPILE_TARGETS: StockpileTarget,
    CONSUMPTION: Consumption,
}
