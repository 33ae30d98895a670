"""Census: the shop is read again, apart from every stream, so that reconciliation does not trust what was loaded.

Here: the bulk operations, their own parser and the one transaction that replaces the last census. Not here: how a bulk
operation is run and proven complete (``shopify/bulk.py``), and any comparison.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import Protocol

from psycopg import Connection
from psycopg.rows import TupleRow

from shopify_pipeline import reconcile as room
from shopify_pipeline.clock import Clock
from shopify_pipeline.errors import IncompleteError
from shopify_pipeline.reconcile.census import PARSERS, TableRow
from shopify_pipeline.statements import statements

SQL = statements(Path(room.__path__[0], "census.sql"))

#: Rows kept in memory before they are copied.
ROWS_PER_COPY = 10_000

Conn = Connection[TupleRow]


@dataclass(frozen=True)
class Census:
    """What was counted.

    Attributes:
        as_of: The shop's clock before it was counted.
        counts: Rows by table (orders, sales, transactions, levels, roots …).
    """

    as_of: datetime
    counts: dict[str, int]


class ShopNow(Protocol):
    """What tells the shop's time."""

    @property
    def now(self) -> datetime: ...


class Api(Protocol):
    """What the census asks of the Admin API."""

    def check_shop(self) -> ShopNow:
        """Ask the shop who it is; the answer carries its clock."""


class Bulk(Protocol):
    """What the census asks of bulk operations."""

    def lines(self, name: str, *, since: datetime) -> Iterator[bytes]:
        """Run the named operation, begun since then, and give its lines, the first only when all of them are there."""


def take_census(
    conn: Conn,
    api: Api,
    bulk: Bulk,
    *,
    shop: str,
    clock: Clock,
    progress: Callable[[str], None],
) -> Census:
    """Count the shop and replace the last census.

    Args:
        conn: A connection outside any transaction; it is begun when every file is there.

    Raises:
        IncompleteError: A file is not all there is; the last census stands.
        TransientError: The shop did not answer; the last census stands.
    """
    as_of = api.check_shop().now
    files = {}
    for name in PARSERS:
        progress(f"census: counting, {name}")
        files[name] = _begun(bulk.lines(name, since=as_of))
    with conn.transaction():
        conn.execute(SQL["take_turns"], {"shop": shop})
        for table in ("roots", "orders", "sales", "transactions", "levels"):
            conn.execute(SQL[f"clear_{table}"], {"shop": shop})
        conn.execute(SQL["create_incoming_agreements"])
        conn.execute(SQL["create_incoming_sales"])
        rows: Counter[str] = Counter()
        for name, lines in files.items():
            rows += _copy(conn, PARSERS[name](shop, lines))
        conn.execute(SQL["analyze_incoming"])
        conn.execute(SQL["join_sales"], {"shop": shop})
        lost = conn.execute(SQL["lost_sales"], {"shop": shop}).fetchone()
        if lost is None or lost[0]:
            raise IncompleteError(f"census of {shop}: {lost and lost[0]} sales belong to no order that was counted")
        conn.execute(SQL["analyze"])
        conn.execute(SQL["stamp"], {"shop": shop, "as_of": as_of, "taken_at": clock.now()})
    progress(f"census: {rows['orders']} orders, {rows['sales']} sales, {rows['transactions']} transactions")
    return Census(as_of, dict(rows))


def _begun(lines: Iterator[bytes]) -> Iterator[bytes]:
    """Wait for the first line, so that no transaction is open while the shop is still counting."""
    first = next(lines, None)
    return lines if first is None else chain([first], lines)


def _copy(conn: Conn, rows: Iterator[TableRow]) -> Counter[str]:
    counts: Counter[str] = Counter()
    waiting: defaultdict[str, list[tuple[object, ...]]] = defaultdict(list)
    for table, row in rows:
        waiting[table].append(row)
        if len(waiting[table]) == ROWS_PER_COPY:
            counts[table] += _copy_table(conn, table, waiting.pop(table))
    for table, rest in waiting.items():
        counts[table] += _copy_table(conn, table, rest)
    return counts


def _copy_table(conn: Conn, table: str, rows: list[tuple[object, ...]]) -> int:
    with conn.cursor().copy(SQL[f"copy_{table}"]) as copy:
        for row in rows:
            copy.write_row(row)
    return len(rows)
