"""The US Census Bureau's trade API with made-up imports, as many as a benchmark wants: in its shape, from sums of texts, none of them real.

Codes of six digits are the basket's, countries are real; the office works every answer out when it is asked, and exports are none.
"""

from __future__ import annotations

import csv
import json
import signal
import sys
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from zlib import crc32

from pipelines.rehearsal.office import Query, Reply
from pipelines.rehearsal.server import Offices

PIPELINES = Path(__file__).resolve().parent.parent / "pipelines"
PARTNERS = PIPELINES / "sources" / "us_census" / "partners.csv"
CODES = PIPELINES / "model" / "vocabulary" / "commodity_code.csv"
MEASURES = ("GEN_VAL_MO", "GEN_CIF_MO", "CON_VAL_MO", "GEN_QY1_MO", "CON_QY1_MO")

Figures = tuple[int, int, int, int, int]
"""What `MEASURES` are: dollars arrived, with freight, cleared; kilograms arrived, cleared."""


def basket(most: int | None = None) -> list[str]:
    """HS6 codes of the basket that are in force, the first `most` of them."""
    with CODES.open(encoding="utf-8", newline="") as lines:
        return sorted({line["hs6"] for line in csv.DictReader(lines) if line["hs_edition"] == "HS2022"})[:most]


def countries(most: int) -> list[tuple[str, str]]:
    """Code and name of the first `most` countries that always existed; not the United States, which get goods back as no supplier."""
    with PARTNERS.open(encoding="utf-8", newline="") as lines:
        held = [line for line in csv.DictReader(lines) if line["role"] == "country" and not line["valid_from"] and not line["valid_to"]]
    first_codes = {line["iso3"]: (line["code"], line["name"]) for line in reversed(held) if line["iso3"] != "USA"}
    return sorted(first_codes.values())[:most]


@dataclass(frozen=True)
class Bureau:
    """Imports of these HS6 codes, `national` codes of ten digits in each, from these countries: a month lacks one pair in three."""

    codes: Sequence[str]
    national: int
    partners: Sequence[tuple[str, str]]

    def answer(self, path: str, query: Query, headers: Mapping[str, str]) -> Reply:
        """The rows of one heading, level and span of months, filters echoed behind what was asked for; 204 where there are none."""
        asked = dict(query)
        if "/imports/" not in path:
            return Reply(204)
        columns = [*asked["get"].split(","), *(name for name, _ in query if name not in ("get", "key"))]
        # Every row is the same text around its own figures, which is an encoder's work done once.
        held = {"I_COMMODITY_SDESC": '"MADE UP"', "SUMMARY_LVL": '"DET"', "COMM_LVL": f'"{asked["COMM_LVL"]}"'}
        row = "[" + ",".join(held.get(name, f"%({name})s") for name in columns) + "]"
        _, first, _, last = asked["time"].split()
        heading = asked["I_COMMODITY"].rstrip("*")
        rows = [
            row % values
            for hs6 in self.codes
            if hs6.startswith(heading)
            for month in months(first, last)
            for values in (self._national(hs6, month) if asked["COMM_LVL"] == "HS10" else self._summed(hs6, month))
        ]
        if not rows:
            return Reply(204)
        body = "[" + ",\n".join([json.dumps(columns, separators=(",", ":")), *rows]) + "]"
        return Reply(200, {"Content-Type": "application/json;charset=utf-8"}, body.encode())

    def _cells(self, hs6: str, month: str) -> Iterator[tuple[str, tuple[str, str], Figures]]:
        for number in range(self.national):
            code = f"{hs6}{10 * (number + 1):04}"
            for place, partner in enumerate(self.partners):
                usual = crc32(f"{code}/{partner[0]}".encode())
                chance = crc32(month.encode(), usual)
                if place and chance % 3 == 0:  # the first country always supplies, so that no code misses a month
                    continue
                value = (1000 + usual % 9_000_000) * (700 + chance % 601) // 1000
                cleared = value * 98 // 100
                yield code, partner, (value, value * 104 // 100, cleared, value // 7, cleared // 7)

    def _national(self, hs6: str, month: str) -> Iterator[dict[str, str]]:
        for code, cells in groupby(self._cells(hs6, month), key=lambda cell: cell[0]):
            held = [(partner, figures) for _, partner, figures in cells]
            yield _values(code, month, ("-", "TOTAL FOR ALL COUNTRIES"), _sum(figures for _, figures in held), '"KG"', '"-"')
            for partner, figures in held:
                yield _values(code, month, partner, figures, '"KG"', '"-"')

    def _summed(self, hs6: str, month: str) -> Iterator[dict[str, str]]:
        """The rows of six digits, for which the Bureau counts no quantity."""
        by_partner: dict[tuple[str, str], list[Figures]] = {}
        for _, partner, figures in self._cells(hs6, month):
            by_partner.setdefault(partner, []).append((*figures[:3], 0, 0))
        summed = {partner: _sum(figures) for partner, figures in by_partner.items()}
        for partner, figures in (("-", "TOTAL FOR ALL COUNTRIES"), _sum(summed.values())), *summed.items():
            yield _values(hs6, month, partner, figures, '"-"', '"M"')


def months(first: str, last: str) -> Iterator[str]:
    """The months from one to another as YYYY-MM, both included."""
    for number in range(int(first[:4]) * 12 + int(first[5:]) - 1, int(last[:4]) * 12 + int(last[5:])):
        yield f"{number // 12}-{number % 12 + 1:02}"


def _sum(figures: Iterable[Figures]) -> Figures:
    value, cif, cleared, kg, kg_cleared = map(sum, zip(*figures, strict=True))
    return value, cif, cleared, kg, kg_cleared


def _values(code: str, month: str, partner: tuple[str, str], figures: Figures, unit: str, flag: str) -> dict[str, str]:
    return {
        "I_COMMODITY": f'"{code}"',
        "CTY_CODE": f'"{partner[0]}"',
        "CTY_NAME": f'"{partner[1]}"',
        "time": f'"{month}"',
        "UNIT_QY1": unit,
        "GEN_QY1_MO_FLAG": flag,
        "CON_QY1_MO_FLAG": flag,
        **{name: f'"{figure}"' for name, figure in zip(MEASURES, figures, strict=True)},
    }


def main() -> None:
    """Answer on 127.0.0.1 until SIGTERM: NATIONAL codes each, PARTNERS, CODES; the address is the one line printed."""
    national, partners, codes = map(int, sys.argv[1:])
    stopped = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopped.set())
    with Offices({"us_census": Bureau(basket(codes), national, countries(partners))}) as offices:
        sys.stdout.write(f"{offices.address}\n")
        sys.stdout.flush()
        stopped.wait()


if __name__ == "__main__":
    main()
