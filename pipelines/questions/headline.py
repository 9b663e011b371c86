"""What an edition says in one screen: which exports moved, whose imports are concentrated, what is not held, which statements hold.

The figures are those of two questions in sql/questions and of claim_check; nothing is computed here, and nothing printed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from textwrap import wrap
from typing import Any

import duckdb

from pipelines.model.statements import read_statement
from pipelines.questions.answers import as_dicts
from pipelines.settings import SQL

WIDTH = 80
MOVED = 6
CONCENTRATED = 5
TROUBLE_LINES = 2
"""So that all sources may fail and everything still is one screen of forty lines."""

RANGES = "Ranges: what rounding and unnamed suppliers leave open. Index 1: one supplier."
BEFORE = {"mine": "mined", "refined": "refined", "refinery": "refined", "smelter": "smelted"}
"""Stages that are said before the name of a commodity; the others behind it."""
SEVERAL = {"alloy", "compound", "concentrate", "magnet", "product"}
"""Stages of which a commodity has several kinds."""

_CLAIMS = "select verdict, count(distinct claim_id) as statements from marts.claim_check group by verdict"
_STATUS = "select source, state, message, stand_in from meta.source_status order by source"


def headline(connection: duckdb.DuckDBPyConnection, as_of: date | None = None, command: str = "lodestone") -> str:
    """The headline of an edition, in lines of at most 80 columns unless a name is longer.

    The commands in it can be pasted into a shell: `command` is how this program is called there, and with `as_of` they ask that edition.
    """
    asked = f"{command} sql" if as_of is None else f"{command} sql --as-of {as_of}"
    lines: list[str] = []
    status = as_dicts(connection.sql(_STATUS))
    troubles = [f"{row['source']} {row['state']}: {row['message']}" for row in status if row["state"] not in ("ok", "not_asked")]
    for trouble in troubles:
        lines += wrap(trouble, WIDTH, max_lines=TROUBLE_LINES, placeholder=f" ... ({command} sources)", break_on_hyphens=False)
    lines += [""] if troubles else []
    held = as_dicts(connection.sql(_question("exports_that_moved_most")))
    moved = _moved(held)
    if moved:
        lines += _columns([("Exports that moved most", "month", ">amount", ">change", ""), *map(_as_moved, moved)])
    lines += _newest(held, moved)
    lines += [""] if held else []
    lists = as_dicts(connection.sql(_question("most_concentrated_imports")))[:CONCENTRATED]
    if lists:
        head = ("Most concentrated imports", "months", "largest", ">its share", ">index")
        lines += [*_columns([head, *map(_as_concentrated, lists)]), RANGES]
    rehearsed = [row["source"] for row in status if row["stand_in"]]
    if rehearsed:
        lines.append(f"From a rehearsal, answers of stand-ins: {' and '.join(rehearsed)}")
    silent = [row["source"] for row in status if row["state"] == "not_asked"]
    if silent:
        lines += _with_command(f"Not in the box: {' and '.join(silent)}; ask them:", f"{command} nightly")
    lines += _with_command("Whether a month is there:", asked, "from coverage")
    verdicts = {row["verdict"]: row["statements"] for row in as_dicts(connection.sql(_CLAIMS))}
    if verdicts:
        agree, differ = (verdicts.get(verdict, 0) for verdict in ("agrees", "differs"))
        verdict = f"{agree} of the article's {sum(verdicts.values())} claims agree, {differ} differ:"
        lines += _with_command(verdict, asked, "from claim_check")
    lines += _with_command("Go on:", asked, "from refining_share where commodity = 'cobalt'")
    lines.append(f"       {command} sources, explain or --help; docs/using.md; make ui")
    return "".join(f"{line}\n" for line in lines)


def _with_command(text: str, command: str, query: str = "") -> list[str]:
    """A text and the command that tells more; where the line would be too long, broken so that a shell still takes the command whole."""
    query = f' "{query}"' if query else ""
    if len(f"{text} {command}{query}") <= WIDTH:
        return [f"{text} {command}{query}"]
    if len(f"  {command}{query}") <= WIDTH or not query:
        return [text, f"  {command}{query}"]
    return [text, f"  {command} \\", f"   {query}"]


def _question(name: str) -> str:
    return read_statement(SQL / "questions" / f"{name}.sql").sql


def _moved(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Those that rose most and those that fell most, half of each where there are so many, and something of the newest month."""
    risen, fallen = ([row for row in found if row["change"] is not None and sign * row["change"] > 0] for sign in (1, -1))
    half = MOVED // 2
    shown = risen[: max(half, MOVED - len(fallen))] + fallen[-max(half, MOVED - len(risen)) :]
    more = [row for row in risen + fallen if row["period_start"] == _newest_month(found)]
    return shown if any(row in shown for row in more) else shown + more[:1]


