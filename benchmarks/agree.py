"""Whether others made the floor's marts: `python -m benchmarks.agree OUT KIND PATH` prints how many rows differ, by mart, as JSON.

KIND says what PATH is: an `edition`, a DuckDB file with the `tables`, or a folder with the `frames` of pandas. Figures may differ by 1e-9.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import duckdb

from benchmarks.ask import views
from benchmarks.floor import TABLES

KEYS = {
    "supplier_share": ("hs6", "month", "basis", "supplier_iso3"),
    "import_concentration": ("hs6", "month", "basis"),
    "import_change": ("hs6", "month", "basis"),
}
MEASURES = {
    "supplier_share": ("amount", "share"),
    "import_concentration": ("supplier_count", "cr1", "hhi"),
    "import_change": ("amount", "change_on_month", "change_on_year"),
}


def differences(floor: Path, kind: str, path: Path) -> dict[str, int]:
    """Rows that only one of both has, or whose figures differ, by mart."""
    with duckdb.connect() as connection:
        if kind == "edition":
            prepared = views("edition", path)
        elif kind == "tables":
            prepared = [f"attach '{path}' as other (read_only)", "use other"]
        else:
            prepared = [f"create view {name} as from read_parquet('{path}/pandas_{name}.parquet')" for name in TABLES[1:]]
        for statement in [*prepared, f"attach '{floor}' as floor (read_only)"]:
            connection.execute(statement)
        return {name: _count(connection, name) for name in KEYS}


def _count(connection: duckdb.DuckDBPyConnection, name: str) -> int:
    same = " and ".join(
        f"(mine.{column} is not distinct from theirs.{column} or abs(mine.{column} - theirs.{column}) <= 1e-9 * (1 + abs(mine.{column})))"
        for column in MEASURES[name]
    )
    found = connection.execute(
        f"select count(*) from floor.{name} as mine full join {name} as theirs using ({', '.join(KEYS[name])}) "
        f"where not coalesce({same}, false)"
    ).fetchone()
    assert found is not None
    return int(found[0])


def main() -> None:
    """Compare as the arguments say."""
    floor, kind, path = sys.argv[1:]
    json.dump(differences(Path(floor), kind, Path(path)), sys.stdout)


if __name__ == "__main__":
    main()
