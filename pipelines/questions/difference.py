"""What changed between two editions: months, figures, codes, partners, releases, checks and states of sources.

Two editions are attached read-only in one connection (`warehouse.side_by_side`). SQL finds the rows that differ, pure
functions on frames say what kind of change each is, and the last part puts it into words. Facts are compared and never
marts: a series of several commodities stands in those once for each. Nothing is built, decided or written here.

A cell is one measure of one row of trade, or of the other facts in `LISTED`. Every cell that differs is told by exactly one
list: the list of its row (`told_in`), or, where the row's figures are told one by one, `revised`, `appeared` or `vanished`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import duckdb
import polars as pl

from pipelines.archive import Decision
from pipelines.model.tables import tables

SHOWN = 10
"""Lines of one list that are shown unless everything is asked for."""

TRADE = {"trade_total": "total", "trade_flow": "partner"}
TRADE_MEASURES = ("value_usd", "cif_value_usd", "weight_kg", "quantity")
LISTED = {
    "published_share": ("partner_iso3", ("share", "amount")),
    "production": ("country_iso3", ("quantity",)),
    "net_import_reliance": ("reporter_iso3", ("reliance",)),
    "exchange_rate": ("currency", ("per_usd",)),
}
"""Other facts that are compared figure by figure: whose figure it is, and the measures."""

_NO_CONTENT = ("release_id", "source_member", "source_row", "last_source_row", "known_from", "known_from_basis", "known_until")

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


@dataclass(frozen=True)
class Difference:
    """What changed, a frame for each kind of change. `before` and `after` are the rows of meta.edition."""

    before: Mapping[str, Any]
    after: Mapping[str, Any]
    new_months: pl.DataFrame
    """A row for each series and period that was not there before, and `is_new_series`; it tells of all that no new partner's row does."""
    gone_months: pl.DataFrame
    """A row for each series and period that is no longer there."""
    revised: pl.DataFrame
    """A row for each figure that is another: totals first, the largest relative change first."""
    appeared: pl.DataFrame
    """A row for each figure that was not there before, in a period that was."""
    vanished: pl.DataFrame
    """A row for each figure that is no longer there, in a period that is."""
    recoded: pl.DataFrame
    """Series and periods in which other codes stand and add up to the same, and the places, totals or partners, where they do."""
    newly_asked: pl.DataFrame
    """A row for each code that was asked for and had not been, with the months it brought; none where it brought nothing."""
    partners: pl.DataFrame
    """A row for each partner of a series and `kind`: new, appeared (in months held before), newly_named or lost, with its months."""
    withdrawn: pl.DataFrame
    """Slices the office took back."""
    releases: pl.DataFrame
    """Releases that were let in, held, failed or decided on, with who decided and why."""
    checks: pl.DataFrame
    """Rows that stand out in a check in one of the two, or otherwise in the other."""
    states: pl.DataFrame
    """Sources that stand otherwise."""
    other: pl.DataFrame
    """Rows of which no figure changed, and rows of other tables: how many of which table."""

    @property
    def frames(self) -> dict[str, pl.DataFrame]:
        """Every frame by its name, in the order in which they are told."""
        return {name: value for name, value in vars(self).items() if isinstance(value, pl.DataFrame)}

    @property
    def is_empty(self) -> bool:
        """Whether nothing changed but, perhaps, the code."""
        return all(frame.is_empty() for frame in self.frames.values())

    def of(self, source: str) -> Difference:
        """What changed of one source."""
        own: dict[str, Any] = {name: frame.filter(source=source) for name, frame in self.frames.items() if "source" in frame.columns}
        return replace(self, **own)


