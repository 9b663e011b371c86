"""What stand-ins answered is told from what offices answered, everywhere, and never mixed with it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pipelines import archive
from pipelines.edition.open import read_only
from pipelines.errors import LodestoneError
from pipelines.settings import Settings
from tests.building import Run
from tests.copies import file_hashes
from tests.nights import OFFICES
from tests.offices_asked import LATER, answered
from tests.rehearsal import FIRST_NIGHT, SECOND_NIGHT, Rehearsal, kept

CITATION = "Answers of a stand-in for European Central Bank, from a rehearsal: not its figures, and not to be cited."


def test_answers_of_stand_ins_are_marked_wherever_they_are_met(rehearsal: Rehearsal, lodestone: Run) -> None:
    data, now = rehearsal.data, {"LODESTONE_NOW": SECOND_NIGHT}
    received = [receipt for name in OFFICES for visit in archive.visits(data.raw, name) for receipt in visit.receipts]
    assert {answer.stand_in for answer in received} == {True}
    with read_only(data.edition) as connection:
        assert connection.sql("select stand_ins from meta.edition").fetchall() == [(True,)]
        assert connection.sql("select distinct stand_in from meta.release_file").fetchall() == [(True,)]
        assert {row[0] for row in connection.sql("select source from meta.source_status where stand_in").fetchall()} == set(OFFICES)
    assert CITATION in lodestone(data, "sql", "select count(*) as days from exchange_rate", "--cite", **now)[1]
    message = lodestone(data, "sql", "select count(*) as days from exchange_rate", "--cite", "--format", "json", **now)[1]
    assert [citation["citation"] for citation in json.loads(message)["sources"]] == [CITATION]
    shown = lodestone(data, "sources", **now)[1]
    assert {line.split()[0] for line in shown.splitlines() if "stand-in" in line} == set(OFFICES)
    assert "(a stand-in answered)" in lodestone(data, "explain", "exchange_rate", "--limit", "1", **now)[1]
    assert "the answers held are those of stand-ins" in lodestone(data, "doctor", **now)[1]


def test_an_edition_of_offices_and_files_says_that_no_stand_in_answered(built: Settings, lodestone: Run) -> None:
    with read_only(built.edition) as connection:
        assert connection.sql("select stand_ins from meta.edition").fetchall() == [(False,)]
        assert connection.sql("select distinct stand_in from meta.source_status").fetchall() == [(False,)]
    assert "stand-in" not in lodestone(built, "sources")[1]


@pytest.mark.parametrize("name", OFFICES)
def test_an_office_is_not_asked_where_stand_ins_answered(name: str, rehearsal: Rehearsal) -> None:
    before = kept(rehearsal.data)
    with pytest.raises(LodestoneError) as refused:
        rehearsal.ask(name, SECOND_NIGHT, address="")
    assert str(refused.value) == (
        f"{name}: {rehearsal.data.data} holds answers of stand-ins, with which those of offices are never mixed; "
        "set LODESTONE_OFFICES to go on rehearsing, or LODESTONE_DATA to another folder"
    )
    assert kept(rehearsal.data) == before


@pytest.mark.parametrize("name", OFFICES)
def test_a_stand_in_is_not_asked_where_an_office_answered(name: str, fresh: Rehearsal) -> None:
    answered(fresh.data, LATER)
    before = file_hashes(fresh.data.raw)
    with pytest.raises(LodestoneError, match="holds answers of offices, with which those of stand-ins are never mixed"):
        fresh.ask(name, FIRST_NIGHT)
    assert (file_hashes(fresh.data.raw), fresh.offices.asked) == (before, [])


def test_a_copy_that_is_handed_in_of_an_office_is_not_mixed_with_answers_of_stand_ins(
    fresh: Rehearsal, lodestone: Run, tmp_path: Path
) -> None:
    fresh.ask("ecb_rates", FIRST_NIGHT)
    (answer,) = archive.visits(fresh.data.raw, "ecb_rates")[0].receipts
    copy = tmp_path / answer.member
    copy.write_bytes(archive.body(fresh.data.raw, answer))
    before = file_hashes(fresh.data.raw)
    code, _, message = lodestone(fresh.data, "keep", "ecb_rates", str(copy), LODESTONE_NOW=SECOND_NIGHT)
    assert (code, "holds answers of stand-ins, with which those of offices are never mixed" in message) == (1, True)
    assert file_hashes(fresh.data.raw) == before
    rehearsing = {"LODESTONE_NOW": SECOND_NIGHT, "LODESTONE_OFFICES": fresh.offices.address}
    assert lodestone(fresh.data, "keep", "ecb_rates", str(copy), **rehearsing)[0] == 0
    assert [receipt.stand_in for receipt in archive.receipts(fresh.data.raw, "ecb_rates")] == [True]
