"""Answers that make a slice together: each is read and judged once, and what they file stands once, in whatever files it comes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from pipelines.intake.release import content_of
from pipelines.intake.snapshots import parts_of
from pipelines.rehearsal.faults import Delivery
from pipelines.rehearsal.server import Offices
from pipelines.rehearsal.us_census_stand_in import UsCensus
from pipelines.settings import Settings
from pipelines.sources import Source, load_source
from pipelines.sources.us_census import slices
from tests.nights import ask, curate
from tests.unit.sources.us_census.asked import CHILE, CHINA, answers, cell, office

SELECTION = "283691,850511"
LITHIUM, MAGNETS = "2836910012", "8505110050"
ONE_NIGHT, ANOTHER = "2024-03-20T02:00:00", "2024-03-21T02:00:00"


def filed(magnets: str, months: tuple[str, ...] = ("2024-01",)) -> UsCensus:
    """Lithium and magnets of two countries."""
    cells = [cell(LITHIUM, country, month) for month in months for country in (CHILE, CHINA)]
    return office(*cells, *(cell(MAGNETS, CHINA, month, GEN_VAL_MO=magnets) for month in months))


@pytest.fixture
def offices(monkeypatch: pytest.MonkeyPatch) -> Iterator[Offices]:
    monkeypatch.setenv("LODESTONE_SELECTION", SELECTION)
    with Offices({"us_census": filed("900")}) as found:
        yield found


def night(data: Settings, offices: Offices, now: str) -> int:
    """How many parts a night brought."""
    ask(data, offices, now, SELECTION)
    found = curate(data, offices, now, "us_census", SELECTION)
    assert found.errors == []
    return found.curated_now


def curated(data: Settings) -> dict[str, pl.DataFrame]:
    """The trade lines of every curated folder of the Bureau, by its name."""
    return {path.parent.name: pl.read_parquet(path) for path in (data.curated / "us_census").glob("*/trade_line.parquet")}


def test_where_one_answer_of_a_month_changed_its_rows_alone_are_read_and_written(
    tmp_path: Path, offices: Offices, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = Settings(tmp_path / "data")
    read: Counter[str] = Counter()
    real = Source.parse

    def parse(source: Source, member: str, body: bytes) -> pl.DataFrame:
        read[member] += 1
        return real(source, member, body)

    monkeypatch.setattr(Source, "parse", parse)
    assert night(data, offices, "2024-03-19T02:00:00") > 0  # asks every month there may be, and later nights the newest alone
    assert night(data, offices, ONE_NIGHT) == 0
    assert set(read.values()) == {1}, "each answer is read once"
    read.clear()
    before = curated(data)
    offices.replace("us_census", filed("800"))
    night(data, offices, ANOTHER)
    assert {member.split("-")[2] for member in read} == {"8505"}, "no answer that is known already is read again"
    (new,) = curated(data).keys() - before.keys()
    assert set(curated(data)[new]["code"].str.slice(0, 4)) == {"8505"}


def test_a_fingerprint_does_not_depend_on_how_rows_are_spread_over_files() -> None:
    rows = pl.DataFrame(
        {
            "country": ["CHN", "CHL", None, "CHL"],
            "value": ["1", "2", "3", "2"],
            "source_row": [2, 3, 4, 5],
            "source_member": ["a", "a", "b", "b"],
            "slice": "us_census/imports/2024-01",
            "known_from": pl.Series([None] * 4, dtype=pl.Datetime("us")),
            "known_from_basis": "held",
        }
    )
    source = load_source("us_census")

    def fingerprint_of(*members: str, of: pl.DataFrame = rows) -> str:
        spread = of.with_columns(source_member=pl.Series(members))
        return content_of(source.name, tuple(parts_of(source, spread))).fingerprint

    whole = fingerprint_of("a", "a", "a", "a")
    assert {fingerprint_of(*members) for members in ("aabb", "abab", "abcd")} == {whole}
    assert fingerprint_of("a", "a", "b", "b", of=rows[::-1]) == whole
    twice_less = rows.with_columns(value=pl.Series(["1", "2", "3", "1"]))
    moved = rows.rename({"country": "value", "value": "country"})
    assert len({whole, fingerprint_of("a", "a", "a", "a", of=twice_less), fingerprint_of("a", "a", "a", "a", of=moved)}) == 3


def test_a_figure_that_two_answers_file_fails_its_month(tmp_path: Path, offices: Offices, monkeypatch: pytest.MonkeyPatch) -> None:
    data = Settings(tmp_path / "data")
    monkeypatch.setattr(slices, "_refuse_what_was_not_asked", lambda *_: None)  # as of an office whose answers overlap
    night(data, offices, ONE_NIGHT)

    def lithium_among_magnets(delivery: Delivery) -> Delivery:
        message = delivery.reply.body.replace(MAGNETS.encode(), LITHIUM.encode())
        return replace(delivery, reply=replace(delivery.reply, body=message))

    offices.faults.add(lithium_among_magnets, "us_census", r"imports/hs.*8505")
    ask(data, offices, ANOTHER, SELECTION)
    (message,) = {
        message
        for message in curate(data, offices, ANOTHER, "us_census", SELECTION).failed
        if message.startswith("us_census/imports/2024-01")
    }
    assert f"trade_line of imports, {LITHIUM}, - stands in two answers: " in message
    assert message.count(" line ") == 2


def test_an_answer_is_read_alike_whole_and_a_row_at_a_time() -> None:
    source = load_source("us_census")
    for member, body in answers(filed("900"), ("2024-01",), SELECTION.split(",")):
        if body:
            whole = source.parse(member, body)
            by_row = source.parse(member, body.replace(b"\n", b"\r\n"))  # another layout than offices print
            assert whole.equals(by_row)
            assert whole["source_row"].to_list() == list(range(2, whole.height + 2))
