"""Commands that ask an edition: sql, tables, explain. Each imports what it alone needs when it is called."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from dataclasses import asdict
from enum import StrEnum
from functools import partial
from itertools import chain
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text
from typer.core import TyperCommand

from pipelines.__main__ import loading
from pipelines.cli.arguments import edition_path
from pipelines.cli.output import console_of, forget_output, quiet_table
from pipelines.errors import Usage
from pipelines.settings import load_settings

if TYPE_CHECKING:
    from pipelines.questions.answers import Answer
    from pipelines.questions.citation import Citation


class Question(TyperCommand):
    """A command whose argument may begin with a comment (`-- which ...`) and is no option for that."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Take a question for what it is."""
        questions = [text for text in args if _COMMENT.match(text)]
        if questions and "--" not in args:
            args = [text for text in args if text not in questions] + ["--", *questions]
        return super().parse_args(ctx, args)


_COMMENT = re.compile(r"--(\s|[^\n]*\n)")


class Format(StrEnum):
    """How `lodestone sql` writes an answer."""

    table = "table"
    record = "record"
    csv = "csv"
    json = "json"
    parquet = "parquet"


class Setting(StrEnum):
    """How `lodestone explain` sets an explanation."""

    text = "text"
    markdown = "markdown"
    json = "json"


def sql(
    query: Annotated[
        str | None,
        typer.Argument(
            metavar="QUERY", help="One query in DuckDB's SQL, e.g. 'from import_concentration limit 5'; - reads it from standard input."
        ),
    ] = None,
    file: Annotated[Path | None, typer.Option("-f", "--file", metavar="FILE", help="Read the query from this file.")] = None,
    output_format: Annotated[
        Format | None, typer.Option("--format", help="How to write the rows; as the name of --output says, else as a table.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write to this file instead of the terminal; - is standard output.")
    ] = None,
    as_of: Annotated[str | None, typer.Option(metavar="DATE", help="Ask the edition built with `lodestone build --as-of DATE`.")] = None,
    cite: Annotated[bool, typer.Option("--cite", help="Add whom to cite and on which terms; to stderr with csv and parquet.")] = False,
    safe: Annotated[
        bool, typer.Option("--safe", help="CSV for a spreadsheet: a quote stands before texts that it would take for a formula.")
    ] = False,
) -> None:
    """Ask the published edition one question, read-only: no other file and no network can be reached from it.

    Every table stands under its own name: `lodestone tables` lists them, `describe supplier_share` shows the columns of one.

    Examples: `lodestone sql "from claim_check"`, `lodestone sql "from trade_total" --output exports.csv`,
    `lodestone sql -f sql/questions/largest_suppliers.sql`.
    """
    asked = _asked(query, file)
    output = None if str(output) == "-" else output
    form = output_format or _form_of(output)
    if form is Format.parquet and output is None:
        raise Usage("Parquet is not text: name a file with --output FILE")
    if safe and form is not Format.csv:
        raise Usage(f"--safe is for CSV, and the rows are written as {form}: add --format csv")
    settings = load_settings()
    with loading():
        from pipelines.edition.open import read_only
        from pipelines.questions.answers import ask, stoppable

        write = _writer(form, safe)
        if cite:
            from pipelines.questions import citation
        if output is not None:
            from pipelines.questions.files import write_file
            from pipelines.questions.text import as_text
    with read_only(edition_path(settings, as_of)) as connection, stoppable(connection):
        answer = ask(connection, asked)
        cited = citation.cited(connection, asked, answer.names, chain.from_iterable(answer.batches())) if cite else None
        if cited is not None and form is not Format.parquet:
            write = partial(_write_cited, form, write, cited)
        try:
            if output is not None:
                write_file(settings, output, partial(write, answer) if form is Format.parquet else as_text(write, answer))
            else:
                write(answer, sys.stdout)
                sys.stdout.flush()
        except BrokenPipeError:  # the reader, e.g. `head`, has seen enough
            forget_output()
    if cited is not None and form in (Format.csv, Format.parquet):
        sys.stderr.write(citation.as_text(*cited))


