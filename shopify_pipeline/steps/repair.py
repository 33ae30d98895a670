"""Repair: the orders of named breaks are owed again, whatever the push log says of them.

Here: marking, nothing else; the next push does the work through the same idempotent door. Not here: deciding which
break to repair, and any correction that only a person can post.
"""

from __future__ import annotations

from collections.abc import Sequence

from psycopg import Connection
from psycopg.rows import TupleRow

from shopify_pipeline.backoffice import push_log
from shopify_pipeline.clock import Clock
from shopify_pipeline.reconcile import ledger


def repair(conn: Connection[TupleRow], *, shop: str, break_ids: Sequence[str], clock: Clock) -> list[str]:
    """Mark the orders of open breaks dirty and forget that they were pushed.

    Forgetting matters: the push log would find the order unchanged and not send what the back office has lost.

    Args:
        conn: A connection outside any transaction.

    Returns:
        Ids of the orders the next push will send again.
    """
    with conn.transaction():
        orders = ledger.orders_of(conn, shop, break_ids)
        push_log.mark_dirty(conn, shop, "orders", orders, clock.now())
        push_log.forget(conn, shop, "orders", orders)
    return orders


def accept(conn: Connection[TupleRow], *, shop: str, break_id: str, by: str, because: str) -> bool:
    """Let a person take responsibility for a difference: it stays in the ledger with their words and is no longer open.

    Returns:
        False when there is no such open break; nothing was written then.
    """
    with conn.transaction():
        return ledger.accept(conn, shop, break_id, by=by, because=because)
