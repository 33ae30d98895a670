"""The GraphQL view of store credit: a customer's accounts and what moved on them.

Here: ``StoreCreditAccount`` and its transactions. Not here: the payments made with it (``payments.py``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shopify_sandbox.resources.values import Fields, attributes, derived, moment, only_id
from shopify_sandbox.store import Store
from shopify_sandbox.world.buyer_records import Customer
from shopify_sandbox.world.credit import CREDIT, DEBIT, EXPIRATION, REVERT, CreditMovement, StoreCreditAccount
from shopify_sandbox.world.currency import Money


def accounts(store: Store, customer: Customer, arguments: Mapping[str, Any]) -> list[StoreCreditAccount]:
    """A customer's accounts, oldest first."""
    return store.state.store_credit_of.get(customer.id, [])


def _money(movement: CreditMovement, minor: int) -> Money:
    return Money(minor, movement.account.currency)


MOVEMENT: Fields = {
    **attributes(account="account", event="event", origin="origin"),
    "amount": derived(lambda movement: _money(movement, movement.amount)),
    "balanceAfterTransaction": derived(lambda movement: _money(movement, movement.balance_after)),
    "createdAt": moment("created_at"),
}

TYPES: dict[str, Fields] = {
    "StoreCreditAccount": {
        **only_id("StoreCreditAccount"),
        **attributes(owner="owner", transactions="movements"),
        "balance": derived(lambda account: Money(account.balance, account.currency)),
    },
    CREDIT: {
        **only_id(CREDIT),
        **MOVEMENT,
        "expiresAt": moment("expires_at"),
        "remainingAmount": derived(lambda movement: _money(movement, movement.left)),
    },
    DEBIT: {**only_id(DEBIT), **MOVEMENT},
    REVERT: {**only_id(REVERT), **MOVEMENT, **attributes(debitTransaction="about")},
    EXPIRATION: {**MOVEMENT, **attributes(creditTransaction="about")},
}
