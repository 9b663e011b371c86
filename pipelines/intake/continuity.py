"""What a new release must keep of its predecessor, and a first one of its neighbours in time, else it is quarantined."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import dropwhile, pairwise
from math import fsum
from pathlib import Path

import polars as pl

from pipelines.intake.ledger import Ledger, folder_of
from pipelines.intake.release import HALF, Comparison, Observation
from pipelines.reasons import Reason, reason
from pipelines.settings import Settings
from pipelines.sources import Source
from pipelines.sources.config import ByPartner, Continuity

PLACE = ("source_member", "source_row")
"""Columns that say where a row was filed, and nothing of what."""

LINES_AT_ONCE = 250_000
"""Slices of so many lines are read together; to read a file again for each costs more than it holds."""

_Series = Mapping[tuple[object, ...], tuple[float | None, ...]]
"""Every measure of a series of figures."""


@dataclass(frozen=True)
class _Held:
    """Slices, the rows of all their releases, and by part how many there are and the sum of their hashes."""

    slices: set[str]
    rows: pl.DataFrame
    digests: dict[str, tuple[int, int]]


class Filed:
    """What the releases of a source have in their curated tables, as far as it is compared, read some slices at a time."""

    def __init__(self, settings: Settings, source: Source, known: Ledger, history: Iterable[Observation]) -> None:
        self.rules = source.config.continuity
        self._known = known
        self._folder = cache(lambda folder, table: _existing(folder_of(settings, source, folder) / f"{table}.parquet"))
        self._series_of_file = lru_cache(maxsize=50)(self._read_series)
        self._series_of_parts = lru_cache(maxsize=50)(self._read_parts)
        self._observed: dict[str, list[Observation]] = {}
        for observation in history:
            self._observed.setdefault(observation.slice, []).append(observation)
        self._unsettled = [name for name, observed in self._observed.items() if not self._is_settled(observed)]
        self._held: dict[str, _Held] = {}

    def _is_settled(self, observed: list[Observation]) -> bool:
        return all(("follows", before.release_id, after.release_id) in self._known.comparisons for before, after in pairwise(observed))

    def path(self, part: str, table: str) -> Path | None:
        """The curated file in which the rows of a part stand; null where the table has none of its file."""
        verdict = self._known.verdicts.get(part)
        return None if verdict is None else self._folder(verdict.folder, table)

    def paths(self, parts: Iterable[str], table: str) -> list[Path]:
        """The curated files in which the rows of some parts stand."""
        return sorted({path for part in parts if (path := self.path(part, table)) is not None})

    def are_equal(self, table: str, before: Observation, after: Observation) -> bool:
        """Whether two releases of a slice have the same rows, in whatever lines."""
        digests = self._held_of(table, before).digests
        return _sum_of(digests, before) == _sum_of(digests, after)

    def rows(self, table: str, release: Observation) -> pl.DataFrame | None:
        """The rows of a release that are compared; null where the table has none."""
        found = self._held_of(table, release).rows.filter(pl.col("part_id").is_in(release.parts)).drop("part_id")
        return None if found.is_empty() else found

    def _held_of(self, table: str, release: Observation) -> _Held:
        held = self._held.get(table)
        if held is None or release.slice not in held.slices:
            held = self._held[table] = self._read_slices(table, release.slice)
        return held

    def _read_slices(self, table: str, first: str) -> _Held:
        """Every release of this slice, and of those that are to be compared next."""
        names, lines = {first}, 0
        for name in dropwhile(lambda name: name != first, self._unsettled):
            lines += sum(observation.lines for observation in self._observed[name])
            if lines > LINES_AT_ONCE:
                break
            names.add(name)
        parts = {part for name in names for observation in self._observed[name] for part in observation.parts}
        columns = self._columns(table)
        paths = self.paths(parts, table)
        if not paths:
            return _Held(names, pl.DataFrame(schema={"part_id": pl.String()}), {})
        rows = pl.scan_parquet(paths).filter(pl.col("part_id").is_in(parts)).select("part_id", *columns).collect()
        figures = pl.struct(name for name in columns if name not in PLACE)
        digests = rows.group_by("part_id").agg(pl.len(), figures.hash().sum().alias("digest"))
        return _Held(names, rows, {part: (count, digest) for part, count, digest in digests.iter_rows()})

    def _columns(self, table: str) -> tuple[str, ...]:
        rule = self.rules[table]
        filed = () if rule.by_partner is None else (rule.by_partner.partner, *rule.by_partner.group)
        return tuple(dict.fromkeys((*rule.key, *rule.measures, *filed, *PLACE)))

    def series(self, table: str, release: Observation) -> _Series:
        """The mean of every measure of a series of a release, that of all partners together where it is filed by partner."""
        return self._series_of_parts(table, release.parts)

    def _read_parts(self, table: str, parts: tuple[str, ...]) -> _Series:
        found: dict[tuple[object, ...], list[tuple[float | int, ...]]] = {}
        for part in parts:
            path = self.path(part, table)
            for key, sums in ({} if path is None else self._series_of_file(path, table)).get(part, ()):
                found.setdefault(key, []).append(sums)
        return {key: tuple(_means(sums)) for key, sums in found.items()}

    def _read_series(self, path: Path, table: str) -> dict[str, list[tuple[tuple[object, ...], tuple[float | int, ...]]]]:
        """By part: each series, and the sum and the number of each measure."""
        rule = self.rules[table]
        assert rule.by_month is not None
        rows = pl.scan_parquet(path)
        if rule.by_partner is not None:
            rows = rows.filter(pl.col(rule.by_partner.partner).eq_missing(pl.lit(rule.by_partner.total, pl.String)))
        measures = [pl.col(name).cast(pl.Float64) for name in rule.measures]
        sums = [aggregate for measure in measures for aggregate in (measure.sum(), measure.count().name.suffix("_count"))]
        found: dict[str, list[tuple[tuple[object, ...], tuple[float | int, ...]]]] = {}
        series = rule.by_month.series
        for part, *values in rows.group_by("part_id", *series).agg(sums).collect().iter_rows():
            found.setdefault(part, []).append((tuple(values[: len(series)]), tuple(values[len(series) :])))
        return found


def _sum_of(digests: Mapping[str, tuple[int, int]], release: Observation) -> tuple[int, int]:
    found = [digests[part] for part in release.parts if part in digests]
    return sum(rows for rows, _ in found), sum(digest for _, digest in found) % HALF


def _existing(path: Path) -> Path | None:
    return path if path.exists() else None


def _means(sums: list[tuple[float | int, ...]]) -> Iterable[float | None]:
    by_measure = list(zip(*sums, strict=True))
    for total, count in zip(by_measure[::2], by_measure[1::2], strict=True):
        yield fsum(total) / sum(count) if sum(count) else None


def doubled(filed: Filed, known: Ledger, history: Iterable[Observation]) -> dict[str, Reason]:
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
    for table, rule in filed.rules.items() if unknown else ():
        paths = filed.paths(places["part_id"], table)
        if not paths:
            continue
        figure = pl.struct("release_id", *rule.key).hash()
        rows = pl.scan_parquet(paths).join(places.lazy(), on="part_id")
        # Few figures, if any, stand twice: all are told apart by a number first, which takes a tenth of the room.
        numbers = rows.select(figure.alias("figure")).collect()["figure"]
        several = numbers.filter(numbers.is_duplicated()).unique()
        if several.is_empty():
            continue
        twice = (
            rows.select("release_id", "part_id", *rule.key, *PLACE)
            .filter(figure.is_in(several.implode()))
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


def why_quarantined(filed: Filed, before: Observation, after: Observation) -> Reason | None:
    """Why a release may not follow its predecessor: rows or figures vanish, or a measure jumps. Null where it may."""
    if after.withdrawn:
        return reason("all_vanished", lines=before.lines)
    for table, rule in filed.rules.items():
        if filed.are_equal(table, before, after):
            continue
        old, new = (filed.rows(table, release) for release in (before, after))
        if old is None:
            continue
        if new is None:
            return reason("shrank", table=table, had=old.height, has=0)
        found = _why_shrunk(table, rule, old, new) or _why_emptied(table, rule, old, new) or _why_jumped(rule, old, new)
        if found is not None:
            return found
    return None


def compared(filed: Filed, neighbour: Observation, first: Observation) -> Comparison | None:
    """How the first release of a month stands to one of a month around it; null where they have no figures in common."""
    figures = 0
    for table, rule in filed.rules.items():
        if rule.by_month is None:
            continue
        old, new = (filed.series(table, release) for release in (neighbour, first))
        for place, measure in enumerate(rule.measures):
            both = [(old[key][place], new[key][place]) for key in old.keys() & new.keys()]
            pairs = [(had, has) for had, has in both if had is not None and has is not None]
            had, has = (fsum(numbers) for numbers in zip(*pairs, strict=True)) if pairs else (0.0, 0.0)
            if had <= 0:
                continue
            figures += len(pairs)
            if not had / rule.by_month.max_factor <= has <= had * rule.by_month.max_factor:
                whose = f"{measure} of {len(pairs)} totals together" if len(pairs) > 1 else measure
                return Comparison(len(pairs), reason("apart", whose=whose, has=has, had=had, slice=neighbour.slice))
    return Comparison(figures, None) if figures else None


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
