"""What Dagster shows: nothing appears, vanishes or loses its dependencies unnoticed. After a change on purpose:

python -m tests.edition.defs.test_definitions    writes tests/edition/defs/snapshot.json anew, to be looked at before it is committed
"""

from __future__ import annotations

import json
import re
from base64 import b64decode
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import dagster as dg
import duckdb
import pytest

from pipelines.definitions import defs
from pipelines.defs.charts import QUERIES, chart
from pipelines.defs.edition import SOURCES_STAND, _check_results
from pipelines.defs.keys import EDITION, curated_key, raw_key, table_key, upstream
from pipelines.defs.lineage import column_sources
from pipelines.edition.open import read_only
from pipelines.model.statements import statements, tables_read
from pipelines.settings import PACKAGE, Settings
from pipelines.sources import load_source, source_names

SVG = "{http://www.w3.org/2000/svg}"
SNAPSHOT = Path(__file__).with_name("snapshot.json")


def described() -> dict[str, Any]:
    graph = defs.resolve_asset_graph()
    return {
        "assets": {
            key.to_user_string(): sorted(parent.to_user_string() for parent in graph.get(key).parent_keys)
            for key in sorted(graph.get_all_asset_keys())
        },
        "checks": sorted(f"{check.asset_key.to_user_string()}:{check.name}" for check in graph.asset_check_keys),
        "jobs": sorted(job.name for job in defs.jobs or []),
        "sensors": sorted(automation.name for automation in defs.sensors or []),
        "schedules": {
            automation.name: automation.cron_schedule
            for automation in defs.schedules or []
            if isinstance(automation, dg.ScheduleDefinition)
        },
    }


def ancestors(key: dg.AssetKey) -> set[dg.AssetKey]:
    graph = defs.resolve_asset_graph()
    found: set[dg.AssetKey] = set()
    waiting = [key]
    while waiting:
        for parent in graph.get(waiting.pop()).parent_keys - found:
            found.add(parent)
            waiting.append(parent)
    return found


def test_dagster_can_load_the_whole_of_it() -> None:
    dg.Definitions.validate_loadable(defs)


def test_assets_checks_jobs_and_schedules_are_those_of_the_committed_snapshot() -> None:
    assert described() == json.loads(SNAPSHOT.read_text("utf-8"))


def test_a_table_that_several_sources_fill_comes_from_all_of_them() -> None:
    filed = {curated_key("partner_flows"), curated_key("us_census")}
    assert filed <= upstream("facts.control_total")
    assert filed <= upstream("vocabulary.series"), "offices' codes are series too"


@pytest.mark.parametrize("source", source_names())
def test_every_bundled_file_reaches_a_fact_and_the_edition(source: str) -> None:
    for member in load_source(source).config.members:
        raw = raw_key(source, member)
        reached = [key for key in defs.resolve_asset_graph().get_all_asset_keys() if raw in ancestors(key)]
        assert [key for key in reached if key.path[0] == "facts"]
        assert dg.AssetKey("edition") in reached


@pytest.mark.parametrize("mart", statements("marts"), ids=lambda mart: mart.table)
def test_a_mart_descends_from_the_files_of_every_source_it_holds_rows_of(mart: Any, built: Settings) -> None:
    with read_only(built.edition) as connection:
        if "source" not in connection.sql(f"from {mart.name}").columns:
            return
        holds = [source for (source,) in connection.execute(f"select distinct source from {mart.name}").fetchall()]
    assert holds
    for source in holds:
        assert {raw_key(source, member) for member in load_source(source).config.members} <= ancestors(table_key(mart.name))


@pytest.mark.parametrize("mart", statements("marts"), ids=lambda mart: mart.table)
def test_every_column_of_a_mart_is_followed_to_tables_its_query_reads(mart: Any) -> None:
    found = column_sources(mart)
    assert found is not None
    assert list(found) == [column.name for column in mart.columns]
    assert {source.rsplit(".", 1)[0] for sources in found.values() for source in sources} <= tables_read(mart.sql)


@pytest.mark.parametrize("mart", sorted(QUERIES))
def test_a_mart_shows_a_picture(mart: str, built: Settings) -> None:
    with read_only(built.edition) as connection:
        picture, rows = chart(connection, mart), connection.sql(QUERIES[mart]).pl()
    assert picture is not None
    before, between, encoded = picture.partition(";base64,")
    assert (before, between) == (f"![{mart}](data:image/svg+xml", ";base64,")
    drawn = ElementTree.fromstring(b64decode(encoded.removesuffix(")")))
    texts = [text.text for text in drawn.iter(f"{SVG}text")]
    assert texts[0] == rows["title"][0]
    assert {subject for subject in rows["subject"] if not any(text and text.startswith(subject) for text in texts)} == set()
    marks = "circle" if "day" in rows.columns else "rect"  # a month is a point; behind bars lies the paper
    assert len(list(drawn.iter(f"{SVG}{marks}"))) == rows.height + (marks == "rect")


