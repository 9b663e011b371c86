"""Accepted rows to trade lines: first days of months, kilograms, general imports apart from imports for consumption. Pure Polars."""

from __future__ import annotations

import polars as pl

from pipelines.model.trade import trade_lines
from pipelines.sources import companion


def conform(kind: str, accepted: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """`trade_line`: for a row of imports its general imports and, where filed, its imports for consumption; for exports one."""
    if kind == "exports":
        return {"trade_line": _lines(accepted, "exports", "E_COMMODITY", value="ALL_VAL_MO", quantity="QTY_1_MO", valuation="FAS")}
    general = _lines(accepted, "imports", "I_COMMODITY", value="GEN_VAL_MO", quantity="GEN_QY1_MO", valuation="customs", cif="GEN_CIF_MO")
    cleared = accepted.filter(pl.col("CON_VAL_MO").is_not_null())
    consumption = _lines(cleared, "imports_for_consumption", "I_COMMODITY", value="CON_VAL_MO", quantity="CON_QY1_MO", valuation="customs")
    return {"trade_line": pl.concat([general, consumption])}


def _lines(
    rows: pl.DataFrame, dataset: str, code: str, *, value: str, quantity: str, valuation: str, cif: str | None = None
) -> pl.DataFrame:
    units = companion("us_census", "units.csv").select("counted", UNIT_QY1="unit", kg=pl.col("kg").cast(pl.Decimal(9, 3)))
    # A zero counts only where its flag says so: without one it may stand for a quantity that is missing.
    flag = pl.col(f"{quantity}_FLAG")
    is_filed = (flag == "-") | (flag.is_null() & (pl.col(quantity) > 0))
    filed = pl.when(is_filed & (pl.col("counted").fill_null("yes") == "yes")).then(quantity)
    measured = rows.join(units, on="UNIT_QY1", how="left", maintain_order="left").with_columns(
        filed=filed, weight=(filed * pl.col("kg")).cast(pl.Decimal(18, 3))
    )
    return trade_lines(
        measured,
        dataset=pl.lit(dataset),
        flow=pl.lit("export" if dataset == "exports" else "import"),
        partner_code=pl.col("CTY_CODE"),
        code=pl.col(code),
        code_system=pl.lit("Schedule B" if dataset == "exports" else "HTS"),
        month=pl.col("time"),
        value=pl.col(value),
        currency=pl.lit("USD"),
        valuation=pl.lit(valuation),
        cif_value=pl.lit(None) if cif is None else pl.col(cif),
        weight_kg=pl.col("weight"),
        quantity=pl.col("filed"),
        quantity_unit=pl.when(pl.col("filed").is_not_null()).then("UNIT_QY1"),
        trade_system=pl.lit("special" if dataset == "imports_for_consumption" else "general"),
    )
