"""Placing an order: from a draft (what the customer chose) to the event with its first agreement and payments.

Here: discounts, taxes and sales of a new order. Not here: who buys what (``shoppers.py``), later money (``paying.py``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta

from shopify_sandbox.world.discounting import discounts_of
from shopify_sandbox.world.drafts import (
    BundleDraft,
    CodeDraft,
    Discounts,
    LineDraft,
    OrderDraft,
    PaymentDraft,
    ShippingDraft,
)
from shopify_sandbox.world.entries import Facts, Mint, agreement, event, level_moves, sale, transaction
from shopify_sandbox.world.ledger import Part, coin_rounding, sold
from shopify_sandbox.world.state import State
from shopify_sandbox.world.tax_rates import TaxRate
from shopify_sandbox.world.times import stamp

__all__ = [
    "CodeDraft",
    "LineDraft",
    "OrderDraft",
    "PaymentDraft",
    "ShippingDraft",
    "TaxRate",
    "line_with_sale",
    "place_order",
]


def place_order(state: State, at: datetime, draft: OrderDraft) -> Facts:
    """The event ``order_placed``.

    Args:
        at: When Shopify creates the order; it is processed ``draft.processed_early`` seconds before.
    """
    mint = state.minter()
    order_id = mint("Order")
    number = state.next_order_number()
    discounts = discounts_of(draft)
    lines, sales = _lines(mint, draft, discounts)
    shipping_lines, shipping_sales = _shipping(mint, draft, discounts)
    tips, tip_sales = _tip(mint, draft)
    particulars, fee_sales = _particulars(mint, draft, at)
    sales = sales + shipping_sales + tip_sales + fee_sales
    processed_at = at - timedelta(seconds=draft.processed_early)
    return event(
        "order_placed",
        at,
        order={
            "id": order_id,
            "number": number,
            "customer_id": draft.customer.id if draft.customer else None,
            "email": draft.email,
            "phone": draft.phone,
            "note": draft.note,
            "tags": list(draft.tags),
            "attributes": [list(pair) for pair in draft.attributes],
            "source_name": draft.source_name,
            "confirmation": _confirmation(order_id),
            "location_id": draft.location.id,
            "billing": {"id": mint("MailingAddress"), **draft.address},
            "shipping": {"id": mint("MailingAddress"), **draft.address},
            "processed_at": stamp(processed_at),
            "applications": discounts.applications,
            "lines": lines + tips,
            "shipping_lines": shipping_lines,
            **_currency(draft),
            **({"taxes_included": True} if draft.taxes_included else {}),
            **({"particulars": particulars} if particulars else {}),
        },
        transactions=_payments(mint, draft, sum(entry["total"] for entry in sales), at),
        agreement=agreement(mint, "OrderAgreement", "ORDER", processed_at, sales),
        stock=level_moves(
            (
                state.level(line.stocked.item, draft.location).id,
                {"available": -line.quantity, "committed": line.quantity},
            )
            for line in draft.lines
            if line.stocked
        ),
    )


def _confirmation(order_id: int) -> str:
    """Nine letters and digits that look drawn but follow from the id."""
    alphabet = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
    mixed = order_id * 6_364_136_223_846_793_005 % 2**63
    return "".join(alphabet[mixed >> 5 * place & 31] for place in range(3, 12))


def _currency(draft: OrderDraft) -> Facts:
    if draft.exchange is None:
        return {}
    return {"presentment": draft.exchange.presentment, "rate": str(draft.exchange.rate)}


def _lines(mint: Mint, draft: OrderDraft, discounts: Discounts) -> tuple[list[Facts], list[Facts]]:
    """The lines with the sales of each: its own, and that of its duty."""
    lines, sales = [], []
    groups: dict[BundleDraft, Facts] = {}
    for position, line in enumerate(draft.lines):
        facts, entry = line_with_sale(mint, line, discounts.lines[position], draft.taxes, included=draft.taxes_included)
        more = _line_particulars(mint, line, groups)
        if more:
            facts["particulars"] = more
        lines.append(facts)
        sales.append(entry)
        for duty_id, _, _, price in more.get("duties", ()):
            sales.append(sale(mint, "ORDER", "DUTY", duty_id, sold(1, price, 0, []), None))
    return lines, sales


def line_with_sale(
    mint: Mint,
    line: LineDraft,
    allocations: list[list[int]],
    taxes: Sequence[TaxRate],
    *,
    included: bool = False,
) -> tuple[Facts, Facts]:
    """A new line and the ORDER sale that books it; allocations are (application index, minor units).

    Args:
        included: Whether prices include tax.
    """
    variant = line.variant
    taxable = not line.is_gift_card and (variant.taxable if variant else line.is_taxed)
    rates = list(taxes) if taxable else []
    discount = sum(amount for _, amount in allocations)
    gross = line.unit_price * line.quantity
    part = sold(line.quantity, gross, discount, [rate.ppm for rate in rates], included=included)
    facts: Facts = {
        "id": mint("LineItem"),
        "line_type": "GIFT_CARD" if line.is_gift_card else "PRODUCT",
        "variant_id": variant.id if variant else None,
        "title": variant.product.title if variant else line.title,
        "variant_title": variant.title if variant else None,
        "sku": variant.sku if variant else None,
        "vendor": variant.product.vendor if variant else None,
        "quantity": line.quantity,
        "unit_price": line.unit_price,
        "taxable": taxable,
        "allocations": allocations,
        "taxes": _tax_lines(rates, part),
    }
    return facts, sale(mint, "ORDER", facts["line_type"], facts["id"], part, line.quantity)


def _line_particulars(mint: Mint, line: LineDraft, groups: dict[BundleDraft, Facts]) -> Facts:
    """What few lines have; a bundle is made once for all its lines."""
    facts: Facts = {}
    if line.properties:
        facts["properties"] = [list(pair) for pair in line.properties]
    if line.duty and line.variant:
        item = line.variant.item
        facts["duties"] = [[mint("Duty"), item.origin, item.hs_code, line.duty]]
    if line.bundle:
        bundle = line.bundle
        if bundle not in groups:
            groups[bundle] = {
                "id": mint("LineItemGroup"),
                "title": bundle.title,
                "quantity": bundle.quantity,
                "product_id": None,
                "variant_id": None,
                "sku": bundle.sku,
            }
        facts["group"] = groups[bundle]
    if line.selling_plan:
        facts["selling_plan"] = line.selling_plan
    return facts


def _tax_lines(rates: Sequence[TaxRate], part: Part) -> list[list[object]]:
    return [[rate.title, rate.ppm, tax] for rate, tax in zip(rates, part.taxes, strict=True)]


def _shipping(mint: Mint, draft: OrderDraft, discounts: Discounts) -> tuple[list[Facts], list[Facts]]:
    if draft.shipping is None:
        return [], []
    rates = list(draft.taxes) if draft.shipping.taxed else []
    discount = sum(amount for _, amount in discounts.shipping)
    part = sold(1, draft.shipping.price, discount, [rate.ppm for rate in rates], included=draft.taxes_included)
    line: Facts = {
        "id": mint("ShippingLine"),
        "title": draft.shipping.title,
        "code": draft.shipping.code,
        "price": draft.shipping.price,
        "allocations": discounts.shipping,
        "taxes": _tax_lines(rates, part),
    }
    return [line], [sale(mint, "ORDER", "SHIPPING", line["id"], part, None)]


def _tip(mint: Mint, draft: OrderDraft) -> tuple[list[Facts], list[Facts]]:
    """A tip is a line item without product, stock or tax, and a sale of its own type."""
    if not draft.tip:
        return [], []
    line: Facts = {
        "id": mint("LineItem"),
        "line_type": "TIP",
        "variant_id": None,
        "title": "Tip",
        "variant_title": None,
        "sku": None,
        "vendor": None,
        "quantity": 1,
        "unit_price": draft.tip,
        "taxable": False,
        "allocations": [],
        "taxes": [],
    }
    return [line], [sale(mint, "ORDER", "TIP", line["id"], sold(1, draft.tip, 0, []), 1)]


def _particulars(mint: Mint, draft: OrderDraft, at: datetime) -> tuple[Facts, list[Facts]]:
    """What few orders have, and the sales of additional fees."""
    facts: Facts = {}
    sales = []
    if draft.is_test:
        facts["is_test"] = True
    if draft.po_number:
        facts["po_number"] = draft.po_number
    if draft.purchaser:
        facts["purchaser"] = asdict(draft.purchaser)
    if draft.terms:
        due_at = at + timedelta(days=draft.terms.days or 0)
        facts["terms"] = {
            "id": mint("PaymentTerms"),
            "schedule_id": mint("PaymentSchedule"),
            "name": draft.terms.name,
            "type": "RECEIPT" if draft.terms.days is None else "NET",
            "due_in_days": draft.terms.days,
            "due_at": stamp(due_at),
        }
    if draft.fees:
        facts["fees"] = [[mint("AdditionalFee"), name, price] for name, price in draft.fees]
        sales = [
            sale(mint, "ORDER", "ADDITIONAL_FEE", fee_id, sold(1, price, 0, []), None)
            for fee_id, _, price in facts["fees"]
        ]
    return facts, sales


def _payments(mint: Mint, draft: OrderDraft, total: int, at: datetime) -> list[Facts]:
    """One transaction per payment, each taking its part of the total; the last takes the rest."""
    made: list[Facts] = []
    left = total
    for payment in (*draft.payments, *((draft.payment,) if draft.payment else ())):
        amount = left if payment.amount is None else min(payment.amount, left)
        made += _payment(mint, draft, payment, amount, at)
        left -= amount
    return made


def _payment(mint: Mint, draft: OrderDraft, payment: PaymentDraft, amount: int, at: datetime) -> list[Facts]:
    kind, status = ("SALE", "PENDING") if payment.kind == "PENDING" else (payment.kind, "SUCCESS")
    gateway, made = payment.gateway, []
    if payment.declined:
        before, code = at - timedelta(seconds=40), "CARD_DECLINED"
        made.append(
            transaction(mint, kind, amount, gateway, before, status="FAILURE", error_code=code, exchange=draft.exchange)
        )
    rounding = coin_rounding(amount, payment.coin) if payment.coin else 0
    asked = amount + rounding
    change = -asked % payment.note if payment.note else 0
    made.append(
        transaction(
            mint,
            kind,
            amount + change,
            gateway,
            at,
            status=status,
            exchange=draft.exchange,
            rounding=rounding,
            gift_card_id=payment.gift_card_id,
        )
    )
    if change:
        given_back = transaction(mint, "CHANGE", change, gateway, at, exchange=draft.exchange)
        made.append({**given_back, "parent_id": made[-1]["id"]})
    return made
