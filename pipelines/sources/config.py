"""source.yaml of an office: what it publishes, on which terms, how it is asked and read. Read by `load_source`, refused where odd."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

MOST_BYTES_HANDED_IN = 200_000_000


class Member(BaseModel):
    """One file of a source: what it is and how large it may be."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    dataset: str
    title: str
    rows: tuple[int, int]
    """Fewest and most rows a good file has; outside of it no release is made."""
    pattern: str | None = None
    """What the names of such files look like (`*` for anything) where an office is asked in pieces; else the name is the key."""
    unzip: str | None = None
    """The file in it that is read, where it is a zip."""
    joined: dict[str, tuple[str, ...]] = {}
    """Columns made of the texts of others, with | between them: keys of companion tables."""
    slice: tuple[str, ...] | None = None
    """Columns that name the slice of a row, where they are not those of the source."""


class Continuity(BaseModel):
    """What a new release of a slice must keep of its predecessor, else it is quarantined. See docs/operations.md, Quarantined releases."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    key: tuple[str, ...]
    measures: tuple[str, ...]
    max_factor: float
    max_shrink: float
    few_rows: int = 0
    """So many rows may vanish, whatever their share of all rows: small flows come and go with every revision."""
    by_partner: ByPartner | None = None
    """Where trade is filed by partner: what vanishes counts by its amount too, and only totals may not jump."""
    by_month: ByMonth | None = None
    """Where slices are months: the first release of one is compared with the months around it."""


class ByPartner(BaseModel):
    """How the rows of trade filed by partner belong together."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    partner: str
    """Column that names the partner; of the rows of a single one no more may vanish than of all."""
    total: str | None = None
    """What stands in it for all partners together; null where the office files no totals."""
    group: dict[str, int | None]
    """Columns, and how many of their first characters count (null: all), of rows that have one total, e.g. those of a heading."""


class ByMonth(BaseModel):
    """How far the first release of a month may be from the months around it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    series: tuple[str, ...]
    """Columns that name what goes on from month to month."""
    max_factor: float


class Key(BaseModel):
    """What an office must be shown before it answers."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    parameter: str
    environment: str
    sign_up: str


class Fetch(BaseModel):
    """How an office is asked, and what of it every night."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    address: str
    key: Key | None = None
    requests_per_minute: float
    timeout_seconds: float
    """So long nothing may come, and after so long too little."""
    deadline_seconds: float = 900
    """So long a whole answer may take."""
    most_bytes: int
    """More are not read of one answer."""
    visit_seconds: float = 21_600
    visit_bytes: int = 10_000_000_000
    """After so long, or so much, a visit ends with the answer that came; the next run goes on with it."""
    first_month: str
    """First month that is asked for when nothing is held yet, YYYY-MM."""
    lag_days: int
    """Days after a month's end when its figures may first be there; earlier it is not asked for."""
    late_after_days: int
    """Days after a month's end when its figures should be there; later the office is late."""
    revision_months: int
    """How many of the newest months are asked for again every night."""
    yearly_revision: YearlyRevision | None = None


class YearlyRevision(BaseModel):
    """A season in which the office revises far back."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    calendar_months: tuple[int, ...]
    months: int
    """How many of the newest months are asked for again during those calendar months."""


class SourceConfig(BaseModel):
    """source.yaml."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str
    publisher: str
    licence: str
    citation: str
    redistributable: bool
    due_after_days: int | None = None
    """Days after the newest release's publication when the next one is due; null where there is no calendar."""
    max_rejected_share: float
    reporter_iso3: str | None = None
    """Whose trade the office files; null where it varies or nothing is traded."""
    reader: Literal["delimited", "json_rows"] = "delimited"
    """The module of `readers` that reads its files, where it has no parse.py."""
    nulls: tuple[str, ...] = ()
    """Texts that stand for no value."""
    added: tuple[str, ...] = ()
    """Columns that came with later copies: a copy that has none of them is an earlier one."""
    slice: tuple[str, ...] = ("month",)
    """Columns whose texts name the slice of a row, where it has no slices.py."""
    known_from: Literal["held", "page"] = "held"
    """What dates a row there: when it was first held, or the page at `source_url`, where its address states a date."""
    code: str | None = None
    """Column of codes of the Harmonized System there: rows outside the selection belong to no slice."""
    members: dict[str, Member]
    continuity: dict[str, Continuity]
    fetch: Fetch | None = None
    """Null where files are handed in and never asked for."""
