"""One warehouse and one Tryton server for the whole book: its shops do not see each other."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
import requests
from psycopg import sql

from shopify_pipeline.backoffice.tryton import TrytonBackOffice
from shopify_pipeline.clock import SystemClock
from shopify_pipeline.local.postgres import LocalPostgres
from shopify_pipeline.local.tryton import DATABASE, USER, TrytonServer
from shopify_pipeline_tests.golden.tryton import BooksOfTryton

WAREHOUSE = "warehouse_golden"


@pytest.fixture(scope="session")
def golden_warehouse(postgres: LocalPostgres, warehouse_template: str) -> str:
    """The DSN of a migrated warehouse."""
    with psycopg.connect(postgres.dsn("postgres"), autocommit=True) as connection:
        connection.execute(
            sql.SQL("create database {} template {}").format(
                sql.Identifier(WAREHOUSE), sql.Identifier(warehouse_template)
            )
        )
    return postgres.dsn(WAREHOUSE)


@pytest.fixture(scope="session")
def tryton_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TrytonServer]:
    """One server with a company for each currency of the book."""
    server = TrytonServer(tmp_path_factory.mktemp("tryton"))
    server.start(print)
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def tryton(tryton_server: TrytonServer) -> Iterator[TrytonBackOffice]:
    """The adapter to the server."""
    with requests.Session() as session:
        yield TrytonBackOffice(
            tryton_server.url, DATABASE, USER, tryton_server.password, session=session, clock=SystemClock()
        )


@pytest.fixture(scope="session")
def tryton_books(tryton_server: TrytonServer) -> Iterator[BooksOfTryton]:
    """The same books from the inside."""
    with requests.Session() as session:
        yield BooksOfTryton(tryton_server, session)
