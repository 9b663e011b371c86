"""The one request that brings every reference rate, and how a good answer is told. Nothing is read or judged here."""

from __future__ import annotations

from collections.abc import Sequence

from pipelines.readers.zipped import unzip
from pipelines.selection import Selection
from pipelines.sources.ecb_rates.contract import FILE, MOST_BYTES
from pipelines.sources.request import Answer, Request

ADDRESS = "https://www.ecb.europa.eu/stats/eurofxref/eurofxref-hist.zip"


def requests(months: Sequence[str], selection: Selection) -> list[Request]:
    """The whole history as one file, whichever months are due; the office answers 304 where nothing is new."""
    return [Request(member="eurofxref-hist.zip", url=ADDRESS, resumable=True)]


def recognise(member: str, answer: Answer) -> None:
    """Raise `BadFile` unless the answer is a whole zip that holds the table."""
    unzip(answer.body, FILE, MOST_BYTES)
