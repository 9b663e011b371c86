"""What the stand-in of the US Census Bureau answers to the requests of `fetch`, read and judged as a night does it, without HTTP."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import polars as pl

from pipelines.intake.gate import Judged, judge
from pipelines.model.vocabulary import known_codes
from pipelines.rehearsal.office import Reply
from pipelines.rehearsal.us_census_stand_in import KEY, Cell, UsCensus, rolled_up
from pipelines.selection import Selection
from pipelines.sources import load_source
from pipelines.sources.request import Answer, Request

CHILE, CHINA = "3370", "5700"
LITHIUM = "2836910012"


def cell(code: str = LITHIUM, country: str = CHILE, month: str = "2024-02", flow: str = "imports", **values: str | None) -> Cell:
    """A row of imports or exports worth 900 and weighing 60 kilograms, but for the variables named."""
    if flow == "exports":
        filed = {"ALL_VAL_MO": "900", "QTY_1_MO": "60", "QTY_1_MO_FLAG": "-"}
    else:
        filed = {
            "GEN_VAL_MO": "900",
            "GEN_CIF_MO": "950",
            "CON_VAL_MO": "800",
            "GEN_QY1_MO": "60",
            "GEN_QY1_MO_FLAG": "-",
            "CON_QY1_MO": "50",
            "CON_QY1_MO_FLAG": "-",
        }
    group = "CGP" if country in ("0003", "4XXX") else "DET"
    held = {**filed, "UNIT_QY1": "KG", **values}
    return Cell(flow, code, month, country, f"COUNTRY {country}", held, "A GOOD", group)  # type: ignore[arg-type]


def office(*cells: Cell) -> UsCensus:
    """The Bureau with these rows and those it computes above them."""
    return UsCensus(rolled_up(cells))


def requests(months: Sequence[str] = ("2024-02",), codes: Iterable[str] = ("283691",)) -> list[Request]:
    """The requests for some months of a selection."""
    return load_source("us_census").requests(months, Selection(frozenset(codes)))


def reply(bureau: UsCensus, request: Request) -> Reply:
    """What the Bureau says to a request."""
    return bureau.answer(request.url.removeprefix("https://api.census.gov"), [*request.params, ("key", KEY)], {})


def answers(bureau: UsCensus, months: Sequence[str] = ("2024-02",), codes: Iterable[str] = ("283691",)) -> Iterator[tuple[str, bytes]]:
    """Member and body of every answer, once it was recognised as good."""
    source = load_source("us_census")
    for request in requests(months, codes):
        said = reply(bureau, request)
        source.recognise(request.member, Answer(said.status, dict(said.headers), said.body, request.url, unchanged=False))
        yield request.member, said.body


def judged(bodies: Iterable[tuple[str, bytes]], kind: str = "imports") -> Judged:
    """The gate's judgement on the answers of one kind together."""
    source = load_source("us_census")
    frames = []
    for member, body in bodies:
        if source.kind(member) == kind:
            frame = source.slices(member, source.parse(member, body)).drop("known_from", "known_from_basis")
            frames.append(frame.with_columns(slice=pl.concat_str(pl.lit(f"us_census/{kind}/"), "slice"), source_member=pl.lit(member)))
    return judge(pl.concat(frames), source.contract(kind), known_codes())


def trade_lines(bodies: Iterable[tuple[str, bytes]], kind: str = "imports") -> pl.DataFrame:
    """The curated lines of the answers of one kind; fails where the gate rejected a row."""
    found = judged(bodies, kind)
    assert found.rejected.is_empty(), found.rejected["reasons"].to_list()
    return load_source("us_census").conform(kind, found.accepted)["trade_line"]


def line(lines: pl.DataFrame, **wanted: str) -> dict[str, object]:
    """The one line with these values."""
    (row,) = lines.filter(*(pl.col(name) == value for name, value in wanted.items())).to_dicts()
    return row
