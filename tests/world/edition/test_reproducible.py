"""Same input, same output: byte for byte in the curated files, row for row in the edition. And only what is new is done."""

from __future__ import annotations

import hashlib
import shutil
from collections import Counter
from pathlib import Path

import polars as pl
import pytest

from pipelines import archive
from pipelines.intake import snapshots
from pipelines.intake.curation import refresh
from pipelines.settings import Settings
from pipelines.sources import Source, load_source, source_names
from tests.copies import JUNE_2019, december, file_hashes, newest, receive, revise, table_hashes
from tests.small import CHINA, MEMBERS, RARE_EARTHS, build, build_small, night


def test_raw_files_alone_give_the_same_files_and_tables_again(own: Settings) -> None:
    curated, tables, raw = file_hashes(own.curated), table_hashes(own.edition), file_hashes(own.raw)
    shutil.rmtree(own.curated)
    own.edition.unlink()
    assert night(own).changed
    assert file_hashes(own.curated) == curated
    assert table_hashes(own.edition) == tables
    assert file_hashes(own.raw) == raw


def test_a_night_with_nothing_new_curates_nothing_and_leaves_the_edition_where_it_is(own: Settings) -> None:
    before, files = own.edition.stat(), stamps(own)
    refreshed, edition = build_small(own)
    assert {report.curated_now for report in refreshed} == {0}
    assert not edition.changed
    assert (own.edition.stat().st_ino, own.edition.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert stamps(own) == files


def test_seeing_the_same_bytes_again_changes_no_fact(own: Settings) -> None:
    before = table_hashes(own.edition)
    receive(own, CHINA, RARE_EARTHS, newest(own, CHINA, RARE_EARTHS), december(1))
    refreshed, _ = build_small(own)
    assert {report.curated_now for report in refreshed} == {0}
    after = table_hashes(own.edition)
    assert {name for name in after if after[name] != before[name]} <= {'main."source_status"', 'meta."source_status"'}


def test_one_revised_line_curates_one_release(own: Settings) -> None:
    before = stamps(own)
    revise(own, CHINA, RARE_EARTHS, {JUNE_2019: "2019-06,3967,"}, december(1))
    curated_now = {name: refresh(own, load_source(name)).curated_now for name in MEMBERS}
    assert curated_now == dict.fromkeys(MEMBERS, 0) | {"china_customs_bulletin": 1}
    after = stamps(own)
    assert {path for path in before if after[path] != before[path]} == {f"{CHINA}/{name}.parquet" for name in ("ledger", "comparisons")}
    (new,) = {own.curated / Path(path).parent for path in after.keys() - before.keys()}
    assert new.parent.name == CHINA
    assert [pl.read_parquet(path).height for path in new.glob("bulletin_*.parquet")] == [1]
    assert build(own).changed


def test_columns_in_another_order_and_other_line_ends_are_no_new_release(own: Settings) -> None:
    lines = newest(own, CHINA, RARE_EARTHS).splitlines()
    receive(own, CHINA, RARE_EARTHS, "\r\n".join(lines) + "\r\n", december(1))
    assert refresh(own, load_source(CHINA)).curated_now == 0


def stamps(settings: Settings) -> dict[str, tuple[int, int]]:
    """Inode and time of every curated file: another one means that it was written again."""
    found = {path: path.stat() for path in settings.curated.rglob("*") if path.is_file()}
    return {path.relative_to(settings.curated).as_posix(): (stat.st_ino, stat.st_mtime_ns) for path, stat in found.items()}


def test_a_raw_file_is_read_once_and_its_rows_written_once(data: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: Counter[tuple[str, str]] = Counter()
    real = Source.parse

    def parse(source: Source, member: str, body: bytes) -> pl.DataFrame:
        parsed[source.name, hashlib.sha256(body).hexdigest()] += 1
        return real(source, member, body)

    monkeypatch.setattr(Source, "parse", parse)
    build_small(data)
    held = {(receipt.source, receipt.sha256) for name in source_names() for receipt in archive.receipts(data.raw, name)}
    assert parsed == Counter(held)
    assert len(list(data.curated.glob("*/*/"))) <= len(held), "a folder a file that brought something new"
    revise(data, CHINA, RARE_EARTHS, {JUNE_2019: "2019-06,3967,"}, december(1))
    build_small(data)
    assert parsed.total() == len(held) + 1


def test_a_look_that_cannot_be_read_is_tried_once_a_run(data: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    tried: Counter[str] = Counter()
    real = snapshots.read_member

    def read_member(settings: Settings, source: Source, receipt: archive.Receipt) -> pl.DataFrame:
        tried[receipt.receipt_id] += 1
        return real(settings, source, receipt)

    monkeypatch.setattr(snapshots, "read_member", read_member)
    lost = [copy for copy in archive.receipts(data.raw, CHINA) if copy.member == RARE_EARTHS][-1]
    body = lost.path(data.raw).read_bytes()
    lost.path(data.raw).unlink()
    for runs in (1, 2):
        (message,) = refresh(data, load_source(CHINA)).errors
        assert f"{lost.path(data.raw)}: the raw file cannot be read" in message
        assert tried[lost.receipt_id] == runs
    assert set(tried.values()) == {1, 2}
    lost.path(data.raw).write_bytes(body)
    assert refresh(data, load_source(CHINA)).errors == []
