"""What stood open when the books began: orders, clearing, gift cards and store credit as of go-live.

Here: one-line calls of ``opening.sql``, and pure functions from what they tell to orders and journal entries. Not here:
opening stock (``mapping.opening_count``), sending, and what has happened since go-live: that is the push's.
Amounts are Decimal in major units; an opening entry is dated the day before go-live, as an opening count is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import TypeVar

import msgspec
from psycopg import Connection
from psycopg.rows import TupleRow, class_row

from shopify_pipeline.backoffice import mapping
from shopify_pipeline.backoffice.credit_entries import gift_cards_owed
from shopify_pipeline.backoffice.mapping import Books, Recognition
from shopify_pipeline.backoffice.movement_rows import PUT_ON
from shopify_pipeline.backoffice.owed import OrderFacts, Row
from shopify_pipeline.backoffice.protocol import Document, EntryLine, JournalEntry, Order
from shopify_pipeline.backoffice.value_map import ValueMap
from shopify_pipeline.money import digits, plain
from shopify_pipeline.statements import statements

SQL = statements(Path(__file__).with_name("opening.sql"))

#: Gateways whose balance Shopify itself tells.
PAYMENTS, GIFT_CARD, STORE_CREDIT = "shopify_payments", "gift_card", "shopify_store_credit"
#: Balance transactions whose account a reserve and an undecided dispute stand on.
RESERVED, WITHDRAWN = "RESERVED_FUNDS", "DISPUTE_WITHDRAWAL"
KIND = "OPENING"
#: A payout that was issued longer before go-live had arrived: banks take days, holidays included.
UNDER_WAY_AT_MOST = timedelta(days=10)
#: Before any order: books that begin here hold everything.
EVER = date(1970, 1, 1)

Conn = Connection[TupleRow]
AnyRow = TypeVar("AnyRow", bound=Row)


class BalanceRow(Row, frozen=True, kw_only=True):
    """What stood on one kind of balance in one currency."""

    currency: str
    amount: Decimal
    records: int = 1


class PayoutRow(Row, frozen=True, kw_only=True):
    """A payout that is or may have been on its way; negative when the bank is charged."""

    payout_id: int
    currency: str
    amount: Decimal
    issued_at: datetime


class DisputeRow(Row, frozen=True, kw_only=True):
    """What an undecided chargeback had taken."""

    dispute_id: int
    currency: str
    amount: Decimal


class GatewayRow(Row, frozen=True, kw_only=True):
    """What went through a gateway that settles outside Shopify."""

    gateway: str
    currency: str
    records: int
    amount: Decimal


class Balances(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that stood open beside orders.

    Attributes:
        currency: The shop's.
        in_doubt: Payouts that have arrived, before go-live or since.
    """

    currency: str
    payments: tuple[BalanceRow, ...] = ()
    in_transit: tuple[PayoutRow, ...] = ()
    in_doubt: tuple[PayoutRow, ...] = ()
    reserves: tuple[BalanceRow, ...] = ()
    disputes: tuple[DisputeRow, ...] = ()
    gift_cards: tuple[BalanceRow, ...] = ()
    store_credit: tuple[BalanceRow, ...] = ()
    others: tuple[GatewayRow, ...] = ()


class OpenOrder(msgspec.Struct, frozen=True, kw_only=True):
    """An order from before go-live that was not done.

    Attributes:
        order: As the push would send it: nothing in it is older than go-live.
        entry: What was owed for it then; None when it was paid and only its units had still to leave.
        units: Units that had still to leave, less what was taken off since.
    """

    order: Order
    entry: JournalEntry | None
    units: int


class NotBrought(msgspec.Struct, frozen=True, kw_only=True):
    """Something that was open and cannot be brought, and why."""

    what: str
    currency: str
    amount: Decimal | None
    reason: str


def candidates(conn: Conn, shop: str, books: Books) -> list[int]:
    """Orders that may have been open at go-live, oldest first."""
    return [row[0] for row in conn.execute(SQL["candidates"], _parameters(shop, books)).fetchall()]


