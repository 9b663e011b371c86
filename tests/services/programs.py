"""Programs a test talks to: a browser, PostgreSQL, Dagster's web server and daemon, each on 127.0.0.1 and ended with the block.

What is started belongs here, what is expected of it belongs in the tests. Nothing is installed: `.ci/run` does that, and `Missing` says
what an operator would have to do.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
from playwright.sync_api import BrowserContext, sync_playwright

from pipelines.settings import PROJECT
from tests.waiting import PATIENCE, until
from tests.web import kept_port, refused_address

PROGRAMS = Path(sys.executable).parent
QUIET = (
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"),
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)
"""What keeps Chromium from asking anybody but this machine: neither for itself nor for a page, whose attempts are still seen."""


class Missing(Exception):
    """A program of the system is not here."""


@dataclass
class Running:
    """A started program: its process, what it said, and how it ended."""

    process: subprocess.Popen[bytes]
    log: Path

    def said(self) -> str:
        return self.log.read_text("utf-8", errors="replace")

    def members(self) -> list[int]:
        """Processes of its session that still run, it and its children."""
        listed = subprocess.run(["ps", "-o", "pid=,stat=", "-s", str(self.process.pid)], capture_output=True, text=True, check=False)
        rows = (line.split() for line in listed.stdout.splitlines())
        return [int(pid) for pid, state in rows if not state.startswith("Z")]

    def stop(self, by: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to end, and give its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(by)
        return self.process.wait(PATIENCE)

    def end(self) -> None:
        """Leave nothing of it behind, however it is."""
        try:
            self.stop()
        finally:
            until(self._killed, f"{self.process.args} and its children to be gone")
            self.process.wait()

    def _killed(self) -> bool:
        """Kill whoever still runs; whether nobody did."""
        members = self.members()
        for pid in members:
            with suppress(ProcessLookupError):  # it has ended since it was listed
                os.kill(pid, signal.SIGKILL)
        return not members


@dataclass(frozen=True)
class Cluster:
    """A PostgreSQL server of the test's own, and the account it lets in."""

    port: int
    user: str
    password: str
    database: str
    host: str = "127.0.0.1"


@contextmanager
def running(command: Sequence[str | Path], log: Path, env: Mapping[str, str], user: str | None = None) -> Iterator[Running]:
    """A program in a session of its own, ended with the block."""
    with log.open("wb") as said:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
            cwd=PROJECT if user is None else "/",
            env=dict(env),
            user=user,
            group=user,
            extra_groups=None if user is None else [],
            start_new_session=True,
        )
    program = Running(process, log)
    try:
        yield program
    finally:
        program.end()


def started(program: Running, ready: Callable[[], object]) -> Running:
    """The program once it is ready; its last words where it ends before."""

    def over_or_ready() -> object:
        if program.process.poll() is not None:
            raise RuntimeError(f"{program.process.args} ended with {program.process.returncode}: {program.said()[-2000:]}")
        return ready()

    until(over_or_ready, f"{program.process.args} to be ready")
    return program


def dagster_environment(data: Path, home: Path = PROJECT) -> dict[str, str]:
    """What Dagster's programs are started with: as in the Makefile, with every office out of reach."""
    dagster = data / ".dagster"
    dagster.mkdir(parents=True, exist_ok=True)
    return {
        **os.environ,
        "PATH": f"{PROGRAMS}{os.pathsep}{os.environ.get('PATH', '')}",
        "PYTHONUTF8": "1",
        "DAGSTER_HOME": str(home),
        "DAGSTER_DISABLE_TELEMETRY": "yes",
        "LODESTONE_DATA": str(data),
        "LODESTONE_DAGSTER": str(dagster),
        "LODESTONE_OFFICES": refused_address(),
    }


def lodestone(env: Mapping[str, str], *arguments: str) -> None:
    """Run a command of Lodestone to its end, as a person would."""
    done = subprocess.run([PROGRAMS / "lodestone", *arguments], env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"lodestone {' '.join(arguments)} ended with {done.returncode}: {done.stdout[-1000:]}{done.stderr[-2000:]}")


