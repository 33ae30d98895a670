"""Push of money outside orders: balance transactions, payouts, lost disputes, gift cards and store credit.

Here: batches, and which marks are settled with them. Not here: what a movement is owed as
(``backoffice/movements.py``), orders and master data (``push.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from psycopg import Connection
from psycopg.rows import TupleRow

from shopify_pipeline.backoffice import movements
from shopify_pipeline.backoffice.mapping import Books
from shopify_pipeline.backoffice.movements import Due, Movements, Root
from shopify_pipeline.backoffice.protocol import BackOffice
from shopify_pipeline.backoffice.value_map import ValueMap
from shopify_pipeline.steps.push_sending import Sender

#: Roots read at once; an adapter cuts what is sent smaller where it must.
ROOTS_BATCH = 200

Conn = Connection[TupleRow]


def push_entries(
    conn: Conn,
    backoffice: BackOffice,
    *,
    shop: str,
    value_map: ValueMap,
    books: Books,
    sender: Sender,
    progress: Callable[[str], None],
) -> None:
    """Bring what is owed outside orders into the back office; called after the orders it may name were pushed.

    A movement that cannot be decided yet keeps its root's mark; one that is refused is tried again by every push.

    Raises:
        BackOfficeDownError: The back office failed too often; what is acknowledged so far stands, the rest stays dirty.
    """
    with conn.transaction():
        due = movements.due(conn, shop, books)
    for start in range(0, len(due.roots), ROOTS_BATCH):
        roots = due.roots[start : start + ROOTS_BATCH]
        found = _owed(conn, shop, roots, value_map, books)
        marked = [root for root in roots if root in due.marks]
        settled = [due.marks[root] for root in marked if root not in found.waiting]
        sender.send("entries", found.entries, backoffice.push_entries, refused=found.refused, settled=settled)
        sender.let_wait([due.marks[root] for root in marked if root in found.waiting])
        sender.forget_refused("entries", _cleared(roots, due, found))
        progress(f"push: {start + len(roots)} of {len(due.roots)} movements outside orders")


def _cleared(roots: Sequence[Root], due: Due, found: Movements) -> list[str]:
    """Entries that were refused before and are owed no more, as when the payment of an order turned up."""
    owed = {entry.external_id for entry in found.entries} | {answer.external_id for answer in found.refused}
    return [
        name for root in roots if root not in found.waiting for name in due.refused.get(root, ()) if name not in owed
    ]


def _owed(conn: Conn, shop: str, roots: Sequence[Root], value_map: ValueMap, books: Books) -> Movements:
    with conn.transaction():
        conn.execute("set transaction isolation level repeatable read")
        return movements.entries(conn, shop, roots, value_map, books)
