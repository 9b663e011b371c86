"""What differs, by kind: pure functions over frames of figures that are not in both editions alike."""

from __future__ import annotations

import math
from collections.abc import Iterable

import polars as pl

from pipelines.archive import Decision

TRADE = {"trade_total": "total", "trade_flow": "partner"}


TRADE_MEASURES = ("value_usd", "cif_value_usd", "weight_kg", "quantity")


SERIES = ("source", "dataset", "series_id", "flow", "reporter_iso3")


PERIOD = ("period_start", "period_months", "period_kind")


PARTNER = ("partner_iso3", "partner_code", "partner_role")


MONTH = (*SERIES, *PERIOD)


PLACE = ("counted", *MONTH, *PARTNER)


SHARED = ("source", "series_id", "period_start", "period_months", "period_kind")
"""What trade and the other facts are both listed by."""


FIGURE = pl.Schema(
    {
        "source": pl.String(),
        "series_id": pl.String(),
        "counted": pl.String(),
        "partner_iso3": pl.String(),
        "code": pl.String(),
        "period_start": pl.Date(),
        "period_months": pl.Int32(),
        "measure": pl.String(),
        "key": pl.String(),
        "before": pl.Decimal(38, 6),
        "after": pl.Decimal(38, 6),
        "ratio": pl.Float64(),
    }
)
"""A cell; `key` is what else names its row."""


def last_months(releases: pl.DataFrame) -> pl.DataFrame:
    """The newest month of every dataset whose slices are months, of its current releases."""
    monthly = releases.filter(pl.col("state") == "current", pl.col("slice").str.contains(r"/[0-9]{4}-[0-9]{2}$"))
    return monthly.group_by(dataset_of_slice=_dataset_of_slice()).agg(last_month=pl.col("slice").str.slice(-7).max())


def _dataset_of_slice() -> pl.Expr:
    return pl.col("slice").str.replace(r"/[^/]*$", "")


def mark_newly_asked(changed: pl.DataFrame, before: pl.DataFrame, after: pl.DataFrame, last: pl.DataFrame) -> pl.DataFrame:
    """The rows with `is_newly_asked`: rows that are there because their code was asked for and had not been.

    That is so where no question about the dataset named the code before, and for a month that was there to be asked for
    before. A month that came since is a new month all the same.
    """
    codes = changed.filter(pl.col("now") & ~pl.col("was"), pl.col("code").is_not_null()).select("slice", "code").unique()
    asked = codes.pipe(_asked_for, after, "slice")
    asked_before = codes.pipe(_asked_for, before, "slice")
    datasets = codes.with_columns(dataset_of_slice=_dataset_of_slice())
    known = before.select("prefix", dataset_of_slice=_dataset_of_slice()).unique()
    ever_before = datasets.pipe(_asked_for, known, "dataset_of_slice").select("slice", "code")
    held = datasets.join(last, on="dataset_of_slice", how="inner").filter(pl.col("slice").str.slice(-7) <= pl.col("last_month"))
    fresh = asked.join(asked_before, on=["slice", "code"], how="anti")
    newly = pl.concat([fresh.join(ever_before, on=["slice", "code"], how="anti"), fresh.join(held, on=["slice", "code"], how="semi")])
    found = newly.unique().with_columns(is_newly_asked=pl.lit(True))
    marked = changed.join(found, on=["slice", "code"], how="left").with_columns(pl.col("is_newly_asked").fill_null(False))
    return marked.with_columns(is_newly_asked=pl.col("is_newly_asked") & pl.col("now") & ~pl.col("was"))


def _asked_for(codes: pl.DataFrame, asked: pl.DataFrame, place: str) -> pl.DataFrame:
    """The codes that a question about their slice, or their dataset, named by their beginning."""
    return codes.join(asked, on=place, how="inner").filter(pl.col("code").str.starts_with(pl.col("prefix"))).select(codes.columns).unique()


