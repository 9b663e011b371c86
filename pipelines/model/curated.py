"""Curated tables: what was filed, typed, in standard units and periods, one Pandera model a table; `conform` of every source is held to it.

A model feeds the fact of its own name unless it says otherwise, and `part` is the column that tells the rows of one line apart.
A column that the fact table it feeds has too means the same there. Nothing here depends on another table: series, countries of
offices' codes and dollars are joined in sql/load.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated

import pandera.polars as pa
import polars as pl

Money = Annotated[pl.Decimal, 18, 2]
Weight = Annotated[pl.Decimal, 18, 3]
Percent = Annotated[pl.Decimal, 9, 4]
Amount = Annotated[pl.Decimal, 20, 3]


class _Line(pa.DataFrameModel):
    """The raw line a row came from."""

    source_member: str
    source_row: pl.Int64
    slice: str

    class Config:
        """Of every table: no columns but these."""

        strict = True


class _Printed(_Line):
    """A line of a page."""

    publication: str


class _Noted(_Printed):
    """A line of a page with the compiler's remark."""

    note: str = pa.Field(nullable=True)


class _Graded(_Noted):
    """A line of a page of which is known how good it is."""

    page_tier: pl.Int32 = pa.Field(nullable=True)
    statistic_id: str = pa.Field(nullable=True)


class TradeLine(_Line):
    """A line as an office that files trade filed it, whatever the office calls things, or as it was typed from a page.

    What an office files itself is reported, a point, and has no page: `status`, `qualifier`, `page_tier`, `publisher` and
    `publication` are null then.
    """

    dataset: str = pa.Field(description="One kind of count of one flow (general imports, imports for consumption), never a mixture.")
    flow: str
    reporter_iso3: str
    partner_code: str = pa.Field(description="Partner as the office codes it; in a source without codes of its own by ours.")
    code: str = pa.Field(nullable=True)
    code_system: str = pa.Field(nullable=True)
    series_key: str = pa.Field(nullable=True)
    period_start: date
    period_months: pl.Int32
    period_kind: str
    value: Money = pa.Field(nullable=True, description="Value as filed.", metadata={"unit": "see currency"})
    currency: str = pa.Field(nullable=True)
    valuation: str = pa.Field(nullable=True)
    cif_value: Money = pa.Field(nullable=True, description="Value including freight, where filed.", metadata={"unit": "see currency"})
    fob_value: Money = pa.Field(nullable=True, description="Value excluding freight, where filed.", metadata={"unit": "see currency"})
    value_method: str = pa.Field(nullable=True)
    weight_kg: Weight = pa.Field(nullable=True)
    weight_method: str = pa.Field(nullable=True)
    quantity: Weight = pa.Field(nullable=True)
    quantity_unit: str = pa.Field(nullable=True)
    trade_system: str = pa.Field(nullable=True)
    procedure: str = pa.Field(nullable=True)
    list_status: str = pa.Field(
        nullable=True,
        description="What the partners of a month are: null (all there are), selected (a choice beside which the rest is summed)"
        " or partial (the few that a page names).",
    )
    status: str = pa.Field(nullable=True)
    qualifier: str = pa.Field(nullable=True)
    page_tier: pl.Int32 = pa.Field(nullable=True)
    publisher: str = pa.Field(nullable=True)
    publication: str = pa.Field(nullable=True)
    note: str = pa.Field(nullable=True)

    class Config:
        """What it feeds."""

        metadata = {"part": "dataset"}


class BulletinLevel(_Graded):
    """A level that the bulletin prints: a line may yield its own and a total since January."""

    series_key: str
    period_start: date
    period_months: pl.Int32
    period_kind: str
    weight_kg: Weight = pa.Field(nullable=True)
    value_usd: Money = pa.Field(nullable=True)
    status: str = pa.Field(description="reported, derived or missing (looked for and not found).")
    derivation: str = pa.Field(nullable=True, description="How a derived weight was computed.")
    derived_from: str = pa.Field(nullable=True)
    value_derivation: str = pa.Field(nullable=True, description="How a derived value was computed.")
    main_file: bool = pa.Field(description="Whether it stands in the file of rare earths.")
    refines: bool = pa.Field(nullable=True, description="Whether it says more exactly what the other file prints.")
    preferred: bool = pa.Field(description="Whether its page is preferred to others of the same month.")
    qualifier: str = pa.Field(nullable=True)

    class Config:
        """What it feeds."""

        metadata = {"feeds": "trade", "part": "period_kind"}


class BulletinChange(_Noted):
    """A change that the bulletin prints."""

    series_key: str
    period_start: date
    period_months: pl.Int32
    period_kind: str
    page_tier: pl.Int32 = pa.Field(nullable=True)
    measure: str = pa.Field(description="change_on_month or change_on_year.")
    change_percent: Annotated[pl.Decimal, 9, 3] = pa.Field(description="The change as printed.", metadata={"unit": "%"})

    class Config:
        """What it feeds."""

        metadata = {"feeds": "published_number", "part": "measure"}


