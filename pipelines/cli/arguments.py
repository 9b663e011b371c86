"""What a person may say to a command, and what is meant: days, months, offices, editions, names."""

from __future__ import annotations

import getpass
import re
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.__main__ import loading
from pipelines.errors import LodestoneError, Usage
from pipelines.settings import Settings, load_settings

if TYPE_CHECKING:
    from pipelines.sources import Source


def day_of(text: str) -> date:
    """A day, YYYY-MM-DD, that is not in the future. Raises `Usage`."""
    try:
        day = datetime.strptime(text, "%Y-%m-%d").date()
    except ValueError as error:
        raise Usage(f"{text!r} is not a day: write YYYY-MM-DD, e.g. 2024-12-31") from error
    if day > load_settings().now().date():
        raise Usage(f"{text} lies in the future: nothing is known as of then")
    return day


def edition_path(settings: Settings, as_of: str | None) -> Path:
    """The edition to ask: the live one, or that of a day, which must have been built."""
    if as_of is None:
        return settings.edition
    path = settings.edition_as_of(day_of(as_of).isoformat())
    if not path.exists():
        raise LodestoneError(f"there is no edition as of {as_of}; build it with `lodestone build --as-of {as_of}`")
    return path


def user_name() -> str:
    """Who decides, by the name of the user. Raises `Usage` where that has none."""
    try:
        return getpass.getuser()
    except (OSError, KeyError) as error:  # a container's user may have a number and no name
        raise Usage("this user has no name: say who decides with --author NAME") from error


def asked_sources(name: str | None) -> list[Source]:
    """One of the offices that are asked, or all. Raises `Usage` where it is none."""
    with loading():
        from pipelines.sources import readable_sources

    asked = [source for source in readable_sources() if source.config.fetch is not None]
    found = [source for source in asked if name in (None, source.name)]
    if not found:
        raise Usage(f"{name!r} is no office that is asked; there are {', '.join(source.name for source in asked)}")
    return found


def asked_names() -> list[str]:
    """The names of the offices that are asked, to complete a word with."""
    return [source.name for source in asked_sources(None)]


def source_names() -> list[str]:
    """The names of all sources, to complete a word with."""
    with loading():
        from pipelines.sources import source_names

    return source_names()


def month_of(text: str) -> str:
    """A month, YYYY-MM. Raises `Usage`."""
    if not re.fullmatch(r"(19|20)[0-9]{2}-(0[1-9]|1[0-2])", text):
        raise Usage(f"{text!r} is not a month: write YYYY-MM, e.g. 2019-05")
    return text
