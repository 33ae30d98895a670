"""Whatever is returned, swapped, refunded and cancelled, the sums of every order hold, in every kind of shop.

Numbers such as I2 are those of the ledger rules. Each sum is taken here from raw sales and transactions.
"""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shopify_pipeline_tests.sandbox.world_cases import a_full_world, paid, sales_sum
from shopify_sandbox.world.exchanging import HAPPENINGS as EXCHANGE_HAPPENINGS
from shopify_sandbox.world.figures import figures
from shopify_sandbox.world.records import Order
from shopify_sandbox.world.refund_happenings import HAPPENINGS as REFUND_HAPPENINGS
from shopify_sandbox.world.return_happenings import HAPPENINGS as RETURN_HAPPENINGS
from shopify_sandbox.world.world import World

HAPPENINGS = [*RETURN_HAPPENINGS, *EXCHANGE_HAPPENINGS, *REFUND_HAPPENINGS]
VARIANTS = (
    {},
    {"pending_adjustment": "reversed"},
    {"edit_removal_refund": "with"},
    {"exchange": "two"},
    {"current_total": "with"},
    {"update_quantity": "null"},
)


@pytest.mark.parametrize("happening", HAPPENINGS, ids=lambda one: one.name)
def test_every_happening_of_returns_can_be_asked_for_by_name(happening, lived: World):
    before = lived.state.event_count

    lived.advance(happen={happening.name: 1})

    assert lived.state.event_count > before


@pytest.fixture(scope="module")
def lived() -> World:
    """90 days of 400 orders, and an afternoon after."""
    world = a_full_world(orders=400, seed=3)
    for _ in range(40):
        world.tick()
    return world


def test_every_order_of_a_lived_world_keeps_the_identities(lived: World, full_world: World):
    for order in (*lived.state.orders.values(), *full_world.state.orders.values()):
        _assert_identities(order)


@settings(max_examples=5, deadline=None, derandomize=True)
@given(
    seed=st.integers(0, 10**6),
    profile=st.sampled_from(["usd", "gbp", "jpy", "kwd"]),
    variants=st.sampled_from(VARIANTS),
    ticks=st.integers(0, 40),
)
def test_identities_hold_in_every_kind_of_shop_and_every_variant(seed, profile, variants, ticks):
    world = a_full_world(seed=seed, orders=40, profile=profile, variants=variants)
    for _ in range(ticks):
        world.tick()
    for order in world.state.orders.values():
        _assert_identities(order)


def _assert_identities(order: Order) -> None:
    """I2-I4, I6, I10 and I13-I18 of one order, to the minor unit of its own currency."""
    money = figures(order)
    everything, adjustments = sales_sum(order, "total"), sales_sum(order, "total", kinds=("ADJUSTMENT",))
    assert money.total_price == sales_sum(order, "total", actions=("ORDER", "UPDATE")), "I2"
    assert money.current_total_price == everything - (0 if order.counts_adjustments else adjustments), "I3"
    assert money.current_total_tax == sales_sum(order, "tax"), "I4"
    refunded = [one.amount for one in order.refunds for one in one.transactions if one.status == "SUCCESS"]
    assert money.total_refunded == paid(order, "REFUND"), "I6"
    assert sum(refunded) <= money.total_refunded, "I6"
    assert money.total_outstanding == everything - money.net_payment - money.total_capturable, "I10"
    if order.cancelled_at and not order.counts_adjustments:
        assert money.current_total_price == 0, "I13"
    assert money.refund_discrepancy == adjustments, "I18"
    _assert_lines(order)
    _assert_returns(order)
    _assert_refunds(order)


def _assert_lines(order: Order) -> None:
    for line in order.lines:
        sales = [sale for sale in order.sales() if sale.line is line]
        assert line.current_quantity == sum(sale.quantity or 0 for sale in sales), "I16"
        taken_back = sum(row.quantity for one in order.refunds for row in one.lines if row.line is line)
        assert taken_back >= line.quantity - line.current_quantity - _without_refund(order, line) - _edited(order, line)
        if line.current_quantity == 0:
            columns = ("total", "tax", "discount", "discount_after_tax")
            assert [sum(getattr(sale, column) for sale in sales) for column in columns] == [0, 0, 0, 0], "I17"
    for sale in order.sales():
        assert sum(tax.amount for tax in sale.taxes) == sale.tax, "I17"


def _without_refund(order: Order, line: object) -> int:
    """Units of a line that were processed without a refund."""
    agreements = [one for one in order.agreements if one.type == "ReturnAgreement" and one.refund is None]
    return -sum(sale.quantity or 0 for one in agreements for sale in one.sales if sale.line is line and sale.total < 0)


def _edited(order: Order, line: object) -> int:
    agreements = [one for one in order.agreements if one.type == "OrderEditAgreement"]
    return -sum(
        sale.quantity or 0 for one in agreements for sale in one.sales if sale.line is line and sale.action == "RETURN"
    )


def _assert_returns(order: Order) -> None:
    for returned in order.returns:
        written = [one for one in order.agreements if one.returned is returned]
        processed = sum(line.processed for line in returned.lines)
        back = [
            sale for one in written for sale in one.sales if sale.action == "RETURN" and sale.line_type != "ADJUSTMENT"
        ]
        assert processed == -sum(sale.quantity or 0 for sale in back), "what was processed is what the ledger took back"
        assert all(0 <= line.refunded <= line.processed <= line.quantity for line in returned.lines)
        fees = [sale.line for one in written for sale in one.sales if sale.line_type == "FEE"]
        assert len(fees) == len(set(fees)), "a fee is charged once"
        assert all(line.undisposed >= 0 for reverse in returned.reverse for line in reverse.lines)
        assert (returned.approved_at is None) == (not returned.reverse)
        for line in returned.exchanges:
            assert line.processed == sum(sold.quantity for sold in line.lines)


def _assert_refunds(order: Order) -> None:
    for one in order.refunds:
        lines = sum(row.subtotal + (0 if order.taxes_included else row.tax) for row in one.lines)
        assert lines >= 0
        booked = Counter(
            sale.total
            for agreement in order.agreements
            if agreement.refund is one
            for sale in agreement.sales
            if sale.line_type == "ADJUSTMENT"
        )
        listed = Counter(adjustment.amount for adjustment in one.adjustments)
        assert sum(amount * times for amount, times in booked.items()) == sum(
            amount * times for amount, times in listed.items()
        ), "adjustments of a refund are its adjustment sales"
