"""The golden book's page: what Shopify says day by day (``given``) and what the books then hold (``books``).

Here: the shape of a YAML file, read strictly. Not here: how facts become rows (``warehouse.py``), how books are read
(``readings.py``). Amounts are text in major units, signed as Shopify signs them; days are the shop's.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Literal

import msgspec

Amount = Decimal


class Page(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Strict: a key nobody reads would be an expectation nobody checks."""


class Shop(Page, frozen=True, kw_only=True):
    """The shop and the policy of its books.

    Attributes:
        closed: Months (first days) that are closed in the back office before anything is pushed.
    """

    currency: str
    taxes_included: bool
    zone: str
    go_live: date
    recognition: Literal["order", "fulfillment"] = "order"
    closed: tuple[date, ...] = ()


class Tax(Page, frozen=True, kw_only=True):
    title: str
    rate: Decimal | None
    amount: Amount
    channel: bool | None = False


class Sale(Page, frozen=True, kw_only=True):
    """``total`` is after discounts, with tax."""

    id: int
    action: str
    type: str
    total: Amount
    line: int | None = None
    quantity: int | None = None
    taxes: tuple[Tax, ...] = ()


class Agreement(Page, frozen=True, kw_only=True):
    id: int
    kind: Literal["OrderAgreement", "OrderEditAgreement", "RefundAgreement", "ReturnAgreement"]
    sales: tuple[Sale, ...]
    order: int = 1
    refund: int | None = None
    returned: int | None = None


class OrderFact(Page, frozen=True, kw_only=True):
    """``net_days``: within how many days it is to be paid, by net terms."""

    id: int
    name: str
    customer: int | None
    company: int | None = None
    company_name: str | None = None
    cancelled: bool = False
    net_days: int | None = None


class Line(Page, frozen=True, kw_only=True):
    """``unfulfilled`` as Shopify counts it at that moment."""

    id: int
    variant: int | None
    quantity: int
    unfulfilled: int
    order: int = 1
    bundle: int | None = None


class Transaction(Page, frozen=True, kw_only=True):
    """``amount`` is never negative; ``rounding`` is what cash was rounded by."""

    id: int
    kind: str
    status: str
    gateway: str
    amount: Amount
    order: int = 1
    rounding: Amount | None = None
    parent: int | None = None


class RefundLine(Page, frozen=True, kw_only=True):
    line: int
    quantity: int
    restock: Literal["RETURN", "CANCEL", "NO_RESTOCK"]
    location: str | None = None


class Adjustment(Page, frozen=True, kw_only=True):
    id: int
    reason: str
    amount: Amount


class Refund(Page, frozen=True, kw_only=True):
    """Told again, it replaces what was told before: an adjustment that is not in it any more has vanished."""

    id: int
    order: int = 1
    returned: int | None = None
    lines: tuple[RefundLine, ...] = ()
    adjustments: tuple[Adjustment, ...] = ()


class Fulfillment(Page, frozen=True, kw_only=True):
    """Units by order line that left a location, or did not after all (``CANCELLED``)."""

    id: int
    status: Literal["SUCCESS", "CANCELLED"]
    location: str
    units: dict[int, int]
    order: int = 1


class Disposition(Page, frozen=True, kw_only=True):
    """What became of returned units of an order line."""

    id: int
    line: int
    type: Literal["RESTOCKED", "NOT_RESTOCKED", "PROCESSING_REQUIRED", "MISSING"]
    quantity: int
    location: str | None = None


class Return(Page, frozen=True, kw_only=True):
    """A return; ``fulfilled`` names the fulfillment its units left with."""

    id: int
    status: str
    units: dict[int, int]
    fulfilled: int
    order: int = 1
    exchanged_for: dict[int, int] = {}
    dispositions: tuple[Disposition, ...] = ()


class CardTransaction(Page, frozen=True, kw_only=True):
    id: int
    type: Literal["GiftCardCreditTransaction", "GiftCardDebitTransaction"]
    amount: Amount


class GiftCard(Page, frozen=True, kw_only=True):
    id: int
    initial: Amount
    balance: Amount
    order: int | None = None
    line: int | None = None
    expires_on: date | None = None
    is_enabled: bool = True
    transactions: tuple[CardTransaction, ...] = ()


class CreditTransaction(Page, frozen=True, kw_only=True):
    id: int
    type: Literal[
        "StoreCreditAccountCreditTransaction",
        "StoreCreditAccountDebitTransaction",
        "StoreCreditAccountDebitRevertTransaction",
        "StoreCreditAccountExpirationTransaction",
    ]
    amount: Amount
    balance_after: Amount
    event: str
    order_transaction: int | None = None


