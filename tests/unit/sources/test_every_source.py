"""What holds for every source alike."""

from __future__ import annotations

import importlib
import tracemalloc
from collections.abc import Callable
from typing import Any

import polars as pl
import pytest

from pipelines import archive
from pipelines.errors import LodestoneError
from pipelines.intake import curation, gate, ledger, sift
from pipelines.intake.curation import refresh
from pipelines.intake.gate import judge
from pipelines.intake.sift import gated
from pipelines.intake.snapshots import Read
from pipelines.model import curated as models
from pipelines.model.vocabulary import known_codes
from pipelines.settings import Settings
from pipelines.sources import Source, load_source, source_names
from tests.unit.sources.bundled import copies, curated, judged, lines

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
    standing = {row for table in curated(source, member).values() for row in table["source_row"]}
    assert standing == set(lines(source, member)["source_row"])


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
            standing = {row for table in tables.values() for row in table["source_row"]}
            refused = verdict.rejected.filter(pl.col("source_row") == rows["source_row"][0])
            assert (rows["source_row"][0] in standing) != (refused.height == 1), (name, text)
            assert all(name in reason for reason in refused["reasons"]), (name, text)
            assert verdict.rejected.height <= 2, (name, text)


def _extremes(dtype: Any) -> list[str]:
    if isinstance(dtype, pl.Decimal):
        whole = "9" * (dtype.precision - dtype.scale)
        return [f"{whole}.{'9' * dtype.scale}", f"-{whole}", f"{whole}9", "0"]
    return ["2147483647", "-2147483648", "9" * 30, "0"]


@pytest.mark.parametrize("broken", ["judge", "conform"])
def test_what_fails_on_all_lines_of_a_file_rejects_them_by_name_and_no_other_file(monkeypatch: pytest.MonkeyPatch, broken: str):
    source, member = MEMBERS[0]
    rows = lines(source, member).drop("known_from", "known_from_basis")
    other = _other_file(rows)
    real = sift.judge if broken == "judge" else importlib.import_module(f"pipelines.sources.{source}.conform").conform

    def fails(*given: Any) -> Any:
        frame = given[0] if broken == "judge" else given[1]
        if "other.csv" in frame["source_member"]:
            raise RuntimeError("a rule of Pandera, or a cast of Polars")
        return real(*given)

    if broken == "judge":
        monkeypatch.setattr(sift, "judge", fails)
    else:
        monkeypatch.setattr(f"pipelines.sources.{source}.conform.conform", fails)
    verdict, tables = gated(load_source(source), member, pl.concat([rows, other]))
    assert verdict.accepted.height == rows.height
    assert set(verdict.rejected["source_member"]) == {"other.csv"}
    assert verdict.rejected["source_row"].to_list() == other["source_row"].to_list()
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
    for made, message in [
        (odd, "note is missing and should be String, page_tier is String and should be Int32"),
        ({"notes": accepted}, "makes 'notes', which is not among its TABLES"),
    ]:
        monkeypatch.setattr(conform, "conform", lambda *_, made=made: made)
        with pytest.raises(LodestoneError) as refused:
            load_source(source).conform(member, accepted)
        assert message in str(refused.value)


def _other_file(rows: pl.DataFrame) -> pl.DataFrame:
    """Three lines of another file, each with a key of its own."""
    lines = rows.unique("url", keep="first", maintain_order=True).head(3)
    return lines.with_columns(source_member=pl.lit("other.csv"), period=pl.lit("1999"), period_type=pl.lit("year"))


def _fails_with(monkeypatch: pytest.MonkeyPatch, broken: str, fails: Callable[[pl.DataFrame], bool]) -> tuple[str, str, pl.DataFrame]:
    """A source, a kind of its files and their rows, whose judge or conform raises for some frames what nobody foresaw."""
    source, member = MEMBERS[0]
    module, place = (sift, 0) if broken == "judge" else (importlib.import_module(f"pipelines.sources.{source}.conform"), 1)
    real = getattr(module, broken)

    def called(*given: Any) -> Any:
        if fails(given[place]):
            raise ZeroDivisionError("nobody foresaw this")
        return real(*given)

    monkeypatch.setattr(module, broken, called)
    return source, member, lines(source, member).drop("known_from", "known_from_basis")


@pytest.mark.parametrize("broken", ["judge", "conform"])
def test_a_line_on_which_code_fails_is_rejected_by_name_with_what_it_holds_and_no_other(monkeypatch: pytest.MonkeyPatch, broken: str):
    source, member, rows = _fails_with(monkeypatch, broken, lambda frame: bool(frame["source_row"].is_in([7, 20]).any()))
    verdict, tables = gated(load_source(source), member, rows)
    assert verdict.rejected.select("source_member", "source_row").rows() == [(member, 7), (member, 20)]
    for number, message in verdict.rejected.select("source_row", "reasons").rows():
        (row,) = rows.filter(source_row=number).to_dicts()
        assert all(part in message for part in ("ZeroDivisionError: nobody foresaw this", f"period {row['period']!r}", "correct it, or"))
    assert {row for table in tables.values() for row in table["source_row"]} == set(rows["source_row"]) - {7, 20}


