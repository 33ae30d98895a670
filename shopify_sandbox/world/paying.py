"""Money that moves without a sale: captures, payments of what is owed, voids.

Here: transactions on an existing order, and how much of a payment can still be given back. Not here: refunds.
"""

from __future__ import annotations

from datetime import datetime

from shopify_sandbox.world.entries import Facts, Mint, event, transaction
from shopify_sandbox.world.figures import figures
from shopify_sandbox.world.records import Order, Transaction
from shopify_sandbox.world.state import State

#: How an order that was placed without any payment is paid in the end.
ON_TERMS = "bank_deposit"
#: Gateways of what the shop owes its customers: a gift card or an account pays what is on it and no more.
OWN_CREDIT = frozenset({"gift_card", "shopify_store_credit"})


def can_pay(order: Order) -> bool:
    """Whether the order has an open authorisation or money still owed."""
    money = figures(order)
    return order.cancelled_at is None and (money.total_capturable > 0 or money.total_outstanding > 0)


def pay(state: State, at: datetime, order: Order) -> Facts:
    """The event ``payment_recorded``: capture what is authorised, else pay what is owed (no agreement either way).

    A manual payment that was pending is marked as paid by a SALE below it.
    """
    mint = state.minter()
    money = figures(order)
    if money.total_capturable:
        authorization = _last(order, "AUTHORIZATION", "SUCCESS")
        made = transaction(mint, "CAPTURE", money.total_capturable, authorization.gateway, at, parent=authorization)
    else:
        paid_by = [one.gateway for one in order.transactions if one.gateway not in OWN_CREDIT]
        gateway = paid_by[-1] if paid_by else ON_TERMS
        pending = next((one for one in order.transactions if one.kind == "SALE" and one.status == "PENDING"), None)
        made = transaction(mint, "SALE", money.total_outstanding, gateway, at, parent=pending, exchange=order.exchange)
    return event("payment_recorded", at, order_id=order.id, transactions=[made])


def void(mint: Mint, order: Order, at: datetime) -> list[Facts]:
    """A VOID of the open authorisation, if there is one; its amount is 0 (observed)."""
    if not figures(order).total_capturable:
        return []
    authorization = _last(order, "AUTHORIZATION", "SUCCESS")
    return [transaction(mint, "VOID", 0, authorization.gateway, at, parent=authorization)]


def refundable(order: Order) -> list[tuple[Transaction, int]]:
    """Payments of the order that still hold money, newest first, with that money; pending refunds count as gone."""
    found = []
    for payment in reversed(order.transactions):
        if payment.status == "SUCCESS" and payment.kind in ("SALE", "CAPTURE"):
            given_back = sum(
                one.amount
                for one in order.transactions
                if one.parent is payment and one.kind in ("REFUND", "CHANGE") and one.status in ("SUCCESS", "PENDING")
            )
            if payment.amount > given_back:
                found.append((payment, payment.amount - given_back))
    return found


def _last(order: Order, kind: str, status: str) -> Transaction:
    return [one for one in order.transactions if (one.kind, one.status) == (kind, status)][-1]
