"""Trap 19: deliveries come twice, even at once, and out of order; and a 200 for what was not kept loses it for ever."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
import requests

from shopify_pipeline.clock import SystemClock
from shopify_pipeline.errors import TransientError
from shopify_pipeline.warehouse import inbox as inbox_module
from shopify_pipeline.warehouse.inbox import Hint, PostgresInbox, Waiting, waiting
from shopify_pipeline.webhooks.receiver import GroupCommit, build_app
from shopify_pipeline_tests.webhooks.deliveries import SECRET, SHOP, a_delivery, serving, signature

AT_ONCE = 16


@pytest.fixture
def kept(warehouse_dsn: str) -> Callable[[], int]:
    def kept() -> int:
        with psycopg.connect(warehouse_dsn) as conn:
            row = conn.execute("select count(*) from ops.inbox").fetchone()
            assert row is not None
            return int(row[0])

    return kept


@pytest.fixture
def two_receivers(warehouse_dsn: str) -> Iterator[list[str]]:
    """Two processes' worth of receivers on one warehouse: copies of a delivery need not meet in one of them."""
    with PostgresInbox(warehouse_dsn) as first, PostgresInbox(warehouse_dsn) as second:
        apps = [build_app({SHOP: [SECRET]}, inbox, clock=SystemClock()) for inbox in (first, second)]
        with serving(apps[0]) as one, serving(apps[1]) as other:
            yield [one, other]


def deliver(address: str, webhook_id: str, *, topic: str = "orders/updated", body: bytes = b"{}") -> int:
    changed = {"X-Shopify-Webhook-Id": webhook_id, "X-Shopify-Topic": topic, "X-Shopify-Hmac-Sha256": signature(body)}
    headers = a_delivery(body, changed=changed)
    return requests.post(f"{address}/webhooks", data=body, headers=headers, timeout=10).status_code


def test_copies_that_arrive_at_the_same_moment_are_acknowledged_and_kept_once(
    two_receivers: list[str], kept: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    def check(webhook_id: str) -> None:
        before, together = kept(), threading.Barrier(AT_ONCE)

        def copy(number: int) -> int:
            together.wait()
            return deliver(two_receivers[number % 2], webhook_id)

        with ThreadPoolExecutor(AT_ONCE) as pool:
            statuses = list(pool.map(copy, range(AT_ONCE)))
        assert statuses == [200] * AT_ONCE
        assert kept() == before + 1

    check("with the key")
    # A copy is then an error, which Shopify repeats, and in the end it removes the subscription.
    monkeypatch.setitem(
        inbox_module.SQL, "store", inbox_module.SQL["store"].replace("on conflict (shop, webhook_id) do nothing", "")
    )  # type: ignore[index]
    with pytest.raises(AssertionError):
        check("without")


def test_an_update_before_its_creation_asks_for_the_same_read_as_after_it(
    two_receivers: list[str], warehouse_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def hints(shop_topics: Sequence[str]) -> dict[str, int]:
        with psycopg.connect(warehouse_dsn) as conn:
            conn.execute("delete from ops.inbox")
        for number, topic in enumerate(shop_topics):
            assert deliver(two_receivers[0], f"{topic}-{number}", topic=topic, body=b'{"id": 7}') == 200
        with psycopg.connect(warehouse_dsn) as conn:
            found = inbox_module.waiting(conn, SHOP)
        return {} if found is None else dict(found.topics)

    def check() -> None:
        assert hints(["orders/updated", "orders/create"]) == hints(["orders/create", "orders/updated"])
        assert hints(["orders/updated"]) == {"orders/updated": 1}

    check()

    def only_of_known_orders(conn: Any, shop: str) -> Waiting | None:
        """Ignores an update until the creation has come, as receivers do that write what they are told."""
        found = waiting(conn, shop)
        return found if found is not None and "orders/create" in found.topics else None

    monkeypatch.setattr(inbox_module, "waiting", only_of_known_orders)
    with pytest.raises(AssertionError):
        check()


def test_what_the_database_did_not_keep_is_not_acknowledged(monkeypatch: pytest.MonkeyPatch) -> None:
    class FailingInbox:
        def store(self, hints: Sequence[Hint]) -> None:
            raise TransientError("the database is gone")

    def check() -> None:
        with serving(build_app({SHOP: [SECRET]}, FailingInbox(), clock=SystemClock())) as address:
            assert deliver(address, f"lost at {datetime.now(UTC)}") == 503

    check()

    async def acknowledge_first(group: GroupCommit, hint: Hint) -> None:
        """Answers before anything is kept."""

    monkeypatch.setattr(GroupCommit, "keep", acknowledge_first)
    with pytest.raises(AssertionError):
        check()
