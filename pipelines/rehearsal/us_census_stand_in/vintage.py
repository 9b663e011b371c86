"""A vintage file of real US imports, served as the API would have sent it: nothing is added to what the file holds.

The file keeps, per commodity code and month, the Bureau's row for all countries and those of the watched countries:
`{"meta": {...}, "monthly": {code: {"YYYY-MM": {total, totalQty, qtyUnit, countries: {ISO2 or OTHER: {val, qty, name}}}}}}`.
`qtyUnit` is the quantity's flag under a wrong name and stands in later files only; OTHER is what its author found missing in the
total, so no row of the Bureau's.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pipelines.errors import LodestoneError
from pipelines.rehearsal.us_census_stand_in.api import ALL_COUNTRIES, Cell, UsCensus

SCHEDULE_C = Path(__file__).with_name("schedule_c.csv")
RESIDUAL = "OTHER"
FLAGS = ("M", "-")


def from_vintage(path: Path) -> UsCensus:
    """The API as of a vintage file: six digits are answered at HS6, ten at HS10, and neither is computed from the other."""
    try:
        held = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise LodestoneError(f"{path} cannot be read ({error.strerror}): name a vintage file of US imports") from error
    except ValueError as error:
        raise LodestoneError(f"{path} is no JSON ({error}): name a vintage file of US imports") from error
    monthly = held.get("monthly") if isinstance(held, dict) else None
    if not isinstance(monthly, dict):
        raise LodestoneError(f"{path} has no object `monthly`: name a vintage file of US imports")
    with SCHEDULE_C.open(encoding="utf-8", newline="") as lines:
        country_codes = {line["iso2"]: line["code"] for line in csv.DictReader(lines)}
    return UsCensus(cell for code, months in monthly.items() for cell in _cells(path, code, months, country_codes))


def _cells(path: Path, code: str, months: dict[str, Any], country_codes: dict[str, str]) -> Iterator[Cell]:
    if not re.fullmatch(r"[0-9]{6}|[0-9]{10}", code):
        raise LodestoneError(f"{path}: {code!r} is no commodity code of six or ten digits")
    for month, held in months.items():
        where = f"{path}: {code} in {month}"
        if not re.fullmatch(r"[0-9]{4}-(0[1-9]|1[0-2])", month):
            raise LodestoneError(f"{where}: the month is not written YYYY-MM")
        try:
            flag = held.get("qtyUnit") or ("M" if len(code) == 6 else "-")
            if flag not in FLAGS:
                raise LodestoneError(f"{where}: {flag!r} is no flag of a quantity: expected one of {', '.join(FLAGS)}")
            rows = [(ALL_COUNTRIES, "TOTAL FOR ALL COUNTRIES", held["total"], held["totalQty"])]
            for iso2, row in held["countries"].items():
                if iso2 == RESIDUAL:
                    continue
                if iso2 not in country_codes:
                    raise LodestoneError(f"{where}: country {iso2!r} is not in {SCHEDULE_C.name}: add its Schedule C code there")
                rows.append((country_codes[iso2], row["name"], row["val"], row["qty"]))
        except (KeyError, AttributeError, TypeError) as error:
            raise LodestoneError(f"{where}: not the shape of a vintage file ({error!r})") from error
        for country, name, value, quantity in rows:
            if not isinstance(value, int) or not isinstance(quantity, int):
                raise LodestoneError(f"{where}: {name} has value {value!r} and quantity {quantity!r}: expected whole numbers")
            values = {"GEN_VAL_MO": str(value), "GEN_QY1_MO": str(quantity), "GEN_QY1_MO_FLAG": flag}
            yield Cell("imports", code, month, country, name, values)
