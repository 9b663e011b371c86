"""Reasons are codes with fields: each has its words, each is given by somebody, and a contract names what its rules read."""

from __future__ import annotations

import ast
from string import Formatter

import pytest

from pipelines.reasons import WORDS, reason
from pipelines.settings import PACKAGE
from pipelines.sources import load_source, source_names

PARSED = [ast.parse(path.read_text("utf-8")) for path in PACKAGE.rglob("*.py") if path.name != "reasons.py"]
GIVEN = [
    node
    for tree in PARSED
    for node in ast.walk(tree)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "reason"
]
CONTRACTS = [(name, kind) for name in source_names() for kind in load_source(name).config.members]


def fields(words: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(words) if name}


def test_every_reason_that_is_given_has_words_that_need_its_fields_and_no_others():
    fixed = [call for call in GIVEN if isinstance(call.args[0], ast.Constant) and all(field.arg for field in call.keywords)]
    assert len(fixed) > len(WORDS) / 2
    for call in fixed:
        assert {field.arg for field in call.keywords} == fields(WORDS[call.args[0].value]), ast.unparse(call)


def test_every_code_is_given_by_somebody():
    texts = {node.value for tree in PARSED for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    assert WORDS.keys() - texts == set()


@pytest.mark.parametrize(("source", "kind"), CONTRACTS)
def test_a_rule_of_several_columns_names_columns_of_its_contract(source: str, kind: str):
    schema = load_source(source).contract(kind).to_schema()
    assert {name for check in schema.checks for name in fields(str(check.error))} <= schema.columns.keys()


def test_words_are_made_of_a_reason_when_it_is_told():
    unknown = reason("unknown_code", column="hs6_code", value="99", file="codes.csv")
    assert (unknown.code, unknown.fields["value"]) == ("unknown_code", "99")
    assert str(unknown) == "hs6_code '99' is not in codes.csv: correct it, or add it there"
