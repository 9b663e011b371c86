"""The shape every office that files trade conforms to: one curated table, `trade_line`, whatever the office calls things.

Codes of partners and commodities stay the office's own; `sql/load` joins ours. Concepts and rules of single offices do
not belong here.
"""

from __future__ import annotations

import polars as pl

TRADE_LINE: dict[str, pl.DataType] = {
    "dataset": pl.String(),
    "flow": pl.String(),
    "reporter_iso3": pl.String(),
    "partner_code": pl.String(),
    "code": pl.String(),
    "code_system": pl.String(),
    "series_key": pl.String(),
    "period_start": pl.Date(),
    "period_months": pl.Int32(),
    "period_kind": pl.String(),
    "value": pl.Decimal(18, 2),
    "currency": pl.String(),
    "valuation": pl.String(),
    "cif_value": pl.Decimal(18, 2),
    "fob_value": pl.Decimal(18, 2),
    "value_method": pl.String(),
    "weight_kg": pl.Decimal(18, 3),
    "weight_method": pl.String(),
    "quantity": pl.Decimal(18, 3),
    "quantity_unit": pl.String(),
    "trade_system": pl.String(),
    "procedure": pl.String(),
    "list_status": pl.String(),
    "status": pl.String(),
    "qualifier": pl.String(),
    "page_tier": pl.Int32(),
    "publisher": pl.String(),
    "publication": pl.String(),
    "note": pl.String(),
    "source_row": pl.Int64(),
    "source_member": pl.String(),
    "slice": pl.String(),
}
"""Columns of a filed line. `code` is as filed, at whatever level; `value`, `cif_value` and `fob_value` are in `currency`;
`dataset` is one kind of count of one flow (general imports, imports for consumption), never a mixture. `series_key` names a
series of vocabulary/series.csv where six digits do not. `list_status` says what the partners of a month are: all there are
(null), a choice beside which the rest is summed (`selected`), or the few that a page names (`partial`). What an office files
itself is reported, a point, and has no page: `status`, `qualifier`, `page_tier`, `publisher` and `publication` are null then."""


def trade_lines(frame: pl.DataFrame, *, month: pl.Expr | None = None, **columns: pl.Expr) -> pl.DataFrame:
    """Rows in the shape of `TRADE_LINE`; a column that is neither given nor in the frame is null.

    `month` (text, YYYY-MM) gives the three columns of a period. A weight is filed unless `weight_method` says otherwise; the
    office's own country is the reporter (`reporter_iso3` of source.yaml).
    """
    given = columns
    if month is not None:
        given["period_start"] = (month + "-01").str.to_date("%Y-%m-%d")
        given |= {"period_months": pl.lit(1), "period_kind": pl.lit("month")}
    if "weight_kg" in given:
        given.setdefault("weight_method", pl.when(given["weight_kg"].is_not_null()).then(pl.lit("filed")))
    unknown = given.keys() - TRADE_LINE.keys()
    assert not unknown, f"trade lines have no {unknown}"
    return frame.select(
        (given[name] if name in given else pl.col(name) if name in frame.columns else pl.lit(None)).cast(dtype).alias(name)
        for name, dtype in TRADE_LINE.items()
    )
