"""Monthly changes in the edition of the bundled figures."""

from __future__ import annotations

import pytest

from pipelines.edition.open import read_only
from tests.unit.sql.made_up import SERIES


def test_mays_headline_is_in_the_published_edition(built):
    with read_only(built.edition) as connection:
        found = connection.execute(
            "select amount, change_on_month, year_to_date_change_on_year, year_to_date_basis from export_change_monthly"
            f" where series_id = '{SERIES}' and basis = 'weight' and period_start = '2019-05-01'"
        ).fetchall()
    assert found == [(3640.0, pytest.approx(-0.159, abs=0.0005), pytest.approx(-0.0724, abs=0.0001), "printed")]


def test_an_amount_that_another_print_contradicts_is_flagged(built):
    with read_only(built.edition) as connection:
        found = connection.execute(
            "select period_start::varchar, amount from export_change_monthly"
            f" where series_id = '{SERIES}' and basis = 'weight' and flags like '%amount:contradicted%'"
        ).fetchall()
        prints = connection.execute(
            "select value / 1000, preferred_value / 1000 from conflict"
            f" where series_id = '{SERIES}' and contradicts and period_start = '2023-12-01'"
        ).fetchall()
    assert found == [("2023-12-01", 3438.0)]
    assert prints == [(3439.0, 3438.0)], "of two whole numbers of tonnes only one can be right"
