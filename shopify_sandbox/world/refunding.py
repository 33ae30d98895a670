"""Giving back: refunds by line, of shipping, of money alone, their settlement, and cancellations.

Here: the refund, its RefundAgreement, its transactions and what stock it moves (sales-ledger rules, EVIDENCE.md).
Not here: which order is refunded when (``history.py``, ``evolution.py``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shopify_sandbox.world.entries import Facts, Mint, agreement, event, sale, stock, transaction
from shopify_sandbox.world.figures import figures
from shopify_sandbox.world.ledger import Part, balance, units_of
from shopify_sandbox.world.paying import refundable, void
from shopify_sandbox.world.records import Line, Order, Refund
from shopify_sandbox.world.state import State


@dataclass(frozen=True)
class RefundDraft:
    """What is given back.

    Attributes:
        units: (line, units, restock type): RETURN or NO_RESTOCK of shipped units, CANCEL of unshipped ones.
        shipping: Whether all shipping still charged goes back.
        money: Minor units to pay back; None means what is due. Never more than the order still holds.
        reason: Reason of the adjustment when the money is not what is due.
        pending: Whether the gateway has not answered yet.
    """

    units: Sequence[tuple[Line, int, str]] = ()
    shipping: bool = False
    money: int | None = None
    reason: str = "REFUND_DISCREPANCY"
    pending: bool = False
    note: str | None = None


def can_refund(order: Order) -> bool:
    """Whether the order holds money and no refund of it is still pending."""
    return (
        order.cancelled_at is None
        and figures(order).net_payment > 0
        and not any(refund.is_pending for refund in order.refunds)
    )


def refund(state: State, at: datetime, order: Order, draft: RefundDraft) -> Facts:
    """The event ``order_refunded``."""
    parts = _refund_parts(state, state.minter(), at, order, draft, owed=figures(order).total_outstanding)
    return event("order_refunded", at, order_id=order.id, **parts)


def settle(at: datetime, refunded: Refund) -> Facts:
    """The event ``refund_settled``: the money went out, and the adjustment that held it back vanishes with its sale.

    Raises:
        ValueError: The refund is not pending, or its held-back amount is not in its agreement.
    """
    if not refunded.is_pending:
        raise ValueError(f"refund {refunded.id} is not pending")
    pairing = [one for one in refunded.adjustments if one.reason == "PENDING_REFUND_DISCREPANCY"]
    sales = next(found.sales for found in refunded.order.agreements if found.refund is refunded)
    held = [row for row in sales if row.line_type == "ADJUSTMENT" and row.total == sum(one.amount for one in pairing)]
    if not held:
        raise ValueError(f"refund {refunded.id} has no sale that holds its amount back")
    return event(
        "refund_settled",
        at,
        order_id=refunded.order.id,
        refund_id=refunded.id,
        transaction_ids=[one.id for one in refunded.transactions if one.status == "PENDING"],
        adjustment_ids=[one.id for one in pairing],
        sale_ids=[held[-1].id],
    )


def can_cancel(order: Order) -> bool:
    """Whether nothing has shipped and no refund is pending."""
    return (
        order.cancelled_at is None and not order.fulfillments and not any(refund.is_pending for refund in order.refunds)
    )


def cancel(state: State, at: datetime, order: Order, reason: str) -> Facts:
    """The event ``order_cancelled``: everything left is reversed, money given back, an authorisation voided."""
    mint = state.minter()
    voids = void(mint, order, at)
    money = figures(order)
    units = [
        (line, line.current_quantity, "CANCEL" if line.line_type == "PRODUCT" else "NO_RESTOCK")
        for line in order.lines
        if line.current_quantity
    ]
    draft = RefundDraft(units=units, shipping=True, note="Order cancelled")
    owed = money.total_outstanding + money.total_capturable
    parts = _refund_parts(state, mint, at, order, draft, owed=owed)
    return event("order_cancelled", at, order_id=order.id, reason=reason, voids=voids, **parts)


def _refund_parts(
    state: State, mint: Mint, at: datetime, order: Order, draft: RefundDraft, *, owed: int
) -> dict[str, Any]:
    """Refund, transactions, agreement and stock of a refund.

    What is due is the value taken back less what is still owed (or plus what was paid too much); the difference to
    the money is the adjustment. While the money is pending a second adjustment holds it back.
    """
    refund_id = mint("Refund")
    sales: list[Facts] = []
    lines = []
    for line, units, restock in draft.units:
        part = units_of(balance(order.sales(), line, line.taxes), units, line.unit_price)
        location = order.location.id if restock in ("RETURN", "CANCEL") else None
        lines.append([mint("RefundLineItem"), line.id, units, restock, location, part.net, part.tax])
        sales.append(sale(mint, "RETURN", line.line_type, line.id, -part, -units))
    shipping_lines = []
    for shipping_line in order.shipping_lines if draft.shipping else ():
        left = balance(order.sales(), shipping_line, shipping_line.taxes)
        if left.total or left.discount:
            shipping_lines.append([mint("RefundShippingLine"), shipping_line.id, left.net, left.tax])
            sales.append(sale(mint, "RETURN", "SHIPPING", shipping_line.id, -left, None))
    due = max(0, -sum(entry["total"] for entry in sales) - owed)
    transactions = _pay_back(mint, at, order, due if draft.money is None else draft.money, draft.pending)
    money = sum(entry["amount"] for entry in transactions)
    adjustments = []
    for amount, reason in (
        (due - money, draft.reason),
        (money if draft.pending else 0, "PENDING_REFUND_DISCREPANCY"),
    ):
        if amount:
            adjustments.append([mint("OrderAdjustment"), reason, amount, 0])
            sales.append(sale(mint, "RETURN", "ADJUSTMENT", None, Part(0, amount, (), 0, 0), None))
    return {
        "refund": {
            "id": refund_id,
            "note": draft.note,
            "lines": lines,
            "shipping_lines": shipping_lines,
            "adjustments": adjustments,
        },
        "transactions": transactions,
        "agreement": agreement(mint, "RefundAgreement", "REFUND", at, sales, refund_id),
        "stock": stock(state, order, _moves(draft.units)),
    }


def _pay_back(mint: Mint, at: datetime, order: Order, money: int, pending: bool) -> list[Facts]:
    """REFUND transactions against the payments that still hold money, newest first."""
    made = []
    for payment, held in refundable(order):
        amount = min(held, money)
        if amount:
            status = "PENDING" if pending else "SUCCESS"
            made.append(transaction(mint, "REFUND", amount, payment.gateway, at, status=status, parent=payment))
            money -= amount
    return made


def _moves(units: Sequence[tuple[Line, int, str]]) -> list[tuple[int, dict[str, int]]]:
    moves = []
    for line, quantity, restock in units:
        if restock == "RETURN":
            moves.append((line.id, {"available": quantity}))
        elif restock == "CANCEL":
            moves.append((line.id, {"committed": -quantity, "available": quantity}))
    return moves
