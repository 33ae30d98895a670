"""Trap 14: refunds come without their lines: a bulk operation cannot carry what hangs below a list."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from shopify_pipeline.steps import extract_reading
from shopify_pipeline_tests.steps.extracting import Bench, KeptLoads
from shopify_pipeline_tests.traps.bulk_shop import bulk_bench

NODES = ("Refund", "RefundLineItem", "RefundShippingLine", "OrderAdjustment", "Fulfillment", "FulfillmentLineItem")


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with bulk_bench(tmp_path) as made:
        yield made


def test_every_refunded_and_fulfilled_line_comes_with_a_bulk_operation(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = bench.shop.sandbox.store
    store.advance(refund=3)
    refunded = sum(len(refund.lines) for order in store.state.orders.values() for refund in order.refunds)
    fulfilled = sum(len(each.lines) for order in store.state.orders.values() for each in order.fulfillments)
    assert refunded
    assert fulfilled

    def check() -> None:
        bench.extract("orders", KeptLoads(), bulk_threshold=1)
        documents = bench.assembled("orders", 1).documents
        counts = Counter(child.node for document in documents for child in document.children)
        assert (counts["RefundLineItem"], counts["FulfillmentLineItem"]) == (refunded, fulfilled)

    check()
    monkeypatch.setattr(extract_reading, "roots_with_details", lambda lines: iter(()))
    with pytest.raises(AssertionError):
        check()
