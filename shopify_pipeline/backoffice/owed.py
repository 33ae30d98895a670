"""What the warehouse says is owed, read for a batch of roots: typed rows, not yet in the back office's words.

Here: one-line calls of ``owed.sql`` and the row types. Not here: what is made of a row (``mapping.py``), any write.
Amounts are Decimal in major units of the order's shop currency; instants are UTC.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Protocol, TypeVar

import msgspec
from psycopg import Connection
from psycopg.rows import TupleRow, class_row

from shopify_pipeline.statements import statements

SQL = statements(Path(__file__).with_name("owed.sql"))


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One row of one statement; columns by name."""


class OrderRow(Row, frozen=True, kw_only=True):
    """An order's header."""

    order_id: int
    name: str
    customer_id: int | None
    processed_at: datetime
    currency: str


class LineRow(Row, frozen=True, kw_only=True):
    """A line item. Stocked: its units leave a shelf. Known: its variant is in the warehouse or was pushed before."""

    order_id: int
    order_line_id: int
    title: str
    variant_id: int | None
    unfulfilled_quantity: int
    is_stocked: bool
    is_variant_known: bool


class AgreementRow(Row, frozen=True, kw_only=True):
    """A sales agreement."""

    order_id: int
    agreement_id: int
    agreement_type: str
    happened_at: datetime
    refund_id: int | None


class SaleRow(Row, frozen=True, kw_only=True):
    """A sale: ``total`` after discounts and with ``tax``, negative for RETURN."""

    order_id: int
    agreement_id: int
    sale_id: int
    action_type: str
    line_type: str
    quantity: int | None
    order_line_id: int | None
    total: Decimal
    tax: Decimal


class TaxRow(Row, frozen=True, kw_only=True):
    """One tax of a sale; ``rate`` is a fraction."""

    order_id: int
    sale_id: int
    title: str
    rate: Decimal | None
    is_channel_liable: bool
    amount: Decimal


class HeldRow(Row, frozen=True, kw_only=True):
    """An adjustment that holds back the money of a pending refund; positive."""

    order_id: int
    refund_id: int
    amount: Decimal


class TransactionRow(Row, frozen=True, kw_only=True):
    """A successful SALE, CAPTURE or REFUND; ``amount`` is never negative."""

    order_id: int
    transaction_id: int
    kind: str
    gateway: str
    amount: Decimal
    processed_at: datetime


class MovedRow(Row, frozen=True, kw_only=True):
    """Units of a line that left (a fulfilment) or came back (a refund) at a location (0 and ``""`` when unknown)."""

    order_id: int
    source_id: int
    moved_at: datetime
    location_id: int
    location: str
    order_line_id: int
    quantity: int


class PartyRow(Row, frozen=True, kw_only=True):
    """A customer with one address."""

    customer_id: int
    display_name: str | None
    email: str | None
    phone: str | None
    street: str | None
    city: str | None
    postal_code: str | None
    country: str | None


class ProductRow(Row, frozen=True, kw_only=True):
    """A variant; ``sku`` is trimmed, empty when missing, and shared by ``sku_uses`` variants of the shop."""

    variant_id: int
    name: str
    sku: str
    sku_uses: int
    list_price: Decimal
    unit_cost: Decimal | None
    is_stocked: bool


class LevelRow(Row, frozen=True, kw_only=True):
    """A level that has not been opened in the books; ``quantity`` is what was on hand when the books began."""

    inventory_item_id: int
    location_id: int
    location: str
    variant_id: int
    quantity: int


class OrderFacts(msgspec.Struct, frozen=True, kw_only=True):
    """An order with everything that hangs on it, whatever its date."""

    order: OrderRow
    lines: tuple[LineRow, ...] = ()
    agreements: tuple[AgreementRow, ...] = ()
    sales: tuple[SaleRow, ...] = ()
    taxes: tuple[TaxRow, ...] = ()
    held: tuple[HeldRow, ...] = ()
    transactions: tuple[TransactionRow, ...] = ()
    shipped: tuple[MovedRow, ...] = ()
    restocked: tuple[MovedRow, ...] = ()


class _OfOrder(Protocol):
    @property
    def order_id(self) -> int: ...


Of = TypeVar("Of", bound=_OfOrder)
AnyRow = TypeVar("AnyRow", bound=Row)
Conn = Connection[TupleRow]


