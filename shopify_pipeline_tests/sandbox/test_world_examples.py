"""Worked orders, step by step: what each event writes to the ledger and how the order reads afterwards.

``data/worked_examples.json`` holds the expected agreements, refunds and order fields of eleven orders.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest

from shopify_pipeline_tests.sandbox.world_cases import a_draft, a_world, last_order, later, taxable_variants
from shopify_sandbox.resources.values import amount_text
from shopify_sandbox.world.currency import digits, exchange
from shopify_sandbox.world.editing import EditDraft, edit
from shopify_sandbox.world.figures import figures, financial_status
from shopify_sandbox.world.fulfilling import fulfill, open_units
from shopify_sandbox.world.paying import pay
from shopify_sandbox.world.placing import CodeDraft, LineDraft, PaymentDraft, ShippingDraft, TaxRate, place_order
from shopify_sandbox.world.records import Agreement, Order, Refund
from shopify_sandbox.world.refunding import RefundDraft, cancel, refund, settle
from shopify_sandbox.world.returning import Processing, ReturnDraft, open_return, process
from shopify_sandbox.world.shipping_records import FulfillmentLine
from shopify_sandbox.world.world import World

EXAMPLES = json.loads((Path(__file__).parent / "data" / "worked_examples.json").read_text())
Step = Callable[[World], None]


def _tax(ppm: int) -> tuple[TaxRate, ...]:
    return (TaxRate("Sales Tax", ppm),)


def _placed(world: World, *lines: tuple[int, int], **more: Any) -> None:
    """Place an order of (unit price, quantity) lines."""
    variants = taxable_variants(world)
    drafts = [LineDraft(variant, units, price) for variant, (price, units) in zip(variants, lines, strict=False)]
    world.record(place_order(world.state, later(world), a_draft(world, *drafts, **more)))


def _refunded(world: World, draft: RefundDraft) -> None:
    world.record(refund(world.state, later(world), last_order(world), draft))


def _edited(world: World, draft: EditDraft) -> None:
    world.record(edit(world.state, later(world), last_order(world), draft))


def _shipped(world: World) -> None:
    order = last_order(world)
    world.record(fulfill(world.state, later(world), order, open_units(order), Random(1)))


def _one_unit_back(world: World, **more: Any) -> None:
    _refunded(world, RefundDraft([(last_order(world).lines[0], 1, "RETURN")], **more))


def _placed_and_shipped(*lines: tuple[int, int], **more: Any) -> Step:
    def step(world: World) -> None:
        _placed(world, *lines, **more)
        _shipped(world)

    return step


def _swapped(price: int) -> Step:
    """The first line's unit is swapped for something else at that price."""

    def step(world: World) -> None:
        draft = ReturnDraft(_first_unit(world), exchanges=[LineDraft(taxable_variants(world)[1], 1, price)])
        _returned(world, draft)

    return step


def _first_unit(world: World) -> list[tuple[FulfillmentLine, int]]:
    return [(last_order(world).fulfillments[0].lines[0], 1)]


def _sold_for_cash(world: World, *, coin: int) -> None:
    goods, card = taxable_variants(world)[:2]
    lines = (LineDraft(goods, 1, 998), LineDraft(card, 1, 2_500, is_gift_card=True))
    draft = a_draft(world, *lines, payment=PaymentDraft("cash", "SALE", coin=coin))
    world.record(place_order(world.state, later(world), draft))
    order = last_order(world)
    world.record(fulfill(world.state, later(world), order, [(order.lines[0], 1)], Random(1)))


def _opened(world: World, draft: ReturnDraft) -> None:
    world.record(open_return(world.state, later(world), last_order(world), draft))


def _processed(world: World) -> None:
    world.record(process(world.state, later(world), last_order(world).returns[0], Processing()))


def _returned(world: World, draft: ReturnDraft) -> None:
    _opened(world, draft)
    _processed(world)


VAT = (TaxRate("GB VAT", 200_000),)
CONSUMPTION_TAX = (TaxRate("Consumption tax", 100_000),)

CASES: dict[str, list[Step]] = {
    "W1": [
        lambda world: _placed(
            world,
            (1_000, 2),
            (500, 1),
            taxes=_tax(82_500),
            code=CodeDraft("TEN", percent=10),
            shipping=ShippingDraft("Standard", "STANDARD", 700, taxed=True),
            tip=300,
            payment=PaymentDraft("shopify_payments", "AUTHORIZATION"),
        ),
        lambda world: world.record(pay(world.state, later(world), last_order(world))),
    ],
    "W2": [
        lambda world: _placed(world, (10_000, 2), taxes=_tax(130_000)),
        lambda world: _edited(world, EditDraft(removed=[(last_order(world).lines[0], 1)])),
        lambda world: _edited(
            world, EditDraft(added=[LineDraft(taxable_variants(world)[1], 1, 4_000)], taxes=_tax(130_000))
        ),
        lambda world: _edited(world, EditDraft(discount=(last_order(world).lines[0], 2_000))),
        lambda world: _refunded(world, RefundDraft()),
    ],
    "W3": [
        _placed_and_shipped(
            (2_000, 3),
            taxes=_tax(100_000),
            code=CodeDraft("TEN", percent=10),
            shipping=ShippingDraft("Standard", "STANDARD", 500, taxed=True),
        ),
        lambda world: _one_unit_back(world),
        lambda world: _refunded(world, RefundDraft(shipping=True)),
    ],
    "W4": [
        _placed_and_shipped((5_000, 2)),
        lambda world: _refunded(world, RefundDraft(money=500, pending=True)),
        lambda world: world.record(settle(world.state, later(world), last_order(world).refunds[0])),
        lambda world: _one_unit_back(world, money=4_000, reason="RESTOCK"),
    ],
    "W5": [
        _placed_and_shipped((10_000, 1)),
        lambda world: _opened(world, ReturnDraft(_first_unit(world), restocking_ppm=100_000, shipping_fee=750)),
        _processed,
    ],
    "W6": [
        _placed_and_shipped((10_000, 1)),
        _swapped(25_000),
        lambda world: world.record(pay(world.state, later(world), last_order(world))),
    ],
    "W7": [_placed_and_shipped((10_000, 1)), _swapped(6_000)],
    "W8": [
        _placed_and_shipped(
            (6_000, 2),
            taxes=VAT,
            taxes_included=True,
            code=CodeDraft("TEN", percent=10),
            shipping=ShippingDraft("Standard", "STANDARD", 600, taxed=True),
        ),
        lambda world: _one_unit_back(world),
    ],
    "W9": [
        lambda world: _placed(
            world,
            (2_400, 1),
            taxes=VAT,
            taxes_included=True,
            payment=PaymentDraft("shopify_payments", "AUTHORIZATION"),
        ),
        lambda world: world.record(cancel(world.state, later(world), last_order(world), "CUSTOMER")),
    ],
    "W10": [
        _placed_and_shipped(
            (333, 3),
            (500, 1),
            taxes=CONSUMPTION_TAX,
            taxes_included=True,
            code=CodeDraft("HYAKU", amount=100),
            exchange=exchange("USD", "JPY", "0.0065"),
        ),
        lambda world: _one_unit_back(world),
        lambda world: _refunded(world, RefundDraft([(last_order(world).lines[0], 2, "RETURN")])),
    ],
    "W11": [
        lambda world: _sold_for_cash(world, coin=5),
        lambda world: _one_unit_back(world),
    ],
}


