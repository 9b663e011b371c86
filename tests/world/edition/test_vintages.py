"""What was known when: editions as of a past day, the history in the live edition, and releases that wait for a person."""

from __future__ import annotations

from pipelines import archive
from pipelines.settings import Settings
from tests.copies import JUNE_2019, RARE_EARTH_SERIES, ask, december, drop_lines, newest, receive, revise, status, table_hashes, tonnes
from tests.small import CHINA, PRODUCTION, RARE_EARTHS, USGS, as_of, build, night

NIGERIA = """
select edition, weight_kg / 1000 from {table}
where series_id = 'usgs_mcs/world_production/rare_earths/mine' and country_iso3 = 'NGA' and period_start = '2024-01-01'
"""


def test_an_edition_of_a_past_day_has_its_own_file_and_leaves_the_live_one_alone(own: Settings) -> None:
    before, inode = table_hashes(own.edition), own.edition.stat().st_ino
    path = as_of(own, "2019-06-30")
    assert path == own.edition_as_of("2019-06-30")
    assert path != own.edition
    assert own.edition.stat().st_ino == inode
    assert table_hashes(own.edition) == before


def test_a_value_that_changes_and_changes_back_is_three_observations(own: Settings) -> None:
    original = newest(own, CHINA, RARE_EARTHS)
    revise(own, CHINA, RARE_EARTHS, {JUNE_2019: "2019-06,3970,"}, december(1))
    receive(own, CHINA, RARE_EARTHS, original, december(8))
    night(own)
    assert tonnes(own.edition, "2019-06") == [3966.0]
    assert tonnes(own.edition, "2019-06", "facts.trade_total_superseded") == [3966.0, 3970.0]
    observed = """
        select known_from::date::varchar, known_until::date::varchar, state from meta.observation
        where slice = (select slice from meta.observation where observed_at = '2026-12-08') order by observed_at
    """
    assert ask(own.edition, observed) == [
        ("2019-08-15", "2026-11-26", "superseded"),
        ("2026-11-26", "2026-12-01", "superseded"),
        ("2026-12-01", "2026-12-08", "superseded"),
        ("2026-12-08", None, "current"),
    ]
    known = {day: tonnes(own.edition, "2019-06", f"trade_total_as_of('{day}')") for day in ("2026-11-30", "2026-12-05", "2026-12-09")}
    assert known == {"2026-11-30": [3966.0], "2026-12-05": [3970.0], "2026-12-09": [3966.0]}
    assert tonnes(own.edition, "2019-06", "trade_total_as_of(timestamp '2026-12-01 00:00:00.5')") == [3970.0]
    assert tonnes(as_of(own, "2026-12-05"), "2019-06") == [3970.0]


def accept(settings: Settings, source: str, reason: str) -> None:
    """Let in the one release of a source that is held."""
    ((release,),) = ask(settings.edition, "select release_id from meta.release where source = ? and state = 'quarantined'", source)
    archive.decide(settings.raw, archive.Decision(source, str(release), "accept", "a tester", reason, december(20)))


def test_a_value_ten_times_as_high_waits_until_a_person_accepts_it(own: Settings) -> None:
    revise(own, CHINA, RARE_EARTHS, {JUNE_2019: "2019-06,39660,"}, december(1))
    edition = night(own)
    assert tonnes(edition.path, "2019-06") == [3966.0]
    held = ask(edition.path, "select reason from meta.release where state = 'quarantined' and source = ?", CHINA)
    assert [str(reason).split(" (")[0] for (reason,) in held] == ["weight_kg jumped from 3966000.000 to 39660000.000"]
    state, message = status(edition.path, CHINA)
    assert state == "quarantined"
    assert "weight_kg jumped from 3966000.000 to 39660000.000" in message
    assert "lodestone accept" in message


def test_a_month_held_because_its_line_was_rejected_is_told_with_that_line(own: Settings) -> None:
    revise(own, CHINA, RARE_EARTHS, {JUNE_2019: "20\uff11\uff19-06,3966,"}, december(1))
    edition = night(own)
    assert tonnes(edition.path, "2019-06") == [3966.0]
    state, message = status(edition.path, CHINA)
    assert state == "quarantined"
    assert "all 1 lines vanished" in message
    assert f"{RARE_EARTHS} line 22: period '20\uff11\uff19-06': a period is YYYY, YYYY-MM or YYYY-MM/YYYY-MM" in message


