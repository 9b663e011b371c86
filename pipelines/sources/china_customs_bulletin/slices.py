"""Which slice a printed line belongs to (series, period and publication), and since when it was known.

A line is known from the release date it states; else from the office's calendar, the 15th of the following month for
the press table and the 20th for the query platform (January and February alone only with March's, since 2020); else
from when it was first held. A level that a page only quotes later, or that was computed from later reports, is known
from those: `prints.csv` says from which. See docs/methods.md, "Since when a figure is known".
"""

from __future__ import annotations

import polars as pl

from pipelines.periods import end_of_day, first_day, month_after, months_in
from pipelines.sources import companion
from pipelines.sources.china_customs_bulletin.contract import MAIN

RARE_EARTHS = "rare earths (GACC press table)"
KEY = ["member", "series", "period", "period_type", "source_url"]
RELEASE_DAY = {"bulletin_15": 15, "platform_20": 20}


def slices(member: str, frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with `slice`, `known_from` and `known_from_basis`."""
    lines = with_prints(member, frame)
    stated = _last_day("release_date")
    reported_with = end_of_day(_release_day("known_with", "known_with_calendar"))
    own = end_of_day(_release_day("period", "calendar"))
    by_hand = end_of_day(pl.col("known_with_calendar").str.strip_prefix("stated:").str.to_date("%Y-%m-%d", strict=False))
    dated = lines.with_columns(
        slice=pl.concat_str("series", "period", "source_url", separator="/"),
        known_from=pl.when(pl.col("known_with_calendar") == "held")
        .then(pl.lit(None, pl.Datetime("us")))
        .otherwise(pl.coalesce(pl.max_horizontal(stated, by_hand, reported_with), own)),
    ).with_columns(
        known_from_basis=pl.when(pl.col("known_from").is_null())
        .then(pl.lit("held"))
        .when((pl.col("known_from") == stated) | (pl.col("known_from") == by_hand))
        .then(pl.lit("stated"))
        .otherwise(pl.lit("calendar"))
    )
    return dated.select(*frame.columns, "slice", "known_from", "known_from_basis")


def with_prints(member: str, frame: pl.DataFrame) -> pl.DataFrame:
    """Lines of either file in one vocabulary, with what `prints.csv` and `calendars.csv` say of them."""
    main = member == MAIN
    lines = frame.with_columns(
        member=pl.lit(member),
        series=pl.lit(RARE_EARTHS) if main else pl.col("series"),
        source_url=pl.col("url" if main else "source_url"),
        release_date=pl.lit(None, pl.String) if main else pl.col("release_date"),
        ytd_tonnes_reported=pl.col("ytd_tonnes_reported") if main else pl.lit(None, pl.Decimal(18, 6)),
        preferred=pl.lit("yes") if main else pl.col("preferred"),
    )
    prints = companion("china_customs_bulletin", "prints.csv").with_columns(
        series=pl.when(pl.col("member") == MAIN).then(pl.lit(RARE_EARTHS)).otherwise(pl.col("series"))
    )
    calendars = companion("china_customs_bulletin", "calendars.csv")
    return (
        lines.join(prints.drop("reason"), on=KEY, how="left", nulls_equal=True, maintain_order="left")
        .join(calendars, on="series", how="left", maintain_order="left")
        .with_columns(
            series_key=pl.coalesce("series_override", "series"),
            known_with_calendar=pl.coalesce("known_with_calendar", pl.when(pl.col("known_with").is_not_null()).then("calendar")),
        )
    )


def _release_day(period: str, calendar: str) -> pl.Expr:
    """The office's fixed release day for a period; null where the series has no calendar."""
    after = month_after(period)
    with_march = (months_in(period) == 1) & (first_day(period).dt.year() >= 2020) & (first_day(period).dt.month() == 1)
    release_month = pl.when(with_march).then(after.dt.offset_by("1mo")).otherwise(after)
    alone = (months_in(period) == 1) & (first_day(period).dt.year() >= 2020) & (first_day(period).dt.month() <= 2)
    day = (
        pl.when(alone & pl.col(calendar).is_in(list(RELEASE_DAY)))
        .then(RELEASE_DAY["platform_20"])
        .otherwise(pl.col(calendar).replace_strict(RELEASE_DAY, default=None, return_dtype=pl.Int64))
    )
    return release_month + pl.duration(days=day - 1)


def _last_day(date_text: str) -> pl.Expr:
    """End of the last day of a date that may name only a month or a year."""
    text = pl.col(date_text)
    month = pl.when(text.str.len_chars() == 4).then(text + "-12").otherwise(text.str.slice(0, 7))
    month_end = (month + "-01").str.to_date("%Y-%m-%d", strict=False).dt.month_end()
    day = pl.when(text.str.len_chars() == 10).then(text.str.to_date("%Y-%m-%d", strict=False)).otherwise(month_end)
    return end_of_day(day)
