"""The documented installation with Dagster's record in PostgreSQL, and its web server and daemon as programs of their own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psycopg2
import pytest
import yaml

from pipelines.edition.open import read_only
from pipelines.settings import PROJECT, Settings
from tests.building import copy_curated
from tests.services.programs import Cluster, Missing, daemon, dagster_environment, postgresql, postgresql_home, web_server
from tests.waiting import PATIENCE, until

WHERE = """
{ repositoriesOrError { ... on RepositoryConnection { nodes { name location { name } } } } }
"""

LAUNCH = """
mutation launch($job: JobOrPipelineSelector!) {
  launchRun(executionParams: {selector: $job, mode: "default", runConfigData: {}}) {
    __typename
    ... on LaunchRunSuccess { run { runId } }
    ... on PythonError { message }
  }
}
"""

STATUS = """
query status($run: ID!) { runOrError(runId: $run) { ... on Run { status } } }
"""


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    try:
        with postgresql() as started:
            yield started
    except Missing as reason:
        pytest.skip(str(reason))


def asked(address: str, query: str, **variables: Any) -> Any:
    answer = httpx.post(f"{address}/graphql", json={"query": query, "variables": variables}, timeout=PATIENCE).json()
    assert "errors" not in answer, answer
    return answer["data"]


def run_to_its_end(address: str, job: str) -> tuple[str, str]:
    """Launch a job as its page does; the run and how it ended."""
    (repository,) = asked(address, WHERE)["repositoriesOrError"]["nodes"]
    where = {"repositoryName": repository["name"], "repositoryLocationName": repository["location"]["name"], "jobName": job}
    launched = asked(address, LAUNCH, job=where)["launchRun"]
    assert launched["__typename"] == "LaunchRunSuccess", launched
    run = launched["run"]["runId"]
    ended: list[str] = []

    def is_over() -> bool:
        status = asked(address, STATUS, run=run)["runOrError"]["status"]
        ended[:] = [status]
        return status in ("SUCCESS", "FAILURE", "CANCELED")

    until(is_over, f"the run of {job}", every=1.0)
    return run, ended[0]


def settings_of(path: Path) -> dict[str, Any]:
    read = yaml.safe_load(path.read_text("utf-8"))
    assert isinstance(read, dict)
    return read


def test_the_settings_with_postgresql_differ_only_in_where_runs_are_kept_and_queued() -> None:
    here, there = settings_of(PROJECT / "dagster.yaml"), settings_of(PROJECT / "docs" / "dagster-postgresql.yaml")
    apart = {name for name in here.keys() | there.keys() if here.get(name) != there.get(name)}
    assert apart == {"storage", "run_coordinator"}


def test_runs_launched_in_the_web_server_are_run_by_the_daemon_and_recorded_in_postgresql(
    cluster: Cluster, built: Settings, tmp_path: Path
) -> None:
    settings = copy_curated(built, tmp_path / "data")
    env = dagster_environment(settings.data, postgresql_home(tmp_path / "home")) | {
        "LODESTONE_PG_HOST": cluster.host,
        "LODESTONE_PG_PORT": str(cluster.port),
        "LODESTONE_PG_DATABASE": cluster.database,
        "LODESTONE_PG_USER": cluster.user,
        "LODESTONE_PG_PASSWORD": cluster.password,
    }
    with web_server(tmp_path, env) as (address, server), daemon(tmp_path, env) as queue:
        ended = dict(run_to_its_end(address, job) for job in ("sources", "edition"))
        assert list(ended.values()) == ["SUCCESS", "SUCCESS"], queue.said()[-4000:]
        assert [server.stop(), queue.stop()] == [0, 0]
        until(lambda: not server.members() + queue.members(), "both programs and their children to be gone")
        assert cluster.password not in server.said() + queue.said()

    account = {"host": cluster.host, "port": cluster.port, "user": cluster.user, "password": cluster.password}
    connection = psycopg2.connect(dbname=cluster.database, **account)
    with connection, connection.cursor() as cursor:
        cursor.execute("select run_id, pipeline_name, status from runs order by id")
        # A schedule may have launched others meanwhile: the daemon lives by the clock.
        assert {(run, job, "SUCCESS") for run, job in zip(ended, ("sources", "edition"), strict=True)} <= set(cursor.fetchall())
        cursor.execute("select asset_key from event_logs where dagster_event_type = 'ASSET_MATERIALIZATION'")
        assert '["edition"]' in {key for (key,) in cursor.fetchall()}
    connection.close()
    assert not list(settings.dagster.rglob("*.db"))
    with read_only(settings.edition) as edition:
        assert edition.execute("select count(*) from marts.import_concentration").fetchone() != (0,)
