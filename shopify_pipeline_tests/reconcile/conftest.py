"""One warehouse for all tests of this folder, emptied before each: cheaper than a database of its own per test."""

from __future__ import annotations

import psycopg
import pytest
from psycopg import sql

from shopify_pipeline.local.postgres import LocalPostgres

DATABASE = "warehouse_reconcile"


@pytest.fixture(scope="session")
def shared_warehouse(postgres: LocalPostgres, warehouse_template: str) -> str:
    """The DSN of a migrated warehouse."""
    with psycopg.connect(postgres.dsn("postgres"), autocommit=True) as connection:
        connection.execute(
            sql.SQL("create database {} template {}").format(
                sql.Identifier(DATABASE), sql.Identifier(warehouse_template)
            )
        )
    return postgres.dsn(DATABASE)


@pytest.fixture
def warehouse_dsn(shared_warehouse: str) -> str:
    """The warehouse, with nothing in its tables."""
    with psycopg.connect(shared_warehouse, autocommit=True) as connection:
        tables = connection.execute(
            "select schemaname, tablename from pg_tables where schemaname in ('shopify', 'ops', 'backoffice', 'recon')"
        ).fetchall()
        # The history of the break ledger refuses to be emptied.
        connection.execute("set session_replication_role = replica")
        connection.execute(
            sql.SQL("truncate {}").format(sql.SQL(", ").join(sql.Identifier(*table) for table in tables))
        )
    return shared_warehouse
