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
from shopify_sandbox.world.ledger import Part, balance, coin_rounding, units_of_line
from shopify_sandbox.world.paying import refundable, void
from shopify_sandbox.world.profiles import BY_CURRENCY
from shopify_sandbox.world.records import Duty, Line, Order, Refund
from shopify_sandbox.world.return_records import Return
from shopify_sandbox.world.state import State


@dataclass(frozen=True)
class RefundDraft:
    """What is given back.

    Attributes:
        units: (line, units, restock type): RETURN or NO_RESTOCK of shipped units, CANCEL of unshipped ones. NO_RESTOCK
            of units that have not shipped leaves them on the order: only money goes back (observed).
        shipping: Whether all shipping still charged goes back.
        charges: Whether duties and additional fees still charged go back.
        money: Minor units to pay back; None means what is due. Never more than the order still holds.
        reason: Reason of the adjustment when the money is not what is due.
        pending: Whether the gateway has not answered yet.
        of: The return that is paid back by this; None when there is none.
    """

    units: Sequence[tuple[Line, int, str]] = ()
    shipping: bool = False
    charges: bool = False
    money: int | None = None
    reason: str = "REFUND_DISCREPANCY"
    pending: bool = False
    note: str | None = None
    of: Return | None = None


def can_refund(order: Order) -> bool:
    """Whether the order holds money and no refund of it is still pending."""
    return (
        order.cancelled_at is None
        and figures(order).net_payment > 0
        and not any(refund.is_pending for refund in order.refunds)
    )


def refund(state: State, at: datetime, order: Order, draft: RefundDraft) -> Facts:
    """The event ``order_refunded``; processed units of ``draft.of`` count as paid back."""
    parts = refund_parts(state, state.minter(), at, order, draft, owed=figures(order).total_outstanding)
    if draft.of:
        unpaid = [[line.id, line.unpaid] for line in draft.of.lines if line.unpaid]
        parts |= {"return_id": draft.of.id, "paid_back": unpaid}
    return event("order_refunded", at, order_id=order.id, **parts)


