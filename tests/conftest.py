"""Fixtures every test may use: an untouched archive, an edition built once a session, and a copy of it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from pipelines.settings import Settings
from tests.building import build_all, copy_raw


@pytest.fixture
def data(tmp_path: Path) -> Settings:
    """A fresh copy of the bundled archive; nothing is built yet and a test may do with it what it likes."""
    return copy_raw(tmp_path / "data")


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """An installation with a published edition, shared by the session: read it, never write to it."""
    settings = copy_raw(tmp_path_factory.mktemp("built") / "data")
    build_all(settings)
    return settings


@pytest.fixture
def own(built: Settings, tmp_path: Path) -> Settings:
    """A copy of the session's built installation that a test may do with what it likes."""
    return Settings(data=Path(shutil.copytree(built.data, tmp_path / "own")))
