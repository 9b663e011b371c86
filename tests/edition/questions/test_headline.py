"""The headline of the bundled figures."""

from __future__ import annotations

import re
import shlex
from datetime import date

import pytest

from pipelines.edition.open import read_only
from pipelines.questions.headline import headline
from pipelines.settings import Settings
from tests.unit.questions.test_headline import SCREEN


@pytest.mark.parametrize("command", ["lodestone", ".venv/bin/lodestone"])
def test_the_headline_of_the_bundled_figures_is_one_screen_with_countries_by_name(built: Settings, command: str) -> None:
    with read_only(built.edition) as connection:
        lines = headline(connection, command=command).splitlines()
        codes = {row[0] for row in connection.execute("select iso3 from country where kind = 'country'").fetchall()}
    assert max(map(len, lines)) <= SCREEN[0]
    assert len(["Published ...", "", *lines]) <= SCREEN[1]
    assert not codes & set(re.findall(r"\b[A-Z]{3}\b", "\n".join(lines)))
    for wanted in ("China, gallium ", "South Korea, gallium ", "highest since 2025-10", "Not in the box: ecb_rates and us_census"):
        assert wanted in "\n".join(lines)
    assert re.search(f'6 of the article\'s 9 claims agree, 0 differ:\\s+{command} sql "from claim_check"', "\n".join(lines))


@pytest.mark.parametrize("command", ["lodestone", ".venv/bin/lodestone", "'/a folder/of many names/and/more of them/.venv/bin/lodestone'"])
@pytest.mark.parametrize("as_of", [None, date(2024, 12, 31)])
def test_every_command_of_the_headline_can_be_pasted_into_a_shell(built: Settings, command: str, as_of: date | None) -> None:
    with read_only(built.edition) as connection:
        message = headline(connection, as_of, command)
        asked = [shlex.split(words.replace("\\\n", "")) for words in re.findall(rf"{command} sql (?:\\\n|.)*", message)]
        assert [words[2:-1] for words in asked] == 3 * [[] if as_of is None else ["--as-of", "2024-12-31"]]
        assert all(connection.sql(words[-1]).limit(1).fetchall() for words in asked)
    assert len(command) > 40 or max(map(len, message.splitlines())) <= SCREEN[0]
    assert message.replace(command, "").count("lodestone ") == 0, "it is called by one name"