def _newest(found: list[dict[str, Any]], moved: list[dict[str, Any]]) -> list[str]:
    """Something of the newest month, where nothing of it moved or its change is not known."""
    newest = [row for row in found if row["period_start"] == _newest_month(found)]
    if not newest or any(row in moved for row in newest):
        return []
    return wrap(f"Newest: {'  '.join(cell for cell in _as_moved(newest[0]) if cell)}", WIDTH, break_on_hyphens=False)


def _newest_month(found: list[dict[str, Any]]) -> date | None:
    return max((row["period_start"] for row in found), default=None)


def _as_moved(row: dict[str, Any]) -> tuple[str, ...]:
    amount = f"{_rounded(row['amount'])} t" if row["unit"] == "t" else f"{_rounded(row['amount'] / 1e6)} M USD"
    high, low = row["last_as_high"], row["last_as_low"]
    word, since = ("lowest", low) if high and (not low or low < high) else ("highest", high)
    level = f"{word} since {since:%Y-%m}" if since else f"{word} of {row['months_before'] + 1} months"
    span = "y/y" if row["change_on_month"] is None else "m/m"
    change = "" if row["change"] is None else f"{100 * row['change']:+,.0f} % {span}"
    return (f"{row['reporter']}, {goods(row)}", f"{row['period_start']:%Y-%m}", amount, change, level)


def _rounded(amount: float) -> str:
    return f"{amount:,.0f}" if amount >= 999.95 else f"{amount:.4g}"


def _as_concentrated(row: dict[str, Any]) -> tuple[str, ...]:
    share = _range(100 * row["cr1_low"], 100 * row["cr1_high"], 1)
    first, last = row["period_start"], row["last_month"]
    months = (
        f"to {last:%Y-%m}" if (first.month, last.month) != (1, 12) else f"{first:%Y}" + (f"-{last:%y}" if first.year != last.year else "")
    )
    index = _range(row["hhi_low"], row["hhi_high"], 2)
    return (f"{row['importer']}, {goods(row)}", months, row["top_supplier"] or "uncertain", f"{share} %", index)


def goods(row: dict[str, Any]) -> str:
    """The commodity as people write it, with what tells it apart: its code of six digits or else its stage."""
    commodity, stage = row["commodity"].replace("_", " "), row["stage"]
    if row["code"] or stage == "any":
        return f"{row['code'] or ''} {commodity}".strip()
    if stage in BEFORE:
        return f"{BEFORE[stage]} {commodity}"
    are_many = commodity.endswith("earths")
    return f"{commodity.removesuffix('s') if are_many else commodity} {stage}{'s' if are_many or stage in SEVERAL else ''}"


def _range(low: float, high: float, digits: int) -> str:
    """A point where both ends snapshot alike, else both ends."""
    ends = dict.fromkeys(f"{end:.{digits}f}" for end in (low, high))
    return "-".join(ends)


def _columns(rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    """Rows set in columns, the first of them their names: > sets one to the right. The first column gives way where the screen ends."""
    right = [name.startswith(">") for name in rows[0]]
    cells = [tuple(name.removeprefix(">") for name in rows[0]), *rows[1:]]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    widths[0] = min(widths[0], max(WIDTH - sum(widths[1:]) - 2 * len(widths[1:]), len(cells[0][0])))
    for row in cells:
        placed = zip((_cut(row[0], widths[0]), *row[1:]), widths, right, strict=True)
        yield "  ".join(cell.rjust(width) if to_right else cell.ljust(width) for cell, width, to_right in placed).rstrip()


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 1]}…"
