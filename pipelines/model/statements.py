"""Read sql/: what a statement makes, what its header says, which tables it reads, in which order statements must run.

The queries themselves are the only list of what depends on what. Where one reads `generated.<name>`, the query that
`pipelines.model.generated` makes of the models stands in its place.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.model import generated
from pipelines.model.columns import COLUMNS
from pipelines.settings import SQL

if TYPE_CHECKING:
    from sqlglot import exp


@dataclass(frozen=True)
class HeaderColumn:
    """One column as a mart's header describes it."""

    name: str
    unit: str | None
    description: str


@dataclass(frozen=True)
class Evidence:
    """Which rows of a table stand behind a row of a mart: a condition between the row, `mart`, and them, `evidence`."""

    table: str
    condition: str

    def query(self, mart: str, selected: str) -> str:
        """A query over the rows of a mart and their evidence, for the caller to narrow with `and`."""
        return f"select {selected} from {mart} as mart inner join {self.table} as evidence on ({self.condition})"


@dataclass(frozen=True)
class Statement:
    """One statement: its name (schema.table), its text and what its header says."""

    name: str
    path: Path
    sql: str
    description: str
    grain: tuple[str, ...]
    columns: tuple[HeaderColumn, ...]
    evidence: tuple[Evidence, ...]
    unique: tuple[str, ...] = ()
    """Columns that no two rows may share: the grain, where the header names no others."""

    @property
    def table(self) -> str:
        """Name without its schema."""
        return self.name.split(".")[1]


@cache
def statements(folder: str) -> tuple[Statement, ...]:
    """The statements of a folder of sql/, each after those of the same folder it reads."""
    found = {statement.name: statement for statement in map(read_statement, files(folder))}
    graph = {name: tables_read(statement.sql) & found.keys() - {name} for name, statement in found.items()}
    return tuple(found[name] for name in TopologicalSorter(graph).static_order())


FOLDERS = ("load", "load/vocabulary", "macros", "marts", "checks", "questions")


def files(folder: str) -> list[Path]:
    """The files of a folder of sql/ that are statements: they begin with the name of what they make, which is also their own."""
    return [path for path in sorted((SQL / folder).glob("*.sql")) if _begins_with_its_name(path)]


def strays() -> list[str]:
    """What is told of every other file that calls itself SQL there: copies, drafts, and what editors leave behind."""
    ours = {path for folder in FOLDERS for path in files(folder)}
    return [
        f"sql/{path.relative_to(SQL).as_posix()} is left out: statements stand in {', '.join(FOLDERS)}, and the first line is a comment "
        f"that names what they make, here {path.stem}; begin it so, or move it out of sql/"
        for path in sorted(SQL.rglob("*.sql"))
        if path not in ours
    ]


def _begins_with_its_name(path: Path) -> bool:
    if not path.is_file():  # a folder, or a link to nowhere that an editor uses as its lock
        return False
    with path.open("rb") as file:
        first = file.readline().decode("utf-8", "replace")
    name = first.removeprefix("--").partition("(")[0].strip()
    schema = f"{path.parent.name}." if path.parent.name in ("marts", "checks", "questions") else ""
    return first.startswith("--") and (name if schema else name.rpartition(".")[2]) == f"{schema}{path.stem}"


FIELDS = ("grain", "unique", "columns", "column", "evidence", "check")
"""What a header says beside its prose. `columns` names those that mean what they mean everywhere, `column` describes one of its own."""
CONTINUED = "   "
"""Lines of a header that begin with so many blanks belong to the field above them."""


def read_statement(path: Path) -> Statement:
    """One file: its header is the comment lines at its top, the first of them the name of what it makes."""
    return _statement(path, _filled(path.read_text("utf-8")))


@cache
def macros() -> tuple[Statement, ...]:
    """Every macro, those of sql/macros and those made for facts, by name. The latter read facts and come last in an edition."""
    made = [_statement(SQL / "macros", text) for text in generated.as_of_macros()]
    return tuple(sorted([*map(read_statement, files("macros")), *made], key=lambda macro: macro.name))


def _filled(sql: str) -> str:
    return re.sub(r"\bgenerated\.(\w+)", lambda named: f"(\n{generated.relation(named[1], lambda: statements('marts'))}\n)", sql)


def _statement(path: Path, sql: str) -> Statement:
    header = _header(sql)
    fields = [line.split(":", 1) for line in header if line.split(":", 1)[0] in FIELDS]
    prose = [line for line in header[1:] if line and line.split(":", 1)[0] not in FIELDS]
    listed = {key: tuple(name.strip() for name in value.split(",")) for key, value in fields if key in ("grain", "unique")}
    grain = listed.get("grain", ())
    return Statement(
        name=header[0] if header else path.stem,
        path=path,
        sql=sql,
        description=" ".join(prose),
        grain=grain,
        columns=tuple(column for key, value in fields for column in _columns(path, key, value)),
        evidence=tuple(_evidence(path, value) for key, value in fields if key == "evidence"),
        unique=listed.get("unique", grain),
    )


def _header(sql: str) -> list[str]:
    header: list[str] = []
    for line in sql.splitlines():
        if not line.startswith("--"):
            break
        text = line.removeprefix("--")
        if text.startswith(CONTINUED) and header:
            header[-1] += f" {text.strip()}"
        else:
            header.append(text.strip())
    return header


def _evidence(path: Path, text: str) -> Evidence:
    table, between, condition = (part.strip() for part in text.partition("|"))
    if not (table and between and condition):
        raise ValueError(f"{path}: write `-- evidence: TABLE | CONDITION` with the aliases mart and evidence, not {text.strip()!r}")
    return Evidence(table, condition)


def _columns(path: Path, key: str, text: str) -> list[HeaderColumn]:
    if key == "column":
        parts = [part.strip() for part in text.split("|")]
        name, unit, description = parts if len(parts) == 3 else (parts[0], None, parts[-1])
        return [HeaderColumn(name, unit or None, description)]
    named = [name.strip() for name in text.split(",")] if key == "columns" else []
    for name in named:
        if name not in COLUMNS:
            raise ValueError(
                f"{path}: model/columns.py describes no {name!r}; add it there, or describe it here, `-- column: {name} | | ...`"
            )
    return [HeaderColumn(name, COLUMNS[name].unit, COLUMNS[name].description) for name in named]


@cache
def mart(name: str) -> Statement | None:
    """The mart of a name (schema.table); null where the table is none."""
    return next((statement for statement in statements("marts") if statement.name == name), None)


@cache
def parsed(sql: str) -> exp.Expr:
    """A query taken apart, for those who change nothing in it."""
    from sqlglot import parse_one  # which a command that builds nothing is not to wait for

    return parse_one(sql, dialect="duckdb")


@cache
def tables_read(sql: str) -> frozenset[str]:
    """Tables a query reads (schema.table), found in the query itself."""
    from sqlglot import exp

    # What the query itself defines has no schema, whatever tables share its name.
    return frozenset(f"{table.db}.{table.name}" for table in parsed(sql).find_all(exp.Table) if table.db)
