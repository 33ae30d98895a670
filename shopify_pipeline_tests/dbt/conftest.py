"""One warehouse with the small world in it, its marts built once by dbt; mutating tests put back what they change."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest
from dbt.cli.main import dbtRunner
from dbt.contracts.graph.manifest import Manifest
from dbt_common.events.base_types import EventLevel, EventMsg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from shopify_pipeline.local.postgres import LocalPostgres
from shopify_pipeline_tests.dbt import marts_books, marts_world
from shopify_pipeline_tests.dbt.marts_rows import Warehouse

PROJECT = Path(__file__).parents[2] / "dbt_project"
DATABASE = "marts_test"


@dataclass(frozen=True)
class Outcome:
    """What one dbt command did: status by node name, and every warning it printed that is no test's."""

    statuses: dict[str, str]
    warnings: tuple[str, ...]

    def names(self, status: str) -> set[str]:
        return {name for name, found in self.statuses.items() if found == status}


@dataclass
class Marts:
    """The dbt project on one database."""

    conn: psycopg.Connection[Any]
    target: Path
    manifest: Manifest | None = None
    parsing: Outcome | None = None
    warnings: list[str] = field(default_factory=list)

    def dbt(self, *command: str) -> Outcome:
        """Run one dbt command; a mistake in the project raises, a failing test does not."""
        self.warnings.clear()
        runner = dbtRunner(manifest=self.manifest, callbacks=[self._keep_warning])
        folders = ("--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT), "--target-path", str(self.target))
        done = runner.invoke([*command, *folders, "--log-path", str(self.target), "--quiet", "--no-write-json"])
        if done.exception is not None:
            raise done.exception
        if isinstance(done.result, Manifest):
            self.manifest = done.result
            return Outcome({}, tuple(self.warnings))
        statuses = {result.node.name: str(result.status) for result in done.result.results}
        return Outcome(statuses, tuple(self.warnings))

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        return self.conn.execute(query, values).fetchall()  # type: ignore[arg-type]

    def row(self, query: str, *values: Any) -> tuple[Any, ...]:
        (found,) = self.rows(query, *values)
        return found

    def _keep_warning(self, event: EventMsg) -> None:
        if event.info.level == EventLevel.WARN and event.info.name not in (
            "LogTestResult",
            "RunResultWarning",
            "EndOfRunSummary",
        ):
            self.warnings.append(f"{event.info.name}: {event.info.msg}")


@pytest.fixture(scope="session")
def parsed_marts(
    postgres: LocalPostgres, warehouse_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Marts]:
    """The project parsed for a database that holds the small world and no marts yet.

    It is parsed with an address nobody answers at: parsing that opened a connection would fail here.
    """
    with psycopg.connect(postgres.dsn("postgres"), autocommit=True) as server:
        server.execute(
            sql.SQL("create database {} template {}").format(
                sql.Identifier(DATABASE), sql.Identifier(warehouse_template)
            )
        )
    dsn = postgres.dsn(DATABASE)
    parts = conninfo_to_dict(dsn)
    with pytest.MonkeyPatch.context() as patch, psycopg.connect(dsn, autocommit=True) as conn:
        for variable, part in (
            ("HOST", "host"),
            ("PORT", "port"),
            ("USER", "user"),
            ("PASSWORD", "password"),
            ("DATABASE", "dbname"),
        ):
            patch.setenv(f"SHOPIFY_PIPELINE_DBT_{variable}", str(parts[part]))
        with conn.transaction():
            warehouse = Warehouse(conn)
            marts_world.fill(warehouse)
            marts_books.fill(warehouse)
        marts = Marts(conn, tmp_path_factory.mktemp("dbt"))
        with pytest.MonkeyPatch.context() as nobody:
            nobody.setenv("SHOPIFY_PIPELINE_DBT_PORT", "1")
            marts.parsing = marts.dbt("parse", "--show-all-deprecations")
        yield marts


@pytest.fixture(scope="session")
def built(parsed_marts: Marts) -> tuple[Marts, Outcome]:
    """The marts after one `dbt build`, and what it said."""
    return parsed_marts, parsed_marts.dbt("build")


@pytest.fixture(scope="session")
def marts(built: tuple[Marts, Outcome]) -> Marts:
    return built[0]
