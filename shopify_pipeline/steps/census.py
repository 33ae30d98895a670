"""Census: the shop is read again, apart from every stream, so that reconciliation does not trust what was loaded.

Here: asking by bulk operations and pages, and the one transaction that replaces the last census. Not here: how a bulk
operation is run and proven complete (``shopify/bulk.py``), what is in an answer (``reconcile/census*.py``), and any
comparison.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol

from psycopg import Connection, sql
from psycopg.errors import UniqueViolation
from psycopg.rows import TupleRow

from shopify_pipeline import reconcile as room
from shopify_pipeline.clock import Clock
from shopify_pipeline.errors import IncompleteError
from shopify_pipeline.reconcile import census_funds, census_orders
from shopify_pipeline.reconcile.census import BULK, PAGED
from shopify_pipeline.reconcile.census_orders import WayBack
from shopify_pipeline.reconcile.census_reading import TableRow
from shopify_pipeline.reconcile.frames import CENSUS, check, columns
from shopify_pipeline.shopify import lists
from shopify_pipeline.shopify.access import lacking
from shopify_pipeline.shopify.queries import operation
from shopify_pipeline.statements import statements

SQL = statements(Path(room.__path__[0], "census.sql"))

#: Rows kept in memory before they are copied.
ROWS_PER_COPY = 10_000

#: Tables whose parts arrive apart: their incoming ones are of another shape, and are joined when they are kept.
_JOINED = ("sales", "sale_taxes")
_ONLY_INCOMING = ("agreements",)

Conn = Connection[TupleRow]


@dataclass(frozen=True)
class Census:
    """What was counted.

    Attributes:
        as_of: The shop's clock before it was counted.
        counts: Rows by table (orders, sales, transactions, levels, roots …).
        left_out: Operations the app lacks scopes for, with these scopes; what they read is empty.
    """

    as_of: datetime
    counts: dict[str, int]
    left_out: dict[str, list[str]]


class ShopNow(Protocol):
    """What tells the shop's time, and what it lets us read."""

    @property
    def now(self) -> datetime: ...

    @property
    def scopes(self) -> Collection[str]: ...


