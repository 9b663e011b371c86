"""Meta: how the edition came about. Nothing here depends on when or where it was built."""

from __future__ import annotations

from datetime import date, datetime

import pandera.polars as pa
import polars as pl

SCHEMA_VERSION = 3
"""What a consumer compares before it reads (`meta.edition.schema_version`). Raised by one whenever a public table (facts,
vocabulary, marts, meta) or a column of one comes, goes, moves, or gets another name, type or meaning. CHANGELOG.md says what changed."""


class Release(pa.DataFrameModel):
    """One content of one slice of what an office publishes."""

    release_id: str = pa.Field(description="16 hex digits of slice and content.")
    source: str
    slice: str = pa.Field(description="Slice it is a content of.")
    fingerprint: str = pa.Field(description="sha256 over the number of its rows and the sum of their hashes.")
    lines: pl.Int64 = pa.Field(description="Raw lines.", metadata={"unit": "lines"})
    accepted: pl.Int64 = pa.Field(description="Lines that keep the contract.", metadata={"unit": "lines"})
    rejected: pl.Int64 = pa.Field(description="Lines that break it (meta.rejected).", metadata={"unit": "lines"})
    state: str
    reason: str = pa.Field(nullable=True, description="Why it is, or was, quarantined or failed.")
    reason_code: str = pa.Field(nullable=True)

    class Config:
        """Key."""

        strict = True
        unique = ["release_id"]


class ReleaseFile(pa.DataFrameModel):
    """The raw files a release was first found in. A slice that is asked for in pieces has several."""

    release_id: str
    source: str
    source_member: str
    body_sha256: str = pa.Field(description="sha256 of the raw file; its first 12 digits are its folder under data/raw/<source>/*.")
    receipt_id: str = pa.Field(description="Receipt of the file.")
    observed_at: datetime = pa.Field(description="When it was received (UTC).")
    url: str = pa.Field(nullable=True, description="Address it came from, without secrets; null where not recorded.")
    stand_in: bool = pa.Field(description="Whether a stand-in answered in the office's place, in a rehearsal.")

    class Config:
        """Key."""

        strict = True
        unique = ["release_id", "source_member"]


class Asked(pa.DataFrameModel):
    """Which codes the last whole snapshot of a slice asked for, and when it is to be asked for again.

    It tells an empty answer from a request nobody put, and a month that is final from one whose revision may have been missed.
    """

    slice: str = pa.Field(description="Slice, as in meta.release.")
    code: str = pa.Field(description="Beginning of the codes that were asked for.")
    is_confirmed: bool = pa.Field(
        description="Whether an empty answer counts: it was asked for again when a later month was there, or after its revisions."
    )
    ask_again_from: date = pa.Field(
        nullable=True, description="First day on which the next revision that was not seen yet may be there; null where none is to come."
    )
    ask_again_until: date = pa.Field(
        nullable=True,
        description="Last day on which it is to be asked for again: a past day means that it was not. Null while the office is late.",
    )

    class Config:
        """Key."""

        strict = True
        unique = ["slice", "code"]


class Correction(pa.DataFrameModel):
    """A correction that changed a row: a person's correction, or a publisher's error that is known to everybody."""

    correction_id: str = pa.Field(description="16 hex digits of what the correction says.")
    source: str
    release_id: str = pa.Field(description="Release (meta.release) whose row it changed.")
    source_member: str
    source_row: pl.Int64 = pa.Field(description="Line of the raw file, as filed.")
    column_name: str = pa.Field(description="Column of the raw file.")
    filed: str = pa.Field(nullable=True, description="Text as filed.")
    used: str = pa.Field(nullable=True, description="Text used in its place.")
    author: str = pa.Field(description="Who decided it.")
    reason: str
    decided_at: datetime = pa.Field(nullable=True, description="When (UTC); null for what is committed with the source.")

    class Config:
        """Key."""

        strict = True
        unique = ["correction_id", "release_id", "source_member", "source_row"]


