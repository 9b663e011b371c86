"""What a new release must keep of its predecessor, and a first one of its neighbours in time, else it is quarantined."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

import polars as pl

from pipelines.intake.ledger import Ledger, folder_of
from pipelines.intake.release import Comparison, Observation
from pipelines.reasons import Reason, reason
from pipelines.settings import Settings
from pipelines.sources import Source
from pipelines.sources.config import ByPartner, Continuity

PLACE = ("source_member", "source_row")
"""Columns that say where a row was filed, and nothing of what."""


def doubled(settings: Settings, source: Source, known: Ledger, history: Iterable[Observation]) -> dict[str, Reason]:
    """Why releases fail of which two answers file one figure, by their ids: nobody can know which is right."""
    unknown = {
        observation.release_id: observation
        for observation in history
        if len(observation.parts) > 1 and ("answers", observation.release_id, observation.release_id) not in known.comparisons
    }
    places = pl.DataFrame(
        [(observation.release_id, part) for observation in unknown.values() for part in observation.parts],
        schema=["release_id", "part_id"],
        orient="row",
    )
    found: dict[str, Reason] = {}
    for table, rule in source.config.continuity.items() if unknown else ():
        paths = {path for part in places["part_id"] if (path := _path(settings, source, known, part, table)) is not None}
        if not paths:
            continue
        twice = (
            pl.scan_parquet(sorted(paths))
            .select("part_id", *rule.key, *PLACE)
            .join(places.lazy(), on="part_id")
            .group_by("release_id", *rule.key)
            .agg(pl.format("{} line {}", "source_member", "source_row").filter(pl.col("part_id").n_unique() > 1).sort())
            .filter(pl.col("source_member").list.len() > 0)
            .sort("release_id", *rule.key)
            .collect()
        )
        for row in twice.iter_rows(named=True):
            key = ", ".join(str(row[name]) for name in rule.key)
            found.setdefault(row["release_id"], reason("in_two_answers", table=table, key=key, places=" and ".join(row["source_member"])))
    for release in unknown:
        known.comparisons["answers", release, release] = Comparison(0, found.get(release))
    answers = (
        (release, comparison)
        for (purpose, release, _), comparison in known.comparisons.items()
        if purpose == "answers" and comparison is not None
    )
    return {release: comparison.why_apart for release, comparison in answers if comparison.why_apart is not None}


def why_quarantined(settings: Settings, source: Source, known: Ledger, before: Observation, after: Observation) -> Reason | None:
    """Why a release may not follow its predecessor: rows or figures vanish, or a measure jumps. Null where it may."""
    if after.withdrawn:
        return reason("all_vanished", lines=before.lines)
    for table, rule in source.config.continuity.items():
        old, new = (_rows(settings, source, known, observation, table, rule) for observation in (before, after))
        if old is None:
            continue
        if new is None:
            return reason("shrank", table=table, had=old.height, has=0)
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
        old, new = (
            _by_series(settings, source, known, observation, table, rule, rule.by_month.series) for observation in (neighbour, first)
        )
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
                return Comparison(filed.height, reason("apart", whose=whose, has=has, had=had, slice=neighbour.slice))
    return Comparison(figures, None) if figures else None


def _by_series(
    settings: Settings, source: Source, known: Ledger, observation: Observation, table: str, rule: Continuity, series: tuple[str, ...]
) -> pl.DataFrame | None:
    """What a release has of each series, of all partners together where it is filed by partner; null where the table has no rows."""
    totals = None if rule.by_partner is None else (rule.by_partner.partner, rule.by_partner.total)
    columns = tuple(dict.fromkeys((*series, *rule.measures)))
    rows = _of_parts(settings, source, known, observation, table, columns, totals)
    return None if rows is None else rows.group_by(series).agg(pl.col(rule.measures).cast(pl.Float64).mean())


def _rows(settings: Settings, source: Source, known: Ledger, observation: Observation, table: str, rule: Continuity) -> pl.DataFrame | None:
    """The rows of a release that are compared; null where the table has none."""
    filed = () if rule.by_partner is None else (rule.by_partner.partner, *rule.by_partner.group)
    columns = tuple(dict.fromkeys((*rule.key, *rule.measures, *filed, *PLACE)))
    return _of_parts(settings, source, known, observation, table, columns, None)


def _of_parts(
    settings: Settings,
    source: Source,
    known: Ledger,
    observation: Observation,
    table: str,
    columns: tuple[str, ...],
    totals: tuple[str, str | None] | None,
) -> pl.DataFrame | None:
    """Columns of the rows of a release, or only of its totals; null where the table has no rows of it."""
    found = []
    for part in observation.parts:
        path = _path(settings, source, known, part, table)
        rows = None if path is None else _by_part(path, path.stat().st_mtime_ns, columns, totals).get(part)
        if rows is not None:
            found.append(rows)
    return pl.concat(found) if found else None


@lru_cache(maxsize=50)
def _by_part(path: Path, _: int, columns: tuple[str, ...], totals: tuple[str, str | None] | None) -> dict[str, pl.DataFrame]:
    filed = pl.scan_parquet(path)
    rows = filed
    if totals is not None:
        partner, total = totals
        rows = rows.filter(pl.col(partner).eq_missing(pl.lit(total, pl.String)))
    rows = rows.select("part_id", *columns)
    parts = rows.collect().partition_by("part_id", maintain_order=True, include_key=False, as_dict=True)
    none = rows.head(0).drop("part_id").collect()
    every = filed.select(pl.col("part_id").unique()).collect()["part_id"]
    return dict.fromkeys(every, none) | {str(part): of_part for (part,), of_part in parts.items()}


def _path(settings: Settings, source: Source, known: Ledger, part: str, table: str) -> Path | None:
    verdict = known.verdicts.get(part)
    path = None if verdict is None else folder_of(settings, source, verdict.folder) / f"{table}.parquet"
    return path if path is not None and path.exists() else None


def _why_shrunk(table: str, rule: Continuity, old: pl.DataFrame, new: pl.DataFrame) -> Reason | None:
    filed = rule.by_partner
    if filed is not None:
        both = old.join(new, on=list(rule.key), how="left", nulls_equal=True, suffix="_new")
        emptied = [pl.col(f"{measure}_new").fill_null(0) == 0 for measure in rule.measures]
        nothing = both.filter(((pl.col(rule.measures[0]) > 0) & emptied[0]) | pl.all_horizontal(emptied))
        found = _too_much(table, rule, filed, old, nothing, "group_vanished", others=new)
        if found is not None:
            return found
    if old.height - new.height > _spared(rule, old):
        return reason("shrank", table=table, had=old.height, has=new.height)
    gone = old.join(new, on=list(rule.key), how="anti", nulls_equal=True)
    if gone.height > _spared(rule, old):
        return reason("rows_vanished", gone=gone.height, had=old.height, table=table, example=_key(rule, gone))
    if filed is None:
        return None
    for (partner,), rows in gone.group_by([filed.partner], maintain_order=True):
        of_partner = old.filter(pl.col(filed.partner).eq_missing(pl.lit(partner)))
        if rows.height > _spared(rule, of_partner):
            counted = {"gone": rows.height, "had": of_partner.height, "table": table}
            return reason("partner_vanished", **counted, column=filed.partner, partner=partner, example=_key(rule, rows))
    return None


def _why_emptied(table: str, rule: Continuity, old: pl.DataFrame, new: pl.DataFrame) -> Reason | None:
    both = old.join(new, on=list(rule.key), how="inner", nulls_equal=True, suffix="_new")
    for measure in rule.measures:
        emptied = both.filter(pl.col(measure).is_not_null() & pl.col(f"{measure}_new").is_null())
        if rule.by_partner is not None:
            found = _too_much(table, rule, rule.by_partner, old, emptied, "group_emptied", measure)
            if found is not None:
                return found
        elif emptied.height > _spared(rule, old):
            row = emptied.row(0, named=True)
            return reason("emptied", measure=measure, had=row[measure], member=row["source_member_new"], line=row["source_row_new"])
    return None


def _why_jumped(rule: Continuity, old: pl.DataFrame, new: pl.DataFrame) -> Reason | None:
    watched = old if rule.by_partner is None else old.filter(pl.col(rule.by_partner.partner) == rule.by_partner.total)
    both = watched.join(new, on=list(rule.key), how="inner", nulls_equal=True, suffix="_new")
    for measure in rule.measures:
        ratio = pl.col(f"{measure}_new").cast(pl.Float64) / pl.col(measure).cast(pl.Float64)
        jumped = both.filter((pl.col(measure) != 0) & ((ratio > rule.max_factor) | (ratio < 1 / rule.max_factor)))
        if jumped.height:
            row = jumped.row(0, named=True)
            where = {"member": row["source_member_new"], "line": row["source_row_new"]}
            return reason("jumped", measure=measure, had=row[measure], has=row[f"{measure}_new"], **where)
    return None


def _too_much(
    table: str,
    rule: Continuity,
    filed: ByPartner,
    old: pl.DataFrame,
    lost: pl.DataFrame,
    code: str,
    emptied: str | None = None,
    others: pl.DataFrame | None = None,
) -> Reason | None:
    """The reason, with this code, where partners, or totals, of one group lost more of its total than may be lost; null where none did.

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
        share, example = worst["lost"][0] / worst["total"][0], {"example": _key(rule, rows), "had": rows[amount][0]}
        counted = {"lost": rows.height, "table": table, "group": named, "share": share, "amount": amount}
        return reason(code, **counted, **example, measure=emptied)
    return None


def _spared(rule: Continuity, old: pl.DataFrame) -> float:
    """How many of some rows may vanish."""
    return max(old.height * rule.max_shrink, rule.few_rows)


def _key(rule: Continuity, rows: pl.DataFrame) -> str:
    return ", ".join(str(rows[name][0]) for name in rule.key)
