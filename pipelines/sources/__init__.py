"""Where data come from: one folder per office, each with the same files. Adding one that files trade touches nothing else.

Each folder holds `source.yaml` (publisher, licence, cadence, limits), `parse.py` (bytes to text), `slices.py` (which
slice a row belongs to, and since when it was known), `contract.py` (an acceptable row) and `conform.py` (accepted rows
to standard units and periods), with reviewed companion tables (CSV) where a publisher's habits need to be written down.
An office that is asked over the network also has `fetch.py` (which requests bring which slices, how a good answer is
told); one that files trade by country has `partners.csv` (its codes to ours).
"""

from __future__ import annotations

import hashlib
import importlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import pandera.polars as pa
import polars as pl
import yaml
from pydantic import BaseModel, ConfigDict

from pipelines.errors import BadFile, LodestoneError
from pipelines.scope import Scope, current_scope
from pipelines.settings import PACKAGE

if TYPE_CHECKING:
    from pipelines.sources.request import Answer, Request

FOLDER = PACKAGE / "sources"
SHARED_CODE = ("sources/*.py", "readers/*.py", "intake/*.py", "model/trade.py", "model/vocabulary/*.py", "periods.py", "scope.py")
"""What, beside a source's folder, decides what its curated files hold; tests/test_architecture.py follows the imports."""


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


class Continuity(BaseModel):
    """What a new release of a slice must keep of its predecessor, else it is held. See docs/operations.md, Held releases."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    key: tuple[str, ...]
    measures: tuple[str, ...]
    max_factor: float
    max_shrink: float
    few_rows: int = 0
    """So many rows may vanish, whatever their share of all rows: small flows come and go with every revision."""
    by_partner: ByPartner | None = None
    """Where trade is filed by partner: what vanishes counts by its amount too, and only totals may not jump."""


class ByPartner(BaseModel):
    """How the rows of trade filed by partner belong together."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    partner: str
    """Column that names the partner; of the rows of a single one no more may vanish than of all."""
    total: str | None = None
    """What stands in it for all partners together; null where the office files no totals."""
    group: dict[str, int | None]
    """Columns, and how many of their first characters count (null: all), of rows that have one total, e.g. those of a heading."""


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
    homepage: str | None
    licence: str
    citation: str
    redistributable: bool
    cadence: str
    due_after_days: int | None
    """Days after the newest release's publication when the next one is due; null where there is no calendar."""
    revision_window: str
    max_rejected_share: float
    reporter_iso3: str | None = None
    """Whose trade the office files; null where it varies or nothing is traded."""
    members: dict[str, Member]
    continuity: dict[str, Continuity]
    fetch: Fetch | None = None
    """Null where files are handed in and never asked for."""


@dataclass(frozen=True)
class Source:
    """One office: its configuration and its pure functions."""

    name: str
    config: SourceConfig
    code_version: str

    @property
    def most_bytes(self) -> int:
        """So large one file may be."""
        return self.config.fetch.most_bytes if self.config.fetch else MOST_BYTES_HANDED_IN

    def kind(self, member: str) -> str | None:
        """Which of its kinds of files a file is, by its name; null where it is none."""
        return next((key for key, one in self.config.members.items() if fnmatchcase(member, one.pattern or key)), None)

    def parse(self, member: str, body: bytes) -> pl.DataFrame:
        """Rows of a file as text in the publisher's own words, with `source_row`. Raises `LodestoneError` whatever is wrong with it."""
        kind = self.kind(member)
        if kind is None:
            raise LodestoneError(f"{member}: {self.name} has no such file; it has {', '.join(self.config.members)}")
        with _named(member):
            frame: pl.DataFrame = self._module("parse").parse(member, body, self.config.members[kind].rows[1])
            return frame

    def slices(self, member: str, frame: pl.DataFrame) -> pl.DataFrame:
        """The frame with `slice`, `known_from` (UTC, null where only holding it dates it) and `known_from_basis`."""
        with _named(member):
            sliced: pl.DataFrame = self._module("slices").slices(member, frame)
            return sliced

    def contract(self, kind: str) -> type[pa.DataFrameModel]:
        """Pandera model of an acceptable row of a kind of file."""
        model: type[pa.DataFrameModel] = self._module("contract").CONTRACTS[kind]
        return model

    def requests(self, months: Sequence[str], scope: Scope) -> list[Request]:
        """The questions that bring the months (YYYY-MM) of every dataset, or the whole of a file that holds them all."""
        asked: list[Request] = self._module("fetch").requests(months, scope)
        return asked

    def recognise(self, member: str, answer: Answer) -> None:
        """Raise `BadFile` where an answer is not what the office sends when all is well."""
        with _named(member):
            self._module("fetch").recognise(member, answer)

    def conform(self, kind: str, accepted: pl.DataFrame) -> dict[str, pl.DataFrame]:
        """Accepted rows of a kind of file as curated tables in standard units and periods."""
        tables: dict[str, pl.DataFrame] = self._module("conform").conform(kind, accepted)
        return tables

    def _module(self, name: str) -> ModuleType:
        return importlib.import_module(f"pipelines.sources.{self.name}.{name}")