class CuratedRows(pa.DataFrameModel):
    """Rows that the curated files of a release hold, by the kind of fact they make. A check counts as many in facts."""

    release_id: str
    fact: str = pa.Field(description="Kind of fact: trade for levels, else a fact table; line for the lines that yield any.")
    expected_rows: pl.Int64 = pa.Field(description="Rows of that kind, or lines.", metadata={"unit": "rows"})

    class Config:
        """Key."""

        strict = True
        unique = ["release_id", "fact"]


class Observation(pa.DataFrameModel):
    """A snapshot of a slice that found another content than the snapshot before."""

    source: str
    slice: str = pa.Field(description="Slice looked at.")
    release_id: str = pa.Field(description="What was found (meta.release).")
    observed_at: datetime = pa.Field(description="When (UTC).")
    receipt_id: str = pa.Field(description="Receipt of the snapshot (data/raw/<source>/*/receipts), or its visit (fetched/visits).")
    known_from: datetime = pa.Field(description="Since when the content was known (UTC).")
    known_from_basis: str = pa.Field(description="stated, calendar or held.")
    known_until: datetime = pa.Field(nullable=True, description="When a later observation took its place; null while current.")
    state: str

    class Config:
        """Key."""

        strict = True
        unique = ["slice", "observed_at", "release_id"]


class Edition(pa.DataFrameModel):
    """What this file is made of. One row."""

    edition_id: str = pa.Field(description="Name of the edition: sha256 over its inputs and code, 16 digits.")
    code_version: str = pa.Field(description="sha256 over the code, SQL and vocabulary it was built with, 16 digits.")
    schema_version: pl.Int32 = pa.Field(description="Number of the tables and columns as they are; CHANGELOG.md says what each changed.")
    inputs: str = pa.Field(description="sha256 over the observations it stands on, 16 digits.")
    as_of: datetime = pa.Field(nullable=True, description="Moment it answers as of (UTC); null for everything held.")
    observed_until: datetime = pa.Field(nullable=True, description="Newest snapshot it stands on (UTC).")
    releases: pl.Int64 = pa.Field(description="Releases it stands on.", metadata={"unit": "releases"})
    stand_ins: bool = pa.Field(description="Whether stand-ins answered for offices: of a rehearsal, no figure is to be used.")
    duckdb_version: str = pa.Field(description="DuckDB that wrote it.")

    class Config:
        """Key."""

        strict = True
        unique = ["edition_id"]


class SourceStatus(pa.DataFrameModel):
    """How each source stands in this edition."""

    source: str = pa.Field(description="Source folder.")
    title: str = pa.Field(description="What it is.")
    publisher: str = pa.Field(description="Who publishes it.")
    licence: str = pa.Field(description="Terms.")
    citation: str = pa.Field(description="How the publisher is cited.")
    redistributable: bool = pa.Field(description="Whether its rows may be passed on; false also where that is unknown.")
    stand_in: bool = pa.Field(description="Whether a stand-in answered in its place, in a rehearsal; then its citation says so.")
    state: str = pa.Field(
        description="ok, quarantined (news waits for a decision), fell_back (a check refused it), incomplete, failed, or not_asked."
    )
    message: str = pa.Field(nullable=True, description="What is wrong and what to do.")
    reason_code: str = pa.Field(nullable=True)
    newest_known_from: datetime = pa.Field(
        nullable=True, description="Publication of its newest dated current release (UTC); where none is dated, when it was first held."
    )
    newest_period_end: date = pa.Field(nullable=True, description="Last day of the newest period it states.")
    due_by: date = pa.Field(nullable=True, description="When something newer is due by its cadence; null where it has none.")
    observed_at: datetime = pa.Field(nullable=True, description="Newest snapshot (UTC).")
    releases: pl.Int64 = pa.Field(description="Current releases.", metadata={"unit": "releases"})
    quarantined: pl.Int64 = pa.Field(description="Releases that wait for `lodestone accept`.", metadata={"unit": "releases"})
    failed: pl.Int64 = pa.Field(description="Releases the gate refused.", metadata={"unit": "releases"})
    lines: pl.Int64 = pa.Field(description="Raw lines of current and failed releases.", metadata={"unit": "lines"})
    accepted: pl.Int64 = pa.Field(description="Lines accepted.", metadata={"unit": "lines"})
    rejected: pl.Int64 = pa.Field(description="Lines rejected.", metadata={"unit": "lines"})

    class Config:
        """Key."""

        strict = True
        unique = ["source"]


