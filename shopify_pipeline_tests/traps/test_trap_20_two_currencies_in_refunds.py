"""Trap 20: a refund converts at a rate of its own; who mixes shop and presentment money refunds another amount."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from shopify_pipeline.schemas import Table, decode, judging
from shopify_pipeline.schemas.kinds import Source
from shopify_pipeline.schemas.pulling import TablePlan
from shopify_pipeline.schemas.shapes import Shape
from shopify_pipeline.warehouse.connect import connect
from shopify_pipeline_tests.builders import an_order, bag, page
from shopify_pipeline_tests.steps.conftest import Loading
from shopify_pipeline_tests.traps.followed import FollowedShop, followed_shop
from shopify_sandbox.world.refunding import can_cancel, can_refund

#: What of each order in another currency differs from what its refunds and their payments say, in presentment money.
DISAGREEING = """
    with refunded as (
        select
            order_id,
            sum(total_refunded_presentment) as amount,
            array_agg(distinct presentment_currency) as currencies
        from shopify.refunds group by order_id
    ),
    paid_back as (
        select order_id, sum(amount_presentment) as amount, array_agg(distinct presentment_currency) as currencies
        from shopify.order_transactions where kind = 'REFUND' and status = 'SUCCESS' group by order_id
    )
    select o.name, o.total_refunded_presentment, refunded.amount, paid_back.amount
    from shopify.orders as o
    left join refunded using (order_id)
    left join paid_back using (order_id)
    where o.presentment_currency <> o.currency and (
        o.total_refunded_presentment <> coalesce(refunded.amount, 0)
        or o.total_refunded_presentment <> coalesce(paid_back.amount, 0)
        or o.net_payment_presentment <> o.total_received_presentment - o.total_refunded_presentment
        or refunded.currencies <> array[o.presentment_currency]
        or paid_back.currencies <> array[o.presentment_currency]
    )
"""
#: The order paid back whole: what is left of it in either currency, and what its refunds say the rates have made of it.
LEFT_OVER = """
    select
        o.total_received_presentment > 0, o.net_payment_presentment,
        o.net_payment_shop, sum(t.exchange_adjustment), array_agg(distinct t.exchange_adjustment_currency)
    from shopify.orders as o
    inner join shopify.order_transactions as t using (shop, order_id)
    where o.name = '{name}' and t.kind = 'REFUND'
    group by o.shop, o.order_id
"""


@pytest.fixture
def shop(tmp_path: Path, warehouse_dsn: str) -> Iterator[FollowedShop]:
    with followed_shop(tmp_path, warehouse_dsn, orders=40) as running:
        yield running


def test_refunds_add_up_in_the_currency_the_customer_paid_in_and_the_rest_has_a_name(
    shop: FollowedShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.store.advance(happen={"place_foreign_currency": 6}, hours=24 * 9)
    part_paid_back, paid_back = [
        order for order in shop.orders if order.exchange and can_refund(order) and can_cancel(order)
    ][-2:]
    shop.store.advance(happen={"refund_goodwill": 1}, order=part_paid_back.name)
    shop.store.advance(cancel=1, order=paid_back.name)
    foreign = [refund for order in shop.orders if order.exchange for refund in order.refunds]

    def check() -> None:
        shop.sync("orders")
        assert shop.rows(DISAGREEING) == []
        assert shop.rows("select count(*) from shopify.refunds where presentment_currency <> currency") == [
            (len(foreign),)
        ]
        [(was_paid, left_presentment, left_shop, by_rates, currencies)] = shop.rows(
            LEFT_OVER.format(name=paid_back.name)
        )
        assert (was_paid, left_presentment) == (True, Decimal(0))
        assert left_shop == by_rates != 0
        assert currencies == ["USD"]

    check()
    shop.pipeline.rewind("orders", shop.orders[0].created_at)
    shop.store.advance(new_orders=1)
    monkeypatch.setattr(decode, "TablePlan", _refunds_in_shop_money)
    with pytest.raises(AssertionError):
        check()


def _refunds_in_shop_money(table: Table, source: Source, shape: Shape) -> TablePlan:
    """A plan that takes the shop's amount of a refund for what the customer saw."""
    if table.name == "refunds":
        mixed = (replace(c, path=c.path.replace("presentmentMoney.amount", "shopMoney.amount")) for c in table.columns)
        table = replace(table, columns=tuple(mixed))
    return TablePlan(table, source, shape)


def test_a_refund_in_a_currency_that_is_not_its_orders_is_withheld_with_its_order(
    warehouse_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with connect(warehouse_dsn) as conn:
        loading = Loading(conn)

        def check(number: int) -> None:
            loaded = loading("orders", ("page", [page("orders", _an_order_refunded_in_pounds(number))]))
            assert (loaded.loaded, loaded.quarantined) == (0, 1)
            assert loading.rows(f"select rule from ops.quarantine where root_id = '{number}'") == [
                ("one_currency_per_order",)
            ]

        check(1)
        monkeypatch.setattr(judging, "_foreign_currencies", lambda *_: iter(()))
        with pytest.raises(AssertionError):
            check(2)


def _an_order_refunded_in_pounds(number: int) -> dict[str, Any]:
    """Sold in euros by a shop that books in dollars; its refund speaks of pounds."""
    order = _in_euros(an_order(number, lines=()))
    pounds = {"amount": "4.0", "currencyCode": "GBP"}
    refund = {
        "id": f"gid://shopify/Refund/{number}",
        "return": None,
        "note": None,
        "createdAt": order["updatedAt"],
        "processedAt": order["updatedAt"],
        "updatedAt": order["updatedAt"],
        "totalRefundedSet": {**bag("5.0"), "presentmentMoney": pounds},
        "duties": [],
        **dict.fromkeys(("refundLineItems", "refundShippingLines", "orderAdjustments"), _NOTHING),
    }
    return order | {"presentmentCurrencyCode": "EUR", "refunds": [refund]}


_NOTHING = {"nodes": [], "pageInfo": {"hasNextPage": False, "endCursor": None}}


def _in_euros(value: Any) -> Any:
    """The same order with every presentment amount in euros."""
    text = json.dumps(value)
    shown = '"presentmentMoney": {"amount": "%s", "currencyCode": "USD"}'
    for amount in ("0.0", "10.0"):
        text = text.replace(shown % amount, (shown % amount).replace("USD", "EUR"))
    return json.loads(text)
