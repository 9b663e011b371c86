"""The one door people enter by: `lodestone ...`. It asks, shows and explains; the work is done elsewhere.

Dagster is loaded only to build, so that a question is answered at once.
"""

from __future__ import annotations

import getpass
import json
import logging
import os
import re
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date, datetime
from enum import StrEnum
from functools import partial
from importlib import metadata
from io import TextIOWrapper
from itertools import chain
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Any

import duckdb
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text
from typer.core import TyperCommand
from typer.exceptions import TyperException

from pipelines import archive
from pipelines.__main__ import INTERRUPTED
from pipelines.archive import secrecy
from pipelines.cli.terminal import write_records, write_table
from pipelines.console import SafeConsole, Terminal, terminal_width
from pipelines.edition.build import stands
from pipelines.edition.open import read_only, refused_rows, side_by_side
from pipelines.errors import LodestoneError, Usage
from pipelines.fetching import due
from pipelines.intake import corrections
from pipelines.intake.curation import correction_of, judge_releases
from pipelines.intake.releases import Observation, looks, observations
from pipelines.model import dictionary
from pipelines.model.statements import statements, strays
from pipelines.model.tables import tables
from pipelines.night import LOGGER
from pipelines.operations import alerts as alerting
from pipelines.operations import doctor
from pipelines.periods import runs
from pipelines.questions import citation, explanation
from pipelines.questions.answers import (
    Answer,
    Format,
    as_dicts,
    as_text,
    ask,
    no_formula,
    stoppable,
    write_csv,
    write_file,
    write_json,
    write_parquet,
)
from pipelines.questions.difference import compare, words
from pipelines.questions.explain import explain as find_explanation
from pipelines.questions.headline import headline
from pipelines.settings import Settings, load_settings
from pipelines.sources import Source, load_source, readable_sources, source_names

if TYPE_CHECKING:
    from pipelines.defs.launch import FailedStep

NARROWEST = 100
"""Narrower than this the terminal breaks the lines: columns squeezed further can no longer be read."""

app = typer.Typer(
    name="lodestone",
    help="Who depends on whom for critical minerals, what changed last month, and how sure are we?\n\n"
    "Builds a checked DuckDB file from published figures and answers questions from it. Start with `lodestone build`.",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=lambda asked: _tell_version() if asked else None, help="Tell the version.")
    ] = False,
) -> None:
    """Options of the command itself."""


def _tell_version() -> None:
    typer.echo(f"lodestone {metadata.version('lodestone')}, DuckDB {duckdb.__version__}")
    raise typer.Exit