@pytest.mark.parametrize("name", CASES)
def test_each_step_of_a_worked_order_reads_as_expected(name: str):
    world = a_world()
    for step, expected in zip(CASES[name], EXAMPLES[name]["steps"], strict=True):
        ledgers_before = [_agreement(one) for one in last_order(world).agreements] if world.state.orders else []

        step(world)

        order = last_order(world)
        changed = [one for one in map(_agreement, order.agreements) if one not in ledgers_before]
        assert changed == ([expected["agreement"]] if "agreement" in expected else []), expected["event"]
        assert _order(order).items() >= expected["orderAfter"].items(), expected["event"]
        if "refund" in expected:
            refunded = order.refunds[0] if "succeeds" in expected["event"] else order.refunds[-1]
            assert _refund(refunded) == expected["refund"], expected["event"]


def _text(order: Order, minor: int) -> str:
    return amount_text(minor, digits(order.exchange.presentment) if order.exchange else 2)


def _agreement(agreement: Agreement) -> dict[str, Any]:
    def texts(*amounts: int) -> list[str]:
        return [_text(agreement.order, amount) for amount in amounts]

    return {
        "type": agreement.type,
        "reason": agreement.reason,
        "sales": [
            [
                sale.action,
                sale.line_type,
                sale.quantity,
                *texts(sale.total, sale.tax, sale.discount, sale.discount_after_tax),
            ]
            for sale in agreement.sales
        ],
    }


def _refund(refunded: Refund) -> dict[str, Any]:
    def text(amount: int) -> str:
        return _text(refunded.order, amount)

    given_back = sum(one.amount for one in refunded.transactions if one.status == "SUCCESS")
    return {
        "totalRefunded": text(given_back),
        "lines": [[line.quantity, line.restock, text(line.subtotal), text(line.tax)] for line in refunded.lines],
        "adjustments": [[text(one.amount), text(one.tax), one.reason] for one in refunded.adjustments],
        "shipping": [[text(line.subtotal), text(line.tax)] for line in refunded.shipping_lines],
    }


def _order(order: Order) -> dict[str, str]:
    money = figures(order)
    amounts = {
        "originalTotalPriceSet": money.original_total_price,
        "totalPriceSet": money.total_price,
        "currentTotalPriceSet": money.current_total_price,
        "currentTotalTaxSet": money.current_total_tax,
        "refundDiscrepancySet": money.refund_discrepancy,
        "totalReceivedSet": money.total_received,
        "totalRefundedSet": money.total_refunded,
        "netPaymentSet": money.net_payment,
        "totalCapturableSet": money.total_capturable,
        "totalOutstandingSet": money.total_outstanding,
        "sumOfAllSales": sum(sale.total for sale in order.sales()),
        "cashRoundingOfPayments": money.payment_rounding,
        "cashRoundingOfRefunds": money.refund_rounding,
    }
    texts = {name: _text(order, amount) for name, amount in amounts.items()}
    return {**texts, "displayFinancialStatus": financial_status(order)}


def test_removed_unit_keeps_the_lines_tax_and_lowers_its_current_quantity():
    """Recorded: quantity 2 to 1 leaves the line's tax lines at 26.0."""
    world = a_world()
    _placed(world, (10_000, 2), taxes=_tax(130_000))
    _edited(world, EditDraft(removed=[(last_order(world).lines[0], 1)]))

    line = last_order(world).lines[0]

    assert (line.quantity, line.current_quantity) == (2, 1)
    assert [tax.amount for tax in line.taxes] == [2_600]


def test_free_shipping_code_is_a_shipping_discount():
    world = a_world()
    shipping = ShippingDraft("Standard", "STANDARD", 700, taxed=True)
    code = CodeDraft("SHIPFREE", frees_shipping=True)
    _placed(world, (1_000, 1), shipping=shipping, code=code, taxes=_tax(100_000))

    money = figures(last_order(world))

    assert (money.total_shipping_price, money.current_shipping_price, money.total_discounts) == (700, 0, 700)
    assert money.total_price == 1_100
