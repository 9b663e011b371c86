"""Whether an installation is in order: every finding one line with its remedy, and never a key."""

from __future__ import annotations

import fcntl
import json
import shutil
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from pipelines import archive
from pipelines.edition.build import is_up_to_date
from pipelines.edition.publish import writer
from pipelines.operations import alerts, doctor
from pipelines.operations.doctor import installation
from pipelines.operations.doctor.finding import Finding
from pipelines.rehearsal import ecb_stand_in as ecb
from pipelines.rehearsal.server import Offices
from pipelines.settings import Settings
from tests import nights
from tests.copies import drop_lines
from tests.offices_asked import KEY, LATER, answered, asked
from tests.small import PRODUCTION, USGS, build_small

WITH_KEY = {"LODESTONE_US_CENSUS_KEY": KEY}


@pytest.fixture
def own(built: Settings, tmp_path: Path) -> Settings:
    """A copy of a built installation, one night after the last snapshot."""
    return Settings(data=Path(shutil.copytree(built.data, tmp_path / "own")), fixed_now=LATER)


def about(settings: Settings, subject: str, environment: Mapping[str, str] = WITH_KEY) -> list[Finding]:
    return [finding for finding in doctor.examine(settings, environment) if finding.subject == subject]


def only(settings: Settings, subject: str, environment: Mapping[str, str] = WITH_KEY) -> Finding:
    (found,) = about(settings, subject, environment)
    return found


def test_a_sound_installation_has_nothing_bad_and_every_finding_is_one_line(own: Settings) -> None:
    found = doctor.examine(own, WITH_KEY)
    assert {row.level for row in found} <= {"ok", "warn"}, [str(row) for row in found if row.level == "bad"]
    assert all("\n" not in str(row) for row in found)
    assert KEY not in "".join(map(str, found))
    assert {"Python", "packages", "data folder", "disk", "selection", "clock", "locks", "leftovers", "edition"} <= {
        row.subject for row in found
    }


def test_checks_with_nothing_to_compare_are_named(tmp_path: Path) -> None:
    empty = Settings(data=tmp_path / "empty", fixed_now=LATER)
    build_small(empty)
    found = only(empty, "checks")
    assert found.level == "warn"
    assert "nothing to compare had bounds_hold, every_line_counted, no_aggregate_among_suppliers" in found.message


def test_a_missing_key_is_bad_once_the_office_was_asked_and_names_where_to_sign_up(own: Settings) -> None:
    before = only(own, "key of us_census", {})
    assert (before.level, "https://api.census.gov/data/key_signup.html" in str(before)) == ("warn", True)
    answered(own, LATER)
    assert only(own, "key of us_census", {}).level == "bad"
    assert only(own, "key of us_census").level == "ok"


def test_a_visit_that_is_not_whole_says_what_failed_and_how_to_go_on(own: Settings) -> None:
    visit = asked(own, LATER)
    archive.note_trouble(own.raw, visit, LATER, "us_census, imports: HTTP 503")
    found = only(own, "us_census")
    assert (found.level, "2 of 2 requests" in found.message, "HTTP 503" in found.message) == ("bad", True, True)
    assert "lodestone fetch us_census" in str(found.remedy)


def test_a_whole_visit_is_well_until_a_night_is_missed(own: Settings) -> None:
    answered(own, LATER)
    assert only(own, "us_census").level == "ok"
    assert only(replace(own, fixed_now=LATER + timedelta(days=3)), "us_census").level == "warn"


def test_answers_that_stand_in_no_edition_ask_for_a_build(own: Settings) -> None:
    answered(own, LATER)
    found = only(own, "edition")
    assert (found.level, found.remedy) == ("bad", "`lodestone build` takes them in")


def test_a_night_in_which_nothing_changed_is_no_trouble_that_evening_or_later(tmp_path: Path) -> None:
    data = Settings(data=tmp_path / "data")
    with Offices({"ecb_rates": ecb.made_up(date(2024, 1, 1), date(2024, 2, 28))}) as offices:
        published = nights.night(data, offices, "2024-02-29T02:00:00")
        nights.ask(data, offices, "2024-03-01T02:00:00")
        evening = replace(data, fixed_now=datetime(2024, 3, 2, 4, tzinfo=UTC))
        untold = (
            only(evening, "edition").level,
            [alert.key for alert in alerts.alerts(evening, evening.now()) if alert.office == "edition"],
        )
        assert untold == ("bad", ["edition/failed/build"]), "the answer waits for a build"
        assert not nights.publish(data, offices, "2024-03-01T04:00:00").changed
        assert offices.asked[-1].status == 304
    assert data.edition.stat().st_ino == published.path.stat().st_ino
    for _ in range(2):
        assert only(evening, "edition").level == "ok"
        assert [alert.key for alert in alerts.alerts(evening, evening.now()) if alert.office == "edition"] == []
        data.weighed.write_text("half a li", "utf-8")
        assert only(evening, "edition").level == "bad", "the note is lost"
        assert is_up_to_date(data, nights.CONTENTS), "any build finds it again"


