"""A printed table is used whole: a line of it that cannot be read refuses the release, and the one before it stands."""

from __future__ import annotations

import pytest

from pipelines.settings import Settings
from tests.copies import ask, december, newest, receive, status
from tests.small import PRODUCTION, USGS, night

NIGERIA_2024 = "rare earths,mine,Nigeria,NGA,2024,1500,"
RARE_EARTHS_2024 = "series_id = 'usgs_mcs/world_production/rare_earths/mine' and period_start = '2024-01-01'"
WORLD = [("2026",)]


def spoil(settings: Settings, old: str, new: str) -> None:
    """A newer copy in which one text of edition 2026 is another."""
    lines = newest(settings, USGS, PRODUCTION).splitlines(keepends=True)
    (number,) = [number for number, line in enumerate(lines) if line.startswith(old) and ",2026,http" in line]
    lines[number] = lines[number].replace(old, new)
    receive(settings, USGS, PRODUCTION, "".join(lines), december(1))


@pytest.mark.parametrize(
    ("new", "part_said"),
    [
        pytest.param("rare earths,mine,Nigeria,NGA,2024,1500²,", "value '1500²' is not a number", id="a figure with a footnote mark"),
        pytest.param("rare earths,mine,Nigeria,NGX,2024,1500,", "'Nigeria|NGX' is not in", id="a country that cannot be told"),
        pytest.param("rare erths,mine,Nigeria,NGA,2024,1500,", "rare erths", id="a series that cannot be told"),
    ],
)
def test_a_table_with_a_line_that_cannot_be_read_is_refused_and_its_predecessor_stands(own: Settings, new: str, part_said: str) -> None:
    produced = "from facts.production order by all"
    before, ranked = ask(own.edition, produced), ask(own.edition, "from marts.production_concentration order by all")
    spoil(own, NIGERIA_2024, new)
    edition = night(own)

    state, message = status(edition.path, USGS)
    assert state == "incomplete"
    for part in ("usgs_mcs/world_production/2026", "1 of ", "usgs_world_production.csv line 58", part_said):
        assert part in message
    assert ask(edition.path, produced) == before
    assert ask(edition.path, "from marts.production_concentration order by all") == ranked
    assert ask(edition.path, "select source_member, source_row from meta.rejected") == [(PRODUCTION, 58)]


def test_a_mended_copy_makes_the_table_whole_again(own: Settings) -> None:
    spoil(own, NIGERIA_2024, "rare earths,mine,Nigeria,NGA,2024,1500²,")
    night(own)
    text = newest(own, USGS, PRODUCTION).replace("1500²", "1500")
    receive(own, USGS, PRODUCTION, text, december(2))
    edition = night(own)
    assert status(edition.path, USGS)[0] == "ok"
    mined = f"select quantity, edition from facts.production where country_iso3 = 'NGA' and {RARE_EARTHS_2024}"
    assert ask(edition.path, mined) == [(1500, "2026")]
    assert ask(edition.path, f"select edition from marts.production_concentration where {RARE_EARTHS_2024}") == WORLD


def test_a_line_that_does_not_say_its_edition_refuses_the_table_until_it_does_or_is_gone(own: Settings) -> None:
    produced = "from facts.production order by all"
    before = ask(own.edition, produced)
    lines = newest(own, USGS, PRODUCTION).splitlines(keepends=True)
    (number,) = [number for number, line in enumerate(lines) if line.startswith(NIGERIA_2024) and ",2026,http" in line]
    without = [*lines[:number], lines[number].replace(",2026,http", ",,http"), *lines[number + 1 :]]
    receive(own, USGS, PRODUCTION, "".join(without), december(1))
    edition = night(own)
    state, message = status(edition.path, USGS)
    assert state == "incomplete"
    assert "usgs_mcs/world_production/2026: a line of its file may belong to it" in message
    assert "usgs_world_production.csv line 58: mcs_edition is empty" in message
    assert ask(edition.path, produced) == before

    receive(own, USGS, PRODUCTION, "".join(lines[:number] + lines[number + 1 :]), december(2))
    edition = night(own)
    assert status(edition.path, USGS)[0] == "ok"
    assert ask(edition.path, f"from facts.production where country_iso3 = 'NGA' and edition = '2026' and {RARE_EARTHS_2024}") == []


def test_a_line_revised_in_an_older_edition_makes_no_other_of_its_lines_newer(own: Settings) -> None:
    lines = newest(own, USGS, PRODUCTION).splitlines(keepends=True)
    older = [number for number, line in enumerate(lines) if line.startswith("rare earths,mine,") and ",2025,http" in line]
    (revised,) = [number for number in older if ",United States,USA,2023," in lines[number]]
    lines[revised] = lines[revised].replace("mcs2025-rare-earths.pdf,,", "mcs2025-rare-earths.pdf,restated,")
    receive(own, USGS, PRODUCTION, "".join(lines), december(1))
    edition = night(own)
    assert status(edition.path, USGS)[0] == "ok"
    mined = f"select quantity, edition from facts.production where country_iso3 = 'NGA' and {RARE_EARTHS_2024}"
    assert ask(edition.path, mined) == [(1500, "2026")]
