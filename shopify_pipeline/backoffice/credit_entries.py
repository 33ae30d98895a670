"""What the shop owes its customers, as journal entries: gift cards and store credit that no order's push books.

Here: pure functions from rows to entries. A card that was sold is owed by the order's invoice, one that pays is an
order's payment; here is what is given, cashed out, expires or is taken back. What cannot be told is a DataError that
names the card or account, never a guess. Not here: SQL (``movements.py``).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from decimal import Decimal

import msgspec

from shopify_pipeline.backoffice.mapping import Books
from shopify_pipeline.backoffice.movement_entry import NotReadYet, journal_entry
from shopify_pipeline.backoffice.movement_rows import CASH_OUT, CardMoveRow, CardPaymentRow, CardRow, CreditMoveRow
from shopify_pipeline.backoffice.protocol import JournalEntry
from shopify_pipeline.backoffice.value_map import ValueMap
from shopify_pipeline.errors import DataError
from shopify_pipeline.money import plain

CASH = "cash"
GIFT_CARD = "gift_card"
STORE_CREDIT = "shopify_store_credit"
#: A payment and what it does to a card bear the same time, but for the seconds between two writes.
BESIDE = timedelta(minutes=1)
#: A payment of the same amount that is this near could be meant, and could be another.
NEAR = timedelta(days=1)
REVERT = "StoreCreditAccountDebitRevertTransaction"
EXPIRATION = "StoreCreditAccountExpirationTransaction"


class Card(msgspec.Struct, frozen=True):
    """A gift card with everything that moved on it, oldest first.

    Attributes:
        read_up_to: Everything that happened to gift cards until then is in the warehouse; None: nobody knows.
    """

    row: CardRow
    moves: tuple[CardMoveRow, ...]
    read_up_to: datetime | None


class Payments(msgspec.Struct, frozen=True):
    """What may be the order's side of a card's movements.

    Attributes:
        moves: Movements of all cards around them.
        paid: Payments by gift card around them, of orders whose payments are booked.
        read_up_to: Everything that happened to orders until then is in the warehouse; None: nobody knows.
    """

    moves: Sequence[CardMoveRow]
    paid: Sequence[CardPaymentRow]
    read_up_to: datetime | None

    def are_of(self, move: CardMoveRow) -> bool:
        """Whether an order's payment is what moved the card.

        Shopify links neither to the other: they are the same amount in the same currency at the same time.

        Raises:
            NotReadYet: Orders have not been read far enough to say no.
            DataError: There are fewer such payments than such movements, or one of the same amount on the same day.
        """
        same = [one for one in self.paid if (one.currency, one.amount) == (move.currency, move.change)]
        rivals = [one for one in self.moves if (one.currency, one.change) == (move.currency, move.change)]
        beside = sum(_within(BESIDE, one.processed_at, move.processed_at) for one in same)
        if beside and beside >= sum(_within(BESIDE, one.processed_at, move.processed_at) for one in rivals):
            return True
        if self.read_up_to is None or self.read_up_to < move.processed_at + BESIDE:
            raise NotReadYet
        free = [
            one
            for one in same
            if _within(NEAR, one.processed_at, move.processed_at)
            and not any(_within(BESIDE, one.processed_at, rival.processed_at) for rival in rivals if rival != move)
        ]
        if beside or free:
            raise DataError(
                f"gift card {move.gift_card_id}: transaction {move.transaction_id} over {plain(move.change)} "
                f"{move.currency} may or may not be the payment of an order; book it by hand"
            )
        return False


def _within(span: timedelta, one: datetime, other: datetime) -> bool:
    return abs(one - other) <= span


def card_issued(card: Card, value_map: ValueMap, books: Books) -> JournalEntry | None:
    """A card no order sold: given for nothing. One that was sold is owed from its sale on.

    Raises:
        NotReadYet: The order that sold it is not in the warehouse.
        DataError: It holds something else than it was sold for.
    """
    row = card.row
    if not books.hold(row.created_at):
        return None
    if row.is_sold:
        if not row.is_sale_read:
            raise NotReadYet
        if row.initial_value * row.units_sold != row.sold_for:
            raise DataError(
                f"gift card {row.gift_card_id} holds {plain(row.initial_value)} {row.currency} but its line sold "
                f"{row.units_sold} for {plain(row.sold_for)}"
            )
        return None
    name, given = f"gift_card/{row.gift_card_id}", value_map.account("credit_given")
    return _on_card(row, name, "ISSUED", row.created_at, row.initial_value, given, value_map, books)


def card_moved(
    card: Card, move: CardMoveRow, payments: Payments, value_map: ValueMap, books: Books
) -> JournalEntry | None:
    """What no payment of an order moved on a card: cashed out, put on or taken off by hand.

    Raises:
        NotReadYet, DataError: As ``Payments.are_of``.
    """
    if not books.hold(move.processed_at):
        return None
    if move.transaction_type == CASH_OUT:
        kind, other = "CASHED_OUT", value_map.gateway(CASH)
    elif payments.are_of(move):
        return None
    else:
        kind, other = "ADJUSTED", value_map.account("credit_given")
    name = f"gift_card_move/{move.gift_card_id}/{move.transaction_id}"
    return _on_card(card.row, name, kind, move.processed_at, move.change, other, value_map, books)


def card_ended(card: Card, value_map: ValueMap, books: Books) -> JournalEntry | None:
    """A card that expired or was deactivated: what was left on it is owed to nobody.

    Raises:
        DataError: It cannot be told whether it was deactivated because its sale was taken back.
    """
    end = _end(card, books)
    if end is None or not books.hold(end) or _ended_by_return(card, books):
        return None
    kind = "DEACTIVATED" if end == card.row.deactivated_at else "EXPIRED"
    name, breakage = f"gift_card_end/{card.row.gift_card_id}", value_map.account("breakage")
    return _on_card(card.row, name, kind, end, -_left(card, end), breakage, value_map, books)


def card_moved_after_end(card: Card, move: CardMoveRow, value_map: ValueMap, books: Books) -> JournalEntry | None:
    """What moved on a card that had ended: nobody can use it."""
    end = _end(card, books)
    if end is None or move.processed_at <= end or not books.hold(move.processed_at):
        return None
    name = f"gift_card_end/{move.gift_card_id}/{move.transaction_id}"
    breakage = value_map.account("breakage")
    return _on_card(card.row, name, "ENDED", move.processed_at, -move.change, breakage, value_map, books)


def card_taken_back(card: Card, value_map: ValueMap, books: Books) -> JournalEntry | None:
    """A card whose sale was taken back: the credit note owes its whole value no more, also what was used of it.

    Raises:
        DataError: It cannot be told whether it was, or it can still be used.
    """
    row = card.row
    if not _is_taken_back(row) or row.deactivated_at is None or not books.hold(row.deactivated_at):
        return None
    left = _left(card, row.deactivated_at) if _ended_by_return(card, books) else Decimal(0)
    name, grown = f"gift_card_back/{row.gift_card_id}", row.initial_value - left
    given = value_map.account("credit_given")
    return _on_card(row, name, "TAKEN_BACK", row.deactivated_at, grown, given, value_map, books)


def _on_card(
    row: CardRow,
    external_id: str,
    kind: str,
    at: datetime,
    grown: Decimal,
    other: str,
    value_map: ValueMap,
    books: Books,
) -> JournalEntry | None:
    """What is owed to holders of cards grows by so much."""
    return journal_entry(
        external_id,
        f"GIFT_CARD_{kind}",
        books.day(at),
        row.currency,
        f"Gift card {row.gift_card_id} {kind.replace('_', ' ').lower()}",
        [(gift_cards_owed(value_map), -grown), (other, grown)],
    )


def gift_cards_owed(value_map: ValueMap) -> str:
    """Account of what is owed to holders of gift cards: what a card pays with, or what its sale is owed on."""
    return value_map.gateway(GIFT_CARD) if GIFT_CARD in value_map.gateways else value_map.line("GIFT_CARD")


def _expired_at(card: Card, books: Books) -> datetime | None:
    """The first instant after its last day in the shop's zone, once everything until then is known."""
    if card.row.expires_on is None or card.read_up_to is None:
        return None
    end = datetime.combine(card.row.expires_on + timedelta(days=1), time(), books.zone)
    return end if end <= card.read_up_to else None


