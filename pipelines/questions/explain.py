"""From a row of an edition to what it rests on: the evidence behind a mart, its releases, receipts and raw lines.

Only finds; how an explanation looks on a page is explanation's. Nothing here computes a figure anew.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import duckdb

from pipelines.errors import Usage
from pipelines.model.statements import mart
from pipelines.model.tables import tables
from pipelines.questions.answers import as_dicts
from pipelines.questions.citation import SCHEMAS, Citation, citations
from pipelines.questions.raw import RawFiles, RawLines
from pipelines.settings import Settings

MOST_ROWS = 20
PLACE = "explained_rowid"
"""Column that tells rows of a table apart while they are explained."""


@dataclass(frozen=True)
class Origin:
    """The release a row belongs to, other contents its slice had, and what was corrected in the row."""

    release_id: str
    source: str
    slice: str
    state: str
    reason: str | None
    others: tuple[dict[str, Any], ...]
    corrections: tuple[dict[str, Any], ...]
    files: tuple[RawLines, ...]


@dataclass(frozen=True)
class Row:
    """A row of a table with what stands behind it."""

    table: str
    cells: dict[str, Any]
    key: tuple[str, ...]
    units: dict[str, str]
    """Units of the columns that measure something."""
    evidence: tuple[Row, ...] = ()
    left_out: dict[str, int] = field(default_factory=dict)
    """Evidence that is not shown: rows by table."""
    remarks: tuple[str, ...] = ()
    """Why something is null, or nothing stands behind the row."""
    origin: Origin | None = None
    publisher: str | None = None
    versions: tuple[Row, ...] = ()
    """What other releases or publications say of the same key."""


@dataclass(frozen=True)
class Explanation:
    """Rows of one table explained, and whom to cite for them."""

    table: str
    description: str
    edition: dict[str, Any]
    rows: tuple[Row, ...]
    citations: tuple[Citation, ...]


def explain(
    connection: duckdb.DuckDBPyConnection, settings: Settings, name: str, where: str | None, limit: int | None, most_evidence: int
) -> Explanation:
    """What the rows of a table that meet a condition rest on.

    Of evidence, at most `most_evidence` rows of a table are shown for each row, those first that have most values in common
    with it. Raises `Usage` for a table there is not, and for a condition that cannot be used, that no row meets or, without
    `limit`, too many.
    """
    finder = _Finder(connection, RawFiles(settings.raw), most_evidence)
    table = finder.table_named(name)
    rows = tuple(finder.whole(table, cells) for cells in finder.wanted(table, where, limit))
    (edition,) = finder.ask("select edition_id, as_of, observed_until, code_version from meta.edition")
    (described,) = finder.ask("select comment from duckdb_tables() where schema_name || '.' || table_name = ?", table)
    sources = {source for row in rows for source in _sources(row)}
    return Explanation(table, described["comment"] or "", edition, rows, tuple(citations(connection, sources)))


def _sources(row: Row) -> Iterator[str]:
    if row.origin is not None:
        yield row.origin.source
    elif row.cells.get("source") and not row.table.startswith("vocabulary."):
        yield row.cells["source"]
    for below in (*row.evidence, *row.versions):
        yield from _sources(below)


@dataclass(frozen=True)
class _Finder:
    connection: duckdb.DuckDBPyConnection
    raw: RawFiles
    most_evidence: int
    found: dict[tuple[str, int], Row] = field(default_factory=dict)
    described: dict[str, list[str]] = field(default_factory=dict)

    def ask(self, query: str, *values: object) -> list[dict[str, Any]]:
        found = self.connection.execute(query, list(values))
        names = [column[0] for column in found.description]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]

    @cached_property
    def names(self) -> dict[str, str]:
        """Full name of every table by each of its names."""
        found = self.ask(f"select schema_name as layer, table_name as name from duckdb_tables() where schema_name in {SCHEMAS}")
        full = {row["name"]: f"{row['layer']}.{row['name']}" for row in found}
        return full | {f"main.{name}": known for name, known in full.items()} | {known: known for known in full.values()}

    def table_named(self, name: str) -> str:
        wanted = name.strip().lower()
        if wanted in self.names:
            return self.names[wanted]
        known = [known_name for known_name in self.names if ("." in known_name) == ("." in wanted)]
        near = difflib.get_close_matches(wanted, known, n=3, cutoff=0.5)
        hint = f"did you mean {' or '.join(near)}?" if near else 'ask `lodestone sql "show tables"` which there are'
        raise Usage(f"there is no table {name!r}; {hint}")

    def wanted(self, table: str, where: str | None, limit: int | None) -> list[dict[str, Any]]:
        rows = self.connection.sql(f"select rowid as {PLACE}, * from {table}").set_alias(table.split(".")[1])
        try:
            met = rows if where is None else rows.filter(where)
            ((held,),) = met.aggregate("count(*)").fetchall()
        except duckdb.Error as error:
            why = " ".join(str(error).split("\n\nLINE ")[0].split(" Candidate bindings")[0].split()).rstrip("!")
            columns = f"; its columns are {', '.join(self.columns(table))}" if isinstance(error, duckdb.BinderException) else ""
            raise Usage(f"that condition on {table} cannot be used: {why}{columns}") from error
        if not held:
            raise Usage(f"no row of {table} meets the condition {where}" if where is not None else f"{table} has no rows")
        if limit is None and held > MOST_ROWS:
            raise Usage(f"{held:,} rows of {table} meet that: narrow the condition, or say with --limit how many to explain")
        chosen = met.order(PLACE).limit(limit or MOST_ROWS)
        return as_dicts(chosen)

    def whole(self, table: str, cells: dict[str, Any]) -> Row:
        """A row with everything behind it."""
        place = (table, cells[PLACE])
        if place not in self.found:
            self.found[place] = self.whole_anew(table, cells)
        return self.found[place]

    def whole_anew(self, table: str, cells: dict[str, Any], with_versions: bool = True) -> Row:
        place = cells[PLACE]
        values = {name: value for name, value in cells.items() if name != PLACE}
        computed = mart(table)
        if computed is not None:
            evidence, left_out = self.evidence(table, place)
            remarks = self.remarks(values, bool(evidence))
            units = {column.name: column.unit for column in computed.columns if column.unit}
            return Row(table, values, computed.grain, units, evidence, left_out, remarks)
        modelled = tables()[table.removesuffix("_superseded")]
        return Row(
            table,
            values,
            modelled.key,
            {column.name: column.unit for column in modelled.columns if column.unit},
            remarks=self.provenance(table),
            origin=self.origin(values) if values.get("release_id") else None,
            publisher=self.publisher(values),
            versions=self.versions(table, values, place) if with_versions and modelled.versioned else (),
        )

    def evidence(self, table: str, place: int) -> tuple[tuple[Row, ...], dict[str, int]]:
        computed = mart(table)
        assert computed is not None
        own = [column.name for column in computed.columns]
        shown: list[Row] = []
        left_out: dict[str, int] = {}
        for piece in computed.evidence:
            common = [name for name in own if name in self.columns(piece.table)]
            alike = " + ".join(f'(evidence."{name}" is not distinct from mart."{name}")::integer' for name in common) or "0"
            newest = ", evidence.period_start desc" if "period_start" in self.columns(piece.table) else ""
            query = piece.query(table, f"evidence.rowid as {PLACE}, evidence.*, count(*) over () as evidence_rows")
            found = self.ask(
                f"{query} where mart.rowid = ? order by {alike} desc{newest}, evidence.rowid limit ?", place, self.most_evidence
            )
            counted = [row.pop("evidence_rows") for row in found]
            shown += [self.whole(piece.table, row) for row in found]
            if counted and counted[0] > len(found):
                left_out[piece.table] = counted[0] - len(found)
        return tuple(shown), left_out

    def columns(self, table: str) -> list[str]:
        if table not in self.described:
            self.described[table] = [row["column_name"] for row in self.ask(f"describe {table}")]
        return self.described[table]

    def remarks(self, values: dict[str, Any], has_evidence: bool) -> tuple[str, ...]:
        remarks = []
        if values.get("flags"):
            remarks.append(f"Flags say why something is null: {values['flags']} (meanings in docs/methods.md).")
        if not has_evidence:
            why = "the warehouse holds no figure on the subject" if values.get("role") == "none" else "no figure is held"
            remarks.append(f"Nothing stands behind this row: {why}.")
        if values.get("series_id") and values.get("period_start"):
            missing = self.ask(
                "select distinct month, status, reason from meta.coverage where series_id = ? and status <> 'published'"
                " and month >= ? and month < ? + to_months(?) order by month limit 12",
                values["series_id"],
                values["period_start"],
                values["period_start"],
                values.get("period_months") or 1,
            )
            remarks += [
                f"Coverage of {month['month']:%Y-%m}: {month['status']}" + (f" ({month['reason']})." if month["reason"] else ".")
                for month in missing
            ]
        return tuple(remarks)

    def provenance(self, table: str) -> tuple[str, ...]:
        schema, name = table.split(".")
        if schema == "vocabulary":
            return (
                f"Kept by the project and reviewed: pipelines/model/vocabulary/{name}.csv, completed by sql/load/vocabulary where it is.",
            )
        return ()

    def publisher(self, values: dict[str, Any]) -> str | None:
        """Who published the figure: as the row says, else as its series does, else the source's own publisher."""
        if values.get("publisher"):
            return str(values["publisher"])
        found = self.ask("select min(publisher) as name from vocabulary.series where series_id = ?", values.get("series_id"))
        if found[0]["name"]:
            return str(found[0]["name"])
        of_source = self.ask(
            "select status.publisher as name from meta.source_status as status"
            " inner join meta.release as release using (source) where release.release_id = ?",
            values.get("release_id"),
        )
        return str(of_source[0]["name"]) if of_source else None

    def versions(self, table: str, values: dict[str, Any], place: int) -> tuple[Row, ...]:
        base = table.removesuffix("_superseded")
        key = tables()[base].key
        same = " and ".join(f'"{name}" is not distinct from ?' for name in key)
        found = []
        for history in (base, f"{base}_superseded"):
            query = f"select rowid as {PLACE}, * from {history} where {same} order by known_from"
            rows = self.ask(query, *(values[name] for name in key))
            found += [self.whole_anew(history, cells, with_versions=False) for cells in rows if (history, cells[PLACE]) != (table, place)]
        return tuple(found)

    def origin(self, values: dict[str, Any]) -> Origin | None:
        release = values["release_id"]
        found = self.ask("select source, slice, state, reason from meta.release where release_id = ?", release)
        if not found:
            return None
        others = self.ask(
            "select release_id, state, known_from, known_from_basis, known_until, observed_at from meta.observation"
            " where slice = ? and release_id <> ? order by observed_at",
            found[0]["slice"],
            release,
        )
        corrections = []
        if "meta.correction" in self.names:
            corrections = self.ask(
                "select correction_id, column_name, filed, used, author, reason, decided_at from meta.correction"
                " where release_id = ? and source_member = ? and source_row = ? order by column_name",
                *(values.get(name) for name in ("release_id", "source_member", "source_row")),
            )
        return Origin(
            release, **found[0], others=tuple(others), corrections=tuple(corrections), files=self.raw_lines(found[0]["source"], values)
        )

    def raw_lines(self, source: str, values: dict[str, Any]) -> tuple[RawLines, ...]:
        """The row's line in its raw file; for a row that names no file, the files of its release."""
        files = self.ask(
            "select * from meta.release_file where release_id = ? and source_member = coalesce(?, source_member) order by source_member",
            values["release_id"],
            values.get("source_member"),
        )
        return tuple(self.raw.lines_of(source, file, values.get("source_row"), values.get("last_source_row")) for file in files)
