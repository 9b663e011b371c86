"""Answers as text for machines, with every digit: CSV and JSON. What people's eyes are shown is set in `cli.terminal`."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from decimal import Decimal
from io import TextIOWrapper
from itertools import chain
from typing import IO

from pipelines.errors import Usage
from pipelines.questions.answers import Answer


def write_csv(answer: Answer, file: IO[str], guarded: Callable[[str], str] = str) -> None:
    """Comma-separated: booleans as true and false, nested values as JSON, bytes as hex. Null is nothing, empty text is `""`.

    Of one column null is `""` too: many who read CSV take an empty line for no row. Texts are written as `guarded` gives them.
    """
    for row in chain([answer.names], chain.from_iterable(answer.batches())):
        line = ",".join(_csv_field(guarded(value) if isinstance(value, str) else value) for value in row)
        file.write(f"{line or _EMPTY_FIELD}\n")


_EMPTY_FIELD = '""'
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def no_formula(text: str) -> str:
    """A text that a spreadsheet takes for text, with a quote before what it would compute."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def _csv_field(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, dict | list | tuple):
        text = as_json(value)
    elif isinstance(value, bool):
        text = str(value).lower()
    elif isinstance(value, bytes):
        text = value.hex()
    elif isinstance(value, Decimal):
        text = f"{value:f}"
    else:
        text = str(value)
    return '"' + text.replace('"', '""') + '"' if text == "" or any(mark in text for mark in ',"\r\n') else text


def write_json(answer: Answer, file: IO[str]) -> None:
    """One array, an object a line. Raises `Usage` where two columns have one name: an object can hold one of them."""
    refuse_doubled(answer.names, "JSON")
    separator = "["
    for rows in answer.batches():
        for row in rows:
            file.write(f"{separator}\n{as_json(dict(zip(answer.names, row, strict=True)))}")
            separator = ","
    file.write("[]\n" if separator == "[" else "\n]\n")


def as_json(value: object) -> str:
    """A value as JSON: decimals with every digit, no infinity and no not-a-number, bytes as hex, what it has no form for as text."""
    match value:
        case dict():
            return "{" + ", ".join(f"{as_json(str(key))}: {as_json(item)}" for key, item in value.items()) + "}"
        case list() | tuple():
            return "[" + ", ".join(map(as_json, value)) + "]"
        case Decimal():
            return f"{value:f}"
        case float():
            return json.dumps(value if math.isfinite(value) else None)
        case None | bool() | int():
            return json.dumps(value)
        case bytes():
            return json.dumps(value.hex())
        case _:
            return json.dumps(str(value), ensure_ascii=False)


def refuse_doubled(names: list[str], kind: str) -> None:
    """Raise `Usage` where two columns have one name, and what is written holds one of it."""
    doubled = next((name for name in names if names.count(name) > 1), None)
    if doubled is not None:
        raise Usage(f"two columns are called {doubled!r}, and {kind} holds one of a name: rename one with `as`")


def as_text(write: Callable[[Answer, IO[str]], None], answer: Answer) -> Callable[[IO[bytes]], None]:
    """A way to write text, for a file of bytes."""

    def fill(file: IO[bytes]) -> None:
        text = TextIOWrapper(file, encoding="utf-8", newline="", write_through=True)
        write(answer, text)
        text.detach()

    return fill
