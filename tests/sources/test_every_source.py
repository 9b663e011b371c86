"""What holds for every source alike."""

from __future__ import annotations

import importlib
from typing import Any

import polars as pl
import pytest

from pipelines import curation
from pipelines.curation import gated
from pipelines.errors import LodestoneError
from pipelines.sources import load_source, source_names
from pipelines.tables import curated as models
from tests.sources.bundled import copies, curated, judged, lines

MEMBERS = [
    (name, member) for name in source_names() if load_source(name).config.fetch is None for member in load_source(name).config.members
]
CONTRACTS = [
    (name, kind, contract)
    for name in source_names()
    for kind, contract in importlib.import_module(f"pipelines.sources.{name}.contract").CONTRACTS.items()
]
COPIES = [(source, member, copy) for source, member in MEMBERS for copy in range(len(copies(source, member)))]


@pytest.mark.parametrize(("source", "member", "copy"), COPIES)
def test_every_line_of_every_bundled_copy_is_accepted_or_kept_with_a_reason_and_today_all_are_accepted(source, member, copy):
    found, received = judged(source, member, copy), lines(source, member, copy)
    assert found.accepted.height + found.rejected.height == received.height
    assert found.rejected.is_empty()


@pytest.mark.parametrize(("source", "member"), MEMBERS)
def test_every_accepted_line_stands_in_a_curated_table(source, member):
    stands = {row for table in curated(source, member).values() for row in table["source_row"]}
    assert stands == set(lines(source, member)["source_row"])


@pytest.mark.parametrize("name", source_names())
def test_a_source_names_its_publisher_its_terms_and_how_to_cite_it(name):
    config = load_source(name).config
    assert config.publisher
    assert config.licence
    assert config.citation
    assert config.redistributable, "what may not be passed on must not be bundled"


PATTERNS = [
    (contract.__name__, name, check.statistics["pattern"])
    for _, _, contract in CONTRACTS
    for name, column in contract.to_schema().columns.items()
    for check in column.checks
    if "pattern" in (check.statistics or {})
]


@pytest.mark.parametrize(("contract", "column", "pattern"), PATTERNS)
def test_a_pattern_takes_no_digits_but_those_of_ascii(contract: str, column: str, pattern: str):
    texts = [
        "2019-05",
        "2019-05-01",
        "2019",
        "2019-01/2019-05",
        "2836910000",
        "283691",
        "58",
        "<5",
        "58.5",
        "70-85",
        "PE004",
        "OFR2025-1234",
    ]
    matched = pl.Series([text for text in texts if pl.Series([text]).str.contains(pattern).item()], dtype=pl.String)
    full_width = matched.str.replace_many({digit: chr(0xFF10 + int(digit)) for digit in "4589"})
    assert not full_width.filter(full_width != matched).str.contains(pattern).any()


@pytest.mark.parametrize(("source", "member"), MEMBERS)
def test_no_number_that_its_column_can_hold_stops_the_curation(source: str, member: str):
    """Each measure in turn is the largest, and the smallest, that its type can hold: the line is accepted or rejected by name."""
    rows = lines(source, member).drop("known_from", "known_from_basis")
    schema = load_source(source).contract(member).to_schema().columns
    for name in [name for name, column in schema.items() if column.dtype.type != pl.String]:
        for text in _extremes(schema[name].dtype.type):
            spoiled = rows.with_columns(pl.when(pl.int_range(pl.len()) == 0).then(pl.lit(text)).otherwise(pl.col(name)).alias(name))
            verdict, tables = gated(load_source(source), member, spoiled)
            stands = {row for table in tables.values() for row in table["source_row"]}
            refused = verdict.rejected.filter(pl.col("source_row") == rows["source_row"][0])
            assert (rows["source_row"][0] in stands) != (refused.height == 1), (name, text)
            assert all(name in reason for reason in refused["reasons"]), (name, text)
            assert verdict.rejected.height <= 2, (name, text)


def _extremes(dtype: Any) -> list[str]:
    if isinstance(dtype, pl.Decimal):
        whole = "9" * (dtype.precision - dtype.scale)
        return [f"{whole}.{'9' * dtype.scale}", f"-{whole}", f"{whole}9", "0"]
    return ["2147483647", "-2147483648", "9" * 30, "0"]


@pytest.mark.parametrize("broken", ["judge", "conform"])
def test_what_fails_on_a_whole_file_rejects_its_lines_by_name_and_no_other_file(monkeypatch: pytest.MonkeyPatch, broken: str):
    source, member = MEMBERS[0]
    rows = lines(source, member).drop("known_from", "known_from_basis")
    other = rows.with_columns(source_member=pl.lit("other.csv"), period=pl.lit("1999"), period_type=pl.lit("year"))
    real = curation.judge if broken == "judge" else importlib.import_module(f"pipelines.sources.{source}.conform").conform

    def fails(*given: Any) -> Any:
        frame = given[0] if broken == "judge" else given[1]
        if "other.csv" in frame["source_member"]:
            raise RuntimeError("a rule of Pandera, or a cast of Polars")
        return real(*given)

    if broken == "judge":
        monkeypatch.setattr(curation, "judge", fails)
    else:
        monkeypatch.setattr(f"pipelines.sources.{source}.conform.conform", fails)
    verdict, tables = gated(load_source(source), member, pl.concat([rows, other.head(3)]))
    assert verdict.accepted.height == rows.height
    assert set(verdict.rejected["source_member"]) == {"other.csv"}
    assert verdict.rejected["source_row"].to_list() == other["source_row"].to_list()[:3]
    assert all("a rule of Pandera, or a cast of Polars" in reason for reason in verdict.rejected["reasons"])
    assert {row for table in tables.values() for row in table["source_row"]} == set(rows["source_row"])


@pytest.mark.parametrize(("source", "member"), MEMBERS)
def test_every_curated_row_is_as_its_model_says(source: str, member: str):
    for name, frame in curated(source, member).items():
        model = getattr(models, name.title().replace("_", ""))
        assert model.validate(frame).height == frame.height


def test_a_source_that_makes_a_table_otherwise_than_its_model_is_told_in_what(monkeypatch: pytest.MonkeyPatch):
    source, member = MEMBERS[0]
    conform = importlib.import_module(f"pipelines.sources.{source}.conform")
    real, accepted = conform.conform, judged(source, member).accepted
    odd = {name: frame.with_columns(page_tier=pl.lit("1")).drop("note") for name, frame in real(member, accepted).items()}
    for made, told in [
        (odd, "note is missing and should be String, page_tier is String and should be Int32"),
        ({"notes": accepted}, "makes 'notes', which is not among its TABLES"),
    ]:
        monkeypatch.setattr(conform, "conform", lambda *_, made=made: made)
        with pytest.raises(LodestoneError) as refused:
            load_source(source).conform(member, accepted)
        assert told in str(refused.value)
