"""The small world in the place of the whole one."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.settings import Settings
from tests.conftest import once
from tests.small import build_small, copy_small


@pytest.fixture
def data(tmp_path: Path) -> Settings:
    """A fresh copy of the small archive; nothing is built yet and a test may do with it what it likes."""
    return copy_small(tmp_path / "data")


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Settings:
    """The small world with a published edition, built once and shared by all workers: read it, never write to it."""
    return Settings(data=once(tmp_path_factory, worker_id, "small", lambda data: build_small(copy_small(data))))