MEASURED = re.compile(
    r"by (?P<basis>weight|value), stage: (?P<stage>\w+), (?P<period>\d{4}(-\d\d)?( to \d{4}(-\d\d)?)?), (?P<publisher>.+)$"
)
BARS = {
    "marts.import_concentration": ("importer_iso3 || ' ' || commodity || ' from ' || top_supplier_iso3", "top_supplier_share"),
    "marts.supplier_share": ("importer_iso3 || ' ' || commodity || ' from ' || supplier_iso3", "share"),
    "marts.export_destination_share": ("exporter_iso3 || ' ' || commodity || ' to ' || destination_iso3", "share"),
}
"""How a bar is named, and the column it shows."""


@pytest.mark.parametrize("mart", sorted(set(QUERIES) - {"marts.export_change_monthly"}))
def test_bars_side_by_side_are_of_one_basis_stage_period_and_publisher_and_say_so(mart: str, built: Settings) -> None:
    with read_only(built.edition) as connection:
        bars = connection.sql(QUERIES[mart]).pl()
    assert len(set(bars["subject"])) == bars.height > 2
    (title,) = set(bars["title"])
    assert MEASURED.search(title), title


@pytest.mark.parametrize("mart", sorted(BARS))
def test_every_bar_is_a_share_of_the_basis_stage_and_publisher_that_the_title_names(mart: str, built: Settings) -> None:
    name, share = BARS[mart]
    with read_only(built.edition) as connection:
        bars = connection.sql(QUERIES[mart]).pl()
        named = MEASURED.search(bars["title"][0])
        assert named
        held = connection.execute(
            f"select {name}, {share} from {mart} where basis = ? and stage = ? and publisher = ? and year(period_start) = ?",
            [named["basis"], named["stage"], named["publisher"], int(named["period"][:4])],
        ).fetchall()
    assert set(bars.select("subject", "share").rows()) <= set(held)


def test_magnets_in_use_are_not_drawn_beside_oxides_imported(built: Settings) -> None:
    with read_only(built.edition) as connection:
        bars = connection.sql(QUERIES["marts.import_concentration"]).pl()
    assert "USA lithium from CHL" in set(bars["subject"])
    assert not {bar for bar in bars["subject"] if bar.startswith("EUU")}


def test_lines_of_exports_are_of_minerals_and_never_of_what_holds_more(built: Settings) -> None:
    with read_only(built.edition) as connection:
        lines = connection.sql(QUERIES["marts.export_change_monthly"]).pl()
        broad = connection.execute("select series_id from vocabulary.series where scope = 'broad'").fetchall()
    assert "CHN china_customs_bulletin/rare_earths, stage: any, General Administration of Customs of China" in set(lines["subject"])
    assert not {series for (series,) in broad if lines["run"].str.starts_with(series + "2").any()}


def test_a_check_that_had_nothing_to_compare_or_refused_rows_is_a_warning(own: Settings) -> None:
    own.edition.chmod(0o644)
    with duckdb.connect(str(own.edition)) as connection:
        found = [result for result in _check_results(connection) if result.asset_key == EDITION]
        assert all(row.passed for row in found)
        assert {row.check_name: row.metadata["comparisons"].value > 0 for row in found if row.check_name != SOURCES_STAND.name} == {
            statement.path.stem: True for statement in statements("checks")
        }
        connection.execute("update meta.check_result set comparisons = 0 where check_name = 'bounds_hold'")
        connection.execute(
            "insert into meta.check_finding (finding_id, check_name, source, outcome, found) values"
            " ('0', 'year_to_date', 'made_up', 'refused', '{}'), ('1', 'known_codes', 'made_up', 'shown', '{}')"
        )
        warned = [result for result in _check_results(connection) if result.asset_key == EDITION and not result.passed]
    assert [finding.check_name for finding in warned] == ["bounds_hold", "year_to_date"]
    assert {finding.severity for finding in warned} == {dg.AssetCheckSeverity.WARN}


def test_every_schedule_and_the_sensor_run_from_the_start() -> None:
    for automation in [*(defs.schedules or []), *(defs.sensors or [])]:
        assert automation.default_status.value == "RUNNING"  # type: ignore[union-attr]


def test_every_office_is_asked_before_what_came_is_curated_and_that_before_the_edition_is_built() -> None:
    times = {automation.name: automation.cron_schedule.split()[:2] for automation in defs.schedules or []}  # type: ignore[union-attr]
    minute = {name: int(hour) * 60 + int(minute) for name, (minute, hour) in times.items()}
    asking = [at for name, at in minute.items() if name.startswith("fetch_")]
    assert asking
    assert max(asking) < minute["sources_nightly"] < minute["edition_nightly"]


def test_only_the_definitions_know_dagster() -> None:
    modules = {path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py") if "import dagster" in path.read_text("utf-8")}
    assert {path for path in modules if path.parts[0] not in ("defs", "definitions.py")} == set()


if __name__ == "__main__":
    SNAPSHOT.write_text(json.dumps(described(), indent=1) + "\n", "utf-8")
