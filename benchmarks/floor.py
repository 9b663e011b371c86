"""The bare floor: the least that makes the same figures of the same answers, in DuckDB alone. Nothing is judged, kept or explained.

`python -m benchmarks.floor lines RAW OUT` reads the answers and writes them as sorted Parquet, `marts OUT` loads that and makes the marts,
`all RAW OUT` does both.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import duckdb

HERE = Path(__file__).resolve().parent
PARTNERS = HERE.parent / "pipelines" / "sources" / "us_census" / "partners.csv"
TABLES = ("flow", "supplier_share", "import_concentration", "import_change")
COLUMNS = {
    "code": ("I_COMMODITY", "varchar"),
    "partner_code": ("CTY_CODE", "varchar"),
    "month": ("time", "varchar"),
    "value_usd": ("GEN_VAL_MO", "bigint"),
    "cif_value_usd": ("GEN_CIF_MO", "bigint"),
    "cleared_usd": ("CON_VAL_MO", "bigint"),
    "weight_kg": ("GEN_QY1_MO", "bigint"),
    "unit": ("UNIT_QY1", "varchar"),
}
"""What is read of an answer: our names for its variables, and their types."""


def answers(raw: Path) -> list[Path]:
    """The answers about imports in an archive that hold rows."""
    return [
        path
        for path in sorted(raw.glob("us_census/**/imports-*.json"))
        if path.stat().st_size and not {"visits", "receipts"} & {*path.parts}
    ]


def statement(name: str, parquet: Path) -> str:
    """A mart's `select`: dbt's model with its references filled in."""
    text = (HERE / "marts" / f"{name}.sql").read_text("utf-8")
    return re.sub(r"\{\{ ref\('(\w+)'\) \}\}", r"\1", text).replace("{{ var('lines') }}", str(parquet))


def write_lines(raw: Path, out: Path) -> int:
    """Read every row of the answers and write `lines.parquet`, sorted; how many there are."""
    files = answers(raw)
    with files[0].open(encoding="utf-8") as first:
        header = json.loads(first.readline().rstrip().removeprefix("[").rstrip(","))
    paths = ", ".join(f"'$[{header.index(variable)}]'" for variable, _ in COLUMNS.values())
    cells = ", ".join(f"try_cast(cell[{number}] as {kind}) as {name}" for number, (name, (_, kind)) in enumerate(COLUMNS.items(), start=1))
    with duckdb.connect() as connection:
        written = connection.execute(
            f"""
            copy (
                with row as (
                    select json_extract_string(json, [{paths}]) as cell
                    from read_ndjson_objects($files, format = 'array', maximum_object_size = 400000000)
                ),
                line as (select {cells} from row where cell[1] <> 'I_COMMODITY'),
                partner as (select code as partner_code, iso3, role from read_csv($partners, all_varchar = true))
                select
                    line.* replace (
                        cast(month || '-01' as date) as month,
                        case unit when 'KG' then weight_kg end as weight_kg
                    ),
                    iso3,
                    role
                from line
                inner join partner using (partner_code)
                order by code, month, partner_code
            ) to '{out / "lines.parquet"}' (compression zstd)
            """,
            {"files": [str(path) for path in files], "partners": str(PARTNERS)},
        ).fetchone()
    assert written is not None
    return int(written[0])


def make_marts(out: Path) -> None:
    """Load the lines and make the marts in `floor.duckdb`."""
    database = out / "floor.duckdb"
    database.unlink(missing_ok=True)
    with duckdb.connect(str(database)) as connection:
        for name in TABLES:
            connection.execute(f"create table {name} as {statement(name, out / 'lines.parquet')}")


def main() -> None:
    """Do what the first argument says and print how many lines were written; the last argument is the folder of results."""
    what, *folders = sys.argv[1:]
    if what in ("lines", "all"):
        sys.stdout.write(f"{write_lines(Path(folders[0]), Path(folders[-1]))}\n")
    if what in ("marts", "all"):
        make_marts(Path(folders[-1]))


if __name__ == "__main__":
    main()
