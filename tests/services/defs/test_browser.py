"""Dagster's pages in a real browser, as `make ui` shows them: what a person sees there, and whom the pages ask."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from playwright.sync_api import BrowserContext, Locator, Page

from pipelines.definitions import defs
from pipelines.defs.keys import table_key
from pipelines.defs.lineage import column_sources
from pipelines.edition.open import read_only
from pipelines.model.statements import statements
from pipelines.settings import Settings
from tests.building import copy_curated
from tests.services.programs import Missing, browser, chromium, dagster_environment, lodestone, web_server
from tests.waiting import comes_to

MART = "marts.import_concentration"
KEY = table_key(MART)

GRAPH = """() => {
    const place = (box) => [box.x, box.y, box.width, box.height].map((one) => one.baseVal.value);
    const named = (box, label) => [...box.querySelectorAll(`[class*=${label}] [data-tooltip]`)].map((one) => one.dataset.tooltip);
    const boxes = [...document.querySelectorAll("foreignObject")];
    const all = (label) => boxes.flatMap((box) => named(box, label).map((name) => [name, ...place(box)]));
    const ends = (path) => path.getAttribute("d").match(/-?[0-9.]+/g).map(Number);
    return {
        assets: all("AssetNode_assetName"),
        groups: all("ExpandedGroupNode_groupNodeHeaderBox"),
        edges: [...document.querySelectorAll("path[marker-end]")].map(ends).map((at) => [...at.slice(0, 2), ...at.slice(-2)]),
    };
}"""
"""Where the page has drawn every asset and group (name, x, y, width, height) and from where to where every line runs."""


SIZE = """() => {
    const graph = [...document.querySelectorAll("svg")].find((one) => one.querySelector("path[marker-end]"));
    return graph ? [Math.ceil(graph.width.baseVal.value), Math.ceil(graph.height.baseVal.value)] : [0, 0];
}"""
"""How large the graph is as it is laid out now; nothing where there is none yet."""


@dataclass(frozen=True)
class Box:
    """Something drawn on the page."""

    name: str
    x: float
    y: float
    width: float
    height: float

    def holds(self, x: float, y: float, margin: float = 20) -> bool:
        """Whether a point is inside or, as the ends of lines are, right beside it."""
        return -margin <= x - self.x <= self.width + margin and -margin <= y - self.y <= self.height + margin


@dataclass(frozen=True)
class Drawn:
    """A graph as it stands on the page: assets by group and name, and lines between them."""

    assets: Counter[tuple[str, str]]
    lines: Counter[tuple[tuple[str, str], tuple[str, str]]]


@dataclass(frozen=True)
class Site:
    """Dagster's pages over an installation that was built, open in a browser."""

    address: str
    settings: Settings
    context: BrowserContext
    asked: list[str]
    """Every address the pages asked for something."""


@pytest.fixture
def site(built: Settings, tmp_path: Path) -> Iterator[Site]:
    try:
        chromium()
    except Missing as reason:
        pytest.skip(str(reason))
    settings = copy_curated(built, tmp_path / "data")
    env = dagster_environment(settings.data)
    lodestone(env, "build")
    with web_server(tmp_path, env) as (address, _), browser(tmp_path, 1600, 2400) as context:
        asked: list[str] = []
        context.on("request", lambda request: asked.append(request.url))
        context.on("page", lambda page: page.on("websocket", lambda socket: asked.append(socket.url)))
        yield Site(address, settings, context, asked)


def test_pages_show_the_whole_way_from_raw_files_to_a_mart_and_all_about_it_without_asking_anyone_else(site: Site, tmp_path: Path) -> None:
    page = site.context.new_page()
    try:
        the_graph_is_whole(page, site.address)
        page.set_viewport_size({"width": 1600, "height": 2400})
        page.goto(f"{site.address}/assets/{KEY.to_user_string()}")
        columns_have_their_descriptions(page, site.settings)
        columns_say_what_they_are_computed_from(page)
        the_chart_has_loaded(page)
        page.goto(f"{site.address}/assets/{KEY.to_user_string()}?view=checks")
        checks_are_listed_with_their_outcome(page)
    finally:
        page.screenshot(path=tmp_path / "last-seen.png")

    outside = {
        url for url in site.asked if urlsplit(url).scheme not in ("data", "blob") and urlsplit(url).netloc != urlsplit(site.address).netloc
    }
    assert site.asked
    assert outside == set()


