"""Set an answer for people's eyes: as a table that fits the terminal or as records, numbers rounded and aligned.

What machines read, with every digit, is written in answers.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from io import StringIO
from typing import IO

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.table import Table
from rich.text import Text

from pipelines.console import terminal_width
from pipelines.errors import printable
from pipelines.questions.answers import Answer
from pipelines.questions.text import as_json

SHOWN_ROWS = 50
SHORTEST_CUT = 24
"""Letters of a longer text that a table shows at least, where it has to cut texts to fit."""

LEAST_VALUE = 14
"""Letters of a line that a record leaves for its values, however long a name is."""

_GAP = "  "
_NAME = re.compile(
    r"(\w+_)?(country|destination|exporter|importer|partner|producer|refiner|reporter|supplier)(_iso3)?|commodity|name|statement|verdict"
)
_CODE = re.compile(r"(\w+_)?(code|hs6|id|iso3|key)")


def write_table(answer: Answer, file: IO[str]) -> None:
    """The first rows as a table, one a line, and what is not in it; as records where a table would show next to nothing."""
    found = _found(answer)
    width = terminal_width(file)
    laid = _laid_out(found, width)
    if not laid.columns or (laid.left_out and (len(found.rows) == 1 or len(laid.columns) < 2)):
        _write_records(found, file, width)
    else:
        file.writelines(_lines(laid))
        if laid.left_out or laid.same:
            file.write("\n" + _set(Text(laid.remark(found, width)), width))
    _tell_more(found, file, width)


def write_records(answer: Answer, file: IO[str]) -> None:
    """The first rows with all their columns, each on a line of its own as name and value."""
    found = _found(answer)
    width = terminal_width(file)
    _write_records(found, file, width)
    _tell_more(found, file, width)


@dataclass(frozen=True)
class _Column:
    place: int
    name: str
    cells: tuple[str, ...]
    kind: str

    @property
    def is_number(self) -> bool:
        return re.fullmatch(r"U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|FLOAT|DOUBLE|DECIMAL\(.*\)", self.kind) is not None

    @property
    def is_figure(self) -> bool:
        """Whether it measures something; whole numbers may be years, ranks and lines."""
        return self.is_number and "INT" not in self.kind

    @property
    def is_code(self) -> bool:
        return _CODE.fullmatch(self.name) is not None

    @property
    def width(self) -> int:
        return max(map(cell_len, (self.name, *self.cells)))

    @property
    def least(self) -> int:
        """Width below which it cannot be read."""
        return self.width if self.is_number else min(self.width, max(SHORTEST_CUT, cell_len(self.name)))

    @property
    def is_same(self) -> bool:
        return len(set(self.cells)) == 1


@dataclass(frozen=True)
class _Found:
    columns: tuple[_Column, ...]
    rows: Sequence[tuple[object, ...]]
    has_more: bool


@dataclass(frozen=True)
class _Layout:
    columns: tuple[tuple[_Column, int], ...]
    """Those shown, each with its width."""
    same: tuple[_Column, ...] = ()
    left_out: tuple[_Column, ...] = ()

    def remark(self, found: _Found, width: int | None) -> str:
        remarks = []
        filled = [f"{column.name} {column.cells[0]}" for column in self.same if column.cells[0]]
        empty = [column.name for column in self.same if not column.cells[0]]
        if filled:
            remarks.append(f"The same in every row: {', '.join(filled)}.")
        if empty:
            remarks.append(f"Empty in every row: {', '.join(empty)}.")
        if self.left_out:
            names = ", ".join(column.name for column in self.left_out)
            remarks.append(f"{len(self.left_out)} of {len(found.columns)} columns do not fit into a line of {width} letters: {names}.")
            remarks.append("See all with --format record, or name the columns you want in the query.")
        return "\n".join(remarks)


def _found(answer: Answer) -> _Found:
    rows = next(answer.batches(SHOWN_ROWS + 1), [])
    shown = rows[:SHOWN_ROWS]
    columns = [
        _Column(place, _in_a_line(name), _cells([row[place] for row in shown]), kind)
        for place, (name, kind) in enumerate(zip(answer.names, answer.types, strict=True))
    ]
    return _Found(tuple(columns), shown, len(rows) > SHOWN_ROWS)


def _laid_out(found: _Found, width: int | None) -> _Layout:
    """All columns where they fit, texts cut if need be; else those that differ from row to row, as many of them as fit.

    Names come first, so that it can be seen whose the figures are, then figures, then other texts, codes last.
    """
    if width is None or _needed([column.width for column in found.columns]) <= width:
        return _Layout(tuple((column, column.width) for column in found.columns))
    if _needed([column.least for column in found.columns]) <= width:
        return _Layout(_widened(found.columns, width))
    same = tuple(column for column in found.columns if len(found.rows) > 1 and column.is_same)
    differing = [column for column in found.columns if column not in same]
    figures = [column for column in differing if column.is_figure]
    every = {column.name for column in found.columns}
    named = [
        column for column in differing if _NAME.fullmatch(column.name) and column.name.removesuffix("_iso3") not in every - {column.name}
    ]
    if named:
        days = [column for column in differing if column.kind == "DATE"]
        names, room = [column for column in differing if column in (*named, *days[:1])], width * 4 // 5
    else:  # what names a row is its first column then, days, and short texts
        names = sorted(
            (column for column in differing if not column.is_figure),
            key=lambda column: (column.place > 0, column.kind != "DATE", column.least < column.width),
        )
        room = width // 2
    chosen = _filled(_filled([], names, room), figures, width)
    chosen = _filled(chosen, sorted(differing, key=lambda column: column.is_code), width)
    return _Layout(
        _widened([column for column in differing if column in chosen], width),
        same,
        tuple(column for column in differing if column not in chosen),
    )


def _filled(chosen: list[_Column], more: Sequence[_Column], width: int) -> list[_Column]:
    """The chosen columns and those more that still fit beside them."""
    for column in more:
        if column not in chosen and _needed([column.least for column in (*chosen, column)]) <= width:
            chosen = [*chosen, column]
    return chosen


def _needed(widths: Sequence[int]) -> int:
    return sum(widths) + len(_GAP) * max(len(widths) - 1, 0)


def _widened(columns: Sequence[_Column], width: int) -> tuple[tuple[_Column, int], ...]:
    """The columns with their widths, what is to spare given to the first whose texts are cut."""
    spare = width - _needed([column.least for column in columns])
    widths = []
    for column in columns:
        more = min(column.width - column.least, spare)
        spare -= more
        widths.append((column, column.least + more))
    return tuple(widths)


def _lines(laid: _Layout) -> list[str]:
    rows = zip(*([column.name, *column.cells] for column, _ in laid.columns), strict=True)
    placed = ((_placed(cell, column, width) for cell, (column, width) in zip(row, laid.columns, strict=True)) for row in rows)
    return [f"{_GAP.join(cells).rstrip()}\n" for cells in placed]


def _placed(cell: str, column: _Column, width: int) -> str:
    if cell_len(cell) > width:
        begins = width // 2 if cell.isascii() and " " not in cell else width - 1  # names differ in how they begin or end
        return f"{set_cell_size(cell, begins)}…{cell[len(cell) - (width - 1 - begins) :]}"
    return " " * (width - cell_len(cell)) + cell if column.is_number else set_cell_size(cell, width)


def _write_records(found: _Found, file: IO[str], width: int | None) -> None:
    names = max((cell_len(column.name) + 1 for column in found.columns), default=1)
    names = names if width is None else max(min(names, width - LEAST_VALUE), 1)
    for place in range(len(found.rows)):
        record = Table.grid(padding=(0, 2, 0, 0))
        record.add_column(overflow="fold", width=names)
        record.add_column(overflow="fold")
        for column in found.columns:
            record.add_row(Text(f"{column.name}:"), Text(column.cells[place].rstrip()))
        file.write("\n" if place else "")
        file.write(_set(record, width))
    if not found.rows:
        file.write("no rows\n")


def _tell_more(found: _Found, file: IO[str], width: int | None) -> None:
    if found.has_more:
        sentence = f"There are more than these {SHOWN_ROWS} rows: narrow the question, or write all with --format csv"
        file.write(_set(Text(sentence), width))


def _set(text: Text | Table, width: int | None) -> str:
    out = StringIO()
    Console(file=out, width=width or 10_000, highlight=False, color_system=None).print(text)
    return "".join(f"{line.rstrip()}\n" for line in out.getvalue().splitlines())


def _cells(values: Sequence[object]) -> tuple[str, ...]:
    """The values of a column as text, the points of its numbers below each other."""
    places = _places([value for value in values if isinstance(value, float)])
    cells = [_cell(value, places) for value in values]
    if not any(isinstance(value, float | Decimal) for value in values):
        return tuple(cells)
    decimals = [len(cell) - cell.index(".") if "." in cell else 0 for cell in cells]
    return tuple(cell + " " * (max(decimals) - own) if cell else "" for cell, own in zip(cells, decimals, strict=True))


def _places(numbers: Sequence[float]) -> int:
    """Decimals that show five digits of a middling number, and four of a share."""
    sizes = sorted(abs(number) for number in numbers if number and math.isfinite(number))
    magnitude = math.floor(math.log10(sizes[len(sizes) // 2])) if sizes else 0
    return min(max(4 - magnitude if magnitude >= 0 else 3 - magnitude, 0), 12)


def _cell(value: object, places: int) -> str:
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case float():
            return _rounded(value, places)
        case Decimal():
            return _without_zeros(f"{value:f}")
        case dict() | list() | tuple():
            return _in_a_line(as_json(value))
        case bytes():
            return value.hex()
        case _:
            return _in_a_line(str(value))


def _rounded(number: float, places: int) -> str:
    """To so many decimals; what would be rounded to nothing, or is very large, by its first digits."""
    text = _without_zeros(f"{number + 0.0:.{places}f}")
    return f"{number:.6g}" if abs(number) >= 1e15 or (number and not float(text)) else text


def _without_zeros(text: str) -> str:
    return text.rstrip("0").rstrip(".") if "." in text else text


def _in_a_line(text: str) -> str:
    return printable(re.sub(r"[\t\n\r]+", " ", text))
