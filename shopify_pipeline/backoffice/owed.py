"""What the warehouse says is owed, read for a batch of roots: typed rows, not yet in the back office's words.

Here: one-line calls of ``owed.sql`` and the row types. Not here: what is made of a row (``mapping/``), any write.
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


class ScopeRow(Row, frozen=True, kw_only=True):
    """An order that is in the books, and who bought."""

    order_id: int
    customer_id: int | None
    company_id: int | None


class OrderRow(Row, frozen=True, kw_only=True):
    """An order's header; ``due_in_days`` by net terms, None where it is to be paid at once."""

    order_id: int
    name: str
    customer_id: int | None
    processed_at: datetime
    currency: str
    company_id: int | None = None
    source_name: str | None = None
    due_in_days: int | None = None


class LineRow(Row, frozen=True, kw_only=True):
    """A line item. Stocked: its units leave a shelf. Known: its variant is in the warehouse or was pushed before."""

    order_id: int
    order_line_id: int
    title: str
    variant_id: int | None
    unfulfilled_quantity: int
    is_stocked: bool
    is_variant_known: bool
    product_type: str = ""


class AgreementRow(Row, frozen=True, kw_only=True):
    """A sales agreement."""

    order_id: int
    agreement_id: int
    agreement_type: str
    happened_at: datetime
    refund_id: int | None
    return_id: int | None = None


class SaleRow(Row, frozen=True, kw_only=True):
    """A sale: ``total`` after discounts and with tax, negative for RETURN.

    ``total`` is posted; what has to add up is asked in presentment currency, where nothing is converted.
    """

    order_id: int
    agreement_id: int
    sale_id: int
    action_type: str
    line_type: str
    quantity: int | None
    order_line_id: int | None
    total: Decimal
    presentment_total: Decimal
    presentment_tax: Decimal


class TaxRow(Row, frozen=True, kw_only=True):
    """One tax of a sale; ``rate`` is a fraction; who is liable is None where Shopify does not say."""

    order_id: int
    sale_id: int
    title: str
    rate: Decimal | None
    is_channel_liable: bool | None
    amount: Decimal
    presentment_amount: Decimal


class HeldRow(Row, frozen=True, kw_only=True):
    """An adjustment that holds back the money of a pending refund; positive, in presentment currency."""

    order_id: int
    refund_id: int
    presentment_amount: Decimal


class RefundedRow(Row, frozen=True, kw_only=True):
    """Units of a line a refund is about that had left, whether they went back on a shelf or not."""

    order_id: int
    refund_id: int
    order_line_id: int
    quantity: int


class TransactionRow(Row, frozen=True, kw_only=True):
    """A successful SALE, CAPTURE, REFUND or CHANGE; ``amount`` is never negative, cash is ``amount + rounding``."""

    order_id: int
    transaction_id: int
    kind: str
    gateway: str
    amount: Decimal
    processed_at: datetime
    rounding: Decimal = Decimal(0)


class MovedRow(Row, frozen=True, kw_only=True):
    """Units of a line that left or came back on a shelf at a location (0 and ``""`` when unknown).

    Attributes:
        source_id: The fulfilment, the refund or, when ``is_disposition``, the disposition of a return.
        cancelled_at: When the fulfilment was cancelled.
    """

    order_id: int
    source_id: int
    moved_at: datetime
    location_id: int
    location: str
    order_line_id: int
    quantity: int
    is_disposition: bool = False
    cancelled_at: datetime | None = None


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


class CompanyRow(Row, frozen=True, kw_only=True):
    """A company that bought, with the address its latest order is billed to."""

    company_id: int
    name: str | None
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
    refunded: tuple[RefundedRow, ...] = ()


class _OfOrder(Protocol):
    @property
    def order_id(self) -> int: ...


Of = TypeVar("Of", bound=_OfOrder)
AnyRow = TypeVar("AnyRow", bound=Row)
Conn = Connection[TupleRow]


def orders_in_scope(conn: Conn, shop: str, go_live_at: datetime, ids: Sequence[int] | None) -> list[ScopeRow]:
    """Orders that have a fact in the books, oldest first; ``ids`` None means all."""
    parameters = {"shop": shop, "go_live_at": go_live_at, "ids": ids}
    with conn.cursor(row_factory=class_row(ScopeRow)) as cursor:
        return cursor.execute(SQL["orders_in_scope"], parameters).fetchall()


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
    refunded = _by_order(_rows(conn, RefundedRow, "refunded", shop, ids))
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
            refunded=refunded[order_id],
        )
        for order_id in ids
        if order_id in headers
    ]


def parties(conn: Conn, shop: str, ids: Sequence[int]) -> list[PartyRow]:
    """Customers by id; one that is not in the warehouse is not in the answer."""
    return _rows(conn, PartyRow, "parties", shop, ids)


def companies(conn: Conn, shop: str, ids: Sequence[int]) -> list[CompanyRow]:
    """Companies by id; one that has no order in the warehouse is not in the answer."""
    return _rows(conn, CompanyRow, "companies", shop, ids) if ids else []


def products(conn: Conn, shop: str, ids: Sequence[int]) -> list[ProductRow]:
    """Variants by id; one that is not in the warehouse is not in the answer."""
    return _rows(conn, ProductRow, "products", shop, ids)


def variants_of_products(conn: Conn, shop: str, ids: Sequence[int]) -> list[int]:
    """Ids of the variants of these products."""
    return _ids(conn, "variants_of_products", shop, ids)


def products_of_variants(conn: Conn, shop: str, ids: Sequence[int]) -> list[int]:
    """Ids of the products these variants are of."""
    return _ids(conn, "products_of_variants", shop, ids)


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