def balances(conn: Conn, shop: str, books: Books) -> Balances | None:
    """What stood open beside orders; None when the warehouse holds no order."""
    currency = conn.execute(SQL["shop_currency"], {"shop": shop}).fetchone()
    if currency is None:
        return None
    return Balances(
        currency=currency[0],
        payments=_rows(conn, BalanceRow, "balance", shop, books),
        in_transit=_rows(conn, PayoutRow, "in_transit", shop, books),
        in_doubt=_rows(conn, PayoutRow, "in_doubt", shop, books),
        reserves=_rows(conn, BalanceRow, "reserves", shop, books),
        disputes=_rows(conn, DisputeRow, "disputes", shop, books),
        gift_cards=_rows(conn, BalanceRow, "gift_cards", shop, books),
        store_credit=_rows(conn, BalanceRow, "store_credit", shop, books),
        others=_rows(conn, GatewayRow, "other_gateways", shop, books),
    )


def open_order(facts: OrderFacts, value_map: ValueMap, books: Books, recognition: Recognition) -> OpenOrder | None:
    """What of an order was open at go-live; None when nothing was.

    What was owed is what the push would have booked by then, had the books begun before the order: so that what it
    books later adds up to the order's own balance.

    Raises:
        DataError: The order cannot be mapped.
    """
    whole = mapping.order(facts, value_map, Books(EVER, books.zone), recognition)
    if whole is None:
        return None
    owed = mapping.order(facts, value_map, books, recognition) or _bare(whole)
    units = sum(line.quantity for line in owed.lines)
    lines = _open_lines(whole, value_map, books)
    if not lines and not units:
        return None
    entry = None
    if lines:
        description = f"{whole.name}: open when the books began"
        entry = _entry(f"opening/order/{whole.external_id}", whole.currency, description, lines, value_map, books)
        entry = msgspec.structs.replace(entry, order=whole.external_id)
    return OpenOrder(order=owed, entry=entry, units=units)


def entries(
    found: Balances, given: Mapping[str, Decimal], value_map: ValueMap, books: Books
) -> tuple[list[JournalEntry], list[NotBrought]]:
    """Opening entries of everything beside orders, and what cannot be brought.

    Args:
        given: What stood on gateways that settle outside Shopify, by the shop's own statements.

    Raises:
        Unmapped: The value map lacks an account this needs.
    """
    made: list[JournalEntry] = []
    missing: list[NotBrought] = []

    def bring(
        name: str, what: str, account: Callable[[], str], amount: Decimal, currency: str = found.currency
    ) -> None:
        if currency != found.currency:
            reason = f"the books are in {found.currency}: bring it by hand at the rate of the day"
            missing.append(NotBrought(what=what, currency=currency, amount=Decimal(plain(amount)), reason=reason))
        elif amount:
            made.append(_entry(f"opening/{name}", currency, what, {account(): amount}, value_map, books))

    def clearing() -> str:
        return value_map.gateway(PAYMENTS)

    for row in found.payments:
        bring(f"clearing/{PAYMENTS}", f"balance of {PAYMENTS}", clearing, row.amount, row.currency)
    for payout in found.in_transit:
        what = f"payout {payout.payout_id} of {books.day(payout.issued_at)} on its way"
        bring(f"payout/{payout.payout_id}", what, clearing, payout.amount, payout.currency)
    for row in found.reserves:
        bring("reserves", f"reserves of {PAYMENTS}", lambda: value_map.balance_type(RESERVED), row.amount, row.currency)
    for dispute in found.disputes:
        name, what = f"dispute/{dispute.dispute_id}", f"dispute {dispute.dispute_id}, not decided"
        bring(name, what, lambda: value_map.balance_type(WITHDRAWN), dispute.amount, dispute.currency)
    for row in found.gift_cards:
        bring("gift_cards", "open gift cards", lambda: gift_cards_owed(value_map), -row.amount, row.currency)
    for row in found.store_credit:
        bring("store_credit", "open store credit", lambda: value_map.gateway(STORE_CREDIT), -row.amount, row.currency)
    for gateway, amount in given.items():
        bring(f"clearing/{gateway}", f"balance of {gateway}, as given", partial(value_map.gateway, gateway), amount)
    missing += [
        NotBrought(
            what=f"payout {payout.payout_id} of {books.day(payout.issued_at)}",
            currency=payout.currency,
            amount=Decimal(plain(payout.amount)),
            reason="it has arrived and Shopify does not say when: if the bank's statement has it on "
            f"{books.go_live_on} or later, book it from the opening account to the bank by hand",
        )
        for payout in found.in_doubt
    ]
    missing += [
        NotBrought(
            what=f"balance of {row.gateway or 'a gateway without a name'}",
            currency=row.currency,
            amount=None,
            reason="it settles outside Shopify: take what stood on it from its own statement and give it with "
            f"--balance {row.gateway or 'NAME'}=AMOUNT (0 when it was settled)",
        )
        for row in found.others
        if row.gateway not in given
    ]
    return made, missing