class _Question(TyperCommand):
    """A command whose argument may begin with a comment (`-- which ...`) and is no option for that."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        questions = [text for text in args if _COMMENT.match(text)]
        if questions and "--" not in args:
            args = [text for text in args if text not in questions] + ["--", *questions]
        return super().parse_args(ctx, args)


_COMMENT = re.compile(r"--(\s|[^\n]*\n)")


class Setting(StrEnum):
    """How `lodestone explain` sets an explanation."""

    text = "text"
    markdown = "markdown"
    json = "json"


@app.command()
def build(
    as_of: Annotated[
        str | None,
        typer.Option(metavar="DATE", help="Build beside the live edition one that knows only what was known by the end of this day (UTC)."),
    ] = None,
) -> None:
    """Read every source's files, build and check the edition, publish it, and say what came of it.

    Reads data/raw only, never the network. A source with broken files keeps its last good releases and is named in the summary.
    Exit code 1 means that nothing was published: the failing check and some of its rows are shown, the edition before stays.

    Examples: `lodestone build`, `lodestone build --as-of 2024-12-31`.
    """
    day = None if as_of is None else _day(as_of)
    settings = load_settings()
    path = settings.edition if day is None else settings.edition_as_of(day.isoformat())
    started = time.monotonic()
    # Without its record of the first build Dagster would show nothing, so that one is made again.
    if day is None and settings.dagster.exists() and not doctor.leftovers(settings) and stands(settings):
        _summary(settings, path, day, changed=False, seconds=time.monotonic() - started)
        return
    before = _edition_id(path)
    with _progress() as say:
        say("starting")
        # Dagster takes a second to load, which only a build should cost.
        from pipelines.defs.launch import launch

        troubles = launch("sources", settings)
        jobs = {} if day is None else {"edition_as_of_op": {"config": {"as_of": day.isoformat()}}}
        failed = launch("edition" if day is None else "edition_as_of", settings, jobs)
    console = _console()
    for step in troubles:
        console.print(Text(f"{step.step.replace('__', '/')}: {step.message}"))
    if failed:
        _explain_failure(failed[0])
        raise typer.Exit(1)
    _summary(settings, path, day, changed=_edition_id(path) != before, seconds=time.monotonic() - started)


@app.command()
def plan(
    source: Annotated[
        str | None,
        typer.Argument(metavar="[SOURCE]", autocompletion=source_names, help="One of the offices that are asked; all unless given."),
    ] = None,
    questions: Annotated[bool, typer.Option("--questions", help="Also list every question with its address.")] = False,
) -> None:
    """Show what a night would ask of each office, why, and how long that takes, without asking.

    Example: `lodestone plan us_census --questions`.
    """
    settings = load_settings()
    console = _console()
    night, is_least = 0.0, False
    for one in _asked_sources(source):
        planned = due.plan(settings, one, settings.now())
        seconds, is_measured = due.expected_seconds(settings, one, planned)
        night, is_least = night + seconds, is_least or not is_measured
        questions_put = f"{len(planned.requests)} question{'' if len(planned.requests) == 1 else 's'}"
        console.print(Text(f"{one.name}: {questions_put} to {one.config.publisher}"))
        by_month = any(request.slices for request in planned.requests)
        for why in dict.fromkeys(planned.months.values()) if by_month else ():
            months = [
                f"{first} to {last}" if first != last else first for first, last in runs(m for m, w in planned.months.items() if w == why)
            ]
            console.print(Text(f"  {', '.join(months)}: {why}"))
        if planned.requests and not by_month:
            console.print(Text("  the whole file, which the office sends only if it changed"))
        if seconds >= 60:
            pace = "at the pace of the last visits" if is_measured else "at least, by the pauses between two questions"
            console.print(Text(f"  takes {due.in_words(seconds)} {pace}"))
        for request in planned.requests if questions else ():
            console.print(Text(f"  {request.shown}"), soft_wrap=True)
        trouble = archive.standing_trouble(settings.raw, one.name)
        if trouble:
            console.print(Text(f"  {trouble}"))
    if source is None:
        console.print(Text(f"A night takes {due.in_words(night)}{' at least' if is_least and night >= 60 else ''}, then a build"))


@app.command()
def fetch(
    source: Annotated[
        str, typer.Argument(metavar="SOURCE", autocompletion=source_names, help="One of the offices that `lodestone plan` lists.")
    ],
    first: Annotated[str | None, typer.Option("--from", metavar="MONTH", help="First month, YYYY-MM; what is due unless given.")] = None,
    last: Annotated[
        str | None, typer.Option("--to", metavar="MONTH", help="Last month, YYYY-MM; the newest there can be unless given.")
    ] = None,
) -> None:
    """Ask one office, for what is due or for a range of months, and keep its answers. `lodestone build` then takes them in.

    What was answered before a cut is kept and not asked for again. Exit code 1 where the office did not answer everything.

    Examples: `lodestone fetch ecb_rates`, `lodestone fetch us_census --from 2018-01 --to 2019-12`.
    """
    settings = load_settings()
    (one,) = _asked_sources(source)
    if last is not None and first is None:
        raise Usage("--to needs --from: say where the range begins")
    months = None if first is None else (_month(first), _month(last) if last is not None else None)
    if months is not None and months[1] is not None and months[1] < months[0]:
        raise Usage(f"the range ends before it begins: {months[0]} to {months[1]}")
    began = settings.now()
    with _progress() as say:
        troubles = _fetch(settings, one, say, months)
    _tell_fetched(settings, one.name, troubles, began)
    if troubles:
        raise typer.Exit(1)
    typer.echo("run `lodestone build` to take in what is new")


@app.command()
def nightly() -> None:
    """Ask every office for what is due, then build, check and publish: what the schedules do at night, here and now.

    An office that fails, or whose key is missing, is named; the others go on, and the edition is built from what is last good.
    """
    settings = load_settings()
    began = settings.now()
    with _progress() as say:
        failed = {one.name: _fetch(settings, one, say) for one in _asked_sources(None)}
    for name, troubles in failed.items():
        _tell_fetched(settings, name, troubles, began)
    build()


@app.command(cls=_Question)
def sql(
    query: Annotated[
        str | None,
        typer.Argument(
            metavar="QUERY", help="One query in DuckDB's SQL, e.g. 'from import_concentration limit 5'; - reads it from standard input."
        ),
    ] = None,
    file: Annotated[Path | None, typer.Option("-f", "--file", metavar="FILE", help="Read the query from this file.")] = None,
    output_format: Annotated[
        Format | None, typer.Option("--format", help="How to write the rows; as the name of --output says, else as a table.")
    ] = None,
    output: Annotated[Path | None, typer.Option(metavar="FILE", help="Write to this file instead of the terminal.")] = None,
    as_of: Annotated[str | None, typer.Option(metavar="DATE", help="Ask the edition built with `lodestone build --as-of DATE`.")] = None,
    cite: Annotated[bool, typer.Option("--cite", help="Add whom to cite and on which terms; to stderr with csv and parquet.")] = False,
    safe: Annotated[
        bool, typer.Option("--safe", help="CSV for a spreadsheet: a quote stands before texts that it would take for a formula.")
    ] = False,
) -> None:
    """Ask the published edition one question, read-only: no other file and no network can be reached from it.

    Every table stands under its own name: `lodestone tables` lists them, `describe supplier_share` shows the columns of one.

    Examples: `lodestone sql "from claim_check"`, `lodestone sql "from trade_total" --output exports.csv`,
    `lodestone sql -f sql/questions/largest_suppliers.sql`.
    """
    asked = _asked(query, file)
    form = output_format or _form_of(output)
    if form is Format.parquet and output is None:
        raise Usage("Parquet is not text: name a file with --output FILE")
    if safe and form is not Format.csv:
        raise Usage(f"--safe is for CSV, and the rows are written as {form}: add --format csv")
    settings = load_settings()
    with read_only(_edition_path(settings, as_of)) as connection, stoppable(connection):
        answer = ask(connection, asked)
        cited = citation.cited(connection, asked, answer.names, chain.from_iterable(answer.batches())) if cite else None
        write = partial(write_csv, guarded=no_formula) if safe else _TEXTS.get(form, write_csv)
        if cited is not None:
            write = partial(_write_cited, form, write, cited)
        try:
            if output is not None:
                write_file(settings, output, partial(write_parquet, answer) if form is Format.parquet else as_text(write, answer))
            else:
                write(answer, sys.stdout)
                sys.stdout.flush()
        except BrokenPipeError:  # the reader, e.g. `head`, has seen enough
            _forget_output()
    if cited is not None and form in (Format.csv, Format.parquet):
        sys.stderr.write(citation.told(*cited))


def _asked(query: str | None, file: Path | None) -> str:
    """The text of a question, wherever it stands."""
    if (query is None) == (file is None):
        raise Usage("ask one question: as QUERY, with -f FILE, or - to read it from standard input; `lodestone sql --help` explains")
    try:
        if "-" in (query, str(file)):
            if sys.stdin is None:
                raise Usage("there is no standard input to read the question from")
            return sys.stdin.buffer.read().decode("utf-8-sig")
        return query if file is None else file.read_bytes().decode("utf-8-sig")  # type: ignore[return-value]
    except OSError as error:
        raise Usage(f"{file}: cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise Usage(f"{file or 'standard input'}: is no text in UTF-8 (byte {error.start + 1}); save it as UTF-8") from error


_SUFFIXES = {".csv": Format.csv, ".json": Format.json, ".parquet": Format.parquet, ".txt": Format.table, "": Format.table}


def _form_of(output: Path | None) -> Format:
    """The format that the name of a file says."""
    suffix = "" if output is None else output.suffix.lower()
    if suffix not in _SUFFIXES:
        raise Usage(f"{output}: what {suffix} holds is not written here; choose one of {', '.join(Format)} with --format")
    return _SUFFIXES[suffix]


@app.command(name="tables")
def list_tables() -> None:
    """The tables of the edition, their rows, and what each is. `lodestone sql "describe TABLE"` shows the columns of one."""
    with read_only(load_settings().edition) as connection:
        found = as_dicts(connection.sql(_TABLES))
    table = _table("table", ">rows", "what it is")
    for one in found:
        table.add_row(one["table_name"], f"{one['estimated_size']:,}", _FIRST_SENTENCE.split(one["comment"], maxsplit=1)[0])
    console = _console()
    console.print(table)
    console.print(Text(f"\n{_TABLES_TOLD}"))


_FIRST_SENTENCE = re.compile(r"(?<=[.?])\s")
_TABLES_TOLD = (
    "Beside a fact that is published again, NAME_superseded holds what is no longer current, and NAME_as_of('2025-12-31') reads it "
    "as it was known by the end of a day."
)


_TABLES = """
    select table_name, estimated_size, comment
    from duckdb_tables()
    where schema_name in ('marts', 'facts', 'meta', 'vocabulary') and not suffix(table_name, '_superseded')
    order by list_position(['marts', 'facts', 'meta', 'vocabulary'], schema_name), table_name
