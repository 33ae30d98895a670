"""What every test may ask for: a real PostgreSQL for the session and a fresh migrated warehouse for each test.

Not here: anything one folder alone needs.
"""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from shopify_pipeline.local.postgres import LocalPostgres
from shopify_pipeline.warehouse.migrate import migrate

TEMPLATE = "warehouse_template"
_numbers = itertools.count(1)


class ByFolder(LoadScopeScheduling):
    """Keeps each folder in one worker: what is expensive to start is started once, for the folder that needs it."""

    def _split_scope(self, nodeid: str) -> str:
        return nodeid.partition("::")[0].rpartition("/")[0]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByFolder:
    return ByFolder(config, log)


@pytest.fixture(scope="session")
def postgres() -> Iterator[LocalPostgres]:
    """One server for the whole session, in a folder of its own; it forgets everything afterwards."""
    # Not below pytest's own folder: that is closed to the account PostgreSQL runs as when we are root.
    home = Path(tempfile.mkdtemp(prefix="shopify-pipeline-tests-"))
    home.chmod(0o711)
    server = LocalPostgres(home / "postgres", fsync=False)
    try:
        server.start(lambda line: None)
        yield server
    finally:
        server.remove()
        home.rmdir()


@pytest.fixture(scope="session")
def warehouse_template(postgres: LocalPostgres) -> str:
    """Name of a migrated, empty warehouse database to clone; nobody may be connected to it while it is cloned."""
    with psycopg.connect(postgres.dsn("postgres"), autocommit=True) as connection:
        connection.execute(sql.SQL("create database {}").format(sql.Identifier(TEMPLATE)))
    migrate(postgres.dsn(TEMPLATE))
    return TEMPLATE


@pytest.fixture
def warehouse_dsn(postgres: LocalPostgres, warehouse_template: str) -> Iterator[str]:
    """A migrated, empty warehouse that belongs to one test."""
    database = f"warehouse_test_{next(_numbers)}"
    with psycopg.connect(postgres.dsn("postgres"), autocommit=True) as connection:
        connection.execute(
            sql.SQL("create database {} template {}").format(
                sql.Identifier(database), sql.Identifier(warehouse_template)
            )
        )
        yield postgres.dsn(database)
        connection.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(database)))
