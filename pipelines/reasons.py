"""Why a line, a release or a source is not as it should be: a code with its fields.

Whoever judges gives a code; its words are made here, and nobody reads anything out of them again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

WORDS = {
    # Of a line.
    "padded": "{column} {value!r} has blanks around it: write it without them",
    "not_a_date": "{column} {value!r} is not a date: write YYYY-MM-DD",
    "not_a_number": (
        "{column} {value!r} is not a number: write digits and one point only, without footnote marks, at most {decimals} decimals"
    ),
    "not_a_whole_number": "{column} {value!r} is not a whole number: write digits only, without footnote marks",
    "unknown_code": "{column} {value!r} is not in {file}: correct it, or add it there",
    "doubled_key": "the key {key} stands on more than one line: keep one of them",
    "empty": "{column} is empty: it is required",
    "broken_rule": "{column} {value!r}: {remedy}",
    "broken_rule_of_line": "{rule}{found}",
    "inconvertible": (
        "a value cannot be converted to standard units ({error}): correct it, or widen the curated column or the source's conform"
    ),
    "unforeseen": "the line cannot be judged ({error}): correct it, or mend the source's contract",
    "unforeseen_in_file": "the file cannot be judged ({error}): fetch it again, or mend the source's contract or conform",
    # Of a release.
    "too_many_rejected": "{rejected} of {lines} lines were rejected, e.g. {example}",
    "beside_unnamed": "a line of its file may belong to it, and nobody can tell: {example}",
    "not_curated": "it is not curated: its raw file can no longer be read, or `lodestone build` was stopped",
    "in_two_answers": "{table} of {key} stands in two answers: {places}",
    "all_vanished": "all {lines} lines vanished",
    "shrank": "{table} shrank from {had} to {has} rows",
    "rows_vanished": "{gone} of {had} rows of {table} are no longer there, e.g. that of {example}",
    "partner_vanished": "{gone} of {had} rows of {table} with {column} {partner} are no longer there, e.g. that of {example}",
    "group_vanished": (
        "{lost} rows of {table} of {group}, with {share:.1%} of its {amount}, are no longer there,"
        " e.g. that of {example} with {amount} {had}"
    ),
    "group_emptied": (
        "{lost} rows of {table} of {group}, with {share:.1%} of its {amount}, are without {measure} now,"
        " e.g. that of {example} with {amount} {had}"
    ),
    "emptied": "{measure} was {had} and is now empty ({member} line {line})",
    "jumped": "{measure} jumped from {had} to {has} ({member} line {line})",
    "apart": "{whose} is {has:,.0f}, and {had:,.0f} in {slice}",
    "waits_for_others": "it waits for others of the same snapshot, e.g. {slice}: {why}",
    "quarantined_by_person": "{author} quarantines it: {why}",
    # Of a source.
    "not_asked": "nothing was fetched yet: `lodestone fetch {source}` or `lodestone nightly` asks",
    "not_known_yet": "nothing of it was known by the end of {day}",
    "nothing_received": "nothing was received",
    "all_withdrawn": "the office took every row back",
    "unreadable": "{error}",
    "unanswered": "{visits}",
    "check_refused": "{found}",
    "fell_back": (
        "{found}; its newest snapshot is left aside: compare these rows (check_finding holds all) with the publisher's page, "
        "keep a mended copy (`lodestone keep {source} FILE`), wait for the office's next or, where the figures are right, "
        "`lodestone accept ID --reason ...` with the 16 digits above; then `lodestone build`"
    ),
    "release_failed": "{slice}: {why}",
    "release_quarantined": "{slice}: {why}",
    "releases_quarantined": "look at {releases}, then `lodestone accept RELEASE --reason ...`",
    "lines_rejected": (
        "{count:,} lines of current releases were rejected, and what they would have said is unknown: {examples};"
        " keep a mended copy, or add the code to its vocabulary, then `lodestone build`"
    ),
    "correction_expired": "{correction}",
    "partners_fall_short": (
        "in {months:,} of {all_months:,} months of its series the partners fall short of the filed total; the rest is shown as unattributed"
    ),
}
"""What is told, by code. What is to be done about it belongs to it."""


@dataclass(frozen=True)
class Reason:
    """A code of `WORDS`, and the fields that they need."""

    code: str
    fields: Mapping[str, object]

    def __str__(self) -> str:
        return WORDS[self.code].format_map(self.fields)


def reason(code: str, **fields: object) -> Reason:
    """The reason with a code."""
    return Reason(code, fields)