class Api(lists.Api, Protocol):
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
        conn: A connection outside any transaction; what comes waits in temporary tables of it.

    Raises:
        IncompleteError: Something is not all there is; as with every error, the last census stands.
        DataError: A row is not as its table declares it.
        TransientError: The shop did not answer, or changed while it was counted.
    """
    begun = api.check_shop()
    reading = _Reading(conn, api, bulk, shop, begun.now, begun.scopes, progress)
    _make_room(conn)
    reading.read()
    _keep(conn, {"shop": shop, "as_of": begun.now, "taken_at": clock.now()})
    counts = reading.counts
    progress(f"census: {counts['orders']} orders, {counts['sales']} sales, {counts['transactions']} transactions")
    return Census(begun.now, dict(counts), reading.left_out)


@dataclass
class _Reading:
    """One count of the shop under way; its rows wait in the temporary tables."""

    conn: Conn
    api: Api
    bulk: Bulk
    shop: str
    as_of: datetime
    scopes: Collection[str]
    progress: Callable[[str], None]
    counts: Counter[str] = field(default_factory=Counter)
    left_out: dict[str, list[str]] = field(default_factory=dict)

    def read(self) -> None:
        """Ask for everything."""
        for name, parse in BULK.items():
            if self._may(name):
                self._copy(parse(self.shop, self.bulk.lines(name, since=self.as_of)))
        self._shipments()
        self._restocks()
        for name, (place, parse_nodes) in PAGED.items():
            if self._may(name):
                self._copy(parse_nodes(self.shop, lists.nodes(self.api, name, place)))
        if self._may("CensusFunds"):
            account = self.api.execute(operation("CensusFunds"), {}).data["shopifyPaymentsAccount"]
            self._copy(census_funds.funds(self.shop, account))

    def _may(self, name: str) -> bool:
        """Whether the app may ask it; says so when not."""
        missing = lacking(name, self.scopes)
        if missing:
            self.left_out[name] = missing
            self.progress(f"census: {name} is left out, the app lacks {', '.join(missing)}")
        else:
            self.progress(f"census: counting, {name}")
        return not missing

    def _shipments(self) -> None:
        """Units of each fulfilment: a bulk operation carries no connection inside a list."""
        if self._may("CensusFulfillments"):
            gids = self._gids("Fulfillment", "fulfillments_to_ask")
            read = lists.items(self.api, "CensusFulfillments", "fulfillmentLineItems", gids)
            self._copy(census_orders.fulfillment_lines(self.shop, read))

    def _restocks(self) -> None:
        """What came back on a shelf: by the inspection of returns, and by refunds of what no return has a way for."""
        planned: set[tuple[int, int]] = set()
        ways: list[WayBack] = []
        if self._may("CensusReturns") and self._may("CensusReverseOrders"):
            ways = census_orders.ways_back(self.bulk.lines("CensusReturns", since=self.as_of))
        read = lists.items(self.api, "CensusReverseOrders", "lineItems", [way.gid for way in ways])
        self._copy(census_orders.dispositions(self.shop, ways, read, planned))
        if self._may("CensusRefunds"):
            gids = self._gids("Refund", "refunds_to_ask")
            read = lists.items(self.api, "CensusRefunds", "refundLineItems", gids)
            self._copy(census_orders.refund_restocks(self.shop, read, planned))

    def _gids(self, kind: str, statement: str) -> list[str]:
        with self.conn.transaction():
            return [f"gid://shopify/{kind}/{row[0]}" for row in self.conn.execute(SQL[statement]).fetchall()]

    def _copy(self, rows: Iterable[TableRow]) -> None:
        waiting: defaultdict[str, list[tuple[object, ...]]] = defaultdict(list)
        for table, row in rows:
            waiting[table].append(row)
            if len(waiting[table]) == ROWS_PER_COPY:
                self._copy_table(table, waiting.pop(table))
        for table, rest in waiting.items():
            self._copy_table(table, rest)

    def _copy_table(self, table: str, rows: list[tuple[object, ...]]) -> None:
        """Judge some rows and let them wait."""
        check(CENSUS, table, rows)
        names = sql.SQL(", ").join(map(sql.Identifier, columns(CENSUS[table])))
        statement = sql.SQL("copy {} ({}) from stdin").format(_incoming(table), names)
        with self.conn.transaction(), self.conn.cursor().copy(statement) as copy:
            for row in rows:
                copy.write_row(row)
        self.counts[table] += len(rows)


def _make_room(conn: Conn) -> None:
    """Empty temporary tables for what comes; those of a census that failed on this connection are dropped."""
    with conn.transaction():
        for table in CENSUS:
            conn.execute(sql.SQL("drop table if exists pg_temp.{}").format(_incoming(table)))
            if table in _JOINED or table in _ONLY_INCOMING:
                conn.execute(SQL[f"create_incoming_{table}"])
            else:
                made = sql.SQL("create temporary table {} (like {})").format(_incoming(table), _kept(table))
                conn.execute(made)


def _keep(conn: Conn, stamp: dict[str, object]) -> None:
    """Replace the last census by what came, as a whole."""
    shop = stamp["shop"]
    kept = [table for table in CENSUS if table not in _ONLY_INCOMING]
    try:
        with conn.transaction():
            conn.execute(SQL["take_turns"], {"shop": shop})
            for table in CENSUS:
                conn.execute(sql.SQL("analyze {}").format(_incoming(table)))
            lost = conn.execute(SQL["lost"]).fetchall()
            if lost:
                parts = ", ".join(f"{count} {what}" for what, count in lost)
                raise IncompleteError(f"census of {shop}: {parts} without what they belong to: nothing of it counts")
            for table in kept:
                conn.execute(sql.SQL("delete from {} where shop = %(shop)s").format(_kept(table)), {"shop": shop})
                _keep_table(conn, table)
                conn.execute(sql.SQL("analyze {}").format(_kept(table)))
            conn.execute(SQL["stamp"], stamp)
            for table in CENSUS:
                conn.execute(sql.SQL("drop table {}").format(_incoming(table)))
    except UniqueViolation as exc:
        raise IncompleteError(
            f"census of {shop}: a row of {exc.diag.table_name} came twice: nothing of it counts"
        ) from exc


def _keep_table(conn: Conn, table: str) -> None:
    if table in _JOINED:
        conn.execute(SQL[f"keep_{table}"])
        return
    names = sql.SQL(", ").join(map(sql.Identifier, columns(CENSUS[table])))
    conn.execute(sql.SQL("insert into {} ({}) select {} from {}").format(_kept(table), names, names, _incoming(table)))


def _incoming(table: str) -> sql.Identifier:
    return sql.Identifier(f"incoming_{table}")


def _kept(table: str) -> sql.Identifier:
    return sql.Identifier("recon", f"census_{table}")
