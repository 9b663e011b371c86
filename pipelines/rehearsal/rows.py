"""Tables as text: a JSON array of arrays or CSV, the first row the header. Which columns there are is each office's affair."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from io import StringIO

Row = list[str | None]
Change = Callable[[Row, list[Row]], tuple[Row, list[Row]]]


def json_rows(header: Row, rows: list[Row]) -> bytes:
    """A JSON array of arrays, a row a line."""
    lines = (json.dumps(row, separators=(",", ":"), ensure_ascii=False) for row in (header, *rows))
    return ("[" + ",\n".join(lines) + "]").encode()


def csv_rows(header: Row, rows: list[Row]) -> bytes:
    """CSV with plain line feeds; what is null is empty."""
    written = StringIO()
    csv.writer(written, lineterminator="\n").writerows([header, *rows])
    return written.getvalue().encode()


def changed_rows(text: str, change: Change) -> bytes:
    """The same kind of table after `change`."""
    if text.startswith("["):
        header, *rows = json.loads(text)
        return json_rows(*change(header, rows))
    lines: list[Row] = [list(line) for line in csv.reader(StringIO(text))]
    return csv_rows(*change(lines[0], lines[1:]))
