"""An installation after a good first night, and its offices; and what a second good night makes of it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines.rehearsal.server import Offices
from pipelines.settings import Settings
from tests.live.rehearsal import FIRST_NIGHT, THIRD_NIGHT, Rehearsal, facts, first_world, second_world


@pytest.fixture(scope="session")
def after_first_night(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an installation after one good night: copy it, never write to it."""
    data = tmp_path_factory.mktemp("first") / "data"
    with Offices(first_world()) as offices:
        assert Rehearsal(Settings(data=data), offices).night(FIRST_NIGHT).changed
    return data


@pytest.fixture(scope="session")
def healed(after_first_night: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[tuple[object, ...]]]:
    """The facts as two good nights make them."""
    data = Settings(data=Path(shutil.copytree(after_first_night, tmp_path_factory.mktemp("second") / "data")))
    with Offices(second_world()) as offices:
        return facts(Rehearsal(data, offices).night(THIRD_NIGHT).path)


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Rehearsal]:
    """An installation that was never asked for anything."""
    with Offices(first_world()) as offices:
        yield Rehearsal(Settings(data=tmp_path / "data"), offices)


@pytest.fixture
def rehearsal(after_first_night: Path, tmp_path: Path) -> Iterator[Rehearsal]:
    """An installation after one good night; its offices have a month more."""
    data = Path(shutil.copytree(after_first_night, tmp_path / "data"))
    with Offices(second_world()) as offices:
        yield Rehearsal(Settings(data=data), offices)
