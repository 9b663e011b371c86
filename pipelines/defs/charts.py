"""One small chart per mart, drawn without a network: what a glance at the mart should show."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from html import escape

import duckdb
import polars as pl

_PERIOD_END = "(period_start + to_months(period_months) - interval 1 day)::date"
_PERIOD = f"""
    case
        when month(period_start) = 1 and period_months % 12 = 0
            then concat_ws(' to ', year(period_start), nullif(year({_PERIOD_END}), year(period_start)))
        else
            concat_ws(
                ' to ',
                strftime(period_start, '%Y-%m'),
                nullif(strftime({_PERIOD_END}, '%Y-%m'), strftime(period_start, '%Y-%m'))
            )
    end
"""
_MEASURED = "'by ' || basis || ', stage: ' || stage || ', ' || period || ', ' || publisher"
_NEWEST = "dense_rank() over (order by period_end desc, lists desc, publisher, basis, stage, period_start) = 1"
"""Of the rows of a chart only those of the newest period and, of that, of the publisher, basis and stage with the most lists."""

QUERIES = {
    "marts.export_change_monthly": """
        with monthly as (
            select *, count(distinct period_start) over (partition by series_id) as months
            from marts.export_change_monthly
            where basis = 'weight' and period_months = 1 and amount is not null and scope <> 'broad'
            qualify row_number() over (partition by series_id, period_start order by commodity desc) = 1
        ),
        named as (
            select distinct series_id, publisher
            from vocabulary.series
        )
        select
            reporter_iso3 || ' ' || series_id || ', stage: ' || stage || ', ' || publisher as subject,
            period_start as day,
            amount as tonnes,
            series_id || (period_start - to_months(row_number() over (partition by series_id order by period_start)::integer))::date as run,
            'Exports by weight' as title
        from monthly
        inner join named using (series_id)
        qualify dense_rank() over (order by months desc, series_id) <= 5
        order by all
    """,
    "marts.import_concentration": f"""
        with list as (
            select
                *,
                {_PERIOD_END} as period_end,
                {_PERIOD} as period,
                count(*) over (partition by publisher, basis, stage, period_start, period_months) as lists
            from marts.import_concentration
            where list_status = 'complete' and scope = 'exact' and basis <> 'unknown' and top_supplier_share is not null
        )
        select
            importer_iso3 || ' ' || commodity || ' from ' || top_supplier_iso3 as subject,
            top_supplier_share as share,
            'Largest supplier of imports ' || {_MEASURED} as title
        from list
        qualify {_NEWEST}
        order by share desc, subject
        limit 20
    """,
    "marts.production_concentration": f"""
        with named as (
            select distinct series_id, publisher, 'weight' as basis
            from vocabulary.series
            where scope = 'exact'
        ),
        list as (
            select
                *,
                {_PERIOD_END} as period_end,
                {_PERIOD} as period,
                count(*) over (partition by publisher, stage, period_start, period_months) as lists
            from marts.production_concentration
            inner join named using (series_id)
            where top_producer_share is not null
        )
        select
            commodity || ': ' || top_producer_iso3 as subject,
            top_producer_share as share,
            'Largest producer of the world ' || {_MEASURED} as title
        from list
        qualify {_NEWEST}
        order by share desc, subject
        limit 20
    """,
    "marts.supplier_share": f"""
        with list as (
            select
                *,
                {_PERIOD_END} as period_end,
                {_PERIOD} as period,
                count(*) over (partition by publisher, basis, stage, period_start, period_months) as lists
            from marts.supplier_share
            where list_status = 'complete' and scope = 'exact' and basis <> 'unknown' and share_rank = 1
        )
        select
            importer_iso3 || ' ' || commodity || ' from ' || supplier_iso3 as subject,
            share,
            'Largest named supplier of imports ' || {_MEASURED} as title
        from list
        qualify {_NEWEST}
        order by share desc, subject
        limit 20
    """,
    "marts.export_destination_share": f"""
        with list as (
            select
                *,
                {_PERIOD_END} as period_end,
                {_PERIOD} as period,
                count(*) over (partition by series_id, commodity, exporter_iso3, basis, period_start, period_months) as destinations
            from marts.export_destination_share
            where share is not null and destination_kind = 'country' and basis <> 'unknown' and scope <> 'broad'
        )
        select
            exporter_iso3 || ' ' || commodity || ' to ' || destination_iso3 as subject,
            share,
            'Destinations of exports ' || {_MEASURED} as title
        from list
        where destinations >= 3
        qualify dense_rank() over (order by period_end desc, period_months desc, destinations desc, series_id, commodity, basis) = 1
        order by share desc, subject
        limit 20
    """,
}
"""What each chart shows under one `title`: `subject` and either `share`, as bars, or `day` and `tonnes`, as lines that stop where a
`run` of months does. Bars that stand side by side are of one basis, stage, period and publisher."""


_WIDTH, _LABELS, _TOP = 960, 340, 40
_ROW, _PANEL = 22, 100
_COLOUR = "#4c78a8"


def chart(connection: duckdb.DuckDBPyConnection, mart: str) -> str | None:
    """A mart's chart as markdown with the picture (SVG) in it; null where the mart has none or no rows to draw."""
    if mart not in QUERIES:
        return None
    rows = connection.sql(QUERIES[mart]).pl()
    if rows.is_empty():
        return None
    drawn = "".join(_lines(rows) if "day" in rows.columns else _bars(rows))
    height = _TOP + (_PANEL * rows["subject"].n_unique() if "day" in rows.columns else _ROW * rows.height) + 10
    picture = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{height}" font-family="sans-serif" font-size="12">'
        f'<rect width="100%" height="100%" fill="white"/>{_text(8, 20, rows["title"][0], "start", "bold")}{drawn}</svg>'
    )
    return f"![{mart}](data:image/svg+xml;base64,{base64.b64encode(picture.encode()).decode()})"


