"""What the page of performance says of figures that were measured."""

from __future__ import annotations

from benchmarks.page import BUILD, ROWS, Result, Used, page, table


def measured(name: str, lines: int, seconds: float, build: float, differing: int = 0, rows_sha256: str = "a") -> Result:
    used = {row: Used(seconds, seconds, 100) for row in ROWS} | {BUILD: Used(build, build, 50)}
    edition, parquet = (
        {"title": "Who?", "seconds": 0.001, "rows_sha256": "a"},
        {"title": "Who?", "seconds": 0.002, "rows_sha256": rows_sha256},
    )
    return Result(name, lines, used, {"the edition": 1.0}, [(edition, parquet)], {"dbt-duckdb": {"supplier_share": differing}})


SMALL, MIDDLE, LARGE = measured("0.08", 80_000, 1, 2), measured("1", 800_000, 10, 40), measured("3.6", 3_200_000, 40, 320)


def test_growth_is_told_from_the_two_largest_sizes_and_from_the_least_to_the_largest():
    header, _, floor, *_ = table([SMALL, MIDDLE, LARGE]).splitlines()
    assert header.endswith("| exponent, 1 to 3.6 | exponent, 0.08 to 3.6 |")
    assert floor.endswith("| 1.00 | 1.00 |")
    assert "| 1.50 | 1.38 |" in table([SMALL, MIDDLE, LARGE])


def test_two_sizes_have_one_growth_and_one_has_none():
    assert table([SMALL, MIDDLE]).splitlines()[0].endswith("| exponent, 0.08 to 1 |")
    assert "exponent" not in table([SMALL])


def test_whoever_took_less_is_ahead():
    text = page([SMALL], "a machine")
    assert f"*{BUILD}* takes 2.00 times the processor seconds and 0.50 times the memory of *floor*." in text
    assert f"Ahead: in processor seconds *floor*, in memory *{BUILD}*." in text
    assert "Of 1 questions the edition is ahead in 1, the Parquet in 0." in text


def test_other_marts_and_other_answers_are_told():
    text = page([measured("1", 1000, 1, 1, differing=3, rows_sha256="b")], "a machine")
    assert "dbt-duckdb's supplier_share differs from the floor's in 3 rows at 1,000 lines" in text
    assert "edition and Parquet answer differently at 1,000 lines: Who?" in text
    assert "All made the same marts" in page([SMALL], "a machine")
