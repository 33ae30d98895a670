"""The GraphQL view of gift cards and of what moved on them.

Here: ``GiftCard`` and its transactions. Not here: how they are listed (``money_roots.py``), the sale of one
(``ledger.py``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shopify_sandbox.resources.values import Fields, Resolver, attributes, derived, fixed, moment, never, only_id
from shopify_sandbox.store import Store
from shopify_sandbox.world.credit import CARD_CASH_OUT, CARD_CREDIT, CARD_DEBIT, GiftCard
from shopify_sandbox.world.currency import Money


def _redeemable(store: Store, card: GiftCard, arguments: Mapping[str, Any]) -> bool:
    return card.redeemable(store.now.date())


def _of_order(name: str) -> Resolver:
    """The card's order, or the line that sold it; null for a deleted order and for a card issued by hand."""

    def resolve(store: Store, card: GiftCard, arguments: Mapping[str, Any]) -> Any:
        return getattr(card, name) if card.order is not None and card.order.id in store.state.orders else None

    return resolve


def _customer(store: Store, card: GiftCard, arguments: Mapping[str, Any]) -> Any:
    return card.customer if card.customer is not None and card.customer.id in store.state.customers else None


def _movement(kind: str) -> Fields:
    return {
        **only_id(kind),
        **attributes(giftCard="card", note="note"),
        "amount": derived(lambda movement: Money(movement.amount, movement.card.currency)),
        "processedAt": moment("processed_at"),
    }


TYPES: dict[str, Fields] = {
    "GiftCard": {
        **only_id("GiftCard"),
        **attributes(enabled="enabled", lastCharacters="code_end", note="note", transactions="movements"),
        "balance": derived(lambda card: Money(card.balance, card.currency)),
        "initialValue": derived(lambda card: Money(card.initial, card.currency)),
        "createdAt": moment("created_at"),
        "updatedAt": moment("updated_at"),
        "deactivatedAt": moment("deactivated_at"),
        "expiresOn": derived(lambda card: card.expires_on.isoformat() if card.expires_on else None),
        "isRedeemable": _redeemable,
        "maskedCode": derived(lambda card: f"•••• •••• •••• {card.code_end}"),
        "order": _of_order("order"),
        "lineItem": _of_order("line"),
        "customer": _customer,
        # Cards are given to the one who buys them, and are sent with the shop's usual message.
        "recipientAttributes": fixed(None),
        "templateSuffix": fixed(None),
    },
    "GiftCardRecipient": never("recipient", "preferredName", "message", "sendNotificationAt"),
    **{kind: _movement(kind) for kind in (CARD_CREDIT, CARD_DEBIT, CARD_CASH_OUT)},
}
