"""Accepted rows to curated tables: first days of periods, kilograms. Pure Polars."""

from __future__ import annotations

import polars as pl

from pipelines.periods import first_day
from pipelines.sources import companion
from pipelines.sources.reference.contract import OVERSEAS_STAKES, POLICY_EVENTS, STOCKPILE_TARGETS

TABLES = ("policy_event", "overseas_stake", "stockpile_target", "consumption")
CARRIED = ["source_member", "source_row", "slice"]


def conform(member: str, accepted: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """`policy_event`, `overseas_stake`, `stockpile_target` or `consumption`, one row a line."""
    rows = accepted.with_columns(publication=pl.col("source_url"))
    carried = ["publication", *CARRIED]
    if member == POLICY_EVENTS:
        events = rows.with_columns(event_date=_first_day_of("date"), date_text="date", commodity_text="commodity")
        columns = ["event_id", "event_date", "date_text", "date_precision", "country_iso3", "commodity_text", "measure", "direction"]
        return {"policy_event": events.select(*columns, "description", *carried)}
    if member == OVERSEAS_STAKES:
        stakes = rows.with_columns(
            start_date_text="start_date",
            end_date_text="end_date",
            start_date=_first_day_of("start_date"),
            end_date=_last_day_of("end_date"),
            commodity_text="commodity",
            status="kind",
        )
        columns = ["investor", "investor_country_iso3", "asset", "asset_country_iso3", "commodity_text", "stage", "stake_percent"]
        dates = ["start_date", "start_date_text", "end_date", "end_date_text"]
        return {"overseas_stake": stakes.select(*columns, "offtake_text", *dates, "status", "note", *carried)}
    if member == STOCKPILE_TARGETS:
        bases = companion("reference", "stockpile_bases.csv").select(basis="text", consumption_basis="basis")
        targets = rows.join(bases, on="basis", how="left", maintain_order="left").with_columns(
            scope_text="commodity_scope",
            basis_text="basis",
            basis="consumption_basis",
            valid_from_text="valid_from",
            valid_to_text="valid_to",
            valid_from=_first_day_of("valid_from"),
            valid_to=_last_day_of("valid_to"),
            status="kind",
        )
        columns = ["country_iso3", "scope_text", "target_days", "basis", "basis_text", "holder"]
        dates = ["valid_from", "valid_from_text", "valid_to", "valid_to_text"]
        return {"stockpile_target": targets.select(*columns, *dates, "status", "note", *carried)}
    consumed = rows.with_columns(
        commodity_text="commodity",
        period_start=first_day("year"),
        period_months=pl.lit(12, pl.Int32),
        weight_kg=(pl.col("tonnes") * pl.lit(1000)).cast(pl.Decimal(18, 3)),
        status="kind",
    )
    columns = ["country_iso3", "commodity_text", "period_start", "period_months", "weight_kg", "definition"]
    return {"consumption": consumed.select(*columns, "status", "note", *carried)}


def _first_day_of(date_text: str) -> pl.Expr:
    """First day that a date of a year, a month or a day can mean."""
    text = pl.col(date_text)
    rest = (
        pl.when(text.str.len_chars() == 4).then(pl.lit("-01-01")).when(text.str.len_chars() == 7).then(pl.lit("-01")).otherwise(pl.lit(""))
    )
    return (text + rest).str.to_date("%Y-%m-%d", strict=False)


def _last_day_of(date_text: str) -> pl.Expr:
    """Last day that a date of a year, a month or a day can mean."""
    text, first = pl.col(date_text), _first_day_of(date_text)
    return (
        pl.when(text.str.len_chars() == 4)
        .then(first.dt.offset_by("1y").dt.offset_by("-1d"))
        .when(text.str.len_chars() == 7)
        .then(first.dt.month_end())
        .otherwise(first)
    )
