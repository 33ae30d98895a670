"""Snapshot: what the back office holds, kept beside what the shop says.

Here: reading every table of the back office, whole or where it changed since the last time, and one transaction that
keeps what is as its tables declare it. Not here: any judgement (``reconcile/``), and anything a push remembers.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain
from pathlib import Path

from psycopg import Connection, Rollback
from psycopg.rows import TupleRow

from shopify_pipeline import backoffice as room
from shopify_pipeline.backoffice.protocol import (
    BackOffice,
    DocumentRow,
    LedgerRow,
    OrderLineRow,
    PaymentRow,
    ShipmentRow,
)
from shopify_pipeline.clock import Clock
from shopify_pipeline.errors import PermanentError
from shopify_pipeline.reconcile.frames import SNAPSHOT, check
from shopify_pipeline.statements import statements

SQL = statements(Path(room.__path__[0], "snapshots.sql"))
# A record is stamped when its transaction begins and seen when it ends; a longer one shows in the control totals.
OVERLAP = timedelta(minutes=5)


@dataclass(frozen=True)
class Snapshot:
    """Rows read, by table of schema ``backoffice``.

    Attributes:
        mode: ``whole``, or ``changes`` when only what changed since the last snapshot was read.
    """

    counts: dict[str, int]
    mode: str


@dataclass(frozen=True)
class Reading:
    """What the back office said.

    Attributes:
        rows: By table, in the order of its columns.
        keys: By table, what its rows replace; a table that is not in it is replaced as a whole.
        counts: Records by resource, as the back office counts them.
    """

    rows: dict[str, list[tuple[object, ...]]]
    keys: dict[str, list[str]]
    counts: dict[str, int]


def take_snapshot(
    conn: Connection[TupleRow],
    backoffice: BackOffice,
    *,
    shop: str,
    clock: Clock,
    progress: Callable[[str], None],
) -> Snapshot:
    """Bring what is known of the back office to what it says now.

    What changed since the last snapshot is read; all of it when there was none, when the back office has no clock, or
    when its control totals say that something else changed too.

    Args:
        conn: A connection outside any transaction; everything is read before the one transaction begins.

    Raises:
        TransientError: The back office did not answer; the last snapshot stands.
        PermanentError: It cannot be reached at all, or a record carries an external id that is none of ours.
        DataError: It says what no row of a table may hold; the last snapshot stands.
    """
    stamp = {"shop": shop, "as_of": clock.now()}
    health = backoffice.health(shop)
    stamp |= {"product": health.product, "version": health.version, "company": health.company, "read_at": health.now}
    since = _last_read(conn, shop) if health.now else None
    reading = _read(backoffice, shop, since)
    mode = "whole" if since is None else "changes"
    if not _keep(conn, reading, {**stamp, "mode": mode}) and mode == "changes":
        progress("snapshot: the control totals differ, so everything is read")
        reading, mode = _read(backoffice, shop, None), "whole"
        _keep(conn, reading, {**stamp, "mode": mode})
    counts = {table: len(rows) for table, rows in reading.rows.items()}
    progress(f"snapshot ({mode}): " + ", ".join(f"{count} {table}" for table, count in counts.items()))
    return Snapshot(counts, mode)


def _last_read(conn: Connection[TupleRow], shop: str) -> datetime | None:
    """From when on records may have changed that the last snapshot did not see."""
    with conn.transaction():
        row = conn.execute(SQL["last_read"], {"shop": shop}).fetchone()
    return row[0] - OVERLAP if row and row[0] else None


def _read(backoffice: BackOffice, shop: str, since: datetime | None) -> Reading:
    orders = backoffice.orders(shop, since)
    order_lines = backoffice.order_lines(shop, since)
    shipments = backoffice.shipments(shop, since)
    documents = backoffice.documents(shop, since)
    ledger = backoffice.ledger(shop, since)
    taxes = backoffice.taxes(shop, since)
    payments = backoffice.payments(shop, since)
    rows: dict[str, list[tuple[object, ...]]] = {
        "orders": [(shop, row.record, _id(row.order_id, row.record), row.state, row.on) for row in orders],
        # What is told with no units is there for its order to be replaced.
        "order_lines": [_order_line(shop, row) for row in order_lines if row.quantity],
        "shipments": [_shipment(shop, row) for row in shipments if row.quantity],
        "parties": [(shop, row.record, row.external_id, row.contact) for row in backoffice.parties(shop)],
        "products": [(shop, row.record, row.external_id, row.code) for row in backoffice.products(shop)],
        "documents": [_document(shop, row) for row in documents],
        "ledger": [_ledger(shop, row) for row in ledger],
        "taxes": [
            (shop, row.external_id, _id(row.order_id, row.external_id), row.tax, row.base, row.amount) for row in taxes
        ],
        "payments": [_payment(shop, row) for row in payments],
        "stock": [(shop, row.product, row.location, row.quantity) for row in backoffice.stock(shop)],
        "totals": [(shop, row.account, row.month, row.amount) for row in backoffice.totals(shop)],
        "edited": [(shop, row.resource, row.external_id, row.record, row.what) for row in backoffice.edited(shop)],
    }
    for table, told in rows.items():
        check(SNAPSHOT, table, told)
    named = (row.order_id for row in orders), (row.order_id for row in order_lines), (row.order_id for row in shipments)
    changed = sorted(set(chain.from_iterable(named)))
    keys = {
        "orders": [row.record for row in orders],
        "order_lines": changed,
        "shipments": changed,
        "documents": [row.record for row in documents],
        "ledger": [f"{row.resource} {row.external_id}" for row in ledger],
        # A document whose taxes were taken away has no row here any more.
        "taxes": [*(row.external_id for row in documents), *(row.external_id for row in taxes)],
        "payments": [row.external_id for row in payments],
    }
    return Reading(rows, {} if since is None else keys, backoffice.counts(shop))


def _keep(conn: Connection[TupleRow], reading: Reading, stamp: dict[str, object]) -> bool:
    """Keep a reading in one transaction; of changes that leave a difference to the control totals nothing is kept.

    Returns:
        Whether what is kept agrees with the control totals.
    """
    shop = stamp["shop"]
    with conn.transaction() as transaction:
        conn.execute(SQL["take_turns"], {"shop": shop})
        for table, rows in reading.rows.items():
            if table in reading.keys:
                conn.execute(SQL[f"replace_{table}"], {"shop": shop, "keys": reading.keys[table]})
            else:
                conn.execute(SQL[f"clear_{table}"], {"shop": shop})
            _copy(conn, table, rows)
        conn.execute(SQL["stamp"], stamp)
        counts = json.dumps(reading.counts)
        ((differs,),) = conn.execute(SQL["differs"], {"shop": shop, "counts": counts}).fetchall()
        if differs and reading.keys:
            raise Rollback(transaction)
    return not differs


def _order_line(shop: str, row: OrderLineRow) -> tuple[object, ...]:
    order_id = _id(row.order_id, row.external_id)
    return shop, order_id, _line_id(row.external_id, row.order_id), row.product, row.quantity


def _shipment(shop: str, row: ShipmentRow) -> tuple[object, ...]:
    order_id, line_id = _id(row.order_id, row.external_id), _line_id(row.order_line, row.external_id)
    return shop, row.kind, row.external_id, order_id, line_id, row.product, row.location, row.quantity, row.on


def _line_id(text: str, record: str) -> int:
    """A line's id; zero for one that a person added."""
    return _id(text, record) if text else 0


