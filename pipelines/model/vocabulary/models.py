"""Vocabulary: the words facts and marts are written in. Loaded from pipelines/model/vocabulary/*.csv, except the calendar."""

from __future__ import annotations

from datetime import date

import pandera.polars as pa
import polars as pl

SCOPES = ("exact", "part", "broad")
"""exact: all of the commodity at that stage and nothing else. part: nothing else, but not all of it. broad: it holds more."""


class Country(pa.DataFrameModel):
    """Countries by ISO 3166 alpha-3, with the offices' own names and codes, and what is no country."""

    iso3: str = pa.Field(description="ISO 3166 alpha-3; WLD, EUU, TOP3 and OTHER are ours.")
    iso2: str = pa.Field(nullable=True, description="ISO 3166 alpha-2.")
    iso_numeric: str = pa.Field(nullable=True, description="ISO 3166 numeric, equal to the UN's M49.")
    name: str = pa.Field(description="English short name.")
    kind: str = pa.Field(description="country, group, world or residual.")
    usgs_name: str = pa.Field(nullable=True, description="Names the USGS prints, separated by |.")
    comtrade_code: str = pa.Field(
        nullable=True, description="UN Comtrade's numeric code; null where it counts the territory inside another."
    )
    comtrade_valid_from: date = pa.Field(nullable=True, description="Since when Comtrade uses that code; null where since its first year.")
    comtrade_valid_to: date = pa.Field(nullable=True, description="Until when Comtrade used that code; null where it still does.")
    gacc_code: str = pa.Field(nullable=True, description="China Customs' code; null where it has none of its own.")
    japan_code: str = pa.Field(nullable=True, description="Japan Customs' code; null where it has none of its own.")
    valid_from: date = pa.Field(nullable=True, description="Since when the territory exists as it is; null where since before 1990.")
    valid_to: date = pa.Field(nullable=True, description="Until when; null where it still does.")
    note: str = pa.Field(nullable=True)

    class Config:
        """Key."""

        strict = True
        unique = ["iso3"]


class Commodity(pa.DataFrameModel):
    """Critical minerals: Japan's 34 rare metals and the others in the figures."""

    commodity: str = pa.Field(description="Short name used everywhere.")
    name: str = pa.Field(description="English name.")
    symbol: str = pa.Field(nullable=True, description="Chemical symbol.")
    parent: str = pa.Field(nullable=True, description="Commodity it is part of.", metadata={"refers": "commodity"})
    japan_rare_metal: bool = pa.Field(description="Whether it is one of the 34 rare metals of Japan's economy ministry.")
    note: str = pa.Field(nullable=True)

    class Config:
        """Key."""

        strict = True
        unique = ["commodity"]


class CommodityTerm(pa.DataFrameModel):
    """Wordings of commodities on pages and what they mean; a wording may name several."""

    term: str = pa.Field(description="Wording in lower case.")
    commodity: str
    stage: str = pa.Field(description="Stage the wording names, or any.")
    scope: str = pa.Field(isin=SCOPES, description="exact, part where the wording leaves some of it out, or broad where it covers more.")
    note: str = pa.Field(nullable=True)

    class Config:
        """Key."""

        strict = True
        unique = ["term", "commodity"]


class CommodityCode(pa.DataFrameModel):
    """Codes of the Harmonized System by edition to commodity and stage; many to many."""

    hs_edition: str = pa.Field(description="Edition, e.g. HS2017.")
    hs6: str = pa.Field(description="Six-digit code.")
    commodity: str
    stage: str
    scope: str = pa.Field(isin=SCOPES)
    note: str = pa.Field(nullable=True)

    class Config:
        """Key."""

        strict = True
        unique = ["hs_edition", "hs6", "commodity", "stage"]


class Series(pa.DataFrameModel):
    """What is counted, by whom, on which basis. Changes, shares and indices stay within one series."""

    series_id: str = pa.Field(description="Name of the series.")
    source: str
    dataset: str = pa.Field(description="Publication of the office, or file family.")
    source_key: str = pa.Field(description="How the source names the series.")
    publisher: str = pa.Field(nullable=True)
    flow: str = pa.Field(description="export, import, supply (imports and own output), production, refining or reliance.")
    reporter_iso3: str = pa.Field(nullable=True, description="Reporter; null where it varies.")
    partner_iso3: str = pa.Field(nullable=True, description="Partner; WLD for all together, null where it varies.")
    commodity: str = pa.Field(
        nullable=True, description="Commodity (vocabulary.commodity); null for a code that none of them has. A code may serve several."
    )
    stage: str = pa.Field(nullable=True)
    scope: str = pa.Field(nullable=True, isin=SCOPES)
    scope_text: str = pa.Field(nullable=True)
    code_system: str = pa.Field(nullable=True)
    code: str = pa.Field(nullable=True)
    valuation: str = pa.Field(nullable=True)
    weight_basis: str = pa.Field(nullable=True, description="gross, REO, metal_content or unknown.")
    note: str = pa.Field(nullable=True)

    class Config:
        """Key: one series may have several names at its source."""

        strict = True
        unique = ["source", "dataset", "source_key"]


class SeriesBreak(pa.DataFrameModel):
    """Months from which a series counts something else; no change is computed across them."""

    series_id: str
    break_month: date = pa.Field(description="First month of the new definition.")
    kind: str = pa.Field(description="What changed: scope, code or method.")
    reason: str = pa.Field(description="What changed, in words.")
    source: str = pa.Field(description="Where that is stated.")

    class Config:
        """Key."""

        strict = True
        unique = ["series_id", "break_month"]


