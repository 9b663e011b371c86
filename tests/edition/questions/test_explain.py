"""From a number down to the line of the raw file: what stands behind a row is found, complete and as it was received."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import zipfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines.edition.load import compute_marts
from pipelines.edition.open import read_only
from pipelines.model.statements import Statement, statements
from pipelines.questions import explanation
from pipelines.questions.explain import Explanation, Row, explain
from pipelines.readers import json_rows
from pipelines.settings import Settings
from tests.unit.sql.made_up import FILED_SERIES, edition, imported, rows

MAY_2019 = "series_id = 'china_customs_bulletin/rare_earths' and period_start = '2019-05-01' and basis = 'weight'"
NIGERIA_2024 = "country_iso3 = 'NGA' and commodity = 'rare_earths' and period_start = '2024-01-01'"
JAPAN_2018 = "series_id = 'published_shares/published_checks/jpn/rare_earths/2018'"
EDITION = dict.fromkeys(("edition_id", "code_version", "inputs", "duckdb_version"), "made up") | {
    "schema_version": 1,
    "releases": 1,
    "stand_ins": False,
}


def explained(settings: Settings, table: str, where: str | None, limit: int | None = None, most: int = 50) -> Explanation:
    """An explanation from the published edition."""
    with read_only(settings.edition) as connection:
        return explain(connection, settings, table, where, limit, most)


def lines(row: Row) -> list[tuple[int, str]]:
    """The raw lines of a fact."""
    assert row.origin is not None
    return [line for file in row.origin.files for line in file.lines]


def leaves(row: Row) -> Iterator[Row]:
    """The facts that a row comes down to."""
    for line in row.evidence:
        yield from leaves(line)
    if not row.evidence:
        yield row


@pytest.mark.parametrize("mart", [pytest.param(statement, id=statement.name) for statement in statements("marts")])
def test_every_row_of_a_mart_has_evidence_or_says_that_nothing_is_held(built: Settings, mart: Statement) -> None:
    behind = " union all ".join(piece.query(mart.name, "mart.rowid") for piece in mart.evidence)
    nothing_held = "role = 'none'" if mart.name == "marts.claim_check" else "false"
    with read_only(built.edition) as connection:
        bare = connection.execute(f"select * from {mart.name} where rowid not in ({behind}) and not ({nothing_held})").fetchall()
        held = connection.execute(f"select count(*) from {mart.name}").fetchone()
    assert held != (0,)
    assert bare == []


def test_the_3640_tonnes_of_may_2019_come_down_to_line_29_of_the_raw_file(built: Settings) -> None:
    found = explained(built, "export_change_monthly", MAY_2019)
    ((change,),) = (row.evidence for row in found.rows)
    assert (change.table, change.cells["amount"]) == ("marts.trade_change_monthly", 3640)
    may = change.evidence[0]
    assert (may.table, may.cells["weight_kg"]) == ("facts.trade_total", 3_640_000)
    ((number, text),) = lines(may)
    assert number == 29
    assert text.startswith("2019-05,3640,")
    assert may.origin is not None
    assert may.origin.files[0].sha256.startswith("83f9dc9d6d80")
    assert may.publisher == "General Administration of Customs of China"
    assert [citation.source for citation in found.citations] == ["china_customs_bulletin"]


def test_a_change_rests_on_the_months_it_compares_and_on_none_that_it_does_not(built: Settings) -> None:
    (row,) = explained(built, "trade_change_monthly", MAY_2019).rows
    levels = {(str(line.cells["period_start"]), line.cells["period_kind"]) for line in row.evidence}
    assert {("2019-05-01", "month"), ("2019-04-01", "month"), ("2019-01-01", "cumulative"), ("2018-01-01", "cumulative")} <= levels
    assert not any(start > "2019-05-01" or start < "2018-01-01" for start, _ in levels)


def test_nigerias_production_of_2024_shows_both_editions(built: Settings) -> None:
    (row,) = explained(built, "production", NIGERIA_2024).rows
    (earlier,) = row.versions
    assert (row.cells["edition"], row.cells["quantity"]) == ("2026", 1500)
    assert (earlier.cells["edition"], earlier.cells["quantity"], earlier.cells["is_still_printed"]) == ("2025", 13000, True)
    assert [text.split(",")[5] for text in (lines(row)[0][1], lines(earlier)[0][1])] == ["1500", "13000"]
    (later,) = explained(built, "production_superseded", NIGERIA_2024).rows[0].versions
    assert (later.table, later.cells["edition"]) == ("facts.production", "2026")


def test_an_index_comes_down_through_shares_to_the_lines_that_print_them(built: Settings) -> None:
    (row,) = explained(built, "marts.import_concentration", JAPAN_2018).rows
    assert {line.table for line in row.evidence} == {"marts.supplier_share"}
    printed = {leaf.cells["partner_iso3"]: lines(leaf)[0] for leaf in leaves(row)}
    assert {partner: text.split(",")[4] for partner, (_, text) in printed.items()} == {"CHN": "58", "VNM": "14", "FRA": "11", "MYS": "10"}
    assert any("unattributed" in remark for remark in row.remarks)


def test_the_part_without_a_country_rests_on_every_print_that_names_none(built: Settings) -> None:
    with read_only(built.edition) as connection:
        (listed, *_) = rows(
            connection, "from supplier_share where list_status = 'complete' and supplier_kind = 'unattributed' order by all"
        )
    same = (
        f"series_id = '{listed['series_id']}' and period_start = '{listed['period_start']}' and period_months = {listed['period_months']}"
    )
    (row,) = explained(built, "supplier_share", f"{same} and supplier_iso3 = 'OTHER' and commodity = '{listed['commodity']}'").rows
    printed = list(leaves(row))
    assert printed
    assert sum(leaf.cells["share"] for leaf in printed) == pytest.approx(row.cells["share"])
    assert {leaf.cells["reporter_iso3"] for leaf in printed} == {row.cells["importer_iso3"]}


def test_a_table_of_production_rests_on_the_rows_of_one_edition_alone(built: Settings) -> None:
    for row in explained(built, "production_concentration", None, limit=20).rows:
        assert {line.cells["edition"] for line in row.evidence} == {row.cells["edition"]}
        (world,) = [line for line in row.evidence if line.cells["country_iso3"] == "WLD"]
        assert float(world.cells["quantity"]) == row.cells["world_total"]


def test_every_statement_of_the_article_is_traced_to_one_figure_a_row(built: Settings) -> None:
    for row in explained(built, "claim_check", None, limit=100).rows:
        (figure,) = row.evidence
        assert figure.table == row.cells["evidence_table"]
        assert all(lines(leaf) for leaf in leaves(row))


def test_raw_lines_of_every_fact_can_be_shown(built: Settings) -> None:
    for table in ("trade_flow", "published_number", "policy_event", "overseas_stake", "stockpile_target", "consumption", "conflict"):
        for row in explained(built, table, None, limit=50).rows:
            assert lines(row), row.cells
            assert not any(file.problem for file in row.origin.files if row.origin is not None)


def test_a_filed_share_rests_on_its_partner_and_the_total_and_without_one_on_every_partner() -> None:
    partners = [
        imported("CHN", 60.0),
        imported("VNM", 30.0),
        imported("CHN", 60.0, month="2024-02"),
        imported("VNM", 30.0, month="2024-02"),
    ]
    total = imported("WLD", 100.0, partner_role="world")
    with edition(trade_flow=partners, trade_total=[total]) as connection:
        (share,) = [statement for statement in statements("marts") if statement.name == "marts.partner_share"]
        behind: dict[tuple[str, str], set[tuple[str, str]]] = {}
        for piece in share.evidence:
            selected = (
                "mart.partner_iso3 as supplier, strftime(mart.period_start, '%m') as month, evidence.partner_iso3 as partner,"
                " strftime(evidence.period_start, '%m') as evidence_month, mart.series_id"
            )
            for row in rows(connection, f"{piece.query(share.name, selected)} where mart.basis = 'value'"):
                assert (row["series_id"], row["evidence_month"]) == (FILED_SERIES, row["month"])
                behind.setdefault((row["supplier"], row["month"]), set()).add((piece.table, row["partner"]))
    flows = {("facts.trade_flow", "CHN"), ("facts.trade_flow", "VNM")}
    assert behind[("CHN", "01")] == {("facts.trade_flow", "CHN"), ("facts.trade_total", "WLD")}
    assert behind[("OTHER", "01")] == flows | {("facts.trade_total", "WLD")}
    assert behind[("CHN", "02")] == behind[("VNM", "02")] == flows


def test_a_month_in_which_none_was_filed_rests_on_the_coverage_that_says_so() -> None:
    with edition(trade_total=[imported("WLD", 100.0, partner_role="world")]) as connection:
        stated = "'made up', 'import', 'JPN', 'WLD', null, date '2024-02-01', 'none_filed', 'the office filed none'"
        connection.execute(f"insert into meta.coverage values ('{FILED_SERIES}', 'made_up', {stated})")
        connection.execute("drop schema marts cascade")
        connection.execute("create schema marts")
        compute_marts(connection)
        put(connection, "edition", **EDITION)
        february = "period_start = '2024-02-01' and basis = 'value'"
        (row,) = explain(connection, Settings(data=Path("nowhere")), "trade_change_monthly", february, None, 50).rows
    assert (row.cells["amount"], row.cells["change_on_month"]) == (0, -1)
    assert {(line.table, line.cells.get("status")) for line in row.evidence} == {
        ("facts.trade_total", "reported"),
        ("meta.coverage", "none_filed"),
    }


def test_evidence_that_is_not_shown_is_counted(built: Settings) -> None:
    found = explained(built, "trade_change_monthly", MAY_2019, most=3)
    (row,) = found.rows
    (whole,) = explained(built, "trade_change_monthly", MAY_2019).rows
    assert len(row.evidence) == 3
    assert row.evidence == whole.evidence[:3]
    assert row.left_out == {"facts.trade_total": len(whole.evidence) - 3}
    assert f"3 rows, and {len(whole.evidence) - 3} more" in explanation.as_text(found)


def test_a_word_of_the_vocabulary_names_the_file_it_is_kept_in(built: Settings) -> None:
    (row,) = explained(built, "country", "iso3 = 'NGA'").rows
    assert "pipelines/model/vocabulary/country.csv" in row.remarks[0]


def test_a_raw_file_that_was_changed_or_lost_is_said_to_be_so_and_none_of_its_lines_shown(built: Settings, tmp_path: Path) -> None:
    own = Settings(data=Path(shutil.copytree(built.data, tmp_path / "own")))
    (file,) = own.raw.glob("usgs_mcs/bundled/*/usgs_world_production.csv")
    for spoil, message in (
        (lambda: file.write_bytes(file.read_bytes() + b"\n"), "changed after it was kept"),
        (file.unlink, "not in this"),
    ):
        spoil()
        found = explained(own, "production", NIGERIA_2024)
        assert lines(found.rows[0]) == []
        assert message in " ".join(explanation.as_text(found).split())


CSV = b'month,value,note\n2024-01,60,"one line,\nand another"\n2024-02,61,\n'
TWO_LINES = ((2, '2024-01,60,"one line,'), (3, 'and another"'))


def zipped(body: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("readme.txt", "not the table")
        archive.writestr("eurofxref-hist.csv", body)
    return packed.getvalue()


@pytest.mark.parametrize(
    ("source", "member", "body", "source_row", "shown"),
    [
        ("reference", "table.csv", CSV, 2, TWO_LINES),
        ("reference", "table.csv", CSV, 4, ((4, "2024-02,61,"),)),
        ("reference", "table.csv", b"\xef\xbb\xbf" + CSV.replace(b"\n", b"\r\n"), 2, TWO_LINES),
        ("ecb_rates", "eurofxref-hist.zip", zipped(CSV), 2, TWO_LINES),
        ("us_census", "imports-answer.json", b'[["VALUE","time"],\n["60","2024-01"],\n["61","2024-02"]]\n', 3, ((3, '["61","2024-02"]]'),)),
    ],
    ids=["a record of two lines", "the line after it", "other line ends", "the table in a zip", "a row of a JSON answer"],
)
def test_the_lines_of_a_record_are_shown_as_they_stand_in_the_file(
    tmp_path: Path, source: str, member: str, body: bytes, source_row: int, shown: tuple[tuple[int, str], ...]
) -> None:
    with received(tmp_path, source, member, body, source_row) as connection:
        (row,) = explain(connection, Settings(data=tmp_path), "trade_flow", None, None, 50).rows
    assert tuple(lines(row)) == shown


def test_a_revised_figure_shows_what_it_was_and_a_corrected_one_what_was_filed(tmp_path: Path) -> None:
    with received(tmp_path, "reference", "table.csv", CSV, 2) as connection:
        connection.execute(
            "insert into facts.trade_flow_superseded by name select *, timestamp '2026-06-07' as known_until, false as is_still_printed"
            " from facts.trade_flow"
        )
        connection.execute("update facts.trade_flow_superseded set value_usd = 59, source_row = 4, known_from = '2026-05-10'")
        put(
            connection,
            "correction",
            correction_id="feedfeedfeedfeed",
            source="made_up",
            release_id="0123456789abcdef",
            source_member="table.csv",
            source_row=2,
            column_name="value",
            filed="600",
            used="60",
            author="Ada",
            reason="a zero too many",
            decided_at=datetime(2026, 6, 8),
        )
        found = explain(connection, Settings(data=tmp_path), "trade_flow", None, None, 50)
    (row,) = found.rows
    (before,) = row.versions
    assert (before.cells["value_usd"], lines(before)) == (59, [(4, "2024-02,61,")])
    message = " ".join(explanation.as_text(found).split())
    assert "current from 2026-05-10 to 2026-06-07 (since revised or taken back)" in message
    assert "value: filed '600', used '60' (Ada, 2026-06-08: a zero too many; feedfeedfeedfeed)" in message


def received(data: Path, source: str, member: str, body: bytes, source_row: int) -> duckdb.DuckDBPyConnection:
    """An edition of one fact from one line of a raw file that lies in the archive under `data`."""
    sha256 = hashlib.sha256(body).hexdigest()
    path = data / "raw" / source / "fetched" / sha256[:12] / member
    path.parent.mkdir(parents=True)
    path.write_bytes(body)
    lineage = {"release_id": "0123456789abcdef", "source_member": member}
    connection = edition(trade_flow=[imported("CHN", 60.0, **lineage, source_row=source_row)])
    put(connection, "edition", **EDITION)
    release = {"release_id": "0123456789abcdef", "source": source}
    put(connection, "release", **release, slice="made_up/table/2024", fingerprint="", lines=2, accepted=2, rejected=0, state="current")
    file = {"source_member": member, "body_sha256": sha256, "receipt_id": "made up", "observed_at": datetime(2026, 6, 7), "stand_in": False}
    put(connection, "release_file", **release, **file)
    return connection


def put(connection: duckdb.DuckDBPyConnection, table: str, **values: Any) -> None:
    """Add a row to a table of meta."""
    marks = ", ".join("?" for _ in values)
    connection.execute(f"insert into meta.{table} ({', '.join(values)}) values ({marks})", list(values.values()))


def test_one_explanation_is_set_as_text_markdown_and_json(built: Settings) -> None:
    found = explained(built, "production", NIGERIA_2024)
    text, markdown, answer = explanation.as_text(found), explanation.as_markdown(found), json.loads(explanation.as_json(found))
    (raw,) = [text for _, text in lines(found.rows[0])]
    assert f"\n    {raw}\n" in text
    assert f"\n```text\n{raw}\n```\n" in markdown
    assert answer["rows"][0]["origin"]["files"][0]["lines"] == [[58, raw]]
    for message in (text, markdown):
        for needed in (
            "docs/dictionary.md",
            "13,000",
            "1,500",
            "2026-02-28 (calendar)",
            "sha256",
            "receipt",
            "Public domain",
            "https://pubs",
        ):
            assert needed in message
    assert not any(line.endswith(" ") for line in text.splitlines())


@pytest.mark.parametrize("lines", [True, False])
def test_a_row_of_a_json_array_is_shown_by_its_line_or_where_rows_share_one_by_its_place(lines: bool) -> None:
    body = b'[["code","value"],\n["283691","900"],\n["284690","70"]]'
    text = json_rows.raw_lines("answer.json", body if lines else body.replace(b"\n", b""))
    (number,) = json_rows.record(text, 3)
    assert text[number - 1].startswith('["284690","70"]')
