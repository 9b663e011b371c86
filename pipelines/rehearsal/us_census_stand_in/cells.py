"""Work on the cells behind the API: the rows the Bureau computes above them, and what a later vintage changes. Pure."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from dataclasses import replace
from zlib import crc32

from pipelines.errors import LodestoneError
from pipelines.rehearsal.us_census_stand_in.api import ALL_COUNTRIES, Cell, CellKey

FINER = {6: 10, 4: 6, 2: 4}
"""From which level the rows of a coarser one are summed, finest first."""

GROUPS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "0003": (
        "EUROPEAN UNION",
        ("4010", "4050", "4099", "4190", "4210", "4231", "4279", "4280", "4330", "4351", "4370", "4470", "4550", "4700", "4759"),
    ),
    "0020": ("USMCA (NAFTA)", ("1220", "2010")),
    "3XXX": ("SOUTH AMERICA", ("3",)),
    "4XXX": ("EUROPE", ("4",)),
    "5XXX": ("ASIA", ("5",)),
    "6XXX": ("AUSTRALIA AND OCEANIA", ("6",)),
    "7XXX": ("AFRICA", ("7",)),
}
"""Some of the Bureau's country groups, by how the Schedule C codes of their members begin. They overlap, and their codes have letters."""


def rolled_up(cells: Iterable[Cell]) -> list[Cell]:
    """The cells, and above them the rows the Bureau computes: six, four and two digits, all countries, country groups.

    A row that is held is never computed: a cell of six digits, of "-" or of a group among `cells` is a mismatch made on purpose.
    """
    held = {cell.key: cell for cell in cells}
    for digits in (10, *FINER):
        if digits in FINER:
            finer = [cell for cell in held.values() if len(cell.code) == FINER[digits] and _is_country(cell)]
            _add_sums(held, [(replace(cell, code=cell.code[:digits]), cell) for cell in finer])
        countries = [cell for cell in held.values() if len(cell.code) == digits and _is_country(cell)]
        _add_sums(held, [(replace(cell, country=ALL_COUNTRIES, name="TOTAL FOR ALL COUNTRIES"), cell) for cell in countries])
        _add_sums(
            held,
            [
                (replace(cell, country=group, name=name, summary_level="CGP"), cell)
                for cell in countries
                for group, (name, members) in GROUPS.items()
                if cell.country.startswith(members)
            ],
        )
    return list(held.values())


def revised(cells: Iterable[Cell], key: CellKey, **values: str | None) -> list[Cell]:
    """The cells with other values in one of them; the variables not named stay."""
    changed = [replace(cell, values={**cell.values, **values}) if cell.key == key else cell for cell in cells]
    if not any(cell.key == key for cell in changed):
        raise LodestoneError(f"there is no cell {key} to revise: name flow, code, month and country of one that is held")
    return changed


def annual_revision(cells: Iterable[Cell], year: int) -> list[Cell]:
    """The cells after the June release of `year`: of the three years before, two cells in five moved, by up to two percent."""
    years = {str(year - before) for before in (1, 2, 3)}

    def moved(cell: Cell) -> Cell:
        chance = crc32("/".join(("june", str(year), *cell.key)).encode())
        if cell.month[:4] not in years or chance % 5 > 1:
            return cell
        share = 1000 + (chance // 5) % 41 - 20
        changed = {name: str(int(value) * share // 1000) for name, value in cell.values.items() if "_VAL_" in name and value is not None}
        return replace(cell, values={**cell.values, **changed})

    return [moved(cell) for cell in cells]


def without_months(cells: Iterable[Cell], *months: str) -> list[Cell]:
    """The cells of all other months: withdrawn, or not yet published."""
    return [cell for cell in cells if cell.month not in months]


def shuffled(cells: Iterable[Cell], seed: int = 0) -> list[Cell]:
    """The same cells in another order: the API sorts nothing, and two answers to one request need not agree."""
    mixed = list(cells)
    random.Random(seed).shuffle(mixed)
    return mixed


def _is_country(cell: Cell) -> bool:
    return cell.country != ALL_COUNTRIES and cell.summary_level == "DET"


def _add_sums(held: dict[CellKey, Cell], parts: list[tuple[Cell, Cell]]) -> None:
    """Hold the sum of the parts of every row that is not held yet; each part comes behind a cell that says to which row it belongs."""
    rows: dict[CellKey, tuple[Cell, list[Cell]]] = {}
    for row, part in parts:
        if row.key not in held:
            rows.setdefault(row.key, (row, []))[1].append(part)
    for key, (row, summed) in rows.items():
        is_coarser = len(row.code) < len(summed[0].code)
        description = f"ALL OF {row.code}, AMONG IT {row.description}" if is_coarser and row.description else row.description
        held[key] = replace(row, description=description, values=_sum(row.code, summed))


def _sum(code: str, parts: list[Cell]) -> dict[str, str | None]:
    values: dict[str, str | None] = {}
    for name in dict.fromkeys(name for part in parts for name in part.values):
        found = [part.values.get(name) for part in parts]
        known = [value for value in found if value is not None]
        if name.startswith("UNIT_"):
            # Above ten digits nothing is counted, and the live endpoint says "-" for the unit.
            values[name] = "-" if len(code) < 10 else found[0] if len(set(found)) == 1 else "X"
        elif name.endswith("_FLAG"):
            # The Bureau publishes quantities at ten digits only; a sum with a missing part is missing.
            values[name] = "M" if len(code) < 10 or "M" in known else "-"
        else:
            values[name] = str(sum(map(int, known))) if known else None
    missing = {name.removesuffix("_FLAG") for name, value in values.items() if name.endswith("_FLAG") and value == "M"}
    return {name: "0" if name in missing else value for name, value in values.items()}
