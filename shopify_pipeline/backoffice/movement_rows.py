"""What the warehouse says of money outside orders: typed rows of ``movements.sql``, one struct per statement.

Here: columns and what follows from one row alone. Not here: what is booked for them. Amounts are Decimal in major units
of the row's own currency; instants are UTC.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import msgspec

#: What is put on a gift card or a store credit account; every other type takes off. The sign is not relied on.
PUT_ON = frozenset(
    {
        "GiftCardCreditTransaction",
        "StoreCreditAccountCreditTransaction",
        "StoreCreditAccountDebitRevertTransaction",
    }
)
CASH_OUT = "GiftCardCashOutTransaction"


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One row of one statement; columns by name."""


class BalanceRow(Row, frozen=True, kw_only=True):
    """A balance transaction of Shopify Payments: ``amount`` less ``fee`` is what the balance grew by.

    Attributes:
        order_id: The order it is about, once that is in the books.
        is_of_payment: Whether it settles a payment or refund of an order, which the order's push books.
        paid: That payment in the shop's currency, negative for a refund; None until it is known to have succeeded.
    """

    balance_transaction_id: int
    type: str
    transaction_at: datetime
    currency: str
    amount: Decimal
    fee: Decimal
    order_name: str | None
    order_id: str | None
    is_of_payment: bool
    paid: Decimal | None
    paid_currency: str | None


class PayoutRow(Row, frozen=True, kw_only=True):
    """A payout that reached the bank, or came back from it after it was booked; ``returned_at`` None: not read when."""

    payout_id: int
    status: str
    direction: str
    issued_at: datetime
    currency: str
    net: Decimal
    returned_at: datetime | None


class DisputeRow(Row, frozen=True, kw_only=True):
    """A chargeback that is lost; ``withdrawn`` is what it took in the books, fees apart, None when that is not read."""

    dispute_id: int
    reason: str
    finalized_on: datetime
    currency: str | None
    withdrawn: Decimal | None
    order_id: str | None


class CardMoveRow(Row, frozen=True, kw_only=True):
    """Money put on a gift card or taken off it."""

    gift_card_id: int
    transaction_id: int
    transaction_type: str
    currency: str
    amount: Decimal
    processed_at: datetime

    @property
    def change(self) -> Decimal:
        """What the card's balance changed by."""
        return abs(self.amount) if self.transaction_type in PUT_ON else -abs(self.amount)


class CardPaymentRow(Row, frozen=True, kw_only=True):
    """A payment by gift card in the books of orders; ``amount`` is what it changed the card's balance by."""

    currency: str
    amount: Decimal
    processed_at: datetime


class CardRow(Row, frozen=True, kw_only=True):
    """A gift card, with what its line sold.

    Attributes:
        expires_on: Last day it can be used.
        is_sold: Whether an order that is in nobody's way of being booked sold it.
        is_sale_read: Whether the sale is in the warehouse.
        sold_for: What all units of the line cost, in the customer's currency.
        units_back: Units that were taken back, before or after their cards were issued.
        cards_beside: Cards of the line that ended within a minute after units were taken back.
        is_beside: Whether this one did.
    """

    gift_card_id: int
    currency: str
    initial_value: Decimal
    created_at: datetime
    expires_on: date | None
    deactivated_at: datetime | None
    is_sold: bool
    is_sale_read: bool
    units_sold: int
    units_back: int
    sold_for: Decimal
    cards_issued: int
    cards_ended: int
    cards_beside: int
    is_beside: bool


class CreditMoveRow(Row, frozen=True, kw_only=True):
    """A transaction of a store credit account; ``payment``: none, open, booked or failed payment of an order."""

    store_credit_account_id: int
    transaction_type: str
    transaction_id: int
    currency: str
    amount: Decimal
    event: str
    created_at: datetime
    payment: str

    @property
    def change(self) -> Decimal:
        """What the account's balance changed by."""
        return abs(self.amount) if self.transaction_type in PUT_ON else -abs(self.amount)
