"""Shopify Payments: the account, its balance transactions, payouts and disputes, one compact object per thing.

Here: fields and what follows from one record alone. Money is int minor units of the account's currency, a dispute's
that of its order; instants are UTC. Not here: when payouts run (``payouts.py``), GraphQL (``resources/``).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime

from shopify_sandbox.world.goods import Record
from shopify_sandbox.world.records import Order, Transaction

TRANSFER = "TRANSFER"


@dataclass(slots=True, eq=False, repr=False)
class Share(Record):
    """The part of an adjustment that falls on one payment."""

    transaction: Transaction
    amount: int
    fee: int


@dataclass(slots=True, eq=False, repr=False)
class BalanceTransaction(Record):
    """One movement of the account's balance: charges +, refunds −; a fee is what it reduces, a returned one negative.

    Attributes:
        transaction: The order's payment or refund it settles; a dispute's the payment in dispute.
        available_on: First day (UTC) a payout can hold it.
        shares: What an adjustment is made of when it is about several orders.
    """

    id: int
    type: str
    amount: int
    fee: int
    at: datetime
    source_type: str | None
    source_id: int | None
    transaction: Transaction | None
    test: bool
    available_on: date
    reason: str | None
    shares: tuple[Share, ...]
    payout: Payout | None = None

    @property
    def net(self) -> int:
        return self.amount - self.fee

    @property
    def order(self) -> Order | None:
        return None if self.transaction is None else self.transaction.order


@dataclass(slots=True, eq=False, repr=False)
class Payout(Record):
    """Money sent to the bank (DEPOSIT) or taken from it (WITHDRAWAL, then ``net`` is negative)."""

    id: int
    currency: str
    issued_at: datetime
    kind: str
    status: str
    trace: str | None
    transactions: list[BalanceTransaction] = field(default_factory=list)

    @property
    def net(self) -> int:
        return sum(one.net for one in self.held())

    def held(self) -> list[BalanceTransaction]:
        """What it is made of: all its balance transactions but the transfer to the bank."""
        return [one for one in self.transactions if one.type != TRANSFER]


@dataclass(slots=True, eq=False, repr=False)
class Dispute(Record):
    """A cardholder's complaint about a payment; an INQUIRY asks, a CHARGEBACK takes the money back."""

    id: int
    type: str
    initiated_as: str
    status: str
    reason: str
    code: str | None
    amount: int
    payment: Transaction
    initiated_at: datetime
    evidence_due_by: datetime | None
    evidence_sent_on: datetime | None = None
    finalized_on: datetime | None = None

    @property
    def order(self) -> Order:
        return self.payment.order

    @property
    def currency(self) -> str | None:
        """The presentment currency of its order; None when that is the shop's."""
        return self.order.exchange.presentment if self.order.exchange else None


@dataclass(slots=True, eq=False, repr=False)
class PaymentsAccount(Record):
    """The shop's account.

    Attributes:
        balance: What is not paid out yet, minor units; tests have no part in it.
        next_run: When payouts are made next.
        listed: All balance transactions but transfers, in the order they were made.
        waiting: Balance transactions no payout holds yet, tests apart.
        settled: By payment or refund of an order, the balance transaction it made.
        underway: Payouts the bank has not confirmed yet.
        reserved: Amounts held back that were not released yet.
        disputed: By order, its disputes.
    """

    id: int
    currency: str
    country: str
    next_run: datetime
    balance: int = 0
    transactions: dict[int, BalanceTransaction] = field(default_factory=dict)
    listed: list[BalanceTransaction] = field(default_factory=list)
    waiting: list[BalanceTransaction] = field(default_factory=list)
    settled: dict[int, BalanceTransaction] = field(default_factory=dict)
    payouts: dict[int, Payout] = field(default_factory=dict)
    underway: list[Payout] = field(default_factory=list)
    reserved: dict[int, BalanceTransaction] = field(default_factory=dict)
    disputes: dict[int, Dispute] = field(default_factory=dict)
    disputed: dict[int, list[Dispute]] = field(default_factory=dict)
