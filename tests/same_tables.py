"""Whether two versions of the code build the same edition: every table but meta.edition, its columns, rows and their order.

    python -m tests.same_tables [REVISION] [--data DIR]

builds the checkout it is run in and that of a revision (HEAD by default), each through its own command over a copy of the
same archive (data/raw of this checkout by default), and names every table that is not the same. It ends with 1 where one is.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from pipelines.settings import PROJECT

LEFT_OUT = {"meta.edition"}
"""It names the code that built it."""


def build(checkout: Path, data: Path, archive: Path) -> Path:
    """The edition that a checkout builds in an empty data folder from a copy of an archive."""
    shutil.copytree(archive, data / "raw")
    kept = {"PATH": os.environ["PATH"], "HOME": str(data), "PYTHONUTF8": "1", "DAGSTER_DISABLE_TELEMETRY": "yes"}
    environment = kept | {"LODESTONE_DATA": str(data), "LODESTONE_DAGSTER": str(data / ".dagster"), "DAGSTER_HOME": str(checkout)}
    environment["PYTHONPATH"] = str(checkout)
    subprocess.run([sys.executable, "-m", "pipelines", "build"], cwd=checkout, env=environment, check=True, stdout=subprocess.DEVNULL)
    return data / "lodestone.duckdb"


def described(edition: Path) -> dict[str, tuple[str, str, str]]:
    """Columns (name and type), comments, and a hash over the rows in their order, of every table by its full name."""
    found = {}
    with duckdb.connect(str(edition), read_only=True) as connection:
        tables = connection.execute(
            "select schema_name || '.' || table_name, string_agg(concat_ws(' ', column_name, data_type), ', ' order by column_index),"
            " string_agg(concat_ws(': ', column_name, comment), '\n' order by column_index)"
            " from duckdb_columns() where schema_name in ('facts', 'vocabulary', 'marts', 'meta') group by all order by all"
        ).fetchall()
        for name, columns, comments in tables:
            rows = connection.execute(f"select md5(coalesce(string_agg(md5(one::varchar), '' order by rowid), '')) from {name} as one")
            found[name] = (columns, comments, str(rows.fetchall()[0][0]))
    return found


def differences(before: Path, after: Path) -> list[str]:
    """A line for each table that two editions do not have alike."""
    had, has = described(before), described(after)
    differing = []
    for name in sorted((had.keys() | has.keys()) - LEFT_OUT):
        if name not in had or name not in has:
            differing.append(f"{name} is only in the {'second' if name in has else 'first'}")
            continue
        for what, mine, other in zip(("columns", "comments", "rows"), had[name], has[name], strict=True):
            if mine != other:
                changed = set(mine.splitlines()) ^ set(other.splitlines()) if what == "comments" else ()
                differing.append("\n    ".join([f"{name} has other {what}", *sorted(changed)]))
    return differing


def main() -> None:
    """Compare, and say what differs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("revision", nargs="?", default="HEAD")
    parser.add_argument("--data", type=Path, default=PROJECT / "data", help="folder whose raw/ both build from")
    asked = parser.parse_args()
    with TemporaryDirectory() as scratch:
        other = Path(scratch) / "checkout"
        subprocess.run(["git", "worktree", "add", "--quiet", "--detach", str(other), asked.revision], cwd=PROJECT, check=True)
        try:
            before = build(other, Path(scratch) / "before", asked.data / "raw")
        finally:
            subprocess.run(["git", "worktree", "remove", "--force", str(other)], cwd=PROJECT, check=True)
        message = differences(before, build(PROJECT, Path(scratch) / "after", asked.data / "raw"))
    sys.stdout.write("\n".join([*message, f"{len(message)} tables differ from {asked.revision}"]) + "\n")
    sys.exit(bool(message))


if __name__ == "__main__":
    main()
