"""The one sensor: tells a webhook of failures and lateness, of each once, and of its end. What counts is decided in `alerts`."""

import json

import dagster as dg

from pipelines.operations.alerts import alerts, tell
from pipelines.settings import load_settings

EVERY_SECONDS = 600


@dg.sensor(
    name="failures_and_lateness",
    minimum_interval_seconds=EVERY_SECONDS,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Posts to LODESTONE_ALERT_URL what is newly wrong with an office or the edition, with reason, sample and remedy.",
)
def failures_and_lateness(context: dg.SensorEvaluationContext) -> dg.SkipReason:
    """Remembers in its cursor what was posted. Where the webhook does not answer, the same is posted the next time."""
    settings = load_settings()
    if settings.alert_url is None:
        return dg.SkipReason("LODESTONE_ALERT_URL names no webhook")
    before = json.loads(context.cursor or "{}")
    after = tell(settings.alert_url, alerts(settings, settings.now()), before)
    context.update_cursor(json.dumps(after))
    fresh, ended = len(after.keys() - before.keys()), len(before.keys() - after.keys())
    return dg.SkipReason(f"posted {fresh} new and {ended} ended" if fresh or ended else "nothing has changed")
