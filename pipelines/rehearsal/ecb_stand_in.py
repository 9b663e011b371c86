"""The European Central Bank's file of euro reference rates since 1999, as it lies on its web server; nothing else of the bank's.

One CSV in a zip: `Date` and 41 currencies in a fixed order, units of the currency for one euro, the newest day first, N/A where a
currency has no rate, and a comma at the end of every line. Weekends and the holidays of the payment system TARGET are absent.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from io import BytesIO
from pathlib import Path
from types import MappingProxyType
from zlib import crc32

from pipelines.errors import LodestoneError
from pipelines.rehearsal.files import ServedFile
from pipelines.rehearsal.office import Query, Reply, plain

PATH = "/stats/eurofxref/eurofxref-hist.zip"
MEMBER = "eurofxref-hist.csv"
NOT_AVAILABLE = "N/A"
PUBLISHED = time(15, 56, tzinfo=UTC)


@dataclass(frozen=True)
class Currency:
    """A column of the file: the days it has rates for, and about what rate the invented ones are."""

    code: str
    invented_rate: float
    first: date = date.min
    last: date = date.max


CURRENCIES = (
    Currency("USD", 1.1),
    Currency("JPY", 150),
    Currency("BGN", 1.9558, first=date(2000, 7, 19), last=date(2025, 12, 31)),
    Currency("CYP", 0.58, last=date(2007, 12, 31)),
    Currency("CZK", 25),
    Currency("DKK", 7.45),
    Currency("EEK", 15.6466, last=date(2010, 12, 31)),
    Currency("GBP", 0.86),
    Currency("HUF", 380),
    Currency("LTL", 3.4528, last=date(2014, 12, 31)),
    Currency("LVL", 0.7, last=date(2013, 12, 31)),
    Currency("MTL", 0.43, last=date(2007, 12, 31)),
    Currency("PLN", 4.4),
    Currency("ROL", 36000, last=date(2005, 6, 30)),
    Currency("RON", 4.9, first=date(2005, 7, 1)),
    Currency("SEK", 11.2),
    Currency("SIT", 239.64, last=date(2006, 12, 31)),
    Currency("SKK", 30.126, last=date(2008, 12, 31)),
    Currency("CHF", 0.97),
    Currency("ISK", 149, first=date(2018, 2, 1)),
    Currency("NOK", 11.3),
    Currency("HRK", 7.5345, first=date(2005, 4, 1), last=date(2022, 12, 31)),
    Currency("RUB", 85, first=date(2005, 4, 1), last=date(2022, 3, 1)),
    Currency("TRL", 1800000, last=date(2004, 12, 31)),
    Currency("TRY", 30, first=date(2005, 1, 3)),
    Currency("AUD", 1.64),
    Currency("BRL", 5.4, first=date(2008, 1, 2)),
    Currency("CAD", 1.47),
    Currency("CNY", 7.7, first=date(2005, 4, 1)),
    Currency("HKD", 8.5),
    Currency("IDR", 16700, first=date(2005, 4, 1)),
    Currency("ILS", 4, first=date(2011, 1, 3)),
    Currency("INR", 90, first=date(2009, 1, 2)),
    Currency("KRW", 1430),
    Currency("MXN", 19, first=date(2008, 1, 2)),
    Currency("MYR", 5, first=date(2005, 4, 1)),
    Currency("NZD", 1.78),
    Currency("PHP", 61, first=date(2005, 4, 1)),
    Currency("SGD", 1.45),
    Currency("THB", 38, first=date(2005, 4, 1)),
    Currency("ZAR", 20),
)
"""The columns in the file's order. The real krona of Iceland also has rates until 2008, which the invented one leaves out."""


class Ecb:
    """The web server with the one file on it; its bytes are `archive`, put there at `modified`."""

    def __init__(self, archive: bytes, modified: datetime) -> None:
        self._file = ServedFile(archive, modified, "application/zip")

    def answer(self, path: str, query: Query, headers: Mapping[str, str]) -> Reply:
        """The file, whole or in part, or 404."""
        return self._file.reply(headers) if path == PATH else plain(404, "Not Found")


def from_zip(path: Path) -> Ecb:
    """The server with a file that was fetched from it, byte for byte, as old as its member."""
    try:
        archive = path.read_bytes()
        with zipfile.ZipFile(BytesIO(archive)) as packed:
            written = packed.getinfo(MEMBER).date_time
    except OSError as error:
        raise LodestoneError(f"{path} cannot be read ({error.strerror}): name the ECB's eurofxref-hist.zip") from error
    except (zipfile.BadZipFile, KeyError) as error:
        raise LodestoneError(f"{path} is no zip with {MEMBER} in it: name the ECB's eurofxref-hist.zip") from error
    return Ecb(archive, datetime(*written, tzinfo=UTC))


def made_up(first: date, last: date, rates: Mapping[tuple[date, str], str] = MappingProxyType({}), packed: datetime | None = None) -> Ecb:
    """The server with INVENTED rates for the working days from `first` to `last`, the same in every run.

    `rates` puts other figures, or N/A, in the place of single ones. `packed` is when the file was zipped, by default the afternoon
    of the last day: the same rates packed again are other bytes.
    """
    days = [day for day in _days(first, last) if is_fixing_day(day)]
    lines = [",".join(("Date", *(currency.code for currency in CURRENCIES), ""))]
    for day in reversed(days):
        figures = (rates.get((day, currency.code), _invented(day, currency)) for currency in CURRENCIES)
        lines.append(",".join((day.isoformat(), *figures, "")))
    moment = packed or datetime.combine(last, PUBLISHED)
    return Ecb(_zipped("\n".join(lines) + "\n", moment), moment)


def is_fixing_day(day: date) -> bool:
    """Whether rates are fixed: not on weekends and not on the holidays of TARGET."""
    fixed = {(1, 1), (5, 1), (12, 25), (12, 26)}
    easter = _easter(day.year)
    moving = {easter - timedelta(days=2), easter + timedelta(days=1)}
    return day.weekday() < 5 and (day.month, day.day) not in fixed and day not in moving


def _days(first: date, last: date) -> Iterator[date]:
    return (first + timedelta(days=passed) for passed in range((last - first).days + 1))


def _easter(year: int) -> date:
    """Easter Sunday, by the method of Meeus, Jones and Butcher."""
    century, of_century = divmod(year, 100)
    golden = year % 19
    epact = (19 * golden + century - century // 4 - (century - (century + 8) // 25 + 1) // 3 + 15) % 30
    weekday = (32 + 2 * (century % 4) + 2 * (of_century // 4) - epact - of_century % 4) % 7
    late = (golden + 11 * epact + 22 * weekday) // 451
    month, before = divmod(epact + weekday - 7 * late + 114, 31)
    return date(year, month, before + 1)


def _invented(day: date, currency: Currency) -> str:
    if not currency.first <= day <= currency.last:
        return NOT_AVAILABLE
    sway = crc32(f"{day}/{currency.code}".encode()) % 4001 - 2000
    return f"{currency.invented_rate * (1 + sway / 100000):.4f}".rstrip("0").rstrip(".")


def _zipped(text: str, moment: datetime) -> bytes:
    member = zipfile.ZipInfo(MEMBER, moment.timetuple()[:6])
    member.compress_type = zipfile.ZIP_DEFLATED
    written = BytesIO()
    with zipfile.ZipFile(written, "w") as packed:
        packed.writestr(member, text)
    return written.getvalue()