def the_graph_is_whole(page: Page, address: str) -> None:
    """The page of the global lineage draws everything upstream of the mart and every line between, back to the raw files."""
    graph = defs.resolve_asset_graph()
    upstream = {KEY}
    while more := {parent for key in upstream for parent in graph.get(key).parent_keys} - upstream:
        upstream |= more
    shown = {key: (str(graph.get(key).group_name), key.path[-1]) for key in upstream}
    lines = Counter((shown[parent], shown[key]) for key in upstream for parent in graph.get(key).parent_keys)
    assert {key.path[0] for key in upstream if not graph.get(key).parent_keys} == {"raw", "vocabulary"}

    groups = ",".join(sorted(f"global@global:{group}" for group, _ in shown.values()))
    selection = quote(f'+key:"{KEY.to_user_string()}"', safe="")
    page.goto(f"{address}/asset-groups~{selection}/?expanded={groups}")
    comes_to(lambda: drawn_in_full(page), Drawn(Counter(shown.values()), lines), "the graph to be drawn")


def drawn_in_full(page: Page) -> Drawn:
    """What a window draws in which the whole graph has room: what lies outside is not drawn, and small assets lose their names."""
    width, height = page.evaluate(SIZE)
    window = page.viewport_size
    assert window is not None
    if window["width"] < width + 800 or window["height"] < height + 300:
        page.set_viewport_size({"width": width + 800, "height": height + 300})
        page.reload()
    return drawn(page)


def drawn(page: Page) -> Drawn:
    """What the page has drawn, lines followed by where their ends lie."""
    found: dict[str, list[list[Any]]] = page.evaluate(GRAPH)
    groups = [Box(*group) for group in found["groups"]]
    assets = {box: (the_one_at(groups, box.x, box.y).name, box.name) for box in (Box(*asset) for asset in found["assets"])}

    def named(x: float, y: float) -> tuple[str, str]:
        return assets.get(the_one_at(assets, x, y), ("nothing", "nothing"))

    ends = (((line[0], line[1]), (line[2], line[3])) for line in found["edges"])
    return Drawn(Counter(assets.values()), Counter((named(*start), named(*end)) for start, end in ends))


def the_one_at(boxes: Iterable[Box], x: float, y: float) -> Box:
    """What is drawn at a point; a box of its own where nothing is, as while the page is still drawing."""
    return next((box for box in boxes if box.holds(x, y)), Box("nothing", x, y, 0, 0))


def columns_have_their_descriptions(page: Page, settings: Settings) -> None:
    with read_only(settings.edition) as connection:
        described = connection.execute(
            "select column_name, comment from duckdb_columns() where schema_name || '.' || table_name = ? order by column_index", [MART]
        ).fetchall()
    table = page.locator("table").filter(has_text="Column name")
    comes_to(lambda: [(row[0], row[-1]) for row in rows_of(table)[1:]], described, "the columns to be shown")


def columns_say_what_they_are_computed_from(page: Page) -> None:
    (mart,) = (statement for statement in statements("marts") if statement.name == MART)
    sources = column_sources(mart)
    assert sources
    rows = [[name, ", ".join(read) or "nothing but the query"] for name, read in sources.items()]
    with opened(page, "where each column comes from") as dialog:
        comes_to(lambda: rows_of(dialog.locator("table"))[1:], rows, "the sources of every column")


def the_chart_has_loaded(page: Page) -> None:
    loaded = "image => [image.complete, image.naturalWidth > 400, image.naturalHeight > 100]"
    with opened(page, "chart") as dialog:
        comes_to(lambda: dialog.locator("img").evaluate(loaded), [True, True, True], "the chart")


def checks_are_listed_with_their_outcome(page: Page) -> None:
    names = sorted(check.name for check in defs.resolve_asset_graph().asset_check_keys if check.asset_key == KEY)
    assert names, "checks that read a mart are shown at the mart"
    page.get_by_text(f"Checks ({len(names)})").wait_for()
    for name in names:
        page.get_by_text(name, exact=True).first.wait_for()
    comes_to(lambda: page.get_by_text("Succeeded", exact=True).count(), len(names), "every check to be shown as succeeded")


@contextmanager
def opened(page: Page, metadata: str) -> Iterator[Locator]:
    """The dialog in which a page shows an asset's metadata in markdown; with the block it is closed, and gone when its end is drawn."""
    page.locator("tr").filter(has=page.get_by_text(metadata, exact=True)).get_by_text("[Show Markdown]").click()
    dialog = page.get_by_role("dialog")
    yield dialog
    dialog.get_by_role("button", name="Close", exact=True).click()
    dialog.wait_for(state="detached")


def rows_of(table: Locator) -> list[list[str]]:
    """The cells of a table on the page, each as one line of text."""
    rows: list[list[str]] = table.evaluate("table => [...table.rows].map(row => [...row.cells].map(cell => cell.innerText))")
    return [[" ".join(cell.split()) for cell in row] for row in rows]