@contextmanager
def web_server(folder: Path, env: Mapping[str, str]) -> Iterator[tuple[str, Running]]:
    """Dagster's web server: its address, and the program."""
    with kept_port() as port:
        address = f"http://127.0.0.1:{port}"
        command = [PROGRAMS / "dagster-webserver", "--host", "127.0.0.1", "--port", str(port)]
        with running(command, folder / "webserver.log", env) as program:
            yield address, started(program, lambda: _answers(f"{address}/server_info"))


@contextmanager
def daemon(folder: Path, env: Mapping[str, str]) -> Iterator[Running]:
    """Dagster's daemon, which starts what waits in the queue."""
    with running([PROGRAMS / "dagster-daemon", "run"], folder / "daemon.log", env) as program:
        yield started(program, lambda: "Instance is configured with the following daemons" in program.said())


@contextmanager
def browser(folder: Path, width: int, height: int) -> Iterator[BrowserContext]:
    """Chromium with nothing remembered from before."""
    program = chromium()
    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            folder / "profile",
            executable_path=program,
            headless=True,
            args=["--no-sandbox", "--disable-gpu", *QUIET],
            viewport={"width": width, "height": height},
            timeout=1000 * PATIENCE,
        )
        context.set_default_timeout(1000 * PATIENCE)
        try:
            yield context
        finally:
            context.close()


def chromium() -> Path:
    """Debian's Chromium."""
    return _of_package("chromium", Path("/usr/bin/chromium"))


@contextmanager
def postgresql() -> Iterator[Cluster]:
    """Debian's PostgreSQL over an empty cluster. It refuses to run as root, and a test's own folder is open to its owner only."""
    programs = _postgresql_programs()
    user = "postgres" if os.getuid() == 0 else None
    with kept_port() as port, tempfile.TemporaryDirectory(prefix="lodestone-postgresql-") as made:
        cluster = Cluster(port, "lodestone", "a password of the test", "lodestone")
        folder = Path(made)
        (folder / "password").write_text(cluster.password)
        if user is not None:
            shutil.chown(folder, user, user)
            shutil.chown(folder / "password", user, user)
        env = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8", "PGPASSWORD": cluster.password}
        account = ["--username", cluster.user, "--pwfile", folder / "password", "--auth", "scram-sha-256"]
        with running(
            [programs / "initdb", "--pgdata", folder / "data", *account, "--no-sync"], folder / "initdb.log", env, user
        ) as made_by:
            until(lambda: made_by.process.poll() is not None, "initdb")
        if made_by.process.returncode:
            raise RuntimeError(made_by.said())
        server = [programs / "postgres", "-D", folder / "data", "-p", str(cluster.port), "-k", folder]
        with running([*server, "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"], folder / "postgres.log", env, user) as program:
            try:
                connect = ["-h", cluster.host, "-p", str(cluster.port), "-U", cluster.user]
                ready = [programs / "pg_isready", "-q", *connect]
                started(program, lambda: subprocess.run(ready, env=env, check=False).returncode == 0)
                subprocess.run([programs / "createdb", *connect, cluster.database], env=env, check=True)
                yield cluster
            finally:
                program.stop(signal.SIGINT)  # its fast shutdown; on SIGTERM it would wait for whoever is still connected


def postgresql_home(folder: Path) -> Path:
    """A folder for DAGSTER_HOME that holds the documented settings."""
    folder.mkdir()
    shutil.copyfile(PROJECT / "docs" / "dagster-postgresql.yaml", folder / "dagster.yaml")
    return folder


def _postgresql_programs() -> Path:
    """Where Debian keeps the newest PostgreSQL it has."""
    found = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    return _of_package("postgresql", max(found, key=lambda path: int(path.parts[4]), default=None)).parent


def _of_package(package: str, program: Path | None) -> Path:
    if program is None or not program.exists():
        raise Missing(f"Debian's package {package} is not installed: apt-get install --no-install-recommends {package}")
    return program


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=5).is_success
    except httpx.HTTPError:
        return False
