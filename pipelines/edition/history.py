"""The history of releases as the edition tells it: `meta.release`, observations, files, corrections and rejected lines."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import duckdb

from pipelines.edition.draft import create_table, insert
from pipelines.edition.plan import SourcePlan
from pipelines.intake import ledger
from pipelines.intake.corrections import ALWAYS, Correction
from pipelines.intake.curation import REJECTED
from pipelines.intake.release import Judged
from pipelines.model.tables import tables
from pipelines.settings import Settings


def load_history(connection: duckdb.DuckDBPyConnection, settings: Settings, plans: list[SourcePlan]) -> None:
    """Fill the tables of `meta` that tell of releases, and `curated.release_window`: when each release had its place."""
    releases: dict[str, dict[str, Any]] = {}
    snapshots: list[dict[str, Any]] = []
    windows: list[dict[str, Any]] = []
    files: list[dict[str, Any]] = []
    corrections: list[dict[str, Any]] = []
    standing_on: set[str] = set()
    asked = [row for plan in plans for row in plan.asked]
    for plan in plans:
        for judged in plan.judged:
            observation = judged.observation
            assert plan.source is not None  # a source without a configuration has nothing judged
            verdict = plan.ledger.verdict(observation)
            place = {
                "known_from": observation.known_from,
                "known_from_basis": observation.known_from_basis,
                "known_until": judged.known_until,
            }
            releases[observation.release_id] = {
                "release_id": observation.release_id,
                "source": observation.source,
                "slice": observation.slice,
                "fingerprint": observation.fingerprint,
                "lines": verdict.lines,
                "accepted": verdict.accepted,
                "rejected": verdict.rejected,
                "state": judged.state,
                "reason": judged.reason and str(judged.reason),
                "reason_code": judged.reason and judged.reason.code,
            }
            for file in observation.files if observation.release_id not in standing_on else ():
                files.append(
                    {
                        "release_id": observation.release_id,
                        "source": observation.source,
                        "source_member": file.member,
                        "body_sha256": file.sha256,
                        "receipt_id": file.receipt_id,
                        "observed_at": file.observed_at,
                        "url": file.url,
                        "stand_in": file.stand_in,
                    }
                )
            for fix, member, line in verdict.corrected if observation.release_id not in standing_on else ():
                corrections.append(_correction(plan.corrections[fix], observation.release_id, member, line))
            standing_on.add(observation.release_id)
            snapshots.append(
                {
                    "source": observation.source,
                    "slice": observation.slice,
                    "release_id": observation.release_id,
                    "observed_at": observation.observed_at,
                    "receipt_id": observation.receipt_id,
                }
                | place
                | {"state": judged.state}
            )
            if judged.was_admitted:
                windows.append({"release_id": observation.release_id, "slice": observation.slice} | place)
    history = {"meta.release": list(releases.values()), "meta.observation": snapshots, "meta.release_file": files}
    history |= {"meta.asked": asked, "meta.correction": corrections}
    for name, of_name in history.items():
        table = tables()[name]
        connection.execute(create_table(table))
        insert(connection, name, of_name, order_by=table.key)
    connection.execute(
        "create table curated.release_window"
        " (release_id varchar, slice varchar, known_from timestamp, known_from_basis varchar, known_until timestamp)"
    )
    insert(connection, "curated.release_window", windows, order_by=("slice", "known_from"))
    connection.execute("delete from curated.release_window where known_until <= known_from")
    connection.execute("create table curated.first_asked (slice varchar, code varchar, asked_at timestamp)")
    first = [{"slice": name, "code": code, "asked_at": at} for plan in plans for (name, code), at in plan.first_asked.items()]
    insert(connection, "curated.first_asked", first, order_by=("slice", "code"))
    connection.execute(create_table(tables()["meta.rejected"]))
    connection.execute("create table curated.release_part (release_id varchar, part_id varchar, is_standing boolean)")
    standing = {judged.observation.release_id for plan in plans for judged in plan.standing}
    parts = {(judged.observation.release_id, part) for plan in plans for judged in plan.judged for part in judged.observation.parts}
    rows = [{"release_id": release, "part_id": part, "is_standing": release in standing} for release, part in parts]
    insert(connection, "curated.release_part", rows, order_by=("release_id", "part_id"))
    for plan in plans:
        refused = curated_files(settings, plan, plan.judged, REJECTED)
        if refused:
            connection.execute(
                "insert into meta.rejected by name select release.source, release.slice, release_id, line.* exclude (part_id)"
                " from read_parquet(?) as line inner join curated.release_part using (part_id)"
                " inner join meta.release as release using (release_id) order by all",
                [refused],
            )


def _correction(fix: Correction, release: str, member: str, line: int) -> dict[str, Any]:
    return {
        "correction_id": fix.correction_id,
        "source": fix.source,
        "release_id": release,
        "source_member": member,
        "source_row": line,
        "column_name": fix.column,
        "filed": fix.filed,
        "used": fix.used,
        "author": fix.author,
        "reason": fix.reason,
        "decided_at": None if fix.decided_at == ALWAYS else fix.decided_at,
    }


def curated_files(settings: Settings, plan: SourcePlan, judged: Iterable[Judged], table: str) -> list[str]:
    """The files that hold rows of a curated table of some releases, and of others that the same snapshots brought."""
    if plan.source is None:
        return []
    parts = dict.fromkeys(part for of_slice in judged for part in of_slice.observation.parts)
    folders = dict.fromkeys(plan.ledger.verdicts[part].folder for part in parts if part in plan.ledger.verdicts)
    paths = [ledger.folder_of(settings, plan.source, folder) / f"{table}.parquet" for folder in folders]
    return [str(path) for path in paths if path.exists()]
