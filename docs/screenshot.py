"""Take the picture that the README shows: build the bundled figures aside, open Dagster's page over them, write docs/images/lineage.png.

python docs/screenshot.py    needs Debian's Chromium, and installs it where it may; else it says what to do
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from urllib.parse import quote

PROJECT = Path(__file__).resolve().parent.parent
PICTURE = PROJECT / "docs" / "images" / "lineage.png"
SHOWN = (
    'key:"raw/china_customs_bulletin/*"+ and (+key:"marts/export_change_monthly" or +key:"marts/import_concentration") and not group:"meta"'
)
GROUPS = ("china_customs_bulletin", "facts", "marts")


def take(folder: Path) -> None:
    """Write the picture, building in a folder that is thrown away."""
    from tests.building import copy_raw
    from tests.services.programs import browser, chromium, dagster_environment, lodestone, web_server
    from tests.waiting import until

    chromium()  # before anything is built for a picture that cannot be taken
    env = dagster_environment(copy_raw(folder / "data").data)
    lodestone(env, "build")
    with web_server(folder, env) as (address, _), browser(folder, 2000, 800) as context:
        page = context.new_page()
        expanded = ",".join(f"global@global:{group}" for group in GROUPS)
        page.goto(f"{address}/asset-groups~{quote(SHOWN, safe='')}/?expanded={expanded}")
        page.locator("path[marker-end]").first.wait_for(state="attached")
        pictures = [b""]

        def stands_still() -> bool:
            """Whether the graph has glided into its place and every asset has its state: the picture is the one of a moment before."""
            pictures.append(page.screenshot(clip={"x": 541, "y": 0, "width": 1459, "height": 700}))
            return page.get_by_text("Loading").count() == 0 and pictures[-1] == pictures[-2]

        until(stands_still, "the graph to stand still", every=1.0)
        PICTURE.parent.mkdir(exist_ok=True)
        PICTURE.write_bytes(pictures[-1])


if __name__ == "__main__":
    sys.path.insert(0, str(PROJECT))  # what starts these programs lives with the tests
    from tests.services.programs import Missing

    with tempfile.TemporaryDirectory() as made:
        try:
            take(Path(made))
        except Missing as error:
            sys.exit(f"no picture was taken: {error}")
    sys.stdout.write(f"{PICTURE.relative_to(PROJECT)}: {PICTURE.stat().st_size / 1000:.0f} kB\n")
