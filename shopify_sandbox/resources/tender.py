"""The GraphQL view of tender transactions: every real movement of money between customers and the shop.

Here: how they look. Not here: which there are (``world/tender.py``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shopify_sandbox.resources.payments import Card, card_of
from shopify_sandbox.resources.values import Fields, attributes, derived, fixed, moment, only_id
from shopify_sandbox.store import Store
from shopify_sandbox.world.currency import Money
from shopify_sandbox.world.tender import TenderTransaction


def _amount(store: Store, one: TenderTransaction, arguments: Mapping[str, Any]) -> Money:
    exchange = one.order.exchange
    return Money(one.amount, exchange.presentment if exchange else store.shop.currency)


@dataclass(frozen=True, slots=True)
class CardDetails:
    """The card of a tender transaction."""

    card: Card


def _details(one: TenderTransaction) -> CardDetails | None:
    card = card_of(one.transaction)
    return CardDetails(card) if card else None


TYPES: dict[str, Fields] = {
    "TenderTransaction": {
        **only_id("TenderTransaction"),
        **attributes(order="order", paymentMethod="method", remoteReference="transaction.payment_id", test="test"),
        "amount": _amount,
        "processedAt": moment("processed_at"),
        "transactionDetails": derived(_details),
    },
    "TenderTransactionCreditCardDetails": {
        "creditCardCompany": fixed("Visa"),
        **attributes(creditCardNumber="card.number"),
    },
}
