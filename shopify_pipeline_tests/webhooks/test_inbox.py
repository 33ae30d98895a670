"""The inbox as the syncing side sees it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from shopify_pipeline.ops.status import status
from shopify_pipeline.warehouse.connect import Connection, connect
from shopify_pipeline.warehouse.inbox import Hint, PostgresInbox, Waiting, mark_handled, waiting

SHOP = "outfitters.myshopify.com"
NOON = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)


@pytest.fixture
def connection(warehouse_dsn: str) -> Iterator[Connection]:
    with connect(warehouse_dsn) as connection:
        yield connection


def keep(dsn: str, *, topic: str, at: datetime, shop: str = SHOP) -> None:
    hint = Hint(
        shop=shop,
        webhook_id=f"{topic} {at}",
        event_id=None,
        topic=topic,
        api_version="2026-10",
        triggered_at=None,
        received_at=at,
        body=b"{}",
    )
    with PostgresInbox(dsn) as inbox:
        inbox.store([hint])


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


@pytest.mark.parametrize("topic", ["customers/data_request", "customers/redact", "shop/redact"])
def test_a_compliance_request_is_no_hint_and_stays_to_do_until_somebody_has_done_it(
    warehouse_dsn: str, connection: Connection, topic: str
) -> None:
    keep(warehouse_dsn, topic=topic, at=NOON)

    assert waiting(connection, SHOP) is None
    assert mark_handled(connection, SHOP, NOON + timedelta(days=1), NOON + timedelta(days=1)) == 0
    report = status(connection, SHOP, NOON)
    assert report["to_do"] == [{"what": topic, "waiting": 1, "oldest_at": NOON}]
    assert next(row for row in report["backlog"] if row["what"] == "hints")["waiting"] == 0


def test_a_finished_bulk_operation_is_no_reason_for_a_sync_and_is_closed_by_the_next(
    warehouse_dsn: str, connection: Connection
) -> None:
    keep(warehouse_dsn, topic="bulk_operations/finish", at=NOON)
    assert waiting(connection, SHOP) is None
    assert mark_handled(connection, SHOP, NOON, NOON) == 1
