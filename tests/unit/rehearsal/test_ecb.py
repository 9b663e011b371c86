"""The stand-in of the ECB's web server: one zip with the history of reference rates."""

from __future__ import annotations

import csv
import zipfile
from datetime import UTC, date, datetime
from io import BytesIO
from pathlib import Path

import httpx
import pytest

from pipelines.errors import LodestoneError
from pipelines.rehearsal import ecb_stand_in as ecb
from pipelines.rehearsal.server import Offices

ADDRESS = "/ecb_rates/stats/eurofxref/eurofxref-hist.zip"


def text_of(archive: bytes) -> str:
    with zipfile.ZipFile(BytesIO(archive)) as packed:
        assert packed.namelist() == ["eurofxref-hist.csv"]
        return packed.read("eurofxref-hist.csv").decode("ascii")


def served(office: ecb.Ecb) -> str:
    with Offices({"ecb_rates": office}) as offices:
        return text_of(httpx.get(offices.address + ADDRESS).content)


def test_the_file_has_a_date_41_currencies_and_a_comma_at_the_end_of_every_line_newest_day_first(offices: Offices):
    answer = httpx.get(offices.address + ADDRESS)
    lines = text_of(answer.content).split("\n")
    assert answer.headers["content-type"] == "application/zip"
    assert lines[-1] == ""
    assert all(line.endswith(",") and len(line.split(",")) == 43 for line in lines[:-1])
    days = [line.split(",")[0] for line in lines[1:-1]]
    assert days == sorted(days, reverse=True)
    assert (lines[0].split(",")[0], days[0], days[-1]) == ("Date", "2024-12-31", "2024-11-01")


def test_the_columns_are_those_of_the_real_file_and_rates_are_there_on_the_same_days(real_rates: Path):
    real = list(csv.reader(text_of(real_rates.read_bytes()).splitlines()))
    invented = list(csv.reader(served(ecb.made_up(date(1999, 1, 1), date(2026, 4, 13))).splitlines()))
    assert invented[0] == real[0]
    assert [row[0] for row in invented if row[0] >= "2002"] == [row[0] for row in real if row[0] >= "2002"]
    iceland = real[0].index("ISK")
    gaps = [[(row[0], at) for row in rows if row[0] >= "2009" for at in range(1, 42) if row[at] == "N/A"] for rows in (real, invented)]
    assert {gap for gap in gaps[0] if gap[1] != iceland} == {gap for gap in gaps[1] if gap[1] != iceland}


@pytest.mark.parametrize(
    ("day", "is_fixed"),
    [
        (date(2024, 3, 28), True),
        (date(2024, 3, 29), False),
        (date(2024, 4, 1), False),
        (date(2024, 5, 1), False),
        (date(2024, 12, 25), False),
        (date(2024, 12, 26), False),
        (date(2024, 12, 28), False),
        (date(2025, 1, 1), False),
        (date(2025, 1, 2), True),
    ],
)
def test_weekends_and_holidays_of_the_payment_system_have_no_row(day: date, is_fixed: bool):
    assert ecb.is_fixing_day(day) == is_fixed


def test_a_currency_without_a_rate_is_n_a_and_a_single_rate_can_be_set():
    office = ecb.made_up(date(2004, 1, 2), date(2004, 1, 6), {(date(2004, 1, 5), "USD"): "1.25", (date(2004, 1, 5), "JPY"): "N/A"})
    rows = {row["Date"]: row for row in csv.DictReader(served(office).splitlines())}
    assert (rows["2004-01-05"]["USD"], rows["2004-01-05"]["JPY"], rows["2004-01-05"]["CNY"]) == ("1.25", "N/A", "N/A")
    assert rows["2004-01-06"]["USD"] != "1.25"


def test_the_same_rates_packed_again_are_other_bytes_with_another_tag():
    first, last = date(2024, 12, 2), date(2024, 12, 6)
    offices = [ecb.made_up(first, last), ecb.made_up(first, last, packed=datetime(2024, 12, 7, 9, 0, tzinfo=UTC))]
    replies = [office.answer(ecb.PATH, [], {}) for office in offices]
    assert text_of(replies[0].body) == text_of(replies[1].body)
    assert replies[0].body != replies[1].body
    assert replies[0].headers["ETag"] != replies[1].headers["ETag"]


def test_who_has_the_file_gets_304_until_a_day_is_added(offices: Offices):
    known = httpx.get(offices.address + ADDRESS).headers["etag"]
    assert httpx.get(offices.address + ADDRESS, headers={"If-None-Match": known}).status_code == 304
    offices.replace("ecb_rates", ecb.made_up(date(2024, 11, 1), date(2025, 1, 2)))
    assert httpx.get(offices.address + ADDRESS, headers={"If-None-Match": known}).status_code == 200


def test_the_file_is_given_in_parts(offices: Offices):
    whole = httpx.get(offices.address + ADDRESS)
    part = httpx.get(offices.address + ADDRESS, headers={"Range": "bytes=100-199", "If-Range": whole.headers["etag"]})
    assert (part.status_code, part.content) == (206, whole.content[100:200])


def test_nothing_else_is_there(offices: Offices):
    assert httpx.get(offices.address + "/ecb_rates/stats/eurofxref/eurofxref-daily.xml").status_code == 404


def test_the_real_file_is_served_byte_for_byte(real_rates: Path):
    with Offices({"ecb_rates": ecb.from_zip(real_rates)}) as offices:
        answer = httpx.get(offices.address + ADDRESS)
    assert answer.content == real_rates.read_bytes()
    assert answer.headers["last-modified"] == "Mon, 13 Apr 2026 15:56:22 GMT"


def test_a_file_that_is_not_the_banks_is_refused(tmp_path: Path):
    with pytest.raises(LodestoneError, match="cannot be read"):
        ecb.from_zip(tmp_path / "none.zip")
    (tmp_path / "text.zip").write_text("text")
    with pytest.raises(LodestoneError, match="no zip with"):
        ecb.from_zip(tmp_path / "text.zip")
