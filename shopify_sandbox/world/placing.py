"""Placing an order: from a draft (what the customer chose) to the event with its first agreement and payments.

Here: discounts, taxes and sales of a new order. Not here: who buys what (``shoppers.py``), later money (``paying.py``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from shopify_sandbox.world.entries import Facts, Mint, agreement, event, level_moves, sale, transaction
from shopify_sandbox.world.goods import Location, Variant
from shopify_sandbox.world.ledger import Part, percentage, sold, spread
from shopify_sandbox.world.records import Customer
from shopify_sandbox.world.state import State
from shopify_sandbox.world.times import stamp


@dataclass(frozen=True)
class TaxRate:
    title: str
    ppm: int


@dataclass(frozen=True)
class LineDraft:
    """Units of a variant at a unit price (minor units); ``automatic`` is the percent of an automatic line discount."""

    variant: Variant
    quantity: int
    unit_price: int
    automatic: int = 0


@dataclass(frozen=True)
class CodeDraft:
    """A discount code: percent or fixed amount off all lines, or (``frees_shipping``) all of shipping off."""

    code: str
    percent: int | None = None
    amount: int | None = None
    frees_shipping: bool = False


@dataclass(frozen=True)
class ShippingDraft:
    title: str
    code: str
    price: int
    taxed: bool


@dataclass(frozen=True)
class PaymentDraft:
    """How the customer pays: ``kind`` SALE, AUTHORIZATION or PENDING; ``declined`` a failed try before it."""

    gateway: str
    kind: str
    declined: bool = False


@dataclass(frozen=True)
class OrderDraft:
    """What a customer chose. Addresses are event facts without an id; tip in minor units."""

    lines: Sequence[LineDraft]
    address: Facts
    location: Location
    payment: PaymentDraft
    taxes: Sequence[TaxRate] = ()
    shipping: ShippingDraft | None = None
    tip: int = 0
    code: CodeDraft | None = None
    customer: Customer | None = None
    email: str | None = None
    phone: str | None = None
    note: str | None = None
    tags: Sequence[str] = ()
    attributes: Sequence[tuple[str, str]] = ()
    source_name: str = "web"
    processed_early: int = 0


@dataclass
class _Discounts:
    """Applications of the order, and allocations by line position (index, amount)."""

    applications: list[Facts] = field(default_factory=list)
    lines: list[list[list[int]]] = field(default_factory=list)
    shipping: list[list[int]] = field(default_factory=list)

    def application(
        self, kind: str, name: str, method: str, target: str, percent: int | None, amount: int | None
    ) -> int:
        index = len(self.applications)
        self.applications.append(
            {
                "type": kind,
                "index": index,
                "name": name,
                "method": method,
                "target": target,
                "selection": "ALL" if method == "ACROSS" or target == "SHIPPING_LINE" else "ENTITLED",
                "percent": percent,
                "amount": amount,
            }
        )
        return index


def place_order(state: State, at: datetime, draft: OrderDraft) -> Facts:
    """The event ``order_placed``.

    Args:
        at: When Shopify creates the order; it is processed ``draft.processed_early`` seconds before.
    """
    mint = state.minter()
    order_id = mint("Order")
    number = state.next_order_number()
    discounts = _discounts(draft)
    lines, sales = _lines(mint, draft, discounts)
    shipping_lines, shipping_sales = _shipping(mint, draft, discounts)
    tips, tip_sales = _tip(mint, draft)
    sales = sales + shipping_sales + tip_sales
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
        },
        transactions=_payments(mint, draft.payment, sum(entry["total"] for entry in sales), at),
        agreement=agreement(mint, "OrderAgreement", "ORDER", processed_at, sales),
        stock=level_moves(
            (
                state.level(line.variant.item, draft.location).id,
                {"available": -line.quantity, "committed": line.quantity},
            )
            for line in draft.lines
        ),
    )


def _confirmation(order_id: int) -> str:
    """Nine letters and digits that look drawn but follow from the id."""
    alphabet = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
    mixed = order_id * 6_364_136_223_846_793_005 % 2**63
    return "".join(alphabet[mixed >> 5 * place & 31] for place in range(3, 12))


def _discounts(draft: OrderDraft) -> _Discounts:
    found = _Discounts(lines=[[] for _ in draft.lines])
    left = [line.unit_price * line.quantity for line in draft.lines]
    for position, line in enumerate(draft.lines):
        if line.automatic:
            kind = "AutomaticDiscountApplication"
            index = found.application(kind, f"{line.automatic}% off", "EACH", "LINE_ITEM", line.automatic, None)
            amount = percentage(left[position], line.automatic)
            found.lines[position].append([index, amount])
            left[position] -= amount
    code = draft.code
    if code and code.frees_shipping and draft.shipping:
        index = found.application("DiscountCodeApplication", code.code, "EACH", "SHIPPING_LINE", 100, None)
        found.shipping.append([index, draft.shipping.price])
    elif code and not code.frees_shipping:
        index = found.application(
            "DiscountCodeApplication", code.code, "ACROSS", "LINE_ITEM", code.percent, code.amount
        )
        amount = percentage(sum(left), code.percent) if code.percent else min(code.amount or 0, sum(left))
        for position, share in enumerate(spread(amount, left)):
            found.lines[position].append([index, share])
    return found


def _lines(mint: Mint, draft: OrderDraft, discounts: _Discounts) -> tuple[list[Facts], list[Facts]]:
    lines, sales = [], []
    for position, line in enumerate(draft.lines):
        facts, entry = line_with_sale(mint, line, discounts.lines[position], draft.taxes)
        lines.append(facts)
        sales.append(entry)
    return lines, sales


def line_with_sale(
    mint: Mint, line: LineDraft, allocations: list[list[int]], taxes: Sequence[TaxRate]
) -> tuple[Facts, Facts]:
    """A new line and the ORDER sale that books it; allocations are (application index, minor units)."""
    variant = line.variant
    rates = list(taxes) if variant.taxable else []
    discount = sum(amount for _, amount in allocations)
    part = sold(line.quantity, line.unit_price * line.quantity, discount, [rate.ppm for rate in rates])
    facts: Facts = {
        "id": mint("LineItem"),
        "line_type": "PRODUCT",
        "variant_id": variant.id,
        "title": variant.product.title,
        "variant_title": variant.title,
        "sku": variant.sku,
        "vendor": variant.product.vendor,
        "quantity": line.quantity,
        "unit_price": line.unit_price,
        "taxable": variant.taxable,
        "allocations": allocations,
        "taxes": _tax_lines(rates, part),
    }
    return facts, sale(mint, "ORDER", "PRODUCT", facts["id"], part, line.quantity)


def _tax_lines(rates: Sequence[TaxRate], part: Part) -> list[list[object]]:
    return [[rate.title, rate.ppm, tax] for rate, tax in zip(rates, part.taxes, strict=True)]


def _shipping(mint: Mint, draft: OrderDraft, discounts: _Discounts) -> tuple[list[Facts], list[Facts]]:
    if draft.shipping is None:
        return [], []
    rates = list(draft.taxes) if draft.shipping.taxed else []
    discount = sum(amount for _, amount in discounts.shipping)
    part = sold(1, draft.shipping.price, discount, [rate.ppm for rate in rates])
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


def _payments(mint: Mint, payment: PaymentDraft, total: int, at: datetime) -> list[Facts]:
    kind, status = ("SALE", "PENDING") if payment.kind == "PENDING" else (payment.kind, "SUCCESS")
    made = []
    if payment.declined:
        before = at - timedelta(seconds=40)
        code = "CARD_DECLINED"
        made.append(transaction(mint, kind, total, payment.gateway, before, status="FAILURE", error_code=code))
    made.append(transaction(mint, kind, total, payment.gateway, at, status=status))
    return made