def _bars(rows: pl.DataFrame) -> Iterator[str]:
    """A bar for each row, under each other, as long as its share."""
    for place, (subject, share) in enumerate(rows.select("subject", "share").iter_rows()):
        top, length = _TOP + place * _ROW, share * (_WIDTH - _LABELS - 60)
        yield _text(_LABELS - 8, top + 13, subject, "end")
        yield f'<rect x="{_LABELS}" y="{top}" width="{length:.1f}" height="{_ROW - 4}" fill="{_COLOUR}"/>'
        yield _text(_LABELS + length + 6, top + 13, f"{100 * share:.3g}%", "start")


def _lines(rows: pl.DataFrame) -> Iterator[str]:
    """A panel for each subject, under each other: its months from the first of all to the last, on a scale of its own from zero."""
    months = rows["day"].to_list()
    first, last = min(months), max(months)
    for place, ((subject,), panel) in enumerate(rows.group_by("subject", maintain_order=True)):
        floor, most = _TOP + (place + 1) * _PANEL - 24, max(panel["tonnes"].to_list()) or 1
        yield _text(8, floor - 62, f"{subject}: at most {most:,.0f} t a month", "start")
        yield f'<path d="M8 {floor}H{_WIDTH - 8}" stroke="#999999"/>'
        yield _text(8, floor + 14, f"{first:%Y-%m}", "start") + _text(_WIDTH - 8, floor + 14, f"{last:%Y-%m}", "end")
        for _, run in panel.group_by("run", maintain_order=True):
            points = [
                (8 + (day - first) / ((last - first) or day.resolution) * (_WIDTH - 16), floor - 54 * tonnes / most)
                for day, tonnes in run.sort("day").select("day", "tonnes").iter_rows()
            ]
            yield f'<path d="M{"L".join(f"{x:.1f} {y:.1f}" for x, y in points)}" fill="none" stroke="{_COLOUR}"/>'
            yield "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="1.5" fill="{_COLOUR}"/>' for x, y in points)


def _text(x: float, y: float, text: str, anchor: str, weight: str = "normal") -> str:
    return f'<text x="{x:.1f}" y="{y}" text-anchor="{anchor}" font-weight="{weight}">{escape(text)}</text>'
