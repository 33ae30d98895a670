"""Trap 14: refunds arrive as one sum; lines, shipping, adjustments, duties and payments of each belong in tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from shopify_pipeline.shopify.pages import PageReader
from shopify_pipeline.steps import extract_reading
from shopify_pipeline_tests.traps.followed import FollowedShop, followed_shop, presentment
from shopify_sandbox.world.records import Order, Refund

Rows = Counter[tuple[Any, ...]]

#: Table → its columns to compare, and the same of one refund as the store's records have it.
PARTS: dict[str, tuple[str, Callable[[Order, Refund], list[tuple[Any, ...]]]]] = {
    "refunds": (
        "refund_id, order_id, total_refunded_presentment",
        lambda order, refund: [(refund.id, order.id, _paid_back(order, refund))],
    ),
    "refund_lines": (
        "refund_id, order_id, order_line_id, quantity, restock_type, subtotal_presentment, total_tax_presentment",
        lambda order, refund: [
            (
                *(refund.id, order.id, each.line.id, each.quantity, each.restock),
                *(presentment(order, each.subtotal), presentment(order, each.tax)),
            )
            for each in refund.lines
        ],
    ),
    "refund_shipping_lines": (
        "refund_id, order_id, shipping_line_id, subtotal_presentment, tax_presentment",
        lambda order, refund: [
            (
                *(refund.id, order.id, each.shipping_line.id),
                *(presentment(order, each.subtotal), presentment(order, each.tax)),
            )
            for each in refund.shipping_lines
        ],
    ),
    "refund_adjustments": (
        "adjustment_id, refund_id, order_id, reason, amount_presentment",
        lambda order, refund: [
            (each.id, refund.id, order.id, each.reason, presentment(order, each.amount)) for each in refund.adjustments
        ],
    ),
    "refund_duties": (
        "refund_id, order_id, duty_id, amount_presentment",
        lambda order, refund: [
            (refund.id, order.id, each.duty.id, presentment(order, each.amount)) for each in refund.duties
        ],
    ),
    "order_transactions where kind = 'REFUND'": (
        "transaction_id, order_id, parent_transaction_id, status, amount_presentment",
        lambda order, refund: [
            (each.id, order.id, each.parent and each.parent.id, each.status, presentment(order, each.amount))
            for each in refund.transactions
        ],
    ),
}


def _paid_back(order: Order, refund: Refund) -> Any:
    return presentment(order, sum(each.amount for each in refund.transactions if each.status == "SUCCESS"))


@pytest.fixture
def shop(tmp_path: Path, warehouse_dsn: str) -> Iterator[FollowedShop]:
    with followed_shop(tmp_path, warehouse_dsn, orders=100) as running:
        for _ in range(2):
            running.store.advance(happen={"place_duties": 1})
            order = running.orders[-1]
            running.store.advance(cancel=1, order=order.name)
        running.store.advance(happen={"refund_shipping": 2, "refund_pending": 1})
        yield running


def held(shop: FollowedShop, table: str) -> Rows:
    _, parts = PARTS[table]
    return Counter(row for order in shop.orders for refund in order.refunds for row in parts(order, refund))


def loaded(shop: FollowedShop, table: str) -> Rows:
    columns, _ = PARTS[table]
    return Counter(shop.rows(f"select {columns} from shopify.{table}"))


@pytest.mark.parametrize(
    ("threshold", "where", "details"),
    [
        pytest.param(1, extract_reading, "roots_with_details", id="bulk"),
        pytest.param(10_000, PageReader, "details", id="pages"),
    ],
)
def test_every_part_of_every_refund_is_a_row_of_its_own_table(
    threshold: int, where: object, details: str, shop: FollowedShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.read(bulk_threshold=threshold)
    assert all(held(shop, table) for table in PARTS)

    def check() -> None:
        shop.sync("orders")
        assert {table: loaded(shop, table) for table in PARTS} == {table: held(shop, table) for table in PARTS}

    check()
    monkeypatch.setattr(where, details, lambda *_: iter(()))
    shop.pipeline.rewind("orders", shop.orders[0].created_at)
    shop.store.advance(happen={"refund_shipping": 1, "refund_goodwill": 1})
    with pytest.raises(AssertionError):
        check()
