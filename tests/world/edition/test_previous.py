"""The edition that is replaced stays, whole and under a name of its own, until the next one is replaced."""

from __future__ import annotations

import os

import pytest

from pipelines.settings import Settings
from tests.copies import JUNE_2019, december, revise, tonnes
from tests.small import CHINA, RARE_EARTHS, as_of, build, night


def test_each_publication_keeps_the_edition_before_it_and_no_other(own: Settings) -> None:
    first = own.edition.stat().st_ino
    revise(own, CHINA, RARE_EARTHS, {JUNE_2019: "2019-06,3967,"}, december(1))
    second = night(own).path.stat().st_ino
    assert own.previous_edition.stat().st_ino == first
    assert tonnes(own.previous_edition, "2019-06") == [3966.0]
    revise(own, CHINA, RARE_EARTHS, {"2019-06,3967,": "2019-06,3968,"}, december(2))
    night(own)
    assert own.previous_edition.stat().st_ino == second
    assert own.previous_edition.stat().st_mode & 0o777 == 0o444
    assert [path.name for path in own.previous_edition.parent.iterdir()] == ["lodestone.duckdb"]


def test_an_edition_of_a_past_day_replaces_nothing_that_is_kept(own: Settings) -> None:
    as_of(own, "2019-06-30")
    assert not own.previous_edition.exists()


def test_where_there_are_no_hard_links_the_edition_is_copied(own: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError("no hard links here")

    monkeypatch.setattr(os, "link", refuse)
    revise(own, CHINA, RARE_EARTHS, {JUNE_2019: "2019-06,3967,"}, december(1))
    night(own)
    assert tonnes(own.previous_edition, "2019-06") == [3966.0]


def test_a_damaged_live_file_is_replaced_and_not_kept(own: Settings) -> None:
    own.edition.chmod(0o644)
    own.edition.write_bytes(b"no database")
    assert build(own).changed
    assert not own.previous_edition.exists()
