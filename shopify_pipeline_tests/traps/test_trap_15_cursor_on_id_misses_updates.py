"""Trap 15: who goes on after the highest id read sees new records, and never the changes of old ones."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from shopify_pipeline.shopify.windows import Window
from shopify_pipeline_tests.shopify.sandboxed import NOW, sandbox_shop
from shopify_pipeline_tests.traps.reading import orders_between, orders_changed_between


def test_an_old_order_that_changes_is_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with sandbox_shop(tmp_path, orders=60) as shop:
        store = shop.sandbox.store
        since, last_id = store.now, max(store.state.orders)
        events = store.advance(refund=2, capture=1, new_orders=1)
        changed = {event["order_name"] for event in events if "order_name" in event}
        assert since > NOW - timedelta(seconds=1)
        assert [name for name in changed if name not in _newer_than(shop.sandbox.store.state.orders, last_id)]

        def check() -> None:
            read = orders_between(shop, since, store.now)
            assert set(read) >= changed
            assert read == orders_changed_between(shop, since, store.now)

        check()
        monkeypatch.setattr(Window, "query", property(lambda window: f"id:>{last_id}"))
        with pytest.raises(AssertionError):
            check()


def _newer_than(orders: dict[int, object], last_id: int) -> set[str]:
    return {order.name for number, order in orders.items() if number > last_id}  # type: ignore[attr-defined]
