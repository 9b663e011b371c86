"""Fixtures every test may use: an untouched archive, an edition built once a session, a copy of it, installations that ask stand-ins."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from filelock import FileLock

from pipelines.cli.app import main
from pipelines.rehearsal.server import Offices
from pipelines.settings import PROJECT, Settings
from tests.building import Run, build_all, copy_raw
from tests.rehearsal import FIRST_NIGHT, THIRD_NIGHT, Rehearsal, facts, first_world, second_world

REAL = PROJECT.parent / "shared" / "real"


@pytest.fixture
def data(tmp_path: Path) -> Settings:
    """A fresh copy of the bundled archive; nothing is built yet and a test may do with it what it likes."""
    return copy_raw(tmp_path / "data")


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Settings:
    """An installation with a published edition, built once and shared by all workers: read it, never write to it."""
    return Settings(data=once(tmp_path_factory, worker_id, "built", lambda data: build_all(copy_raw(data))))


def once(tmp_path_factory: pytest.TempPathFactory, worker_id: str, name: str, make: Callable[[Path], object]) -> Path:
    """A folder of data that the first worker to ask for it makes, for all of them."""
    base = tmp_path_factory.getbasetemp()
    folder = (base if worker_id == "master" else base.parent) / name
    with FileLock(f"{folder}.lock"):
        if not folder.exists():
            make(folder.with_name(f"{name}-in-making") / "data")
            folder.with_name(f"{name}-in-making").rename(folder)
    return folder / "data"


@pytest.fixture
def own(built: Settings, tmp_path: Path) -> Settings:
    """A copy of the session's built installation that a test may do with what it likes."""
    return Settings(data=Path(shutil.copytree(built.data, tmp_path / "own")))


@pytest.fixture
def lodestone(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    """Exit code, output and errors of a command; in this process, which is what keeps many of them quick."""

    def run(settings: Settings, *arguments: str, **environment: str) -> tuple[int, str, str]:
        for name, value in {"LODESTONE_DATA": str(settings.data), **environment}.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(sys, "argv", ["lodestone", *arguments])
        with pytest.raises(SystemExit) as left:
            main()
        out, message = capfd.readouterr()
        return int(left.value.code or 0), out, message

    return run


@pytest.fixture(scope="session")
def after_first_night(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """The folder of an installation after one good night: copy it, never write to it."""

    def live_through(data: Path) -> None:
        with Offices(first_world()) as offices:
            assert Rehearsal(Settings(data=data), offices).night(FIRST_NIGHT).changed

    return once(tmp_path_factory, worker_id, "first-night", live_through)


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


@pytest.fixture
def vintages() -> list[Path]:
    found = sorted((REAL / "us_census").glob("census-import_vintage_*.json"))
    if not found:
        pytest.skip("the real vintages of US imports are not beside this checkout")
    return found


@pytest.fixture
def real_rates() -> Path:
    path = REAL / "ecb" / "eurofxref-hist.zip"
    if not path.exists():
        pytest.skip("the ECB's real file is not beside this checkout")
    return path