class Month(pa.DataFrameModel):
    """The calendar, so that no query needs to generate one."""

    month: date
    year: pl.Int32 = pa.Field(description="Calendar year.")
    month_of_year: pl.Int32 = pa.Field(description="1 to 12.")
    next_month: date = pa.Field(description="First day of the next month.")
    days: pl.Int32 = pa.Field(description="Days in the month.", metadata={"unit": "d"})

    class Config:
        """Key."""

        strict = True
        unique = ["month"]


class PartnerCode(pa.DataFrameModel):
    """How each office that files trade codes its partners, and whom we take them for."""

    source: str = pa.Field(description="Source folder.")
    code: str = pa.Field(description="The office's own code.")
    name: str = pa.Field(description="The office's own name.")
    iso3: str = pa.Field(nullable=True, description="Country (vocabulary.country); OTHER where it is none, null for most groups.")
    role: str = pa.Field(description="country, world (all together), group, special (secret, not specified) or returned.")
    valid_from: date = pa.Field(nullable=True, description="First day the code means this; null where it always did.")
    valid_to: date = pa.Field(nullable=True, description="Last day; null where it still does.")
    note: str = pa.Field(nullable=True)

    class Config:
        """Key."""

        strict = True
        unique = ["source", "code", "valid_from"]


class Publication(pa.DataFrameModel):
    """Pages figures were read from: who publishes them, whose statistic they carry, which text they repeat."""

    address: str = pa.Field(description="Address as in the raw files.")
    publisher: str = pa.Field(description="Who runs the page.")
    kind: str = pa.Field(description="official, wire, reprint, trade_press, press, company, blog or reference.")
    primary_publisher: str = pa.Field(nullable=True, description="Body whose statistic the page carries; null where several or unclear.")
    ancestor: str = pa.Field(description="Text the page repeats; reprints of one article share one.")
    published_on: str = pa.Field(nullable=True, description="Date (day or month) where the address itself or the figures state it.")
    note: str = pa.Field(nullable=True)

    class Config:
        """Key."""

        strict = True
        unique = ["address"]


class Threshold(pa.DataFrameModel):
    """Thresholds of concentration and dependency, with authority and year. A class names the version it was judged by."""

    threshold_version: str = pa.Field(description="Name of the version.")
    measure: str = pa.Field(description="hhi, top_supplier_share or import_share.")
    authority: str = pa.Field(description="Who set it.")
    year: pl.Int32 = pa.Field(nullable=True, description="Year it was set; null where no source states it, as the note then says.")
    threshold_class: str = pa.Field(description="Name of the class.")
    lower: float = pa.Field(nullable=True, description="Lower bound, included; null where open.", metadata={"unit": "0 to 1"})
    upper: float = pa.Field(nullable=True, description="Upper bound, excluded; null where open.", metadata={"unit": "0 to 1"})
    note: str = pa.Field(nullable=True)

    class Config:
        """Key."""

        strict = True
        unique = ["threshold_version", "measure", "threshold_class"]


class Claim(pa.DataFrameModel):
    """Statements of the article this project began with. Verdicts are not written here: marts.claim_check computes them."""

    claim_id: str = pa.Field(description="Short name of the statement.")
    statement: str
    measure: str = pa.Field(description="What it counts.")
    reporter_iso3: str = pa.Field(description="Whose figure it is.")
    partner_iso3: str = pa.Field(nullable=True, description="Partner it is about.")
    commodity: str = pa.Field(description="Commodity or list it is about (vocabulary.commodity).")
    stage: str = pa.Field(description="Stage of processing it is about, as in vocabulary.series; any where the article names none.")
    counts: str
    scope_text: str = pa.Field(description="Scope as the article words it.")
    basis: str = pa.Field(nullable=True, description="weight, count, domestic_consumption ...; null where the article does not say.")
    period_start: date = pa.Field(nullable=True, description="First day; null where the article does not say.")
    period_end: date = pa.Field(nullable=True, description="Last day; null where the article does not say.")
    value: float = pa.Field(description="The number stated.", metadata={"unit": "see unit"})
    printed_step: float = pa.Field(
        description="Unit of the last digit the article prints; evidence within half of it agrees.", metadata={"unit": "see unit"}
    )
    unit: str = pa.Field(description="t, ratio, minerals or days.")
    ancestor: str = pa.Field(description="The article; pages that repeat it are no evidence.")
    context_commodity: str = pa.Field(
        nullable=True,
        description="Another commodity whose figures are shown as context; null where none.",
        metadata={"refers": "commodity"},
    )
    context_period: str = pa.Field(
        isin=["same", "any"], description="Whether only figures of the statement's own period are shown as context, or those of any period."
    )

    class Config:
        """Key."""

        strict = True
        unique = ["claim_id"]


class ClaimScope(pa.DataFrameModel):
    """Scopes of figures, as worded, that count the same as a statement. A wording that is not here makes a figure context."""

    counts: str
    wording: str = pa.Field(description="Scope of a series (vocabulary.series.scope_text), or commodity of a single figure, as worded.")
    note: str = pa.Field(nullable=True, description="Why it counts the same.")

    class Config:
        """Key."""

        strict = True
        unique = ["counts", "wording"]
