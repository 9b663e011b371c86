"""What lies in sql/ and is no statement is named and left out, and changes no edition."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from pipelines.model import statements
from pipelines.model.statements import FOLDERS, files, strays
from pipelines.settings import SQL, Settings
from tests.services.copied_project import CopiedProject

STRAYS = (
    "sql/checks/latin.sql",
    "sql/checks/supplier_share.sql",
    "sql/load/.#trade_flow.sql",
    "sql/macros/half_step 2.sql",
    "sql/marts/claim_check (copy).sql",
    "sql/marts/draft.sql",
    "sql/marts/notes.sql",
    "sql/marts/old.sql",
    "sql/scratch.sql",
)


@pytest.fixture
def project(built: Settings, tmp_path: Path) -> CopiedProject:
    copied = CopiedProject.of(tmp_path, built)
    there = copied.root / "sql"
    (there / "checks" / "latin.sql").write_bytes(b"-- \xe9t\xe9\nselect 1")
    (there / "load" / ".#trade_flow.sql").symlink_to("an.editor@this.machine")
    shutil.copy(there / "macros" / "half_step.sql", there / "macros" / "half_step 2.sql")
    shutil.copy(there / "marts" / "claim_check.sql", there / "marts" / "claim_check (copy).sql")
    shutil.copy(there / "marts" / "supplier_share.sql", there / "checks" / "supplier_share.sql")
    (there / "marts" / "draft.sql").write_text("-- draft\nselect 1", "utf-8")
    (there / "marts" / "notes.sql").write_text("select the, best from everything", "utf-8")
    (there / "marts" / "old.sql").mkdir()
    (there / "scratch.sql").write_text("-- scratch.scratch\nselect 1", "utf-8")
    return copied


def test_the_project_itself_has_none() -> None:
    assert strays() == []


def test_a_stray_file_is_named_and_changes_nothing(project: CopiedProject) -> None:
    (project.root / "data" / ".dagster").mkdir()
    message = project.run("build")
    assert message.startswith("Nothing changed")
    assert [line.partition(" is left out: ")[0] for line in message.splitlines() if " is left out: " in line] == list(STRAYS)
    assert "here notes; begin it so, or move it out of sql/" in message


def test_no_stray_file_is_taken_for_a_statement(project: CopiedProject, monkeypatch: pytest.MonkeyPatch) -> None:
    held = {folder: [path.name for path in files(folder)] for folder in FOLDERS}
    monkeypatch.setattr(statements, "SQL", project.root / "sql")
    assert {folder: [path.name for path in files(folder)] for folder in FOLDERS} == held
    assert sum(map(len, held.values())) == len(list(SQL.rglob("*.sql")))
