"""From the shop to the inbox and on to a reason to sync, when deliveries do what Shopify says they may."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests

from shopify_pipeline.ops.status import status
from shopify_pipeline.shopify.subscriptions import topics_of
from shopify_pipeline.steps.changes import reason_to_sync
from shopify_pipeline.warehouse.connect import connect
from shopify_pipeline_tests.shopify.sandboxed import CREDENTIALS, SHOP
from shopify_pipeline_tests.webhooks.deliveries import a_delivery, signature
from shopify_pipeline_tests.webhooks.hinted import HintedShop, hinted_shop

VERSIONS = "select order_id, updated_at, _root_hash from shopify.orders order by order_id"


@pytest.fixture
def shop(tmp_path: Path, warehouse_dsn: str) -> Iterator[HintedShop]:
    with hinted_shop(tmp_path, warehouse_dsn) as running:
        yield running


def test_w01_deliveries_that_come_twice_are_kept_once(shop: HintedShop) -> None:
    shop.store.sandbox.settings.change({"webhook_duplicate_share": 1.0})
    shop.pipeline().subscribe()
    shop.store.sandbox.store.advance(new_orders=3)
    shop.wait_for(lambda: not shop.store.sandbox.webhooks.deliveries.waiting())

    ids = [entry["webhook_id"] for entry in shop.attempts()]
    assert len(ids) == 2 * len(set(ids))
    assert {entry["outcome"] for entry in shop.attempts()} == {200}
    assert shop.rows("select count(*) from ops.inbox") == [(len(set(ids)),)]


def test_w02_in_whatever_order_hints_come_the_same_is_read(shop: HintedShop) -> None:
    shop.store.sandbox.settings.change({"webhook_disorder_share": 0.5})
    shop.pipeline().subscribe()
    shop.store.sandbox.store.advance(new_orders=4)
    shop.wait_for(lambda: not shop.store.sandbox.webhooks.deliveries.waiting())

    assert "orders/updated" in (reason_to_sync(shop.pipeline(), datetime.now(UTC)) or "")
    shop.sync()
    held = [order.id for order in shop.store.sandbox.store.state.orders.values()]
    assert shop.rows("select order_id from shopify.orders order by order_id") == [(number,) for number in sorted(held)]
    assert reason_to_sync(shop.pipeline(), datetime.now(UTC)) is None


def test_w03_a_change_whose_hint_is_lost_is_noticed_all_the_same(shop: HintedShop) -> None:
    shop.pipeline().subscribe()
    shop.sync()
    shop.store.sandbox.settings.change({"webhook_loss_share": 1.0})
    shop.store.sandbox.store.advance(new_orders=1)

    assert {entry["outcome"] for entry in shop.attempts() if entry["topic"].startswith("orders/")} == {"lost"}
    assert shop.rows("select count(*) from ops.inbox where topic <> 'bulk_operations/finish'") == [(0,)]
    assert "newer in the shop" in (reason_to_sync(shop.pipeline(), datetime.now(UTC)) or "")


def test_w04_a_hint_that_comes_a_day_late_is_a_hint_and_changes_no_row(shop: HintedShop) -> None:
    shop.sync()
    before = shop.rows(VERSIONS)
    triggered_at = (datetime.now(UTC) - timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%S.000000Z")
    assert _deliver(shop, b'{"id": 1, "total_price": "0.01"}', {"X-Shopify-Triggered-At": triggered_at}) == 200

    assert reason_to_sync(shop.pipeline(), datetime.now(UTC)) == "hints: 1 orders/updated"
    shop.sync()
    assert shop.rows(VERSIONS) == before


def test_w06_a_replay_with_changed_headers_leads_to_a_read_and_changes_no_row(shop: HintedShop) -> None:
    shop.pipeline().subscribe()
    shop.store.sandbox.store.advance(new_orders=1)
    shop.wait_for(lambda: not shop.store.sandbox.webhooks.deliveries.waiting())
    shop.sync()
    before = shop.rows(VERSIONS)
    [(body,)] = shop.rows("select body from ops.inbox where topic = 'orders/create'")
    shop.store.sandbox.store.advance(fulfill=1)
    shop.sync()
    current = shop.rows(VERSIONS)

    for number, topic in enumerate(("orders/updated", "orders/delete", "products/delete")):
        assert _deliver(shop, body, {"X-Shopify-Topic": topic, "X-Shopify-Webhook-Id": f"replay-{number}"}) == 200
    assert reason_to_sync(shop.pipeline(), datetime.now(UTC)) is not None
    shop.sync()
    assert current != before
    assert shop.rows(VERSIONS) == current


def test_w11_a_subscription_that_vanished_is_made_again_and_somebody_is_told(shop: HintedShop) -> None:
    hooks = shop.store.sandbox.webhooks
    assert shop.pipeline().subscribe() is not None
    assert shop.said == []
    before = {each.topic for each in hooks.subscriptions()}
    assert before == {topic.upper().replace("/", "_") for topic in topics_of(["fulfillment_orders"])}
    # As Shopify does after eight failures: without a word.
    gone = next(each for each in hooks.subscriptions() if each.topic == "ORDERS_UPDATED")
    hooks.unsubscribe(gone.gid)

    done = shop.pipeline().subscribe()

    assert done is not None
    assert (done.created, done.vanished) == (("orders/updated",), ("orders/updated",))
    assert {each.topic for each in hooks.subscriptions()} == before
    assert ["subscriptions had vanished and were made again: orders/updated" in line for line in shop.said] == [True]
    with connect(shop.dsn) as conn:
        report = status(conn, SHOP, datetime.now(UTC))
    assert [row["what"] for row in report["to_do"]] == ["vanished subscription orders/updated"]


def test_w11_after_eight_failed_retries_the_daily_look_brings_hints_back(shop: HintedShop) -> None:
    hooks = shop.store.sandbox.webhooks
    shop.store.sandbox.settings.change({"webhook_retry_span_seconds": 0.3})
    shop.pipeline().subscribe()
    address = shop.settings.shops["one"].webhook_uri
    gone = next(each for each in hooks.subscriptions() if each.topic == "PRODUCTS_UPDATE")
    hooks.update(gone.gid, {"uri": "http://127.0.0.1:1/nobody-listens"})
    shop.store.sandbox.store.advance(product_update=1)
    shop.wait_for(lambda: hooks.find(gone.gid) is None)

    done = shop.pipeline().subscribe()

    assert done is not None
    assert done.vanished == ("products/update",)
    assert [each.uri for each in hooks.subscriptions() if each.topic == "PRODUCTS_UPDATE"] == [address]
    shop.store.sandbox.store.advance(product_update=1)
    shop.wait_for(lambda: shop.rows("select topic from ops.inbox") == [("products/update",)])


def _deliver(shop: HintedShop, body: bytes, changed: dict[str, str]) -> int:
    secret = CREDENTIALS.client_secret.encode()
    ours = {"X-Shopify-Shop-Domain": SHOP, "X-Shopify-Hmac-Sha256": signature(body, secret), **changed}
    address = shop.settings.shops["one"].webhook_uri
    assert address is not None
    return requests.post(address, data=body, headers=a_delivery(body, changed=ours), timeout=10).status_code
