"""One small chart per mart, drawn without a network: what a glance at the mart should show."""

from __future__ import annotations

import base64
import io

import altair as alt
import duckdb

QUERIES = {
    "marts.export_change_monthly": """
        with monthly as (
            select *, count(*) over (partition by series_id) as months
            from marts.export_change_monthly
            where basis = 'weight' and period_months = 1 and amount is not null and scope = 'exact'
        )
        select
            commodity || ', ' || stage as subject,
            period_start as day,
            amount as tonnes,
            series_id || (period_start - to_months(row_number() over (partition by series_id order by period_start)::integer))::date as run
        from monthly
        qualify dense_rank() over (order by months desc, series_id) <= 5
        order by all
    """,
    "marts.import_concentration": """
        select importer_iso3 || ' ' || commodity || ' from ' || top_supplier_iso3 as subject, top_supplier_share as share
        from marts.import_concentration
        where top_supplier_share is not null and importer_iso3 <> top_supplier_iso3
        qualify row_number() over (partition by importer_iso3, commodity order by period_start desc, period_months desc, series_id) = 1
        order by share desc, subject
        limit 20
    """,
    "marts.production_concentration": """
        select commodity || ', ' || stage || ': ' || top_producer_iso3 as subject, top_producer_share as share
        from marts.production_concentration
        where top_producer_share is not null
        qualify row_number() over (partition by series_id order by period_start desc) = 1
        order by share desc, subject
        limit 20
    """,
    "marts.supplier_share": """
        select importer_iso3 || ' ' || commodity || ' from ' || supplier_iso3 as subject, share
        from marts.supplier_share
        where share_rank = 1 and share is not null
        qualify row_number() over (partition by importer_iso3, commodity order by period_start desc, period_months desc, series_id) = 1
        order by share desc, subject
        limit 20
    """,
    "marts.export_destination_share": """
        select exporter_iso3 || ' ' || commodity || ' to ' || destination_iso3 as subject, share
        from marts.export_destination_share
        where share is not null and destination_kind = 'country'
        qualify
            row_number() over (
                partition by exporter_iso3, commodity, destination_iso3
                order by period_start desc, period_months desc, series_id
            ) = 1
        order by share desc, subject
        limit 20
    """,
}
"""What each chart shows: `subject` and either `share`, as bars, or `day` and `tonnes`, as lines that stop where a `run` of months does."""


def chart(connection: duckdb.DuckDBPyConnection, mart: str) -> str | None:
    """A mart's chart as markdown with the picture in it; null where the mart has none or no rows to draw."""
    if mart not in QUERIES:
        return None
    rows = connection.sql(QUERIES[mart]).pl()
    if rows.is_empty():
        return None
    drawn = alt.Chart(rows.to_arrow()).properties(width=640)
    if "day" in rows.columns:
        lines = drawn.properties(height=90).mark_line(point={"size": 12})
        amount = alt.Y("tonnes:Q", title="t a month")
        lines = lines.encode(x=alt.X("day:T", title=None), y=amount, detail="run:N", row=alt.Row("subject:N", title=None))
        picture_of = lines.resolve_scale(y="independent")
    else:
        picture_of = drawn.mark_bar().encode(
            x=alt.X("share:Q", title="share", axis=alt.Axis(format="%")), y=alt.Y("subject:N", sort="-x", title=None)
        )
    picture = io.BytesIO()
    picture_of.save(picture, format="png")
    return f"![{mart}](data:image/png;base64,{base64.b64encode(picture.getvalue()).decode()})"
