"""The state of a source in an edition, in a word, a sentence and its counts."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import duckdb

from pipelines.edition.plan import SourcePlan
from pipelines.intake.release import Judged, Observation
from pipelines.model.tables import tables
from pipelines.reasons import Reason, reason
from pipelines.sources.config import SourceConfig


def status_of(connection: duckdb.DuckDBPyConnection, plan: SourcePlan) -> dict[str, Any]:
    """The row of `meta.source_status` of a source."""
    current = [judged for judged in plan.judged if judged.state == "current"]
    quarantined = [judged for judged in plan.judged if judged.state == "quarantined"]
    failed = [judged for judged in plan.judged if judged.state == "failed"]
    first = min((judged.observation.observed_at for judged in plan.judged), default=None)
    # What the first snapshot found was there before: only a publisher's date or calendar says how new it is.
    newest = _newest([judged.observation for judged in current], first)
    # A slice that was there before and was read anew is not the newer one that is due: it counts from when it was first known.
    newest_first = sorted(plan.judged, key=lambda judged: judged.observation.observed_at, reverse=True)
    came = {judged.observation.slice: judged.observation for judged in newest_first}
    newest_slice = _newest([came[judged.observation.slice] for judged in current], first)
    config = plan.source.config if plan.source is not None else None
    state, reasons = _state(connection, plan, current, quarantined, failed)
    standing = "the last good release stands; " if state == "failed" and current and plan.earlier_kept else ""
    counted = connection.execute(
        "select coalesce(sum(lines), 0)::bigint, coalesce(sum(accepted), 0)::bigint, coalesce(sum(rejected), 0)::bigint"
        " from meta.release where source = ? and state in ('current', 'failed')",
        [plan.name],
    ).fetchone()
    assert counted is not None
    newest_end = _newest_period_end(connection, plan.name)
    stand_in = any(file.stand_in for judged in plan.judged for file in judged.observation.files)
    citation = config.citation if config else "unknown"
    if stand_in and config:
        citation = f"Answers of a stand-in for {config.publisher}, from a rehearsal: not its figures, and not to be cited."
    return {
        "source": plan.name,
        "title": config.title if config else plan.name,
        "publisher": config.publisher if config else "unknown",
        "licence": config.licence if config else "unknown",
        "citation": citation,
        "redistributable": config.redistributable if config else False,
        "stand_in": stand_in,
        "state": state,
        "message": f"{standing}{'; '.join(map(str, reasons))}" or None,
        "reason_code": reasons[0].code if reasons else None,
        "newest_known_from": newest,
        "newest_period_end": newest_end,
        "due_by": None if config is None else _due_by(config, newest_slice, newest_end),
        "observed_at": plan.observed_at,
        "releases": len(current),
        "quarantined": len(quarantined),
        "failed": len(failed),
        "lines": counted[0],
        "accepted": counted[1],
        "rejected": counted[2],
    }


def _state(
    connection: duckdb.DuckDBPyConnection, plan: SourcePlan, current: list[Judged], quarantined: list[Judged], failed: list[Judged]
) -> tuple[str, list[Reason]]:
    """The state of a source, and why it is in it."""
    is_silent = not (plan.judged or plan.errors or plan.trouble or plan.fell_back)
    unread = [reason("unreadable", error=error) for error in plan.errors]
    unread += [reason("unanswered", visits=plan.trouble)] if plan.trouble else []
    refused = [reason("release_failed", slice=judged.observation.slice, why=judged.reason) for judged in failed]
    if is_silent and plan.source is not None and plan.source.config.fetch is not None:
        return "not_asked", [reason("not_asked", source=plan.name)]
    if plan.not_known_by is not None:
        return "ok", [reason("not_known_yet", day=plan.not_known_by)]
    if not current:
        by_check = [reason("check_refused", found=plan.fell_back)] if plan.fell_back else []
        waiting = [reason("release_quarantined", slice=judged.observation.slice, why=judged.reason) for judged in quarantined]
        nothing = reason("all_withdrawn" if plan.judged else "nothing_received")
        return "failed", [*by_check, *unread, *[*refused, *waiting][:3]] or [nothing]
    if plan.fell_back:
        return "fell_back", [reason("fell_back", found=plan.fell_back, source=plan.name)]
    if unread:
        return "failed", unread
    rejected = connection.execute(_REJECTED, [plan.name]).fetchall()
    if quarantined or failed or rejected:
        names = ", ".join(f"{judged.observation.release_id} ({judged.observation.slice}: {judged.reason})" for judged in quarantined)
        waiting = [reason("releases_quarantined", releases=names)] if quarantined else []
        left_out = [_left_out(rejected)] if rejected else []
        return "quarantined" if quarantined else "incomplete", [*waiting, *refused[:3], *left_out]
    expired = [reason("correction_expired", correction=correction) for correction in plan.expired]
    return "ok", expired + _unattributed(connection, plan.name)


def _unattributed(connection: duckdb.DuckDBPyConnection, source: str) -> list[Reason]:
    """What to know of an office whose partners fall short of its own totals; nothing where its lines are typed from pages."""
    row = connection.execute(
        """
        with partners as (
            select series_id, period_start, sum(value_usd) as value_usd
            from facts.trade_flow
            where source = $source and period_kind = 'month' and publication is null
            group by series_id, period_start
        ),
        total as (
            select series_id, period_start, sum(value_usd) as value_usd
            from facts.trade_total
            where source = $source and period_kind = 'month'
            group by series_id, period_start
        )
        select count(*) filter (where coalesce(partners.value_usd, 0) < 0.999 * total.value_usd), count(*)
        from total
        left join partners using (series_id, period_start)
        where total.series_id in (select series_id from partners)
        """,
        {"source": source},
    ).fetchone()
    return [reason("partners_fall_short", months=row[0], all_months=row[1])] if row is not None and row[0] else []


_REJECTED = (
    "select source_member, source_row, reasons from meta.rejected where source = ? and release_id in"
    " (select release_id from meta.release where state = 'current') order by all"
)


def _left_out(rejected: list[tuple[Any, ...]]) -> Reason:
    examples = "; ".join(f"{member} line {row}: {reasons}" for member, row, reasons in rejected[:3])
    more = f"; {len(rejected) - 3:,} more in meta.rejected" if len(rejected) > 3 else ""
    return reason("lines_rejected", count=len(rejected), examples=examples + more)


def _newest(known: list[Observation], first: datetime | None) -> datetime | None:
    """When the newest of some observations became known; what merely stood there at the first snapshot says nothing of that."""
    dated = [observation.known_from for observation in known if observation.known_from_basis != "held" or observation.observed_at != first]
    return max(dated or [observation.known_from for observation in known], default=None)


def _due_by(config: SourceConfig, newest: datetime | None, newest_end: date | None) -> date | None:
    """When something newer is due: so long after the next month's end, or after the newest release's publication."""
    if config.fetch is not None:
        if newest_end is None:
            return None
        first = (newest_end + timedelta(days=1)).replace(day=1)
        next_end = (first + timedelta(days=32)).replace(day=1) - timedelta(days=1)
        return next_end + timedelta(days=config.fetch.late_after_days)
    return None if newest is None or config.due_after_days is None else newest.date() + timedelta(days=config.due_after_days)


def _newest_period_end(connection: duckdb.DuckDBPyConnection, source: str) -> date | None:
    ends = []
    for table in tables().values():
        names = {column.name for column in table.columns}
        if table.versioned and {"source", "period_start", "period_months"} <= names:
            reported = "and status <> 'projection'" if "status" in names else ""
            reported += " and period_qualifier is null" if "period_qualifier" in names else ""
            last_day = "max(period_start + to_months(period_months))::date - 1"
            ends.append(f"select {last_day} as day from {table.full_name} where source = $source {reported}")
    row = connection.execute(f"select max(day) from ({' union all '.join(ends)})", {"source": source}).fetchone()
    return None if row is None else row[0]