"""


def _table_names() -> list[str]:
    return sorted({one.table for one in statements("marts")} | {one.name for one in tables().values()})


@app.command()
def explain(
    table: Annotated[
        str,
        typer.Argument(metavar="TABLE", autocompletion=_table_names, help="A mart, a fact or another table, with or without its schema."),
    ],
    where: Annotated[
        str | None, typer.Option(metavar="CONDITION", help="Which rows, in DuckDB's SQL, e.g. \"period_start = '2019-05-01'\".")
    ] = None,
    limit: Annotated[int | None, typer.Option(metavar="ROWS", min=1, help="Explain so many of the rows; else 20 at most.")] = None,
    evidence: Annotated[
        int, typer.Option(metavar="ROWS", min=1, help="Show so many rows of each table that is evidence for a row, the closest first.")
    ] = 50,
    setting: Annotated[Setting, typer.Option("--format", help="How to set it.")] = Setting.text,
    as_of: Annotated[str | None, typer.Option(metavar="DATE", help="Ask the edition built with `lodestone build --as-of DATE`.")] = None,
) -> None:
    """From a row of a table down to the raw lines it rests on, with releases, receipts, citations and licences.

    A mart's row rests on its evidence, as the header of its SQL and docs/dictionary.md say; a fact on its line in a raw file,
    whose bytes are held against their hash.

    Example: `lodestone explain export_change_monthly --where "commodity = 'rare_earths' and period_start = '2019-05-01'"`.
    """
    settings = load_settings()
    with read_only(_edition_path(settings, as_of)) as connection:
        found = find_explanation(connection, settings, table, where, limit, evidence)
    written = {Setting.text: explanation.as_text, Setting.markdown: explanation.as_markdown, Setting.json: explanation.as_json}
    sys.stdout.write(written[setting](found))


@app.command()
def sources() -> None:
    """How each source stands in the edition: newest release, how old it is, lines, rejects, whether it is held or late.

    `held` waits for `lodestone accept`; `failed` and `fell_back` stand on earlier releases; `late` means that the office's calendar
    promised something newer by now. Whatever is not ok is explained below the table, and months whose revisions may have been
    missed because nobody asked for them again.
    """
    settings = load_settings()
    today = settings.now().date()
    with read_only(settings.edition) as connection:
        found = as_dicts(connection.sql("from meta.source_status order by source"))
        missed = due.missed_months(settings, connection, settings.now())
    table = _table("source", "state", "newest", ">days old", "data to", ">lines", ">rejected", "due by")
    for one in found:
        newest = one["newest_known_from"]
        table.add_row(
            one["source"],
            _state(one, today),
            f"{newest:%Y-%m-%d}" if newest else "none",
            str((today - newest.date()).days) if newest else "",
            str(one["newest_period_end"] or ""),
            *(f"{one[name]:,}" for name in ("lines", "rejected")),
            str(one["due_by"] or ""),
        )
    _console(NARROWEST).print(table)
    console = _console()
    for one in found:
        if one["message"]:
            console.print(Text(f"\n{one['source']}: {one['message']}"))
        if _is_late(one, today):
            console.print(Text(f"\n{one['source']} is late: something newer was due by {one['due_by']}; see {one['publisher']}"))
    for months in missed:
        console.print(Text(f"\n{months.source}: {months.told}; {months.remedy}"))


class Writing(StrEnum):
    """How `lodestone diff` writes what changed."""

    text = "text"
    markdown = "markdown"
    json = "json"


@app.command()
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
    days = [None if text is None else _day(text) for text in (since, until)]
    before, after = settings.previous_edition if days[0] is None else _as_of(settings, days[0]), settings.edition
    if days[1] is not None:
        after = _as_of(settings, days[1])
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


@app.command(name="doctor")
def examine() -> None:
    """Whether this installation is in order: a line for each thing looked at, ok, warn or bad, with what to do about it.

    Looks at versions, folder, disk, keys (never showing one), clock, settings, visits to offices, held and failed releases, locks,
    leftovers of killed runs and the edition. Exit code 1 means that something needs a person.
    """
    found = doctor.examine(load_settings(), os.environ)
    for finding in found:
        typer.echo(str(finding))
    if any(finding.level == "bad" for finding in found):
        raise typer.Exit(1)


@app.command(name="alerts")
def show_alerts() -> None:
    """What an operator has to be told of: offices that failed, are late, held or incomplete. Shows it and posts nothing.

    The nightly sensor posts the same to LODESTONE_ALERT_URL, each once, and its end.
    """
    settings = load_settings()
    found = alerting.alerts(settings, settings.now())
    sys.stdout.write(
        f"{alerting.in_words(found)}\n" if found else "Nothing to tell: every office is on time and stands on its newest releases.\n"
    )


@app.command()
def accept(
    subject: Annotated[
        str,
        typer.Argument(metavar="ID", help="The 16 digits that `lodestone sources` shows for a held release, or for what a check refuses."),
    ],
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why the new figures are right; kept with the decision.")],
    author: Annotated[str | None, typer.Option(metavar="NAME", help="Who decides; your user name unless given.")] = None,
) -> None:
    """Let a held release in, or rows that a check refuses: write down who decided it, when and why. `lodestone build` then takes it in.

    Of a row that a check refuses, all that the check refuses of that source are let in with it, as long as their figures stay.

    Example: `lodestone accept 0123456789abcdef --reason "customs restated the first quarter, see their note of 18 July"`.
    """
    settings = load_settings()
    why = _reasoned(reason)
    rows = _refused_with(settings, subject)
    if rows:
        who = _decide(settings, {one["finding_id"]: one["source"] for one in rows}, "accept", why, author)
        told = f"{len(rows)} rows of {rows[0]['source']} that check {rows[0]['check_name']} refuses"
        typer.echo(f"{who} accepted {told}; run `lodestone build` to take them in")
    else:
        source = _source_of(settings, subject, "held")
        who = _decide(settings, {subject: source}, "accept", why, author)
        typer.echo(f"{who} accepted {subject} of {source}; run `lodestone build` to take it in")


@app.command()
def hold(
    release: Annotated[str, typer.Argument(metavar="RELEASE", help="The 16 digits of a current release, e.g. from `lodestone diff`.")],
    reason: Annotated[str, typer.Option(metavar="TEXT", help="What is wrong with the figures; kept with the decision.")],
    author: Annotated[str | None, typer.Option(metavar="NAME", help="Who decides; your user name unless given.")] = None,
) -> None:
    """Take a current release out: write down who decided it, when and why. `lodestone build` then goes back to the release before it.

    `lodestone accept` lets it in again.

    Example: `lodestone hold 0123456789abcdef --reason "the office says that May was counted twice, a correction will follow"`.
    """
    settings = load_settings()
    why = _reasoned(reason)
    source = _source_of(settings, release, "current")
    who = _decide(settings, {release: source}, "hold", why, author)
    typer.echo(f"{who} holds {release} of {source}; run `lodestone build` to go back to the release before it")


@app.command()
def override(
    release: Annotated[str, typer.Argument(metavar="RELEASE", help="The 16 digits of the release, as `lodestone explain` shows them.")],
    line: Annotated[int, typer.Option(metavar="N", help="Line of the raw file, as `lodestone explain` shows it.")],
    column: Annotated[str, typer.Option(metavar="NAME", help="Column of the raw file.")],
    to: Annotated[str, typer.Option(metavar="TEXT", help="What should stand there, written as the file writes it.")],
    reason: Annotated[str, typer.Option(metavar="TEXT", help="How it is known; kept with the correction.")],
    file: Annotated[str | None, typer.Option(metavar="NAME", help="The raw file, where the release stands on several.")] = None,
    author: Annotated[str | None, typer.Option(metavar="NAME", help="Who decides; your user name unless given.")] = None,
) -> None:
    """Correct one figure that an office filed wrongly. Nothing that was received is touched; the correction is kept beside it.

    The text that stands there now is its guard: once the office mends its figure, the correction is spent and says so.

    Example: `lodestone override 0123456789abcdef --line 29 --column tonnes --to 3640 --reason "a digit is missing, see the bulletin"`.
    """
    if not reason.strip():
        raise Usage("a correction needs its reason: --reason TEXT")
    settings = load_settings()
    for source in map(load_source, source_names()):
        if any(one.release_id == release for one in observations(source, looks(settings, source))):
            correction = correction_of(settings, source, release, (file, line), (column, to), author or _user_name(), reason.strip())
            path = corrections.keep(settings.raw, correction)
            typer.echo(f"{column} of line {line} is {to} instead of {correction.filed} from now on ({path.name}); run `lodestone build`")
            return
    raise Usage(f"there is no release {release!r}; `lodestone explain` names that of a figure")


@app.command()
def keep(
    source: Annotated[
        str, typer.Argument(metavar="SOURCE", autocompletion=source_names, help="One of the sources that `lodestone sources` lists.")
    ],
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The newer copy.")],
    url: Annotated[str | None, typer.Option(metavar="URL", help="Where it was received from; keys in it are not kept.")] = None,
    member: Annotated[
        str | None, typer.Option(metavar="NAME", help="The source's file it is a copy of; its own name unless given.")
    ] = None,
) -> None:
    """Receive a newer copy of a source's file: its exact bytes are kept with a receipt. Nothing earlier is touched.

    Example: `lodestone keep usgs_mcs ~/Downloads/production.csv --member usgs_world_production.csv`.
    """
    if source not in source_names():
        raise Usage(f"there is no source {source!r}; there are {', '.join(source_names())}")
    name = member or file.name
    loaded = load_source(source)
    if name not in loaded.config.members:
        raise Usage(f"{source} has no file {name!r}; say which it is with --member, one of {', '.join(loaded.config.members)}")
    try:
        if (size := file.stat().st_size) > loaded.most_bytes:
            raise Usage(f"{file}: has {size:,} bytes where a file of {source} has at most {loaded.most_bytes:,}; is it the right one?")
        body = file.read_bytes()
    except OSError as error:
        raise Usage(f"{file}: cannot be read ({error.strerror})") from error
    settings = load_settings()
    archive.refuse_a_clock_set_back(settings.raw, source, settings.now())
    keys = [os.environ.get(one.config.fetch.key.environment, "") for one in readable_sources() if one.config.fetch and one.config.fetch.key]
    shown = None if url is None else secrecy.without(url, map(str.strip, keys))
    receipt = archive.receive(settings.raw, source, name, body, settings.now(), url=shown)
    typer.echo(f"kept {receipt.size:,} bytes as {receipt.receipt_id}; run `lodestone build` to take them in")


@app.command(name="dictionary")
def write_dictionary(
    check: Annotated[bool, typer.Option("--check", help="Only say whether docs/dictionary.md is what the definitions say.")] = False,
) -> None:
    """Write docs/dictionary.md: every table and column with its unit and meaning, from the same definitions as the database."""
    if not check:
        dictionary.write()
    elif not dictionary.is_current():
        raise LodestoneError("docs/dictionary.md is not what the definitions say; run `lodestone dictionary` and commit it")


def main() -> None:
    """Run a command: exit code 2 with one sentence for an error of use, 1 with one for what could not be done."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if isinstance(stream, TextIOWrapper):
            # Names of places must survive a terminal that claims to know only ASCII.
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
            if stream.isatty():
                setattr(sys, name, Terminal(stream))
    try:
        code = app(sys.argv[1:] or ["--help"], prog_name="lodestone", standalone_mode=False)
        if code == INTERRUPTED:
            _refuse("interrupted", INTERRUPTED)
        sys.stdout.flush()
    except Usage as error:
        code = _refuse(str(error), 2)
    except LodestoneError as error:
        code = _refuse(str(error), 1)
    except TyperException as error:
        context = getattr(error, "ctx", None)
        asked = context.command_path if context is not None else "lodestone"
        told = error.format_message().replace("Value error, ", "").strip()
        code = _refuse(f"{told.rstrip('.')}; `{asked} --help` explains" if told else f"`{asked} --help` explains", error.exit_code)
    except BrokenPipeError:  # the reader, e.g. `head`, has seen enough
        _forget_output()
        code = 0
    except KeyboardInterrupt:
        code = _refuse("interrupted", INTERRUPTED)
    except MemoryError:
        code = _refuse("there is not enough memory for that", 1)
    except OSError as error:
        _forget_output()
        code = _refuse(f"{error.filename or 'the output'}: {error.strerror or error}; is there room, and may it be written?", 1)
    sys.exit(code if isinstance(code, int) else 0)


