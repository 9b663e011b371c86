"""What an operator has to be told: failed, late, quarantined or incomplete offices, each once, and its end; and the webhook it is told to.

What is wrong is read from the live edition, the visits to the offices and the decisions; nothing is mended or decided here.
What was posted before is given in and returned, so that whoever calls keeps it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, time, timedelta
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

import duckdb
import httpx
import stamina
import yaml

from pipelines import archive
from pipelines.archive import secrecy
from pipelines.edition.open import read_only, refused
from pipelines.edition.publish import weighed_until
from pipelines.errors import LodestoneError
from pipelines.fetching.missed import missed_months
from pipelines.fetching.wire import ERRORS, Wire
from pipelines.settings import Settings
from pipelines.sources import Source, load_source, source_names

TIMEOUT_SECONDS = 10.0
"""Until then a webhook has answered, however it drips."""
ATTEMPTS = 3
SAMPLE_ROWS = 3
LONGEST_TEXT = 3000
"""Chat services cut or refuse longer messages."""
NOT_BUILT_AFTER = timedelta(hours=24)
"""So long after an answer came an edition must stand on it."""

Posted = dict[str, dict[str, str | None]]
"""What was posted and has not ended, by key."""
Send = Callable[[str, dict[str, Any]], None]


@dataclass(frozen=True)
class Alert:
    """One thing that is wrong. The same trouble has the same `key`, however its words change from night to night."""

    key: str
    office: str
    kind: str
    """failed, late, missed, quarantined, incomplete or fell_back."""
    reason: str
    sample: tuple[str, ...]
    """A few of the rows, files or requests concerned."""
    remedy: str
    since: datetime | None
    """Since when, as far as that is known (UTC)."""


def alerts(settings: Settings, now: datetime) -> list[Alert]:
    """Everything that is wrong now, by office."""
    found: list[Alert] = []
    for name in source_names():
        try:
            source = load_source(name)
            found += _of_visits(settings, source)
        except (LodestoneError, OSError, ValueError, yaml.YAMLError) as error:
            found.append(_failed(name, "archive", str(error), (), "put it right; the other offices go on", None))
    try:
        with read_only(settings.edition) as connection:
            found += _of_edition(settings, connection, now)
    except (LodestoneError, duckdb.Error) as error:
        found.append(_failed("edition", "edition", str(error).splitlines()[0], (), "`lodestone build` publishes one", None))
    return sorted(found, key=lambda alert: alert.key)


def _failed(office: str, what: str, reason: str, sample: Sequence[str], remedy: str, since: datetime | None) -> Alert:
    return Alert(f"{office}/failed/{what}", office, "failed", reason, tuple(sample), remedy, since)


def _of_visits(settings: Settings, source: Source) -> Iterator[Alert]:
    config = source.config.fetch
    if config is None:
        return
    made, unreadable = archive.readable_visits(settings.raw, source.name)
    for error in unreadable:
        yield _failed(source.name, "archive", str(error), (), "put it right; what was held before stands", None)
    trouble = archive.standing_trouble(settings.raw, source.name)
    if trouble is not None:
        unwhole = made[-1]
        for visit in reversed(made):
            if not visit.unanswered:
                break
            unwhole = visit
        sample = [request.member for request in made[-1].unanswered[:SAMPLE_ROWS]]
        remedy = f"`lodestone fetch {source.name}` or the next night asks again; what was held before stands"
        yield _failed(source.name, "visit", trouble, sample, remedy, _began(unwhole))
    if config.key is not None and made and not os.environ.get(config.key.environment, "").strip():
        reason = f"the key in {config.key.environment} is missing: the office is no longer asked"
        yield _failed(source.name, "key", reason, (), f"set it again; a new one comes from {config.key.sign_up}", None)


def _began(visit: archive.Visit) -> datetime:
    return datetime.strptime(visit.name[:16], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)


def _of_edition(settings: Settings, connection: duckdb.DuckDBPyConnection, now: datetime) -> Iterator[Alert]:
    """What the edition says of its sources and releases; of visits the archive tells more, and newer things."""
    for row in connection.sql(_STATUS).pl().iter_rows(named=True):
        name, state, message = row["source"], row["state"], row["message"] or ""
        since = _utc(row["observed_at"])
        if state == "failed" and row["reason_code"] != "unanswered":
            yield _failed(name, "file", message, (), f"`lodestone sources` explains; hand in or fetch a good copy of {name}", since)
        elif state == "fell_back":
            remedy = (
                "keep a mended copy, or, where the figures are right, `lodestone accept ID --reason ...` with the 16 digits above; "
                "a later copy that passes is taken by itself"
            )
            yield Alert(f"{name}/fell_back", name, "fell_back", message, (), remedy, since)
        if row["due_by"] is not None and row["due_by"] < now.date():
            reason = f"something newer was due by {row['due_by']}; figures reach to {row['newest_period_end'] or 'nowhere'}"
            how = f"`lodestone fetch {name}`" if _is_asked(name) else f"`lodestone keep {name} FILE`"
            remedy = f"look at {row['publisher']}; if it has published, {how}"
            yield Alert(
                f"{name}/late", name, "late", reason, (), remedy, datetime.combine(row["due_by"], time.max, UTC).replace(microsecond=0)
            )
    for missed in missed_months(settings, connection, now):
        moment = datetime.combine(missed.since, time.min, UTC)
        yield Alert(
            f"{missed.source}/missed", missed.source, "missed", missed.what_is_wrong, missed.months[:SAMPLE_ROWS], missed.remedy, moment
        )
    yield from _of_releases(settings, connection)
    yield from _not_built(settings, connection, now)


_STATUS = (
    "select source, state, message, reason_code, observed_at, due_by, newest_period_end, publisher from meta.source_status order by source"
)


def _is_asked(name: str) -> bool:
    """Whether the source is asked over the network; one that cannot be read has told of itself."""
    try:
        return load_source(name).config.fetch is not None
    except (LodestoneError, OSError, ValueError, yaml.YAMLError):
        return False


def _of_releases(settings: Settings, connection: duckdb.DuckDBPyConnection) -> Iterator[Alert]:
    """Quarantined releases nobody decided on, each; failed ones of an office together."""
    failed: dict[str, list[dict[str, Any]]] = {}
    for row in refused(connection):
        if row["state"] == "failed":
            failed.setdefault(row["source"], []).append(row)
        elif row["release_id"] not in archive.decisions(settings.raw, row["source"]):
            release = row["release_id"]
            remedy = f"look at it, then `lodestone accept {release} --reason ...` or `lodestone quarantine {release} --reason ...`"
            key = f"{row['source']}/held/{release}"
            yield Alert(key, row["source"], "quarantined", f"{row['slice']}: {row['reason']}", (), remedy, _utc(row["observed_at"]))
    for name, of_office in failed.items():
        reason = f"{len(of_office)} releases were refused, e.g. {of_office[0]['slice']}: {of_office[0]['reason']}"
        remedy = f"`lodestone sql \"from rejected where source = '{name}'\"` shows each line with its remedy; what was held before stands"
        since = min(_utc(row["observed_at"]) or datetime.max.replace(tzinfo=UTC) for row in of_office)
        yield Alert(f"{name}/incomplete", name, "incomplete", reason, tuple(_rejected(connection, of_office)), remedy, since)


def _rejected(connection: duckdb.DuckDBPyConnection, releases: Sequence[Mapping[str, Any]]) -> list[str]:
    found = connection.execute(
        "select source_member, source_row, reasons, raw from meta.rejected where list_contains(?, release_id) order by all limit ?",
        [[row["release_id"] for row in releases], SAMPLE_ROWS],
    ).fetchall()
    return [f"{member} line {row}: {reasons}: {raw}" for member, row, reasons, raw in found]


def _not_built(settings: Settings, connection: duckdb.DuckDBPyConnection, now: datetime) -> Iterator[Alert]:
    """Answers that came long ago and stand in no edition: the nightly build does not run, or publishes nothing."""
    until = weighed_until(settings, connection)
    waiting = []
    for name in source_names():
        try:
            made = archive.visits(settings.raw, name)
        except LodestoneError:  # told of with the visits
            continue
        waiting += [receipt.observed_at for visit in made for receipt in visit.receipts if until is None or receipt.observed_at > until]
    first = min(waiting, default=None)
    if first is not None and now - first > NOT_BUILT_AFTER:
        reason = f"answers of {first:%Y-%m-%d %H:%M} UTC and later stand in no edition"
        yield _failed("edition", "build", reason, (), "`lodestone build` says what keeps it from publishing", first)


def _utc(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.replace(tzinfo=UTC)


def tell(url: str, found: Sequence[Alert], posted: Posted, send: Send | None = None) -> Posted:
    """Post what is new and what has ended since `posted`, in one message; what is posted now and has not ended is returned.

    Nothing is sent where nothing changed. Raises `LodestoneError` where the webhook does not take it: keep `posted` as it was
    then, and everything is posted next time.
    """
    now = {alert.key: alert for alert in found}
    fresh = [alert for key, alert in now.items() if key not in posted]
    ended = [dict(values) | {"key": key} for key, values in posted.items() if key not in now]
    if fresh or ended:
        post(url, fresh, ended, send)
    return {key: posted.get(key) or _remembered(alert) for key, alert in now.items()}


def _remembered(alert: Alert) -> dict[str, str | None]:
    return {"office": alert.office, "kind": alert.kind, "reason": _without_secrets(alert.reason), "since": _as_text(alert.since)}


def post(url: str, fresh: Sequence[Alert], ended: Sequence[Mapping[str, str | None]], send: Send | None = None) -> None:
    """Send one message, as JSON, by POST:

        {"text": "...", for a chat to show
         "alerts": [{"key", "office", "kind", "reason", "sample": [...], "remedy", "since": "2026-06-07T02:00:00+00:00" or null}],
         "ended": [{"key", "office", "kind", "reason", "since"}]}

    Neither keys of offices nor the webhook's own address stand in it. Raises `LodestoneError` where it is not taken.
    """
    text = in_words(fresh, ended)
    text = text if len(text) <= LONGEST_TEXT else f"{text[:LONGEST_TEXT]} ... (`lodestone alerts` tells all)"
    body = {"text": text, "alerts": [asdict(alert) for alert in fresh], "ended": list(ended)}
    plain = json.loads(_without_secrets(json.dumps(body, default=_as_text, ensure_ascii=False)))
    (send or _send)(url, plain)


def in_words(fresh: Sequence[Alert], ended: Sequence[Mapping[str, str | None]] = ()) -> str:
    """What is wrong, with rows and remedies, and what no longer is."""
    lines = []
    for alert in fresh:
        lines.append(f"{alert.office} {alert.kind.replace('_', ' ')}: {alert.reason}")
        lines += [f"  {row}" for row in alert.sample]
        lines.append(f"  What to do: {alert.remedy}")
    lines += [f"{alert['office']} no longer {str(alert['kind']).replace('_', ' ')}: {alert['reason']}" for alert in ended]
    return "\n".join(lines)


def _as_text(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _without_secrets(text: str) -> str:
    """The text without any office's key, should one have come into it."""
    for name in source_names():
        try:
            config = load_source(name).config.fetch
        except (LodestoneError, OSError, ValueError, yaml.YAMLError):  # a source that cannot be read has told of itself
            continue
        secret = os.environ.get(config.key.environment, "").strip() if config is not None and config.key is not None else ""
        text = text.replace(secret, "***") if secret else text
    return text


