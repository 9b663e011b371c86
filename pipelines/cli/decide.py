"""Commands that decide: accept, quarantine, correct, and keep a copy that was received.

Each imports what it alone needs when it is called.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipelines.__main__ import loading
from pipelines.cli.arguments import source_names, user_name
from pipelines.errors import LodestoneError, Usage
from pipelines.settings import Settings, load_settings

if TYPE_CHECKING:
    from pipelines.intake.release import Observation


def accept(
    subject: Annotated[
        str,
        typer.Argument(metavar="ID", help="The 16 digits that `lodestone sources` shows for a quarantined release or a refusing check."),
    ],
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why the new figures are right; kept with the decision.")],
    author: Annotated[str | None, typer.Option(metavar="NAME", help="Who decides; your user name unless given.")] = None,
) -> None:
    """Let a quarantined release in, or rows that a check refuses: write down who decided it, when and why. `lodestone build` takes it in.

    Of a row that a check refuses, all that the check refuses of that source are let in with it, as long as their figures stay.

    Example: `lodestone accept 0123456789abcdef --reason "customs restated the first quarter, see their note of 18 July"`.
    """
    settings = load_settings()
    why = _reasoned(reason)
    rows = _refused_with(settings, subject)
    if rows:
        who = _decide(settings, {row["finding_id"]: row["source"] for row in rows}, "accept", why, author)
        refused = f"{len(rows)} rows of {rows[0]['source']} that check {rows[0]['check_name']} refuses"
        typer.echo(f"{who} accepted {refused}; run `lodestone build` to take them in")
    else:
        source = _source_of(settings, subject, "quarantined")
        who = _decide(settings, {subject: source}, "accept", why, author)
        typer.echo(f"{who} accepted {subject} of {source}; run `lodestone build` to take it in")


def quarantine(
    release: Annotated[str, typer.Argument(metavar="RELEASE", help="The 16 digits of a current release, e.g. from `lodestone diff`.")],
    reason: Annotated[str, typer.Option(metavar="TEXT", help="What is wrong with the figures; kept with the decision.")],
    author: Annotated[str | None, typer.Option(metavar="NAME", help="Who decides; your user name unless given.")] = None,
) -> None:
    """Take a current release out: write down who decided it, when and why. `lodestone build` then goes back to the release before it.

    `lodestone accept` lets it in again.

    Example: `lodestone quarantine 0123456789abcdef --reason "the office says that May was counted twice, a correction will follow"`.
    """
    settings = load_settings()
    why = _reasoned(reason)
    source = _source_of(settings, release, "current")
    who = _decide(settings, {release: source}, "quarantine", why, author)
    typer.echo(f"{who} quarantines {release} of {source}; run `lodestone build` to go back to the release before it")


def correct(
    release: Annotated[str, typer.Argument(metavar="RELEASE", help="The 16 digits of the release, as `lodestone explain` shows them.")],
    line: Annotated[int, typer.Option(metavar="N", help="Line of the raw file, as `lodestone explain` shows it.")],
    column: Annotated[str, typer.Option(metavar="NAME", help="Column of the raw file.")],
    to: Annotated[str, typer.Option(metavar="TEXT", help="What should stand there, written as the file writes it.")],
    reason: Annotated[str, typer.Option(metavar="TEXT", help="How it is known; kept with the correction.")],
    file: Annotated[str | None, typer.Option(metavar="NAME", help="The raw file, where the release stands on several.")] = None,
    author: Annotated[str | None, typer.Option(metavar="NAME", help="Who decides; your user name unless given.")] = None,
) -> None:
    """Correct one figure that an office filed wrongly. Nothing that was received is touched; the correction is kept beside it.

    The text that stands there now is its guard: once the office mends its figure, the correction has expired and says so.

    Example: `lodestone correct 0123456789abcdef --line 29 --column tonnes --to 3640 --reason "a digit is missing, see the bulletin"`.
    """
    if not reason.strip():
        raise Usage("a correction needs its reason: --reason TEXT")
    settings = load_settings()
    with loading():
        from pipelines.intake import corrections
        from pipelines.intake.curation import correction_of
        from pipelines.intake.history import observations
        from pipelines.intake.snapshots import snapshots_of
        from pipelines.sources import load_source
    for source in map(load_source, source_names()):
        if any(observation.release_id == release for observation in observations(source, snapshots_of(settings, source))):
            correction = correction_of(settings, source, release, (file, line), (column, to), author or user_name(), reason.strip())
            path = corrections.keep(settings.raw, correction)
            typer.echo(f"{column} of line {line} is {to} instead of {correction.filed} from now on ({path.name}); run `lodestone build`")
            return
    raise Usage(f"there is no release {release!r}; `lodestone explain` names that of a figure")


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
    with loading():
        from pipelines import archive
        from pipelines.archive import secrecy
        from pipelines.fetching.visit import refuse_to_mix
        from pipelines.sources import load_source, readable_sources
    name = member or file.name
    loaded = load_source(source)
    if loaded.kind(name) is None:
        raise Usage(f"{source} has no file {name!r}; say which it is with --member, one of {', '.join(loaded.file_names)}")
    try:
        if (size := file.stat().st_size) > loaded.most_bytes:
            raise Usage(f"{file}: has {size:,} bytes where a file of {source} has at most {loaded.most_bytes:,}; is it the right one?")
        body = file.read_bytes()
    except OSError as error:
        raise Usage(f"{file}: cannot be read ({error.strerror})") from error
    settings = load_settings()
    is_asked = loaded.config.fetch is not None
    if is_asked:
        refuse_to_mix(settings, source)
    archive.refuse_a_clock_set_back(settings.raw, source, settings.now())
    keys = [
        os.environ.get(source.config.fetch.key.environment, "")
        for source in readable_sources()
        if source.config.fetch and source.config.fetch.key
    ]
    shown = None if url is None else secrecy.without(url, map(str.strip, keys))
    stand_in = is_asked and settings.offices is not None
    receipt = archive.receive(settings.raw, source, name, body, settings.now(), url=shown, stand_in=stand_in)
    typer.echo(f"kept {receipt.size:,} bytes as {receipt.receipt_id}; run `lodestone build` to take them in")


LISTED_RELEASES = 5
"""As many are named to somebody who asks for one that is not there."""


def _reasoned(reason: str) -> str:
    if not reason.strip():
        raise Usage("a decision needs its reason: --reason TEXT")
    return reason.strip()


def _decide(settings: Settings, sources: Mapping[str, str], verb: str, reason: str, author: str | None) -> str:
    """Write down one decision on each of these releases or findings, given with their sources; who decided."""
    with loading():
        from pipelines import archive
    who, now = author or user_name(), settings.now()
    for subject, source in sources.items():
        archive.decide(settings.raw, archive.Decision(source, subject, verb, who, reason, now))
    return who


def _source_of(settings: Settings, release: str, state: str) -> str:
    """The source of a release, which must be in this state."""
    open_to_it = list(_releases_that_are(state, settings))
    source = next((observation.source for observation in open_to_it if observation.release_id == release), None)
    if source is not None:
        return source
    newest = sorted(open_to_it, key=lambda observation: (observation.known_from, observation.slice), reverse=True)
    listed = ", ".join(f"{observation.release_id} ({observation.slice})" for observation in newest[:LISTED_RELEASES]) or "none is"
    more = f" and {len(newest) - LISTED_RELEASES:,} more" if len(newest) > LISTED_RELEASES else ""
    raise Usage(f"release {release!r} is not {state} ({state}: {listed}{more})")


def _refused_with(settings: Settings, finding: str) -> list[dict[str, Any]]:
    """The rows of one source that one check refuses in the live edition, of which this is one; none where it is no such row."""
    with loading():
        import duckdb

        from pipelines.edition.open import read_only, refused_rows
    try:
        with read_only(settings.edition) as connection:
            rows = refused_rows(connection)
    except (LodestoneError, duckdb.Error):  # no edition, or one of another version of the code, tells of refused rows
        return []
    found = next(((row["source"], row["check_name"]) for row in rows if row["finding_id"] == finding), None)
    return [row for row in rows if (row["source"], row["check_name"]) == found]


def _releases_that_are(state: str, settings: Settings) -> Iterator[Observation]:
    with loading():
        from pipelines.intake import ledger
        from pipelines.intake.history import judge_releases, observations
        from pipelines.intake.snapshots import snapshots_of
        from pipelines.sources import readable_sources
    for source in readable_sources():
        known = ledger.read(settings, source)
        judged = judge_releases(settings, source, known, observations(source, snapshots_of(settings, source, known=known)))
        yield from (release.observation for release in judged if release.state == state)
