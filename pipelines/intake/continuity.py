"""What a new release must keep of its predecessor, and a first one of its neighbours in time, else it is held."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import polars as pl

from pipelines.intake.ledger import Ledger, folder_of
from pipelines.intake.release import Comparison, Observation
from pipelines.settings import Settings
from pipelines.sources import Source
from pipelines.sources.config import ByPartner, Continuity

PLACE = ("source_member", "source_row")
"""Columns that say where a row was filed, and nothing of what."""


def why_held(settings: Settings, source: Source, known: Ledger, before: Observation, after: Observation) -> str | None:
    """Why a release may not follow its predecessor: rows or figures vanish, or a measure jumps. Null where it may."""
    if after.withdrawn:
        return f"all {before.lines} lines vanished"
    for table, rule in source.config.continuity.items():
        old, new = (_rows(settings, source, known, one, table, rule) for one in (before, after))
        if old is None:
            continue
        if new is None:
            return f"{table} shrank from {old.height} to 0 rows"
        if old.drop(*PLACE).equals(new.drop(*PLACE)):
            continue
        found = _why_shrunk(table, rule, old, new) or _why_emptied(table, rule, old, new) or _why_jumped(rule, old, new)
        if found is not None:
            return found
    return None


def compared(settings: Settings, source: Source, known: Ledger, neighbour: Observation, first: Observation) -> Comparison | None:
    """How the first release of a month stands to one of a month around it; null where they have no figures in common."""
    figures = 0
    for table, rule in source.config.continuity.items():
        if rule.by_month is None:
            continue
        old, new = (_by_series(settings, source, known, one, table, rule, rule.by_month.series) for one in (neighbour, first))
        if old is None or new is None:
            continue
        both = old.join(new, on=list(rule.by_month.series), how="inner", nulls_equal=True, suffix="_new")
        for measure in rule.measures:
            filed = both.filter(pl.all_horizontal(pl.col(measure, f"{measure}_new").is_not_null()))
            had, has = (float(filed[name].sum()) for name in (measure, f"{measure}_new"))
            if had <= 0:
                continue
            figures += filed.height
            if not had / rule.by_month.max_factor <= has <= had * rule.by_month.max_factor:
                whose = f"{measure} of {filed.height} totals together" if filed.height > 1 else measure
                return Comparison(filed.height, f"{whose} is {has:,.0f}, and {had:,.0f} in {neighbour.slice}")
    return Comparison(figures, None) if figures else None


def _by_series(
    settings: Settings, source: Source, known: Ledger, one: Observation, table: str, rule: Continuity, series: tuple[str, ...]
) -> pl.DataFrame | None:
    """What a release has of each series, of all partners together where it is filed by partner; null where the table has no rows."""
    path = _path(settings, source, known, one, table)
    if path is None:
        return None
    totals = None if rule.by_partner is None else (rule.by_partner.partner, rule.by_partner.total)
    return _by_series_at(path, path.stat().st_mtime_ns, totals, series, rule.measures).get(one.release_id)


@lru_cache(maxsize=1_000)
def _by_series_at(
    path: Path, _: int, totals: tuple[str, str | None] | None, series: tuple[str, ...], measures: tuple[str, ...]
) -> dict[str, pl.DataFrame]:
    rows = pl.scan_parquet(path)
    empty = rows.head(0)
    if totals is not None:
        partner, total = totals
        rows = rows.filter(pl.col(partner).eq_missing(pl.lit(total, pl.String)))
    found = rows.group_by("release_id", *series).agg(pl.col(measures).cast(pl.Float64).mean())
    releases = pl.scan_parquet(path).select(pl.col("release_id").unique()).collect()["release_id"]
    none = empty.select(*series, pl.col(measures).cast(pl.Float64)).collect()
    return dict.fromkeys(releases, none) | _by_release(found.collect())


def _rows(settings: Settings, source: Source, known: Ledger, one: Observation, table: str, rule: Continuity) -> pl.DataFrame | None:
    """The rows of a release that are compared; null where the table has none."""
    path = _path(settings, source, known, one, table)
    if path is None:
        return None
    filed = () if rule.by_partner is None else (rule.by_partner.partner, *rule.by_partner.group)
    columns = dict.fromkeys(("release_id", *rule.key, *rule.measures, *filed, *PLACE))
    return _rows_at(path, path.stat().st_mtime_ns, tuple(columns)).get(one.release_id)


@lru_cache(maxsize=50)
def _rows_at(path: Path, _: int, columns: tuple[str, ...]) -> dict[str, pl.DataFrame]:
    return _by_release(pl.read_parquet(path, columns=list(columns)))


def _by_release(rows: pl.DataFrame) -> dict[str, pl.DataFrame]:
    parts = rows.partition_by("release_id", maintain_order=True, include_key=False, as_dict=True)
    return {str(release): part for (release,), part in parts.items()}


def _path(settings: Settings, source: Source, known: Ledger, one: Observation, table: str) -> Path | None:
    folder = known.verdict(one).folder
    path = None if folder is None else folder_of(settings, source, folder) / f"{table}.parquet"
    return path if path is not None and path.exists() else None


def _why_shrunk(table: str, rule: Continuity, old: pl.DataFrame, new: pl.DataFrame) -> str | None:
    filed = rule.by_partner
    if filed is not None:
        both = old.join(new, on=list(rule.key), how="left", nulls_equal=True, suffix="_new")
        emptied = [pl.col(f"{measure}_new").fill_null(0) == 0 for measure in rule.measures]
        nothing = both.filter(((pl.col(rule.measures[0]) > 0) & emptied[0]) | pl.all_horizontal(emptied))
        found = _too_much(table, rule, filed, old, nothing, "no longer there", others=new)
        if found is not None:
            return found
    if old.height - new.height > _spared(rule, old):
        return f"{table} shrank from {old.height} to {new.height} rows"
    gone = old.join(new, on=list(rule.key), how="anti", nulls_equal=True)
    if gone.height > _spared(rule, old):
        return f"{gone.height} of {old.height} rows of {table} are no longer there, e.g. that of {_key(rule, gone)}"
    if filed is None:
        return None
    for (partner,), rows in gone.group_by([filed.partner], maintain_order=True):
        of_partner = old.filter(pl.col(filed.partner).eq_missing(pl.lit(partner)))
        if rows.height > _spared(rule, of_partner):
            counted = f"{rows.height} of {of_partner.height} rows of {table} with {filed.partner} {partner}"
            return f"{counted} are no longer there, e.g. that of {_key(rule, rows)}"
    return None


def _why_emptied(table: str, rule: Continuity, old: pl.DataFrame, new: pl.DataFrame) -> str | None:
    both = old.join(new, on=list(rule.key), how="inner", nulls_equal=True, suffix="_new")
    for measure in rule.measures:
        emptied = both.filter(pl.col(measure).is_not_null() & pl.col(f"{measure}_new").is_null())
        if rule.by_partner is not None:
            found = _too_much(table, rule, rule.by_partner, old, emptied, f"without {measure} now")
            if found is not None:
                return found
        elif emptied.height > _spared(rule, old):
            row = emptied.row(0, named=True)
            return f"{measure} was {row[measure]} and is now empty ({row['source_member_new']} line {row['source_row_new']})"
    return None


def _why_jumped(rule: Continuity, old: pl.DataFrame, new: pl.DataFrame) -> str | None:
    watched = old if rule.by_partner is None else old.filter(pl.col(rule.by_partner.partner) == rule.by_partner.total)
    both = watched.join(new, on=list(rule.key), how="inner", nulls_equal=True, suffix="_new")
    for measure in rule.measures:
        ratio = pl.col(f"{measure}_new").cast(pl.Float64) / pl.col(measure).cast(pl.Float64)
        jumped = both.filter((pl.col(measure) != 0) & ((ratio > rule.max_factor) | (ratio < 1 / rule.max_factor)))
        if jumped.height:
            row = jumped.row(0, named=True)
            where = f"{row['source_member_new']} line {row['source_row_new']}"
            return f"{measure} jumped from {row[measure]} to {row[f'{measure}_new']} ({where})"
    return None


def _too_much(
    table: str, rule: Continuity, filed: ByPartner, old: pl.DataFrame, lost: pl.DataFrame, how: str, others: pl.DataFrame | None = None
) -> str | None:
    """What is told where partners, or totals, of one group lost more of its total than may be lost; null where none did.

    Codes of one length below one heading are a group, judged by the first measure that it has. Its total is that of its rows
    of all partners, or else their sum. What a partner has in `others` of the group instead, as where codes were split, is not lost.
    """
    is_total = pl.col(filed.partner).eq_missing(pl.lit(filed.total, pl.String))
    cut = {name: digits for name, digits in filed.group.items() if digits is not None}
    part = {f"_{name}": pl.col(name).str.slice(0, cut[name]) if name in cut else pl.col(name) for name in filed.group}
    part |= {f"_{name}_length": pl.col(name).str.len_chars() for name in cut}
    place = [*part, filed.partner]

    def by_partner(rows: pl.DataFrame, name: str) -> pl.DataFrame:
        return rows.with_columns(**part).group_by(place).agg(pl.col(amount).sum().cast(pl.Float64).alias(name))

    for amount in rule.measures:
        cells = by_partner(old, "had").join(by_partner(lost, "lost"), on=place, how="left", nulls_equal=True)
        cells = cells.with_columns(pl.col("lost").fill_null(0))
        if others is not None:
            fallen = (pl.col("had") - pl.col("has").fill_null(0)).clip(lower_bound=0)
            cells = cells.join(by_partner(others, "has"), on=place, how="left", nulls_equal=True)
            cells = cells.with_columns(lost=pl.min_horizontal("lost", fallen))
        groups = cells.group_by(*part).agg(
            total=pl.when(pl.col("had").filter(is_total).sum() > 0)
            .then(pl.col("had").filter(is_total).sum())
            .otherwise(pl.col("had").filter(~is_total).sum()),
            lost=pl.max_horizontal(pl.col("lost").filter(is_total).sum(), pl.col("lost").filter(~is_total).sum()),
        )
        worst = groups.filter(pl.col("lost") > rule.max_shrink * pl.col("total"))
        worst = worst.sort(pl.col("lost") / pl.col("total"), *part, descending=True).head(1)
        if worst.is_empty():
            old = old.with_columns(**part).join(groups.filter(pl.col("total") > 0), on=list(part), how="anti", nulls_equal=True)
            continue
        here = cells.filter(pl.col("lost") > 0).join(worst, on=list(part), how="semi", nulls_equal=True)
        rows = lost.with_columns(**part).join(here, on=place, how="semi", nulls_equal=True).sort(amount, *rule.key, descending=True)
        named = " ".join(str(worst[f"_{name}"][0]) for name in filed.group if worst[f"_{name}"][0] is not None)
        told = f"{rows.height} rows of {table} of {named}, with {worst['lost'][0] / worst['total'][0]:.1%} of its {amount}, are {how}"
        return f"{told}, e.g. that of {_key(rule, rows)} with {amount} {rows[amount][0]}"
    return None


def _spared(rule: Continuity, old: pl.DataFrame) -> float:
    """How many of some rows may vanish."""
    return max(old.height * rule.max_shrink, rule.few_rows)


def _key(rule: Continuity, rows: pl.DataFrame) -> str:
    return ", ".join(str(rows[name][0]) for name in rule.key)
