"""Commands that show how things stand: sources, doctor, alerts, dictionary. Each imports what it alone needs when it is called."""

from __future__ import annotations

import os
import sys
from datetime import date
from typing import Annotated, Any

import typer
from rich.text import Text

from pipelines.__main__ import loading
from pipelines.cli.output import console_of, fitting
from pipelines.errors import LodestoneError
from pipelines.settings import load_settings


def sources() -> None:
    """How each source stands in the edition: newest release, how old it is, lines, rejects, whether it is quarantined or late.

    `quarantined` waits for `lodestone accept`; `failed` and `fell_back` stand on earlier releases; `late` means that the office's calendar
    promised something newer by now. Whatever is not ok is explained below the table, and months whose revisions may have been
    missed because nobody asked for them again.
    """
    settings = load_settings()
    with loading():
        from pipelines.edition.open import read_only
        from pipelines.fetching.missed import missed_months
        from pipelines.questions.answers import as_dicts
    today = settings.now().date()
    with read_only(settings.edition) as connection:
        found = as_dicts(connection.sql("from meta.source_status order by source"))
        missed = missed_months(settings, connection, settings.now())
    rows = [
        {
            "source": row["source"],
            "state": _state(row, today),
            "newest": f"{row['newest_known_from']:%Y-%m-%d}" if row["newest_known_from"] else "none",
            ">days old": str((today - row["newest_known_from"].date()).days) if row["newest_known_from"] else "",
            "data to": str(row["newest_period_end"] or ""),
            ">lines": f"{row['lines']:,}",
            ">rejected": f"{row['rejected']:,}",
            "due by": str(row["due_by"] or ""),
        }
        for row in found
    ]
    console = console_of()
    table, left_out = fitting(console, rows)
    console.print(table)
    if left_out:
        console.print(Text(f'\nFor want of room without {", ".join(left_out)}: `lodestone sql "from source_status" --format record`'))
    for row in found:
        if row["message"]:
            console.print(Text(f"\n{row['source']}: {row['message']}"))
        if _is_late(row, today):
            console.print(Text(f"\n{row['source']} is late: something newer was due by {row['due_by']}; see {row['publisher']}"))
    for months in missed:
        console.print(Text(f"\n{months.source}: {months.what_is_wrong}; {months.remedy}"))


def examine() -> None:
    """Whether this installation is in order: a line for each thing looked at, ok, warn or bad, with what to do about it.

    Looks at versions, folder, disk, keys (never showing one), clock, settings, visits to offices, quarantined and failed
    releases, locks, leftovers of killed runs and the edition. Exit code 1 means that something needs a person.
    """
    with loading():
        from pipelines.operations import doctor
    found = doctor.examine(load_settings(), os.environ)
    for finding in found:
        typer.echo(str(finding))
    if any(finding.level == "bad" for finding in found):
        raise typer.Exit(1)


def show_alerts() -> None:
    """What an operator has to be told of: offices that failed, are late, quarantined or incomplete. Shows it and posts nothing.

    The nightly sensor posts the same to LODESTONE_ALERT_URL, each once, and its end.
    """
    settings = load_settings()
    with loading():
        from pipelines.operations import alerts as alerting
    found = alerting.alerts(settings, settings.now())
    sys.stdout.write(
        f"{alerting.in_words(found)}\n" if found else "Nothing to tell: every office is on time and stands on its newest releases.\n"
    )


def write_dictionary(
    check: Annotated[bool, typer.Option("--check", help="Only say whether docs/dictionary.md is what the definitions say.")] = False,
) -> None:
    """Write docs/dictionary.md: every table and column with its unit and meaning, from the same definitions as the database."""
    with loading():
        from pipelines.model import dictionary
    if not check:
        dictionary.write()
    elif not dictionary.is_current():
        raise LodestoneError("docs/dictionary.md is not what the definitions say; run `lodestone dictionary` and commit it")


def _is_late(row: dict[str, Any], today: date) -> bool:
    return row["due_by"] is not None and row["due_by"] < today


def _state(row: dict[str, Any], today: date) -> str:
    # An edition of earlier code knows nothing of stand-ins.
    return ", ".join([row["state"], *(["late"] if _is_late(row, today) else []), *(["stand-in"] if row.get("stand_in") else [])])