def orders_in_scope(
    conn: Conn, shop: str, go_live_at: datetime, ids: Sequence[int] | None
) -> list[tuple[int, int | None]]:
    """(order id, customer id) of the orders that have a fact in the books, oldest first; ``ids`` None means all."""
    rows = conn.execute(SQL["orders_in_scope"], {"shop": shop, "go_live_at": go_live_at, "ids": ids}).fetchall()
    return [(order_id, customer_id) for order_id, customer_id in rows]


def order_facts(conn: Conn, shop: str, ids: Sequence[int]) -> list[OrderFacts]:
    """Orders with all their parts, in the order of ``ids``.

    The caller's transaction must be REPEATABLE READ: a load between two statements would mix two versions of an order.
    """
    headers = {row.order_id: row for row in _rows(conn, OrderRow, "orders", shop, ids)}
    lines = _by_order(_rows(conn, LineRow, "lines", shop, ids))
    agreements = _by_order(_rows(conn, AgreementRow, "agreements", shop, ids))
    sales = _by_order(_rows(conn, SaleRow, "sales", shop, ids))
    taxes = _by_order(_rows(conn, TaxRow, "taxes", shop, ids))
    held = _by_order(_rows(conn, HeldRow, "held", shop, ids))
    transactions = _by_order(_rows(conn, TransactionRow, "transactions", shop, ids))
    shipped = _by_order(_rows(conn, MovedRow, "shipped", shop, ids))
    restocked = _by_order(_rows(conn, MovedRow, "restocked", shop, ids))
    return [
        OrderFacts(
            order=headers[order_id],
            lines=lines[order_id],
            agreements=agreements[order_id],
            sales=sales[order_id],
            taxes=taxes[order_id],
            held=held[order_id],
            transactions=transactions[order_id],
            shipped=shipped[order_id],
            restocked=restocked[order_id],
        )
        for order_id in ids
        if order_id in headers
    ]


def parties(conn: Conn, shop: str, ids: Sequence[int]) -> list[PartyRow]:
    """Customers by id; one that is not in the warehouse is not in the answer."""
    return _rows(conn, PartyRow, "parties", shop, ids)


def products(conn: Conn, shop: str, ids: Sequence[int]) -> list[ProductRow]:
    """Variants by id; one that is not in the warehouse is not in the answer."""
    return _rows(conn, ProductRow, "products", shop, ids)


def variants_of_products(conn: Conn, shop: str, ids: Sequence[int]) -> list[int]:
    """Ids of the variants of these products."""
    return _ids(conn, "variants_of_products", shop, ids)


def variants_of_items(conn: Conn, shop: str, ids: Sequence[int]) -> list[int]:
    """Ids of the variants these inventory items are stocked for."""
    return _ids(conn, "variants_of_items", shop, ids)


def variants_of_orders(conn: Conn, shop: str, ids: Sequence[int]) -> list[int]:
    """Ids of the variants these orders sold, as far as they are in the warehouse."""
    return _ids(conn, "variants_of_orders", shop, ids)


def levels_to_open(conn: Conn, shop: str, go_live_at: datetime, locations: Sequence[str]) -> list[LevelRow]:
    """Levels at active, mapped locations whose opening count is not in the books yet."""
    parameters = {"shop": shop, "go_live_at": go_live_at, "locations": list(locations)}
    with conn.cursor(row_factory=class_row(LevelRow)) as cursor:
        return cursor.execute(SQL["levels_to_open"], parameters).fetchall()


def _rows(conn: Conn, kind: type[AnyRow], name: str, shop: str, ids: Sequence[int]) -> list[AnyRow]:
    with conn.cursor(row_factory=class_row(kind)) as cursor:
        return cursor.execute(SQL[name], {"shop": shop, "ids": list(ids)}).fetchall()


def _ids(conn: Conn, name: str, shop: str, ids: Sequence[int]) -> list[int]:
    return [row[0] for row in conn.execute(SQL[name], {"shop": shop, "ids": list(ids)}).fetchall()]


def _by_order(rows: Sequence[Of]) -> defaultdict[int, tuple[Of, ...]]:
    grouped: defaultdict[int, tuple[Of, ...]] = defaultdict(tuple)
    for row in rows:
        grouped[row.order_id] += (row,)
    return grouped
