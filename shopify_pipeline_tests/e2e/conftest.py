"""The stack the whole folder shares: one store, one PostgreSQL, one Tryton, and an installation to start from.

Not here: any expectation.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from shopify_pipeline.local.postgres import LocalPostgres
from shopify_pipeline.local.tryton import DATABASE, TrytonServer
from shopify_pipeline_tests.e2e.installation import Installation, copy_books
from shopify_pipeline_tests.e2e.store import Store

OPENING_ORDERS = 14
# The shop's today when its world is made: the books open with the stock of that morning.
GO_LIVE_ON = date(2026, 11, 20)
_numbers = itertools.count(1)


def _quiet(line: str) -> None:
    """Progress nobody reads."""


@pytest.fixture(scope="session")
def tryton_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TrytonServer]:
    """One back office server; every installation has a database of its own in it."""
    server = TrytonServer(tmp_path_factory.mktemp("tryton"))
    server.start(_quiet)
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A store with the orders of three months; once it has lived through its busy day it stands still."""
    store = Store(tmp_path_factory.mktemp("store"), orders=OPENING_ORDERS)
    store.start()
    try:
        yield store
    finally:
        store.stop()


@pytest.fixture(scope="session")
def opened(
    postgres: LocalPostgres,
    warehouse_template: str,
    tryton_server: TrytonServer,
    store: Store,
    tmp_path_factory: pytest.TempPathFactory,
) -> Installation:
    """An installation on its first morning: history loaded, opening stock booked; then the store had a busy day.

    What that day brought (about ten orders, of every kind) is neither read nor pushed yet.
    """
    with psycopg.connect(postgres.dsn("postgres"), autocommit=True) as connection:
        connection.execute(
            sql.SQL("create database e2e template {}").format(sql.Identifier(warehouse_template))
        )
    copy_books(tryton_server, DATABASE, "e2e")
    opened = Installation(tmp_path_factory.mktemp("opened"), "e2e", postgres, store, tryton_server, GO_LIVE_ON)
    opened.write_settings()
    opened.done("sync")
    opened.done("push")
    store.advance(new_orders=8, capture=3, fulfill=5, hours=2)
    store.advance(edit=2, refund=3, cancel=1, settle=2, customer_update=1, product_update=1, hours=1)
    return opened


@pytest.fixture
def installation(opened: Installation, tmp_path: Path) -> Iterator[Installation]:
    """A copy of the opened installation that belongs to one test."""
    made = opened.copy(tmp_path / f"e2e_{next(_numbers)}")
    yield made
    made.remove()


@pytest.fixture
def another_store(opened: Installation, tmp_path: Path) -> Iterator[Store]:
    """The store once more, after its busy day, with a server of its own: what is done to it nobody else sees."""
    store = opened.store.copy(tmp_path / "store")
    store.start()
    try:
        yield store
    finally:
        store.stop()
