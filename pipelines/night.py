"""The order of a night: ask the offices what is due, take in what came, build what follows and publish it.

Each step is a plain function with its report. Dagster's assets wrap these, `lodestone nightly` runs their jobs in this order, and
tests and benchmarks call them as they are. What a step is doing it tells the logger `lodestone`, unless somebody else wants to be told.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from pipelines.console import LOGGER, Say
from pipelines.edition.build import Edition, build_edition
from pipelines.edition.plan import EVERYTHING, Contents
from pipelines.edition.publish import writer
from pipelines.errors import LodestoneError
from pipelines.fetching import due
from pipelines.fetching.visit import Fetched, visit_office
from pipelines.intake.curation import Refreshed, refresh
from pipelines.settings import Settings
from pipelines.sources import Source, load_source, readable_sources, source_names

_tell = logging.getLogger(LOGGER).info

Wait = Callable[[float], None]


@dataclass(frozen=True)
class Night:
    """What one night did."""

    asked: Mapping[str, Fetched | LodestoneError]
    taken_in: Mapping[str, Refreshed]
    edition: Edition


def run(settings: Settings, *, say: Say = _tell, wait: Wait | None = None) -> Night:
    """A whole night. An office or a source that fails does not stop the others. Raises as `build` does."""
    asked = ask_all(settings, readable_sources(), say=say, wait=wait)
    return Night(asked, take_in(settings, say=say), build(settings, say=say))


def ask_all(
    settings: Settings, sources: Iterable[Source], *, say: Say = _tell, wait: Wait | None = None
) -> dict[str, Fetched | LodestoneError]:
    """Ask every office among some sources for what is due: what came, or why nothing did."""
    found: dict[str, Fetched | LodestoneError] = {}
    for source in sources:
        if source.config.fetch is None:
            continue
        try:
            found[source.name] = ask(settings, source, say=say, wait=wait)
        except LodestoneError as error:
            found[source.name] = error
    return found


def ask(settings: Settings, source: Source, planned: due.Plan | None = None, *, say: Say = _tell, wait: Wait | None = None) -> Fetched:
    """Ask one office for what is due, or for what is planned, and keep its answers. Raises as `visit_office` does."""
    now = settings.now()
    return visit_office(settings, source, due.plan(settings, source, now) if planned is None else planned, now, say, wait)


def take_in(settings: Settings, names: Iterable[str] | None = None, *, say: Say = _tell) -> dict[str, Refreshed]:
    """Curate what is new of every source, or of some, as the one writer; a source that cannot be read says why."""
    found = {}
    with writer(settings):
        for name in source_names() if names is None else names:
            say(f"reading {name}")
            try:
                found[name] = refresh(settings, load_source(name))
            except LodestoneError as error:
                found[name] = Refreshed(name, errors=[str(error)])
    return found


def build(settings: Settings, as_of: date | None = None, contents: Contents = EVERYTHING, *, say: Say = _tell) -> Edition:
    """Build, check and publish an edition as the one writer, of now or as of a day. Raises as `build_edition` does."""
    with writer(settings):
        return build_edition(settings, as_of, say, contents)
