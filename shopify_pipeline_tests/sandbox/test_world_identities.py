"""The identities of the sales ledger hold, to the cent, for every order of a world that has lived.

Numbers are those of the ledger rules (I1 … I18). Each is summed here from raw sales and transactions.
"""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shopify_pipeline_tests.sandbox.world_cases import a_world, paid, refund_pending, sales_sum
from shopify_sandbox.world.figures import figures
from shopify_sandbox.world.records import Order
from shopify_sandbox.world.world import World

ADDED = ("ORDER", "UPDATE")
GOODS, SHIPPING, TIP, ADJUSTMENT = ("PRODUCT",), ("SHIPPING",), ("TIP",), ("ADJUSTMENT",)


@pytest.fixture(scope="module")
def lived() -> World:
    """300 orders of history, then a busy afternoon with every action there is."""
    world = a_world(orders=300, days=60)
    for restock in (True, False):
        world.advance(
            new_orders=20, capture=10, fulfill=12, edit=8, refund=10, settle=2, cancel=6, restock=restock, hours=1
        )
    for _ in range(150):
        world.tick()
    refund_pending(world, 3)
    return world


def _orders(world: World) -> list[Order]:
    return list(world.state.orders.values())


def _net(order: Order, kinds: tuple[str, ...], actions: tuple[str, ...] = ()) -> int:
    return sales_sum(order, "total", kinds=kinds, actions=actions) - sales_sum(
        order, "tax", kinds=kinds, actions=actions
    )


def _assert_identities(order: Order) -> None:
    money = figures(order)
    everything, adjustments = sales_sum(order, "total"), sales_sum(order, "total", kinds=ADJUSTMENT)
    shipping_discount = sum(one.amount for line in order.shipping_lines for one in line.allocations)
    assert money.original_total_price == sum(sale.total for sale in order.agreements[0].sales), "I1"
    assert money.total_price == sales_sum(order, "total", actions=ADDED), "I2"
    assert money.current_total_price == everything - adjustments, "I3"
    assert money.current_total_tax == sales_sum(order, "tax"), "I4"
    assert money.total_received == paid(order, "SALE", "CAPTURE"), "I5"
    refunds = [one for refund in order.refunds for one in refund.transactions if one.status == "SUCCESS"]
    assert money.total_refunded == paid(order, "REFUND") == sum(one.amount for one in refunds), "I6"
    assert money.net_payment == money.total_received - money.total_refunded, "I7"
    voided = any(one.kind == "VOID" for one in order.transactions)
    authorised = paid(order, "AUTHORIZATION") - paid(order, "CAPTURE")
    assert money.total_capturable == (0 if voided else authorised), "I8"
    if not adjustments:
        left = money.current_total_price - money.net_payment - money.total_capturable
        assert money.total_outstanding == left, "I9"
    assert money.total_outstanding == everything - money.net_payment - money.total_capturable, "I10"
    shipping = money.total_shipping_price - shipping_discount
    tips = sales_sum(order, "total", kinds=TIP, actions=ADDED)
    assert money.total_price == money.subtotal_price + money.total_tax + shipping + tips, "I11"
    current_tips = sales_sum(order, "total", kinds=TIP)
    assert money.current_total_price == (
        money.current_subtotal_price + money.current_total_tax + money.current_shipping_price + current_tips
    ), "I12"
    assert money.current_shipping_price == _net(order, SHIPPING)
    assert money.current_subtotal_price == _net(order, GOODS)
    if order.cancelled_at:
        assert (money.current_total_price, money.total_outstanding) == (0, 0), "I13"
        assert money.total_price > 0, "I13"
    assert money.refund_discrepancy == adjustments, "I18"


