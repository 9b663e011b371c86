"""An INVENTED world of US trade, for tests and rehearsals. None of its figures is the Census Bureau's, and every description says so.

Codes of six digits and countries are real, so that Lodestone knows them; the digits below them, values and quantities are made up,
the same in every run. In it happens what happens in the real one: national codes split in January and in July, quantities are
missing, counted in pieces or not counted at all, partners come and go, goods are cleared months after they arrived.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

from pipelines.rehearsal.us_census_stand_in.api import Cell, Flow, UsCensus
from pipelines.rehearsal.us_census_stand_in.cells import rolled_up, shuffled

LINES = Path(__file__).with_name("invented_lines.csv")
NAMES: Mapping[str, str] = {
    "1220": "CANADA",
    "2010": "MEXICO",
    "3370": "CHILE",
    "3570": "ARGENTINA",
    "4039": "NORWAY",
    "4050": "FINLAND",
    "4120": "UNITED KINGDOM",
    "4231": "BELGIUM",
    "4279": "FRANCE",
    "4280": "GERMANY",
    "4470": "ESTONIA",
    "4803": "KOSOVO",
    "5570": "MALAYSIA",
    "5700": "CHINA",
    "5800": "KOREA, SOUTH",
    "5880": "JAPAN",
    "7140": "MOROCCO",
    "7550": "GABON",
    "7660": "CONGO (KINSHASA)",
    "7870": "MOZAMBIQUE",
    "7880": "MADAGASCAR",
    "7910": "SOUTH AFRICA",
}


@dataclass(frozen=True)
class Line:
    """A national commodity line; `partners` holds the usual value of a month by country, in thousand dollars."""

    flow: Flow
    code: str
    first_month: str
    last_month: str
    unit: str
    usd_per_unit: int
    description: str
    partners: Mapping[str, int]


def made_up(first: str = "2023-01", last: str = "2024-12", changes: Callable[[list[Cell]], list[Cell]] = list, seed: int = 0) -> UsCensus:
    """The API of the invented world from month `first` to month `last`, the months published so far.

    A later vintage has a later `last`, or `changes` made to its cells of ten digits before they are summed, or both; what neither
    touches stays as it was. `seed` sets the order of the rows, which means nothing.
    """
    return UsCensus(shuffled(rolled_up(changes(made_up_cells(first, last))), seed))


def made_up_cells(first: str = "2023-01", last: str = "2024-12") -> list[Cell]:
    """The invented world's cells of ten digits, without sums."""
    return [cell for line in _lines() for month in _months(first, last) for cell in _cells(line, month)]


def _lines() -> list[Line]:
    with LINES.open(encoding="utf-8", newline="") as held:
        return [
            Line(
                flow="imports" if row["flow"] == "imports" else "exports",
                code=row["code"],
                first_month=row["first_month"] or "0000-00",
                last_month=row["last_month"] or "9999-99",
                unit=row["unit"],
                usd_per_unit=int(row["usd_per_unit"]),
                description=f"INVENTED: {row['description']}",
                partners={country: int(value) for country, _, value in (pair.partition(":") for pair in row["partners"].split())},
            )
            for row in csv.DictReader(held)
        ]


def _months(first: str, last: str) -> Iterator[str]:
    year, month = int(first[:4]), int(first[5:])
    while f"{year}-{month:02}" <= last:
        yield f"{year}-{month:02}"
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)


def _cells(line: Line, month: str) -> Iterator[Cell]:
    if not line.first_month <= month <= line.last_month:
        return
    for country, thousand_usd in line.partners.items():
        chance = crc32(f"{line.flow}/{line.code}/{month}/{country}".encode())
        if chance % 11 == 0:  # nothing filed
            continue
        usual_usd = thousand_usd * (700 + chance % 601) + chance % 997
        values = _import_values(line, usual_usd, chance) if line.flow == "imports" else _export_values(line, usual_usd, chance)
        yield Cell(line.flow, line.code, month, country, NAMES[country], {**values, "UNIT_QY1": line.unit}, line.description)


def _import_values(line: Line, usual_usd: int, chance: int) -> dict[str, str | None]:
    # In some months nothing arrives, and what is cleared comes out of a warehouse: a row with a zero that is no gap.
    arrived_usd = 0 if chance % 13 == 0 else usual_usd
    cleared_usd = usual_usd * (880 + chance % 241) // 1000
    return {
        "GEN_VAL_MO": str(arrived_usd),
        "GEN_CIF_MO": str(arrived_usd * (1020 + chance % 45) // 1000),
        "CON_VAL_MO": str(cleared_usd),
        **_quantity("GEN_QY1_MO", line, arrived_usd, chance),
        **_quantity("CON_QY1_MO", line, cleared_usd, chance),
    }


def _export_values(line: Line, usual_usd: int, chance: int) -> dict[str, str | None]:
    return {"ALL_VAL_MO": str(usual_usd), **_quantity("QTY_1_MO", line, usual_usd, chance)}


def _quantity(name: str, line: Line, value_usd: int, chance: int) -> dict[str, str | None]:
    if line.unit == "X":  # nothing is counted: a zero without a flag that is no quantity
        return {name: "0", f"{name}_FLAG": "-"}
    if chance % 17 == 0:
        return {name: "0", f"{name}_FLAG": "M"}
    return {name: str(value_usd // line.usd_per_unit), f"{name}_FLAG": "-"}
