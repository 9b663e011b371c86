"""Where data come from: one folder a source. Adding one that files trade touches nothing else.

Each folder holds `source.yaml` (publisher, terms, limits, how its files are read), `contract.py` (an acceptable row) and
`conform.py` (accepted rows to standard units and periods), with reviewed companion tables (CSV) where a publisher's habits
need to be written down. An office that is asked over the network also has `fetch.py` (which requests bring which slices,
how a good answer is told); one that files trade by country has `partners.csv` (its codes to ours). `parse.py` (bytes to
text) and `slices.py` (which slice a row belongs to, and since when it was known) stand only where what source.yaml says of
them does not serve.
"""

from __future__ import annotations

import hashlib
import importlib
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache, cached_property
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import pandera.polars as pa
import polars as pl
import yaml

from pipelines.errors import BadFile, LodestoneError
from pipelines.model.tables import curated_tables
from pipelines.model.vocabulary import dates_version, known_codes, known_from_address
from pipelines.readers.zipped import unzip
from pipelines.selection import Selection, current_selection
from pipelines.settings import PACKAGE
from pipelines.sources.config import MOST_BYTES_HANDED_IN, SourceConfig

if TYPE_CHECKING:
    from pipelines.sources.request import Answer, Request

FOLDER = PACKAGE / "sources"
SHARED_CODE = (
    *("sources/*.py", "readers/*.py", "intake/*.py", "model/trade.py", "model/curated.py", "model/tables.py", "model/columns.py"),
    *("model/vocabulary/*.py", "periods.py", "reasons.py", "selection.py"),
)
"""What, beside a source's folder, decides what its curated files hold; tests/unit/test_architecture.py follows the imports."""


@dataclass(frozen=True)
class Source:
    """One office: its configuration and its pure functions."""

    name: str
    config: SourceConfig
    code_version: str

    @cached_property
    def version(self) -> str:
        """Changes when code, the selection, or a list of codes that its contracts name does: its curated files are then made anew."""
        named = {
            column.metadata["vocabulary"]
            for contract in self._module("contract").CONTRACTS.values()
            for column in contract.to_schema().columns.values()
            if "vocabulary" in (column.metadata or {})
        }
        digest = hashlib.sha256(f"{self.code_version} {dates_version()}".encode())
        for name in sorted(named):
            codes = known_codes()[name]
            digest.update(json.dumps([name, sorted(codes.codes), codes.fold, codes.pattern]).encode())
        return digest.hexdigest()[:8]

    @property
    def most_bytes(self) -> int:
        """So large one file may be."""
        return self.config.fetch.most_bytes if self.config.fetch else MOST_BYTES_HANDED_IN

    @property
    def file_names(self) -> list[str]:
        """How its files are called; an asterisk stands for anything."""
        return [described.pattern or key for key, described in self.config.members.items()]

    def kind(self, member: str) -> str | None:
        """Which of its kinds of files a file is, by its name; null where it is none."""
        return next((key for key, described in self.config.members.items() if fnmatchcase(member, described.pattern or key)), None)

    def parse(self, member: str, body: bytes) -> pl.DataFrame:
        """Rows of a file as text in the publisher's own words, with `source_row`. Raises `LodestoneError` whatever is wrong with it."""
        kind = self.kind(member)
        if kind is None:
            raise LodestoneError(f"{member}: {self.name} has no such file; it has {', '.join(self.file_names)}")
        with _named(member):
            return self._parse(kind, member, self.unpacked(member, body))

    def _parse(self, kind: str, member: str, body: bytes) -> pl.DataFrame:
        described = self.config.members[kind]
        fewest, most = described.rows
        if self._has("parse"):
            frame: pl.DataFrame = self._module("parse").parse(member, body, most)
            return frame
        columns = [name for name in self.contract(kind).to_schema().columns if name not in described.joined]
        if fewest == 0 and not body.strip(BLANK):
            frame = pl.DataFrame(schema=dict.fromkeys(columns, pl.String()) | {"source_row": pl.Int64()})
        else:
            frame = self.reader.read(member, body, columns, most, self.config.added)
        if self.config.nulls:
            frame = frame.with_columns(pl.col(columns).replace(dict.fromkeys(self.config.nulls)))
        texts = {name: [pl.col(part).str.strip_chars().fill_null("") for part in parts] for name, parts in described.joined.items()}
        return frame.with_columns(**{name: pl.concat_str(parts, separator="|") for name, parts in texts.items()})

    def unpacked(self, member: str, body: bytes) -> bytes:
        """The bytes that are read of a file: its own, or those of one file in it."""
        kind = self.kind(member)
        inner = self.config.members[kind].unzip if kind is not None else None
        return body if inner is None else unzip(body, inner, self.most_bytes)

    @property
    def reader(self) -> ModuleType:
        """The module of `readers` that knows the format of its files."""
        return importlib.import_module(f"pipelines.readers.{self.config.reader}")

    def raw_lines(self, member: str, body: bytes) -> list[str]:
        """The lines of a file that `source_row` counts. Raises `LodestoneError` whatever is wrong with it."""
        with _named(member):
            lines: list[str] = self.reader.raw_lines(member, self.unpacked(member, body))
            return lines

    def slices(self, member: str, frame: pl.DataFrame) -> pl.DataFrame:
        """The frame with `slice`, `known_from` (UTC, null where only holding it dates it) and `known_from_basis`."""
        with _named(member):
            if self._has("slices"):
                sliced: pl.DataFrame = self._module("slices").slices(member, frame)
                return sliced
            config = self.config
            named = config.members[str(self.kind(member))].slice or config.slice
            kept = frame if config.code is None else frame.filter(current_selection().keeps(pl.col(config.code)))
            kept = kept.with_columns(slice=pl.concat_str(named, separator="/", ignore_nulls=True))
            if config.known_from == "page":
                return known_from_address(kept, "source_url")
            return kept.with_columns(known_from=pl.lit(None, pl.Datetime("us")), known_from_basis=pl.lit("held"))

    def contract(self, kind: str) -> type[pa.DataFrameModel]:
        """Pandera model of an acceptable row of a kind of file."""
        model: type[pa.DataFrameModel] = self._module("contract").CONTRACTS[kind]
        return model

    def requests(self, months: Sequence[str], selection: Selection) -> list[Request]:
        """The requests that bring the months (YYYY-MM) of every dataset, or the whole of a file that holds them all."""
        asked: list[Request] = self._module("fetch").requests(months, selection)
        return asked

    def recognise(self, member: str, answer: Answer) -> None:
        """Raise `BadFile` where an answer is not what the office sends when all is well."""
        with _named(member):
            self._module("fetch").recognise(member, answer)

    def conform(self, kind: str, accepted: pl.DataFrame) -> dict[str, pl.DataFrame]:
        """Accepted rows of a kind of file as curated tables in standard units and periods, each as its model says."""
        made: dict[str, pl.DataFrame] = self._module("conform").conform(kind, accepted)
        if "trade_line" in made and self.config.reporter_iso3 is not None:
            made["trade_line"] = made["trade_line"].with_columns(pl.col("reporter_iso3").fill_null(self.config.reporter_iso3))
        empty = empty_tables(self.name)
        for table, frame in made.items():
            if table not in empty or dict(frame.schema) != dict(empty[table].schema):
                raise LodestoneError(_other_shape(self.name, table, frame.schema))
        return {table: frame.select(empty[table].columns) for table, frame in made.items()}

    def _has(self, name: str) -> bool:
        return (FOLDER / self.name / f"{name}.py").exists()

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
        message = f"{type(error).__name__}: {error}"
        raise BadFile(member, 1, message, "the file cannot be read", "fetch it again, or teach the source to read it") from error


