"""Requests to the stand-in of the US Census Bureau, asked over HTTP."""

from __future__ import annotations

import httpx

from pipelines.rehearsal.server import Offices
from tests.waiting import PATIENCE

IMPORTS = "/us_census/data/timeseries/intltrade/imports/hs"
EXPORTS = "/us_census/data/timeseries/intltrade/exports/hs"
GET = "I_COMMODITY,CTY_CODE,GEN_VAL_MO,GEN_QY1_MO,GEN_QY1_MO_FLAG,UNIT_QY1,SUMMARY_LVL"

Pairs = list[tuple[str, str]]


def request(*pairs: tuple[str, str], get: str = GET, time: str = "2024-02", key: str | None = "rehearsal") -> Pairs:
    """A whole request: what to get, the filters in their order, the month, the key."""
    secret = [] if key is None else [("key", key)]
    return [("get", get), *pairs, ("time", time), *secret]


def ask(offices: Offices, pairs: Pairs, path: str = IMPORTS) -> httpx.Response:
    return httpx.get(offices.address + path, params=pairs, timeout=PATIENCE)


def rows(offices: Offices, pairs: Pairs, path: str = IMPORTS) -> list[dict[str, str | None]]:
    """The rows of a good answer; of columns that stand twice the last."""
    answer = ask(offices, pairs, path)
    assert answer.status_code == 200, answer.text
    header, *lines = answer.json()
    return [dict(zip(header, line, strict=True)) for line in lines]
