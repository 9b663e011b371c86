"""The file of euro reference rates: how it is read, sliced into closed months, made monthly means. Without HTTP, but for the last night."""

from __future__ import annotations

import io
import tracemalloc
import zipfile
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from pipelines import archive
from pipelines.errors import BadFile, LodestoneError
from pipelines.intake.curation import refresh
from pipelines.intake.gate import Judged, judge
from pipelines.intake.snapshots import parts_of
from pipelines.model.vocabulary import known_codes
from pipelines.rehearsal import ecb_stand_in as ecb
from pipelines.settings import PROJECT, Settings
from pipelines.sources import load_source
from pipelines.sources.ecb_rates.contract import CURRENCIES, FILE
from pipelines.sources.request import Answer
from tests.unit.sql.filed import Rates, facts, found

MEMBER = "eurofxref-hist.zip"


HEADER = ("Date", *CURRENCIES, "")


REAL = PROJECT.parent / "shared" / "real" / "ecb" / MEMBER


def packed(*lines: str, header: str = ",".join(HEADER), name: str = FILE) -> bytes:
    """The zip with a table of these lines."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as folder:
        folder.writestr(name, "\n".join([header, *lines]) + "\n")
    return written.getvalue()


def day(text: str, **quoted: str) -> str:
    """A line of the table: rates of the currencies named, N/A for the others, and the comma at its end."""
    return ",".join((text, *(quoted.get(currency, "N/A") for currency in CURRENCIES), ""))


def read(body: bytes) -> pl.DataFrame:
    """The rows with their slices, as `releases.read_member` has them."""
    source = load_source("ecb_rates")
    sliced = source.slices(MEMBER, source.parse(MEMBER, body))
    return sliced.with_columns(pl.col("slice").fill_null("unnamed"), source_member=pl.lit(MEMBER))


def judged(body: bytes) -> Judged:
    source = load_source("ecb_rates")
    return judge(read(body).drop("known_from", "known_from_basis"), source.contract(MEMBER), known_codes())


def rates(body: bytes) -> list[tuple[Any, ...]]:
    """Day, currency and rate of every curated row."""
    accepted = judged(body).accepted
    table = load_source("ecb_rates").conform(MEMBER, accepted)["reference_rate"]
    return table.sort("day", "currency").select("day", "currency", pl.col("per_eur").cast(pl.Float64)).rows()


NEXT = day("2019-06-03", USD="1.1185")
"""A fixing of the month after, without which May would not be closed."""


@pytest.mark.parametrize(("dollars", "held"), [("1.12", 0), ("1120", 1)])
def test_a_new_month_of_rates_is_held_where_it_is_far_from_the_month_before(tmp_path: Path, dollars: str, held: int):
    settings, source = Settings(tmp_path), load_source("ecb_rates")
    may = day("2019-05-31", USD="1.1151", JPY="121.27")
    archive.receive(settings.raw, source.name, MEMBER, packed(NEXT, may), datetime(2019, 6, 4, tzinfo=UTC))
    assert refresh(settings, source).quarantined == []
    july = [day("2019-07-01", USD="1.13"), day("2019-06-28", USD=dollars, JPY="122.6"), may]
    archive.receive(settings.raw, source.name, MEMBER, packed(*july), datetime(2019, 7, 2, tzinfo=UTC))
    assert ["in ecb_rates/reference_rates/2019-05" in message for message in refresh(settings, source).quarantined] == [True] * held


def test_a_day_is_a_row_a_currency_and_what_is_not_available_is_none():
    body = packed(NEXT, day("2019-05-31", USD="1.1151", JPY="121.27"))
    assert rates(body) == [(date(2019, 5, 31), "JPY", 121.27), (date(2019, 5, 31), "USD", 1.1151)]


def test_a_rate_knows_its_line_in_the_table_inside_the_zip():
    body = packed(NEXT, day("2019-05-31", USD="1.1151"), day("2019-05-30", USD="1.1134"))
    table = load_source("ecb_rates").conform(MEMBER, judged(body).accepted)["reference_rate"]
    with zipfile.ZipFile(io.BytesIO(body)) as folder:
        lines = folder.read(FILE).decode().split("\n")
    for row in table.to_dicts():
        assert lines[row["source_row"] - 1].startswith(f"{row['day']},{row['per_eur']:.4f},")


def test_the_month_that_goes_on_is_left_out_until_a_later_one_has_begun():
    may = [day("2019-05-31", USD="1.1151"), day("2019-05-02", USD="1.1212")]
    assert set(read(packed(*may))["slice"]) == set()
    assert set(read(packed(NEXT, *may))["slice"]) == {"2019-05"}


def test_a_month_is_known_from_the_end_of_the_day_of_its_last_fixing():
    frame = read(packed(NEXT, day("2019-05-31", USD="1.1151"), day("2019-05-02", USD="1.1212")))
    assert set(frame["known_from"]) == {datetime(2019, 5, 31, 23, 59, 59)}
    assert set(frame["known_from_basis"]) == {"stated"}


def test_a_currency_that_is_no_longer_quoted_keeps_its_past_and_makes_no_gap():
    body = packed(day("2026-03-02", USD="1.18"), day("2026-02-02", USD="1.18"), day("2025-12-31", USD="1.17", BGN="1.9558"))
    assert [row[1] for row in rates(body)] == ["BGN", "USD", "USD"]


def test_the_same_rates_zipped_again_are_the_same_content_of_every_month():
    source = load_source("ecb_rates")
    first = ecb.made_up(date(2024, 1, 1), date(2024, 3, 5))
    again = ecb.made_up(date(2024, 1, 1), date(2024, 3, 5), packed=datetime(2024, 4, 1))
    bodies = [answer.answer(ecb.PATH, [], {}).body for answer in (first, again)]
    assert bodies[0] != bodies[1]
    hashes = [{part.slice: part.part_id for part in parts_of(source, read(body))} for body in bodies]
    assert hashes[0] == hashes[1]
    assert set(hashes[0]) == {"2024-01", "2024-02"}


def test_a_later_file_leaves_the_closed_months_as_they_were():
    source = load_source("ecb_rates")
    march, april = (
        {part.slice: part.part_id for part in parts_of(source, read(ecb.made_up(date(2024, 1, 1), last).answer(ecb.PATH, [], {}).body))}
        for last in (date(2024, 3, 5), date(2024, 4, 2))
    )
    assert march.items() < april.items()
    assert april.keys() - march.keys() == {"2024-03"}


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"USD": "0"}, "USD '0': a rate is a positive number"),
        ({"USD": "-1.1"}, "USD '-1.1': a rate is a positive number"),
        ({"USD": "1.1151*"}, "USD '1.1151*' is not a number"),
        ({"USD": "1.11512345"}, "USD '1.11512345' is not a number"),
        ({"USD": "n/a"}, "USD 'n/a' is not a number"),
    ],
)
def test_a_rate_that_is_none_is_rejected_and_named(wrong: dict[str, str], message: str):
    (reason,) = judged(packed(NEXT, day("2019-05-31", **wrong))).rejected["reasons"]
    assert message in reason


def test_a_day_that_is_no_date_is_rejected_and_closes_no_month():
    found_rows = judged(packed(day("someday", USD="1.1"), day("2019-05-31", USD="1.1151"), day("2019-04-30", USD="1.1218")))
    assert found_rows.accepted["slice"].to_list() == ["2019-04"]
    assert "Date 'someday' is not a date" in found_rows.rejected["reasons"][0]


def test_a_day_that_stands_twice_is_rejected_both_times():
    found_rows = judged(packed(NEXT, day("2019-05-31", USD="1.1151"), day("2019-05-31", USD="1.1152")))
    assert found_rows.rejected["source_row"].to_list() == [3, 4]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (packed(day("2019-05-31"), header=",".join(HEADER).replace("JPY", "YEN")), "YEN"),
        (packed(day("2019-05-31") + "1.5,", header=",".join(HEADER) + "XXX,"), "XXX"),
        (packed("2019-05-31,1.1151"), "fields"),
        (packed(NEXT, day("2019-05-31") + "7"), "fields"),
        (packed(NEXT, name="other.csv"), FILE),
        (packed(NEXT)[:-30], "zip"),
        (b"<html>Service unavailable</html>", "zip"),
        (b"", "zip"),
    ],
)
def test_a_file_that_is_another_is_refused_before_it_is_read(body: bytes, message: str):
    with pytest.raises(BadFile, match=message) as refused:
        load_source("ecb_rates").parse(MEMBER, body)
    assert "eurofxref-hist" in str(refused.value)
    assert refused.value.remedy


@pytest.mark.parametrize(
    ("lines", "message"),
    [(["," * 60] * 100_000, "fields"), (["," * 42] * 30_000, "at most 20,000 rows"), (["," * 1_100_000], "longer than")],
)
def test_a_table_that_floods_its_reader_is_refused_before_it_takes_memory(lines: list[str], message: str):
    body = packed(*lines)
    tracemalloc.start()
    try:
        with pytest.raises(BadFile, match=message):
            load_source("ecb_rates").parse(MEMBER, body)
        assert tracemalloc.get_traced_memory()[1] < 60_000_000
    finally:
        tracemalloc.stop()


def test_an_answer_is_good_only_as_a_whole_zip_with_the_table():
    source = load_source("ecb_rates")
    source.recognise(MEMBER, Answer(200, {}, packed(NEXT), "", unchanged=False))
    for body in (packed(NEXT)[:-30], b"<html></html>", packed(NEXT, name="other.csv")):
        with pytest.raises(LodestoneError):
            source.recognise(MEMBER, Answer(200, {}, body, "", unchanged=False))


def test_one_question_brings_every_month_and_half_of_its_answer_is_worth_keeping():
    (request,) = load_source("ecb_rates").requests(["2019-05", "2019-06"], None)  # type: ignore[arg-type]
    assert (request.url, request.member) == (f"https://www.ecb.europa.eu{ecb.PATH}", MEMBER)
    assert request.resumable
    assert request.slices == ()


def test_the_stand_in_sends_what_the_contract_reads():
    body = ecb.made_up(date(2021, 12, 1), date(2022, 3, 3)).answer(ecb.PATH, [], {}).body
    found_rows = judged(body)
    assert found_rows.rejected.is_empty()
    assert found_rows.accepted.height == sum(ecb.is_fixing_day(date(2022, 1, number)) for number in range(1, 32)) + 23 + 20


@pytest.mark.skipif(not REAL.exists(), reason=f"the real file of the European Central Bank is not at {REAL}")
def test_may_2019_is_as_published():
    body = REAL.read_bytes()
    found_rows = judged(body)
    assert found_rows.rejected.is_empty()
    table = load_source("ecb_rates").conform(MEMBER, found_rows.accepted.filter(pl.col("slice") == "2019-05"))["reference_rate"]
    days: dict[date, dict[str, str]] = {}
    for row in table.to_dicts():
        days.setdefault(row["day"], {})[row["currency"]] = str(row["per_eur"])
    held = facts(rates=Rates(days))
    of = {row[0]: row[1:] for row in found(held, "select currency, per_usd, per_eur, days from facts.exchange_rate")}
    assert {row[2] for row in of.values()} == {22}
    assert round(of["USD"][1], 6) == 1.118459
    assert round(of["JPY"][0], 3) == 109.926
    assert round(of["CNY"][0], 4) == 6.8609
    assert not {"BGN", "HRK"} - of.keys()
    assert "RUB" in of
    assert "EEK" not in of


@pytest.mark.skipif(not REAL.exists(), reason=f"the real file of the European Central Bank is not at {REAL}")
def test_the_renminbi_begins_in_april_2005():
    accepted = judged(REAL.read_bytes()).accepted
    assert accepted.height > 6900
    assert accepted.filter(pl.col("CNY").is_not_null())["Date"].min() == date(2005, 4, 1)
