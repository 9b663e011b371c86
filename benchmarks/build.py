"""Seconds of a build from scratch, of one with nothing new and of one with one new release, as ratios in one run."""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from pipelines import archive, night
from pipelines.settings import PROJECT, Settings


def build(settings: Settings) -> float:
    """Seconds of one build."""
    start = time.perf_counter()
    night.take_in(settings)
    night.build(settings)
    return time.perf_counter() - start


def main() -> None:
    """Measure the three builds in a folder of their own."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(Path(folder))
        shutil.copytree(PROJECT / "data" / "raw", settings.raw)
        scratch, nothing = build(settings), build(settings)
        member = "china_rare_earth_exports_monthly.csv"
        held = [copy for copy in archive.receipts(settings.raw, "china_customs_bulletin") if copy.member == member]
        receipt = max(held, key=lambda judged: judged.observed_at)
        revised = archive.body(settings.raw, receipt).replace(b"2019-06,3966,", b"2019-06,3967,")
        archive.receive(settings.raw, "china_customs_bulletin", member, revised, datetime(2026, 12, 1, tzinfo=UTC))
        sys.stdout.write(f"scratch {scratch:.1f} s; nothing new {nothing / scratch:.2f}; one new release {build(settings) / scratch:.2f}\n")


if __name__ == "__main__":
    main()