class ReferenceRate(_Line):
    """The rate of one currency on one day."""

    day: date = pa.Field(description="Day of the rate.")
    currency: str
    per_eur: Annotated[pl.Decimal, 18, 6] = pa.Field(
        description="Units of the currency for one euro.", metadata={"unit": "currency per EUR"}
    )

    class Config:
        """What it feeds."""

        metadata = {"feeds": "exchange_rate"}


class PublishedShare(_Graded):
    """A share or an amount of one partner as someone published it."""

    dataset: str
    series_key: str
    reporter_iso3: str
    partner_iso3: str
    basis: str
    period_start: date = pa.Field(nullable=True)
    period_months: pl.Int32 = pa.Field(nullable=True)
    period_qualifier: str = pa.Field(nullable=True)
    share_percent: Percent = pa.Field(nullable=True)
    share_bound: str = pa.Field(nullable=True)
    amount: Amount = pa.Field(nullable=True)
    amount_unit: str = pa.Field(nullable=True)
    amount_of: str = pa.Field(nullable=True)
    qualifier: str = pa.Field(nullable=True)
    includes_domestic: bool = pa.Field(nullable=True)
    publisher_as_named: str = pa.Field(nullable=True, description="Publisher as the compiler names it.")
    status: str


class PublishedNumber(_Graded):
    """A single published number."""

    metric: str = pa.Field(description="What is counted, in the file's words.")
    measure: str
    flow: str = pa.Field(nullable=True)
    reporter_iso3: str = pa.Field(nullable=True)
    reporter_text: str
    partner_iso3: str = pa.Field(nullable=True)
    commodity_text: str
    period_start: date = pa.Field(nullable=True)
    period_end: date = pa.Field(nullable=True)
    period_qualifier: str
    period_text: str
    basis: str = pa.Field(nullable=True)
    value: Amount = pa.Field(nullable=True)
    value_text: str
    value_qualifier: str
    unit: str
    computed_by: str = pa.Field(nullable=True, description="Who computed it from the page, where the page does not print it.")

    class Config:
        """What it feeds."""

        metadata = {"part": "measure"}


class PolicyEvent(_Printed):
    """An act of a government."""

    event_id: str
    event_date: date
    date_text: str = pa.Field(description="Date as printed.")
    date_precision: str
    country_iso3: str
    commodity_text: str
    measure: str
    direction: str
    description: str


class OverseasStake(_Noted):
    """A stake, offtake or loan abroad."""

    investor: str
    investor_country_iso3: str
    asset: str
    asset_country_iso3: str
    commodity_text: str
    stage: str
    stake_percent: Percent = pa.Field(nullable=True, description="Share held, as printed.", metadata={"unit": "%"})
    offtake_text: str = pa.Field(nullable=True)
    start_date: date = pa.Field(nullable=True)
    start_date_text: str = pa.Field(nullable=True, description="Start as printed.")
    end_date: date = pa.Field(nullable=True)
    end_date_text: str = pa.Field(nullable=True, description="End as printed.")
    status: str


class StockpileTarget(_Noted):
    """Days of consumption that a country means to hold."""

    country_iso3: str
    scope_text: str
    target_days: Annotated[pl.Decimal, 9, 2]
    basis: str
    basis_text: str
    holder: str
    valid_from: date = pa.Field(nullable=True)
    valid_from_text: str = pa.Field(nullable=True, description="First day as printed.")
    valid_to: date = pa.Field(nullable=True)
    valid_to_text: str = pa.Field(nullable=True, description="Last day as printed.")
    status: str


class Consumption(_Noted):
    """Domestic consumption of one commodity in one year."""

    country_iso3: str
    commodity_text: str
    period_start: date
    period_months: pl.Int32
    weight_kg: Weight
    definition: str
    status: str


class _UsgsLine(_Noted):
    """A line of an edition of the summaries."""

    series_key: str
    edition: str
    period_start: date
    period_months: pl.Int32


class UsgsImportSource(_UsgsLine):
    """A supplier of the United States in a list of import sources."""

    supplier_name: str = pa.Field(description="Supplier as printed.")
    supplier_iso3: str = pa.Field(nullable=True, description="Code the compiler gave; null where the supplier is no country.")
    share_percent: Percent = pa.Field(nullable=True)
    list_status: str = pa.Field(nullable=True)
    list_sum_percent: Percent = pa.Field(nullable=True, description="Sum of the whole list as printed.", metadata={"unit": "%"})

    class Config:
        """What it feeds."""

        metadata = {"feeds": "published_share"}


class UsgsProduction(_UsgsLine):
    """A producer in a table of world production."""

    country_name: str
    country_iso3: str = pa.Field(nullable=True, description="Code the compiler gave; null where the row is no country.")
    quantity: Weight = pa.Field(nullable=True)
    unit: str
    weight_kg: Weight = pa.Field(nullable=True)
    qualifier: str
    incomplete_because: str = pa.Field(nullable=True)

    class Config:
        """What it feeds."""

        metadata = {"feeds": "production"}


class UsgsNetImportReliance(_UsgsLine):
    """Net imports of the United States as a share of apparent consumption."""

    value_text: str
    qualifier: str
    value_percent: Percent = pa.Field(nullable=True, description="The number; null for a net exporter.", metadata={"unit": "%"})

    class Config:
        """What it feeds."""

        metadata = {"feeds": "net_import_reliance"}
