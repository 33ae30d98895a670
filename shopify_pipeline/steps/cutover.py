"""Cut-over: what stood open when the books began is shown as a plan, and brought once somebody agreed to it.

Here: composing plan and apply. Not here: what is open (``backoffice/opening.py``), and anything that happened since
go-live: that is the push's, before or after the cut-over.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from psycopg import Connection
from psycopg.rows import TupleRow

from shopify_pipeline.backoffice import mapping, opening, owed, push_log
from shopify_pipeline.backoffice.mapping import Books, Recognition
from shopify_pipeline.backoffice.opening import NotBrought, OpenOrder
from shopify_pipeline.backoffice.protocol import BackOffice, JournalEntry, StockCount
from shopify_pipeline.backoffice.value_map import ValueMap
from shopify_pipeline.clock import Clock
from shopify_pipeline.errors import ConfigError, DataError
from shopify_pipeline.money import plain
from shopify_pipeline.steps.push_due import begin, parties
from shopify_pipeline.steps.push_sending import Pushed, Sender

#: Orders read and mapped at a time.
READ_BATCH = 500
#: Records of anything but orders per call.
BATCH = 200
#: What was open at go-live and is decided after it, by the word in its opening entry's id: the root the push looks at.
DECIDED_LATER = {"dispute": "disputes", "payout": "payouts"}

Conn = Connection[TupleRow]


@dataclass(frozen=True)
class Plan:
    """What would be brought, and what cannot be.

    Attributes:
        digest: Names every amount and account of the plan; see ``opening.digest``.
        orders: Open orders, oldest first.
        balances: Entries of everything beside orders.
        counts: Opening stock that can be counted now; the push counts the rest, each level once it can.
    """

    digest: str
    orders: Sequence[OpenOrder] = ()
    balances: Sequence[JournalEntry] = ()
    counts: Sequence[StockCount] = ()
    not_brought: Sequence[NotBrought] = ()

    @property
    def entries(self) -> list[JournalEntry]:
        """Every opening entry, of orders first."""
        return [*(order.entry for order in self.orders if order.entry is not None), *self.balances]

    def summary(self) -> list[dict[str, Any]]:
        """One row per kind and currency: records, units and, on the account that is not the opening one, the amount."""
        rows: dict[tuple[str, str], dict[str, Any]] = {}

        def add(what: str, currency: str, amount: Decimal, units: int) -> None:
            row = rows.setdefault((what, currency), {"records": 0, "units": 0, "amount": Decimal(0)})
            row["records"] += 1
            row["units"] += units
            row["amount"] += amount

        for order in self.orders:
            amount = Decimal(0) if order.entry is None else _amount(order.entry)
            add("open orders", order.order.currency, amount, order.units)
        for entry in self.balances:
            add(_kind(entry), entry.currency, _amount(entry), 0)
        for count in self.counts:
            add("opening stock", "", Decimal(0), count.quantity)
        return [{"what": what, "currency": currency, **row} for (what, currency), row in rows.items()]

    def as_json(self) -> dict[str, Any]:
        """The whole plan for machines; amounts are text."""
        return {
            "digest": self.digest,
            "summary": [{**row, "amount": plain(row["amount"])} for row in self.summary()],
            "orders": [
                {
                    "order_id": order.order.external_id,
                    "name": order.order.name,
                    "currency": order.order.currency,
                    "units": order.units,
                    "lines": _lines(order.entry),
                }
                for order in self.orders
            ],
            "balances": [{"external_id": entry.external_id, "lines": _lines(entry)} for entry in self.balances],
            "opening_counts": len(self.counts),
            "not_brought": [
                {
                    "what": each.what,
                    "currency": each.currency,
                    "amount": None if each.amount is None else plain(each.amount),
                    "reason": each.reason,
                }
                for each in self.not_brought
            ],
        }


@dataclass
class _Found:
    orders: list[OpenOrder] = field(default_factory=list)
    missing: list[NotBrought] = field(default_factory=list)


def plan(
    conn: Conn,
    *,
    shop: str,
    value_map: ValueMap,
    books: Books,
    recognition: Recognition,
    given: Mapping[str, Decimal],
    progress: Callable[[str], None],
) -> Plan:
    """Find what stood open at the first instant of the books; nothing is written anywhere.

    Args:
        conn: A connection outside any transaction.
        given: Balance by gateway that settles outside Shopify, from the shop's own statements.

    Raises:
        Unmapped: The value map has no opening account, or none for a balance that is there.
        ConfigError: The warehouse holds no orders, or a given balance is of a gateway Shopify tells itself.
    """
    told = sorted({opening.PAYMENTS, opening.GIFT_CARD, opening.STORE_CREDIT} & given.keys())
    if told:
        raise ConfigError(f"the balance of {', '.join(told)} comes from Shopify and cannot be given")
    value_map.account("opening")
    with conn.transaction():
        conn.execute("set transaction isolation level repeatable read, read only")
        balances = opening.balances(conn, shop, books)
        if balances is None:
            raise ConfigError(f"{shop}: the warehouse holds no orders yet: run shopify-pipeline sync")
        found = _orders(conn, shop, value_map, books, recognition, progress)
        levels = owed.levels_to_open(conn, shop, books.go_live_at, list(value_map.locations))
    entries, missing = opening.entries(balances, given, value_map, books)
    whole = [order.entry for order in found.orders if order.entry is not None] + entries
    return Plan(
        digest=opening.digest(books.go_live_on, whole),
        orders=found.orders,
        balances=entries,
        counts=[mapping.opening_count(level, value_map, books) for level in levels],
        not_brought=[*found.missing, *missing],
    )


def apply(
    conn: Conn,
    backoffice: BackOffice,
    agreed: Plan,
    *,
    shop: str,
    value_map: ValueMap,
    books: Books,
    clock: Clock,
    sender: Sender,
    batch_size: int,
    progress: Callable[[str], None],
) -> Pushed:
    """Bring exactly this plan; what is in the back office already stays, so that it can be repeated after a crash.

    Raises:
        BackOfficeDownError: The back office failed too often; what is acknowledged stands, and the same call goes on.
    """
    begin(conn, shop, value_map, books, clock)
    orders = [each.order for each in agreed.orders]
    variants = {line.product for order in orders for line in order.lines}
    variants |= {
        line.product for order in orders for document in order.documents for line in document.lines if line.product
    }
    variants |= {count.product for count in agreed.counts}
    wanted = sorted({order.party for order in orders})
    for start in range(0, len(wanted), BATCH):
        sender.send("parties", parties(conn, shop, wanted[start : start + BATCH]), backoffice.push_parties)
    ids = sorted(map(int, variants))
    for start in range(0, len(ids), BATCH):
        with conn.transaction():
            rows = owed.products(conn, shop, ids[start : start + BATCH])
        sender.send("products", [mapping.product(row) for row in rows], backoffice.push_products)
    for start in range(0, len(agreed.counts), BATCH):
        sender.send("stock_counts", agreed.counts[start : start + BATCH], backoffice.push_stock_counts)
    for start in range(0, len(orders), batch_size):
        sender.send("orders", orders[start : start + batch_size], backoffice.push_orders)
        progress(f"cutover: {min(start + batch_size, len(orders))} of {len(orders)} open orders")
    entries = agreed.entries
    for start in range(0, len(entries), BATCH):
        batch = entries[start : start + BATCH]
        sender.send("entries", batch, backoffice.push_entries)
        _mark_again(conn, shop, batch, clock)
        progress(f"cutover: {min(start + BATCH, len(entries))} of {len(entries)} opening entries")
    return sender.pushed


def _mark_again(conn: Conn, shop: str, entries: Sequence[JournalEntry], clock: Clock) -> None:
    """What became since go-live of a dispute or payout is owed only once it was brought: a push before settled it."""
    brought: defaultdict[str, list[str]] = defaultdict(list)
    for entry in entries:
        kind, _, name = entry.external_id.removeprefix("opening/").partition("/")
        if kind in DECIDED_LATER:
            brought[DECIDED_LATER[kind]].append(name)
    with conn.transaction():
        for resource, ids in brought.items():
            push_log.mark_dirty(conn, shop, resource, ids, clock.now())


def _orders(
    conn: Conn,
    shop: str,
    value_map: ValueMap,
    books: Books,
    recognition: Recognition,
    progress: Callable[[str], None],
) -> _Found:
    """Every order that was open, and those that cannot be mapped."""
    found = _Found()
    ids = opening.candidates(conn, shop, books)
    for start in range(0, len(ids), READ_BATCH):
        batch = ids[start : start + READ_BATCH]
        for facts in owed.order_facts(conn, shop, batch):
            try:
                order = opening.open_order(facts, value_map, books, recognition)
            except DataError as exc:
                header = facts.order
                found.missing.append(
                    NotBrought(what=f"order {header.name}", currency=header.currency, amount=None, reason=str(exc))
                )
                continue
            if order is not None:
                found.orders.append(order)
        progress(f"cutover: {start + len(batch)} of {len(ids)} orders looked at")
    return found


def _amount(entry: JournalEntry) -> Decimal:
    """What stands on the first account of an entry; the last is the opening account."""
    return entry.lines[0].amount


def _kind(entry: JournalEntry) -> str:
    kind = entry.external_id.split("/")[1]
    return {
        "clearing": f"clearing of {entry.external_id.rpartition('/')[2]}",
        "payout": "payouts on their way",
        "dispute": "disputes not decided",
    }.get(kind, kind.replace("_", " "))


def _lines(entry: JournalEntry | None) -> list[dict[str, str]]:
    return [] if entry is None else [{"account": line.account, "amount": plain(line.amount)} for line in entry.lines]