def digest(go_live_on: date, opening: Sequence[JournalEntry]) -> str:
    """What names a plan: the same amounts on the same accounts give the same one.

    What happens in the shop meanwhile does not change them, but for a payout on its way that arrives or fails before it
    was brought: nobody can tell any more that it was.
    """
    content = [
        (entry.external_id, entry.currency, [(line.account, str(line.amount)) for line in entry.lines])
        for entry in sorted(opening, key=lambda entry: entry.external_id)
    ]
    return hashlib.sha256(msgspec.json.encode([go_live_on, content])).hexdigest()[:16]


def _bare(whole: Order) -> Order:
    """An order of which nothing happened since go-live: only what has still to leave."""
    left: dict[str, int] = {}
    for shipment in whole.shipments:
        for units in shipment.units:
            if shipment.cancelled_on is None:
                left[units.order_line] = left.get(units.order_line, 0) + units.quantity
    lines = tuple(
        msgspec.structs.replace(line, quantity=line.quantity - left.get(line.external_id, 0)) for line in whole.lines
    )
    bare = msgspec.structs.replace(
        whole, fingerprint="", lines=lines, documents=(), payments=(), shipments=(), restocks=(), entries=()
    )
    return msgspec.structs.replace(bare, fingerprint=mapping.fingerprint(bare))


def _open_lines(whole: Order, value_map: ValueMap, books: Books) -> dict[str, Decimal]:
    """What of an order stood on accounts that carry over: what is owed for it, and what is sold and had not left."""
    owed = sum((document.total for document in _before(whole.documents, books)), Decimal(0))
    owed -= sum((payment.amount for payment in whole.payments if payment.on < books.go_live_on), Decimal(0))
    lines = {value_map.account("receivable"): owed}
    deferred = value_map.accounts.get("deferred")
    if deferred is not None:
        lines[deferred] = -sum(
            (
                line.net
                for document in _before(whole.documents, books)
                for line in document.lines
                if line.account == deferred
            ),
            Decimal(0),
        ) + sum(
            (
                line.amount
                for entry in whole.entries
                if entry.on < books.go_live_on
                for line in entry.lines
                if line.account == deferred
            ),
            Decimal(0),
        )
    return {account: amount for account, amount in lines.items() if amount}


def _before(documents: Sequence[Document], books: Books) -> Iterator[Document]:
    return (document for document in documents if document.on < books.go_live_on)


def _entry(
    external_id: str,
    currency: str,
    description: str,
    amounts: Mapping[str, Decimal],
    value_map: ValueMap,
    books: Books,
) -> JournalEntry:
    exact = {account: amount.quantize(Decimal(1).scaleb(-digits(currency))) for account, amount in amounts.items()}
    lines = [EntryLine(account=account, amount=amount) for account, amount in exact.items()]
    rest = -sum(exact.values(), Decimal(0))
    if rest:
        lines.append(EntryLine(account=value_map.account("opening"), amount=rest))
    return JournalEntry(
        external_id=external_id,
        kind=KIND,
        on=books.go_live_on - timedelta(days=1),
        currency=currency,
        description=description,
        lines=tuple(lines),
    )


def _parameters(shop: str, books: Books) -> dict[str, object]:
    return {
        "shop": shop,
        "go_live_at": books.go_live_at,
        "go_live_on": books.go_live_on,
        "told": [PAYMENTS, GIFT_CARD, STORE_CREDIT],
        "put_on": sorted(PUT_ON),
        "arrived_since": books.go_live_at - UNDER_WAY_AT_MOST,
    }


def _rows(conn: Conn, kind: type[AnyRow], name: str, shop: str, books: Books) -> tuple[AnyRow, ...]:
    with conn.cursor(row_factory=class_row(kind)) as cursor:
        return tuple(cursor.execute(SQL[name], _parameters(shop, books)).fetchall())
