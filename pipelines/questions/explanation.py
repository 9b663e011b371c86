"""How an explanation snapshots: plain text, Markdown or JSON, ready to be pasted into a report. Finding it is explain's work."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from pipelines.questions.citation import Citation
from pipelines.questions.explain import Explanation, Row
from pipelines.questions.raw import RawLines

LINEAGE = ("release_id", "source_member", "source_row", "last_source_row", "known_from", "known_from_basis", "known_until", "publication")
"""Columns of a fact that are told in words."""

TOLD = (
    *("amount_of", "amount_unit", "currency", "edition", "fx_method", "list_status", "note", "period_text", "quantity_unit"),
    *("share_bound", "status", "unit", "value_method", "value_qualifier", "value_text", "weight_method", "qualifier", "why_not_fact"),
    *("reason", "reasons", "raw", "country_name", "is_still_printed"),
)
"""Columns that say how a figure is meant or came about: shown with the key and the measures."""


@dataclass(frozen=True)
class _Heading:
    level: int
    text: str


@dataclass(frozen=True)
class _Pairs:
    pairs: list[tuple[str, str]]


@dataclass(frozen=True)
class _Prose:
    text: str


@dataclass(frozen=True)
class _Verbatim:
    lines: list[str]


_Block = _Heading | _Pairs | _Prose | _Verbatim


def as_json(found: Explanation) -> str:
    """Everything found, with every column of every row."""
    return json.dumps(asdict(found), default=_json_value, ensure_ascii=False, indent=1) + "\n"


def as_text(found: Explanation) -> str:
    """Plain text; raw lines stand as received and are not broken."""
    return _text(_Setter(found).blocks())


def as_markdown(found: Explanation) -> str:
    """Markdown; raw lines stand in fences."""
    return _markdown(_Setter(found).blocks())


@dataclass
class _Setter:
    """Sets rows in their order; a raw file is told once, at the end, and a row that was told before is only named again."""

    found: Explanation
    files: dict[tuple[str, str], tuple[str, RawLines]] = field(default_factory=dict)
    numbers: dict[tuple[str, tuple[str, ...]], str] = field(default_factory=dict)

    def blocks(self) -> list[_Block]:
        found = self.found
        edition, table = found.edition, found.table
        counted = f"{len(found.rows)} row" + ("s" if len(found.rows) != 1 else "")
        as_of = f", as of {_value(edition['as_of'])}" if edition["as_of"] else ""
        looked = f", looked at until {_value(edition['observed_until'])}" if edition["observed_until"] else ""
        blocks: list[_Block] = [
            _Heading(1, f"{table}: {counted} explained"),
            _Prose(f"Edition {edition['edition_id']}{as_of}{looked}. {found.description}"),
            _Prose(f"Columns and units: docs/dictionary.md, section {table}; formulas: docs/methods.md. Times are UTC."),
        ]
        for number, row in enumerate(found.rows, 1):
            blocks += self.top(row, str(number) if len(found.rows) > 1 else "")
        return [*blocks, *self.raw_files(), *self.sources()]

    def top(self, row: Row, number: str) -> Iterator[_Block]:
        name = ", ".join(f"{column} {_value(row.cells[column])}" for column in row.key if row.cells.get(column) is not None)
        yield _Heading(2, f"Row {number}: {name}" if number else f"The row: {name}")
        hidden = LINEAGE if row.origin is not None else ()
        yield _Pairs([(column, self.measured(row, column)) for column in row.cells if column not in hidden] + _origin_pairs(row))
        yield from self.behind(row, number)

    def behind(self, row: Row, number: str) -> Iterator[_Block]:
        """What a row rests on: remarks, raw lines, other versions, evidence."""
        for remark in row.remarks:
            yield _Prose(remark)
        yield from self.raw_lines(row)
        for version in row.versions:
            yield _Prose(_version_text(version))
            yield _Pairs(self.chosen(version) + _origin_pairs(version))
            yield from self.raw_lines(version)
        tables: dict[str, list[Row]] = {}
        for below in row.evidence:
            tables.setdefault(below.table, []).append(below)
        counter = 0
        for table, rows in tables.items():
            more = row.left_out.get(table, 0)
            counted = f"{len(rows)} row" + ("s" if len(rows) != 1 else "") + (f", and {more:,} more that --evidence shows" if more else "")
            yield _Heading(3, f"{f'{number}: ' if number else ''}Evidence in {table}: {counted}")
            for below in rows:
                counter += 1
                yield from self.evidence(below, f"{number}.{counter}" if number else str(counter))

    def evidence(self, row: Row, number: str) -> Iterator[_Block]:
        identity = (row.table, tuple(str(value) for value in row.cells.values()))
        name = ", ".join(_value(row.cells[column]) for column in row.key if row.cells.get(column) is not None)
        if identity in self.numbers:
            yield _Heading(4, f"{number}  {name}: see {self.numbers[identity]}")
            return
        self.numbers[identity] = number
        yield _Heading(4, f"{number}  {name}")
        yield _Pairs(self.chosen(row) + _origin_pairs(row))
        yield from self.behind(row, number)

    def chosen(self, row: Row) -> list[tuple[str, str]]:
        """The measures of a row and how they are meant; its key stands in the heading."""
        known = [column for column in row.cells if row.cells[column] is not None and column not in (*LINEAGE, *row.key)]
        measures = [column for column in known if column in row.units]
        meant = [column for column in known if column in TOLD and column not in measures]
        unknown = [("measures", "all unknown (null)")] if row.units and not measures else []
        return unknown + [(column, self.measured(row, column)) for column in measures + meant]

    def measured(self, row: Row, column: str) -> str:
        value, unit = row.cells[column], row.units.get(column)
        if value is None:
            return "null"
        if unit is None:
            return _value(value)
        if unit in ("0 to 1", "ratio"):
            return f"{_value(value)} ({unit})"
        named = unit.removeprefix("see ") if unit.startswith("see ") else ""
        return f"{_value(value)} {_value(row.cells[named]) if row.cells.get(named) else unit}"

    def raw_lines(self, row: Row) -> Iterator[_Block]:
        for file in () if row.origin is None else row.origin.files:
            label = self.label(file)
            if file.problem:
                yield _Prose(f"Raw file {label}: {file.problem}.")
            elif file.lines:
                first, last = file.lines[0][0], file.lines[-1][0]
                yield _Prose(f"Raw file {label}, {f'line {first}' if first == last else f'lines {first} to {last}'}:")
                yield _Verbatim([line for _, line in file.lines])
            else:
                yield _Prose(f"Raw file {label}.")

    def label(self, file: RawLines) -> str:
        return self.files.setdefault((file.path, file.sha256), (f"[{len(self.files) + 1}]", file))[0]

    def raw_files(self) -> Iterator[_Block]:
        if self.files:
            yield _Heading(2, "Raw files")
        for label, file in self.files.values():
            checked = "the bytes still have this hash" if file.problem is None else file.problem
            pairs = [("sha256", f"{file.sha256} ({checked})"), ("received", f"{file.received_at}, receipt {file.receipt_id}")]
            pairs += [("from", file.url or "not recorded: handed in as a file")]
            pairs += [("first line", file.header)] if file.header else []
            yield _Heading(4, f"{label}  {file.path}")
            yield _Pairs(pairs)

    def sources(self) -> Iterator[_Block]:
        if self.found.citations:
            yield _Heading(2, "Sources")
        for citation in self.found.citations:
            yield _Heading(4, citation.source)
            yield _Pairs(_source_pairs(citation))


def _version_text(row: Row) -> str:
    if not row.table.endswith("_superseded"):
        return "Current instead of this row:"
    why = "still printed, but a later publication prevails" if row.cells["is_still_printed"] else "since revised or taken back"
    used = f"current from {_value(row.cells['known_from'])} to {_value(row.cells['known_until'])}"
    return f"Also published for the same key, {used} ({why}):"


def _origin_pairs(row: Row) -> list[tuple[str, str]]:
    """Since when a figure is known, who published it and where, its release, other releases of its slice, corrections."""
    origin, cells = row.origin, row.cells
    if origin is None:
        return []
    pairs = []
    if cells.get("known_from") is not None:
        pairs.append(("known from", f"{_value(cells['known_from'])} ({cells.get('known_from_basis')})"))
    if row.publisher:
        pairs.append(("published by", row.publisher))
    if cells.get("publication"):
        pairs.append(("published at", str(cells["publication"])))
    state = f"{origin.state}: {origin.reason}" if origin.reason else origin.state
    if origin.state == "superseded" and not row.table.endswith("_superseded"):
        state += " by one in which this row is the same"
    pairs.append(("release", f"{origin.release_id} of {origin.slice}, {state}"))
    pairs += [("other release", _other_text(other)) for other in origin.others]
    return pairs + [("corrected", _correction_text(correction)) for correction in origin.corrections]


def _source_pairs(citation: Citation) -> list[tuple[str, str]]:
    return [("publisher", citation.publisher), ("cite as", citation.citation), ("licence", citation.terms)]


def _other_text(other: dict[str, Any]) -> str:
    until = f" to {_value(other['known_until'])}" if other["known_until"] else ""
    return f"{other['release_id']}, {other['state']}, known from {_value(other['known_from'])} ({other['known_from_basis']}){until}"


def _correction_text(correction: dict[str, Any]) -> str:
    when = f", {_value(correction['decided_at'])}" if correction["decided_at"] else ""
    why = f"{correction['author']}{when}: {correction['reason']}; {correction['correction_id']}"
    return f"{correction['column_name']}: filed {correction['filed']!r}, used {correction['used']!r} ({why})"


def _value(value: object) -> str:
    if isinstance(value, float):
        return f"{value:,.6g}" if abs(value) < 1e6 else f"{value:,.0f}"
    if isinstance(value, Decimal):
        text = f"{value:,f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d}" if value.time().replace(microsecond=0) in (time(0), time(23, 59, 59)) else f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, date):
        return f"{value:%Y-%m-%d}"
    return " ".join(str(value).split("\n"))


def _json_value(value: object) -> object:
    return float(value) if isinstance(value, Decimal) else str(value)


def _text(blocks: Iterable[_Block]) -> str:
    lines: list[str] = []
    for block in blocks:
        match block:
            case _Heading(level=1 | 2 as level, text=text):
                lines += ["", text, ("=" if level == 1 else "-") * len(text)]
            case _Heading(text=text):
                lines += ["", text]
            case _Pairs(pairs=pairs):
                width = max((len(name) for name, _ in pairs), default=0)
                lines += [f"  {name:<{width}}  {value}" for name, value in pairs]
            case _Prose(text=text):
                lines += _wrapped(text)
            case _Verbatim(lines=raw):
                lines += [f"    {line}" for line in raw]
    return "\n".join(lines).lstrip("\n") + "\n"


def _wrapped(text: str, width: int = 100) -> list[str]:
    lines, line = [], " "
    for word in text.split():
        if len(line) + 1 + len(word) > width and line.strip():
            lines.append(line)
            line = " "
        line += f" {word}"
    return [*lines, line]


def _markdown(blocks: Sequence[_Block]) -> str:
    parts: list[str] = []
    for block in blocks:
        match block:
            case _Heading(level=level, text=text):
                parts.append(f"{'#' * (level + 1)} {_escaped(text)}")
            case _Pairs(pairs=pairs):
                if pairs:
                    parts.append(
                        "\n".join(["| | |", "| --- | --- |", *(f"| {_escaped(name)} | {_escaped(value)} |" for name, value in pairs)])
                    )
            case _Prose(text=text):
                parts.append(_escaped(text))
            case _Verbatim(lines=raw):
                parts.append("\n".join(["```text", *raw, "```"]))
    return "\n\n".join(parts) + "\n"


def _escaped(text: str) -> str:
    for sign in "\\`*_|<":
        text = text.replace(sign, f"\\{sign}")
    return text
