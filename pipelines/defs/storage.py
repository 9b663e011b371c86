"""Dagster's record in SQLite, with its files left open between two events. Dagster's own opens and closes them for each.

That took longer than building the bundled edition: every closing copies what was written and every commit waits for the disk.
A record that loses its last events when the machine loses power is whole all the same, and the edition does not rest on it.
Nor is asked for each event which tables and columns there are, or for each file of a run which migrations Dagster knows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any, Self

from alembic.script import ScriptDirectory
from dagster._core.storage.event_log.sqlite.sqlite_event_log import INDEX_SHARD_NAME, SqliteEventLogStorage
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from dagster._core.storage.sqlite_storage import DagsterSqliteStorage
from dagster._serdes import ConfigurableClassData
from sqlalchemy import Connection, Engine, create_engine, event

ScriptDirectory.from_config = staticmethod(cache(ScriptDirectory.from_config))  # type: ignore[method-assign]


class OpenEventLog(SqliteEventLogStorage):
    """The event log of all runs, a file each and an index. The index stays open, and the run that was last asked for."""

    def __init__(self, base_dir: str) -> None:
        self._open: dict[str, Engine] = {}
        self._present: set[str] = set()
        super().__init__(base_dir)

    def has_table(self, table_name: str) -> bool:
        """Whether the index has a table. What was there once is there."""
        if table_name not in self._present and super().has_table(table_name):
            self._present.add(table_name)
        return table_name in self._present

    def _has_asset_key_col_on_connection(self, conn: Connection, column_name: str) -> bool:
        if column_name not in self._present and super()._has_asset_key_col_on_connection(conn, column_name):
            self._present.add(column_name)
        return column_name in self._present

    def dispose(self) -> None:
        """Close what is open."""
        for shard in list(self._open):
            self._open.pop(shard).dispose()
        super().dispose()

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        with self._db_lock, self._engine(shard).connect() as connection, connection.begin():
            yield connection

    def _engine(self, shard: str) -> Engine:
        if shard not in self._open:
            for other in self._open.keys() - {INDEX_SHARD_NAME} if shard != INDEX_SHARD_NAME else ():
                self._open.pop(other).dispose()
            engine = create_engine(self.conn_string_for_shard(shard), connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS})
            event.listen(engine, "connect", lambda connection, _: connection.execute("pragma synchronous = normal"))
            self._initdb(engine)
            self._open[shard] = engine
        return self._open[shard]


class Storage(DagsterSqliteStorage):
    """Dagster's storage in SQLite but for the event log: what dagster.yaml names."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        super().__init__(base_dir, inst_data)
        self._event_log_storage = OpenEventLog(self._event_log_storage._base_dir)

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]) -> Self:
        """As dagster.yaml says: `base_dir` is the folder of the record."""
        return cls(config_value["base_dir"], inst_data)
