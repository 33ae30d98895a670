"""The inbox as the syncing side sees it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from shopify_pipeline.warehouse.connect import Connection, connect
from shopify_pipeline.warehouse.inbox import PostgresInbox, Waiting, mark_handled, waiting

SHOP = "outfitters.myshopify.com"
NOON = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)


@pytest.fixture
def connection(warehouse_dsn: str) -> Iterator[Connection]:
    with connect(warehouse_dsn) as connection:
        yield connection


def keep(dsn: str, *, topic: str, at: datetime, shop: str = SHOP) -> None:
    with PostgresInbox(dsn) as inbox:
        assert inbox.store(
            shop=shop,
            webhook_id=f"{topic} {at}",
            event_id=None,
            topic=topic,
            api_version="2026-10",
            triggered_at=None,
            received_at=at,
            body=b"{}",
        )


def test_an_empty_inbox_has_nothing_waiting(connection: psycopg.Connection) -> None:
    assert waiting(connection, SHOP) is None


def test_waiting_counts_a_shops_own_hints_by_topic(warehouse_dsn: str, connection: Connection) -> None:
    keep(warehouse_dsn, topic="orders/updated", at=NOON)
    keep(warehouse_dsn, topic="orders/updated", at=NOON + timedelta(seconds=2))
    keep(warehouse_dsn, topic="customers/update", at=NOON + timedelta(seconds=1))
    keep(warehouse_dsn, topic="orders/updated", at=NOON, shop="second.myshopify.com")
    assert waiting(connection, SHOP) == Waiting(
        {"customers/update": 1, "orders/updated": 2}, NOON + timedelta(seconds=2)
    )


def test_a_hint_that_came_after_the_sync_began_stays_waiting(warehouse_dsn: str, connection: Connection) -> None:
    keep(warehouse_dsn, topic="orders/updated", at=NOON)
    seen = waiting(connection, SHOP)
    assert seen is not None
    keep(warehouse_dsn, topic="products/update", at=NOON + timedelta(seconds=1))

    assert mark_handled(connection, SHOP, seen.newest_received_at, NOON + timedelta(minutes=1)) == 1
    assert waiting(connection, SHOP) == Waiting({"products/update": 1}, NOON + timedelta(seconds=1))
