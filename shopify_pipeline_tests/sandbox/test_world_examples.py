"""Worked orders, step by step: what each event writes to the ledger and how the order reads afterwards.

``data/worked_examples.json`` holds the expected agreements, refunds and order fields of four orders.
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
from shopify_sandbox.world.editing import EditDraft, edit
from shopify_sandbox.world.figures import figures, financial_status
from shopify_sandbox.world.fulfilling import fulfill, open_units
from shopify_sandbox.world.paying import pay
from shopify_sandbox.world.placing import CodeDraft, LineDraft, PaymentDraft, ShippingDraft, TaxRate, place_order
from shopify_sandbox.world.records import Agreement, Order, Refund
from shopify_sandbox.world.refunding import RefundDraft, refund, settle
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
        lambda world: world.record(settle(later(world), last_order(world).refunds[0])),
        lambda world: _one_unit_back(world, money=4_000, reason="RESTOCK"),
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


def _agreement(agreement: Agreement) -> dict[str, Any]:
    return {
        "type": agreement.type,
        "reason": agreement.reason,
        "sales": [
            [
                sale.action,
                sale.line_type,
                sale.quantity,
                *map(amount_text, (sale.total, sale.tax, sale.discount, sale.discount_after_tax)),
            ]
            for sale in agreement.sales
        ],
    }


def _refund(refunded: Refund) -> dict[str, Any]:
    given_back = sum(one.amount for one in refunded.transactions if one.status == "SUCCESS")
    return {
        "totalRefunded": amount_text(given_back),
        "lines": [
            [line.quantity, line.restock, amount_text(line.subtotal), amount_text(line.tax)] for line in refunded.lines
        ],
        "adjustments": [[amount_text(one.amount), amount_text(one.tax), one.reason] for one in refunded.adjustments],
        "shipping": [[amount_text(line.subtotal), amount_text(line.tax)] for line in refunded.shipping_lines],
    }


def _order(order: Order) -> dict[str, str]:
    money = figures(order)
    return {
        "originalTotalPriceSet": amount_text(money.original_total_price),
        "totalPriceSet": amount_text(money.total_price),
        "currentTotalPriceSet": amount_text(money.current_total_price),
        "currentTotalTaxSet": amount_text(money.current_total_tax),
        "refundDiscrepancySet": amount_text(money.refund_discrepancy),
        "totalReceivedSet": amount_text(money.total_received),
        "totalRefundedSet": amount_text(money.total_refunded),
        "netPaymentSet": amount_text(money.net_payment),
        "totalCapturableSet": amount_text(money.total_capturable),
        "totalOutstandingSet": amount_text(money.total_outstanding),
        "sumOfAllSales": amount_text(sum(sale.total for sale in order.sales())),
        "displayFinancialStatus": financial_status(order),
    }


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
