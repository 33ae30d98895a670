"""Push: what changed since the last push is brought into the back office, each document once.

Here: the order of what depends on what, and reading what is owed. Not here: what is due (``push_due.py``), sending and
remembering (``push_sending.py``), what is owed (``backoffice/mapping``), how the back office is spoken to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from random import Random
from typing import TypeVar
from zoneinfo import ZoneInfo

from psycopg import Connection
from psycopg.rows import TupleRow

from shopify_pipeline.backoffice import mapping, owed
from shopify_pipeline.backoffice.mapping import Books, Recognition
from shopify_pipeline.backoffice.protocol import BackOffice, Order, Outcome, Product
from shopify_pipeline.backoffice.push_log import Answered
from shopify_pipeline.backoffice.value_map import ValueMap
from shopify_pipeline.clock import Clock
from shopify_pipeline.config_sections import BackofficeSettings
from shopify_pipeline.errors import DataError
from shopify_pipeline.failpoints import Failpoint, reached
from shopify_pipeline.steps.push_due import begin, find_due, parties
from shopify_pipeline.steps.push_entries import push_entries
from shopify_pipeline.steps.push_sending import Pushed, Sender

__all__ = ["Pushed", "push"]

#: Records of master data per call; an adapter cuts them smaller where it must.
MASTER_DATA_BATCH = 200

Conn = Connection[TupleRow]
Item = TypeVar("Item")


def push(
    conn: Conn,
    backoffice: BackOffice,
    *,
    shop: str,
    value_map: ValueMap,
    go_live_on: date,
    time_zone: str,
    clock: Clock,
    rng: Random,
    limits: BackofficeSettings,
    batch_size: int,
    progress: Callable[[str], None],
    recognition: Recognition = "order",
) -> Pushed:
    """Bring what is owed into the back office.

    Customers, variants and opening stock come before the orders that need them; orders come oldest first. A record the
    back office (or the value map) refuses, and one a person changed there, is remembered with the reason and tried
    again by every push. While the back office is left alone nothing is done.

    Args:
        conn: A connection outside any transaction; each batch is committed after the back office has answered.
        go_live_on: First day of the books in ``time_zone``.
        rng: Spreads retries.
        limits: After how many failures in a row the back office is left alone, and for how long.
        batch_size: Orders per call.
        recognition: When goods are revenue: with their order, or as they leave.

    Raises:
        BackOfficeDownError: The back office failed too often; what is acknowledged so far stands, the rest stays dirty.
        PermanentError: It is not to be spoken to at all, or did not answer for a record.
    """
    books = Books(go_live_on, ZoneInfo(time_zone))
    batch = Sender(conn, backoffice, shop=shop, clock=clock, rng=rng, limits=limits)
    pause = batch.pause()
    if pause is not None:
        progress(f"push: the back office is left alone until {pause.until:%H:%M:%S} UTC: {pause.message}")
        batch.pushed.paused_until = pause.until
        return batch.pushed
    begin(conn, shop, value_map, books, clock)
    due = find_due(conn, shop, value_map, books)
    batch.pushed.out_of_scope = due.out_of_scope
    for wanted in _batches(due.parties, MASTER_DATA_BATCH, "customers", progress):
        batch.send("parties", parties(conn, shop, wanted), backoffice.push_parties)
    for products in _batches(due.products, MASTER_DATA_BATCH, "variants", progress):
        batch.send("products", _products(conn, shop, products), backoffice.push_products)
    for levels in _batches(due.counts, MASTER_DATA_BATCH, "opening counts", progress):
        counts = [mapping.opening_count(level, value_map, books) for level in levels]
        batch.send("stock_counts", counts, backoffice.push_stock_counts)
    batch.settle(due.settled)
    batch.forget_refused("orders", [str(order_id) for order_id in due.lapsed])
    for number, ids in enumerate(_batches(due.orders, batch_size, "orders", progress)):
        if number:
            reached(Failpoint.PUSH_MID_BATCH)
        orders, refused = _orders(conn, shop, ids, value_map, books, recognition)
        settled = [due.marks[order_id] for order_id in ids if order_id in due.marks]
        batch.send("orders", orders, backoffice.push_orders, refused=refused, settled=settled)
        owing = {order.external_id for order in orders} | {answer.external_id for answer in refused}
        batch.forget_refused("orders", [str(order_id) for order_id in ids if str(order_id) not in owing])
    push_entries(conn, backoffice, shop=shop, value_map=value_map, books=books, sender=batch, progress=progress)
    return batch.pushed


def _products(conn: Conn, shop: str, ids: Sequence[int]) -> list[Product]:
    with conn.transaction():
        return [mapping.product(row) for row in owed.products(conn, shop, ids)]


def _orders(
    conn: Conn, shop: str, ids: Sequence[int], value_map: ValueMap, books: Books, recognition: Recognition
) -> tuple[list[Order], list[Answered]]:
    """Orders as they are owed now, and those that cannot be mapped; one that owes nothing is in neither."""
    with conn.transaction():
        conn.execute("set transaction isolation level repeatable read")
        batch = owed.order_facts(conn, shop, ids)
    orders, refused = [], []
    for facts in batch:
        try:
            order = mapping.order(facts, value_map, books, recognition)
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
