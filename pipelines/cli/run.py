"""Commands that work: build, plan, fetch, nightly. Dagster is loaded only for these, so that a question is answered at once."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from pipelines.__main__ import loading
from pipelines.cli.arguments import asked_names, asked_sources, day_of, month_of
from pipelines.cli.output import console_of, explain_failure, own_name, progress, shown_path
from pipelines.errors import Usage
from pipelines.settings import Settings, load_settings

if TYPE_CHECKING:
    from pipelines.defs.launch import FailedStep
    from pipelines.sources import Source


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
    day = None if as_of is None else day_of(as_of)
    settings = load_settings()
    path = settings.edition if day is None else settings.edition_as_of(day.isoformat())
    started = time.monotonic()
    with loading():
        from pipelines.edition.build import is_up_to_date
        from pipelines.edition.open import published_id
        from pipelines.operations.doctor.installation import leftovers
    # Without its record of the first build Dagster would show nothing, so that one is made again.
    if day is None and settings.dagster.exists() and not leftovers(settings) and is_up_to_date(settings):
        _summary(settings, path, day, changed=False, seconds=time.monotonic() - started)
        return
    before = published_id(path)
    with progress() as say:
        say("starting")
        # Dagster takes a second to load, which only a build should cost.
        from pipelines.defs.launch import launch

        troubles = launch("sources", settings)
        jobs = {} if day is None else {"edition_as_of_op": {"config": {"as_of": day.isoformat()}}}
        failed = launch("edition" if day is None else "edition_as_of", settings, jobs)
    console = console_of()
    for step in troubles:
        console.print(Text(f"{step.step.replace('__', '/')}: {step.message}"))
    if failed:
        explain_failure(failed[0])
        raise typer.Exit(1)
    _summary(settings, path, day, changed=published_id(path) != before, seconds=time.monotonic() - started)


def plan(
    source: Annotated[
        str | None,
        typer.Argument(metavar="[SOURCE]", autocompletion=asked_names, help="One of the offices that are asked; all unless given."),
    ] = None,
    requests: Annotated[bool, typer.Option("--requests", help="Also list every request with its address.")] = False,
) -> None:
    """Show what a night would ask of each office, why, and how long that takes, without asking.

    Example: `lodestone plan us_census --requests`.
    """
    settings = load_settings()
    with loading():
        from pipelines.archive import standing_trouble
        from pipelines.fetching import due
        from pipelines.periods import runs
    console = console_of()
    night, is_least = 0.0, False
    for office in asked_sources(source):
        planned = due.plan(settings, office, settings.now())
        seconds, is_measured = due.expected_seconds(settings, office, planned)
        night, is_least = night + seconds, is_least or not is_measured
        requests_put = f"{len(planned.requests)} request{'' if len(planned.requests) == 1 else 's'}"
        console.print(Text(f"{office.name}: {requests_put} to {office.config.publisher}"))
        by_month = any(request.slices for request in planned.requests)
        for why in dict.fromkeys(planned.months.values()) if by_month else ():
            months = [
                f"{first} to {last}" if first != last else first for first, last in runs(m for m, w in planned.months.items() if w == why)
            ]
            console.print(Text(f"  {', '.join(months)}: {why}"))
        if planned.requests and not by_month:
            console.print(Text("  the whole file, which the office sends only if it changed"))
        if seconds >= 60:
            pace = "at the pace of the last visits" if is_measured else "at least, by the pauses between two requests"
            console.print(Text(f"  takes {due.in_words(seconds)} {pace}"))
        for request in planned.requests if requests else ():
            console.print(Text(f"  {request.shown}"), soft_wrap=True)
        trouble = standing_trouble(settings.raw, office.name)
        if trouble:
            console.print(Text(f"  {trouble}"))
    if source is None:
        console.print(Text(f"A night takes {due.in_words(night)}{' at least' if is_least and night >= 60 else ''}, then a build"))


def fetch(
    source: Annotated[
        str, typer.Argument(metavar="SOURCE", autocompletion=asked_names, help="One of the offices that `lodestone plan` lists.")
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
    (office,) = asked_sources(source)
    if last is not None and first is None:
        raise Usage("--to needs --from: say where the range begins")
    months = None if first is None else (month_of(first), month_of(last) if last is not None else None)
    if months is not None and months[1] is not None and months[1] < months[0]:
        raise Usage(f"the range ends before it begins: {months[0]} to {months[1]}")
    began = settings.now()
    with progress() as say:
        troubles = _fetch(settings, office, say, months)
    _tell_fetched(settings, office.name, troubles, began)
    if troubles:
        raise typer.Exit(1)
    typer.echo("run `lodestone build` to take in what is new")


def nightly() -> None:
    """Ask every office for what is due, then build, check and publish: what the schedules do at night, here and now.

    An office that fails, or whose key is missing, is named; the others go on, and the edition is built from what is last good.
    """
    settings = load_settings()
    began = settings.now()
    with progress() as say:
        failed = {office.name: _fetch(settings, office, say) for office in asked_sources(None)}
    for name, troubles in failed.items():
        _tell_fetched(settings, name, troubles, began)
    build()


def _fetch(
    settings: Settings, source: Source, say: Callable[[str], None], months: tuple[str, str | None] | None = None
) -> list[FailedStep]:
    """Ask one office through its job, a run for each unbroken range of months; the steps that failed."""
    with loading():
        from pipelines.fetching import due
        from pipelines.periods import runs
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
    with loading():
        from pipelines.archive import visits
    console = console_of()
    sentences = (step.message if step.is_foreseen else f"{name}: {step.message}" for step in troubles)
    for sentence in dict.fromkeys(sentences):  # runs over several ranges may fail for one reason
        console.print(Text(sentence), soft_wrap=True)
    receipts = [receipt for visit in visits(settings.raw, name) for receipt in visit.receipts if receipt.observed_at >= began]
    if not receipts and not troubles:
        console.print(Text(f"{name}: nothing is due"))
    elif receipts:
        unchanged = [receipt for receipt in receipts if receipt.status == 304]
        size = sum(receipt.size for receipt in receipts) - sum(receipt.size for receipt in unchanged)
        console.print(Text(f"{name}: {len(receipts)} requests were answered with {size:,} bytes, {len(unchanged)} of them with no news"))


def edition_as_of(settings: Settings, day: date) -> Path:
    """The edition as of a day, built by the same job as `lodestone build --as-of` unless it is there and current."""
    with progress() as say:
        say(f"the edition as of {day}")
        from pipelines.defs.launch import launch

        failed = launch("edition_as_of", settings, {"edition_as_of_op": {"config": {"as_of": day.isoformat()}}})
    if failed:
        explain_failure(failed[0])
        raise typer.Exit(1)
    return settings.edition_as_of(day.isoformat())


def _summary(settings: Settings, path: Path, day: date | None, changed: bool, seconds: float) -> None:
    """What came of a build, and the headline of the edition."""
    with loading():
        from pipelines.edition.open import read_only
        from pipelines.model.statements import strays
        from pipelines.questions.headline import headline
    with read_only(path) as connection:
        text = headline(connection, day, own_name())
        counted = connection.execute(
            "select count(*), sum(estimated_size)::bigint from duckdb_tables()"
            " where schema_name in ('facts', 'vocabulary', 'marts', 'meta')"
        ).fetchone()
    tables, rows = counted or (0, 0)
    size = f"{tables} tables, {rows:,} rows, {path.stat().st_size / 1e6:.1f} MB"
    if changed:
        typer.echo(f"Published {shown_path(path)} ({size}) in {seconds:.1f} s.\n")
    else:
        typer.echo(f"Nothing changed: {shown_path(path)} stands as it was ({size}); looked in {seconds:.1f} s.\n")
    for stray in strays():
        typer.echo(stray)
    typer.echo(text, nl=False)
