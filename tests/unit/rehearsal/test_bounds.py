"""Where the stand-ins end: production code does not know them, and they know nothing of it but the errors."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

from pipelines.settings import PACKAGE

OFFICES = PACKAGE / "rehearsal"


def imported(path: Path) -> set[str]:
    tree = ast.parse(path.read_text("utf-8"))
    modules = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    return modules | {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}


def test_no_module_of_lodestone_imports_the_stand_ins():
    others = [path for path in PACKAGE.rglob("*.py") if not path.is_relative_to(OFFICES)]
    assert others
    assert [path for path in others if any(name.startswith("pipelines.rehearsal") for name in imported(path))] == []


def test_the_stand_ins_need_the_standard_library_typer_for_their_command_and_the_errors():
    for path in OFFICES.rglob("*.py"):
        names = {name for name in imported(path) if not name.startswith("pipelines.rehearsal")}
        foreign = {name for name in names if name.split(".")[0] not in sys.stdlib_module_names}
        assert foreign <= {"pipelines.errors"} | (
            {"typer", "typer.exceptions", "pipelines.rehearsal"} if path.name == "__main__.py" else set()
        )