def test_a_clock_set_back_is_told_by_the_newest_receipt(own: Settings) -> None:
    answered(own, LATER)
    (found, *_) = [finding for finding in about(replace(own, fixed_now=LATER - timedelta(days=1)), "clock") if finding.level == "bad"]
    assert "imports-HS10-2836" in found.message


def test_a_rehearsal_is_named_as_one(own: Settings) -> None:
    rehearsal = replace(own, offices="http://127.0.0.1:9")
    assert (only(rehearsal, "offices").level, about(own, "offices")) == ("warn", [])
    answered(own, LATER)
    assert (only(rehearsal, "offices").level, about(own, "offices")) == ("bad", [])
    assert "LODESTONE_NOW is set" in about(rehearsal, "clock")[0].message


@pytest.mark.parametrize("password", ["a-password", "a/password", "9/a?pass#w@rd", "a%2Fpassword"])
def test_a_password_of_the_stand_ins_is_not_shown(own: Settings, password: str) -> None:
    found = only(replace(own, offices=f"http://ana:{password}@127.0.0.1:9/?token=a-password"), "offices")
    assert "http://***@127.0.0.1:9/?token=*** answers" in found.message


def test_answers_of_stand_ins_are_named_also_where_nobody_rehearses_any_more(own: Settings) -> None:
    answered(own, LATER, stand_in=True)
    assert only(replace(own, offices="http://127.0.0.1:9"), "offices").level == "warn"
    found = only(own, "offices")
    assert (found.level, found.message) == ("bad", "the answers held are those of stand-ins: no figure of them is to be used")


def test_a_held_release_comes_with_the_commands_that_decide_on_it(own: Settings) -> None:
    lines = iter(range(10_000))
    drop_lines(own, USGS, PRODUCTION, lambda line: ",2026,http" in line and next(lines) % 5 == 0, LATER)
    build_small(own)
    held = [finding for finding in doctor.examine(own, {}) if finding.subject.startswith("release")]
    release = held[0].subject.split()[1]
    assert held[0].level == "bad"
    assert f"lodestone accept {release}" in str(held[0].remedy)
    archive.decide(own.raw, archive.Decision("usgs_mcs", release, "accept", "Ada", "seen", LATER))
    assert only(own, f"release {release}").level == "warn"
    archive.decide(own.raw, archive.Decision("usgs_mcs", release, "quarantine", "Ada", "not yet", LATER + timedelta(days=1)))
    assert only(own, f"release {release}").level == "ok"


@pytest.mark.skipif(not installation.LOCKS.exists(), reason="this system does not list its locks in /proc/locks")
def test_who_builds_and_who_fetches_is_told_without_touching_the_locks(own: Settings) -> None:
    assert only(own, "locks").message == "nobody builds or fetches"
    with writer(own), (own.data / ".fetch-us_census.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        message = only(own, "locks").message
    assert "builds" in message
    assert "asks us_census" in message


def test_drafts_of_killed_runs_are_counted(own: Settings) -> None:
    (own.data / ".lodestone.duckdb.999999999").touch()
    (own.curated / "usgs_mcs" / ".half.999999999").mkdir()
    found = only(own, "leftovers")
    assert (found.level, found.message.startswith("2 drafts")) == ("warn", True)


@pytest.mark.parametrize("content", [None, b"", b"no database"])
def test_an_edition_that_cannot_be_read_asks_for_a_build(own: Settings, content: bytes | None) -> None:
    own.edition.unlink()
    if content is not None:
        own.edition.write_bytes(content)
    found = only(own, "edition")
    assert (found.level, "lodestone build" in str(found)) == ("bad", True)
    assert "\n" not in str(found)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    found = only(Settings(data=tmp_path / "nowhere"), "data folder")
    assert (found.level, str(tmp_path / "nowhere") in found.message) == ("bad", True)


def test_too_little_room_is_warned_of_before_the_night_finds_out(own: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installation.shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10, 9, 1))
    assert only(own, "disk").level == "warn"


def test_a_package_of_another_version_is_bad(own: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installation, "requires", lambda _: ["duckdb==0.0.1", "polars[x]==9.9 ; extra == 'x'", "httpx<1"])
    (found,) = about(own, "packages")
    assert (found.level, "0.0.1 is needed" in found.message) == ("bad", True)


def test_an_archive_without_an_edition_can_be_examined(data: Settings) -> None:
    assert {finding.subject for finding in doctor.examine(data, {}) if finding.level == "bad"} == {"edition"}


def test_a_visit_that_cannot_be_read_is_bad_and_stops_nothing(own: Settings) -> None:
    plan = own.raw / "us_census" / "fetched" / "visits" / f"{LATER:%Y%m%dT%H%M%SZ}" / "plan.json"
    plan.parent.mkdir(parents=True)
    plan.write_text(json.dumps({"requests": "none"}), "utf-8")
    assert only(own, "us_census").level == "bad"
    assert about(own, "edition")
