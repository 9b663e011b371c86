"""What the edition of the bundled figures says of itself."""

from __future__ import annotations

from pipelines.model.statements import statements
from pipelines.settings import Settings
from tests.copies import ask


def test_an_edition_says_what_it_stands_on(built: Settings) -> None:
    assert ask(built.edition, "select releases from meta.edition") == ask(built.edition, "select count(*) from meta.release")
    observed_until = ask(built.edition, "select observed_until from meta.edition")
    assert observed_until == ask(built.edition, "select max(observed_at) from meta.observation")
    assert ask(built.edition, "select check_name from meta.check_result where not passed") == []
    assert len(ask(built.edition, "select check_name from meta.check_result")) == len(statements("checks"))


def test_a_year_of_publication_is_no_year_of_data(built: Settings) -> None:
    assert ask(built.edition, "select distinct period_start from facts.published_share where period_qualifier = 'publication_year'") == [
        (None,)
    ]
    assert ask(
        built.edition, "select newest_period_end <= date '2026-11-23' from meta.source_status where source = 'published_shares'"
    ) == [(True,)]


def test_the_views_in_main_carry_the_comments_of_their_columns(built: Settings) -> None:
    bare = "select table_name, column_name from duckdb_columns() where schema_name = 'main' and not internal and comment is null"
    assert ask(built.edition, bare) == []
