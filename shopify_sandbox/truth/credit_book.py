"""The auditor's reading of what the shop owes its customers: gift cards and store credit.

Here: facts of the log about them. Not here: rows (``credit_rows.py``).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from shopify_sandbox.truth.facts import Facts

CREDIT = "StoreCreditAccountCreditTransaction"
EXPIRATION = "StoreCreditAccountExpirationTransaction"


@dataclass(slots=True)
class Card:
    """One gift card and what moved on it."""

    facts: Facts
    created_at: str
    updated_at: str
    deactivated_at: str | None = None
    movements: list[Facts] = field(default_factory=list)

    @property
    def balance(self) -> int:
        left: int = self.facts["initial"] + sum(one["amount"] for one in self.movements)
        return left


@dataclass(slots=True)
class Account:
    """One customer's credit in one currency, and what moved on it, oldest first."""

    facts: Facts
    movements: list[Facts] = field(default_factory=list)


@dataclass
class CreditBook:
    """What the log says of cards and accounts."""

    READERS: ClassVar[dict[str, str]] = {
        "gift_card_issued": "issue",
        "gift_card_moved": "move_card",
        "gift_card_deactivated": "deactivate",
        "store_credit_opened": "open",
        "store_credit_moved": "move",
    }

    cards: dict[int, Card] = field(default_factory=dict)
    accounts: dict[int, Account] = field(default_factory=dict)
    #: What is left of a credit, by its id.
    left: dict[int, int] = field(default_factory=dict)

    def issue(self, event: Facts, at: str) -> None:
        self.cards[event["gift_card"]["id"]] = Card(event["gift_card"], at, at)

    def move_card(self, event: Facts, at: str) -> None:
        card = self.cards[event["gift_card_id"]]
        card.movements.append({**event["movement"], "at": at})
        card.updated_at = at

    def deactivate(self, event: Facts, at: str) -> None:
        card = self.cards[event["gift_card_id"]]
        card.deactivated_at = card.updated_at = at

    def open(self, event: Facts, at: str) -> None:
        self.accounts[event["account"]["id"]] = Account(event["account"])

    def move(self, event: Facts, at: str) -> None:
        facts = event["movement"]
        self.accounts[event["account_id"]].movements.append({**facts, "at": at})
        for credit_id, used in facts["uses"]:
            self.left[credit_id] -= used
        if facts["type"] == CREDIT:
            self.left[facts["id"]] = facts["amount"]
