"""The command `python -m pipelines.rehearsal`: stand-ins of the offices to rehearse with, until Ctrl-C. The clock is read here."""

from __future__ import annotations

import os
import signal

if __name__ == "__main__":  # before all else is loaded; a folder half filled is filled by the next start
    signal.signal(signal.SIGINT, lambda *_: (os.write(2, b"offices: interrupted\n"), os._exit(130)))

import shlex
import shutil
import sys
import threading
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from typer.exceptions import TyperException

from pipelines.errors import LodestoneError, Usage
from pipelines.rehearsal import ecb_stand_in as ecb
from pipelines.rehearsal import us_census_stand_in as us_census
from pipelines.rehearsal.server import Asked, Offices

BUNDLED = Path(__file__).resolve().parents[2] / "data" / "raw"

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


@app.command()
def serve(
    us_census_file: Annotated[
        Path | None, typer.Option("--us-census", metavar="FILE", help="A vintage file of US imports in place of an invented world.")
    ] = None,
    ecb_file: Annotated[
        Path | None, typer.Option("--ecb", metavar="FILE", help="The ECB's eurofxref-hist.zip in place of invented rates.")
    ] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port on 127.0.0.1; 0 takes a free one.")] = 0,
    data: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Make this a data folder for rehearsals, with the bundled figures in it.")
    ] = None,
) -> None:
    """Stand in for the statistics offices on 127.0.0.1, so that Lodestone can fetch without asking them; a line a request, Ctrl-C ends.

    Without files it tells of an invented world, three years and more back and up to the month before last.
    """
    if data is not None:
        _prepare(data)
    today = datetime.now(UTC).date()
    census = (
        us_census.made_up(f"{today.year - 3}-01", _before_last(today)) if us_census_file is None else us_census.from_vintage(us_census_file)
    )
    rates = ecb.made_up(date(today.year - 3, 1, 1), today - timedelta(days=1)) if ecb_file is None else ecb.from_zip(ecb_file)
    try:
        offices = Offices({"us_census": census, "ecb_rates": rates}, port, after_request=_tell)
    except OSError as error:
        raise Usage(f"port {port} cannot be had ({error.strerror}): name another with --port, or none for a free one") from error
    stopped = _stopped_by_signal()
    with offices:
        typer.echo(f"Stand-ins of the offices answer at {offices.address}. To point Lodestone at them:\n")
        typer.echo(f"export LODESTONE_OFFICES={offices.address}")
        typer.echo(f"export LODESTONE_US_CENSUS_KEY={us_census.KEY}")
        if data is not None:
            typer.echo(f"export LODESTONE_DATA={shlex.quote(str(data.resolve()))}")
        if us_census_file is not None:
            typer.echo(f"export LODESTONE_SELECTION={','.join(sorted({cell.code for cell in census.cells if len(cell.code) == 6}))}")
        typer.echo("\nRequests, until Ctrl-C:")
        stopped.wait()
    typer.echo("Stopped.")


def _prepare(data: Path) -> None:
    """Put the bundled figures into a data folder, as they are committed."""
    if data.resolve() == BUNDLED.parent:
        raise Usage(f"{data} is the project's own data folder: name another one with --data, for what stand-ins answer stays in it")
    try:
        for shelf in BUNDLED.glob("*/bundled"):
            shutil.copytree(shelf, data / "raw" / shelf.relative_to(BUNDLED), dirs_exist_ok=True)
    except (OSError, shutil.Error) as error:
        raise Usage(f"{data} cannot be filled ({getattr(error, 'strerror', None) or error}): name a folder that may be written") from error


def _before_last(today: date) -> str:
    """The newest month the Bureau is likely to have published: its release comes 33 to 45 days after a month's end."""
    months = today.year * 12 + today.month - 1 - 2
    return f"{months // 12}-{months % 12 + 1:02}"


def _stopped_by_signal() -> threading.Event:
    """Set by Ctrl-C or SIGTERM from now on; whoever has read what is printed may send either."""
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    return stopped


def _tell(asked: Asked) -> None:
    request = "&".join(f"{name}={value}" for name, value in asked.query)
    came = "no answer" if asked.status is None else f"{asked.status}, {asked.sent:,} bytes"
    typer.echo(f"{asked.office}: {came}: {asked.method} {asked.path}{'?' if request else ''}{request}")


def main() -> None:
    """Run the command: one sentence and exit code 2 for an error of use."""
    try:
        app(prog_name="python -m pipelines.rehearsal", standalone_mode=False)
    except LodestoneError as error:
        _refuse(str(error))
    except TyperException as error:
        _refuse(error.format_message().strip().rstrip("."))


def _refuse(sentence: str) -> None:
    sys.stderr.write(f"offices: {sentence}; `python -m pipelines.rehearsal --help` explains\n")
    sys.exit(2)


if __name__ == "__main__":
    main()
