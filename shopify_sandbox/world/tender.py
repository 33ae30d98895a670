"""Tender transactions: every real movement of money between customers and the shop.

Here: which there are. A tender transaction follows from one successful payment or refund of an order and never changes;
gift cards and store credit move what the shop owes, not money. Not here: GraphQL (``resources/tender.py``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from shopify_sandbox.world.paying import OWN_CREDIT
from shopify_sandbox.world.records import Order, Transaction
from shopify_sandbox.world.state import State

# Distance of an id from that of the transaction it follows from; no multiple of the step ids grow by.
_OFFSET = 1_107_530_009
_SIGNS = {"SALE": 1, "CAPTURE": 1, "REFUND": -1, "CHANGE": -1}
#: Anything else is ``other``.
METHODS = {"shopify_payments": "credit_card", "paypal": "paypal", "cash": "cash"}


@dataclass(frozen=True, slots=True)
class TenderTransaction:
    """One movement of money, minor units of the currency it was made in; positive towards the shop."""

    transaction: Transaction

    @property
    def id(self) -> int:
        return self.transaction.id + _OFFSET

    @property
    def amount(self) -> int:
        return _SIGNS[self.transaction.kind] * self.transaction.amount

    @property
    def order(self) -> Order:
        return self.transaction.order

    @property
    def processed_at(self) -> datetime | None:
        return self.transaction.processed_at

    @property
    def method(self) -> str:
        return METHODS.get(self.transaction.gateway, "other")

    @property
    def test(self) -> bool:
        return self.order.particulars.is_test


def moves_money(transaction: Transaction) -> bool:
    """Whether a transaction is a real movement of money that has happened."""
    moved = transaction.status == "SUCCESS" and transaction.kind in _SIGNS and transaction.amount > 0
    return moved and transaction.gateway not in OWN_CREDIT


def of_state(state: State) -> list[TenderTransaction]:
    """All of them."""
    return [TenderTransaction(one) for order in state.orders.values() for one in order.transactions if moves_money(one)]


def find(state: State, number: int) -> TenderTransaction | None:
    """The tender transaction of that id; None when there is none."""
    transaction = state.others.get(("OrderTransaction", number - _OFFSET))
    return TenderTransaction(transaction) if transaction is not None and moves_money(transaction) else None
