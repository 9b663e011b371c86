"""A full disk: what was there before stands, the message says what to do, and with room again the next night heals."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines.errors import LodestoneError
from pipelines.rehearsal.server import Offices
from pipelines.settings import Settings
from tests.rehearsal import (
    SECOND_NIGHT,
    THIRD_NIGHT,
    Rehearsal,
    assert_nothing_lost,
    facts,
    kept,
    leftovers,
    second_world,
    status,
)

SIZE = 40_000_000


@pytest.fixture
def small(tmp_path: Path, after_first_night: Path) -> Iterator[Rehearsal]:
    """An installation after one good night on a disk of its own, of forty megabytes."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = os.geteuid() == 0 and shutil.which("mount") is not None
    if mounted:
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "lodestone-test", disk], check=False).returncode == 0
    if not mounted:
        pytest.skip("a small disk can be mounted by root only, and not in every container")
    try:
        shutil.copytree(after_first_night, disk / "data")
        with Offices(second_world()) as offices:
            yield Rehearsal(Settings(data=disk / "data"), offices)
    finally:
        subprocess.run(["umount", "--lazy", disk], check=True)


def fill(rehearsal: Rehearsal, but: int) -> Path:
    """Fill the disk up to so many bytes."""
    ballast = rehearsal.data.data.parent / "ballast"
    free = shutil.disk_usage(ballast.parent).free
    with ballast.open("wb") as file:
        file.write(b"\0" * max(free - but, 0))
    return ballast


@pytest.mark.parametrize("name", ["ecb_rates", "us_census"])
@pytest.mark.parametrize("room", [0, 4_096, 12_288, 20_480])
def test_a_disk_that_fills_while_answers_come_loses_none_that_was_kept(name: str, room: int, small: Rehearsal) -> None:
    before = kept(small.data)
    ballast = fill(small, but=room)
    with pytest.raises(LodestoneError) as failed:
        small.ask(name, SECOND_NIGHT)
    message = str(failed.value)
    assert "make room" in message
    assert str(small.data.data) in message
    assert_nothing_lost(before, kept(small.data))
    assert [opened for opened in leftovers(small.data) if "fetched" in opened] == []
    ballast.unlink()
    came = small.ask(name, SECOND_NIGHT)
    assert (came.failures, came.answered) == ((), came.asked)


@pytest.mark.parametrize("room", [0, 60_000, 400_000, 2_000_000])
def test_a_disk_that_fills_while_curating_or_building_leaves_the_edition_whole(
    room: int, small: Rehearsal, healed: dict[str, list[tuple[object, ...]]]
) -> None:
    standing = facts(small.data.edition)
    small.ask_all(SECOND_NIGHT)
    before = kept(small.data)
    ballast = fill(small, but=room)
    with pytest.raises(LodestoneError) as failed:
        small.publish(SECOND_NIGHT)
    assert str(failed.value) == (
        f"{small.data.data}: the disk is full; nothing was published, and what was there before stands; make room and run again"
    )
    assert facts(small.data.edition) == standing
    assert_nothing_lost({name: body for name, body in before.items() if name.startswith("raw/")}, kept(small.data))
    assert [opened for opened in leftovers(small.data) if ".duckdb" in opened] == []
    ballast.unlink()
    edition = small.night(THIRD_NIGHT).path
    assert (facts(edition), status(edition, "us_census")[0]) == (healed, "ok")
    assert leftovers(small.data) == []
