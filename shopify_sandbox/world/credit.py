"""Gift cards and store credit accounts: what the shop owes its customers, one compact object per thing.

Here: fields and what follows from one record alone. Money is int minor units of the card's or account's own currency;
instants are UTC. Not here: how they come about (``gift_cards.py``, ``store_credit.py``), GraphQL (``resources/``).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime

from shopify_sandbox.world.buyer_records import Customer
from shopify_sandbox.world.goods import Record
from shopify_sandbox.world.records import Line, Order, Transaction

CARD_CREDIT, CARD_DEBIT = "GiftCardCreditTransaction", "GiftCardDebitTransaction"
CARD_CASH_OUT = "GiftCardCashOutTransaction"
CREDIT, DEBIT = "StoreCreditAccountCreditTransaction", "StoreCreditAccountDebitTransaction"
REVERT, EXPIRATION = "StoreCreditAccountDebitRevertTransaction", "StoreCreditAccountExpirationTransaction"


@dataclass(slots=True, eq=False, repr=False)
class CardMovement(Record):
    """Money on or off a card; ``type`` is the GraphQL type: a credit is positive, a debit or cash-out negative."""

    id: int
    card: GiftCard
    type: str
    amount: int
    note: str | None
    processed_at: datetime


@dataclass(slots=True, eq=False, repr=False)
class GiftCard(Record):
    """A gift card; order and line are None for one that was issued by hand. It ends after its last day."""

    id: int
    code_end: str
    currency: str
    initial: int
    note: str | None
    customer: Customer | None
    order: Order | None
    line: Line | None
    expires_on: date | None
    created_at: datetime
    updated_at: datetime
    deactivated_at: datetime | None = None
    movements: list[CardMovement] = field(default_factory=list)
    balance: int = field(init=False)

    def __post_init__(self) -> None:
        self.balance = self.initial

    @property
    def enabled(self) -> bool:
        return self.deactivated_at is None

    def redeemable(self, today: date) -> bool:
        """Whether something can be bought with it."""
        return self.enabled and self.balance > 0 and not self.expired(today)

    def expired(self, today: date) -> bool:
        return self.expires_on is not None and self.expires_on < today


@dataclass(slots=True, eq=False, repr=False)
class CreditMovement(Record):
    """A movement of an account; ``type`` is the GraphQL type.

    Attributes:
        id: None for an expiration, which has no id of its own.
        event: Why, in the words of ``StoreCreditSystemEvent``.
        origin: The order's transaction it belongs to.
        about: The debit a revert takes back, the credit an expiration ends.
        left: What is left of a credit, minor units; 0 for everything else.
    """

    id: int | None
    account: StoreCreditAccount
    type: str
    amount: int
    balance_after: int
    event: str
    created_at: datetime
    origin: Transaction | None
    about: CreditMovement | None
    expires_at: datetime | None
    left: int


@dataclass(slots=True, eq=False, repr=False)
class StoreCreditAccount(Record):
    """A customer's credit in one currency."""

    id: int
    owner: Customer
    currency: str
    movements: list[CreditMovement] = field(default_factory=list)

    @property
    def balance(self) -> int:
        return self.movements[-1].balance_after if self.movements else 0
