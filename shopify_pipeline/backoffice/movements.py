"""Money that moved outside orders' own payments: what of it is due, and the journal entries it is owed as.

Here: reading the warehouse for a batch of roots, and asking each movement for its entry. Not here: how a movement is
booked (``balance_entries.py``, ``credit_entries.py``), and sending (``steps/push_entries.py``).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import NamedTuple, TypeVar

from psycopg import Connection
from psycopg.rows import TupleRow, class_row

from shopify_pipeline.backoffice import balance_entries, credit_entries
from shopify_pipeline.backoffice.credit_entries import NEAR, Card, Payments
from shopify_pipeline.backoffice.mapping import Books
from shopify_pipeline.backoffice.movement_entry import NotReadYet
from shopify_pipeline.backoffice.movement_rows import (
    BalanceRow,
    CardMoveRow,
    CardPaymentRow,
    CardRow,
    CreditMoveRow,
    DisputeRow,
    PayoutRow,
    Row,
)
from shopify_pipeline.backoffice.protocol import JournalEntry, Outcome
from shopify_pipeline.backoffice.push_log import Answered, Dirty
from shopify_pipeline.backoffice.value_map import ValueMap
from shopify_pipeline.errors import DataError
from shopify_pipeline.statements import statements

SQL = statements(Path(__file__).with_name("movements.sql"))

#: Roots whose movements become entries, by the first word of an entry's id.
ROOT_OF = {
    "balance": "balance_transactions",
    "payout": "payouts",
    "payout_back": "payouts",
    "dispute": "disputes",
    "gift_card": "gift_cards",
    "gift_card_move": "gift_cards",
    "gift_card_end": "gift_cards",
    "gift_card_back": "gift_cards",
    "store_credit": "store_credit_accounts",
}

Conn = Connection[TupleRow]
AnyRow = TypeVar("AnyRow", bound=Row)


class Root(NamedTuple):
    """A root of the warehouse whose movements may be owed, as the dirty set names it."""

    resource: str
    id: int


@dataclass
class Movements:
    """What a batch of roots is owed.

    Attributes:
        refused: Movements that cannot be booked, each with its reason.
        waiting: Roots of which something cannot be decided yet: they stay due.
    """

    entries: list[JournalEntry] = field(default_factory=list)
    refused: list[Answered] = field(default_factory=list)
    waiting: set[Root] = field(default_factory=set)

    def ask(self, name: str, root: Root, make: Callable[[], JournalEntry | None]) -> None:
        """Take the entry of one movement; ``name`` is its id should it be refused."""
        try:
            entry = make()
        except NotReadYet:
            self.waiting.add(root)
            return
        except DataError as exc:
            self.refused.append(Answered(external_id=name, fingerprint="", outcome=Outcome.REJECTED, reason=str(exc)))
            return
        if entry is not None:
            self.entries.append(entry)


class Due(NamedTuple):
    """What a push of entries has to look at.

    Attributes:
        marks: Marks of the dirty set, of roots that have one.
        refused: Ids of entries that were refused before, of roots that have some.
    """

    roots: list[Root]
    marks: dict[Root, Dirty]
    refused: dict[Root, list[str]]


def due(conn: Conn, shop: str, books: Books) -> Due:
    """Roots that changed, those with a movement that was refused, and gift cards whose time is over."""
    resources = sorted(set(ROOT_OF.values()))
    rows = conn.execute(SQL["dirty"], {"shop": shop, "resources": resources}).fetchall()
    marks = {Root(resource, int(external_id)): Dirty(resource, external_id, seq) for resource, external_id, seq in rows}
    refused: defaultdict[Root, list[str]] = defaultdict(list)
    for (name,) in conn.execute(SQL["refused"], {"shop": shop}).fetchall():
        root = root_of(name)
        if root is not None:
            refused[root].append(name)
    found = dict.fromkeys([*marks, *refused, *_expired(conn, shop, books)])
    return Due(list(found), marks, refused)


def root_of(external_id: str) -> Root | None:
    """The root an entry was made from; None when it is none of these, but an order's."""
    kind, _, rest = external_id.partition("/")
    return Root(ROOT_OF[kind], int(rest.partition("/")[0])) if kind in ROOT_OF else None


def _expired(conn: Conn, shop: str, books: Books) -> list[Root]:
    read_up_to = _read_up_to(conn, shop, "gift_cards")
    if read_up_to is None:
        return []
    parameters = {"shop": shop, "go_live_on": books.go_live_on, "read_on": books.day(read_up_to)}
    return [Root("gift_cards", row[0]) for row in conn.execute(SQL["expired_cards"], parameters).fetchall()]


