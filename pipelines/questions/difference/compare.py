"""What changed between two editions: months, figures, codes, partners, releases, checks and states of sources.

Two editions are attached read-only in one connection (`edition.open.side_by_side`). SQL finds the rows that differ, `kinds`
says what kind of change each is, and `words` puts it into words. Facts are compared and never marts: a series of several
commodities stands in those once for each. Nothing is built, decided or written here.

A cell is one measure of one row of trade, or of the other facts in `LISTED`. Every cell that differs is told by exactly one
list: the list of its row (`section`), or, where the row's figures are told one by one, `revised`, `appeared` or `vanished`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import duckdb
import polars as pl

from pipelines.archive import Decision
from pipelines.model.tables import tables
from pipelines.questions.difference.kinds import (
    MONTH,
    PARTNER,
    PLACE,
    SERIES,
    TRADE,
    TRADE_MEASURES,
    by_relative_change,
    gone_months,
    last_months,
    listed_figures,
    mark_newly_asked,
    new_months,
    newly_asked,
    partners,
    recoded,
    release_changes,
    tell_listed,
    tell_trade,
    trade_figures,
    withdrawn,
    without_figures,
)

LISTED = {
    "published_share": ("partner_iso3", ("share", "amount")),
    "production": ("country_iso3", ("quantity",)),
    "net_import_reliance": ("reporter_iso3", ("reliance",)),
    "exchange_rate": ("currency", ("per_usd",)),
}
"""Other facts that are compared figure by figure: whose figure it is, and the measures."""


_NO_CONTENT = ("release_id", "source_member", "source_row", "last_source_row", "known_from", "known_from_basis", "known_until")


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
    """Releases that were let in, quarantined, failed or decided on, with who decided and why."""
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
    own = ("source", "series_id", whose, "period_start", "period_months")
    rest = _named_values(name for name in tables()[f"facts.{table}"].key if name not in own)
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
            connection,
            table.name,
            table.key,
            [column.name for column in table.columns if column.name not in _NO_CONTENT],
            compared.get(table.name),
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
