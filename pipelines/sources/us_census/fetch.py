"""Which requests bring US trade of some months, and how a good answer is told. Nothing is read or judged here.

One call takes one heading, one level and at most one calendar year: larger ones time out. Both levels are asked for:
quantities exist at ten digits only, and the six digits are what the ten must add up to.
"""

from __future__ import annotations

from collections.abc import Sequence

from pipelines.errors import BadFile
from pipelines.periods import months_between, runs
from pipelines.readers.json_rows import BYTE_ORDER_MARK
from pipelines.selection import Selection
from pipelines.sources.request import Answer, Request
from pipelines.sources.us_census.contract import CODE

ADDRESS = "https://api.census.gov/data/timeseries/intltrade"
SIGN_UP = "https://api.census.gov/data/key_signup.html"
KEY = ("key", "LODESTONE_US_CENSUS_KEY")

ASKED_FOR = {
    "imports": (
        "I_COMMODITY,I_COMMODITY_SDESC,CTY_CODE,CTY_NAME,GEN_VAL_MO,GEN_CIF_MO,CON_VAL_MO,GEN_QY1_MO,GEN_QY1_MO_FLAG,"
        "CON_QY1_MO,CON_QY1_MO_FLAG,UNIT_QY1,SUMMARY_LVL"
    ),
    "exports": "E_COMMODITY,E_COMMODITY_SDESC,CTY_CODE,CTY_NAME,ALL_VAL_MO,QTY_1_MO,QTY_1_MO_FLAG,UNIT_QY1,SUMMARY_LVL",
}
LEVELS = ("HS10", "HS6")


def requests(months: Sequence[str], selection: Selection) -> list[Request]:
    """A request for each flow, unbroken run of months within a year, heading and level."""
    return [
        _request(flow, level, heading, first, last)
        for first, last in runs(months, cut_at_new_year=True)
        for flow in CODE
        for heading in selection.headings
        for level in LEVELS
    ]


def _request(flow: str, level: str, heading: str, first: str, last: str) -> Request:
    return Request(
        member=f"{flow}-{level}-{heading}-{first}_{last}.json",
        url=f"{ADDRESS}/{flow}/hs",
        params=(
            ("get", ASKED_FOR[flow]),
            (CODE[flow], f"{heading}*"),
            ("COMM_LVL", level),
            ("SUMMARY_LVL", "DET"),
            ("time", f"from {first} to {last}"),
        ),
        secret=KEY,
        sign_up=SIGN_UP,
        slices=tuple(f"us_census/{flow}/{month}" for month in months_between(first, last)),
        asked=(heading,),
    )


def recognise(member: str, answer: Answer) -> None:
    """Raise `BadFile` unless the answer is rows, or the empty 204 that means that nothing was found."""
    body = answer.body.removeprefix(BYTE_ORDER_MARK).lstrip()
    if answer.status == 204 and not body:
        return
    shown = body[:200].decode("utf-8", errors="replace")
    if b"Missing Key" in body or b"Invalid Key" in body:
        raise BadFile(
            member, 1, shown, "the office does not know the key", f"check {KEY[1]}; a key comes from {SIGN_UP} and must be activated"
        )
    if not body.startswith(b"["):
        raise BadFile(member, 1, shown, "the answer is not the rows that were asked for", "ask again later, or see what the address shows")
    end = body.rstrip()[-1_000:]
    if not (end.endswith(b"]") and end[:-1].rstrip().endswith(b"]")):  # that of the answer, and that of the last row
        raise BadFile(member, body.count(b"\n") + 1, body[-80:].decode("utf-8", errors="replace"), "the answer ends too early", "ask again")
