"""The international trade API of the US Census Bureau as it answers, over rows held in memory; where they come from is not known here.

Shape and quirks follow the Bureau's guide to its trade datasets and what users of the API measured: every value is text, a filter
on a column that is also asked for stands twice in the header, nothing found is 204 without a body, a bad key is a page with status
200, and rows come in no order.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import chain
from operator import itemgetter
from typing import Literal

from pipelines.rehearsal.office import Query, Reply, plain
from pipelines.rehearsal.rows import json_rows

Flow = Literal["imports", "exports"]
CellKey = tuple[str, str, str, str]
"""Flow, commodity code, month, country: what no two rows share."""

KEY = "rehearsal"
"""The key that is accepted unless others are named."""

ALL_COUNTRIES = "-"
LEVELS = {2: "HS2", 4: "HS4", 6: "HS6", 10: "HS10"}
COMMODITY = {"imports": "I_COMMODITY", "exports": "E_COMMODITY"}
MEASURES = {
    "imports": ("GEN_VAL", "GEN_CIF", "GEN_CHA", "CON_VAL", "CON_CIF", "CON_CHA", "DUT_VAL", "CAL_DUT"),
    "exports": ("ALL_VAL",),
}
TRANSPORT = ("AIR_VAL", "AIR_WGT", "VES_VAL", "VES_WGT", "CNT_VAL", "CNT_WGT")
QUANTITIES = {"imports": ("GEN_QY1", "GEN_QY2", "CON_QY1", "CON_QY2"), "exports": ("QTY_1", "QTY_2")}
DETAILS = {"imports": ("CTY_SUBCODE", "RP"), "exports": ("DF",)}
DESCRIBED = ("CTY_CODE", "CTY_NAME", "DISTRICT", "DIST_NAME", "COMM_LVL", "SUMMARY_LVL", "SUMMARY_LVL2", "UNIT_QY1", "UNIT_QY2")
MOMENTS = ("time", "YEAR", "MONTH", "LAST_UPDATE")
CODE_OF_DESCRIPTION = {
    "CTY_NAME": "CTY_CODE",
    "DIST_NAME": "DISTRICT",
    **{f"{column}_{size}DESC": column for column in COMMODITY.values() for size in "SL"},
}
PERIOD = re.compile(r"([0-9]{4}(?:-[0-9]{2})?)|from ([0-9]{4}(?:-[0-9]{2})?)(?: to ([0-9]{4}(?:-[0-9]{2})?))?")
Columns = dict[str, str | None]

_KEY_PAGE = """<html style="font-size: 14px;">

<head>
    <title>{title}</title>
    <link rel="icon" type="image/x-icon" href="favicon.ico">
</head>
<body>
    <p>A valid <em>key</em> must be included with each data API request.</p>
    <p>Please register at https://api.census.gov/data/key_signup.html</p>
</body>
</html>
"""


@dataclass(frozen=True)
class Cell:
    """What the Bureau publishes for a commodity, country and month: one row of an answer.

    `code` has 2, 4, 6 or 10 digits; `country` is a code of Schedule C, of a country group, or "-" for all countries. `values` holds
    the monthly variables by name (`GEN_VAL_MO`), numbers and flags as text; a variable that is not held is null in an answer.
    """

    flow: Flow
    code: str
    month: str
    country: str
    name: str
    values: Mapping[str, str | None] = field(hash=False)
    description: str | None = None
    summary_level: Literal["DET", "CGP"] = "DET"

    @property
    def key(self) -> CellKey:
        """What no two rows share."""
        return self.flow, self.code, self.month, self.country


class UsCensus:
    """The API over these rows, sent in this order; `keys` are the keys it accepts.

    `level_of_totals` is the SUMMARY_LVL2 of the rows for all countries: where the Bureau counts them as `HS`, a request for `HSCY`
    does not bring them. `key_page` says how a bad key is told: `direct` with the page itself, `redirect` with a 302 to it, as
    clients of the live API report.
    """

    def __init__(
        self,
        cells: Iterable[Cell],
        keys: Iterable[str] = (KEY,),
        level_of_totals: str = "HSCY",
        key_page: Literal["direct", "redirect"] = "direct",
    ) -> None:
        self.cells = tuple(cells)
        self._keys = frozenset(keys)
        self._key_page = key_page
        self._rows: dict[str, dict[str, list[tuple[int, Columns]]]] = {flow: defaultdict(list) for flow in COMMODITY}
        self._years: dict[tuple[str, ...], list[Columns]] = defaultdict(list)
        for place, cell in enumerate(self.cells):
            row = {**_described(cell, level_of_totals), **cell.values}
            self._rows[cell.flow][cell.code].append((place, row))
            self._years[_year_of_series(cell.flow, row)].append(row)

    def answer(self, path: str, query: Query, headers: Mapping[str, str]) -> Reply:
        """The API's reply: rows, nothing, or one of its ways of saying no."""
        page = re.fullmatch(r"/data/(missing|invalid)_key\.html", path)
        if page is not None:
            return _key_error(page.group(1))
        found = re.fullmatch(r"/data/timeseries/intltrade/(imports|exports)/hs(/variables\.json)?", path)
        if found is None:
            return plain(404, "error: unknown dataset")
        flow, metadata = found.groups()
        if metadata is not None:
            return _variables_json(flow)
        return self._refusal(query) or self._answer(flow, query)

    def _refusal(self, query: Query) -> Reply | None:
        given = [value for name, value in query if name == "key" and value]
        if given and given[-1] in self._keys:
            return None
        state = "invalid" if given else "missing"
        if self._key_page == "direct":
            return _key_error(state)
        return Reply(302, {"Location": f"../../../{state}_key.html", "X-DataWebAPI-KeyError": "1"})

    def _answer(self, flow: str, query: Query) -> Reply:
        asked = [name for name, value in query if name == "get" for name in value.split(",")]
        wanted: dict[str, list[str]] = {}
        for name, value in query:
            if name not in ("get", "key"):
                wanted.setdefault(name, []).append(value)
        error = _error(flow, asked, wanted)
        if error is not None:
            return plain(400, f"error: {error}")
        # The filters are echoed behind what was asked for, whether or not it stands there already.
        columns = [*asked, *wanted]
        months = [_months(text) for text in wanted.pop("time", [])] or [("0000-00", "9999-99")]
        rows = [
            [self._value(flow, row, column) for column in columns]
            for row in self._of_commodity(flow, wanted.pop(COMMODITY[flow], ["*"]))
            if all(_fits(self._value(flow, row, name), patterns) for name, patterns in wanted.items())
            and any(first <= str(row["time"]) <= last for first, last in months)
        ]
        if not rows:
            return Reply(204)
        return Reply(200, {"Content-Type": "application/json;charset=utf-8"}, json_rows(list(columns), rows))

    def _of_commodity(self, flow: str, patterns: list[str]) -> list[Columns]:
        """The rows of the codes asked for, in the order they are sent in."""
        placed = [rows for code, rows in self._rows[flow].items() if _fits(code, patterns)]
        return [row for _, row in sorted(chain.from_iterable(placed), key=itemgetter(0))]

    def _value(self, flow: str, row: Columns, column: str) -> str | None:
        if column in row or not column.endswith("_YR"):
            return row.get(column)
        monthly = f"{column.removesuffix('_YR')}_MO"
        year = [other for other in self._years[_year_of_series(flow, row)] if str(other["time"]) <= str(row["time"])]
        known = [int(value) for value in (other.get(monthly) for other in year) if value is not None]
        return str(sum(known)) if known else None