def _forget_output() -> None:
    """Let what is still to be written go nowhere: Python writes it once more when it ends, and would complain."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _refuse(sentence: str, code: int) -> int:
    sys.stderr.write(f"lodestone: {sentence}\n")
    return code


def _day(text: str) -> date:
    try:
        day = datetime.strptime(text, "%Y-%m-%d").date()
    except ValueError as error:
        raise Usage(f"{text!r} is not a day: write YYYY-MM-DD, e.g. 2024-12-31") from error
    if day > load_settings().now().date():
        raise Usage(f"{text} lies in the future: nothing is known as of then")
    return day


def _edition_path(settings: Settings, as_of: str | None) -> Path:
    """The edition to ask: the live one, or that of a day, which must have been built."""
    if as_of is None:
        return settings.edition
    path = settings.edition_as_of(_day(as_of).isoformat())
    if not path.exists():
        raise LodestoneError(f"there is no edition as of {as_of}; build it with `lodestone build --as-of {as_of}`")
    return path


def _user_name() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError) as error:  # a container's user may have a number and no name
        raise Usage("this user has no name: say who decides with --author NAME") from error


def _asked_sources(name: str | None) -> list[Source]:
    asked = [source for source in readable_sources() if source.config.fetch is not None]
    found = [source for source in asked if name in (None, source.name)]
    if not found:
        raise Usage(f"{name!r} is no office that is asked; there are {', '.join(source.name for source in asked)}")
    return found


def _fetch(
    settings: Settings, source: Source, say: Callable[[str], None], months: tuple[str, str | None] | None = None
) -> list[FailedStep]:
    """Ask one office through its job, a run for each unbroken range of months; the steps that failed."""
    now = settings.now()
    planned = due.plan(settings, source, now) if months is None else due.backfill(source, months[0], months[1], now)
    if not planned.requests:
        return []
    say(f"asking {source.name}")
    from pipelines.defs.jobs import fetch_job_name, range_tags
    from pipelines.defs.launch import launch

    if not any(request.slices for request in planned.requests):
        return launch(fetch_job_name(source.name), settings)
    return [
        failed
        for first, last in runs(planned.months)
        for failed in launch(fetch_job_name(source.name), settings, tags=range_tags(first, last))
    ]


def _tell_fetched(settings: Settings, name: str, troubles: list[FailedStep], began: datetime) -> None:
    console = _console()
    for told in dict.fromkeys(step.message for step in troubles):  # runs over several ranges may fail for one reason
        console.print(Text(told if name in told else f"{name}: {told}"), soft_wrap=True)
    receipts = [one for visit in archive.visits(settings.raw, name) for one in visit.receipts if one.observed_at >= began]
    if not receipts and not troubles:
        console.print(Text(f"{name}: nothing is due"))
    elif receipts:
        unchanged = [one for one in receipts if one.status == 304]
        size = sum(one.size for one in receipts) - sum(one.size for one in unchanged)
        console.print(Text(f"{name}: {len(receipts)} questions were answered with {size:,} bytes, {len(unchanged)} of them with no news"))


def _month(text: str) -> str:
    if not re.fullmatch(r"(19|20)[0-9]{2}-(0[1-9]|1[0-2])", text):
        raise Usage(f"{text!r} is not a month: write YYYY-MM, e.g. 2019-05")
    return text


LISTED_RELEASES = 5
"""As many are named to somebody who asks for one that is not there."""


def _reasoned(reason: str) -> str:
    if not reason.strip():
        raise Usage("a decision needs its reason: --reason TEXT")
    return reason.strip()


def _decide(settings: Settings, sources: Mapping[str, str], verb: str, reason: str, author: str | None) -> str:
    """Write down one decision on each of these releases or findings, given with their sources; who decided."""
    who, now = author or _user_name(), settings.now()
    for subject, source in sources.items():
        archive.decide(settings.raw, archive.Decision(source, subject, verb, who, reason, now))
    return who


def _source_of(settings: Settings, release: str, state: str) -> str:
    """The source of a release, which must be in this state."""
    open_to_it = list(_releases_that_are(state, settings))
    source = next((one.source for one in open_to_it if one.release_id == release), None)
    if source is not None:
        return source
    newest = sorted(open_to_it, key=lambda one: (one.known_from, one.slice), reverse=True)
    listed = ", ".join(f"{one.release_id} ({one.slice})" for one in newest[:LISTED_RELEASES]) or "none is"
    more = f" and {len(newest) - LISTED_RELEASES:,} more" if len(newest) > LISTED_RELEASES else ""
    raise Usage(f"release {release!r} is not {state} ({state}: {listed}{more})")


def _refused_with(settings: Settings, finding: str) -> list[dict[str, Any]]:
    """The rows of one source that one check refuses in the live edition, of which this is one; none where it is no such row."""
    try:
        with read_only(settings.edition) as connection:
            rows = refused_rows(connection)
    except (LodestoneError, duckdb.Error):  # no edition, or one of another version of the code, tells of refused rows
        return []
    found = next(((one["source"], one["check_name"]) for one in rows if one["finding_id"] == finding), None)
    return [one for one in rows if (one["source"], one["check_name"]) == found]


def _releases_that_are(state: str, settings: Settings) -> Iterator[Observation]:
    for source in readable_sources():
        judged = judge_releases(settings, source, observations(source, looks(settings, source)))
        yield from (one.observation for one in judged if one.state == state)


def _as_of(settings: Settings, day: date) -> Path:
    """The edition as of a day, built by the same job as `lodestone build --as-of` unless it is there and current."""
    with _progress() as say:
        say(f"the edition as of {day}")
        from pipelines.defs.launch import launch

        failed = launch("edition_as_of", settings, {"edition_as_of_op": {"config": {"as_of": day.isoformat()}}})
    if failed:
        _explain_failure(failed[0])
        raise typer.Exit(1)
    return settings.edition_as_of(day.isoformat())


def _edition_id(path: Path) -> str | None:
    """The identity of the edition at `path`; null where none stands there that can be read."""
    try:
        with read_only(path) as connection:
            found = connection.execute("select edition_id from meta.edition").fetchone()
            return None if found is None else str(found[0])
    except (LodestoneError, duckdb.Error):
        return None


def _console(narrowest: int = 0) -> Console:
    return SafeConsole(sys.stdout, max(terminal_width(sys.stdout) or 100, narrowest))


@contextmanager
def _progress() -> Iterator[Callable[[str], None]]:
    """A spinner on a terminal, else a plain line for each thing done."""
    # Dagster captures the standard streams of a step for its log, so progress needs a way of its own to the terminal.
    with os.fdopen(os.dup(sys.stderr.fileno()), "w", encoding="utf-8", buffering=1) as terminal:
        console = SafeConsole(terminal)
        if console.is_terminal:
            with console.status("") as status, _told_to(lambda message: status.update(Text(message, overflow="ellipsis", no_wrap=True))):
                yield _tell
        else:
            with _told_to(lambda message: print(message, file=terminal)):
                yield _tell


_tell = logging.getLogger(LOGGER).info


@contextmanager
def _told_to(listener: Callable[[str], None]) -> Iterator[None]:
    """Tell somebody what the steps of a night say."""
    logger, handler = logging.getLogger(LOGGER), logging.Handler(logging.INFO)
    handler.emit = lambda record: listener(record.getMessage())  # type: ignore[method-assign]
    logger.setLevel(logging.INFO)
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)


_Write = Callable[[Answer, IO[str]], None]
_TEXTS: dict[Format, _Write] = {
    Format.table: write_table,
    Format.record: write_records,
    Format.csv: write_csv,
    Format.json: write_json,
}


def _write_cited(
    output_format: Format, write: _Write, cited: tuple[list[citation.Citation], str | None], answer: Answer, file: IO[str]
) -> None:
    """The answer with whom to cite for it, where the form of writing has room for that."""
    if output_format is Format.json:
        file.write('{"rows": ')
    write(answer, file)
    if output_format is Format.json:
        file.write(f', "sources": {json.dumps([asdict(one) for one in cited[0]], ensure_ascii=False)}}}\n')
    elif output_format in (Format.table, Format.record):
        file.write(f"\n{citation.told(*cited)}")


_WHOLE = {"source", "state", "newest", "data to", "due by"}
"""Columns whose words and days are not broken over lines."""


def _table(*columns: str) -> Table:
    """A quiet table; a column whose name begins with > is set to the right."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for name in columns:
        right = name.startswith(">")
        table.add_column(Text(name.removeprefix(">")), justify="right" if right else "left", overflow="fold", no_wrap=name in _WHOLE)
    return table


