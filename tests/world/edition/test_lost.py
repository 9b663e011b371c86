"""What can no longer be read is told with what it costs, and a broken source leaves the others alone."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import date

import polars as pl
import pytest

from pipelines import archive, sources
from pipelines.edition import plan
from pipelines.errors import LodestoneError
from pipelines.intake import ledger
from pipelines.intake.curation import refresh
from pipelines.intake.snapshots import Snapshot, snapshots_of, standing_errors
from pipelines.settings import Settings
from pipelines.sources import load_source, source_names
from tests.copies import ask, december, newest, receive, status, table_hashes
from tests.small import CHINA, PRODUCTION, USGS, build, build_small, night


def others_are_ok(settings: Settings, broken: str) -> bool:
    found = ask(settings.edition, "select source, state from meta.source_status where source <> ?", broken)
    bundled = {name for name in source_names() if load_source(name).config.fetch is None}
    return all(state == "ok" for source, state in found if source in bundled)


def test_a_receipt_that_cannot_be_read_names_the_lines_it_costs(own: Settings) -> None:
    (receipt,) = own.raw.glob(f"{USGS}/bundled/receipts/*{PRODUCTION}.json")
    receipt.write_text("{", "utf-8")
    lines = len(newest(own, CHINA, "china_rare_earth_exports_monthly.csv"))
    assert lines
    edition = night(own)
    state, message = status(edition.path, USGS)
    assert state == "failed"
    for part in (str(receipt), f"lines of {PRODUCTION}, curated earlier", "restore data/raw/usgs_mcs"):
        assert part in message
    assert "the last good release stands" not in message
    assert ask(edition.path, "select count(*) from facts.production") == [(0,)]
    assert others_are_ok(own, USGS)


def test_a_source_whose_raw_folder_is_gone_names_every_line_it_costs(own: Settings) -> None:
    ((lines,),) = ask(own.edition, "select sum(lines) from meta.release where source = ?", CHINA)
    shutil.rmtree(own.raw / CHINA)
    edition = night(own)
    state, message = status(edition.path, CHINA)
    assert state == "failed"
    assert "not in the edition any more" in message
    counted = [int(word.replace(",", "")) for word, after in zip(message.split(), message.split()[1:], strict=False) if after == "lines"]
    assert sum(counted) == lines
    assert others_are_ok(own, CHINA)
    shutil.rmtree(own.curated / CHINA)
    assert "not in the edition any more" not in status(night(own).path, CHINA)[1]


def test_a_raw_file_that_is_gone_leaves_its_curated_figures_standing(own: Settings) -> None:
    (file,) = own.raw.glob(f"{USGS}/bundled/*/{PRODUCTION}")
    before = ask(own.edition, "select count(*) from facts.production")
    file.unlink()
    edition = night(own)
    state, message = status(edition.path, USGS)
    assert state == "failed"
    assert message.startswith("the last good release stands")
    assert ask(edition.path, "select count(*) from facts.production") == before


def test_a_source_yaml_that_cannot_be_read_leaves_the_other_sources_working(own: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    real = sources.load_source

    def broken(name: str) -> sources.Source:
        if name == CHINA:
            raise LodestoneError("source.yaml cannot be read (title is missing); restore it from version control")
        return real(name)

    monkeypatch.setattr(sources, "load_source", broken)
    monkeypatch.setattr(plan, "load_source", broken)
    assert {source.name for source in sources.readable_sources()} == set(source_names()) - {CHINA}
    edition = build(own)
    state, message = status(edition.path, CHINA)
    assert state == "failed"
    assert "source.yaml cannot be read" in message
    assert "not in the edition any more" in message
    assert others_are_ok(own, CHINA)


@pytest.mark.parametrize("raised", [RecursionError("too deep"), MemoryError(), KeyError("no such column")])
def test_whatever_is_raised_while_a_source_is_looked_at_leaves_the_others_working(
    own: Settings, monkeypatch: pytest.MonkeyPatch, raised: Exception
) -> None:
    def those_before(settings: Settings, source: sources.Source, *_: object, **__: object) -> list[Snapshot]:
        if source.name == CHINA:
            raise raised
        return snapshots_of(settings, source)

    monkeypatch.setattr(plan, "snapshots_of", those_before)
    edition = build(own)
    state, message = status(edition.path, CHINA)
    assert state == "failed"
    assert type(raised).__name__ in message
    assert others_are_ok(own, CHINA)


def test_before_anything_was_known_there_is_no_edition(own: Settings) -> None:
    with pytest.raises(LodestoneError, match="nothing was known as of 1900-01-01"):
        build(own, as_of=date(1900, 1, 1))
    early = build(own, as_of=date(2019, 6, 30))
    states = ask(early.path, "select distinct state from meta.source_status where message like 'nothing of it was known%'")
    assert states in ([], [("ok",)])


def test_a_kept_copy_counts_as_new_from_when_it_was_received(own: Settings) -> None:
    receive(own, USGS, PRODUCTION, newest(own, USGS, PRODUCTION).replace("Nigeria,NGA,2024,1500,", "Nigeria,NGA,2024,1600,"), december(3))
    edition = night(own)
    assert ask(edition.path, "select newest_known_from::date::varchar from meta.source_status where source = ?", USGS) == [("2026-12-03",)]


def test_nothing_is_forgotten_in_an_undisturbed_night(own: Settings) -> None:
    reports, edition = build_small(own)
    assert [report.errors for report in reports] == [[]] * len(reports)
    assert not edition.changed


DEEP = "[" * 200_000
UNREADABLE = {
    "no JSON": "{",
    "another shape": '{"requests": 1, "member": []}',
    "deeper than any reader goes": DEEP,
    "half a character": '{"source": "\\ud800"}',
    "no text": "\udcff",
    "a moment outside of the calendar": (
        '{"source": "us_census", "member": "x", "sha256": "", "size": 0, "channel": "fetched", "verb": "quarantine", "author": "x",'
        ' "reason": "x", "release_id": "1", "observed_at": "0001-01-01T00:00:00+05:00", "decided_at": "0001-01-01T00:00:00+05:00"}'
    ),
}


def test_a_plan_from_when_requests_were_called_questions_is_read(data: Settings) -> None:
    asked = (archive.PlannedRequest("imports-HS6-2836-2024-01.json", "", ("us_census/imports/2024-01",), ("2836",)),)
    visit = archive.begin_visit(data.raw, "us_census", "20261201T000000Z", asked)
    plan = data.raw / "us_census" / "fetched" / "visits" / visit.name / "plan.json"
    plan.write_text(plan.read_text("utf-8").replace('"requests"', '"questions"'), "utf-8")
    (read,) = archive.visits(data.raw, "us_census")
    assert read.requests == asked


@pytest.mark.parametrize("kind", UNREADABLE)
def test_what_cannot_be_read_of_an_archive_costs_itself_and_is_named(data: Settings, kind: str) -> None:
    source, folder = sources.load_source("us_census"), data.raw / "us_census"
    requests = tuple(
        archive.PlannedRequest(f"imports-HS6-2836-2024-0{n}.json", "", (f"us_census/imports/2024-0{n}",), ("2836",)) for n in (1, 2)
    )
    visit = archive.begin_visit(data.raw, "us_census", "20261201T000000Z", requests)
    for request in requests:
        answer = archive.Receipt("us_census", request.member, "0" * 64, 0, december(1), "fetched", visit=visit.name)
        archive.keep_answer(data.raw, answer, b"")
    archive.decide(data.raw, archive.Decision("us_census", "0" * 16, "accept", "a tester", "it is right", december(2)))
    receipts = folder / "fetched" / "visits" / visit.name / "receipts.jsonl"
    first, second = receipts.read_bytes().splitlines(keepends=True)
    text = UNREADABLE[kind].encode("utf-8", "surrogateescape")
    receipts.write_bytes(first + text + b"\n" + second)
    spoiled = {
        folder / "fetched" / "visits" / "20261202T000000Z" / "plan.json",
        folder / "fetched" / "receipts" / "20261202T000000Z-0-x.json",
        folder / "decisions" / "20261202T000000Z-1-hold.json",
        folder / "corrections" / "20261202T000000Z-1.json",
    }
    for path in spoiled:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text)
    copied = folder / "fetched" / "visits" / "copy" / "plan.json"
    copied.parent.mkdir()
    copied.write_text('{"requests": []}', "utf-8")

    (held,) = archive.visits(data.raw, "us_census")
    assert [receipt.member for receipt in held.receipts] == [request.member for request in requests]
    assert archive.decisions(data.raw, "us_census").keys() == {"0" * 16}
    message = standing_errors(snapshots_of(data, source))
    for path in {*spoiled, receipts, copied}:
        assert sum(str(path) in message for message in message) == 1, message
    assert any("receipts.jsonl line 2: " in message for message in message)
    assert archive.standing_trouble(data.raw, "us_census") is None


def test_receipts_of_a_visit_that_cannot_be_opened_cost_that_visit_and_are_named(data: Settings) -> None:
    source = sources.load_source("us_census")
    for number in (1, 2):
        member = f"imports-HS6-2836-2024-0{number}.json"
        request = archive.PlannedRequest(member, "", (f"us_census/imports/2024-0{number}",), ("2836",))
        visit = archive.begin_visit(data.raw, "us_census", f"2026120{number}T000000Z", (request,))
        answer = archive.Receipt("us_census", member, "0" * 64, 0, december(number), "fetched", visit=visit.name, stand_in=True)
        archive.keep_answer(data.raw, answer, b"")
        archive.note_trouble(data.raw, visit, december(number), "it is slow")
    lost = data.raw / "us_census" / "fetched" / "visits" / "20261201T000000Z"
    for name in ("receipts.jsonl", "troubles.jsonl"):
        (lost / name).unlink()
        (lost / name).mkdir()

    assert [visit.name for visit in archive.visits(data.raw, "us_census")] == ["20261202T000000Z"]
    (message,) = [message for message in standing_errors(snapshots_of(data, source)) if str(lost) in message]
    assert message.startswith(f"{lost / 'receipts.jsonl'}: the receipts of the visit cannot be read (Is a directory); ")
    assert archive.standing_trouble(data.raw, "us_census") is None
    assert archive.answered_by_stand_ins(data.raw) is True


def nothing(own: Settings, source: sources.Source) -> None:
    ledger.path_of(own, CHINA).unlink()


def empty(own: Settings, source: sources.Source) -> None:
    ledger.path_of(own, CHINA).write_bytes(b"")


def cut_short(own: Settings, source: sources.Source) -> None:
    path = ledger.path_of(own, CHINA)
    path.write_bytes(path.read_bytes()[:-100])


def of_another_shape(own: Settings, source: sources.Source) -> None:
    pl.DataFrame({"file": ["1"], "version": [source.version]}).write_parquet(ledger.path_of(own, CHINA))


def no_comparisons(own: Settings, source: sources.Source) -> None:
    path = own.curated / CHINA / "comparisons.parquet"
    path.write_bytes(path.read_bytes()[:-100])
    a_table_gone(own, source)


def a_table_gone(own: Settings, source: sources.Source) -> None:
    min((own.curated / CHINA).glob("*/*.parquet")).unlink()


def a_table_cut_short(own: Settings, source: sources.Source) -> None:
    path = min((own.curated / CHINA).glob("*/*.parquet"))
    path.write_bytes(path.read_bytes()[:-100])


@pytest.mark.parametrize(
    "spoil",
    [nothing, empty, cut_short, of_another_shape, no_comparisons, a_table_gone, a_table_cut_short],
    ids=lambda change: change.__name__,
)
def test_what_was_curated_and_can_no_longer_be_read_is_curated_again(
    own: Settings, spoil: Callable[[Settings, sources.Source], None]
) -> None:
    before = table_hashes(own.edition)
    source = sources.load_source(CHINA)
    spoil(own, source)
    again = refresh(own, source)
    assert (again.errors, again.failed, again.rejected) == ([], [], 0)
    assert again.curated_now > 0
    assert refresh(own, source).curated_now == 0
    own.edition.unlink()
    assert table_hashes(night(own).path) == before
