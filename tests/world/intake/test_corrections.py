"""A person's correction changes one figure from its moment on, and ends when the office mends it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from pipelines.edition.open import read_only
from pipelines.errors import Usage
from pipelines.intake import corrections
from pipelines.intake.curation import correction_of
from pipelines.settings import Settings
from pipelines.sources import load_source
from tests.copies import ask, revise, tonnes
from tests.small import CHINA, RARE_EARTHS, as_of, night

MAY = ("2019-05-01", "china_customs_bulletin/rare_earths")


def at(settings: Settings, day: int) -> Settings:
    return Settings(data=settings.data, fixed_now=datetime(2026, 12, day, 12, tzinfo=UTC))


def release_of_may(settings: Settings) -> str:
    query = "select release_id from facts.trade_total where period_start = ? and series_id = ? and period_kind = 'month'"
    return str(ask(settings.edition, query, *MAY)[0][0])


def correct(settings: Settings, text: str, line: int = 21, column: str = "tonnes") -> corrections.Correction:
    found = correction_of(
        settings, load_source(CHINA), release_of_may(settings), (RARE_EARTHS, line), (column, text), "a tester", "a digit was lost"
    )
    corrections.keep(settings.raw, found)
    return found


def test_a_correction_counts_from_its_moment_on_and_not_before(own: Settings) -> None:
    made = correct(at(own, 5), "3641")
    edition = night(own)
    assert tonnes(edition.path, "2019-05") == [3641]
    assert tonnes(as_of(own, "2026-12-04"), "2019-05") == [3640]
    query = "select correction_id, source_row, column_name, filed, used, author, reason from meta.correction"
    assert ask(edition.path, query) == [(made.correction_id, 21, "tonnes", "3640", "3641", "a tester", "a digit was lost")]
    assert not night(own).changed


def test_a_correction_is_spent_once_the_office_mends_its_figure(own: Settings) -> None:
    made = correct(at(own, 5), "3641")
    night(own)
    revise(own, CHINA, RARE_EARTHS, {"2019-05,3640,": "2019-05,3642,"}, datetime(2026, 12, 9, tzinfo=UTC))
    edition = night(own)
    assert tonnes(edition.path, "2019-05") == [3642]
    ((message,),) = ask(edition.path, "select message from meta.source_status where source = ?", CHINA)
    assert f"correction {made.correction_id} has expired: tonnes was 3640 and is now 3642" in str(message)


def test_a_correction_outlives_a_later_copy_that_repeats_the_error(own: Settings) -> None:
    correct(at(own, 5), "3641")
    night(own)
    revise(own, CHINA, RARE_EARTHS, {"2019-06,3966,": "2019-06,3967,"}, datetime(2026, 12, 9, tzinfo=UTC))
    edition = night(own)
    assert (tonnes(edition.path, "2019-05"), tonnes(edition.path, "2019-06")) == ([3641], [3967])


@pytest.mark.parametrize(
    ("line", "column", "text", "says"),
    [
        (21, "tonnes", "3640", "is '3640' already"),
        (21, "tons", "1", "has no column 'tons'"),
        (9999, "tonnes", "1", "has no line 9999"),
        (21, "tonnes", "3,640", "the gate would reject the line: tonnes '3,640' is not a number"),
    ],
)
def test_what_cannot_be_corrected_is_refused_in_one_sentence(built: Settings, line: int, column: str, text: str, says: str) -> None:
    with pytest.raises(Usage, match=says.replace("(", "\\(")):
        correct(at(built, 5), text, line, column)
    with read_only(built.edition) as connection:
        assert connection.execute("select count(*) from meta.correction").fetchone() == (0,)