def compare(connection: duckdb.DuckDBPyConnection, decisions: Iterable[Decision] = ()) -> Difference:
    """What changed from the edition attached as `before` to the one attached as `after`."""
    asked = {side: _asked(connection, side) for side in ("before", "after")}
    releases = {side: _frame(connection, f"select source, slice, release_id, state, reason from {side}.meta.release") for side in asked}
    changed, sums = _trade_changes(connection)
    marked = mark_newly_asked(changed, asked["before"], asked["after"], last_months(releases["before"]))
    trade, listed = tell_trade(marked, sums), tell_listed(pl.concat([_listed_changes(connection, name) for name in LISTED]))
    rows = pl.concat([trade, listed], how="diagonal")
    figures = by_relative_change(pl.concat([trade_figures(trade), listed_figures(listed)]))
    return Difference(
        before=_edition(connection, "before"),
        after=_edition(connection, "after"),
        new_months=new_months(rows),
        gone_months=gone_months(rows),
        revised=figures.filter(pl.col("before").is_not_null(), pl.col("after").is_not_null()),
        appeared=figures.filter(pl.col("before").is_null()),
        vanished=figures.filter(pl.col("after").is_null()),
        recoded=recoded(trade),
        newly_asked=newly_asked(trade, asked["before"], asked["after"]),
        partners=partners(trade),
        withdrawn=withdrawn(releases["before"], releases["after"]),
        releases=release_changes(releases["before"], releases["after"], decisions),
        checks=_checks(connection),
        states=_states(connection),
        other=pl.concat([_other(connection), without_figures(rows)]).sort("source", "table", "change"),
    )


def _frame(connection: duckdb.DuckDBPyConnection, query: str) -> pl.DataFrame:
    frame: pl.DataFrame = connection.sql(query).pl()
    return frame


def _edition(connection: duckdb.DuckDBPyConnection, side: str) -> dict[str, Any]:
    return _frame(connection, f"select edition_id, code_version, as_of, observed_until from {side}.meta.edition").row(0, named=True)


def _asked(connection: duckdb.DuckDBPyConnection, side: str) -> pl.DataFrame:
    return _frame(connection, f"select slice, code as prefix from {side}.meta.asked")


def _trade_changes(connection: duckdb.DuckDBPyConnection) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Trade rows that are on one side only or differ, and the sums of the periods they stand in.

    Every row says whether its period, series, partner, and partner in the period were there on each side.
    """
    key = ", ".join(f'"{name}"' for name in (*PLACE, "code", "procedure"))
    rest = _named_values(("partner_code", "partner_role", "procedure", "period_kind"))
    sides = " union all by name ".join(
        f"select '{side}' as side, '{counted}' as counted, slice, fact.* exclude (slice) from"
        f" (select row.*, release.slice from {side}.facts.{table} as row"
        f" left join {side}.meta.release as release using (release_id, source) where row.status <> 'missing') as fact"
        for side in ("before", "after")
        for table, counted in TRADE.items()
    )
    both = ", ".join(
        f"max({name}) filter (where side = '{side}') as {name}_{side}" for name in TRADE_MEASURES for side in ("before", "after")
    )
    connection.execute(
        f"create or replace temp table level as select {key}, any_value(hs6) as hs6,"
        " any_value(slice) filter (where side = 'after') as slice,"
        f" bool_or(side = 'before') as was, bool_or(side = 'after') as now, {both} from ({sides}) group by {key}"
    )
    where = {
        "period": ", ".join(MONTH),
        "series": ", ".join(SERIES),
        "partner": ", ".join(("counted", *SERIES, *PARTNER)),
        "place": ", ".join(PLACE),
    }
    flags = [f"bool_or({side}) over (partition by {where[part]}) as {part}_{side}" for part in where for side in ("was", "now")]
    place_sums = [
        f"sum({name}_{side}) over (partition by {where['place']}) as {name}_of_place_{side}"
        for name in TRADE_MEASURES
        for side in ("before", "after")
    ]
    cells = " + ".join(f"({name}_before is distinct from {name}_after)::integer" for name in TRADE_MEASURES)
    changed = _frame(
        connection,
        f"with placed as (select *, {', '.join(flags + place_sums)} from temp.level),"
        " partner_kept as (select *, bool_or(now and period_was) over"
        f" (partition by {where['partner']}) as partner_now_in_months_before from placed)"
        f" select *, {rest} as key, {cells} as cells from partner_kept where was <> now or {cells} > 0",
    )
    attributed = "counted = 'partner' and partner_role in ('country', 'returned')"
    sums = _frame(
        connection,
        f"select {where['period']}, "
        + ", ".join(
            f"sum({name}_{side}) filter (where counted = 'total') as {name}_total_{side},"
            f" coalesce(sum({name}_{side}) filter (where {attributed}), 0) as {name}_attributed_{side}"
            for name in ("value_usd", "weight_kg")
            for side in ("before", "after")
        )
        + f" from temp.level group by {where['period']} having bool_or(was <> now)",
    )
    connection.execute("drop table temp.level")
    return changed, sums


def _named_values(names: Iterable[str]) -> str:
    """The columns that are not null as text, `name=value` each."""
    parts = [f"""'{name}=' || "{name}"::varchar""" for name in names]
    return f"concat_ws(', ', {', '.join(['null::varchar', *parts])})"


def _listed_changes(connection: duckdb.DuckDBPyConnection, table: str) -> pl.DataFrame:
    """Rows of other facts that are on one side only or differ, with every measure as its own row."""
    whose, measures = LISTED[table]
    series = f"source || '/' || {whose}" if table == "exchange_rate" else "series_id"
    told = ("source", "series_id", whose, "period_start", "period_months")
    rest = _named_values(name for name in tables()[f"facts.{table}"].key if name not in told)
    sides = " union all ".join(
        f"select '{side}' as side, source, {series} as series_id, {rest} as key,"
        f" {whose} as partner_iso3, period_start, period_months, unnest({list(measures)}) as measure,"
        f" unnest([{', '.join(f'{name}::decimal(38, 6)' for name in measures)}]) as amount"
        f" from {side}.facts.{table}"
        for side in ("before", "after")
    )
    row = "source, series_id, key, partner_iso3, period_start, period_months"
    return _frame(
        connection,
        f"with pair as (select {row}, measure, bool_or(side = 'before') as was, bool_or(side = 'after') as now,"
        " max(amount) filter (where side = 'before') as before, max(amount) filter (where side = 'after') as after"
        f" from ({sides}) group by {row}, measure),"
        " placed as (select *, bool_or(was) over period as period_was, bool_or(now) over period as period_now,"
        " bool_or(was) over (partition by source, series_id) as series_was,"
        f" bool_or(before is not null or after is not null) over (partition by {row}) as has_figure from pair"
        " window period as (partition by source, series_id, period_start, period_months))"
        f" select '{table}' as counted, *, (before is distinct from after)::integer as cells from placed"
        " where was <> now or before is distinct from after",
    )


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


def newly_asked(told: pl.DataFrame, before: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    """A row for each HS6 code that was asked for and had not been, and for each beginning of codes that brought nothing."""
    rows = told.filter(told_in="newly_asked")
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
    """The rows of trade with `told_in`, the list that tells of each, and with the `kind` of partners.

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
    told_in = (
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
        .with_columns(told_in=told_in)
    )