@pytest.mark.parametrize("broken", ["judge", "conform"])
def test_code_that_fails_on_every_frame_rejects_all_lines_by_name(monkeypatch: pytest.MonkeyPatch, broken: str):
    source, member, rows = _fails_with(monkeypatch, broken, lambda frame: True)
    verdict, tables = gated(load_source(source), member, rows)
    assert (verdict.accepted.height, tables) == (0, {})
    assert verdict.rejected["source_row"].to_list() == rows["source_row"].to_list()
    assert all("the file cannot be judged (ZeroDivisionError: nobody foresaw this)" in message for message in verdict.rejected["reasons"])


def test_a_file_of_which_more_lines_fail_than_can_be_found_one_by_one_is_rejected_as_a_whole(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sift, "MOST_LINES_BLAMED", 3)
    source, member, rows = _fails_with(monkeypatch, "conform", lambda frame: bool(frame["source_row"].is_between(10, 13).any()))
    verdict, _ = gated(load_source(source), member, pl.concat([rows, _other_file(rows)]))
    assert set(verdict.rejected["source_member"]) == {member}
    assert all(f"more than 3 lines fail, e.g. {member} line 10: ZeroDivisionError" in message for message in verdict.rejected["reasons"])
    assert verdict.accepted["source_member"].to_list() == ["other.csv"] * 3


def test_a_look_that_cannot_be_curated_is_told_by_name_and_stops_no_other(data: Settings, monkeypatch: pytest.MonkeyPatch):
    source, member = load_source(MEMBERS[0][0]), MEMBERS[0][1]
    real = curation.entered

    def fails(settings: Settings, source: Source, receipt: archive.Receipt, *given: Any) -> tuple[ledger.Entry, Read | None]:
        if receipt.member == member:
            raise ZeroDivisionError("nobody foresaw this")
        return real(settings, source, receipt, *given)

    monkeypatch.setattr(curation, "entered", fails)
    report = refresh(data, source)
    assert all(f"-{member}: it cannot be curated (ZeroDivisionError: nobody foresaw this)" in error for error in report.errors)
    assert report.errors
    others = {other for other in source.config.members if other != member}
    assert {part.member for file in ledger.read(data, source).files.values() for part in file.parts} == others


@pytest.mark.parametrize("rows_at_once", [1, 7, 1_000_000])
def test_rows_are_judged_alike_however_many_at_once(monkeypatch: pytest.MonkeyPatch, rows_at_once: int):
    """Both lines of a doubled key are rejected wherever they stand, and each wrong line with all its reasons."""
    source, member = MEMBERS[0]
    rows = lines(source, member).drop("known_from", "known_from_basis").head(40)
    line = pl.col("source_row")
    spoiled = rows.with_columns(
        period=pl.when(line == line.max()).then(pl.col("period").first()).otherwise("period"),
        url=pl.when(line == line.max())
        .then(pl.col("url").first())
        .when(line == 9)
        .then(pl.lit("https://nobody.example/"))
        .otherwise("url"),
        period_type=pl.when(line == line.max()).then(pl.col("period_type").first()).otherwise("period_type"),
        tonnes=pl.when(line.is_in([9, 12])).then(pl.lit("many")).otherwise("tonnes"),
    )
    monkeypatch.setattr(gate, "ROWS_JUDGED_AT_ONCE", rows_at_once)
    found = judge(spoiled, load_source(source).contract(member), known_codes())
    reasons = dict(found.rejected.select("source_row", "reasons").iter_rows())
    assert reasons.keys() == {2, 9, 12, 41}
    assert "stands on more than one line" in reasons[2]
    assert "stands on more than one line" in reasons[41]
    assert "tonnes 'many'" in reasons[9]
    assert "nobody.example" in reasons[9]
    codes = dict(found.rejected.select("source_row", "reason_codes").iter_rows())
    no_level = "broken_rule_of_line tonnes:not_a_number"
    assert codes == {2: "doubled_key", 9: f"{no_level} url:unknown_code", 12: no_level, 41: "doubled_key"}
    assert found.accepted["source_row"].to_list() == [number for number in range(2, 42) if number not in reasons]


def test_the_reasons_of_a_file_wrong_in_every_row_are_never_all_in_memory_as_objects(monkeypatch: pytest.MonkeyPatch):
    source, member = MEMBERS[0]
    rows = lines(source, member).drop("known_from", "known_from_basis").head(50).with_columns(tonnes=pl.lit("many"))
    judge(rows, load_source(source).contract(member), known_codes())  # what is only made once, and kept, does not count
    peaks = {}
    for rows_at_once in (100, 1_000_000):
        monkeypatch.setattr(gate, "ROWS_JUDGED_AT_ONCE", rows_at_once)
        tracemalloc.start()
        judge(pl.concat([rows] * 40), load_source(source).contract(member), known_codes())
        peaks[rows_at_once] = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peaks[100] < peaks[1_000_000] / 3
