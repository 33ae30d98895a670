"""What was seen of real orders, written down as figures and brought about by the world's own events.

Each test names what was recorded (amounts in minor units of the order's currency). Worked orders that nobody recorded
are in ``test_world_examples.py``.
"""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from shopify_pipeline_tests.sandbox.world_cases import a_draft, a_world, last_order, later, paid, taxable_variants
from shopify_sandbox.world.currency import exchange
from shopify_sandbox.world.editing import EditDraft, edit
from shopify_sandbox.world.figures import figures, financial_status
from shopify_sandbox.world.fulfilling import fulfill, open_units
from shopify_sandbox.world.paying import pay
from shopify_sandbox.world.placing import CodeDraft, LineDraft, PaymentDraft, ShippingDraft, TaxRate, place_order
from shopify_sandbox.world.records import Order
from shopify_sandbox.world.refunding import RefundDraft, cancel, refund
from shopify_sandbox.world.returning import Processing, ReturnDraft, open_return, process
from shopify_sandbox.world.world import World

AUTHORISED = PaymentDraft("shopify_payments", "AUTHORIZATION")
UNPAID = PaymentDraft("manual", "PENDING")
#: Ten lines of 200 units; the last five cost the same.
UNIT_PRICES = (4_300, 60_000, 74_995, 102_500, 78_595, 69_995, 69_995, 69_995, 69_995, 69_995)


@pytest.fixture
def world() -> World:
    return a_world()


def _placed(world: World, *lines: tuple[int, int], **more: Any) -> Order:
    """An order of (unit price, quantity) lines."""
    variants = taxable_variants(world)
    drafts = [LineDraft(variant, units, price) for variant, (price, units) in zip(variants, lines, strict=False)]
    world.record(place_order(world.state, later(world), a_draft(world, *drafts, **more)))
    return last_order(world)


def _shipped(world: World, order: Order) -> None:
    world.record(fulfill(world.state, later(world), order, open_units(order), Random(1)))


def _refunded(world: World, order: Order, draft: RefundDraft) -> None:
    world.record(refund(world.state, later(world), order, draft))


def _sales(order: Order, position: int = -1) -> list[tuple[str, str, int | None, int, int, int]]:
    return [
        (sale.action, sale.line_type, sale.quantity, sale.total, sale.tax, sale.discount)
        for sale in order.agreements[position].sales
    ]


def test_order_of_ten_lines_is_refunded_twice_and_then_swaps_five_of_each_for_one_thing(world: World):
    """Recorded whole: 13,407.30 k paid, 670,365.00 and 33,518.25 back, then an exchange for 885.95."""
    order = _placed(world, *((price, 200) for price in UNIT_PRICES))
    _shipped(world, order)
    for units in (100, 5):
        _refunded(world, order, RefundDraft([(line, units, "RETURN") for line in order.lines]))
    back = [(shipped, 5) for shipped in order.fulfillments[0].lines]
    instead = LineDraft(taxable_variants(world)[10], 1, 88_595)

    world.record(open_return(world.state, later(world), order, ReturnDraft(back, exchanges=[instead])))
    agreements_before = len(order.agreements)
    world.record(process(world.state, later(world), order.returns[0], Processing()))

    assert agreements_before == 3
    assert _sales(order) == [
        *(("RETURN", "PRODUCT", -5, -5 * price, 0, 0) for price in UNIT_PRICES),
        ("ORDER", "PRODUCT", 1, 88_595, 0, 0),
    ]
    assert [sum(one.amount for one in given.transactions) for given in order.refunds] == [
        67_036_500,
        3_351_825,
        3_263_230,
    ]
    assert sum(line.subtotal for line in order.refunds[2].lines) == 3_351_825
    money = figures(order)
    assert (money.total_price, money.subtotal_price) == (134_161_595, 134_161_595)
    assert (money.current_total_price, money.current_subtotal_price) == (60_421_445, 60_421_445)
    assert (money.total_tax, money.total_outstanding) == (0, 0)
    assert financial_status(order) == "PARTIALLY_REFUNDED"


def test_tax_is_inside_a_price_that_includes_it(world: World):
    """Recorded: 19.00 with 3.17 inside at 20 %."""
    order = _placed(world, (1_900, 1), taxes=[TaxRate("VAT", 200_000)], taxes_included=True)

    money = figures(order)

    assert _sales(order) == [("ORDER", "PRODUCT", 1, 1_900, 317, 0)]
    assert (money.total_price, money.current_subtotal_price, money.current_total_tax) == (1_900, 1_900, 317)


