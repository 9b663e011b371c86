"""The door people enter by: `lodestone ...`. All commands by name, and what becomes of whatever is raised in one."""

from __future__ import annotations

import sys
from collections.abc import Callable
from io import TextIOWrapper
from typing import Annotated

import typer
from typer.exceptions import TyperException

from pipelines.__main__ import INTERRUPTED
from pipelines.cli import ask, compare, decide, run, show
from pipelines.cli.output import forget_output, refuse
from pipelines.console import Terminal
from pipelines.errors import LodestoneError, Usage

app = typer.Typer(
    name="lodestone",
    help="Who depends on whom for critical minerals, what changed last month, and how sure are we?\n\n"
    "Builds a checked DuckDB file from published figures and answers questions from it. Start with `lodestone build`.",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=lambda asked: _tell_version() if asked else None, help="Tell the version.")
    ] = False,
) -> None:
    """Options of the command itself."""


def _tell_version() -> None:
    from importlib import metadata

    import duckdb

    typer.echo(f"lodestone {metadata.version('lodestone')}, DuckDB {duckdb.__version__}")
    raise typer.Exit


COMMANDS: dict[str, Callable[..., None]] = {
    "build": run.build,
    "plan": run.plan,
    "fetch": run.fetch,
    "nightly": run.nightly,
    "sql": ask.sql,
    "tables": ask.list_tables,
    "explain": ask.explain,
    "diff": compare.diff,
    "sources": show.sources,
    "doctor": show.examine,
    "alerts": show.show_alerts,
    "accept": decide.accept,
    "quarantine": decide.quarantine,
    "correct": decide.correct,
    "keep": decide.keep,
    "dictionary": show.write_dictionary,
}
for _name, _command in COMMANDS.items():
    app.command(_name, cls=ask.Question if _name == "sql" else None)(_command)


def main() -> None:
    """Run a command: exit code 2 with one sentence for an error of use, 1 with one for what could not be done."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if isinstance(stream, TextIOWrapper):
            # Names of places must survive a terminal that claims to know only ASCII.
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
            if stream.isatty():
                setattr(sys, name, Terminal(stream))
    try:
        code = app(sys.argv[1:] or ["--help"], prog_name="lodestone", standalone_mode=False)
        if code == INTERRUPTED:
            refuse("interrupted", INTERRUPTED)
        sys.stdout.flush()
    except Usage as error:
        code = refuse(str(error), 2)
    except LodestoneError as error:
        code = refuse(str(error), 1)
    except TyperException as error:
        context = getattr(error, "ctx", None)
        asked = context.command_path if context is not None else "lodestone"
        sentence = error.format_message().replace("Value error, ", "").strip()
        code = refuse(f"{sentence.rstrip('.')}; `{asked} --help` explains" if sentence else f"`{asked} --help` explains", error.exit_code)
    except BrokenPipeError:  # the reader, e.g. `head`, has seen enough
        forget_output()
        code = 0
    except KeyboardInterrupt:
        code = refuse("interrupted", INTERRUPTED)
    except MemoryError:
        code = refuse("there is not enough memory for that", 1)
    except OSError as error:
        forget_output()
        code = refuse(f"{error.filename or 'the output'}: {error.strerror or error}; is there room, and may it be written?", 1)
    except _of_the_edition() as error:
        cause = " ".join(str(error).split())[:200]
        code = refuse(f"the edition was built by another version of the code, or is damaged ({cause}); `lodestone build` makes it anew", 1)
    sys.exit(code if isinstance(code, int) else 0)


def _of_the_edition() -> type[Exception]:
    """What DuckDB raises. It is asked for only when nothing else fits, and has been loaded by whoever raised it."""
    import duckdb

    return duckdb.Error
