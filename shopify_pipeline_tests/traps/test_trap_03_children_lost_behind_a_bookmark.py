"""Trap 3: transactions and refunds with a bookmark of their own; what is new below an old order is never read."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from shopify_pipeline.schemas.records import Assembly
from shopify_pipeline.shopify.windows import Window
from shopify_pipeline_tests.steps.extracting import Bench, KeptLoads
from shopify_pipeline_tests.traps.bulk_shop import bulk_bench
from shopify_sandbox.world.records import Order


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with bulk_bench(tmp_path) as made:
        yield made


def payments_and_refunds(assembly: Assembly) -> Counter[str]:
    """Gids below every order that was read."""
    found: Counter[str] = Counter()
    for document in assembly.documents:
        found.update(each["id"] for name in ("transactions", "refunds") for each in json.loads(document.raw)[name])
    return found


def held_below(order: Order) -> set[str]:
    transactions = {f"gid://shopify/OrderTransaction/{each.id}" for each in order.transactions}
    return transactions | {f"gid://shopify/Refund/{each.id}" for each in order.refunds}


@pytest.mark.parametrize("threshold", [1, 1000], ids=["by bulk operation", "by pages"])
def test_an_old_order_that_is_paid_or_refunded_comes_with_all_its_payments_and_refunds(
    threshold: int, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = bench.shop.sandbox.store
    loads = KeptLoads()
    full = bench.extract("orders", loads)
    assert payments_and_refunds(bench.assembled("orders", 1))
    store.advance(hours=24)
    touched = {event["order_id"] for event in store.advance(capture=1, refund=2) if event.get("order_id")}
    orders = [store.state.orders[number] for number in touched]
    assert [order for order in orders if order.created_at < full.window_to]

    def check() -> None:
        loads.abandon(len(loads.loads))
        loads.cursor_at = full.window_to
        bench.extract("orders", loads, bulk_threshold=threshold)
        read = payments_and_refunds(bench.assembled("orders", len(loads.loads)))
        assert set(read) == set().union(*map(held_below, orders))
        assert max(read.values()) == 1

    check()

    def of_new_orders(window: Window) -> str:
        """The bookmark of the children moved on while their orders stood still."""
        return f"created_at:>='{full.window_to:%Y-%m-%dT%H:%M:%SZ}'"

    monkeypatch.setattr(Window, "query", property(of_new_orders))
    with pytest.raises(AssertionError):
        check()