class CreditAccount(Page, frozen=True, kw_only=True):
    id: int
    balance: Amount
    transactions: tuple[CreditTransaction, ...]


class BalanceTransaction(Page, frozen=True, kw_only=True):
    id: int
    type: str
    amount: Amount
    fee: Amount
    net: Amount
    source: str | None = None
    source_id: int | None = None
    order: int | None = None
    order_transaction: int | None = None
    payout: int | None = None
    payout_status: str | None = None


class Payout(Page, frozen=True, kw_only=True):
    id: int
    status: str
    direction: Literal["DEPOSIT", "WITHDRAWAL"]
    net: Amount


class Dispute(Page, frozen=True, kw_only=True):
    id: int
    order: int
    type: Literal["CHARGEBACK", "INQUIRY"]
    status: str
    amount: Amount
    final: bool = False


class Step(Page, frozen=True, kw_only=True):
    """What the shop says at one moment; a fact told again replaces the one with the same id.

    Attributes:
        vanished: Ids of sales that Shopify does not list any more.
    """

    at: datetime
    orders: tuple[OrderFact, ...] = ()
    lines: tuple[Line, ...] = ()
    agreements: tuple[Agreement, ...] = ()
    vanished: tuple[int, ...] = ()
    transactions: tuple[Transaction, ...] = ()
    refunds: tuple[Refund, ...] = ()
    fulfillments: tuple[Fulfillment, ...] = ()
    returns: tuple[Return, ...] = ()
    gift_cards: tuple[GiftCard, ...] = ()
    store_credit: tuple[CreditAccount, ...] = ()
    balance: tuple[BalanceTransaction, ...] = ()
    payouts: tuple[Payout, ...] = ()
    disputes: tuple[Dispute, ...] = ()


class Taxed(Page, frozen=True, kw_only=True):
    tax: str
    base: Amount
    amount: Amount


class Booking(Page, frozen=True, kw_only=True):
    """One document, payment or entry as the ledger holds it.

    Attributes:
        id: ``document 1/ORDER``, ``payment 5`` or ``entry payout/7``.
        day: Day of the event in the shop's zone.
        booked: Day in the ledger, where the event's own period was closed.
        due: Day it is to be paid, by net terms.
        ledger: ``Dr 1200 21.70`` or ``Cr 4000 20.00``, one per account.
    """

    id: str
    day: date
    ledger: tuple[str, ...]
    order: int | None = None
    party: str | None = None
    booked: date | None = None
    due: date | None = None
    taxes: tuple[Taxed, ...] = ()


class Moved(Page, frozen=True, kw_only=True):
    """Units of a variant that left (``out``) or came to (``in``) a warehouse for good on a day."""

    day: date
    way: Literal["out", "in"]
    location: str
    variant: int
    units: int


class Break(Page, frozen=True, kw_only=True):
    """What is not booked, and a part of the reason that is given."""

    record: str
    reason: str


class Books(Page, frozen=True, kw_only=True):
    """Everything the books hold of the shop, and nothing else.

    Attributes:
        company: Legal entity, by its currency.
        bookings: The ledger.
        moves: Stock moves of shipments and returns.
        taken_back: Moves beside them where the books were kept while a shipment stood that was cancelled later.
        balances: Debit minus credit by account, of every account that was touched.
        open: What each order's customer still owes; negative when the shop owes.
        breaks: What was refused.
    """

    company: str
    bookings: tuple[Booking, ...]
    balances: dict[str, Amount]
    open: dict[int, Amount]
    moves: tuple[Moved, ...] = ()
    taken_back: tuple[Moved, ...] = ()
    breaks: tuple[Break, ...] = ()


class Interim(Page, frozen=True, kw_only=True):
    """Balances after the first ``steps`` steps."""

    steps: int
    balances: dict[str, Amount]
    open: dict[int, Amount]


class Case(Page, frozen=True, kw_only=True):
    """One life of one shop."""

    name: str
    what: str
    covers: tuple[str, ...]
    shop: Shop
    given: tuple[Step, ...]
    books: Books
    between: tuple[Interim, ...] = ()


def read_case(path: Path) -> Case:
    """Read one page. Raises msgspec.ValidationError when a key is unknown or a value is not what it must be."""
    return msgspec.yaml.decode(path.read_bytes(), type=Case)


def cases() -> dict[str, Case]:
    """Every page by its file's name, in the order of the names."""
    return {path.stem: read_case(path) for path in sorted(Path(__file__).parent.glob("*.yaml"))}