def settle(state: State, at: datetime, refunded: Refund, *, failed: bool = False) -> Facts:
    """The event ``refund_settled``: the gateway has answered, and nothing holds the amount back any more.

    What held it back vanishes with its sale, or a sale of the opposite amount follows (``variants.py``). When it
    failed, no money went out, and the shop owes it to the customer (assumed).

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
    vanishes = state.ledger_forms.pending_adjustment == "deleted"
    more: Facts = {"status": "FAILURE", "error_code": "PROCESSING_ERROR"} if failed else {}
    if not vanishes:
        mint = state.minter()
        opposite = sale(mint, "RETURN", "ADJUSTMENT", None, Part(0, -held[-1].total, (), 0, 0), None)
        more["agreement"] = agreement(mint, "RefundAgreement", "REFUND", at, [opposite], refunded.id)
    return event(
        "refund_settled",
        at,
        order_id=refunded.order.id,
        refund_id=refunded.id,
        transaction_ids=[one.id for one in refunded.transactions if one.status == "PENDING"],
        adjustment_ids=[one.id for one in pairing],
        sale_ids=[held[-1].id] if vanishes else [],
        **more,
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
    draft = RefundDraft(units=units, shipping=True, charges=True, note="Order cancelled")
    owed = money.total_outstanding + money.total_capturable
    parts = refund_parts(state, mint, at, order, draft, owed=owed)
    return event("order_cancelled", at, order_id=order.id, reason=reason, voids=voids, **parts)


def refund_parts(
    state: State,
    mint: Mint,
    at: datetime,
    order: Order,
    draft: RefundDraft,
    *,
    owed: int,
    charged: Sequence[Facts] = (),
    processed: Return | None = None,
) -> dict[str, Any]:
    """Refund, transactions, agreement and stock of a refund.

    What is due is the value taken back less what is still owed (or plus what was paid too much); the difference to
    the money is the adjustment. While the money is pending a second adjustment holds it back.

    Args:
        owed: What the customer still owes before this, minor units; negative when the shop owes.
        charged: Sales set off against what is given back: fees of a return, and what goes out instead.
        processed: The return this is part of; its sales are then a ReturnAgreement, not a RefundAgreement (observed).
    """
    refund_id = mint("Refund")
    sales: list[Facts] = []
    lines, kept_lines = [], []
    for line, units, restock in draft.units:
        if _stays(line, units, restock):
            kept_lines.append([mint("RefundLineItem"), line.id, units, restock])
            continue
        part = units_of_line(line, units)
        location = order.location.id if restock in ("RETURN", "CANCEL") else None
        lines.append([mint("RefundLineItem"), line.id, units, restock, location, _subtotal(order, part), part.tax])
        sales.append(sale(mint, "RETURN", line.line_type, line.id, -part, -units))
    shipping_lines = []
    for shipping_line in order.shipping_lines if draft.shipping else ():
        left = balance(order.sales(), shipping_line, shipping_line.taxes)
        if left.total or left.discount:
            shipping_lines.append([mint("RefundShippingLine"), shipping_line.id, _subtotal(order, left), left.tax])
            sales.append(sale(mint, "RETURN", "SHIPPING", shipping_line.id, -left, None))
    duties = []
    for charge in order.charges() if draft.charges else ():
        left = balance(order.sales(), charge, charge.taxes)
        if left.total and isinstance(charge, Duty):
            duties.append([charge.id, left.total])
        if left.total:
            kind = "DUTY" if isinstance(charge, Duty) else "ADDITIONAL_FEE"
            sales.append(sale(mint, "RETURN", kind, charge.id, -left, None))
    sales += charged
    due = max(0, -sum(entry["total"] for entry in sales) - owed)
    transactions = _pay_back(state, mint, at, order, due if draft.money is None else draft.money, draft.pending)
    money = sum(entry["amount"] for entry in transactions)
    adjustments = []
    for amount, reason in (
        (due - money, draft.reason),
        (money if draft.pending else 0, "PENDING_REFUND_DISCREPANCY"),
    ):
        if amount:
            adjustments.append([mint("OrderAdjustment"), reason, amount, 0])
            sales.append(sale(mint, "RETURN", "ADJUSTMENT", None, Part(0, amount, (), 0, 0), None))
    kind, reason = ("ReturnAgreement", "RETURN") if processed else ("RefundAgreement", "REFUND")
    return {
        "refund": {
            "id": refund_id,
            "note": draft.note,
            "lines": lines,
            **({"kept_lines": kept_lines} if kept_lines else {}),
            "shipping_lines": shipping_lines,
            "adjustments": adjustments,
            **({"duties": duties} if duties else {}),
            **({"rate": str(order.exchange.on(at.date()).rate)} if order.exchange else {}),
        },
        "transactions": transactions,
        "agreement": agreement(mint, kind, reason, at, sales, refund_id, processed.id if processed else None),
        "stock": stock(state, order, _moves(draft.units)),
    }


def listed_removal(mint: Mint, at: datetime, order: Order, units: Sequence[tuple[Line, int]]) -> Facts:
    """A refund without money that only lists the units an edit took off; their sales are the edit's."""
    refund_id = mint("Refund")
    lines = []
    for line, removed in units:
        part = units_of_line(line, removed)
        row = [mint("RefundLineItem"), line.id, removed, "CANCEL", order.location.id, _subtotal(order, part), part.tax]
        lines.append(row)
    rate = {"rate": str(order.exchange.on(at.date()).rate)} if order.exchange else {}
    return {
        "refund": {"id": refund_id, "note": None, "lines": lines, "shipping_lines": [], "adjustments": [], **rate},
        "transactions": [],
        "agreement": agreement(mint, "RefundAgreement", "REFUND", at, [], refund_id),
    }


def _pay_back(state: State, mint: Mint, at: datetime, order: Order, money: int, pending: bool) -> list[Facts]:
    """REFUND transactions against the payments that still hold money, newest first; cash to the smallest coin."""
    made = []
    for payment, held in refundable(order):
        amount = min(held, money)
        if amount:
            status = "PENDING" if pending else "SUCCESS"
            rounding = _coin_rounding(state, amount) if payment.gateway == "cash" else None
            facts = transaction(
                mint, "REFUND", amount, payment.gateway, at, status=status, parent=payment, rounding=rounding
            )
            made.append(facts)
            money -= amount
    return made


def _coin_rounding(state: State, amount: int) -> int:
    """What is paid out in coins differs from the amount (assumed: rounded as a sale is)."""
    return coin_rounding(amount, BY_CURRENCY[state.shop.currency].coin)


def _stays(line: Line, units: int, restock: str) -> bool:
    """Whether the units stay on the order although money goes back for them."""
    return restock == "NO_RESTOCK" and line.line_type == "PRODUCT" and units > line.returnable


def _subtotal(order: Order, part: Part) -> int:
    """What a refund says it gives back of a line: with tax when prices include it (observed), else without."""
    return part.total if order.taxes_included else part.net


def _moves(units: Sequence[tuple[Line, int, str]]) -> list[tuple[int, dict[str, int]]]:
    moves = []
    for line, quantity, restock in units:
        if restock == "RETURN":
            moves.append((line.id, {"available": quantity}))
        elif restock == "CANCEL":
            moves.append((line.id, {"committed": -quantity, "available": quantity}))
    return moves
