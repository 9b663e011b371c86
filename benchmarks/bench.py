"""Lodestone beside the bare floor and its peers on the same made-up answers: `python -m benchmarks.bench [SIZE...]`.

Every step is a process of its own, measured by what the system says it used. This one loads nothing large: a child would inherit its peak.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks import page
from benchmarks.bureau import basket
from benchmarks.page import Result, Used

HERE = Path(__file__).resolve().parent
PROJECT = HERE.parent
MINE, PEERS = PROJECT / ".venv" / "bin", HERE / ".venv" / "bin"
LAST, NEXT = "2025-12", "2026-01"
NOW, NEXT_NOW = "2026-02-20T02:00:00", "2026-03-20T02:00:00"


@dataclass(frozen=True)
class Size:
    """What the office has: HS6 codes, codes of ten digits in each, partners, and months from `first` to the end of 2025."""

    first: str
    national: int
    partners: int
    codes: int = 122


SIZES = {
    "0.01": Size("2024-01", 1, 8, codes=25),
    "0.08": Size("2024-01", 3, 8),
    "1": Size("2022-01", 3, 60),
    "3.6": Size("2018-01", 6, 60),
}


@dataclass
class Bench:
    """A folder in which steps run, and what the commands of Lodestone find in their environment."""

    folder: Path
    environment: dict[str, str]
    used: dict[str, Used] = field(default_factory=dict)

    def run(self, step: str, *command: str | Path, **environment: str) -> Path:
        """Run a command, add what it used to that of its step, and give the file with its output; ends the program if it fails."""
        output, errors = self.folder / "output", self.folder / "errors"
        start = time.perf_counter()
        with output.open("wb") as written, errors.open("wb") as said:
            process = subprocess.Popen(command, cwd=PROJECT, env=self.environment | environment, stdout=written, stderr=said)
            _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            message = output.read_text("utf-8", errors="replace")[-2000:] + errors.read_text("utf-8", errors="replace")[-2000:]
            raise SystemExit(f"{step}: {' '.join(map(str, command))} failed:\n{message}")
        used = Used(
            usage.ru_utime + usage.ru_stime, time.perf_counter() - start, usage.ru_maxrss / (1024 if sys.platform == "linux" else 1024**2)
        )
        self.used[step] = self.used[step] + used if step in self.used else used
        sys.stderr.write(f"  {step}: {used}\n")
        return output

    def asked(self, step: str, *command: str | Path) -> Any:
        """What a command prints, which is JSON."""
        return json.loads(self.run(step, *command).read_text("utf-8"))


def measure(name: str, size: Size, folder: Path) -> Result:
    """All steps over an office of this size."""
    with _office(size) as address:
        data, out = folder / "data", folder / "out"
        out.mkdir()
        for bundled in (PROJECT / "data" / "raw").glob("*/bundled"):
            shutil.copytree(bundled, data / "raw" / bundled.parent.name / "bundled")
        bench = Bench(folder, _environment(data, address, size))
        python, lodestone, edition = MINE / "python", MINE / "lodestone", data / "lodestone.duckdb"
        lines, floor = out / "lines.parquet", out / "floor.duckdb"

        bench.run("Lodestone, fetch", lodestone, "fetch", "us_census", "--from", size.first, "--to", LAST)
        bench.run("Lodestone, first build", lodestone, "build")
        bench.run("Lodestone, build with nothing new", lodestone, "build")
        count = bench.asked("floor", python, "-m", "benchmarks.floor", "all", data / "raw", out)
        bench.run("floor, marts alone", python, "-m", "benchmarks.floor", "marts", out)
        bench.run("pandas + pandera", PEERS / "python", HERE / "frames.py", data / "raw", out)
        dbt = ("--project-dir", HERE, "--profiles-dir", HERE, "--target-path", folder / "dbt", "--log-path", folder / "dbt")
        for step, command in (("dbt, parse", "parse"), ("dbt-duckdb, marts alone", "run")):  # a project is parsed once, not every night
            variables = json.dumps({"lines": str(lines)})
            bench.run(
                step, PEERS / "dbt", "--no-version-check", command, *dbt, "--vars", variables, BENCHMARK_DATABASE=str(out / "dbt.duckdb")
            )
        ask, agree = (python, "-m", "benchmarks.ask"), (python, "-m", "benchmarks.agree", floor)
        of_edition = bench.asked("twenty questions, edition", *ask, "edition", edition)
        of_parquet = bench.asked("twenty questions, Parquet", *ask, "parquet", lines)
        asked = list(zip(of_edition, of_parquet, strict=True))
        differing = {
            "Lodestone": bench.asked("compare", *agree, "edition", edition),
            "pandas + pandera": bench.asked("compare", *agree, "frames", out),
            "dbt-duckdb": bench.asked("compare", *agree, "tables", out / "dbt.duckdb"),
        }
        stored = {"the edition": edition.stat().st_size / 1e6, "the lines as Parquet": lines.stat().st_size / 1e6}

        bench.environment["LODESTONE_NOW"] = NEXT_NOW
        bench.run("Lodestone, one more month", lodestone, "fetch", "us_census", "--from", NEXT, "--to", NEXT)
        bench.run("Lodestone, one more month", lodestone, "build")
    return Result(name, count, bench.used, stored, asked, differing)


@contextmanager
def _office(size: Size) -> Iterator[str]:
    """The made-up office in a process of its own; its address."""
    command = [str(MINE / "python"), "-m", "benchmarks.bureau", str(size.national), str(size.partners), str(size.codes)]
    with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True) as office:
        try:
            assert office.stdout is not None
            yield office.stdout.readline().strip()
        finally:
            office.terminate()


def _environment(data: Path, address: str, size: Size) -> dict[str, str]:
    kept: Mapping[str, str] = {name: value for name, value in os.environ.items() if not name.startswith(("LODESTONE_", "DAGSTER_", "DBT_"))}
    return {
        **kept,
        "PYTHONPATH": str(PROJECT),
        "DO_NOT_TRACK": "1",
        "LODESTONE_DATA": str(data),
        "LODESTONE_OFFICES": address,
        "LODESTONE_US_CENSUS_KEY": "made-up",
        "LODESTONE_NOW": NOW,
        "LODESTONE_SELECTION": ",".join(basket(size.codes)),
    }


def main() -> None:
    """Measure the sizes asked for, print the table and write the page."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bench", description=__doc__)
    parser.add_argument("sizes", nargs="*", metavar="SIZE", help=f"million lines: {', '.join(SIZES)}; all but the first unless named")
    parser.add_argument("--page", type=Path, default=page.PAGE, help="write the page here")
    asked = parser.parse_args()
    names = asked.sizes or list(SIZES)[1:]
    if unknown := [name for name in names if name not in SIZES]:
        parser.error(f"{unknown[0]} is none of the sizes {', '.join(SIZES)}")
    results = []
    for name in sorted(names, key=float):
        sys.stderr.write(f"{name} million lines\n")
        with tempfile.TemporaryDirectory(prefix="lodestone-bench-") as folder:
            results.append(measure(name, SIZES[name], Path(folder)))
    sys.stdout.write(page.table(results))
    asked.page.write_text(page.page(results, _machine()), "utf-8")


def _machine() -> str:
    model = re.search(r"^model name\s*: (.+)$", _text(Path("/proc/cpuinfo")), re.MULTILINE)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    python = ".".join(map(str, sys.version_info[:3]))
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{cores} cores{f' of {model[1]}' if model else ''}, {memory:.0f} GB, {os.uname().sysname}, Python {python}"


def _text(path: Path) -> str:
    return path.read_text("utf-8") if path.exists() else ""


if __name__ == "__main__":
    main()
