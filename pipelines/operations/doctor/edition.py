"""What the edition says: months that were missed, releases and checks that wait for a person, and whether it is up to date."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

import duckdb

from pipelines import archive
from pipelines.edition.open import read_only, refused, refused_rows
from pipelines.edition.plan import code_version
from pipelines.edition.publish import weighed_until
from pipelines.errors import LodestoneError
from pipelines.fetching.missed import missed_months
from pipelines.operations.doctor.finding import A_NIGHT, Finding
from pipelines.settings import Settings


def opened(settings: Settings) -> duckdb.DuckDBPyConnection | Finding:
    """The edition, for all that is asked of it; else what is wrong with it."""
    try:
        return read_only(settings.edition)
    except LodestoneError as error:
        return Finding("bad", "edition", str(error))


def missed(settings: Settings, connection: duckdb.DuckDBPyConnection, now: datetime) -> Iterator[Finding]:
    """Months whose revisions may be missing."""
    try:
        found = missed_months(settings, connection, now)
    except (LodestoneError, duckdb.Error):  # told of where the edition, or the visits, are
        return
    for months in found:
        yield Finding("bad", months.source, months.what_is_wrong, months.remedy)


def releases(settings: Settings, connection: duckdb.DuckDBPyConnection) -> Iterator[Finding]:
    """Quarantined and failed releases."""
    try:
        found = refused(connection)
    except duckdb.Error:  # told of where the edition is
        return
    decided: dict[str, archive.Decision] = {}
    for name in sorted({row["source"] for row in found}):
        decided |= archive.decisions(settings.raw, name)
    for row in found:
        release, source, piece, state, reason = (row[name] for name in ("release_id", "source", "slice", "state", "reason"))
        subject, message = f"release {release}", f"{piece} {state}: {reason}"
        decision = decided.get(release)
        if state == "quarantined" and decision is not None and decision.verb == "accept":
            yield Finding(
                "warn", subject, f"{piece} is quarantined and was accepted by {decision.author} since", "`lodestone build` lets it in"
            )
        elif state == "quarantined" and decision is not None:
            yield Finding("ok", subject, message)
        elif state == "quarantined":
            yield Finding(
                "bad",
                subject,
                message,
                f"look at it, then `lodestone accept {release} --reason ...` or `lodestone quarantine {release} --reason ...`",
            )
        else:
            where = f"lodestone sql \"from rejected where release_id = '{release}'\""
            yield Finding("bad", subject, message, f"`{where}` shows the lines of {source}, each with its remedy")


def checks(settings: Settings, connection: duckdb.DuckDBPyConnection) -> Iterator[Finding]:
    """What checks compared, and the rows they refuse that nobody has decided on."""
    try:
        results = connection.sql("from meta.check_result order by check_name").pl()
        refused = refused_rows(connection)
    except duckdb.Error:  # told of where the edition is
        return
    message = (
        f"{results.height} checks made {results['comparisons'].sum():,} comparisons and could not make {results['not_compared'].sum():,}; "
        f"{results['shown_rows'].sum():,} rows disagree and are shown, {results['accepted_rows'].sum():,} are accepted (check_finding)"
    )
    idle = results.filter(comparisons=0)["check_name"].to_list()
    if idle:
        yield Finding(
            "warn", "checks", f"{message}; nothing to compare had {', '.join(idle)}", "look whether their tables should have rows"
        )
    else:
        yield Finding("ok", "checks", message)
    for source, check in dict.fromkeys((row["source"], row["check_name"]) for row in refused):
        rows = [row for row in refused if (row["source"], row["check_name"]) == (source, check)]
        decided = archive.decisions(settings.raw, source)
        open_rows = [row for row in rows if decided.get(row["finding_id"]) is None or decided[row["finding_id"]].verb != "accept"]
        message = f"{check} refuses {len(rows)} rows, behind which the source fell back"
        if open_rows:
            remedy = f"keep a mended copy, or `lodestone accept {open_rows[0]['finding_id']} --reason ...`"
            yield Finding("bad", source, f"{message}, e.g. {open_rows[0]['found']}", remedy)
        else:
            yield Finding("warn", source, f"{message}; they were accepted since", "`lodestone build` lets them in")


def state(
    settings: Settings, connection: duckdb.DuckDBPyConnection, visits: Mapping[str, list[archive.Visit]], now: datetime
) -> Iterator[Finding]:
    """Which edition stands there, and whether it holds all that was answered."""
    try:
        row = connection.execute("select edition_id, code_version from meta.edition").fetchone()
        until = weighed_until(settings, connection)
    except duckdb.Error as error:
        yield Finding(
            "bad", "edition", f"{settings.edition} cannot be read ({str(error).splitlines()[0]})", "`lodestone build` replaces it"
        )
        return
    if row is None:
        yield Finding("bad", "edition", f"{settings.edition} is empty", "`lodestone build` replaces it")
        return
    edition_id, code = row
    built = datetime.fromtimestamp(settings.edition.stat().st_mtime, UTC)
    message = f"{edition_id}, published {built:%Y-%m-%d %H:%M} UTC"
    newest = max((receipt.observed_at for made in visits.values() for visit in made for receipt in visit.receipts), default=None)
    looked = max((visit.receipts[-1].observed_at for made in visits.values() for visit in made[-1:] if visit.receipts), default=None)
    if newest is not None and (until is None or newest > until):
        yield Finding(
            "bad", "edition", f"{message}, knows nothing of the answers of {newest:%Y-%m-%d %H:%M}", "`lodestone build` takes them in"
        )
    elif code != code_version():
        yield Finding("warn", "edition", f"{message}, was built by another version of the code", "`lodestone build` builds it anew")
    elif looked is not None and now - looked > A_NIGHT:
        yield Finding(
            "warn", "edition", f"{message}, stands on snapshots until {looked:%Y-%m-%d}", "see whether the nightly run is started"
        )
    else:
        yield Finding("ok", "edition", message)