def _described(cell: Cell, level_of_totals: str) -> Columns:
    commodity = COMMODITY[cell.flow]
    return {
        commodity: cell.code,
        f"{commodity}_SDESC": cell.description,
        f"{commodity}_LDESC": cell.description,
        "CTY_CODE": cell.country,
        "CTY_NAME": cell.name,
        "COMM_LVL": LEVELS[len(cell.code)],
        "SUMMARY_LVL": cell.summary_level,
        "SUMMARY_LVL2": level_of_totals if cell.country == ALL_COUNTRIES else "HSCY",
        "time": cell.month,
        "YEAR": cell.month[:4],
        "MONTH": cell.month[5:],
        "LAST_UPDATE": "0",  # all that the live endpoint says of any row
    }


def _year_of_series(flow: str, row: Columns) -> tuple[str, ...]:
    return tuple(str(part) for part in (flow, row[COMMODITY[flow]], row["CTY_CODE"], row["YEAR"]))


def _variables(flow: str) -> set[str]:
    commodity = COMMODITY[flow]
    measured = {f"{name}_{span}" for name in (*MEASURES[flow], *TRANSPORT, *QUANTITIES[flow]) for span in ("MO", "YR")}
    flags = {f"{name}_{span}_FLAG" for name in QUANTITIES[flow] for span in ("MO", "YR")}
    return measured | flags | {*DESCRIBED, *MOMENTS, *DETAILS[flow], commodity, f"{commodity}_SDESC", f"{commodity}_LDESC"}


def _error(flow: str, asked: list[str], wanted: Mapping[str, list[str]]) -> str | None:
    """What is wrong with a request, in the API's words where they are known."""
    known = _variables(flow)
    if not asked:
        return "missing 'get' argument"
    for name in asked:
        if name not in known:
            return f"unknown variable '{name}'"
        if name in CODE_OF_DESCRIPTION and CODE_OF_DESCRIPTION[name] not in asked:
            return f"'{name}' requires '{CODE_OF_DESCRIPTION[name]}'"
    for name in wanted:
        if name not in known:
            return f"unknown predicate variable: '{name}'"
    if "time" not in wanted and "YEAR" not in wanted:
        return "missing required variable/predicate: time"
    for text in wanted.get("time", []):
        if not PERIOD.fullmatch(text):
            return f"unsupported date/time format: {text}"
    return None


def _months(period: str) -> tuple[str, str]:
    """First and last month of a period. Months as text sort as months do, and a bare year spans from its month 00 to its month 99."""
    found = PERIOD.fullmatch(period)
    assert found is not None, "checked before"
    single, start, end = found.groups()
    first, last = (single, single) if single else (start, end or "9999")
    return (first if len(first) == 7 else f"{first}-00", last if len(last) == 7 else f"{last}-99")


def _fits(held: str | None, patterns: list[str]) -> bool:
    """Whether a value is one of those asked for. A list with commas is one value, which no row has."""
    return held is not None and any(
        held.startswith(pattern.removesuffix("*")) if pattern.endswith("*") else held == pattern for pattern in patterns
    )


def _key_error(state: str) -> Reply:
    return Reply(200, {"Content-Type": "text/html"}, _KEY_PAGE.format(title=f"{state.capitalize()} Key").encode())


def _variables_json(flow: str) -> Reply:
    body = json.dumps({"variables": {name: {"label": name} for name in sorted(_variables(flow))}}, indent=2)
    return Reply(200, {"Content-Type": "application/json;charset=utf-8"}, body.encode())
