"""A build killed at any moment leaves the live edition whole, and the next run heals what it left behind."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipelines import archive
from pipelines.archive import files
from pipelines.edition import build as building
from pipelines.edition import describe, load, publish
from pipelines.edition.publish import writer
from pipelines.intake import curation, ledger, sift
from pipelines.settings import Settings
from tests.copies import JULY_2019, JUNE_2019, december, leftovers, revise, table_hashes
from tests.small import CHINA, RARE_EARTHS, build, night

CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload([__name__])

CHANGES = {JUNE_2019: "2019-06,3967,", JULY_2019: "2019-07,5243.5,"}


def die(owner: Any, name: str, when: Callable[..., bool] = lambda *_: True, nth: int = 1, after: bool = False) -> None:
    """Make the `nth` call of a function for which `when` holds the last thing this process does."""
    real = getattr(owner, name)
    seen = 0

    def last_call(*values: Any, **named: Any) -> Any:
        nonlocal seen
        seen += when(*values, **named)
        fatal = when(*values, **named) and seen == nth
        result = None if fatal and not after else real(*values, **named)
        if fatal:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(owner, name, last_call)


def into(folder: str) -> Callable[..., bool]:
    """Whether a file is put in its place somewhere under a folder of this name."""
    return lambda _, path: folder in Path(path).parts


def live(_: object, path: object) -> bool:
    """Whether a file is put in the place of the live edition."""
    return Path(str(path)).name == "lodestone.duckdb" and not previous(_, path)


def previous(_: object, path: object) -> bool:
    """Whether a file is put in the place of the edition that was live before."""
    return Path(str(path)).parent.name == "previous"


STAGES: dict[str, Callable[[], None]] = {
    "receiving the bytes": lambda: die(files.os, "replace", into("fetched")),
    "writing the receipt": lambda: die(files.os, "replace", into("receipts")),
    "fingerprinting": lambda: die(curation, "parts_of"),
    "writing the ledger": lambda: die(ledger, "write"),
    "putting the ledger in its place": lambda: die(files.os, "replace", into("ledger.parquet")),
    "judging rows": lambda: die(sift, "judge"),
    "writing the new release": lambda: die(curation, "_append"),
    "putting the new release in its place": lambda: die(Path, "rename"),
    "loading the vocabulary": lambda: die(load, "load_vocabulary", nth=4),
    "loading the facts": lambda: die(load, "load_table", nth=3),
    "computing the marts": lambda: die(load, "compute_marts"),
    "checking": lambda: die(building, "run_check", nth=3),
    "describing": lambda: die(describe, "describe"),
    "before publishing": lambda: die(building, "publish"),
    "after the checkpoint": lambda: die(publish, "sync_to_disk"),
    "before a second name is given to the live edition": lambda: die(publish.os, "link"),
    "before the live edition is kept as the one before": lambda: die(files.os, "replace", previous),
    "after the live edition was kept as the one before": lambda: die(files.os, "replace", previous, after=True),
    "after the replace": lambda: die(files.os, "replace", live, after=True),
}
PUBLISHED = {"after the replace"}
"""Stages after which the new edition is the live one."""


def receive_and_build(data: Path, stage: str | None = None) -> None:
    """A night with a newer copy of one file in which two lines are revised, up to the stage at which it dies."""
    settings = Settings(data=data)
    if stage is not None:
        STAGES[stage]()
    revise(settings, CHINA, RARE_EARTHS, CHANGES, december(1))
    night(settings)


def run_and_die(data: Path, stage: str) -> None:
    """Run the night in a process of its own, which must be killed and not merely fail."""
    process = CONTEXT.Process(target=receive_and_build, args=(data, stage))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL, f"the process was not killed at {stage!r} but ended with {process.exitcode}"


@pytest.fixture(scope="module")
def undisturbed(built: Settings, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Every table as a night makes it that nobody disturbs."""
    data = Path(shutil.copytree(built.data, tmp_path_factory.mktemp("undisturbed") / "data"))
    receive_and_build(data)
    hashes = table_hashes(Settings(data=data).edition)
    assert hashes != table_hashes(built.edition)
    return hashes


@pytest.fixture(scope="module")
def yesterday(built: Settings) -> bytes:
    """The edition that is live when the night begins."""
    return built.edition.read_bytes()


@pytest.mark.parametrize("stage", STAGES)
def test_a_killed_night_leaves_a_whole_edition_and_the_next_one_heals(
    stage: str, own: Settings, yesterday: bytes, undisturbed: dict[str, str]
) -> None:
    run_and_die(own.data, stage)
    if stage in PUBLISHED:
        assert table_hashes(own.edition) == undisturbed
    else:
        assert own.edition.read_bytes() == yesterday
    if own.previous_edition.exists():
        assert own.previous_edition.read_bytes() == yesterday

    with writer(own, wait_seconds=1):
        pass
    if all(receipt.shelf == "bundled" for receipt in archive.receipts(own.raw, CHINA)):  # it was not received: the office is asked again
        revise(own, CHINA, RARE_EARTHS, CHANGES, december(1))
    night(own)
    assert table_hashes(own.edition) == undisturbed
    assert own.previous_edition.read_bytes() == yesterday
    assert leftovers(own) == []
    assert not night(own).changed
    assert own.previous_edition.read_bytes() == yesterday


def test_a_killed_build_of_a_past_day_leaves_nothing_that_the_next_build_of_today_does_not_remove(own: Settings) -> None:
    process = CONTEXT.Process(target=build_past_day_and_die, args=(own.data,))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    assert leftovers(own) != []
    night(own)
    assert leftovers(own) == []
    assert list((own.data / "as-of").glob("*")) == []


def build_past_day_and_die(data: Path) -> None:
    die(load, "compute_marts")
    build(Settings(data=data), as_of=december(1).date())


def test_a_first_night_that_is_killed_publishes_nothing_and_the_next_one_publishes_all(data: Settings, built: Settings) -> None:
    process = CONTEXT.Process(target=first_night_that_dies, args=(data.data,))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    assert not data.edition.exists()
    night(data)
    assert table_hashes(data.edition) == table_hashes(built.edition)
    assert leftovers(data) == []


def first_night_that_dies(data: Path) -> None:
    die(Path, "rename", nth=3)
    night(Settings(data=data))
