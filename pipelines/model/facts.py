"""Facts: what was published, one row a statement, each traceable to the raw line it came from.

Ratios and indices do not belong here: marts compute them.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

import pandera.polars as pa
import polars as pl

Money = Annotated[pl.Decimal, 18, 2]
Weight = Annotated[pl.Decimal, 18, 3]


class _Lineage(pa.DataFrameModel):
    """Where a row came from and since when it was known. Beside every fact."""

    publication: str = pa.Field(nullable=True)
    note: str = pa.Field(nullable=True)
    release_id: str = pa.Field(description="Release (meta.release) whose raw file holds the line.")
    source_member: str
    source_row: pl.Int64
    known_from: datetime = pa.Field(description="Since when the figure was known (UTC); a bare date is the end of that day.")
    known_from_basis: str = pa.Field(description="How that is known: stated by the publisher, calendar of the office, or held by us.")
    known_until: datetime = pa.Field(nullable=True, description="When another release took its place (UTC); null while it is current.")


class _Graded(pa.DataFrameModel):
    """How good the page is that prints a figure, and which other rows state the same one. Null where an office filed it."""

    page_tier: pl.Int32 = pa.Field(nullable=True)
    statistic_id: str = pa.Field(nullable=True)


class _Flow(pa.DataFrameModel):
    """One level of trade of one series in one period."""

    series_id: str
    source: str
    dataset: str
    flow: str
    reporter_iso3: str
    partner_iso3: str
    partner_code: str = pa.Field(nullable=True)
    code: str = pa.Field(nullable=True)
    code_system: str = pa.Field(nullable=True)
    hs6: str = pa.Field(nullable=True, description="First six digits where the code is a code of the Harmonized System.")
    hs_edition: str = pa.Field(nullable=True, description="Edition of the Harmonized System in force, e.g. HS2017.")
    period_start: date
    period_months: pl.Int32
    period_kind: str
    value_usd: Money = pa.Field(nullable=True)
    valuation: str = pa.Field(nullable=True)
    cif_value_usd: Money = pa.Field(nullable=True, description="Value including freight, where filed.", metadata={"unit": "USD"})
    fob_value_usd: Money = pa.Field(nullable=True, description="Value excluding freight, where filed.", metadata={"unit": "USD"})
    value_local: Money = pa.Field(nullable=True, description="Value in the reporter's currency.", metadata={"unit": "see currency"})
    currency: str = pa.Field(nullable=True, description="Currency of value_local (ISO 4217).")
    weight_kg: Weight = pa.Field(nullable=True)
    weight_method: str = pa.Field(nullable=True)
    derived_from: str = pa.Field(nullable=True)
    value_method: str = pa.Field(nullable=True)
    value_publication: str = pa.Field(
        nullable=True, description="Page that prints value_usd, where it is another than that of the row; null where the row's own."
    )
    value_release_id: str = pa.Field(nullable=True, description="Release whose raw file prints value_usd, where not the row's own.")
    value_source_member: str = pa.Field(nullable=True, description="Raw file that prints value_usd, where not the row's own line.")
    value_source_row: pl.Int64 = pa.Field(
        nullable=True, description="Line of that file; null where value_usd stands in the row's own line."
    )
    quantity: Weight = pa.Field(nullable=True)
    quantity_unit: str = pa.Field(nullable=True)
    trade_system: str = pa.Field(nullable=True)
    procedure: str = pa.Field(nullable=True)
    partner_role: str
    qualifier: str = pa.Field(nullable=True)
    status: str = pa.Field(description="reported, derived (from reported figures) or missing (known not to have been found).")


class TradeTotal(_Flow, _Graded, _Lineage):
    """Trade of a reporter with all partners together: bulletins and control totals. The finest lines filed."""

    class Config:
        """Key."""

        strict = True
        unique = [
            "series_id",
            "flow",
            "reporter_iso3",
            "partner_iso3",
            "partner_code",
            "code",
            "procedure",
            "period_start",
            "period_months",
            "period_kind",
        ]


class TradeFlow(_Flow, _Graded, _Lineage):
    """Bilateral trade: one row per reporter, partner, code, flow and period. The finest lines filed."""

    list_status: str = pa.Field(
        nullable=True,
        description="selected (a choice of partners, the rest summed) or partial (some partners a page names); null where all there are.",
    )

    class Config:
        """Key."""

        strict = True
        unique = [
            "series_id",
            "flow",
            "reporter_iso3",
            "partner_iso3",
            "partner_code",
            "partner_role",
            "code",
            "procedure",
            "period_start",
            "period_months",
            "period_kind",
        ]


class ControlTotal(_Flow, _Graded, _Lineage):
    """Filed lines that are no facts: coarser codes, which the facts add up to, finer ones that do not cover their heading, groups."""

    partner_iso3: str = pa.Field(
        nullable=True, description="The other country, WLD, or a group; null for groups that have no code of ours."
    )

    why_not_fact: str = pa.Field(description="coarser_level, incomplete_level (finer codes that fall short of their heading) or group.")

    class Config:
        """Key."""

        strict = True
        unique = [
            "series_id",
            "flow",
            "reporter_iso3",
            "partner_code",
            "code",
            "procedure",
            "period_start",
            "period_months",
            "period_kind",
        ]


class ExchangeRate(_Lineage):
    """Mean exchange rate of a currency in one month."""

    source: str
    currency: str
    period_start: date = pa.Field(description="First day of the month.")
    period_months: pl.Int32
    per_usd: float = pa.Field(description="Mean of the days' units of currency for one US dollar.", metadata={"unit": "currency per USD"})
    per_eur: float = pa.Field(description="Mean of the days' units of currency for one euro.", metadata={"unit": "currency per EUR"})
    days: pl.Int32 = pa.Field(description="Days with a rate.", metadata={"unit": "days"})
    fx_method: str = pa.Field(description="How the mean was taken.")
    last_source_row: pl.Int64 = pa.Field(description="Last line of the month in the raw file; source_row is the first.")

    class Config:
        """Key."""

        strict = True
        unique = ["source", "currency", "period_start"]


class Revision(_Lineage):
    """What became of a figure that a publication had printed, or could have: it was revised, appeared or vanished.

    The row's own lineage is that of the new value. What vanished has the line that printed it last, `known_from` being since
    when it is known to be gone, and `vanished_release_id` the release without it.
    """

    series_id: str
    source: str
    dataset: str
    flow: str
    reporter_iso3: str
    partner_iso3: str
    partner_code: str = pa.Field(nullable=True)
    partner_role: str
    code: str = pa.Field(nullable=True)
    procedure: str = pa.Field(nullable=True)
    period_start: date
    period_months: pl.Int32
    period_kind: str
    counted: str = pa.Field(description="total (facts.trade_total), partner (facts.trade_flow) or control (facts.control_total).")
    measure: str
    quantity_unit: str = pa.Field(
        nullable=True, description="Unit of a quantity, null for other measures. In another unit it is another figure."
    )
    slice: str = pa.Field(description="Slice (meta.release) that prints it: a publication is compared with its own earlier snapshots.")
    revision_no: pl.Int32 = pa.Field(description="1 for the first change of the figure.")
    kind: str = pa.Field(
        description="revised, appeared (an earlier snapshot of the slice, which asked for its code, had the period without it) or vanished."
    )
    snapshot_no: pl.Int32 = pa.Field(
        description="Which snapshot of the slice brought the change, counted from the first that held the figure. Snapshots that found"
        " what the snapshot before found are not counted."
    )
    first_value: Weight = pa.Field(description="The figure as first held.", metadata={"unit": "USD, kg or quantity_unit, see measure"})
    before_value: Weight = pa.Field(
        nullable=True,
        description="The figure before this change; null where it appeared.",
        metadata={"unit": "USD, kg or quantity_unit, see measure"},
    )
    after_value: Weight = pa.Field(
        nullable=True, description="The figure since; null where it vanished.", metadata={"unit": "USD, kg or quantity_unit, see measure"}
    )
    known_before: datetime = pa.Field(nullable=True, description="Since when the figure before was known (UTC); null where it appeared.")
    vanished_release_id: str = pa.Field(
        nullable=True, description="Release (meta.release) of the snapshot that no longer holds what vanished; else null."
    )

    class Config:
        """Key."""

        strict = True
        unique = [
            "series_id",
            "partner_iso3",
            "partner_code",
            "partner_role",
            "code",
            "procedure",
            "period_start",
            "period_months",
            "period_kind",
            "counted",
            "measure",
            "quantity_unit",
            "slice",
            "revision_no",
        ]


class PublishedShare(_Graded, _Lineage):
    """A share or an amount of one partner as someone published it: import sources, export destinations, refining."""

    series_id: str
    source: str
    dataset: str = pa.Field(
        description="File family: import_sources, import_shares, export_destinations, refining_shares, published_checks."
    )
    publisher: str = pa.Field(nullable=True, description="Who published the figure.")
    flow: str = pa.Field(
        description="import (share of suppliers), supply (imports and own output), export (of destinations), production or refining."
    )
    reporter_iso3: str = pa.Field(description="Whose trade or production is shared out; WLD for the world's.")
    partner_iso3: str = pa.Field(description="Supplier, destination or producer; OTHER, EUU and TOP3 are no single country.")
    basis: str
    period_start: date = pa.Field(nullable=True, description="First day of the period; null where the page names none.")
    period_months: pl.Int32 = pa.Field(nullable=True)
    period_qualifier: str = pa.Field(
        nullable=True,
        description="Why the period is no printed one: not_printed, edition, publication_year (then null), assumed, projection or average.",
    )
    share: float = pa.Field(
        nullable=True,
        description="Printed share; null where only a bound, or about what it is, or an amount is printed.",
        metadata={"unit": "0 to 1"},
    )
    share_low: float = pa.Field(
        nullable=True,
        description="Lower end of what the print allows: half a unit of its last digit below, or the printed bound.",
        metadata={"unit": "0 to 1"},
    )
    share_high: float = pa.Field(nullable=True, description="Upper end of what the print allows.", metadata={"unit": "0 to 1"})
    share_bound: str = pa.Field(nullable=True)
    qualifier: str = pa.Field(
        nullable=True,
        description="eq, about, nearly, lt, le, gt or ge, of the share, else of its bound, else of the amount: only eq is a point.",
    )
    includes_domestic: bool = pa.Field(nullable=True)
    amount: Annotated[pl.Decimal, 20, 3] = pa.Field(nullable=True, description="Printed amount.", metadata={"unit": "see amount_unit"})
    amount_unit: str = pa.Field(nullable=True)
    amount_of: str = pa.Field(nullable=True)
    list_status: str = pa.Field(
        nullable=True, description="complete (largest suppliers first, the rest known as OTHER), partial, or null for a loose figure."
    )
    list_sum: float = pa.Field(nullable=True, description="Sum of the whole list as printed.", metadata={"unit": "0 to 1"})
    edition: str = pa.Field(nullable=True, description="Edition of the publication, where it has any.")
    status: str = pa.Field(description="reported, derived or projection.")

    class Config:
        """Key."""

        strict = True
        unique = ["series_id", "reporter_iso3", "partner_iso3", "basis", "period_start", "period_months", "edition"]


class Production(_Lineage):
    """Production of one country, of other countries together, or of the world, in one year and stage."""

    series_id: str
    source: str
    commodity: str
    stage: str = pa.Field(description="mine, refinery, smelter ... of the series.")
    country_iso3: str = pa.Field(description="Producer; WLD for the printed world total, OTHER for other countries.")
    country_name: str
    period_start: date = pa.Field(description="First day of the year.")
    period_months: pl.Int32
    quantity: Weight = pa.Field(
        nullable=True, description="Quantity as printed; null where withheld or not available.", metadata={"unit": "see unit"}
    )
    unit: str = pa.Field(description="Unit and content basis as printed.")
    weight_kg: Weight = pa.Field(nullable=True, description="Quantity in kilograms of the content basis.", metadata={"unit": "kg"})
    qualifier: str = pa.Field(description="reported, estimated, unspecified (mark lost in the copy), withheld or not_available.")
    edition: str
    incomplete_because: str = pa.Field(nullable=True)

    class Config:
        """Key."""

        strict = True
        unique = ["series_id", "country_iso3", "period_start"]


class NetImportReliance(_Lineage):
    """Net imports as a share of apparent consumption, as printed: `>95` is not 95."""

    series_id: str
    source: str
    reporter_iso3: str = pa.Field(description="Importer.")
    commodity: str
    stage: str
    period_start: date = pa.Field(description="First day of the year.")
    period_months: pl.Int32
    value_text: str = pa.Field(description="As printed: a percentage, a bound, or E for net exporter.")
    qualifier: str = pa.Field(description="eq, gt, lt or net_exporter.")
    reliance: float = pa.Field(nullable=True, description="Reliance; null where only a bound is printed.", metadata={"unit": "0 to 1"})
    reliance_low: float = pa.Field(nullable=True, description="Lower bound; null where there is none.", metadata={"unit": "0 to 1"})
    reliance_high: float = pa.Field(nullable=True, description="Upper bound.", metadata={"unit": "0 to 1"})
    edition: str

    class Config:
        """Key."""

        strict = True
        unique = ["series_id", "reporter_iso3", "period_start"]


class PublishedNumber(_Graded, _Lineage):
    """A single published number, to compare results with."""

    measure: str = pa.Field(description="What is counted, e.g. import_share, export_weight, change_on_month.")
    source: str
    series_id: str = pa.Field(nullable=True, description="Series, where the number was printed with one.")
    flow: str = pa.Field(nullable=True, description="export, import or production; null where none applies.")
    reporter_iso3: str = pa.Field(nullable=True, description="Whose number it is; null where it is nobody's in particular.")
    reporter_text: str
    partner_iso3: str = pa.Field(nullable=True, description="Partner the number is about.")
    commodity: str = pa.Field(nullable=True, description="Commodity (vocabulary.commodity); null where the wording names several or none.")
    commodity_text: str
    basis: str = pa.Field(nullable=True, description="weight, value, count, days ...; null where the page does not say.")
    period_start: date = pa.Field(nullable=True, description="First day of the period; null where open or unknown.")
    period_end: date = pa.Field(nullable=True)
    period_text: str
    period_qualifier: str = pa.Field(
        description="exact, estimate, average ... as far as the wording says; publication_year leaves the period null."
    )
    value: Annotated[pl.Decimal, 20, 3] = pa.Field(
        nullable=True, description="The number; a point only where value_qualifier is eq.", metadata={"unit": "see unit"}
    )
    value_text: str
    value_qualifier: str
    unit: str = pa.Field(description="Unit as worded.")
    publisher: str = pa.Field(
        nullable=True,
        description="Whose statistic it is; else who published the page. The compiler's where they computed it from the page.",
    )
    ancestor: str = pa.Field(nullable=True, description="Text the page repeats (vocabulary.publication): reprints share one.")

    class Config:
        """Key."""

        strict = True
        unique = ["measure", "reporter_text", "partner_iso3", "commodity_text", "series_id", "period_text", "publication"]


class PolicyEvent(_Lineage):
    """An act of a government that tightens or loosens supply; one row per event and commodity it touches."""

    event_id: str
    commodity: str = pa.Field(description="Commodity it touches (vocabulary.commodity).")
    scope: str = pa.Field(description="exact, part where the act touches some of the commodity, or broad where it covers more.")
    commodity_text: str = pa.Field(description="Commodities as worded.")
    event_date: date
    date_precision: str
    country_iso3: str = pa.Field(description="Acting country.")
    measure: str = pa.Field(description="Kind of act.")
    direction: str
    description: str

    class Config:
        """Key."""

        strict = True
        unique = ["event_id", "commodity"]


class OverseasStake(_Lineage):
    """A stake, offtake or loan in a mine or refinery abroad; one row per commodity it yields."""

    investor: str
    investor_country_iso3: str
    asset: str
    asset_country_iso3: str
    commodity: str
    commodity_text: str = pa.Field(description="Commodities as worded.")
    stage: str = pa.Field(description="mine, offtake, refining or loan.")
    stake: float = pa.Field(nullable=True, description="Share held; null where not printed.", metadata={"unit": "0 to 1"})
    offtake_text: str = pa.Field(nullable=True)
    start_date: date = pa.Field(nullable=True)
    end_date: date = pa.Field(nullable=True)
    status: str

    class Config:
        """Key."""

        strict = True
        unique = ["investor", "asset", "commodity", "start_date", "end_date"]


class StockpileTarget(_Lineage):
    """Days of consumption that a country means to hold."""

    country_iso3: str
    commodity: str = pa.Field(description="Commodity or list of commodities (vocabulary.commodity).")
    scope_text: str = pa.Field(description="Minerals covered, as worded.")
    target_days: Annotated[pl.Decimal, 9, 2]
    basis: str = pa.Field(description="Days of what: domestic_consumption, base_consumption, supply or unknown.")
    basis_text: str
    holder: str
    valid_from: date = pa.Field(nullable=True)
    valid_to: date = pa.Field(nullable=True)
    status: str

    class Config:
        """Key."""

        strict = True
        unique = ["country_iso3", "commodity", "scope_text", "target_days", "basis_text", "holder", "valid_from", "valid_to", "publication"]


class Consumption(_Lineage):
    """Domestic consumption of one commodity in one year, by definition and page."""

    country_iso3: str
    commodity: str
    commodity_text: str
    period_start: date = pa.Field(description="First day of the year.")
    period_months: pl.Int32
    weight_kg: Weight = pa.Field(description="Weight consumed.", metadata={"unit": "kg"})
    definition: str
    status: str

    class Config:
        """Key."""

        strict = True
        unique = ["country_iso3", "commodity", "commodity_text", "period_start", "definition", "publication"]


class Conflict(_Lineage):
    """A print that another print of the same figure is preferred to. Kept, never averaged."""

    table_name: str = pa.Field(description="Fact table the preferred print stands in.")
    series_id: str
    partner_iso3: str = pa.Field(description="Partner; WLD for all partners together.")
    period_start: date = pa.Field(nullable=True)
    period_months: pl.Int32 = pa.Field(nullable=True)
    period_kind: str = pa.Field(description="Kind of period.")
    print_no: pl.Int64 = pa.Field(description="Rank among the prints of the measure; 1 is the preferred one and stands in facts.")
    preferred: bool = pa.Field(description="Always false here; the preferred print stands in its fact table.")
    measure: str = pa.Field(description="weight_kg, value_usd, share or amount.")
    value: float = pa.Field(
        nullable=True,
        description="What this print says; null where it says that none was found.",
        metadata={"unit": "kg, USD or 0 to 1, by measure"},
    )
    preferred_value: float = pa.Field(
        nullable=True, description="What the preferred print says.", metadata={"unit": "kg, USD or 0 to 1, by measure"}
    )
    relative_difference: float = pa.Field(
        nullable=True, description="value / preferred_value - 1; 0 where the prints agree.", metadata={"unit": "ratio"}
    )
    contradicts: bool = pa.Field(
        description="Whether the two cannot both be right: what their last digits and qualifiers allow does not meet."
    )

    class Config:
        """Key."""

        strict = True
        unique = ["table_name", "series_id", "partner_iso3", "period_start", "period_months", "period_kind", "print_no", "measure"]
