"""Trap 16, its first half: a deleted record is in no answer of the API any more, and only a webhook hints at it.

That the hint is asked for and kept is shown here; what it leads to is in ``test_trap_16_deleted_records.py``.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from shopify_pipeline.shopify import subscriptions
from shopify_pipeline.shopify.subscriptions import ensure_subscriptions
from shopify_pipeline.steps import pipeline
from shopify_pipeline.steps.changes import reason_to_sync
from shopify_pipeline_tests.webhooks.hinted import hinted_shop


def test_the_hint_of_a_deletion_reaches_the_inbox_with_its_id_and_asks_for_a_sync(
    tmp_path: Path, warehouse_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with hinted_shop(tmp_path, warehouse_dsn, orders=2) as shop:
        product = next(iter(shop.store.sandbox.store.state.products))

        def check() -> None:
            shop.pipeline().subscribe()
            held = {each.topic for each in shop.store.sandbox.webhooks.subscriptions()}
            assert {"ORDERS_DELETE", "CUSTOMERS_DELETE", "PRODUCTS_DELETE"} <= held
            shop.store.sandbox.trigger("products/delete", f"gid://shopify/Product/{product}")
            shop.wait_for(lambda: not shop.store.sandbox.webhooks.deliveries.waiting())
            assert shop.rows("select topic, convert_from(body, 'utf8') from ops.inbox") == [
                ("products/delete", f'{{"id":{product}}}')
            ]
            assert reason_to_sync(shop.pipeline(), datetime.now(UTC)) == "hints: 1 products/delete"

        check()
        kept = tuple(topic for topic in subscriptions.TOPICS if not topic.endswith("/delete"))
        monkeypatch.setattr(pipeline, "ensure_subscriptions", lambda api, uri, _: ensure_subscriptions(api, uri, kept))
        with pytest.raises(AssertionError):
            check()