def newly_asked(changes: pl.DataFrame, before: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    """A row for each HS6 code that was asked for and had not been, and for each beginning of codes that brought nothing."""
    rows = changes.filter(section="newly_asked")
    brought = (
        rows.group_by("source", "series_id", code=pl.col("hs6"))
        .agg(*_MONTHS, rows=pl.len().cast(pl.Int64), cells=_CELLS)
        .select("source", "series_id", "code", *_MONTHS_NAMED, "rows", "cells", "periods")
    )
    questions = after.join(before, on=["slice", "prefix"], how="anti").select(
        "prefix", source=pl.col("slice").str.extract(r"^([^/]+)"), series_id=_dataset_of_slice()
    )
    before_in_dataset = before.select("prefix", series_id=_dataset_of_slice()).unique()
    never = questions.unique().join(before_in_dataset, on=["series_id", "prefix"], how="anti")
    answered = never.join(brought.select("source", "code"), on="source", how="inner").filter(
        pl.col("code").str.starts_with(pl.col("prefix"))
    )
    barren = never.join(answered, on=["source", "prefix"], how="anti").select(
        "source",
        "series_id",
        code="prefix",
        months=pl.lit(0, pl.Int64),
        first_month=pl.lit(None, pl.Date),
        last_month=pl.lit(None, pl.Date),
        rows=pl.lit(0, pl.Int64),
        cells=pl.lit(0, pl.Int64),
        periods=pl.lit([], brought.schema["periods"]),
    )
    return pl.concat([brought, barren]).sort("source", "series_id", "code")


_PERIODS = pl.struct("period_start", "period_months", "period_kind")
_MONTHS = (
    _PERIODS.n_unique().cast(pl.Int64).alias("months"),
    pl.col("period_start").min().alias("first_month"),
    pl.col("period_start").max().alias("last_month"),
    _PERIODS.unique().sort().alias("periods"),
)


_MONTHS_NAMED = ("months", "first_month", "last_month")


_CELLS = pl.col("cells").cast(pl.Int64).sum()


def tell_trade(marked: pl.DataFrame, sums: pl.DataFrame) -> pl.DataFrame:
    """The rows of trade with `section`, the list that tells of each, and with the `kind` of partners.

    The first that holds: its code is newly asked; its period is gone; its partner is new to the series in a new period, or
    the period is new; its partner was named, came or left, in periods held on both sides; other codes stand in its place and add
    up to the same. Else each of its figures is told by itself.
    """
    known = marked.filter(~pl.col("is_newly_asked"))
    arrived = name_arrivals(known, sums).select(*MONTH, *PARTNER, "is_newly_named", has_arrived=pl.lit(True))
    others = known.filter(pl.col("was") != pl.col("now")).select(*PLACE, other_codes=pl.lit(True)).unique()
    same = [pl.col(f"{name}_of_place_before").eq_missing(pl.col(f"{name}_of_place_after")) for name in TRADE_MEASURES]
    is_partner, period_was = pl.col("counted") == "partner", pl.col("period_was")
    has_arrived = is_partner & pl.col("now") & ~pl.col("place_was") & pl.col("has_arrived").fill_null(False)
    kind = (
        pl.when(pl.col("is_newly_asked") | ~pl.col("period_now") | ~is_partner)
        .then(None)
        .when(~period_was & pl.col("series_was") & ~pl.col("partner_was"))
        .then(pl.lit("new"))
        .when(has_arrived & pl.col("is_newly_named"))
        .then(pl.lit("newly_named"))
        .when(has_arrived & ~pl.col("partner_was"))
        .then(pl.lit("appeared"))
        .when(period_was & pl.col("was") & ~pl.col("partner_now_in_months_before"))
        .then(pl.lit("lost"))
    )
    is_recoded = pl.col("other_codes").fill_null(False) & pl.col("place_was") & pl.col("place_now") & pl.all_horizontal(same)
    section = (
        pl.when("is_newly_asked")
        .then(pl.lit("newly_asked"))
        .when(~pl.col("period_now"))
        .then(pl.lit("gone_months"))
        .when(pl.col("kind").is_not_null())
        .then(pl.lit("partners"))
        .when(~period_was)
        .then(pl.lit("new_months"))
        .when(is_recoded)
        .then(pl.lit("recoded"))
        .otherwise(pl.lit("figures"))
    )
    has_figure = pl.any_horizontal(pl.col(f"{name}_{side}").is_not_null() for name in TRADE_MEASURES for side in ("before", "after"))
    return (
        marked.join(arrived, on=[*MONTH, *PARTNER], how="left", nulls_equal=True)
        .join(others, on=list(PLACE), how="left", nulls_equal=True)
        .with_columns(kind=kind, has_figure=has_figure)
        .with_columns(section=section)
    )


def tell_listed(listed: pl.DataFrame) -> pl.DataFrame:
    """The rows of other facts with `section`: that of their period, where it is there on one side only; an open period is none."""
    dated = pl.col("period_start").is_not_null()
    section = (
        pl.when(dated & ~pl.col("period_now"))
        .then(pl.lit("gone_months"))
        .when(dated & ~pl.col("period_was"))
        .then(pl.lit("new_months"))
        .otherwise(pl.lit("figures"))
    )
    return listed.with_columns(section=section, kind=pl.lit(None, pl.String), period_kind=pl.lit(None, pl.String))


def new_months(changes: pl.DataFrame) -> pl.DataFrame:
    """Series and periods that were not there before; `cells` are those that no new partner is told of with."""
    fresh = changes.filter("now", ~pl.col("period_was"), pl.col("section").is_in(["new_months", "partners"]))
    return (
        fresh.group_by(SHARED)
        .agg(is_new_series=~pl.col("series_was").first(), cells=pl.col("cells").filter(section="new_months").cast(pl.Int64).sum())
        .sort(SHARED)
    )


def gone_months(changes: pl.DataFrame) -> pl.DataFrame:
    """Series and periods that are no longer there."""
    return changes.filter(section="gone_months").group_by(SHARED).agg(cells=_CELLS).sort(SHARED)


def name_arrivals(known: pl.DataFrame, sums: pl.DataFrame) -> pl.DataFrame:
    """Partners that stand in a period held before and did not stand in it, with `is_newly_named`.

    A partner is newly named where the period's total did not move and the attributed part rose by what the partners that
    arrived have: their amount was there before, without a name.
    """
    arrived = (
        known.filter(pl.col("counted") == "partner", "now", "period_was", ~pl.col("place_was"))
        .group_by(*MONTH, *PARTNER, "partner_was")
        .agg(value_usd=_sum("value_usd_after"), weight_kg=_sum("weight_kg_after"))
    )
    attributed = arrived.filter(pl.col("partner_role").is_in(["country", "returned"]))
    together = attributed.group_by(MONTH).agg(value_usd_arrived=_sum("value_usd"), weight_kg_arrived=_sum("weight_kg"))
    named = together.join(sums, on=list(MONTH), how="inner", nulls_equal=True).with_columns(
        is_newly_named=pl.coalesce(_stood_unnamed("value_usd"), _stood_unnamed("weight_kg"), pl.lit(False))
    )
    return arrived.join(named.select(*MONTH, "is_newly_named"), on=list(MONTH), how="left", nulls_equal=True).with_columns(
        is_newly_named=pl.col("is_newly_named").fill_null(False) & pl.col("partner_role").is_in(["country", "returned"])
    )


def _stood_unnamed(measure: str) -> pl.Expr:
    """Whether what arrived was already in the total; null where the total or the amounts are not known on both sides."""
    total_stood = pl.col(f"{measure}_total_before") == pl.col(f"{measure}_total_after")
    rose = pl.col(f"{measure}_attributed_after") - pl.col(f"{measure}_attributed_before")
    return total_stood & (rose == pl.col(f"{measure}_arrived"))


def _sum(name: str) -> pl.Expr:
    """The sum; null where nothing is known, for an unknown is no zero."""
    return pl.when(pl.col(name).is_not_null().any()).then(pl.col(name).sum())


def partners(changes: pl.DataFrame) -> pl.DataFrame:
    """Partners of a series that are newly named, new, appeared in months held before, or lost: a row for each kind, with its months."""
    key = ("source", "series_id", *PARTNER)
    found = changes.filter(section="partners").group_by(*key, "kind").agg(*_MONTHS, cells=_CELLS)
    return found.select(*key, *_MONTHS_NAMED, "kind", "cells", "periods").sort("kind", *key)


def trade_figures(changes: pl.DataFrame) -> pl.DataFrame:
    """The cells of trade that are told one by one."""
    rows = changes.filter(section="figures")
    parts = [
        rows.with_columns(measure=pl.lit(name), before=pl.col(f"{name}_before"), after=pl.col(f"{name}_after")) for name in TRADE_MEASURES
    ]
    return pl.concat([_figures(part) for part in parts])


def listed_figures(changes: pl.DataFrame) -> pl.DataFrame:
    """The cells of other facts that are told one by one."""
    return _figures(changes.filter(section="figures").with_columns(code=pl.lit(None, pl.String)))


def _figures(rows: pl.DataFrame) -> pl.DataFrame:
    typed = rows.with_columns(pl.col("before", "after").cast(pl.Decimal(38, 6)))
    return typed.filter(pl.col("before").ne_missing(pl.col("after"))).with_columns(ratio=_ratio()).select(FIGURE.names()).cast(FIGURE)


def _ratio() -> pl.Expr:
    """After over before; null where either is unknown, or the figure before is zero."""
    before = pl.col("before").cast(pl.Float64)
    return pl.when(before != 0).then(pl.col("after").cast(pl.Float64) / before)


def without_figures(changes: pl.DataFrame) -> pl.DataFrame:
    """How many rows came or went that hold no figure, in periods held on both sides."""
    rows = changes.filter(pl.col("was") != pl.col("now"), ~pl.col("has_figure"), section="figures")
    table = pl.col("counted").replace({counted: name for name, counted in TRADE.items()})
    return rows.group_by("source", table=table, change=pl.when("now").then(pl.lit("added")).otherwise(pl.lit("gone"))).agg(
        rows=pl.struct("series_id", "partner_iso3", "code", "period_start", "period_months", "key").n_unique().cast(pl.Int64)
    )


def by_relative_change(figures: pl.DataFrame) -> pl.DataFrame:
    """Totals first, then the rest; in each the largest relative change first, up and down alike, what has no ratio last."""
    factor = pl.when(pl.col("ratio") > 0).then(pl.col("ratio").log().abs()).when(pl.col("ratio").is_not_null()).then(math.inf)
    return (
        figures.with_columns(factor=factor, is_total=pl.col("counted") == "total")
        .sort(
            ["source", "is_total", "factor", "series_id", "partner_iso3", "code", "period_start", "key", "measure"],
            descending=[False, True, True, *[False] * 6],
            nulls_last=True,
        )
        .drop("factor", "is_total")
    )


def recoded(changes: pl.DataFrame) -> pl.DataFrame:
    """Series and periods in which other codes stand than before and yet add up to the same."""
    places = pl.struct("counted", *PARTNER).unique().sort()
    found = (
        changes.filter(section="recoded")
        .group_by(SHARED)
        .agg(partners=pl.col("partner_iso3").n_unique().cast(pl.Int64), cells=_CELLS, places=places)
    )
    return found.sort(SHARED)


def withdrawn(before: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    """Slices that the office took back since."""
    gone = after.filter(pl.col("state") == "withdrawn")
    return gone.join(before.filter(pl.col("state") == "withdrawn"), on="release_id", how="anti").select("source", "slice").sort("slice")


def release_changes(before: pl.DataFrame, after: pl.DataFrame, decisions: Iterable[Decision]) -> pl.DataFrame:
    """Releases whose state is another: `change` is new, accepted, quarantined, failed, mended or gone.

    What merely took the place of another, and was superseded by it, is told by its successor.
    """
    decided = {decision.release_id: decision for decision in decisions}
    rows = []
    both = before.join(after, on=["source", "slice", "release_id"], how="full", coalesce=True, suffix="_after")
    for row in both.sort("source", "slice", "release_id").iter_rows(named=True):
        was, now = row["state"], row["state_after"]
        change = _release_change(was, now)
        if change is None:
            continue
        decision = decided.get(row["release_id"]) if change in ("accepted", "quarantined") else None
        reason = row["reason_after"] if decision is None else f"{decision.author}, {decision.decided_at:%Y-%m-%d}: {decision.reason}"
        rows.append({"source": row["source"], "slice": row["slice"], "release_id": row["release_id"], "change": change, "reason": reason})
    return pl.DataFrame(rows, schema=dict.fromkeys(("source", "slice", "release_id", "change", "reason"), pl.String()))


def _release_change(was: str | None, now: str | None) -> str | None:
    if was == now:
        return None
    if now in ("quarantined", "failed"):
        return now
    if now == "current":
        return {"quarantined": "accepted", "failed": "mended"}.get(was or "", "new")
    return "gone" if now is None else None
