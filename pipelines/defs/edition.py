"""The edition: every table of the DuckDB file as its own asset, all built in one draft, and the checks that let it out."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import dagster as dg
import duckdb

from pipelines import night
from pipelines.defs.charts import chart
from pipelines.defs.installation import Installation
from pipelines.defs.keys import EDITION, built_tables, table_key, table_names, upstream
from pipelines.defs.lineage import column_lineage
from pipelines.defs.record import tidy
from pipelines.edition.open import read_only
from pipelines.edition.plan import code_version
from pipelines.errors import BuildFailed, LodestoneError
from pipelines.model.statements import Statement, statements, tables_read
from pipelines.model.tables import tables

_STATUS = "select source, state, newest_known_from, lines, rejected, message from meta.source_status order by source"

_COLUMNS = "select schema_name, table_name, column_name, data_type, comment from duckdb_columns() order by column_index"

_CHECKED = """
    select
        check_name,
        comparisons,
        not_compared,
        not_compared_because,
        shown_rows,
        accepted_rows,
        (select count(*) from meta.check_finding as finding where finding.check_name = result.check_name and outcome = 'refused')
            as refused_rows
    from meta.check_result as result
    order by check_name
"""

SOURCES_STAND = dg.AssetCheckSpec("every_source_is_ok", asset=EDITION, description="Every source stands on its newest release.")


def edition_asset() -> dg.AssetsDefinition:
    """All tables and the edition as one step: they are published together or not at all."""

    @dg.multi_asset(
        name="whole_edition",
        specs=[*map(_table_spec, built_tables()), _edition_spec()],
        check_specs=[SOURCES_STAND, *_check_specs()],
        can_subset=False,
    )
    def edition(
        context: dg.AssetExecutionContext, installation: Installation
    ) -> Iterator[dg.AssetCheckResult | dg.MaterializeResult[None]]:
        try:
            tidy(context.instance, installation.settings)
            built = night.build(installation.settings)
        except BuildFailed as error:
            for key in _judged()[error.check] if error.check else ():
                yield dg.AssetCheckResult(asset_key=key, check_name=error.check, passed=False, metadata={"sample": _plain(error.rows)})
            raise _failure(error) from error
        except LodestoneError as error:
            raise _failure(error) from error
        with read_only(built.path) as connection:
            yield from _check_results(connection)
            columns = _columns(connection)
            for name in built_tables():
                yield dg.MaterializeResult(asset_key=table_key(name), metadata=_table_metadata(connection, name, columns[name]))
            yield dg.MaterializeResult(
                asset_key=EDITION,
                metadata={
                    "path": dg.MetadataValue.path(built.path),
                    "bytes": built.path.stat().st_size,
                    "changed": built.changed,
                    "fell_back": dict(built.fell_back),
                    "sources": _markdown(connection, _STATUS),
                },
                data_version=dg.DataVersion(built.edition_id),
            )

    return edition


@dg.op(
    config_schema={"as_of": dg.Field(str, description="A day, YYYY-MM-DD: only what was known by its end (UTC) counts.")},
    description="Build an edition as of a day beside the live one. Nothing that is shown as an asset changes.",
)
def edition_as_of_op(context: dg.OpExecutionContext, installation: Installation) -> None:
    """Publish data/as-of/lodestone-<day>.duckdb."""
    try:
        built = night.build(installation.settings, date.fromisoformat(context.op_config["as_of"]))
    except LodestoneError as error:
        raise _failure(error) from error
    context.add_output_metadata({"path": dg.MetadataValue.path(built.path), "edition_id": built.edition_id, "changed": built.changed})


def other_tables() -> list[dg.AssetSpec]:
    """Vocabulary and what an edition says of itself: shown with what they are made from, and no event of a build."""
    return [_table_spec(name) for name in table_names() if name not in built_tables()]


def _table_spec(name: str) -> dg.AssetSpec:
    schema, _ = name.split(".")
    mart = _marts().get(name)
    return dg.AssetSpec(
        table_key(name),
        deps=sorted(upstream(name)),
        description=mart.description if mart else tables()[name].description,
        group_name=schema,
        kinds={"duckdb", "sql"} if upstream(name) else {"duckdb", "csv"},
        code_version=code_version(),
    )


def _edition_spec() -> dg.AssetSpec:
    return dg.AssetSpec(
        EDITION,
        deps=[table_key(name) for name in built_tables()],
        description="The published DuckDB file: one whole, checked edition, put in the place of yesterday's in one move.",
        group_name="edition",
        kinds={"duckdb"},
        code_version=code_version(),
    )


def _check_specs() -> Iterator[dg.AssetCheckSpec]:
    for check in statements("checks"):
        for key in _judged()[check.path.stem]:
            yield dg.AssetCheckSpec(check.path.stem, asset=key, description=check.description, blocking=True)


def _judged() -> dict[str, list[dg.AssetKey]]:
    """What each check speaks of: the edition as a whole, and every mart that its query reads."""
    return {
        check.path.stem: [EDITION, *(table_key(name) for name in sorted(tables_read(check.sql) & _marts().keys()))]
        for check in statements("checks")
    }


def _marts() -> dict[str, Statement]:
    return {mart.name: mart for mart in statements("marts")}


def _failure(error: LodestoneError) -> dg.Failure:
    found: dict[str, Any] = {"check": error.check, "rows": _plain(error.rows)} if isinstance(error, BuildFailed) and error.check else {}
    return dg.Failure(str(error), metadata=found, allow_retries=False)


def _plain(rows: list[dict[str, object]]) -> list[dict[str, str | None]]:
    """Rows as text: what a check finds may be of any type, metadata may not."""
    return [{name: None if value is None else str(value) for name, value in row.items()} for row in rows]


def _check_results(connection: duckdb.DuckDBPyConnection) -> Iterator[dg.AssetCheckResult]:
    """What the published edition says of its checks: a warning where one had nothing to compare, or refused what was newest."""
    for result in connection.sql(_CHECKED).pl().iter_rows(named=True):
        for key in _judged()[result["check_name"]]:
            yield dg.AssetCheckResult(
                asset_key=key,
                check_name=result["check_name"],
                passed=result["comparisons"] > 0 and not result["refused_rows"],
                severity=dg.AssetCheckSeverity.WARN,
                metadata={name: value for name, value in result.items() if name != "check_name" and value is not None},
            )
    wrong = connection.execute("select source, state, message from meta.source_status where state not in ('ok', 'not_asked')").fetchall()
    yield dg.AssetCheckResult(
        asset_key=EDITION,
        check_name=SOURCES_STAND.name,
        passed=not wrong,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={source: f"{state}: {message}" for source, state, message in wrong},
    )


def _columns(connection: duckdb.DuckDBPyConnection) -> dict[str, list[dg.TableColumn]]:
    """The columns of every table by its full name, asked for at once: DuckDB lists those of all tables to tell those of one."""
    found: dict[str, list[dg.TableColumn]] = {}
    for schema, table, column, kind, meaning in connection.execute(_COLUMNS).fetchall():
        found.setdefault(f"{schema}.{table}", []).append(dg.TableColumn(column, kind, description=meaning))
    return found


def _table_metadata(connection: duckdb.DuckDBPyConnection, name: str, columns: list[dg.TableColumn]) -> dict[str, Any]:
    ((rows,),) = connection.execute(f"select count(*) from {name}").fetchall()
    found: dict[str, Any] = {
        "dagster/row_count": rows,
        "dagster/column_schema": dg.TableSchema(columns),
    }
    if name in _marts():
        found |= column_lineage(_marts()[name])
        picture = chart(connection, name)
        found |= {} if picture is None else {"chart": dg.MetadataValue.md(picture)}
    return found


def _markdown(connection: duckdb.DuckDBPyConnection, query: str) -> dg.MarkdownMetadataValue:
    rows = connection.sql(query)
    filled = (["" if value is None else str(value) for value in row] for row in rows.fetchall())
    lines = [rows.columns, ["---"] * len(rows.columns), *filled]
    return dg.MetadataValue.md("\n".join(f"| {' | '.join(cells)} |" for cells in lines))