BLANK = b"\xef\xbb\xbf \t\r\n"
"""Of nothing but these an empty answer may consist."""

CARRIED = ("source_row", "source_member", "slice")
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
    return _load(name, current_selection())


@cache
def _load(name: str, selection: Selection) -> Source:
    folder = FOLDER / name
    try:
        config = SourceConfig.model_validate(yaml.safe_load((folder / "source.yaml").read_text("utf-8")))
    except (OSError, ValueError, yaml.YAMLError) as error:
        message = " ".join(str(error).split())
        raise LodestoneError(f"{folder / 'source.yaml'} cannot be read ({message}); restore it from version control") from error
    return Source(name, config, code_version(folder, selection.text if config.fetch else ""))


@cache
def empty_tables(name: str) -> dict[str, pl.DataFrame]:
    """Every curated table of a source without rows: those its conform.py names as `TABLES`, else filed trade alone."""
    conform = importlib.import_module(f"pipelines.sources.{name}.conform")
    return {table: curated_tables()[table].empty() for table in getattr(conform, "TABLES", ("trade_line",))}


def _other_shape(source: str, table: str, made: pl.Schema) -> str:
    place = f"pipelines/sources/{source}/conform.py"
    if table not in empty_tables(source):
        return f"{place} makes {table!r}, which is not among its TABLES: name it there, and describe it in pipelines/model/curated.py"
    modelled = curated_tables()[table].dtypes
    other = {name: (made.get(name), modelled.get(name)) for name in {**modelled, **made} if made.get(name) != modelled.get(name)}
    differing = ", ".join(f"{name} is {has or 'missing'} and should be {should or 'left out'}" for name, (has, should) in other.items())
    return f"{place} makes {table} otherwise than pipelines/model/curated.py says: {differing}"


@cache
def companion(name: str, file: str) -> pl.DataFrame:
    """A reviewed companion table of a source, all text, empty fields null."""
    return pl.read_csv(FOLDER / name / file, infer_schema=False)


def code_version(folder: Path, selection: str = "", package: Path = PACKAGE) -> str:
    """Changes when the selection, a file of a source's folder, or shared code that decides its curated files does."""
    shared = (path for pattern in SHARED_CODE for path in sorted(package.glob(pattern)))
    digest = hashlib.sha256(selection.encode())
    for path in (*sorted(path for path in folder.iterdir() if path.is_file()), *shared):
        digest.update(path.relative_to(package).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:8]
