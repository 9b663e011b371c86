"""One small chart per mart, drawn without a network: what a glance at the mart should show."""

from __future__ import annotations

import base64
import io

import altair as alt
import duckdb

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


def chart(connection: duckdb.DuckDBPyConnection, mart: str) -> str | None:
    """A mart's chart as markdown with the picture in it; null where the mart has none or no rows to draw."""
    if mart not in QUERIES:
        return None
    rows = connection.sql(QUERIES[mart]).pl()
    if rows.is_empty():
        return None
    title = alt.TitleParams(rows["title"][0], anchor="start")
    drawn = alt.Chart(rows.to_arrow()).properties(width=640, title=title)
    if "day" in rows.columns:
        lines = drawn.properties(height=90).mark_line(point={"size": 12})
        amount = alt.Y("tonnes:Q", title="t a month")
        heading = alt.Row("subject:N", title=None, header=alt.Header(labelOrient="top", labelAnchor="start"))
        lines = lines.encode(x=alt.X("day:T", title=None), y=amount, detail="run:N", row=heading)
        picture_of = lines.resolve_scale(y="independent")
    else:
        subject = alt.Y("subject:N", sort="-x", title=None, axis=alt.Axis(labelLimit=320))
        picture_of = drawn.mark_bar().encode(x=alt.X("share:Q", title="share", axis=alt.Axis(format="%")), y=subject)
    picture = io.BytesIO()
    picture_of.save(picture, format="png")
    return f"![{mart}](data:image/png;base64,{base64.b64encode(picture.getvalue()).decode()})"
