"""Push: what changed since the last push is brought into the back office, each document once.

Here: which records are due, batches, and acknowledging them after the back office answered. Not here: what is owed
(``backoffice/mapping.py``) and how the back office is spoken to (its adapter).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TypeVar
from zoneinfo import ZoneInfo

from psycopg import Connection
from psycopg.rows import TupleRow

from shopify_pipeline.backoffice import mapping, owed, push_log
from shopify_pipeline.backoffice.mapping import Books
from shopify_pipeline.backoffice.protocol import BackOffice, Order, Outcome, Party, Product, Result, StockCount
from shopify_pipeline.backoffice.push_log import Answered, Dirty
from shopify_pipeline.backoffice.value_map import ValueMap
from shopify_pipeline.clock import Clock
from shopify_pipeline.errors import DataError, PermanentError
from shopify_pipeline.failpoints import Failpoint, reached

#: Records of master data per call; an adapter cuts them smaller where it must.
MASTER_DATA_BATCH = 200
#: Streams whose dirty rows are worked off before the first order.
MASTER_DATA = ("customers", "products", "inventory_levels", "inventory_items", "locations")

Conn = Connection[TupleRow]
Record = TypeVar("Record", bound=Party | Product | StockCount | Order)
Item = TypeVar("Item")


@dataclass
class Pushed:
    """What one push did.

    Attributes:
        counts: Records by resource (parties, products, stock_counts, orders) and outcome; one the push log knows
            unchanged is not sent and counts as ``unchanged``.
        documents: Invoices and credit notes newly written.
        out_of_scope: Orders that changed but are not in the books.
    """

    counts: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    documents: int = 0
    out_of_scope: int = 0

    @property
    def rejected(self) -> int:
        """Records that were not taken, whatever their resource."""
        return sum(outcomes[Outcome.REJECTED.value] for outcomes in self.counts.values())

    def totals(self) -> dict[str, int]:
        """Everything counted, flat: ``orders.created``, ``documents`` …; what did not happen is left out."""
        flat = {
            f"{resource}.{outcome}": records
            for resource, outcomes in self.counts.items()
            for outcome, records in outcomes.items()
        }
        flat |= {"documents": self.documents, "out_of_scope": self.out_of_scope}
        return {name: count for name, count in flat.items() if count}


@dataclass(frozen=True)
class _Due:
    """What one push has to look at.

    Attributes:
        parties: Customer ids; None is the guest.
        counts: Levels whose opening count is not in the books.
        orders: Order ids, oldest first.
        marks: Dirty orders that are in the books, by order id.
        settled: Dirty rows that are dealt with once the master data is sent, and orders that are not in the books.
    """

    parties: Sequence[int | None]
    products: Sequence[int]
    counts: Sequence[owed.LevelRow]
    orders: Sequence[int]
    marks: Mapping[int, Dirty]
    settled: Sequence[Dirty]
    out_of_scope: int


def push(
    conn: Conn,
    backoffice: BackOffice,
    *,
    shop: str,
    value_map: ValueMap,
    go_live_on: date,
    time_zone: str,
    clock: Clock,
    batch_size: int,
    progress: Callable[[str], None],
) -> Pushed:
    """Bring what is owed into the back office.

    Customers, variants and opening stock come before the orders that need them; orders come oldest first. A record the
    back office (or the value map) refuses is remembered with its reason and tried again by every push.

    Args:
        conn: A connection outside any transaction; each batch is committed after the back office has answered.
        go_live_on: First day of the books in ``time_zone``.
        batch_size: Orders per call.

    Raises:
        TransientError: The back office did not answer; what is acknowledged so far stands, the rest stays dirty.
        PermanentError: It cannot be reached at all, or did not answer for a record.
    """
    books = Books(go_live_on, ZoneInfo(time_zone))
    _begin(conn, shop, value_map, books, clock)
    due = _due(conn, shop, value_map, books)
    batch = _Sender(conn, shop, clock, Pushed(out_of_scope=due.out_of_scope))
    for parties in _batches(due.parties, MASTER_DATA_BATCH, "customers", progress):
        batch.send("parties", _parties(conn, shop, parties), backoffice.push_parties)
    for products in _batches(due.products, MASTER_DATA_BATCH, "variants", progress):
        batch.send("products", _products(conn, shop, products), backoffice.push_products)
    for levels in _batches(due.counts, MASTER_DATA_BATCH, "opening counts", progress):
        counts = [mapping.opening_count(level, value_map, books) for level in levels]
        batch.send("stock_counts", counts, backoffice.push_stock_counts)
    batch.settle(due.settled)
    for number, ids in enumerate(_batches(due.orders, batch_size, "orders", progress)):
        if number:
            reached(Failpoint.PUSH_MID_BATCH)
        orders, refused = _orders(conn, shop, ids, value_map, books)
        settled = [due.marks[order_id] for order_id in ids if order_id in due.marks]
        batch.send("orders", orders, backoffice.push_orders, refused=refused, settled=settled)
    return batch.pushed


class _Sender:
    """Sends batches and acknowledges each one, in one transaction, after the back office answered."""

    def __init__(self, conn: Conn, shop: str, clock: Clock, pushed: Pushed) -> None:
        self._conn = conn
        self._shop = shop
        self._clock = clock
        self.pushed = pushed

    def send(
        self,
        resource: str,
        records: Sequence[Record],
        call: Callable[[str, Sequence[Record]], list[Result]],
        *,
        refused: Sequence[Answered] = (),
        settled: Sequence[Dirty] = (),
    ) -> None:
        """Send what the back office does not hold like this already; commit its answers with the settled marks."""
        fingerprints = {record.external_id: mapping.fingerprint(record) for record in records}
        with self._conn.transaction():
            held = push_log.accepted(self._conn, self._shop, resource, list(fingerprints))
        fresh = [record for record in records if held.get(record.external_id) != fingerprints[record.external_id]]
        results: list[Result] = []
        if fresh:
            results = call(self._shop, fresh)
            reached(Failpoint.PUSH_BEFORE_ACKNOWLEDGE)
        answers = [*refused, *_answers(resource, fingerprints, fresh, results)]
        with self._conn.transaction():
            push_log.record(self._conn, self._shop, resource, answers, self._clock.now())
            push_log.settle(self._conn, self._shop, settled)
        outcomes = self.pushed.counts[resource]
        outcomes.update(answer.outcome.value for answer in answers)
        outcomes.update({Outcome.UNCHANGED.value: len(records) - len(fresh)})
        self.pushed.documents += sum(result.documents for result in results)

    def settle(self, rows: Sequence[Dirty]) -> None:
        """Take rows out of the dirty set that no batch of orders takes out."""
        with self._conn.transaction():
            push_log.settle(self._conn, self._shop, rows)


def _answers(
    resource: str, fingerprints: Mapping[str, str], sent: Sequence[Record], results: Sequence[Result]
) -> Iterator[Answered]:
    by_id = {result.external_id: result for result in results}
    for record in sent:
        result = by_id.get(record.external_id)
        if result is None:
            raise PermanentError(f"the back office did not answer for {resource} {record.external_id}")
        yield Answered(
            external_id=record.external_id,
            fingerprint=fingerprints[record.external_id],
            outcome=result.outcome,
            reason=result.reason,
        )


def _begin(conn: Conn, shop: str, value_map: ValueMap, books: Books, clock: Clock) -> None:
    """Store the value map; before the very first push mark every order of the books, so that a crash forgets none."""
    with conn.transaction():
        push_log.store_value_map(conn, shop, value_map)
        if not push_log.has_pushed(conn, shop):
            everything = owed.orders_in_scope(conn, shop, books.go_live_at, None)
            push_log.mark_dirty(conn, shop, "orders", [str(order_id) for order_id, _ in everything], clock.now())


def _due(conn: Conn, shop: str, value_map: ValueMap, books: Books) -> _Due:
    """Dirty records, those refused before, and the master data the due orders need."""
    with conn.transaction():
        dirty: defaultdict[str, list[Dirty]] = defaultdict(list)
        for row in push_log.dirty(conn, shop):
            dirty[row.resource].append(row)
        marks = {int(row.external_id): row for row in dirty["orders"]}
        candidates = marks.keys() | {int(order_id) for order_id in push_log.rejected(conn, shop, "orders")}
        scope = owed.orders_in_scope(conn, shop, books.go_live_at, sorted(candidates))
        orders = [order_id for order_id, _ in scope]
        counts = owed.levels_to_open(conn, shop, books.go_live_at, list(value_map.locations))
        customers = [row.external_id for row in dirty["customers"]]
        parties = {customer_id for _, customer_id in scope} | {
            None if external_id == mapping.GUEST else int(external_id)
            for external_id in (
                *push_log.accepted(conn, shop, "parties", customers),
                *push_log.rejected(conn, shop, "parties"),
            )
        }
        changed = [
            *owed.variants_of_products(conn, shop, [int(row.external_id) for row in dirty["products"]]),
            *owed.variants_of_items(conn, shop, [int(row.external_id) for row in dirty["inventory_items"]]),
        ]
        products = (
            set(owed.variants_of_orders(conn, shop, orders))
            | {level.variant_id for level in counts}
            | {
                int(product)
                for product in push_log.accepted(conn, shop, "products", [str(variant) for variant in changed])
            }
            | {int(product) for product in push_log.rejected(conn, shop, "products")}
        )
    dropped = [row for order_id, row in marks.items() if order_id not in set(orders)]
    return _Due(
        parties=sorted(parties, key=lambda customer_id: customer_id or 0),
        products=sorted(products),
        counts=counts,
        orders=orders,
        marks=marks,
        settled=[*dropped, *(row for resource in MASTER_DATA for row in dirty[resource])],
        out_of_scope=len(dropped),
    )


def _parties(conn: Conn, shop: str, ids: Sequence[int | None]) -> list[Party]:
    wanted = [customer_id for customer_id in ids if customer_id is not None]
    with conn.transaction():
        rows = {row.customer_id: row for row in owed.parties(conn, shop, wanted)}
    parties = [
        mapping.party(rows[customer_id]) if customer_id in rows else mapping.withheld_party(customer_id)
        for customer_id in wanted
    ]
    return [mapping.guest(), *parties] if None in ids else parties


def _products(conn: Conn, shop: str, ids: Sequence[int]) -> list[Product]:
    with conn.transaction():
        return [mapping.product(row) for row in owed.products(conn, shop, ids)]


def _orders(
    conn: Conn, shop: str, ids: Sequence[int], value_map: ValueMap, books: Books
) -> tuple[list[Order], list[Answered]]:
    """Orders as they are owed now, and those that cannot be mapped; one that owes nothing is in neither."""
    with conn.transaction():
        conn.execute("set transaction isolation level repeatable read")
        batch = owed.order_facts(conn, shop, ids)
    orders, refused = [], []
    for facts in batch:
        try:
            order = mapping.order(facts, value_map, books)
        except DataError as exc:
            refused.append(
                Answered(
                    external_id=str(facts.order.order_id), fingerprint="", outcome=Outcome.REJECTED, reason=str(exc)
                )
            )
            continue
        if order is not None:
            orders.append(order)
    return orders, refused


def _batches(items: Sequence[Item], size: int, name: str, progress: Callable[[str], None]) -> Iterator[Sequence[Item]]:
    """Give one batch after the other, and tell when each is dealt with."""
    for start in range(0, len(items), size):
        batch = items[start : start + size]
        yield batch
        progress(f"push: {start + len(batch)} of {len(items)} {name}")
