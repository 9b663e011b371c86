"""A copy of the project in a temporary folder, to which a test adds sources and which it runs as a user would, in processes."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.rehearsal.office import Query, Reply
from pipelines.settings import PROJECT, Settings

PAGE = PROJECT / "docs" / "adding-a-source.md"
HEADER = "month,code,country,kilograms,thousand_yen\n"


def walk() -> dict[str, str]:
    """The files that the page shows, by their path: a line with the path in backticks, then its block."""
    found = re.findall(
        r"^`(pipelines/sources/sample_office/[\w.]+)`\n\n```\w*\n(.*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL
    )
    return dict(found)


@dataclass(frozen=True)
class CopiedProject:
    """Code, SQL and bundled figures of the project under another folder."""

    root: Path

    @classmethod
    def of(cls, root: Path, built: Settings | None = None) -> CopiedProject:
        """Copy what a run needs, and an installation if one is given; else nothing was ever received."""
        for folder in ("pipelines", "sql"):
            shutil.copytree(PROJECT / folder, root / folder, ignore=shutil.ignore_patterns("__pycache__"))
        if built is not None:
            shutil.copytree(built.data, root / "data")
        shutil.copy(PROJECT / "dagster.yaml", root)
        return cls(root)

    def add_source(self, name: str, files: Mapping[str, str]) -> None:
        """Write the files of a source, under another name if one is given; what stood there is replaced."""
        shutil.rmtree(self.root / "pipelines" / "sources" / name, ignore_errors=True)
        for path, text in files.items():
            target = self.root / path.replace("sample_office", name)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text.replace("sample_office", name), "utf-8")

    def environment(self, offices: str = "", now: str = "", **other: str) -> dict[str, str]:
        """What a process of this project finds in its environment."""
        given = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.root),
            "PYTHONPATH": str(self.root),
            "LODESTONE_DATA": str(self.root / "data"),
            "LODESTONE_OFFICES": offices,
            "LODESTONE_NOW": now,
        }
        return {name: value for name, value in {**given, **other}.items() if value}

    def run(self, *arguments: str, offices: str = "", now: str = "", code: int = 0, **environment: str) -> str:
        """Run `lodestone` in a process of its own; what it printed. Fails where its exit code is another."""
        done = subprocess.run(
            [sys.executable, "-c", "from pipelines.__main__ import main; main()", *arguments],
            cwd=self.root,
            env=self.environment(offices, now, **environment),
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == code, f"exit code {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout + done.stderr

    def ask(self, query: str) -> list[dict[str, Any]]:
        """Rows of a query on the live edition."""
        found: list[dict[str, Any]] = json.loads(self.run("sql", query, "--format", "json"))
        return found


@dataclass
class SampleOffice:
    """The office of the page: a table a month, nothing for months it does not hold."""

    months: dict[str, str]
    header: str = HEADER

    def answer(self, path: str, query: Query, headers: Mapping[str, str]) -> Reply:
        """The month that is asked for."""
        lines = self.months.get(dict(query).get("month", ""))
        if lines is None:
            return Reply(204, {}, b"")
        return Reply(200, {"Content-Type": "text/csv"}, (self.header + lines).encode())