def test_discount_comes_back_with_the_unit_that_carried_it(world: World):
    """Recorded: 59.00 less 1.77; the refund takes back 57.23 and the discount of 1.77."""
    order = _placed(world, (5_900, 1), code=CodeDraft("THREE", amount=177))
    _shipped(world, order)

    _refunded(world, order, RefundDraft([(order.lines[0], 1, "RETURN")]))

    assert _sales(order, 0) == [("ORDER", "PRODUCT", 1, 5_723, 0, 177)]
    assert _sales(order) == [("RETURN", "PRODUCT", -1, -5_723, 0, -177)]
    money = figures(order)
    assert (money.total_price, money.current_total_price, money.total_outstanding) == (5_723, 0, 0)
    assert (money.total_discounts, money.current_total_discounts) == (177, 0)


def test_line_of_an_unpaid_order_is_reversed_without_money_and_without_adjustment(world: World):
    """Recorded: 27.00, no transaction, no adjustment."""
    order = _placed(world, (2_700, 1), payment=UNPAID)

    _refunded(world, order, RefundDraft([(order.lines[0], 1, "CANCEL")]))

    assert _sales(order) == [("RETURN", "PRODUCT", -1, -2_700, 0, 0)]
    assert (order.refunds[0].transactions, order.refunds[0].adjustments) == ([], [])
    assert [line.subtotal for line in order.refunds[0].lines] == [2_700]


def test_gift_cards_are_sold_untaxed_inside_subtotal_and_total_at_the_time_of_processing(world: World):
    """Recorded: 25.00 and 50.00, pending; the agreement is one second older than the order."""
    cards = [LineDraft(taxable_variants(world)[0], 1, price, is_gift_card=True) for price in (2_500, 5_000)]
    draft = a_draft(world, *cards, payment=UNPAID, taxes=[TaxRate("Tax", 80_000)], processed_early=1)
    world.record(place_order(world.state, later(world), draft))
    order = last_order(world)

    money = figures(order)

    assert _sales(order) == [("ORDER", "GIFT_CARD", 1, 2_500, 0, 0), ("ORDER", "GIFT_CARD", 1, 5_000, 0, 0)]
    assert (money.subtotal_price, money.total_price, money.total_outstanding) == (7_500, 7_500, 7_500)
    assert (order.created_at - order.agreements[0].happened_at).total_seconds() == 1
    assert financial_status(order) == "PENDING"


def test_removed_unit_moves_current_fields_only(world: World):
    """Recorded: 2 units of 100.00 at 13 % become one."""
    order = _placed(world, (10_000, 2), taxes=[TaxRate("HST", 130_000)])

    world.record(edit(world.state, later(world), order, EditDraft(removed=[(order.lines[0], 1)])))

    money = figures(order)
    assert (money.subtotal_price, money.total_tax, money.total_price) == (20_000, 2_600, 22_600)
    assert (money.current_subtotal_price, money.current_total_tax, money.current_total_price) == (10_000, 1_300, 11_300)
    assert (order.lines[0].quantity, order.lines[0].current_quantity) == (2, 1)
    assert [tax.amount for tax in order.lines[0].taxes] == [2_600]


def test_later_discount_moves_the_total_too(world: World):
    """Recorded: 100.00 becomes 80.00 everywhere, the unit price stays."""
    order = _placed(world, (10_000, 1))

    world.record(edit(world.state, later(world), order, EditDraft(discount=(order.lines[0], 2_000))))

    money = figures(order)
    assert (money.subtotal_price, money.current_subtotal_price) == (8_000, 8_000)
    assert (money.total_price, money.current_total_price) == (8_000, 8_000)
    assert order.lines[0].unit_price == 10_000


def test_added_line_of_a_paid_order_is_owed(world: World):
    """Recorded: 10.00 paid, 5.00 added."""
    order = _placed(world, (1_000, 1))
    assert financial_status(order) == "PAID"

    added = LineDraft(taxable_variants(world)[1], 1, 500)
    world.record(edit(world.state, later(world), order, EditDraft(added=[added])))

    money = figures(order)
    assert (money.total_price, money.current_total_price, money.total_outstanding) == (1_500, 1_500, 500)
    assert financial_status(order) == "PARTIALLY_PAID"