def _asked(query: str | None, file: Path | None) -> str:
    """The text of a question, wherever it stands."""
    if (query is None) == (file is None):
        raise Usage("ask one question: as QUERY, with -f FILE, or - to read it from standard input; `lodestone sql --help` explains")
    try:
        if "-" in (query, str(file)):
            if sys.stdin is None:
                raise Usage("there is no standard input to read the question from")
            return sys.stdin.buffer.read().decode("utf-8-sig")
        return query if file is None else file.read_bytes().decode("utf-8-sig")  # type: ignore[return-value]
    except OSError as error:
        raise Usage(f"{file}: cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise Usage(f"{file or 'standard input'}: is no text in UTF-8 (byte {error.start + 1}); save it as UTF-8") from error


_SUFFIXES = {".csv": Format.csv, ".json": Format.json, ".parquet": Format.parquet, ".txt": Format.table, "": Format.table}


def _form_of(output: Path | None) -> Format:
    """The format that the name of a file says."""
    suffix = "" if output is None else output.suffix.lower()
    if suffix not in _SUFFIXES:
        raise Usage(f"{output}: what {suffix} holds is not written here; choose one of {', '.join(Format)} with --format")
    return _SUFFIXES[suffix]


def list_tables() -> None:
    """The tables of the edition, their rows, and what each is. `lodestone sql "describe TABLE"` shows the columns of one."""
    with loading():
        from pipelines.edition.open import read_only
        from pipelines.questions.answers import as_dicts
    with read_only(load_settings().edition) as connection:
        found = as_dicts(connection.sql(_TABLES))
    table = quiet_table("table", ">rows", "what it is")
    for row in found:
        table.add_row(row["table_name"], f"{row['estimated_size']:,}", _FIRST_SENTENCE.split(row["comment"], maxsplit=1)[0])
    console = console_of()
    console.print(table)
    console.print(Text(f"\n{_TABLES_TOLD}"))


_FIRST_SENTENCE = re.compile(r"(?<=[.?])\s")
_TABLES_TOLD = (
    "Beside a fact that is published again, NAME_superseded holds what is no longer current, and NAME_as_of('2025-12-31') reads it "
    "as it was known by the end of a day."
)


_TABLES = """
    select table_name, estimated_size, comment
    from duckdb_tables()
    where schema_name in ('marts', 'facts', 'meta', 'vocabulary') and not suffix(table_name, '_superseded')
    order by list_position(['marts', 'facts', 'meta', 'vocabulary'], schema_name), table_name
"""


def _table_names() -> list[str]:
    with loading():
        from pipelines.model.statements import statements
        from pipelines.model.tables import tables
    return sorted({statement.table for statement in statements("marts")} | {table.name for table in tables().values()})


def explain(
    table: Annotated[
        str,
        typer.Argument(metavar="TABLE", autocompletion=_table_names, help="A mart, a fact or another table, with or without its schema."),
    ],
    where: Annotated[
        str | None, typer.Option(metavar="CONDITION", help="Which rows, in DuckDB's SQL, e.g. \"period_start = '2019-05-01'\".")
    ] = None,
    limit: Annotated[int | None, typer.Option(metavar="ROWS", min=1, help="Explain so many of the rows; else 20 at most.")] = None,
    evidence: Annotated[
        int, typer.Option(metavar="ROWS", min=1, help="Show so many rows of each table that is evidence for a row, the closest first.")
    ] = 50,
    setting: Annotated[Setting, typer.Option("--format", help="How to set it.")] = Setting.text,
    as_of: Annotated[str | None, typer.Option(metavar="DATE", help="Ask the edition built with `lodestone build --as-of DATE`.")] = None,
) -> None:
    """From a row of a table down to the raw lines it rests on, with releases, receipts, citations and licences.

    A mart's row rests on its evidence, as the header of its SQL and docs/dictionary.md say; a fact on its line in a raw file,
    whose bytes are held against their hash.

    Example: `lodestone explain export_change_monthly --where "commodity = 'rare_earths' and period_start = '2019-05-01'"`.
    """
    settings = load_settings()
    with loading():
        from pipelines.edition.open import read_only
        from pipelines.questions import explanation
        from pipelines.questions.explain import explain as find_explanation
    with read_only(edition_path(settings, as_of)) as connection:
        found = find_explanation(connection, settings, table, where, limit, evidence)
    written = {Setting.text: explanation.as_text, Setting.markdown: explanation.as_markdown, Setting.json: explanation.as_json}
    sys.stdout.write(written[setting](found))


def _writer(form: Format, safe: bool) -> Callable[[Answer, IO[Any]], None]:
    """How an answer is written in this form."""
    match form:
        case Format.table | Format.record:
            from pipelines.cli.terminal import write_records, write_table

            return write_table if form is Format.table else write_records
        case Format.parquet:
            from pipelines.questions.parquet import write_parquet

            return write_parquet
        case _:
            from pipelines.questions.text import no_formula, write_csv, write_json

            return write_json if form is Format.json else partial(write_csv, guarded=no_formula) if safe else write_csv


def _write_cited(
    output_format: Format,
    write: Callable[[Answer, IO[str]], None],
    cited: tuple[list[Citation], str | None],
    answer: Answer,
    file: IO[str],
) -> None:
    """The answer with whom to cite for it, where the form of writing has room for that."""
    from pipelines.questions import citation

    if output_format is Format.json:
        file.write('{"rows": ')
    write(answer, file)
    if output_format is Format.json:
        file.write(f', "sources": {json.dumps([asdict(source) for source in cited[0]], ensure_ascii=False)}}}\n')
    elif output_format in (Format.table, Format.record):
        file.write(f"\n{citation.as_text(*cited)}")
