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

from shopify_pipeline.local.postgres import LocalPostgres
from shopify_pipeline.warehouse.migrate import migrate

TEMPLATE = "warehouse_template"
_numbers = itertools.count(1)


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