def _end(card: Card, books: Books) -> datetime | None:
    ends = [end for end in (_expired_at(card, books), card.row.deactivated_at) if end is not None]
    return min(ends, default=None)


def _left(card: Card, at: datetime) -> Decimal:
    return card.row.initial_value + sum((move.change for move in card.moves if move.processed_at <= at), Decimal(0))


def _ended_by_return(card: Card, books: Books) -> bool:
    return _end(card, books) == card.row.deactivated_at and _is_taken_back(card.row)


def _is_taken_back(row: CardRow) -> bool:
    """Whether this card's unit was taken back: the line has more cards than units the customer still has."""
    if not row.is_sold:
        return False
    if not row.is_sale_read:
        raise NotReadYet
    back = row.cards_issued - (row.units_sold - row.units_back)
    if back <= 0:
        return False
    if row.cards_ended < back:
        raise DataError(
            f"gift card {row.gift_card_id}: {back} of its line were taken back and only {row.cards_ended} deactivated"
        )
    if row.cards_ended == back:
        return row.deactivated_at is not None
    if row.cards_beside == back:
        return row.is_beside
    raise DataError(
        f"gift card {row.gift_card_id}: {back} of its line were taken back and {row.cards_ended} deactivated, "
        "so which ones were cannot be told"
    )


def credit_moved(row: CreditMoveRow, value_map: ValueMap, books: Books) -> JournalEntry | None:
    """What no payment of an order moved on a store credit account: granted, taken back, expired.

    A payment that failed took credit and gave it back; both are booked, on the same accounts.

    Raises:
        NotReadYet: The payment it belongs to is not decided, or not in the warehouse.
        DataError: A payment that is booked was reverted.
    """
    if row.payment == "open":
        raise NotReadYet
    if row.payment == "booked" and row.transaction_type == REVERT:
        raise DataError(
            f"store credit account {row.store_credit_account_id}: transaction {row.transaction_id} takes back a "
            "payment that is booked with its order"
        )
    if row.payment == "booked":
        return None
    other = value_map.account("breakage" if row.transaction_type == EXPIRATION else "credit_given")
    return journal_entry(
        credit_name(row),
        f"STORE_CREDIT_{row.event}" if row.transaction_type != EXPIRATION else "STORE_CREDIT_EXPIRATION",
        books.day(row.created_at),
        row.currency,
        f"Store credit account {row.store_credit_account_id}: {row.event.replace('_', ' ').lower()}",
        [(value_map.gateway(STORE_CREDIT), -row.change), (other, row.change)],
    )


def credit_name(row: CreditMoveRow) -> str:
    """Id of the entry of a store credit transaction; ids of different types may be equal."""
    word = row.transaction_type.removeprefix("StoreCreditAccount").removesuffix("Transaction").lower()
    return f"store_credit/{row.store_credit_account_id}/{word}/{row.transaction_id}"
