"""Who opens an edition: the command line client of DuckDB 1.5, and readers who must not reach further than the edition."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines.edition.open import read_only
from pipelines.errors import LodestoneError
from pipelines.model.statements import statements
from pipelines.settings import Settings
from tests.copies import table_hashes

CLIENT = Path(sys.executable).parent / "duckdb"


def with_client(path: Path, query: str) -> list[dict[str, Any]]:
    """Rows as the command line client of DuckDB 1.5 gives them."""
    if not CLIENT.exists():
        pytest.skip("the client is not installed: pip install 'duckdb-cli>=1.5,<2'")
    answer = subprocess.run([CLIENT, "-readonly", "-json", path, "-c", query], capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
    rows: list[dict[str, Any]] = json.loads(answer.stdout or "[]")
    return rows


def test_the_client_is_older_than_the_duckdb_that_writes(built: Settings) -> None:
    ((version,),) = (row.values() for row in with_client(built.edition, "select version() as version"))
    assert version.startswith("v1.5.")
    assert duckdb.__version__.startswith("2.")


def test_a_1_5_client_reads_facts_to_the_last_digit(built: Settings) -> None:
    query = "select count(*) as rows, sum(weight_kg)::varchar as kg, max(known_from)::varchar as newest from facts.trade_total"
    with read_only(built.edition) as connection:
        expected = connection.execute(query).fetchone()
    (row,) = with_client(built.edition, query)
    assert tuple(row.values()) == expected


def test_a_1_5_client_finds_every_table_under_its_short_name(built: Settings) -> None:
    with read_only(built.edition) as connection:
        names = [row[0] for row in connection.execute("select view_name from duckdb_views() where not internal order by 1").fetchall()]
        counts = [connection.execute(f'select count(*) from main."{name}"').fetchone()[0] for name in names]  # type: ignore[index]
    assert {statement.table for statement in statements("marts")} <= set(names)
    counted = with_client(built.edition, " union all ".join(f"select '{name}' as name, count(*) as rows from \"{name}\"" for name in names))
    assert sorted((row["name"], row["rows"]) for row in counted) == sorted(zip(names, counts, strict=True))


def test_a_1_5_client_reads_what_tables_and_columns_mean(built: Settings) -> None:
    (view,) = with_client(built.edition, "select comment from duckdb_views() where view_name = 'export_change_monthly'")
    assert view["comment"].endswith("(the table marts.export_change_monthly)")
    undescribed = with_client(
        built.edition,
        "select schema_name, table_name, column_name from duckdb_columns()"
        " where comment is null and not internal and schema_name in ('facts', 'vocabulary', 'marts', 'meta')",
    )
    assert undescribed == []
    (weight,) = with_client(
        built.edition,
        "select comment from duckdb_columns() where schema_name = 'facts' and table_name = 'trade_total' and column_name = 'weight_kg'",
    )
    assert weight["comment"].endswith("[kg]")


def test_a_1_5_client_asks_what_was_known_on_a_day(built: Settings) -> None:
    query = (
        "select max(period_start + to_months(period_months - 1))::date::varchar as last from trade_total_as_of('2019-06-30')"
        " where series_id = 'china_customs_bulletin/rare_earths'"
    )
    assert with_client(built.edition, query) == [{"last": "2019-05-01"}]


REFUSED = {
    "insert": "insert into facts.production select * from facts.production",
    "update": "update facts.production set quantity = 0",
    "delete": "delete from facts.production",
    "create": "create table facts.mine (a integer)",
    "drop": "drop table facts.production",
    "comment": "comment on table facts.production is 'x'",
    "read a text file": "select * from read_text('{outside}')",
    "read a CSV file": "select * from read_csv('{outside}')",
    "read a CSV file by name": "select * from '{outside}'",
    "read a Parquet file": "select * from read_parquet('{folder}/x.parquet')",
    "list files": "select * from glob('/*')",
    "read the web": "select * from read_csv('https://example.org/x.csv')",
    "attach a file": "attach '{folder}/other.duckdb' as other",
    "copy out": "copy facts.production to '{folder}/stolen.csv'",
    "export": "export database '{folder}/stolen'",
    "install an extension": "install httpfs",
    "load an extension": "load httpfs",
    "load a library": "load '{folder}/evil.duckdb_extension'",
    "allow other files": "set enable_external_access = true",
    "allow extensions": "set autoload_known_extensions = true",
    "unlock": "set lock_configuration = false",
    "change the time zone": "set timezone = 'Asia/Tokyo'",
    "log to a file": "pragma enable_profiling; set profiling_output = '{folder}/stolen.json'",
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_reader_cannot(what: str, built: Settings, tmp_path: Path) -> None:
    outside = tmp_path / "outside.csv"
    outside.write_text("secret\n1\n")
    with read_only(built.edition) as connection, pytest.raises(duckdb.Error):
        connection.execute(REFUSED[what].format(outside=outside, folder=tmp_path)).fetchall()
    assert list(tmp_path.iterdir()) == [outside]


def test_the_refused_statements_would_work_without_the_guard(built: Settings, tmp_path: Path) -> None:
    outside = tmp_path / "outside.csv"
    outside.write_text("secret\n1\n")
    with duckdb.connect() as connection:
        connection.execute(f"attach '{built.edition}' as edition (read_only)")
        for what in ("read a text file", "read a CSV file", "read a CSV file by name", "list files", "attach a file"):
            connection.execute(REFUSED[what].format(outside=outside, folder=tmp_path)).fetchall()


def test_a_reader_of_no_edition_is_told_how_to_build_one(tmp_path: Path) -> None:
    with pytest.raises(LodestoneError, match="build one with `lodestone build`"):
        read_only(tmp_path / "lodestone.duckdb")


def test_reading_leaves_the_edition_and_its_folder_as_they_were(built: Settings) -> None:
    before = (built.edition.stat().st_mtime_ns, sorted(path.name for path in built.data.iterdir()))
    assert table_hashes(built.edition) == table_hashes(built.edition)
    assert (built.edition.stat().st_mtime_ns, sorted(path.name for path in built.data.iterdir())) == before
