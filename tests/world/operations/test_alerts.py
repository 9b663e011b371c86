"""What an operator is told, to a webhook on this machine: each trouble once, and its end; never a key, never the webhook's address."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from pipelines import archive, night
from pipelines.edition.open import read_only
from pipelines.errors import LodestoneError
from pipelines.operations import alerts
from pipelines.operations.alerts import Alert
from pipelines.settings import Settings
from tests.copies import JUNE_2019, drop_lines, revise
from tests.offices_asked import KEY, LATER, answered, asked
from tests.small import CHINA, CONTENTS, MEMBERS, PRODUCTION, RARE_EARTHS, USGS, build_small

EARLY = datetime(2026, 3, 1, tzinfo=UTC)
"""A day on which no office is late."""


@pytest.fixture
def own(built: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("LODESTONE_US_CENSUS_KEY", KEY)
    return Settings(data=Path(shutil.copytree(built.data, tmp_path / "own")))


def keys(settings: Settings, now: datetime = EARLY) -> list[str]:
    return [alert.key for alert in alerts.alerts(settings, now)]


def test_where_all_is_well_nobody_is_told_anything(own: Settings) -> None:
    assert keys(own) == []


def test_a_visit_that_fails_for_nights_is_one_trouble_that_began_with_the_first(own: Settings) -> None:
    for number in range(3):
        visit = asked(own, LATER + timedelta(days=number))
        archive.note_trouble(own.raw, visit, LATER, f"us_census, imports: HTTP 503 in night {number}")
    (found,) = alerts.alerts(own, LATER.replace(year=2026, month=3))
    assert (found.key, found.kind, found.since) == ("us_census/failed/visit", "failed", LATER)
    assert "HTTP 503 in night 2" in found.reason
    assert found.sample[0].startswith("imports-HS10-2836")
    assert "lodestone fetch us_census" in found.remedy
    answered(own, LATER + timedelta(days=3))
    assert "us_census/failed/visit" not in keys(own)


def test_the_edition_tells_nothing_twice_of_a_visit(own: Settings) -> None:
    everything = replace(CONTENTS, sources=(*MEMBERS, "us_census"))

    def publish() -> None:
        night.take_in(own, everything.sources)
        night.build(own, contents=everything)

    answered(own, LATER)
    visit = asked(own, LATER + timedelta(days=1))
    archive.note_trouble(own.raw, visit, LATER, "us_census, imports: HTTP 503")
    publish()
    assert keys(own) == ["us_census/failed/visit"]
    archive.receive(own.raw, "usgs_mcs", "usgs_world_production.csv", b"<html>gone</html>", LATER)
    publish()
    assert keys(own) == ["us_census/failed/visit", "usgs_mcs/failed/file"]
    with read_only(own.edition) as connection:
        codes = connection.execute("select source, reason_code from meta.source_status where state = 'failed' order by all").fetchall()
    assert codes == [("us_census", "unanswered"), ("usgs_mcs", "unreadable")]


def test_a_key_that_is_gone_is_told_once_the_office_was_asked(own: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LODESTONE_US_CENSUS_KEY")
    assert keys(own) == []
    answered(own, LATER)
    assert keys(own) == ["us_census/failed/key"]


def test_an_office_is_late_from_the_day_after_something_was_due(own: Settings) -> None:
    late = [alert for alert in alerts.alerts(own, datetime(2027, 1, 1, tzinfo=UTC)) if alert.kind == "late"]
    assert [message.key for message in late] == ["china_customs_bulletin/late"]
    assert "lodestone keep china_customs_bulletin FILE" in late[0].remedy
    due = late[0].since
    assert due is not None
    assert "china_customs_bulletin/late" not in keys(own, due)
    assert "china_customs_bulletin/late" in keys(own, due + timedelta(seconds=1))


def test_a_held_release_is_told_until_somebody_decides(own: Settings) -> None:
    lines = iter(range(10_000))
    drop_lines(own, USGS, PRODUCTION, lambda line: ",2026,http" in line and next(lines) % 5 == 0, LATER)
    build_small(own)
    found = [alert for alert in alerts.alerts(own, EARLY) if alert.kind == "quarantined"]
    release = found[0].key.split("/")[-1]
    assert (found[0].since, f"lodestone accept {release}" in found[0].remedy) == (LATER, True)
    archive.decide(own.raw, archive.Decision("usgs_mcs", release, "quarantine", "Ada", "not yet", LATER))
    assert len([alert for alert in alerts.alerts(own, EARLY) if alert.kind == "quarantined"]) == len(found) - 1


def test_a_refused_release_is_told_with_its_line_until_a_good_one_comes(own: Settings) -> None:
    revise(own, CHINA, RARE_EARTHS, {JUNE_2019: "2019-06,nonsense,"}, LATER)
    build_small(own)
    (found,) = alerts.alerts(own, EARLY)
    assert (found.key, found.office, found.since) == ("china_customs_bulletin/incomplete", CHINA, LATER)
    assert "nonsense" in found.sample[0]
    revise(own, CHINA, RARE_EARTHS, {"2019-06,nonsense,": "2019-06,3967,"}, LATER + timedelta(days=1))
    build_small(own)
    assert keys(own) == []


def test_a_broken_file_is_told_and_an_edition_that_is_gone_as_well(own: Settings) -> None:
    archive.receive(own.raw, "usgs_mcs", "usgs_world_production.csv", b"<html>gone</html>", LATER)
    build_small(own)
    assert keys(own) == ["usgs_mcs/failed/file"]
    own.edition.unlink()
    assert keys(own) == ["edition/failed/edition"]


def test_answers_that_stand_in_no_edition_for_a_day_are_told(own: Settings) -> None:
    answered(own, LATER)
    assert "edition/failed/build" not in keys(own, LATER + timedelta(hours=12))
    assert "edition/failed/build" in keys(own, LATER + timedelta(hours=25))


class Webhook:
    """A webhook on 127.0.0.1 that answers with the statuses it is given, then with 200."""

    def __init__(self) -> None:
        self.statuses: list[int] = []
        self.bodies: list[dict[str, Any]] = []
        self.is_halting = False
        self.seconds = 0.0
        webhook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                if webhook.is_halting:
                    webhook.seconds += alerts.TIMEOUT_SECONDS + 1
                    self.wfile.write(b"HTTP/1.1 2")
                    self.rfile.read(1)  # until the other side goes
                    return
                status = webhook.statuses.pop(0) if webhook.statuses else 200
                if status == 200:
                    webhook.bodies.append(body)
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                """Nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/hooks/a-token-nobody-may-see"


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    hook = Webhook()
    thread = threading.Thread(target=hook.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield hook
    hook.server.shutdown()
    hook.server.server_close()
    thread.join()


def trouble(key: str = "us_census/failed/visit", reason: str = "HTTP 503") -> Alert:
    office, kind, *_ = key.split("/")
    return Alert(key, office, kind, reason, ("imports-HS6-2836.json",), "ask again", LATER)


def test_a_trouble_is_posted_once_and_its_end_once(webhook: Webhook) -> None:
    posted = alerts.tell(webhook.url, [trouble()], {})
    posted = alerts.tell(webhook.url, [trouble(reason="HTTP 500")], json.loads(json.dumps(posted)))
    assert len(webhook.bodies) == 1
    (first,) = webhook.bodies
    assert first["alerts"] == [
        {
            "key": "us_census/failed/visit",
            "office": "us_census",
            "kind": "failed",
            "reason": "HTTP 503",
            "sample": ["imports-HS6-2836.json"],
            "remedy": "ask again",
            "since": "2026-12-24T02:00:00+00:00",
        }
    ]
    assert first["text"] == "us_census failed: HTTP 503\n  imports-HS6-2836.json\n  What to do: ask again"
    assert alerts.tell(webhook.url, [], posted) == {}
    assert webhook.bodies[1]["alerts"] == []
    assert webhook.bodies[1]["ended"][0]["key"] == "us_census/failed/visit"
    assert webhook.bodies[1]["text"].startswith("us_census no longer failed")


def test_neither_a_key_nor_the_address_of_the_webhook_is_sent(webhook: Webhook, own: Settings) -> None:
    posted = alerts.tell(webhook.url, [trouble(reason=f"the address was ?key={KEY}")], {})
    assert KEY not in json.dumps(webhook.bodies) + json.dumps(posted)
    assert "a-token" not in json.dumps(webhook.bodies)


def test_a_webhook_that_stumbles_is_asked_again(webhook: Webhook) -> None:
    webhook.statuses = [503, 429]
    assert alerts.tell(webhook.url, [trouble()], {}).keys() == {"us_census/failed/visit"}
    assert len(webhook.bodies) == 1


@pytest.mark.parametrize(("statuses", "message"), [([404], "answers 404"), ([500, 500, 500], "answers 500")])
def test_a_webhook_that_refuses_is_named_without_its_token(webhook: Webhook, statuses: list[int], message: str) -> None:
    webhook.statuses = list(statuses)
    with pytest.raises(LodestoneError, match=message) as refused:
        alerts.tell(webhook.url, [trouble()], {})
    assert "a-token" not in str(refused.value)
    assert (webhook.statuses, webhook.bodies) == ([], [])


def test_a_webhook_has_a_deadline_however_its_answer_drips(webhook: Webhook, monkeypatch: pytest.MonkeyPatch) -> None:
    webhook.is_halting = True
    monkeypatch.setattr(alerts, "monotonic", lambda: webhook.seconds)
    with pytest.raises(LodestoneError, match=r"127\.0\.0\.1 cannot be reached \(TooSlow\)"):
        alerts.tell(webhook.url, [trouble()], {})
    assert webhook.seconds == alerts.ATTEMPTS * (alerts.TIMEOUT_SECONDS + 1)


@pytest.mark.parametrize("url", ["http://ana:a-token/x@127.0.0.1:9", "http://[a-token", "a-token"])
def test_an_address_that_is_none_is_told_without_what_is_secret_in_it(url: str) -> None:
    with pytest.raises(LodestoneError, match="LODESTONE_ALERT_URL") as refused:
        alerts.tell(url, [trouble()], {})
    assert "a-token" not in str(refused.value)


def test_a_webhook_that_is_not_there_is_told_in_one_sentence() -> None:
    with pytest.raises(LodestoneError, match=r"127\.0\.0\.1 cannot be reached") as refused:
        alerts.tell("http://127.0.0.1:9/hooks/a-token-nobody-may-see", [trouble()], {})
    assert "a-token" not in str(refused.value)
    assert refused.value.__context__ is None


def test_a_long_list_is_cut_in_the_text_and_whole_in_the_rows(webhook: Webhook) -> None:
    many = [trouble(f"us_census/held/{number:016x}") for number in range(200)]
    alerts.tell(webhook.url, many, {})
    assert len(webhook.bodies[0]["alerts"]) == 200
    assert len(webhook.bodies[0]["text"]) < alerts.LONGEST_TEXT + 100
