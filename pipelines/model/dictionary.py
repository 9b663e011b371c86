"""docs/dictionary.md: every table and column with its unit and meaning, and every reason, from the models and the headers of the marts."""

from __future__ import annotations

from collections.abc import Iterable

import sqlglot
from sqlglot import exp

from pipelines.model.statements import Evidence, Statement, macros, statements
from pipelines.model.tables import Curated, curated_tables, tables
from pipelines.reasons import WORDS
from pipelines.settings import PROJECT

LONGEST_CONDITION = 70
"""A longer one explains nothing to a reader; it stands in the mart's header."""

PATH = PROJECT / "docs" / "dictionary.md"

_INTRODUCTION = """# Dictionary

Written by `lodestone dictionary` from the models in `pipelines/model` and the headers of `sql/marts`; do not edit it by hand.
Every table is also a view of its own name in `main`. Ratios are fractions: -0.159 is a fall of 15.9 %.
Versioned tables have a `<name>_superseded` beside them with the same columns, `known_until` and `is_still_printed`.
`curated` is no schema of the edition: what was filed stands in `data/curated/<source>/*/<name>.parquet`, with `part_id` in the
place of `slice`.
"""


def dictionary() -> str:
    """The dictionary as Markdown."""
    parts = [_INTRODUCTION]
    for statement in sorted(statements("marts"), key=lambda statement: statement.name):
        columns = ((column.name, column.unit, column.description) for column in statement.columns)
        parts.append(_section(statement.name, statement.description, statement.grain, columns, "") + _evidence(statement))
    for table in tables().values():
        named = ((column.name, column.unit, column.description) for column in table.columns if _is_kept(table.schema, column.name))
        versions = f"Versioned: `{table.name}_superseded`." if table.versioned else ""
        parts.append(_section(table.full_name, table.description, table.key, named, versions))
    parts += [_curated_section(table) for table in curated_tables().values()]
    lines = [f"- `{macro.name}`: {macro.description}" for macro in macros()]
    parts.append("## Macros\n\n" + "\n".join(lines) + "\n")
    words_of_codes = [f"| `{code}` | {_cell(words)} |" for code, words in WORDS.items()]
    parts.append("\n".join(["## Reasons", "", "| code | words |", "| --- | --- |", *words_of_codes, ""]))
    return "\n".join(parts)


def write() -> None:
    """Write the dictionary to docs/."""
    PATH.write_text(dictionary(), "utf-8")


def is_current() -> bool:
    """Whether docs/dictionary.md says what the definitions say."""
    return PATH.exists() and PATH.read_text("utf-8") == dictionary()


def _is_kept(schema: str, column: str) -> bool:
    return not (schema == "facts" and column == "known_until")


def _section(name: str, description: str, key: Iterable[str], columns: Iterable[tuple[str, str | None, str]], last: str) -> str:
    rows = [f"| `{column}` | {unit or ''} | {_cell(text)} |" for column, unit, text in columns]
    head = [f"## {name}", "", description, "", f"One row per {', '.join(f'`{part}`' for part in key)}. {last}".rstrip(), ""]
    return "\n".join([*head, "| column | unit | meaning |", "| --- | --- | --- |", *rows, ""])


def _curated_section(table: Curated) -> str:
    """A curated table; of the columns that mean what they mean in the fact it feeds, the names."""
    fact = tables().get(f"facts.{table.feeds}")
    meant = {column.name: (column.unit, column.description) for column in fact.columns} if fact else {}
    same = [column.name for column in table.columns if meant.get(column.name) == (column.unit, column.description)]
    named = ((column.name, column.unit, column.description) for column in table.columns if column.name not in same)
    key = ("source_member", "source_row", *([table.part] if table.part else ()))
    there = f"As in facts.{table.feeds}: {', '.join(f'`{name}`' for name in same)}." if same else ""
    return _section(f"curated.{table.name}", table.description, key, named, there)


def _evidence(statement: Statement) -> str:
    listed = "\n".join(f"- {_rows(piece, statement)}" for piece in statement.evidence)
    return f"\nEvidence of a row, as `lodestone explain {statement.table}` shows it:\n\n{listed}\n"


def _rows(piece: Evidence, statement: Statement) -> str:
    """Which rows are evidence: in words where columns are equal, by the condition where it is short, else where it stands."""
    condition = sqlglot.parse_one(piece.condition, dialect="duckdb")
    same, other, is_long = [], [], False
    for part in condition.flatten() if isinstance(condition, exp.And) else [condition]:
        names = _equal_columns(part)
        wording = part.sql(dialect="duckdb")
        if names is not None:
            same.append(f"`{names[0]}`" if names[0] == names[1] else f"`{names[0]}` (there `{names[1]}`)")
        elif len(wording) <= LONGEST_CONDITION:
            other.append(f"`{wording}`")
        else:
            is_long = True
    parts = [
        f"rows of `{piece.table}`",
        f"of the same {', '.join(same)}" if same else "",
        f"where {' and '.join(other)}" if other else "",
        f"as further narrowed in `sql/marts/{statement.table}.sql`" if is_long else "",
    ]
    return ", ".join(filter(None, (" ".join(filter(None, parts[:2])), *parts[2:])))


def _equal_columns(part: exp.Expr) -> tuple[str, str] | None:
    """The mart's column and the evidence's, where a condition only says that they are equal."""
    if not isinstance(part, exp.EQ | exp.NullSafeEQ):
        return None
    sides = {side.table: side.name for side in (part.left, part.right) if isinstance(side, exp.Column)}
    return (sides["mart"], sides["evidence"]) if sides.keys() == {"mart", "evidence"} else None


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
