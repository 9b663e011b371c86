"""What the gate said of a release, as it is written beside its curated files, and what became of it in the history."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache, partial
from pathlib import Path

from pipelines import archive
from pipelines.intake.continuity import compared, why_held
from pipelines.intake.history import judge_history
from pipelines.intake.release import Judged, Observation, curated_folder
from pipelines.settings import Settings
from pipelines.sources import Source


@dataclass(frozen=True)
class Verdict:
    """What the gate said of one release. `lines` are raw lines; a line may yield several curated rows."""

    state: str
    lines: int
    accepted: int
    rejected: int
    reasons: tuple[str, ...] = ()
    unknown: tuple[tuple[str, str], ...] = ()
    corrected: tuple[tuple[str, str, int], ...] = ()
    """Correction, file and line of every row that a correction changed."""

    def why_failed(self) -> str | None:
        """Why the release cannot be used; null where it can."""
        if self.state == "ok":
            return None
        if not self.rejected:
            return self.reasons[0]
        return f"{self.rejected} of {self.lines} lines were rejected, e.g. {self.reasons[0]}"


def judge_releases(settings: Settings, source: Source, history: Iterable[Observation], as_of: datetime | None = None) -> list[Judged]:
    """What became of every observation of a source; see `releases.judge_history`."""
    return judge_history(
        history,
        failed=lambda one: read_verdict(settings, source, one).why_failed(),
        held=partial(why_held, settings, source),
        compared=partial(compared, settings, source),
        decided=archive.decisions(settings.raw, source.name, before=as_of),
        as_of=as_of,
    )


def read_verdict(settings: Settings, source: Source, one: Observation) -> Verdict:
    """The gate's verdict on a release; a withdrawn one has no rows to judge."""
    if one.withdrawn:
        return Verdict("ok", 0, 0, 0)
    path = curated_folder(settings, source, one.release_id) / "verdict.json"
    try:
        written = path.stat()
        return _verdict_at(path, written.st_ino, written.st_mtime_ns)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return Verdict(
            "failed", one.lines, 0, 0, ("it is not curated: its raw file can no longer be read, or `lodestone build` was stopped",)
        )


@lru_cache(maxsize=50_000)
def _verdict_at(path: Path, *_: int) -> Verdict:
    """A verdict as it was written; a night asks five times for each, and thousands stand."""
    values = json.loads(path.read_text("utf-8"))
    unknown = tuple((vocabulary, code) for vocabulary, code in values.pop("unknown"))
    values.pop("members", None)
    corrected = tuple((fix, member, line) for fix, member, line in values.pop("corrected"))
    return Verdict(**{**values, "reasons": tuple(values["reasons"]), "unknown": unknown, "corrected": corrected})


def lost(settings: Settings, name: str, accounted: Collection[str]) -> str | None:
    """What was curated of a source and is in no history any more, as files and lines; null where nothing is.

    Curated files are made from raw ones, so that this is what their loss, or that of their receipts, takes from the edition.
    """
    lines: dict[str, int] = {}
    for path in sorted((settings.curated / name).glob("[!.]*/verdict.json")):
        try:
            values = json.loads(path.read_text("utf-8"))
            corrected, file, counted = values["corrected"], ", ".join(values.get("members", ())) or "an unnamed file", int(values["lines"])
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):  # it is curated anew where its raw file is there
            continue
        if path.parent.name.split("-")[0] not in accounted and not corrected:  # a correction may be taken back
            lines[file] = lines.get(file, 0) + counted
    if not lines:
        return None
    told = ", ".join(f"{count:,} lines of {file}" for file, count in lines.items())
    return (
        f"not in the edition any more are {told}, curated earlier: restore data/raw/{name} from version control or the backup "
        f"(without data/curated/{name} they are forgotten)"
    )