def entries(conn: Conn, shop: str, roots: Iterable[Root], value_map: ValueMap, books: Books) -> Movements:
    """Everything the movements of these roots are owed as, on or after go-live.

    The caller's transaction must be REPEATABLE READ: a load between two statements would mix two versions of a root.
    """
    ids: defaultdict[str, list[int]] = defaultdict(list)
    for root in roots:
        ids[root.resource].append(root.id)
    read = _Reader(conn, shop, books)
    found = Movements()
    for balance in read.rows(BalanceRow, "balance", ids["balance_transactions"]):
        number = balance.balance_transaction_id
        root = Root("balance_transactions", number)
        found.ask(f"balance/{number}", root, partial(balance_entries.balance_entry, balance, value_map, books))
    for payout in read.rows(PayoutRow, "payouts", ids["payouts"]):
        root = Root("payouts", payout.payout_id)
        name = f"{'payout' if payout.status == 'PAID' else 'payout_back'}/{payout.payout_id}"
        found.ask(name, root, partial(balance_entries.payout_entry, payout, value_map, books))
    for dispute in read.rows(DisputeRow, "lost_disputes", ids["disputes"]):
        root = Root("disputes", dispute.dispute_id)
        name = f"dispute/{dispute.dispute_id}"
        found.ask(name, root, partial(balance_entries.dispute_entry, dispute, value_map, books))
    _ask_cards(found, read, ids["gift_cards"], value_map, books)
    for move in read.rows(CreditMoveRow, "credit_moves", ids["store_credit_accounts"]):
        root = Root("store_credit_accounts", move.store_credit_account_id)
        name = credit_entries.credit_name(move)
        found.ask(name, root, partial(credit_entries.credit_moved, move, value_map, books))
    return found


def _ask_cards(found: Movements, read: _Reader, ids: Sequence[int], value_map: ValueMap, books: Books) -> None:
    cards = read.cards(ids)
    payments = read.payments([move for card in cards for move in card.moves])
    for card in cards:
        number = card.row.gift_card_id
        root = Root("gift_cards", number)
        found.ask(f"gift_card/{number}", root, partial(credit_entries.card_issued, card, value_map, books))
        for move in card.moves:
            found.ask(
                f"gift_card_move/{number}/{move.transaction_id}",
                root,
                partial(credit_entries.card_moved, card, move, payments, value_map, books),
            )
            found.ask(
                f"gift_card_end/{number}/{move.transaction_id}",
                root,
                partial(credit_entries.card_moved_after_end, card, move, value_map, books),
            )
        found.ask(f"gift_card_end/{number}", root, partial(credit_entries.card_ended, card, value_map, books))
        found.ask(f"gift_card_back/{number}", root, partial(credit_entries.card_taken_back, card, value_map, books))


def _read_up_to(conn: Conn, shop: str, stream: str) -> datetime | None:
    row = conn.execute(SQL["read_up_to"], {"shop": shop, "stream": stream}).fetchone()
    return row[0] if row else None


class _Reader:
    """Reads rows of a batch; nothing is asked of the database for roots there are none of."""

    def __init__(self, conn: Conn, shop: str, books: Books) -> None:
        self._conn = conn
        self._parameters = {"shop": shop, "go_live_at": books.go_live_at}
        self._shop = shop

    def rows(self, kind: type[AnyRow], name: str, ids: Collection[int]) -> list[AnyRow]:
        return self._fetch(kind, name, ids=list(ids)) if ids else []

    def cards(self, ids: Sequence[int]) -> list[Card]:
        moves: defaultdict[int, list[CardMoveRow]] = defaultdict(list)
        for move in self.rows(CardMoveRow, "card_moves", ids):
            moves[move.gift_card_id].append(move)
        read_up_to = _read_up_to(self._conn, self._shop, "gift_cards") if ids else None
        return [Card(row, tuple(moves[row.gift_card_id]), read_up_to) for row in self.rows(CardRow, "cards", ids)]

    def payments(self, moves: Sequence[CardMoveRow]) -> Payments:
        """What these movements may be the other side of."""
        if not moves:
            return Payments((), (), None)
        times = [move.processed_at for move in moves]
        span = {"first": min(times) - NEAR, "last": max(times) + NEAR}
        return Payments(
            self._fetch(CardMoveRow, "card_moves_between", **span),
            self._fetch(CardPaymentRow, "card_payments_between", **span),
            _read_up_to(self._conn, self._shop, "orders"),
        )

    def _fetch(self, kind: type[AnyRow], name: str, **parameters: object) -> list[AnyRow]:
        with self._conn.cursor(row_factory=class_row(kind)) as cursor:
            return cursor.execute(SQL[name], {**self._parameters, **parameters}).fetchall()
