"""What holds for every source alike."""

from __future__ import annotations

import pytest

from pipelines.sources import load_source, source_names
from tests.sources.bundled import copies, curated, judged, lines

MEMBERS = [
    (name, member) for name in source_names() if load_source(name).config.fetch is None for member in load_source(name).config.members
]
COPIES = [(source, member, copy) for source, member in MEMBERS for copy in range(len(copies(source, member)))]


@pytest.mark.parametrize(("source", "member", "copy"), COPIES)
def test_every_line_of_every_bundled_copy_is_accepted_or_kept_with_a_reason_and_today_all_are_accepted(source, member, copy):
    found, received = judged(source, member, copy), lines(source, member, copy)
    assert found.accepted.height + found.rejected.height == received.height
    assert found.rejected.is_empty()


@pytest.mark.parametrize(("source", "member"), MEMBERS)
def test_every_accepted_line_stands_in_a_curated_table(source, member):
    stands = {row for table in curated(source, member).values() for row in table["source_row"]}
    assert stands == set(lines(source, member)["source_row"])


@pytest.mark.parametrize("name", source_names())
def test_a_source_names_its_publisher_its_terms_and_how_to_cite_it(name):
    config = load_source(name).config
    assert config.publisher
    assert config.licence
    assert config.citation
    assert config.redistributable, "what may not be passed on must not be bundled"
