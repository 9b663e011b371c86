"""Whether an installation is in order: versions, folder, disk, keys, clock, settings, visits, releases, locks, leftovers, edition.

Each finding is one line with its remedy. Nothing is mended here, and no key is ever shown.
"""

from __future__ import annotations

from collections.abc import Mapping

import yaml

from pipelines import archive
from pipelines.errors import LodestoneError
from pipelines.model.statements import strays
from pipelines.operations.doctor import edition, installation, offices
from pipelines.operations.doctor.finding import Finding
from pipelines.settings import Settings
from pipelines.sources import load_source, source_names


def examine(settings: Settings, environment: Mapping[str, str]) -> list[Finding]:
    """Everything there is to say about an installation, whatever part of it is broken."""
    now = settings.now()
    asked = []
    found = [*installation.versions(), *(Finding("warn", "sql", message) for message in strays())]
    found += [*installation.folder(settings), *installation.settings_made(settings)]
    for name in source_names():
        try:
            source = load_source(name)
        except (LodestoneError, OSError, ValueError, yaml.YAMLError) as error:
            found.append(Finding("bad", name, f"its source.yaml cannot be read ({error})", "restore it from version control"))
            continue
        found += [Finding("bad", name, str(error)) for error in archive.readable_decisions(settings.raw, name)[1]]
        if source.config.fetch is not None:
            asked.append(source)
    visits: dict[str, list[archive.Visit]] = {}
    for source in asked:
        made, unreadable = archive.readable_visits(settings.raw, source.name)
        found += [Finding("bad", source.name, str(error)) for error in unreadable]
        if made or not unreadable:
            visits[source.name] = made
    found += offices.keys(asked, visits, environment)
    found += offices.clock(settings, visits, now)
    for source in asked:
        if source.name in visits:
            found += offices.last_visit(settings, source, visits[source.name], now)
    here = [*installation.locks(settings), *installation.left_over(settings)]
    connection = edition.opened(settings)
    if isinstance(connection, Finding):
        return [*found, *here, connection]
    with connection:
        found += [
            *edition.missed(settings, connection, now),
            *edition.releases(settings, connection),
            *edition.checks(settings, connection),
        ]
        return [*found, *here, *edition.state(settings, connection, visits, now)]