UNFORESEEN = (Exception, pl.exceptions.PanicException)
"""Whatever code may raise on what a stranger wrote; a panic of Polars is no `Exception`."""


@contextmanager
def _named(member: str) -> Iterator[None]:
    """Whatever is raised while a file is read is that file's failure, by its name."""
    try:
        yield
    except LodestoneError:
        raise
    except MemoryError as error:  # not the file's fault for ever: on another day there may be room
        raise LodestoneError(f"{member}: there is not enough memory to read it; make room, and build again") from error
    except UNFORESEEN as error:
        told = f"{type(error).__name__}: {error}"
        raise BadFile(member, 1, told, "the file cannot be read", "fetch it again, or teach the source to read it") from error


CARRIED = {"source_row": pl.Int64(), "source_member": pl.String(), "slice": pl.String()}
"""Columns that travel with every row from the raw line to the curated file."""


def source_names() -> list[str]:
    """The sources there are: the folders that hold a source.yaml."""
    return sorted(path.parent.name for path in FOLDER.glob("*/source.yaml"))


def readable_sources() -> list[Source]:
    """Every source whose source.yaml can be read."""
    found = []
    for name in source_names():
        with suppress(LodestoneError):
            found.append(load_source(name))
    return found


def load_source(name: str) -> Source:
    """A source by name. Raises `LodestoneError` where its source.yaml is not as `SourceConfig` says."""
    return _load(name, current_scope())


@cache
def _load(name: str, scope: Scope) -> Source:
    folder = FOLDER / name
    try:
        config = SourceConfig.model_validate(yaml.safe_load((folder / "source.yaml").read_text("utf-8")))
    except (OSError, ValueError, yaml.YAMLError) as error:
        told = " ".join(str(error).split())
        raise LodestoneError(f"{folder / 'source.yaml'} cannot be read ({told}); restore it from version control") from error
    return Source(name, config, code_version(folder, scope.text if config.fetch else ""))


@cache
def empty_tables(name: str) -> dict[str, pl.DataFrame]:
    """Every curated table of a source without rows: their columns and types. Needs nothing of source.yaml."""
    contracts = importlib.import_module(f"pipelines.sources.{name}.contract").CONTRACTS
    conform = importlib.import_module(f"pipelines.sources.{name}.conform").conform
    tables: dict[str, pl.DataFrame] = {}
    for member, contract in contracts.items():
        columns = contract.to_schema().columns
        tables |= conform(member, pl.DataFrame(schema={column: columns[column].dtype.type for column in columns} | CARRIED))
    return tables


def companion(name: str, file: str) -> pl.DataFrame:
    """A reviewed companion table of a source, all text, empty fields null."""
    return pl.read_csv(FOLDER / name / file, infer_schema=False)


def code_version(folder: Path, scope: str = "", package: Path = PACKAGE) -> str:
    """Changes when the scope, a file of a source's folder, or shared code that decides its curated files does."""
    shared = (path for pattern in SHARED_CODE for path in sorted(package.glob(pattern)))
    digest = hashlib.sha256(scope.encode())
    for path in (*sorted(path for path in folder.iterdir() if path.is_file()), *shared):
        digest.update(path.relative_to(package).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:8]
