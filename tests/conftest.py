"""Fixtures every test may use: an untouched archive, an edition built once a session, and a copy of it."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest
from filelock import FileLock

from pipelines.cli.app import main
from pipelines.settings import Settings
from tests.building import Run, build_all, copy_raw


@pytest.fixture
def data(tmp_path: Path) -> Settings:
    """A fresh copy of the bundled archive; nothing is built yet and a test may do with it what it likes."""
    return copy_raw(tmp_path / "data")


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Settings:
    """An installation with a published edition, built once and shared by all workers: read it, never write to it."""
    base = tmp_path_factory.getbasetemp()
    folder = (base if worker_id == "master" else base.parent) / "built"
    with FileLock(f"{folder}.lock"):
        if not folder.exists():
            build_all(copy_raw(folder.with_name("half-built") / "data"))
            folder.with_name("half-built").rename(folder)
    return Settings(data=folder / "data")


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
        out, told = capfd.readouterr()
        return int(left.value.code or 0), out, told

    return run
