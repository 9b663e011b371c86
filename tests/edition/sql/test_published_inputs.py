"""A level in the edition of the bundled figures lies where two printed changes put it."""

from __future__ import annotations

from tests.unit.sql.made_up import SERIES


def test_the_stored_level_of_april_2019_lies_where_two_printed_changes_put_it(built):
    from pipelines.edition.open import read_only

    with read_only(built.edition) as connection:
        (april,) = connection.execute(
            f"select amount from export_change_monthly where series_id = '{SERIES}' and basis = 'weight' and period_start = '2019-04-01'"
        ).fetchone()
        (first_two,) = connection.execute(
            f"select weight_kg / 1000 from trade_total where series_id = '{SERIES}'"
            " and period_start = '2019-01-01' and period_kind = 'combined'"
        ).fetchone()
    assert 4327.5 <= april <= 4331.8
    assert 6630.0 <= float(first_two) <= 6643.0