class Coverage(pa.DataFrameModel):
    """For every series and month between its first and last: what we have of it, and if nothing, why."""

    series_id: str
    source: str
    dataset: str
    flow: str
    reporter_iso3: str
    partner_iso3: str
    code: str = pa.Field(nullable=True)
    month: date
    status: str = pa.Field(
        description="published (alone, or January and February as one), within_total (only within a longer span or total), none_filed,"
        " not_yet, not_asked, not_found (looked for in vain) or withdrawn."
    )
    reason: str = pa.Field(nullable=True, description="Why nothing stands there, or within which span it does.")

    class Config:
        """Key."""

        strict = True
        unique = ["series_id", "reporter_iso3", "partner_iso3", "month"]


class CheckResult(pa.DataFrameModel):
    """What every check compared and found. An edition with rows that are wrong is not published."""

    check_name: str = pa.Field(description="File of the check in sql/checks.")
    title: str = pa.Field(description="What it looks for.")
    comparisons: pl.Int64 = pa.Field(description="Comparisons it made; 0 where there was nothing to compare.", metadata={"unit": "rows"})
    not_compared: pl.Int64 = pa.Field(description="Comparisons it could not make.", metadata={"unit": "rows"})
    not_compared_because: str = pa.Field(nullable=True, description="Why not, as `reason: rows`; reasons in docs/methods.md.")
    shown_rows: pl.Int64 = pa.Field(description="Rows that disagree and refuse nothing (meta.check_finding).", metadata={"unit": "rows"})
    accepted_rows: pl.Int64 = pa.Field(
        description="Wrong rows that a person lets in, with a reason (meta.check_finding).", metadata={"unit": "rows"}
    )
    passed: bool = pa.Field(description="Whether it compared anything; an edition with rows that are wrong is not published.")

    class Config:
        """Key."""

        strict = True
        unique = ["check_name"]


class CheckFinding(pa.DataFrameModel):
    """Rows that stand out in a check: they made their source fall back, a person accepted them, or they are only shown."""

    finding_id: str = pa.Field(description="16 hex digits of the check and the row: what `lodestone accept` takes.")
    check_name: str = pa.Field(description="Check (meta.check_result).")
    source: str = pa.Field(nullable=True)
    outcome: str = pa.Field(description="refused (its source fell back behind it), accepted (a person lets it in) or shown.")
    found: str = pa.Field(description="The row, with the figures that disagree (JSON).")
    author: str = pa.Field(nullable=True, description="Who accepted it.")
    reason: str = pa.Field(nullable=True)
    decided_at: datetime = pa.Field(nullable=True, description="When (UTC).")

    class Config:
        """Key."""

        strict = True
        unique = ["finding_id"]


class Rejected(pa.DataFrameModel):
    """Raw lines that broke their contract, with the reasons. Nothing of them reaches facts; nothing of them is lost."""

    source: str
    slice: str
    release_id: str
    source_member: str
    source_row: pl.Int64
    reasons: str = pa.Field(description="Every rule it breaks, with the value and the remedy.")
    reason_codes: str = pa.Field(
        description="`column:code` for each of them, or the code alone (docs/dictionary.md, Reasons), separated by blanks."
    )
    raw: str = pa.Field(description="The line's fields as received (JSON).")

    class Config:
        """Key."""

        strict = True
        unique = ["release_id", "source_member", "source_row"]
