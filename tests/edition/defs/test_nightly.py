"""What Dagster does at night: which runs it asks for, and what it tells the webhook."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from pipelines.definitions import defs
from pipelines.settings import Settings
from tests.building import copy_raw


class Webhook:
    """A webhook on 127.0.0.1 that keeps what it receives."""

    def __init__(self) -> None:
        self.received: list[dict[str, Any]] = []
        kept = self.received

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                kept.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(204)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                """Nothing: a test prints no requests."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/received"


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    hook = Webhook()
    thread = threading.Thread(target=hook.server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield hook
    hook.server.shutdown()
    thread.join()
    hook.server.server_close()


def test_the_first_night_asks_the_bureau_for_every_month_in_one_run_and_the_bank_for_its_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = copy_raw(tmp_path / "data")
    monkeypatch.setenv("LODESTONE_DATA", str(settings.data))
    monkeypatch.setenv("LODESTONE_NOW", "2026-06-07T01:00:00")
    asked = {}
    with dg.DagsterInstance.ephemeral() as instance:
        for schedule in defs.schedules or []:
            if schedule.name.startswith("fetch_"):
                context = dg.build_schedule_context(instance=instance, repository_def=defs.get_repository_def())
                asked[schedule.name] = [run.tags for run in schedule.evaluate_tick(context).run_requests or []]  # type: ignore[union-attr]
    (bureau,) = asked["fetch_us_census_nightly"]
    assert bureau["dagster/asset_partition_range_start"] == "2018-01"
    assert bureau["dagster/asset_partition_range_end"] == "2026-04"
    assert len(asked["fetch_ecb_rates_nightly"]) == 1
    assert "dagster/asset_partition_range_start" not in asked["fetch_ecb_rates_nightly"][0]


def test_the_sensor_tells_the_webhook_of_lateness_once_with_office_reason_and_remedy(
    built: Settings, webhook: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LODESTONE_DATA", str(built.data))
    monkeypatch.setenv("LODESTONE_NOW", "2026-12-24T02:00:00")
    monkeypatch.setenv("LODESTONE_ALERT_URL", webhook.url)
    (sensor,) = defs.sensors or []
    with dg.DagsterInstance.ephemeral() as instance:
        first = sensor.evaluate_tick(dg.build_sensor_context(instance=instance, cursor=None))
        second = sensor.evaluate_tick(dg.build_sensor_context(instance=instance, cursor=first.cursor))
    assert second.skip_message == "nothing has changed"
    (message,) = webhook.received
    text = json.dumps(message, ensure_ascii=False)
    assert "china_customs_bulletin" in text
    assert "was due by 2026-06-21" in text
    assert "lodestone keep china_customs_bulletin FILE" in text


def test_without_a_webhook_the_sensor_says_that_there_is_none(built: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LODESTONE_DATA", str(built.data))
    monkeypatch.delenv("LODESTONE_ALERT_URL", raising=False)
    (sensor,) = defs.sensors or []
    with dg.DagsterInstance.ephemeral() as instance:
        message = sensor.evaluate_tick(dg.build_sensor_context(instance=instance, cursor=None))
    assert message.skip_message == "LODESTONE_ALERT_URL names no webhook"