def tell_listed(listed: pl.DataFrame) -> pl.DataFrame:
    """The rows of other facts with `told_in`: that of their period, where it is there on one side only; an open period is none."""
    dated = pl.col("period_start").is_not_null()
    told_in = (
        pl.when(dated & ~pl.col("period_now"))
        .then(pl.lit("gone_months"))
        .when(dated & ~pl.col("period_was"))
        .then(pl.lit("new_months"))
        .otherwise(pl.lit("figures"))
    )
    return listed.with_columns(told_in=told_in, kind=pl.lit(None, pl.String), period_kind=pl.lit(None, pl.String))


def new_months(told: pl.DataFrame) -> pl.DataFrame:
    """Series and periods that were not there before; `cells` are those that no new partner is told of with."""
    fresh = told.filter("now", ~pl.col("period_was"), pl.col("told_in").is_in(["new_months", "partners"]))
    return (
        fresh.group_by(SHARED)
        .agg(is_new_series=~pl.col("series_was").first(), cells=pl.col("cells").filter(told_in="new_months").cast(pl.Int64).sum())
        .sort(SHARED)
    )


def gone_months(told: pl.DataFrame) -> pl.DataFrame:
    """Series and periods that are no longer there."""
    return told.filter(told_in="gone_months").group_by(SHARED).agg(cells=_CELLS).sort(SHARED)


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
    told = together.join(sums, on=list(MONTH), how="inner", nulls_equal=True).with_columns(
        is_newly_named=pl.coalesce(_stood_unnamed("value_usd"), _stood_unnamed("weight_kg"), pl.lit(False))
    )
    return arrived.join(told.select(*MONTH, "is_newly_named"), on=list(MONTH), how="left", nulls_equal=True).with_columns(
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


def partners(told: pl.DataFrame) -> pl.DataFrame:
    """Partners of a series that are newly named, new, appeared in months held before, or lost: a row for each kind, with its months."""
    key = ("source", "series_id", *PARTNER)
    found = told.filter(told_in="partners").group_by(*key, "kind").agg(*_MONTHS, cells=_CELLS)
    return found.select(*key, *_MONTHS_NAMED, "kind", "cells", "periods").sort("kind", *key)


def trade_figures(told: pl.DataFrame) -> pl.DataFrame:
    """The cells of trade that are told one by one."""
    rows = told.filter(told_in="figures")
    parts = [
        rows.with_columns(measure=pl.lit(name), before=pl.col(f"{name}_before"), after=pl.col(f"{name}_after")) for name in TRADE_MEASURES
    ]
    return pl.concat([_figures(part) for part in parts])


def listed_figures(told: pl.DataFrame) -> pl.DataFrame:
    """The cells of other facts that are told one by one."""
    return _figures(told.filter(told_in="figures").with_columns(code=pl.lit(None, pl.String)))


def _figures(rows: pl.DataFrame) -> pl.DataFrame:
    typed = rows.with_columns(pl.col("before", "after").cast(pl.Decimal(38, 6)))
    return typed.filter(pl.col("before").ne_missing(pl.col("after"))).with_columns(ratio=_ratio()).select(FIGURE.names()).cast(FIGURE)


def _ratio() -> pl.Expr:
    """After over before; null where either is unknown, or the figure before is zero."""
    before = pl.col("before").cast(pl.Float64)
    return pl.when(before != 0).then(pl.col("after").cast(pl.Float64) / before)


def without_figures(told: pl.DataFrame) -> pl.DataFrame:
    """How many rows came or went that hold no figure, in periods held on both sides."""
    rows = told.filter(pl.col("was") != pl.col("now"), ~pl.col("has_figure"), told_in="figures")
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


def recoded(told: pl.DataFrame) -> pl.DataFrame:
    """Series and periods in which other codes stand than before and yet add up to the same."""
    places = pl.struct("counted", *PARTNER).unique().sort()
    found = (
        told.filter(told_in="recoded")
        .group_by(SHARED)
        .agg(partners=pl.col("partner_iso3").n_unique().cast(pl.Int64), cells=_CELLS, places=places)
    )
    return found.sort(SHARED)


def withdrawn(before: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    """Slices that the office took back since."""
    gone = after.filter(pl.col("state") == "withdrawn")
    return gone.join(before.filter(pl.col("state") == "withdrawn"), on="release_id", how="anti").select("source", "slice").sort("slice")


def release_changes(before: pl.DataFrame, after: pl.DataFrame, decisions: Iterable[Decision]) -> pl.DataFrame:
    """Releases whose state is another: `change` is new, accepted, held, failed, mended or gone.

    What merely took the place of another, and was superseded by it, is told by its successor.
    """
    decided = {one.release_id: one for one in decisions}
    rows = []
    both = before.join(after, on=["source", "slice", "release_id"], how="full", coalesce=True, suffix="_after")
    for one in both.sort("source", "slice", "release_id").iter_rows(named=True):
        was, now = one["state"], one["state_after"]
        change = _release_change(was, now)
        if change is None:
            continue
        decision = decided.get(one["release_id"]) if change in ("accepted", "held") else None
        told = one["reason_after"] if decision is None else f"{decision.author}, {decision.decided_at:%Y-%m-%d}: {decision.reason}"
        rows.append({"source": one["source"], "slice": one["slice"], "release_id": one["release_id"], "change": change, "reason": told})
    return pl.DataFrame(rows, schema=dict.fromkeys(("source", "slice", "release_id", "change", "reason"), pl.String()))


def _release_change(was: str | None, now: str | None) -> str | None:
    if was == now:
        return None
    if now in ("held", "failed"):
        return now
    if now == "current":
        return {"held": "accepted", "failed": "mended"}.get(was or "", "new")
    return "gone" if now is None else None


def _checks(connection: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    return _frame(
        connection,
        "select coalesce(after.check_name, before.check_name) as check_name,"
        " before.outcome as outcome_before, after.outcome as outcome_after, coalesce(after.found, before.found) as found"
        " from before.meta.check_finding as before full join after.meta.check_finding as after using (finding_id)"
        " where before.outcome is distinct from after.outcome order by check_name, found",
    )


def _states(connection: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    return _frame(
        connection,
        "select source, before.state as state_before, after.state as state_after, after.message"
        " from before.meta.source_status as before full join after.meta.source_status as after using (source)"
        " where before.state is distinct from after.state or before.message is distinct from after.message order by source",
    )


def _other(connection: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """Rows of every fact table that are added, gone or changed; of those compared above, rows that changed in words alone."""
    compared = {**dict.fromkeys(TRADE, TRADE_MEASURES), **{name: measures for name, (_, measures) in LISTED.items()}}
    parts = [
        _other_of(
            connection, table.name, table.key, [one.name for one in table.columns if one.name not in _NO_CONTENT], compared.get(table.name)
        )
        for table in tables().values()
        if table.versioned
    ]
    return pl.concat(parts).sort("source", "table", "change")


def _other_of(
    connection: duckdb.DuckDBPyConnection, table: str, key: Iterable[str], content: Iterable[str], measures: Iterable[str] | None
) -> pl.DataFrame:
    names, identity = ", ".join(f'fact."{name}"' for name in content), ", ".join(f'fact."{name}"' for name in key)
    amounts = f"md5(row({', '.join(f'fact.{name}' for name in measures)})::varchar)" if measures else "null"
    there = "where fact.status <> 'missing'" if table in TRADE else ""
    sides = " union all ".join(
        f"select '{side}' as side, release.source, md5(row({identity})::varchar) as identity, md5(row({names})::varchar) as content,"
        f" {amounts} as amounts"
        f" from {side}.facts.{table} as fact left join {side}.meta.release as release on fact.release_id = release.release_id {there}"
        for side in ("before", "after")
    )
    in_words_alone = "where change = 'changed' and not moved" if measures else "where change is not null"
    return _frame(
        connection,
        "with pair as (select source, identity,"
        " count(*) filter (where side = 'before') as was, count(*) filter (where side = 'after') as now,"
        " count(distinct content) as contents, count(distinct amounts) > 1 as moved"
        f" from ({sides}) group by source, identity),"
        " told as (select *, case when was = 0 then 'added' when now = 0 then 'gone' when contents > 1 then 'changed' end as change"
        " from pair)"
        f" select source, '{table}' as table, change, count(*) as rows from told {in_words_alone} group by all",
    )


def as_json(difference: Difference) -> str:
    """Everything as one JSON object: a list of objects, each on a line, for each kind of change."""
    editions = [f'"{name}": {_line(dict(edition))}' for name, edition in (("before", difference.before), ("after", difference.after))]
    lists = [f'"{name}": [{_lines(frame.iter_rows(named=True))}]' for name, frame in difference.frames.items()]
    return "{\n" + ",\n".join(editions + lists) + "\n}\n"


def _lines(rows: Iterable[Mapping[str, Any]]) -> str:
    return ",".join(f"\n {_line(row)}" for row in rows)


def _line(row: Mapping[str, Any]) -> str:
    return json.dumps(row, default=_plain, ensure_ascii=False)


def _plain(value: object) -> object:
    return float(value) if isinstance(value, Decimal) else str(value)


@dataclass(frozen=True)
class Section:
    """One kind of change of one source in words; `more` says how many lines are left out."""

    title: str
    lines: tuple[str, ...]
    more: int = 0


def as_text(difference: Difference, shown: int | None = SHOWN) -> str:
    """What changed in words, a heading for each source. One line where nothing did."""
    if difference.is_empty:
        return f"{_nothing(difference)}\n"
    lines = [_heading(difference)]
    for source, sections in told(difference, shown):
        lines += ["", source]
        for section in sections:
            lines.append(f"  {section.title}")
            lines += [f"    {line}" for line in section.lines]
            lines += [f"    and {section.more:,} more: --all shows them"] if section.more else []
    return "\n".join(lines) + "\n"


def as_markdown(difference: Difference, shown: int | None = SHOWN) -> str:
    """The same as Markdown, to paste into a report or an issue."""
    if difference.is_empty:
        return f"{_nothing(difference)}\n"
    lines = [_heading(difference)]
    for source, sections in told(difference, shown):
        lines += ["", f"## {_escaped(source)}"]
        for section in sections:
            lines += ["", f"**{_escaped(section.title)}**", ""] if section.lines else ["", _escaped(section.title)]
            lines += [f"- {_escaped(line)}" for line in section.lines]
            lines += [f"- and {section.more:,} more"] if section.more else []
    return "\n".join(lines) + "\n"


def _escaped(text: str) -> str:
    """Underscores and asterisks of names are no emphasis, and nothing an office wrote becomes a link or a tag."""
    for sign in "\\`*_[]<>|#":
        text = text.replace(sign, f"\\{sign}")
    return text.replace("\n", " ")


def _nothing(difference: Difference) -> str:
    before, after = difference.before, difference.after
    if before["edition_id"] == after["edition_id"]:
        return f"Nothing changed: both are edition {after['edition_id']}."
    code = "; only the code is another" if before["code_version"] != after["code_version"] else ""
    return f"Nothing changed from edition {_named(before)} to {_named(after)}{code}."


def _heading(difference: Difference) -> str:
    return f"What changed from edition {_named(difference.before)} to {_named(difference.after)}"


def _named(edition: Mapping[str, Any]) -> str:
    moment: datetime | None = edition["as_of"] or edition["observed_until"]
    told = "nothing looked at" if moment is None else f"{'as of' if edition['as_of'] else 'looks until'} {moment:%Y-%m-%d}"
    return f"{edition['edition_id']} ({told})"


def told(difference: Difference, shown: int | None = SHOWN) -> Iterator[tuple[str, list[Section]]]:
    """The sections of every source that something changed of, then those that belong to none; no more than `shown` lines in each."""
    named = {
        str(name) for frame in difference.frames.values() if "source" in frame.columns for name in frame["source"].drop_nulls().unique()
    }
    for source in sorted(named):
        yield source, [_cut(one, shown) for one in _sections(difference.of(source)) if one.title]
    if not difference.checks.is_empty():
        lines = [
            f"{one['check_name']}: {_or_none(one['outcome_before'])}, now {_or_none(one['outcome_after'])}: {one['found']}"
            for one in _rows(difference.checks)
        ]
        yield "checks", [_cut(Section(f"rows that stand out in a check in one of the two: {len(lines)}", tuple(lines)), shown)]


def _cut(section: Section, shown: int | None) -> Section:
    if shown is None or len(section.lines) <= shown:
        return section
    return replace(section, lines=section.lines[:shown], more=len(section.lines) - shown)


def _sections(one: Difference) -> Iterator[Section]:
    is_total = pl.col("counted") == "total"
    yield _months_told("new months", one.new_months)
    yield _months_told("months no longer there", one.gone_months)
    totals = one.revised.filter(is_total)
    yield Section("No total moved", ()) if totals.is_empty() else _figures_told("totals revised", totals)
    yield _figures_told("figures of partners, producers or currencies revised", one.revised.filter(~is_total))
    yield _figures_told("figures that were not there, in periods held before", one.appeared)
    yield _figures_told("figures no longer there, in periods still held", one.vanished)
    yield _counted("series and months with other codes that add up to the same", one.recoded, _recoded_line)
    yield _newly_asked_told(one.newly_asked)
    for kind, words in PARTNER_WORDS.items():
        yield _partners_told(words, one.partners.filter(kind=kind))
    yield _counted("slices withdrawn", one.withdrawn, lambda row: str(row["slice"]))
    for change, words in RELEASE_WORDS.items():
        yield _releases_told(words, one.releases.filter(change=change), with_lines=change != "new")
    yield _counted("other changes", one.other, lambda row: f"{row['rows']:,} rows of {row['table']} {OTHER_WORDS[row['change']]}")
    yield _counted("change of state", one.states, _state_line)


PARTNER_WORDS = {
    "newly_named": "newly named (their amount was in the total before, without a country)",
    "new": "new (their first month is a new month)",
    "appeared": "new in months held before",
    "lost": "lost (no longer in months they stood in)",
}

RELEASE_WORDS = {
    "new": "releases new",
    "accepted": "held releases let in",
    "mended": "failed releases now good",
    "held": "releases held",
    "failed": "releases failed",
    "gone": "releases no longer there",
}

OTHER_WORDS = {"added": "added", "gone": "gone", "changed": "changed, in words or beside the figures listed"}


def _rows(frame: pl.DataFrame) -> Iterator[dict[str, Any]]:
    return frame.iter_rows(named=True)


def _counted(words: str, frame: pl.DataFrame, line: Any) -> Section:
    return Section(f"{words}: {frame.height:,}" if frame.height else "", tuple(line(row) for row in _rows(frame)))


def _months_told(words: str, frame: pl.DataFrame) -> Section:
    """Series with the same months share a line."""
    if frame.is_empty():
        return Section("", ())
    series = frame.with_columns(period=pl.struct("period_start", "period_months")).group_by("series_id").agg(pl.col("period").sort())
    together: dict[tuple[tuple[date, int], ...], list[str]] = {}
    for one in _rows(series.sort("series_id")):
        periods = tuple((period["period_start"], period["period_months"]) for period in one["period"])
        together.setdefault(periods, []).append(one["series_id"])
    lines = [f"{_periods(list(periods))}: {_names(names)}" for periods, names in sorted(together.items(), key=lambda one: one[1])]
    return Section(f"{words}: {frame.height:,} in {series.height:,} series", tuple(lines))


def _periods(periods: list[tuple[date, int]]) -> str:
    if len(periods) <= 3:
        return ", ".join(_period(*one) for one in periods)
    return f"{_period(*periods[0])} to {_period(*periods[-1])} ({len(periods)} periods)"


def _period(start: date | None, months: int | None) -> str:
    if start is None:
        return "no period"
    if months == 1 or months is None:
        return f"{start:%Y-%m}"
    if months == 12 and start.month == 1:
        return f"{start:%Y}"
    last = start.year * 12 + start.month - 1 + months - 1
    return f"{start:%Y-%m}/{last // 12:04d}-{last % 12 + 1:02d}"


def _names(names: list[str], most: int = 6) -> str:
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def _figures_told(words: str, frame: pl.DataFrame) -> Section:
    if frame.is_empty():
        return Section("", ())
    series = frame["series_id"].n_unique()
    return Section(f"{words}: {frame.height:,} in {series:,} series", tuple(_figure_line(row) for row in _rows(frame)))


def _figure_line(row: dict[str, Any]) -> str:
    what = [row["series_id"], "" if row["counted"] in ("total", "exchange_rate") else row["partner_iso3"]]
    what += [f"code {row['code']}" if row["code"] and not str(row["series_id"]).endswith(f"/{row['code']}") else ""]
    what += [_period(row["period_start"], row["period_months"]), row["measure"]]
    change = "" if row["ratio"] is None else f" (x {row['ratio']:.4g}, {row['ratio'] - 1:+.2%})"
    amounts = " -> ".join(_amount(value) for value in (row["before"], row["after"]) if value is not None)
    return f"{' '.join(filter(None, what))}: {amounts}{change}"


def _amount(value: Decimal) -> str:
    text = f"{value:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _recoded_line(row: dict[str, Any]) -> str:
    return f"{row['series_id']} {_period(row['period_start'], row['period_months'])}: {row['partners']} partners"


def _newly_asked_told(frame: pl.DataFrame) -> Section:
    if frame.is_empty():
        return Section("", ())
    codes = sorted(frame["code"].unique())
    lines = [
        f"{row['series_id']}: {row['months']} months, {row['first_month']:%Y-%m} to {row['last_month']:%Y-%m}"
        if row["months"]
        else f"{row['series_id']}, codes that begin with {row['code']}: nothing is filed"
        for row in _rows(frame)
    ]
    return Section(f"codes newly asked: {len(codes)} ({_names(codes, most=20)})", tuple(lines))


def _partners_told(words: str, frame: pl.DataFrame) -> Section:
    if frame.is_empty():
        return Section("", ())
    names = sorted(frame["partner_iso3"].unique())
    lines = [
        f"{row['partner_iso3']} in {row['series_id']}: {row['months']} months, {row['first_month']:%Y-%m} to {row['last_month']:%Y-%m}"
        for row in _rows(frame.sort("partner_iso3", "series_id"))
    ]
    return Section(f"partners {words}: {len(names)} ({_names(names, most=20)})", tuple(lines))


def _releases_told(words: str, frame: pl.DataFrame, *, with_lines: bool) -> Section:
    if frame.is_empty():
        return Section("", ())
    lines = [f"{row['release_id']} ({row['slice']})" + (f": {row['reason']}" if row["reason"] else "") for row in _rows(frame)]
    return Section(f"{words}: {frame.height:,}", tuple(lines) if with_lines else ())


def _state_line(row: dict[str, Any]) -> str:
    before, after = row["state_before"] or "not there", row["state_after"] or "not there"
    return f"{after if before == after else f'{before} -> {after}'}: {row['message'] or 'nothing more to say'}"


def _or_none(value: int | None) -> str:
    return "no" if value is None else f"{value:,}"
