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
from shopify_pipeline.local.tryton import TrytonServer
from shopify_pipeline_tests.e2e.installation import Installation
from shopify_pipeline_tests.e2e.store import Store

OPENING_ORDERS = 14
# The shop's today when its world is made: the books open with the stock of that morning.
GO_LIVE_ON = date(2026, 11, 20)
_numbers = itertools.count(1)


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
    postgres: LocalPostgres, warehouse_template: str, store: Store, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    """An installation on its first morning: history loaded, opening stock booked; then the store had a busy day.

    What that day brought (orders, payments, shipments, an edit, a refund, a cancellation) is not read yet.
    """
    home = tmp_path_factory.mktemp("opened")
    with psycopg.connect(postgres.dsn("postgres"), autocommit=True) as connection:
        connection.execute(sql.SQL("create database e2e template {}").format(sql.Identifier(warehouse_template)))
    tryton = TrytonServer(home / "tryton")
    tryton.start(lambda line: None)
    try:
        opened = Installation(home, "e2e", postgres, store, tryton, GO_LIVE_ON)
        opened.write_settings()
        opened.done("sync")
        opened.done("push")
        store.advance(new_orders=4, capture=1, fulfill=2, hours=1)
        store.advance(edit=1, refund=1, cancel=1, customer_update=1, product_update=1)
        yield opened
    finally:
        tryton.stop()


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


@pytest.fixture(scope="session")
def synced(opened: Installation, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """The busy day is read and owed to the books, and not pushed."""
    made = opened.copy(tmp_path_factory.mktemp("days") / "e2e_synced")
    made.done("sync")
    yield made
    made.remove()


@pytest.fixture(scope="session")
def undisturbed(synced: Installation, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """The busy day read, pushed and reconciled by commands that nothing interrupted."""
    made = synced.copy(tmp_path_factory.mktemp("days") / "e2e_undisturbed")
    made.done("push")
    made.done("reconcile")
    yield made
    made.remove()


@pytest.fixture(scope="session")
def undisturbed_holds(undisturbed: Installation) -> dict[str, str]:
    """What every other way through the same day has to end in."""
    return undisturbed.holds()


@pytest.fixture
def synced_copy(synced: Installation, tmp_path: Path) -> Iterator[Installation]:
    """A copy of the synced installation that belongs to one test."""
    made = synced.copy(tmp_path / f"e2e_{next(_numbers)}")
    yield made
    made.remove()


@pytest.fixture
def day_done(undisturbed: Installation, another_store: Store, tmp_path: Path) -> Iterator[Installation]:
    """A copy of the undisturbed installation on a store of its own, which may live on."""
    made = undisturbed.copy(tmp_path / f"e2e_{next(_numbers)}", store=another_store)
    yield made
    made.remove()