def _is_late(one: dict[str, Any], today: date) -> bool:
    return one["due_by"] is not None and one["due_by"] < today


def _state(one: dict[str, Any], today: date) -> str:
    # An edition of earlier code knows nothing of stand-ins.
    return ", ".join([one["state"], *(["late"] if _is_late(one, today) else []), *(["stand-in"] if one.get("stand_in") else [])])


def _explain_failure(step: FailedStep) -> None:
    """The failing step in a sentence and, of a failed check, a sample of its rows."""
    sys.stderr.write(f"lodestone: {step.message}\n")
    for row in step.rows:
        sys.stderr.write("  " + ", ".join(f"{name} {value}" for name, value in row.items() if value is not None) + "\n")


def _summary(settings: Settings, path: Path, day: date | None, changed: bool, seconds: float) -> None:
    """What came of a build, and the headline of the edition."""
    with read_only(path) as connection:
        told = headline(connection, day)
        counted = connection.execute(
            "select count(*), sum(estimated_size)::bigint from duckdb_tables()"
            " where schema_name in ('facts', 'vocabulary', 'marts', 'meta')"
        ).fetchone()
    tables, rows = counted or (0, 0)
    size = f"{tables} tables, {rows:,} rows, {path.stat().st_size / 1e6:.1f} MB"
    if changed:
        typer.echo(f"Published {_shown(path)} ({size}) in {seconds:.1f} s.\n")
    else:
        typer.echo(f"Nothing changed: {_shown(path)} stands as it was ({size}); looked in {seconds:.1f} s.\n")
    for stray in strays():
        typer.echo(stray)
    typer.echo(told, nl=False)


def _shown(path: Path) -> str:
    """A path as short as it can be understood from here."""
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)
