"""The columns that consumers read change only together with the schema version, and the changelog says how.

    python -m tests.edition.test_schema_version

writes the record of the public columns anew, once `SCHEMA_VERSION` (pipelines/model/meta.py) is raised.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from pipelines.edition.open import read_only
from pipelines.model.meta import SCHEMA_VERSION
from pipelines.settings import PROJECT, Settings
from tests.building import build_all, copy_raw

RECORD = Path(__file__).with_name("public_columns.txt")


def public_columns(edition: Path) -> str:
    """The schema version, then a line a public table: its columns in their order, each with its type."""
    with read_only(edition) as connection:
        (version,) = connection.execute("select schema_version from meta.edition").fetchall()
        found = connection.execute(
            "select schema_name || '.' || table_name || ': '"
            " || string_agg(column_name || ' ' || lower(data_type), ', ' order by column_index)"
            " from duckdb_columns() where schema_name in ('facts', 'vocabulary', 'marts', 'meta')"
            " group by schema_name, table_name order by all"
        ).fetchall()
    return "\n".join([f"schema_version {version[0]}", *(line for (line,) in found)]) + "\n"


def may_replace(recorded: str, real: str) -> bool:
    """Whether a record may be replaced: another version, or the same columns as before."""
    return recorded == real or recorded.partition("\n")[0] != real.partition("\n")[0]


def test_the_public_columns_are_those_of_the_schema_version(built: Settings) -> None:
    recorded, real = set(RECORD.read_text("utf-8").splitlines()), set(public_columns(built.edition).splitlines())
    remedy = f"raise SCHEMA_VERSION, say in CHANGELOG.md what changed, then: {(__doc__ or '').splitlines()[2].strip()}"
    assert (recorded - real, real - recorded) == (set(), set()), remedy


def test_the_newest_entry_of_the_changelog_is_that_of_the_schema_version() -> None:
    versions = re.findall(r"^## Schema (\d+)$", (PROJECT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    assert [int(version) for version in versions] == list(range(SCHEMA_VERSION, 0, -1))


def test_other_columns_are_not_recorded_under_the_same_version() -> None:
    before = "schema_version 1\nmeta.edition: edition_id varchar\n"
    assert may_replace(before, before)
    assert may_replace(before, before.replace("version 1", "version 2") + "facts.new: month date\n")
    assert not may_replace(before, before.replace("varchar", "bigint"))


if __name__ == "__main__":
    with TemporaryDirectory() as scratch:
        own = copy_raw(Path(scratch) / "data")
        build_all(own)
        real = public_columns(own.edition)
    if RECORD.exists() and not may_replace(RECORD.read_text("utf-8"), real):
        sys.exit(f"columns changed and SCHEMA_VERSION is {SCHEMA_VERSION} as before: raise it, and say in CHANGELOG.md what changed")
    RECORD.write_text(real, "utf-8")
