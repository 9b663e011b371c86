"""Periods of trade statistics: reading `2019`, `2019-05` and `2019-01/2019-02`, and naming what kind of span they are."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

PERIOD_PATTERN = r"^(19|20)[0-9]{2}(-(0[1-9]|1[0-2])(/(19|20)[0-9]{2}-(0[1-9]|1[0-2]))?)?$"
"""YYYY, YYYY-MM or YYYY-MM/YYYY-MM."""


def first_day(period: str) -> pl.Expr:
    """First day of the period in column `period`; null where the text is no period."""
    text = pl.col(period)
    month = pl.when(text.str.len_chars() == 4).then(text + "-01").otherwise(text.str.slice(0, 7))
    return (month + "-01").str.to_date("%Y-%m-%d", strict=False)


def month_after(period: str) -> pl.Expr:
    """First day of the month after the period ends; null where the text is no period."""
    text = pl.col(period)
    last = pl.when(text.str.len_chars() == 4).then(text + "-12").otherwise(text.str.slice(-7))
    return (last + "-01").str.to_date("%Y-%m-%d", strict=False).dt.offset_by("1mo")


def months_in(period: str) -> pl.Expr:
    """How many months the period holds."""
    start, end = first_day(period), month_after(period)
    return ((end.dt.year() - start.dt.year()) * 12 + end.dt.month().cast(pl.Int32) - start.dt.month().cast(pl.Int32)).cast(pl.Int32)


def period_kind(start: str, months: str) -> pl.Expr:
    """`month`, `combined` (January and February published as one), `cumulative` (from January), `year` or `range`."""
    length, january = pl.col(months), pl.col(start).dt.month() == 1
    return (
        pl.when(length == 1)
        .then(pl.lit("month"))
        .when((length == 12) & january)
        .then(pl.lit("year"))
        .when((length == 2) & january)
        .then(pl.lit("combined"))
        .when(january & (length < 12))
        .then(pl.lit("cumulative"))
        .otherwise(pl.lit("range"))
    )


def months_between(first: str, last: str) -> list[str]:
    """Every month (YYYY-MM) from the first to the last, both included; none where the last is earlier."""
    month, found = first, []
    while month <= last:
        found.append(month)
        month = shifted(month, 1)
    return found


def shifted(month: str, by: int) -> str:
    """The month (YYYY-MM) a number of months later, or earlier where the number is negative."""
    number = int(month[:4]) * 12 + int(month[5:]) - 1 + by
    return f"{number // 12:04d}-{number % 12 + 1:02d}"


def runs(months: Iterable[str], cut_at_new_year: bool = False) -> list[tuple[str, str]]:
    """First and last of every unbroken run of months (YYYY-MM), also cut where a year ends if so asked."""
    found: list[tuple[str, str]] = []
    for month in sorted(set(months)):
        if found and month == shifted(found[-1][1], 1) and not (cut_at_new_year and month.endswith("-01")):
            found[-1] = (found[-1][0], month)
        else:
            found.append((month, month))
    return found


def end_of_day(day: pl.Expr) -> pl.Expr:
    """A bare date means the end of that day, UTC."""
    return day.cast(pl.Datetime("us")).dt.offset_by("1d").dt.offset_by("-1s")


def is_in_calendar(date_text: str) -> pl.Expr:
    """Whether a date of a year, a month or a day exists: 2019-02-30 does not. An empty one is no date that could not."""
    text = pl.col(date_text)
    rest = (
        pl.when(text.str.len_chars() == 4).then(pl.lit("-01-01")).when(text.str.len_chars() == 7).then(pl.lit("-01")).otherwise(pl.lit(""))
    )
    return text.is_null() | (text + rest).str.to_date("%Y-%m-%d", strict=False).is_not_null()
