"""Accepted rows to curated tables: first days of periods, one shape for every published share. Pure Polars."""

from __future__ import annotations

import polars as pl

from pipelines.periods import first_day, month_after
from pipelines.sources import companion
from pipelines.sources.published_shares.contract import EXPORT_DESTINATIONS, IMPORT_SHARES, PUBLISHED_CHECKS

TABLES = ("published_share", "published_number")
CARRIED = ["source_member", "source_row", "slice"]
PLAIN_PERIOD = r"^(19|20)[0-9]{2}(-(0[1-9]|1[0-2]))?$"


def conform(member: str, accepted: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """`published_share` for the share files; `published_number`, and the shares among them that are lists, for the rest."""
    if member == PUBLISHED_CHECKS:
        return _numbers(accepted)
    if member == IMPORT_SHARES:
        return {"published_share": _import_shares(accepted)}
    if member == EXPORT_DESTINATIONS:
        return {"published_share": _export_destinations(accepted)}
    return {"published_share": _refining_shares(accepted)}


def _import_shares(rows: pl.DataFrame) -> pl.DataFrame:
    years = companion("published_shares", "publication_years.csv").select("source_url", earlier_copy="qualifier")
    return _as_shares(
        rows.join(years, on="source_url", how="left", maintain_order="left").with_columns(
            period_qualifier=pl.coalesce("period_qualifier", "earlier_copy"),
            start=first_day("period_start"),
            after=month_after("period_end"),
            amount=pl.col("tonnes_or_value").cast(pl.Decimal(20, 3)),
            amount_unit=pl.col("unit").str.extract(r"^(t|USD)"),
            amount_of=pl.when(pl.col("unit").str.contains("total"))
            .then(pl.lit("all"))
            .when(pl.col("unit").is_not_null())
            .then(pl.lit("partner")),
            status=pl.col("kind"),
        ),
        dataset="import_shares",
        reporter="importer_iso3",
        partner="supplier_iso3",
    )


def _export_destinations(rows: pl.DataFrame) -> pl.DataFrame:
    tonnes = pl.col("tonnes")
    return _as_shares(
        rows.with_columns(
            basis=pl.when(pl.col("tonnes").is_not_null()).then(pl.lit("weight")).otherwise(pl.lit("unknown")),
            start=first_day("period"),
            after=month_after("period"),
            amount=tonnes.cast(pl.Decimal(20, 3)),
            amount_unit=pl.when(tonnes.is_not_null()).then(pl.lit("t")),
            amount_of=pl.when(tonnes.is_not_null()).then(pl.lit("partner")),
            status=pl.col("kind"),
            publisher=pl.lit(None, pl.String),
            share_bound=pl.lit(None, pl.String),
        ),
        dataset="export_destinations",
        reporter="exporter_iso3",
        partner="destination_iso3",
    )


def _refining_shares(rows: pl.DataFrame) -> pl.DataFrame:
    projections = companion("published_shares", "projections.csv").select(
        "commodity", "stage", "year", "country_iso3", "publisher", projection=pl.lit(True)
    )
    return _as_shares(
        rows.join(
            projections, on=["commodity", "stage", "year", "country_iso3", "publisher"], how="left", maintain_order="left"
        ).with_columns(
            basis=pl.lit("weight"),
            start=first_day("year"),
            after=month_after("year"),
            amount=pl.lit(None, pl.Decimal(20, 3)),
            amount_unit=pl.lit(None, pl.String),
            amount_of=pl.lit(None, pl.String),
            status=pl.when(pl.col("projection")).then(pl.lit("projection")).otherwise(pl.col("kind")),
            world=pl.lit("WLD"),
        ),
        dataset="refining_shares",
        reporter="world",
        partner="country_iso3",
    )


def _as_shares(rows: pl.DataFrame, *, dataset: str, reporter: str, partner: str) -> pl.DataFrame:
    # The year in which a page appeared says nothing of the year of its data.
    printed = (pl.col("period_qualifier") != "publication_year").fill_null(True)
    return rows.with_columns(pl.when(printed).then(name).alias(name) for name in ("start", "after")).select(
        dataset=pl.lit(dataset),
        series_key="series_key",
        reporter_iso3=reporter,
        partner_iso3=partner,
        basis="basis",
        period_start="start",
        period_months=_months("start", "after"),
        period_qualifier=pl.when(pl.col("period_qualifier") != "printed").then("period_qualifier"),
        share_percent=pl.col("share_percent").cast(pl.Decimal(9, 4)),
        share_bound="share_bound",
        amount="amount",
        amount_unit="amount_unit",
        amount_of="amount_of",
        qualifier=pl.coalesce("qualifier", _qualifier_of_bound()),
        page_tier="page_tier",
        statistic_id="statistic_id",
        includes_domestic=(pl.col("includes_domestic") == "yes") if dataset == "import_shares" else pl.lit(None, pl.Boolean),
        publisher_as_named="publisher",
        status="status",
        publication="source_url",
        note="note",
        **{name: pl.col(name) for name in CARRIED},
    )


def _qualifier_of_bound() -> pl.Expr:
    """What a printed bound says by itself, for copies without qualifiers; a figure without a bound is a point."""
    bound = pl.col("share_bound")
    return (
        pl.when(bound.str.starts_with(">"))
        .then(pl.lit("gt"))
        .when(bound.str.starts_with("<"))
        .then(pl.lit("lt"))
        .when(bound.is_not_null())
        .then(pl.lit("about"))
        .otherwise(pl.lit("eq"))
    )


def _numbers(rows: pl.DataFrame) -> dict[str, pl.DataFrame]:
    metrics = companion("published_shares", "metrics.csv").drop("note").rename({"basis": "metric_basis"})
    reporters = companion("published_shares", "reporters.csv").select(reporter="text", reporter_code="code", listed=pl.lit(True))
    periods = companion("published_shares", "periods.csv").select(
        period="text",
        period_first=pl.col("period_start").str.to_date("%Y-%m-%d"),
        period_last=pl.col("period_end").str.to_date("%Y-%m-%d"),
        listed_qualifier="qualifier",
    )
    plain = pl.when(pl.col("period").str.contains(PLAIN_PERIOD)).then("period")
    printed = (pl.col("period_qualifier") != "publication_year").fill_null(True)
    numbers = (
        rows.join(metrics, on="metric", how="left", maintain_order="left")
        .join(reporters, on="reporter", how="left", maintain_order="left")
        .join(periods, on="period", how="left", maintain_order="left")
        .with_columns(plain=plain)
        .with_columns(
            reporter_iso3=pl.when(pl.col("listed").fill_null(False)).then("reporter_code").otherwise("reporter"),
            period_start=pl.when(printed).then(pl.coalesce(first_day("plain"), "period_first")),
            period_end=pl.when(printed).then(pl.coalesce(month_after("plain").dt.offset_by("-1d"), "period_last")),
            period_qualifier=pl.coalesce(pl.when(pl.col("period_qualifier") != "printed").then("period_qualifier"), "listed_qualifier"),
            number=pl.col("value").str.extract(r"(-?[0-9]+(\.[0-9]+)?)$").cast(pl.Decimal(20, 3)),
            value_qualifier=pl.when(pl.col("value") == "NA")
            .then(pl.lit("not_available"))
            .when(pl.col("value").str.starts_with(">"))
            .then(pl.lit("gt"))
            .when(pl.col("value").str.starts_with("<"))
            .then(pl.lit("lt"))
            .otherwise(pl.col("qualifier").fill_null("eq")),
        )
    )
    published = numbers.select(
        "metric",
        "measure",
        "flow",
        "reporter_iso3",
        "partner_iso3",
        "period_start",
        "period_end",
        pl.col("period_qualifier").fill_null("exact"),
        reporter_text="reporter",
        commodity_text="commodity",
        period_text="period",
        basis="metric_basis",
        value="number",
        value_text="value",
        value_qualifier="value_qualifier",
        unit="unit",
        computed_by="computed_by",
        page_tier="page_tier",
        statistic_id="statistic_id",
        publication="source_url",
        note="note",
        **{name: pl.col(name) for name in CARRIED},
    )
    return {"published_number": published, "published_share": _listed_shares(numbers)}


def _listed_shares(numbers: pl.DataFrame) -> pl.DataFrame:
    """The single numbers that are, together, a list of suppliers (`lists.csv`): they are shares like any other."""
    lists = companion("published_shares", "lists.csv").drop("reason").rename({"basis": "list_basis"})
    listed = numbers.filter(pl.col("measure") == "import_share").join(lists, on=["reporter", "commodity", "period"], maintain_order="left")
    return _as_shares(
        listed.with_columns(
            series_key=pl.concat_str("reporter", "commodity", "period", separator="|"),
            basis="list_basis",
            start="period_start",
            after=pl.col("period_end").dt.offset_by("1d"),
            share_percent="number",
            share_bound=pl.lit(None, pl.String),
            amount=pl.lit(None, pl.Decimal(20, 3)),
            amount_unit=pl.lit(None, pl.String),
            amount_of=pl.lit(None, pl.String),
            publisher=pl.lit(None, pl.String),
            status=pl.lit("reported"),
        ),
        dataset="published_checks",
        reporter="reporter_iso3",
        partner="partner_iso3",
    )


def _months(start: str, after: str) -> pl.Expr:
    first, end = pl.col(start), pl.col(after)
    return ((end.dt.year() - first.dt.year()) * 12 + end.dt.month().cast(pl.Int32) - first.dt.month().cast(pl.Int32)).cast(pl.Int32)