def _assert_lines(order: Order) -> None:
    for line in order.lines:
        sales = [sale for sale in order.sales() if sale.line is line]
        negative = sum(sale.quantity or 0 for sale in sales if (sale.quantity or 0) < 0)
        assert line.quantity - line.current_quantity == -negative, "I16"
        assert line.current_quantity == sum(sale.quantity or 0 for sale in sales), "I16"
        assert 0 <= line.unfulfilled <= line.current_quantity
        if line.current_quantity == 0:
            columns = ("total", "tax", "discount", "discount_after_tax")
            assert [sum(getattr(sale, column) for sale in sales) for column in columns] == [0, 0, 0, 0], "I17"
    for sale in order.sales():
        assert sum(tax.amount for tax in sale.taxes) == sale.tax, "I17"
        assert (sale.quantity is None) == (sale.line_type in ("SHIPPING", "ADJUSTMENT"))


def _assert_refunds(order: Order) -> None:
    """I15 on orders that were paid and never edited: a refund's agreement is the money that went out."""
    edited = any(one.type == "OrderEditAgreement" for one in order.agreements)
    if edited or not paid(order, "SALE", "CAPTURE"):
        return
    for agreement in order.agreements:
        if agreement.refund:
            money = sum(one.amount for one in agreement.refund.transactions if one.status == "SUCCESS")
            assert sum(sale.total for sale in agreement.sales) == -money, "I15"


def test_every_identity_holds_for_every_order_after_many_events(lived: World):
    for order in _orders(lived):
        _assert_identities(order)
        _assert_lines(order)
        _assert_refunds(order)


def test_adjustments_of_a_refund_are_the_adjustment_sales_of_its_agreement(lived: World):
    for order in _orders(lived):
        for agreement in order.agreements:
            if agreement.refund:
                booked = Counter((sale.total, sale.tax) for sale in agreement.sales if sale.line_type == "ADJUSTMENT")
                assert booked == Counter((one.amount, one.tax) for one in agreement.refund.adjustments)


def test_pending_refund_is_held_back_until_it_settles(lived: World):
    pending = [refund for order in _orders(lived) for refund in order.refunds if refund.is_pending]
    assert len(pending) >= 3
    for refund in pending:
        held = [one.amount for one in refund.adjustments if one.reason == "PENDING_REFUND_DISCREPANCY"]
        assert held == [sum(one.amount for one in refund.transactions)]


def test_the_lived_world_has_every_kind_of_event_the_rules_speak_of(lived: World):
    orders = _orders(lived)
    sales = Counter((sale.action, sale.line_type) for order in orders for sale in order.sales())
    restocks = {line.restock for order in orders for refund in order.refunds for line in refund.lines}
    kinds = {(one.kind, one.status) for order in orders for one in order.transactions}

    assert set(sales) >= {
        ("ORDER", "PRODUCT"),
        ("ORDER", "SHIPPING"),
        ("ORDER", "TIP"),
        ("RETURN", "PRODUCT"),
        ("RETURN", "SHIPPING"),
        ("RETURN", "ADJUSTMENT"),
        ("UPDATE", "PRODUCT"),
    }
    assert restocks == {"RETURN", "CANCEL", "NO_RESTOCK"}
    assert kinds >= {
        ("SALE", "SUCCESS"),
        ("SALE", "PENDING"),
        ("AUTHORIZATION", "SUCCESS"),
        ("CAPTURE", "SUCCESS"),
        ("VOID", "SUCCESS"),
        ("REFUND", "SUCCESS"),
        ("REFUND", "PENDING"),
    }
    assert {"AUTHORIZATION", "SALE"} & {one.kind for order in orders for one in order.transactions if one.error_code}


@settings(max_examples=12, deadline=None, derandomize=True)
@given(seed=st.integers(0, 10**6), ticks=st.integers(0, 80))
def test_identities_hold_whatever_the_seed_and_however_long_the_world_lives(seed: int, ticks: int):
    world = a_world(seed=seed, orders=25, days=15)
    for _ in range(ticks):
        world.tick()
    for order in _orders(world):
        _assert_identities(order)
        _assert_lines(order)
        _assert_refunds(order)
