"""Compare, before go-live, what another system booked with what we would book; nothing is sent or written.

Here: mapping the orders of a period. Not here: the comparison itself (``backoffice/other_books.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from zoneinfo import ZoneInfo

from psycopg import Connection
from psycopg.rows import TupleRow

from shopify_pipeline.backoffice import mapping, other_books, owed
from shopify_pipeline.backoffice.mapping import Books, Recognition
from shopify_pipeline.backoffice.other_books import TAX, TOTAL, Booked, Compared
from shopify_pipeline.backoffice.value_map import ValueMap
from shopify_pipeline.errors import DataError

#: Orders read and mapped at a time.
READ_BATCH = 500


def compare_books(
    conn: Connection[TupleRow],
    theirs: Sequence[Booked],
    *,
    shop: str,
    value_map: ValueMap,
    time_zone: str,
    recognition: Recognition,
    progress: Callable[[str], None],
) -> Compared:
    """Compare every order with a document between the first and the last day of the file.

    Args:
        conn: A connection outside any transaction; it only reads.
        theirs: What the other system booked; not empty.

    Raises:
        Unmapped: The value map has no receivable or tax account.
    """
    since, until = min(row.on for row in theirs), max(row.on for row in theirs)
    books = Books(since, ZoneInfo(time_zone))
    by_account = any(row.figure not in (TOTAL, TAX) for row in theirs)
    receivable, tax_accounts = value_map.account("receivable"), value_map.tax_accounts()
    ours: dict[str, list[tuple[str, date, Decimal]]] = {}
    names: dict[str, str] = {}
    unmapped: dict[str, str] = {}
    with conn.transaction():
        conn.execute("set transaction isolation level repeatable read, read only")
        ids = [row.order_id for row in owed.orders_in_scope(conn, shop, books.go_live_at, None)]
        for start in range(0, len(ids), READ_BATCH):
            batch = ids[start : start + READ_BATCH]
            for facts in owed.order_facts(conn, shop, batch):
                order_id = str(facts.order.order_id)
                names[facts.order.name] = order_id
                try:
                    order = mapping.order(facts, value_map, books, recognition)
                except DataError as exc:
                    unmapped[order_id] = str(exc)
                    continue
                figures = (
                    other_books.our_figures(
                        order, until, by_account=by_account, receivable=receivable, tax_accounts=tax_accounts
                    )
                    if order is not None
                    else ()
                )
                if found := list(figures):
                    ours[order_id] = found
            progress(f"compare: {start + len(batch)} of {len(ids)} orders mapped")
    return other_books.compare(ours, theirs, names, unmapped)