def test_authorised_money_is_neither_owed_nor_received_until_it_is_captured(world: World):
    """Recorded: 25.00 authorised, then captured."""
    order = _placed(world, (2_500, 1), payment=AUTHORISED)
    before = figures(order)

    world.record(pay(world.state, later(world), order))

    after = figures(order)
    assert (before.current_total_price, before.total_capturable) == (2_500, 2_500)
    assert (before.total_outstanding, before.total_received) == (0, 0)
    assert (after.total_capturable, after.total_outstanding) == (0, 0)
    assert (after.total_received, after.net_payment) == (2_500, 2_500)


def test_presentment_money_closes_where_shop_money_does_not(world: World):
    """Recorded: sold for 9.00 when that was 13.50, marked as paid on a day that made 12.77 of it."""
    order = _placed(world, (900, 1), payment=UNPAID, exchange=exchange("CAD", "USD", "1.5"))

    world.record(pay(world.state, later(world), order))

    money = figures(order)
    assert (money.total_price, money.total_received, money.total_outstanding) == (900, 900, 0)
    assert order.exchange is not None
    assert order.exchange.to_shop(money.total_price) == 1_350
    assert money.received_shop != 1_350


def test_pending_refund_of_a_line_is_cancelled_by_an_adjustment(world: World):
    """Recorded: 245.67 and 31.94 of tax against an adjustment of 277.61, the transaction pending."""
    order = _placed(world, (24_567, 1), taxes=[TaxRate("HST", 130_000)])

    _refunded(world, order, RefundDraft([(order.lines[0], 1, "CANCEL")], pending=True))

    given = order.refunds[0]
    assert [(line.subtotal, line.tax, line.restock) for line in given.lines] == [(24_567, 3_194, "CANCEL")]
    assert [(one.amount, one.tax) for one in given.adjustments] == [(27_761, 0)]
    assert [(one.kind, one.status, one.amount) for one in given.transactions] == [("REFUND", "PENDING", 27_761)]
    assert figures(order).total_refunded == 0


def test_pending_refund_of_money_alone_is_two_adjustments_that_cancel_out(world: World):
    """Recorded: -664.05 and 664.05."""
    order = _placed(world, (100_000, 1))

    _refunded(world, order, RefundDraft(money=66_405, pending=True))

    assert [one.amount for one in order.refunds[0].adjustments] == [-66_405, 66_405]
    assert paid(order, "REFUND") == 0


@pytest.mark.parametrize("money", [585, 100])
def test_goodwill_is_one_negative_adjustment(world: World, money: int):
    """Recorded twice: 5.85 and 1.00, without lines."""
    order = _placed(world, (10_000, 1))

    _refunded(world, order, RefundDraft(money=money))

    assert [one.amount for one in order.refunds[0].adjustments] == [-money]
    assert order.refunds[0].lines == []
    assert paid(order, "REFUND") == money


def test_unshipped_unit_that_is_not_restocked_is_not_reversed(world: World):
    """Recorded: goods 10.00, shipping 5.00; all 15.00 go back and the refund's line is worth 0.0."""
    order = _placed(world, (1_000, 1), shipping=ShippingDraft("Standard", "STANDARD", 500, taxed=False))

    _refunded(world, order, RefundDraft([(order.lines[0], 1, "NO_RESTOCK")], money=1_500))

    assert [(line.quantity, line.restock, line.subtotal) for line in order.refunds[0].lines] == [(1, "NO_RESTOCK", 0)]
    assert [sale for sale in _sales(order) if sale[1] == "PRODUCT"] == []
    assert (order.lines[0].current_quantity, order.lines[0].unfulfilled) == (1, 1)
    assert financial_status(order) == "REFUNDED"


def test_cancelled_after_payment_is_paid_back_whole(world: World):
    """Recorded: 20.00."""
    order = _placed(world, (2_000, 1))

    world.record(cancel(world.state, later(world), order, "CUSTOMER"))

    money = figures(order)
    assert (money.current_total_price, money.total_received, money.total_refunded) == (0, 2_000, 2_000)
    assert (money.net_payment, money.total_outstanding) == (0, 0)
    assert financial_status(order) == "REFUNDED"


def test_cancelled_before_payment_keeps_its_total_and_is_owed_nothing(world: World):
    """Recorded: 12.50."""
    order = _placed(world, (1_250, 1), payment=UNPAID)

    world.record(cancel(world.state, later(world), order, "CUSTOMER"))

    money = figures(order)
    assert (money.total_price, money.current_total_price, money.total_outstanding) == (1_250, 0, 0)
