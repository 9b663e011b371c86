"""The command that compares two editions: diff. It imports what it alone needs when it is called."""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import Annotated

import typer

from pipelines.__main__ import loading
from pipelines.cli.arguments import day_of, source_names
from pipelines.errors import Usage
from pipelines.settings import load_settings


class Writing(StrEnum):
    """How `lodestone diff` writes what changed."""

    text = "text"
    markdown = "markdown"
    json = "json"


def diff(
    since: Annotated[
        str | None,
        typer.Option("--from", metavar="DATE", help="Compare what was known by the end of this day (UTC); else the edition before."),
    ] = None,
    until: Annotated[
        str | None, typer.Option("--to", metavar="DATE", help="With what was known by the end of this day; else with the live edition.")
    ] = None,
    source: Annotated[
        str | None, typer.Option(metavar="SOURCE", autocompletion=source_names, help="Only what changed of this source.")
    ] = None,
    writing: Annotated[Writing, typer.Option("--format", help="How to write it; JSON always holds everything.")] = Writing.text,
    everything: Annotated[bool, typer.Option("--all", help="Every line, not only the first of each list.")] = False,
) -> None:
    """What changed between two editions: months, revised figures, codes newly asked, partners, releases, checks, states.

    Without dates the live edition is compared with the one published before it. With dates the editions as of these days are built
    where they are not there yet.

    Examples: `lodestone diff`, `lodestone diff --from 2026-05-31 --to 2026-06-30 --source us_census`, `lodestone diff --format markdown`.
    """
    if source is not None and source not in source_names():
        raise Usage(f"there is no source {source!r}; there are {', '.join(source_names())}")
    if until is not None and since is None:
        raise Usage("say since when with --from DATE; without dates the live edition is compared with the one before")
    if since is not None and since == until:
        raise Usage(f"both editions are those of {since}: compare two days")
    settings = load_settings()
    with loading():
        from pipelines import archive
        from pipelines.cli.run import edition_as_of
        from pipelines.edition.open import side_by_side
        from pipelines.questions.difference import compare, words
    days = [None if text is None else day_of(text) for text in (since, until)]
    before, after = settings.previous_edition if days[0] is None else edition_as_of(settings, days[0]), settings.edition
    if days[1] is not None:
        after = edition_as_of(settings, days[1])
    if days[0] is None and not before.exists() and after.exists():
        typer.echo(
            "Nothing to compare with yet: no edition was published before this one. `lodestone diff --from DATE` compares with a day."
        )
        return
    decisions = [decision for name in source_names() for decision in archive.decisions(settings.raw, name).values()]
    with side_by_side(before, after) as connection:
        found = compare.compare(connection, decisions)
    found = found if source is None else found.of(source)
    shown = None if everything else words.SHOWN
    match writing:
        case Writing.text:
            sys.stdout.write(words.as_text(found, shown))
        case Writing.markdown:
            sys.stdout.write(words.as_markdown(found, shown))
        case Writing.json:
            sys.stdout.write(compare.as_json(found))