def _send(url: str, body: dict[str, Any]) -> None:
    # The address of a webhook is itself a secret, so no error may show more than its host, nor hang on one of httpx that does.
    failure: str | None = None
    wire = Wire(with_proxy=url.startswith("https:"), least_speed_after=TIMEOUT_SECONDS, deadline=TIMEOUT_SECONDS, clock=monotonic)
    try:
        with httpx.Client(transport=wire, timeout=TIMEOUT_SECONDS) as client:
            for attempt in stamina.retry_context(on=_may_pass, attempts=ATTEMPTS, timeout=None, wait_initial=0.2, wait_max=2.0):
                # What a webhook says beside its status is not read: it was told by then.
                with attempt, client.stream("POST", url, json=body) as response:
                    response.raise_for_status()
    except httpx.HTTPStatusError as error:
        failure = f"answers {error.response.status_code}"
    except (httpx.HTTPError, httpx.InvalidURL, *ERRORS) as error:
        failure = f"cannot be reached ({type(error).__name__})"
    if failure is not None:
        raise LodestoneError(f"the webhook at {_host(url)} {failure}; see LODESTONE_ALERT_URL")


def _host(url: str) -> str:
    try:
        return urlsplit(secrecy.public(url)).hostname or "LODESTONE_ALERT_URL"
    except ValueError:
        return "LODESTONE_ALERT_URL"


def _may_pass(error: Exception) -> bool:
    """Whether another attempt may help: no answer came, or one that says that the trouble is theirs."""
    if isinstance(error, httpx.HTTPStatusError):
        return error.response.status_code == 429 or error.response.status_code >= 500
    return isinstance(error, (httpx.TransportError, *ERRORS))