def test_an_accepted_value_is_current_from_when_it_was_received(own: Settings) -> None:
    month, level = "2014-04", tonnes(own.edition, "2014-04")  # no printed total contradicts this month, whatever it is
    revise(own, CHINA, RARE_EARTHS, {f"{month},{level[0]:g},": f"{month},{level[0] * 10:g},"}, december(1))
    night(own)
    assert tonnes(own.edition, month) == level
    accept(own, CHINA, "the office says so")
    night(own)
    assert tonnes(own.edition, month) == [level[0] * 10]
    assert tonnes(own.edition, month, "facts.trade_total_superseded") == level
    assert tonnes(own.edition, month, "trade_total_as_of('2026-11-30')") == level
    assert status(own.edition, CHINA) == ("ok", "")


def test_an_edition_of_the_summaries_that_lost_a_fifth_of_its_lines_is_held(own: Settings) -> None:
    count = "select count(*) from facts.production where edition = '2026'"
    before = ask(own.edition, count)
    lines = iter(range(10_000))
    drop_lines(own, USGS, PRODUCTION, lambda line: ",2026,http" in line and next(lines) % 5 == 0, december(1))
    night(own)
    assert ask(own.edition, count) == before
    ((reason,),) = ask(own.edition, "select reason from meta.release where state = 'quarantined'")
    assert str(reason).startswith("usgs_production shrank from ")
    assert status(own.edition, USGS)[0] == "quarantined"


def test_a_month_that_the_office_takes_back_is_held_and_then_withdrawn(own: Settings) -> None:
    coverage = "select status from meta.coverage where series_id = ? and month = '2014-04-01' and partner_iso3 = 'WLD'"
    level = tonnes(own.edition, "2014-04")
    assert len(level) == 1
    assert ask(own.edition, coverage, RARE_EARTH_SERIES) == [("published",)]
    drop_lines(own, CHINA, RARE_EARTHS, lambda line: line.startswith("2014-04,"), december(1))
    night(own)
    assert tonnes(own.edition, "2014-04") == level
    assert status(own.edition, CHINA)[0] == "quarantined"
    accept(own, CHINA, "the office took it back")
    night(own)
    assert tonnes(own.edition, "2014-04") == []
    assert tonnes(own.edition, "2014-04", "facts.trade_total_superseded") == level
    assert tonnes(own.edition, "2014-04", "trade_total_as_of('2026-11-30')") == level
    assert ask(own.edition, coverage, RARE_EARTH_SERIES) == [("withdrawn",)]
    assert ask(own.edition, "select state from meta.release where lines = 0 and source = ?", CHINA) == [("withdrawn",)]


def test_a_figure_that_its_later_edition_takes_back_is_again_that_of_the_earlier_edition(own: Settings) -> None:
    drop_lines(own, USGS, PRODUCTION, lambda line: line.startswith("rare earths,mine,Nigeria,NGA,2024,1500,"), december(1))
    night(own)
    assert ask(own.edition, NIGERIA.format(table="facts.production")) == [("2025", 13000.0)]
    known = {
        day: ask(own.edition, NIGERIA.format(table=f"production_as_of('{day}')")) for day in ("2025-06-30", "2026-06-30", "2026-12-02")
    }
    assert known == {"2025-06-30": [("2025", 13000.0)], "2026-06-30": [("2026", 1500.0)], "2026-12-02": [("2025", 13000.0)]}
    assert ask(as_of(own, "2026-06-30"), NIGERIA.format(table="facts.production")) == [("2026", 1500.0)]


def test_a_line_inserted_above_in_a_later_copy_changes_no_explanation(own: Settings) -> None:
    explained = "select release_id, source_row, body_sha256 from facts.trade_total join meta.release_file using (release_id) order by all"
    before = ask(own.edition, explained)
    header, *lines = newest(own, CHINA, RARE_EARTHS).splitlines(keepends=True)
    receive(own, CHINA, RARE_EARTHS, "".join([header, *reversed(lines)]), december(1))
    night_edition = build(own)
    assert ask(night_edition.path, explained) == before
