"""SQL that follows from the models and from the headers of marts alone: one rule, written out for every table it holds for.

What needs thought stands in sql/, and reads these relations as `generated.<name>`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from pipelines.model.columns import REFERRED
from pipelines.model.tables import Table, curated_tables, tables

if TYPE_CHECKING:
    from pipelines.model.statements import Statement

LAYERS = {"vocabulary": 1, "facts": 2, "marts": 4}
"""How near to the cause of a mistake a table is."""

UNCHECKED = ("facts.control_total", "marts.partner_share")
"""Tables whose codes or keys follow from those of others."""

NO_PART = "''"
"""Part of a line that yields one row."""


def relation(name: str, marts: Callable[[], Iterable[Statement]]) -> str:
    """The query behind `generated.<name>`. Raises `LookupError` where there is none."""
    made: dict[str, Callable[[], Iterator[str]]] = {
        "shared_key": lambda: _keys(marts()),
        "used_code": _used_codes,
        "known_code": _known_codes,
        "printed_line": _printed_lines,
        "printed_trade": _printed_trade,
        "curated_line": _curated_lines,
    }
    if name not in made:
        raise LookupError(f"there is no generated.{name}; there are {', '.join(made)}")
    return "\nunion all\n".join(made[name]())


def as_of_macros() -> list[str]:
    """A macro for each fact that has a history, which reads it as it was known at a moment."""
    return [_as_of(table) for table in tables().values() if table.versioned]


def _keys(marts: Iterable[Statement]) -> Iterator[str]:
    """layer, table_name, source, key, found: how many rows have a key, of every table."""
    for table in tables().values():
        if table.schema == "facts":
            yield _key(table.full_name, table.key, "any_value(release.source)", _JOINED)
        elif table.schema == "vocabulary":
            yield _key(table.full_name, table.key, "null")
    for mart in marts:
        if mart.name not in UNCHECKED:
            yield _key(mart.name, mart.unique, "any_value(f.source)" if "source" in {column.name for column in mart.columns} else "null")


_JOINED = "left join meta.release as release on f.release_id = release.release_id"


def _key(name: str, key: Iterable[str], source: str, joined: str = "") -> str:
    columns = ", ".join(f'f."{column}"' for column in key)
    return f"""
    select
        {LAYERS[name.partition(".")[0]]} as layer,
        '{name}' as table_name,
        {source} as source,
        row({columns})::varchar as key,
        count(*) as found
    from {name} as f
    {joined}
    group by {columns}"""


def _used_codes() -> Iterator[str]:
    """table_name, kind, code, source: every code of the vocabulary that a fact or another word uses."""
    for table in tables().values():
        if not (table.versioned or table.schema == "vocabulary") or table.full_name in UNCHECKED:
            continue
        source, joined = ("release.source", _JOINED) if table.versioned else ("null", "")
        for kind, definition in REFERRED.items():
            for column in table.columns:
                if column.refers == kind and f"{table.full_name}.{column.name}" != definition:
                    select = f"'{table.full_name}' as table_name, '{kind}' as kind, f.\"{column.name}\" as code, {source} as source"
                    yield f"select {select} from {table.full_name} as f {joined}"


def _known_codes() -> Iterator[str]:
    """kind, code: every code there is."""
    for kind, column in REFERRED.items():
        table, name = column.rsplit(".", 1)
        yield f"select distinct '{kind}' as kind, {name} as code from {table}"


def _printed_lines() -> Iterator[str]:
    """fact, release_id, source_member, source_row, part: lines behind what publications still say, of every fact but trade."""
    for fact, part in {table.feeds: table.part or NO_PART for table in curated_tables().values()}.items():
        table = tables().get(f"facts.{fact}")
        if table is not None:
            spans = "last_source_row" in {column.name for column in table.columns}
            row = "unnest(generate_series(source_row, last_source_row)) as source_row" if spans else "source_row"
            yield from _printed(table, f"'{fact}' as fact, release_id, source_member, {row}, {part} as part")


def _printed_trade() -> Iterator[str]:
    """Where every row of filed or printed trade stands, and where its value does, that its publication still says."""
    line = "partner_code, dataset, period_kind, release_id, source_member, source_row"
    for name in ("trade_total", "trade_flow", "control_total"):
        yield from _printed(tables()[f"facts.{name}"], f"{line}, value_release_id, value_source_member, value_source_row")


def _printed(table: Table, columns: str) -> Iterator[str]:
    yield f"select {columns} from {table.full_name}"
    yield f"select {columns} from {table.full_name}_superseded where is_still_printed"


def _curated_lines() -> Iterator[str]:
    """release_id, fact, source_member, source_row, part: every row of every curated table."""
    for table in curated_tables().values():
        columns = f"release_id, '{table.feeds}' as fact, source_member, source_row, {table.part or NO_PART} as part"
        yield f"select {columns} from curated.{table.name}"


def _as_of(table: Table) -> str:
    key = ", ".join(f'"{column}"' for column in table.key)
    return f"""-- {table.name}_as_of(moment)
-- {table.full_name} as it was known at a moment (UTC); a bare date means the end of that day.

create macro main.{table.name}_as_of(moment) as table
    with known as (
        select *
        from {table.full_name}
        where known_from <= end_of_day(moment)
        union all by name
        select * exclude (known_until, is_still_printed)
        from {table.full_name}_superseded
        where known_from <= end_of_day(moment) and known_until > end_of_day(moment)
    )
    select *
    from known
    qualify row_number() over (partition by {key} order by known_from desc, release_id desc) = 1
"""
