"""A difference set for people: as text or as Markdown, the kinds that say most first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import polars as pl

from pipelines.questions.difference.compare import Difference

SHOWN = 10
"""Lines of one list that are shown unless everything is asked for."""


@dataclass(frozen=True)
class Section:
    """One kind of change of one source in words; `more` says how many lines are left out."""

    title: str
    lines: tuple[str, ...]
    more: int = 0


def as_text(difference: Difference, shown: int | None = SHOWN) -> str:
    """What changed in words, a heading for each source. One line where nothing did."""
    if difference.is_empty:
        return f"{_nothing(difference)}\n"
    lines = [_heading(difference)]
    for source, sections in sections_by_source(difference, shown):
        lines += ["", source]
        for section in sections:
            lines.append(f"  {section.title}")
            lines += [f"    {line}" for line in section.lines]
            lines += [f"    and {section.more:,} more: --all shows them"] if section.more else []
    return "\n".join(lines) + "\n"


def as_markdown(difference: Difference, shown: int | None = SHOWN) -> str:
    """The same as Markdown, to paste into a report or an issue."""
    if difference.is_empty:
        return f"{_nothing(difference)}\n"
    lines = [_heading(difference)]
    for source, sections in sections_by_source(difference, shown):
        lines += ["", f"## {_escaped(source)}"]
        for section in sections:
            lines += ["", f"**{_escaped(section.title)}**", ""] if section.lines else ["", _escaped(section.title)]
            lines += [f"- {_escaped(line)}" for line in section.lines]
            lines += [f"- and {section.more:,} more"] if section.more else []
    return "\n".join(lines) + "\n"


def _escaped(text: str) -> str:
    """Underscores and asterisks of names are no emphasis, and nothing an office wrote becomes a link or a tag."""
    for sign in "\\`*_[]<>|#":
        text = text.replace(sign, f"\\{sign}")
    return text.replace("\n", " ")


def _nothing(difference: Difference) -> str:
    before, after = difference.before, difference.after
    if before["edition_id"] == after["edition_id"]:
        return f"Nothing changed: both are edition {after['edition_id']}."
    code = "; only the code is another" if before["code_version"] != after["code_version"] else ""
    return f"Nothing changed from edition {_named(before)} to {_named(after)}{code}."


def _heading(difference: Difference) -> str:
    return f"What changed from edition {_named(difference.before)} to {_named(difference.after)}"


def _named(edition: Mapping[str, Any]) -> str:
    moment: datetime | None = edition["as_of"] or edition["observed_until"]
    until = "nothing looked at" if moment is None else f"{'as of' if edition['as_of'] else 'snapshots until'} {moment:%Y-%m-%d}"
    return f"{edition['edition_id']} ({until})"


def sections_by_source(difference: Difference, shown: int | None = SHOWN) -> Iterator[tuple[str, list[Section]]]:
    """The sections of every source that something changed of, then those that belong to none; no more than `shown` lines in each."""
    named = {
        str(name) for frame in difference.frames.values() if "source" in frame.columns for name in frame["source"].drop_nulls().unique()
    }
    for source in sorted(named):
        yield source, [_cut(section, shown) for section in _sections(difference.of(source)) if section.title]
    if not difference.checks.is_empty():
        lines = [
            f"{check['check_name']}: {_or_none(check['outcome_before'])}, now {_or_none(check['outcome_after'])}: {check['found']}"
            for check in _rows(difference.checks)
        ]
        yield "checks", [_cut(Section(f"rows that stand out in a check in one of the two: {len(lines)}", tuple(lines)), shown)]


def _cut(section: Section, shown: int | None) -> Section:
    if shown is None or len(section.lines) <= shown:
        return section
    return replace(section, lines=section.lines[:shown], more=len(section.lines) - shown)


def _sections(difference: Difference) -> Iterator[Section]:
    is_total = pl.col("counted") == "total"
    yield _months("new months", difference.new_months)
    yield _months("months no longer there", difference.gone_months)
    totals = difference.revised.filter(is_total)
    yield Section("No total moved", ()) if totals.is_empty() else _figures("totals revised", totals)
    yield _figures("figures of partners, producers or currencies revised", difference.revised.filter(~is_total))
    yield _figures("figures that were not there, in periods held before", difference.appeared)
    yield _figures("figures no longer there, in periods still held", difference.vanished)
    yield _counted("series and months with other codes that add up to the same", difference.recoded, _recoded_line)
    yield _newly_asked(difference.newly_asked)
    for kind, words in PARTNER_WORDS.items():
        yield _partners(words, difference.partners.filter(kind=kind))
    yield _counted("slices withdrawn", difference.withdrawn, lambda row: str(row["slice"]))
    for change, words in RELEASE_WORDS.items():
        yield _releases(words, difference.releases.filter(change=change), with_lines=change != "new")
    yield _counted("other changes", difference.other, lambda row: f"{row['rows']:,} rows of {row['table']} {OTHER_WORDS[row['change']]}")
    yield _counted("change of state", difference.states, _state_line)


PARTNER_WORDS = {
    "newly_named": "newly named (their amount was in the total before, without a country)",
    "new": "new (their first month is a new month)",
    "appeared": "new in months held before",
    "lost": "lost (no longer in months they stood in)",
}

RELEASE_WORDS = {
    "new": "releases new",
    "accepted": "quarantined releases let in",
    "mended": "failed releases now good",
    "quarantined": "releases quarantined",
    "failed": "releases failed",
    "gone": "releases no longer there",
}


OTHER_WORDS = {"added": "added", "gone": "gone", "changed": "changed, in words or beside the figures listed"}


def _rows(frame: pl.DataFrame) -> Iterator[dict[str, Any]]:
    return frame.iter_rows(named=True)


def _counted(words: str, frame: pl.DataFrame, line: Any) -> Section:
    return Section(f"{words}: {frame.height:,}" if frame.height else "", tuple(line(row) for row in _rows(frame)))


def _months(words: str, frame: pl.DataFrame) -> Section:
    """Series with the same months share a line."""
    if frame.is_empty():
        return Section("", ())
    series = frame.with_columns(period=pl.struct("period_start", "period_months")).group_by("series_id").agg(pl.col("period").sort())
    together: dict[tuple[tuple[date, int], ...], list[str]] = {}
    for row in _rows(series.sort("series_id")):
        periods = tuple((period["period_start"], period["period_months"]) for period in row["period"])
        together.setdefault(periods, []).append(row["series_id"])
    lines = [f"{_periods(list(periods))}: {_names(names)}" for periods, names in sorted(together.items(), key=lambda entry: entry[1])]
    return Section(f"{words}: {frame.height:,} in {series.height:,} series", tuple(lines))


def _periods(periods: list[tuple[date, int]]) -> str:
    if len(periods) <= 3:
        return ", ".join(_period(*period) for period in periods)
    return f"{_period(*periods[0])} to {_period(*periods[-1])} ({len(periods)} periods)"


def _period(start: date | None, months: int | None) -> str:
    if start is None:
        return "no period"
    if months == 1 or months is None:
        return f"{start:%Y-%m}"
    if months == 12 and start.month == 1:
        return f"{start:%Y}"
    last = start.year * 12 + start.month - 1 + months - 1
    return f"{start:%Y-%m}/{last // 12:04d}-{last % 12 + 1:02d}"


def _names(names: list[str], most: int = 6) -> str:
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def _figures(words: str, frame: pl.DataFrame) -> Section:
    if frame.is_empty():
        return Section("", ())
    series = frame["series_id"].n_unique()
    return Section(f"{words}: {frame.height:,} in {series:,} series", tuple(_figure_line(row) for row in _rows(frame)))


def _figure_line(row: dict[str, Any]) -> str:
    what = [row["series_id"], "" if row["counted"] in ("total", "exchange_rate") else row["partner_iso3"]]
    what += [f"code {row['code']}" if row["code"] and not str(row["series_id"]).endswith(f"/{row['code']}") else ""]
    what += [_period(row["period_start"], row["period_months"]), row["measure"]]
    change = "" if row["ratio"] is None else f" (x {row['ratio']:.4g}, {row['ratio'] - 1:+.2%})"
    amounts = " -> ".join(_amount(value) for value in (row["before"], row["after"]) if value is not None)
    return f"{' '.join(filter(None, what))}: {amounts}{change}"


def _amount(value: Decimal) -> str:
    text = f"{value:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _recoded_line(row: dict[str, Any]) -> str:
    return f"{row['series_id']} {_period(row['period_start'], row['period_months'])}: {row['partners']} partners"


def _newly_asked(frame: pl.DataFrame) -> Section:
    if frame.is_empty():
        return Section("", ())
    codes = sorted(frame["code"].unique())
    lines = [
        f"{row['series_id']}: {row['months']} months, {row['first_month']:%Y-%m} to {row['last_month']:%Y-%m}"
        if row["months"]
        else f"{row['series_id']}, codes that begin with {row['code']}: nothing is filed"
        for row in _rows(frame)
    ]
    return Section(f"codes newly asked: {len(codes)} ({_names(codes, most=20)})", tuple(lines))


def _partners(words: str, frame: pl.DataFrame) -> Section:
    if frame.is_empty():
        return Section("", ())
    names = sorted(frame["partner_iso3"].unique())
    lines = [
        f"{row['partner_iso3']} in {row['series_id']}: {row['months']} months, {row['first_month']:%Y-%m} to {row['last_month']:%Y-%m}"
        for row in _rows(frame.sort("partner_iso3", "series_id"))
    ]
    return Section(f"partners {words}: {len(names)} ({_names(names, most=20)})", tuple(lines))


def _releases(words: str, frame: pl.DataFrame, *, with_lines: bool) -> Section:
    if frame.is_empty():
        return Section("", ())
    lines = [f"{row['release_id']} ({row['slice']})" + (f": {row['reason']}" if row["reason"] else "") for row in _rows(frame)]
    return Section(f"{words}: {frame.height:,}", tuple(lines) if with_lines else ())


def _state_line(row: dict[str, Any]) -> str:
    before, after = row["state_before"] or "not there", row["state_after"] or "not there"
    return f"{after if before == after else f'{before} -> {after}'}: {row['message'] or 'nothing more to say'}"


def _or_none(value: int | None) -> str:
    return "no" if value is None else f"{value:,}"
