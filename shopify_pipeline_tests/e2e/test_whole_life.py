"""A store in which everything happens, with real PostgreSQL and Tryton: all three agree.

Here: one full world from its first sync to the break ledger. What a single case posts is in the golden book.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import psycopg
import pytest

from shopify_pipeline.local.postgres import LocalPostgres
from shopify_pipeline.local.tryton import TrytonServer
from shopify_pipeline_tests.e2e.installation import Installation
from shopify_pipeline_tests.e2e.store import Store

ORDERS = 60
GO_LIVE_ON = date(2026, 11, 1)


@pytest.fixture
def lived(postgres: LocalPostgres, warehouse_template: str, tmp_path: Path) -> Iterator[Installation]:
    """An installation on a full world, nothing of which is read yet."""
    with psycopg.connect(postgres.dsn("postgres"), autocommit=True) as connection:
        connection.execute(f"create database e2e_whole_life template {warehouse_template}")
    store, tryton = Store(tmp_path / "store", orders=ORDERS, mix="full"), TrytonServer(tmp_path / "tryton")
    try:
        store.start()
        tryton.start(lambda line: None)
        made = Installation(tmp_path, "e2e_whole_life", postgres, store, tryton, GO_LIVE_ON)
        made.write_settings()
        yield made
    finally:
        tryton.stop()
        store.stop()
        with psycopg.connect(postgres.dsn("postgres"), autocommit=True) as connection:
            connection.execute("drop database e2e_whole_life with (force)")


def test_shop_warehouse_and_books_agree_where_everything_happens(
    lived: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A call for every second order is there to be interrupted; nothing interrupts this one.
    monkeypatch.setenv("SHOPIFY_PIPELINE_TRYTON__BATCH_SIZE", "10")
    lived.sync()
    lived.pipeline().push()
    lived.reconcile()

    found = lived.rows("select rule, class, message from recon.breaks where status = 'open'")
    # A SKU twice, an old authorisation, credit in another currency: shop and books agree on them.
    assert [each for each in found if each[1] != "attention"] == []
    assert lived.difference_to_truth() == {}
    # What is sold or given in a currency the company has no books in cannot be booked exactly.
    refused = lived.rows("select resource, reason from backoffice.pushes where outcome = 'rejected'")
    assert all(resource == "entries" and " is in " in reason for resource, reason in refused), refused
    books = lived.books()
    assert {name: number for name, number in books.items() if not number} == {}
    assert lived.rows("select count(distinct account) > 8 from backoffice.ledger") == [(True,)]