def _document(shop: str, row: DocumentRow) -> tuple[object, ...]:
    agreement, _, action = row.external_id.partition("/")
    if not action:
        raise PermanentError(f"the back office calls document {row.record} {row.external_id!r}, not agreement/action")
    return (
        shop,
        row.external_id,
        _id(row.order_id, row.record),
        _id(agreement, row.record),
        action,
        row.record,
        row.number,
        row.state,
        row.on,
        row.booked_on,
        row.company,
        row.currency,
        row.total,
        row.tax,
    )


def _ledger(shop: str, row: LedgerRow) -> tuple[object, ...]:
    # Money may move without an order, but no document or payment is without one.
    has_order = row.order_id or row.resource != "entries"
    order_id = _id(row.order_id, row.external_id) if has_order else None
    return shop, row.resource, row.external_id, order_id, row.account, row.amount, row.booked_on, row.party


def _payment(shop: str, row: PaymentRow) -> tuple[object, ...]:
    order_id = _id(row.order_id, row.external_id)
    transaction_id = _id(row.external_id, row.external_id)
    return shop, row.external_id, order_id, transaction_id, row.account, row.amount, row.on, row.company


def _id(text: str, record: str) -> int:
    """A Shopify id as the exact number it is."""
    try:
        return int(text)
    except ValueError as exc:
        raise PermanentError(
            f"the back office links {record} to {text!r}, which is no Shopify id: correct it there"
        ) from exc


def _copy(conn: Connection[TupleRow], table: str, rows: Iterable[tuple[object, ...]]) -> None:
    with conn.cursor().copy(SQL[f"copy_{table}"]) as copy:
        for row in rows:
            copy.write_row(row)
