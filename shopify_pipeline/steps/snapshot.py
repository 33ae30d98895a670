"""Snapshot: what the back office holds is read as a whole and kept beside what the shop says.

Here: reading every table of the back office, and one transaction that replaces the last snapshot. Not here: any
judgement (``reconcile/``), and anything a push remembers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from psycopg import Connection
from psycopg.rows import TupleRow

from shopify_pipeline import backoffice as room
from shopify_pipeline.backoffice.protocol import BackOffice, DocumentRow, PaymentRow
from shopify_pipeline.clock import Clock
from shopify_pipeline.errors import PermanentError
from shopify_pipeline.statements import statements

SQL = statements(Path(room.__path__[0], "snapshots.sql"))


@dataclass(frozen=True)
class Snapshot:
    """Rows read, by table of schema ``backoffice``."""

    counts: dict[str, int]


def take_snapshot(
    conn: Connection[TupleRow],
    backoffice: BackOffice,
    *,
    shop: str,
    clock: Clock,
    progress: Callable[[str], None],
) -> Snapshot:
    """Replace what is known of the back office by what it says now.

    Args:
        conn: A connection outside any transaction; everything is read before the one transaction begins.

    Raises:
        TransientError: The back office did not answer; the last snapshot stands.
        PermanentError: It cannot be reached at all, or a record carries an external id that is none of ours.
    """
    as_of = clock.now()
    health = backoffice.health()
    tables: dict[str, list[tuple[object, ...]]] = {
        "orders": [
            (shop, row.record, _id(row.order_id, row.record), row.state, row.on) for row in backoffice.orders(shop)
        ],
        "documents": [_document(shop, row) for row in backoffice.documents(shop)],
        "ledger": [
            (shop, row.external_id, _id(row.order_id, row.external_id), row.account, row.amount)
            for row in backoffice.ledger(shop)
        ],
        "payments": [_payment(shop, row) for row in backoffice.payments(shop)],
        "stock": [(shop, row.product, row.location, row.quantity) for row in backoffice.stock(shop)],
    }
    with conn.transaction():
        conn.execute(SQL["take_turns"], {"shop": shop})
        for table, rows in tables.items():
            conn.execute(SQL[f"clear_{table}"], {"shop": shop})
            _copy(conn, table, rows)
        conn.execute(SQL["stamp"], {"shop": shop, "as_of": as_of, "product": health.product, "version": health.version})
    counts = {table: len(rows) for table, rows in tables.items()}
    progress("snapshot: " + ", ".join(f"{count} {table}" for table, count in counts.items()))
    return Snapshot(counts)


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
        row.currency,
        row.total,
        row.tax,
    )


def _payment(shop: str, row: PaymentRow) -> tuple[object, ...]:
    order_id = _id(row.order_id, row.external_id)
    return shop, row.external_id, order_id, _id(row.external_id, row.external_id), row.account, row.amount, row.on


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
