"""The same lines and marts as a plain script of pandas and pandera makes them: `frames.py RAW OUT`. Runs in the peers' environment."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pandera.pandas as pa

PARTNERS = Path(__file__).resolve().parent.parent / "pipelines" / "sources" / "us_census" / "partners.csv"
MEASURES = ["GEN_VAL_MO", "GEN_CIF_MO", "CON_VAL_MO", "GEN_QY1_MO"]
CONTRACT = pa.DataFrameSchema(
    {
        "I_COMMODITY": pa.Column(str, pa.Check.str_matches(r"^[0-9]{6}([0-9]{4})?$")),
        "CTY_CODE": pa.Column(str),
        "time": pa.Column("datetime64[ns]"),
        "UNIT_QY1": pa.Column(str),
        **{name: pa.Column("int64", pa.Check.ge(0)) for name in MEASURES},
    },
    unique=["I_COMMODITY", "CTY_CODE", "time"],
)
SERIES, LIST = ["hs6", "basis"], ["hs6", "month", "basis"]


def read(raw: Path) -> pd.DataFrame:
    """Every row of every answer about imports, judged by the contract, with the country's ISO 3166 code."""
    frames = []
    for path in sorted(raw.glob("us_census/**/imports-*.json")):
        if path.stat().st_size and not {"visits", "receipts"} & {*path.parts}:
            header, *rows = json.loads(path.read_bytes())
            frame = pd.DataFrame(rows, columns=header)
            frames.append(frame.loc[:, ~frame.columns.duplicated()][list(CONTRACT.columns)])
    lines = pd.concat(frames, ignore_index=True)
    lines[MEASURES] = lines[MEASURES].astype("int64")
    lines["time"] = pd.to_datetime(lines["time"], format="%Y-%m").astype("datetime64[ns]")
    partners = pd.read_csv(PARTNERS, dtype=str, keep_default_na=False)[["code", "iso3", "role"]]
    return CONTRACT.validate(lines, lazy=True).merge(partners.rename(columns={"code": "CTY_CODE"}), on="CTY_CODE")


def marts(lines: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Shares, indices and changes, as benchmarks/marts defines them."""
    finest = lines[(lines["I_COMMODITY"].str.len() == 10) & (lines["role"] == "country")]
    finest = pd.DataFrame(
        {
            "hs6": finest["I_COMMODITY"].str[:6],
            "month": finest["time"],
            "supplier_iso3": finest["iso3"],
            "value": finest["GEN_VAL_MO"].astype("float64"),
            "weight": np.where(finest["UNIT_QY1"] == "KG", finest["GEN_QY1_MO"] / 1000, np.nan),
        }
    )
    summed = finest.groupby(["hs6", "month", "supplier_iso3"], as_index=False)[["value", "weight"]].sum()
    share = summed.melt(["hs6", "month", "supplier_iso3"], var_name="basis", value_name="amount")
    share["share"] = share["amount"] / share.groupby(LIST)["amount"].transform("sum")
    share["square"] = share["share"] ** 2
    grouped = share.groupby(LIST, as_index=False)
    concentration = grouped.agg(supplier_count=("share", "size"), cr1=("share", "max"), hhi=("square", "sum"))
    change = grouped["amount"].sum().sort_values([*SERIES, "month"])
    for name, months in {"change_on_month": 1, "change_on_year": 12}.items():
        before = change[[*LIST, "amount"]].assign(month=change["month"] + pd.DateOffset(months=months))
        change = change.merge(before.rename(columns={"amount": "before"}), on=LIST, how="left")
        change[name] = change["amount"] / change.pop("before") - 1
    return {"supplier_share": share.drop(columns="square"), "import_concentration": concentration, "import_change": change}


def main() -> None:
    """Write lines and marts as Parquet."""
    raw, out = map(Path, sys.argv[1:])
    lines = read(raw)
    lines.sort_values(["I_COMMODITY", "time", "CTY_CODE"]).to_parquet(out / "pandas_lines.parquet", compression="zstd")
    for name, mart in marts(lines).items():
        mart.to_parquet(out / f"pandas_{name}.parquet")


if __name__ == "__main__":
    main()
