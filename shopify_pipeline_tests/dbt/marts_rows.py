"""Rows for the marts, written straight into the warehouse's tables: small enough to add up by hand.

Here: a builder that fills what a test does not care about, and orders whose header follows from sales and payments.
Personal columns are always filled with a marker, so that a test can look for it where it must not be.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

import psycopg
from psycopg import sql

from shopify_pipeline.schemas import STREAMS, Pii

MARKER = "PERSONAL"
SOME_DAY = datetime.fromisoformat("2026-01-01T00:00:00+00:00")

_FILLINGS: dict[str, Any] = {
    "text": "something",
    "bigint": 0,
    "numeric": Decimal(0),
    "boolean": False,
    "timestamp with time zone": SOME_DAY,
    "date": SOME_DAY.date(),
    "jsonb": "{}",
}
_PERSONAL = {
    (table.name, column.name)
    for stream in STREAMS.values()
    for table in stream.tables
    for column in table.columns
    if column.pii is Pii.PERSONAL
}


@dataclass(frozen=True)
class Sale:
    """One sale of a ledger; amounts as Shopify writes them: after discounts, tax included, negative for RETURN.

    Attributes:
        shown: The total in presentment currency, when the customer saw another one.
    """

    action: str
    line: str
    total: str
    tax: str = "0"
    discount: str = "0"
    quantity: int | None = None
    shown: str | None = None

    @property
    def presented(self) -> Decimal:
        """The total in presentment currency."""
        return Decimal(self.shown or self.total)


@dataclass(frozen=True)
class Agreement:
    """Sales agreed at one instant."""

    at: str
    sales: tuple[Sale, ...]
    type: str = "OrderAgreement"


@dataclass(frozen=True)
class Payment:
    """One transaction; ``shown`` as for a sale."""

    kind: str
    amount: str
    status: str = "SUCCESS"
    at: str = "2026-06-02T15:00:00+00:00"
    shown: str | None = None
    gateway: str = "manual"

    @property
    def presented(self) -> Decimal:
        """The amount in presentment currency."""
        return Decimal(self.shown or self.amount)


@dataclass
class Warehouse:
    """A migrated warehouse that rows are added to; agreements, sales and such are numbered from ``first_id``."""

    conn: psycopg.Connection[Any]
    first_id: int = 900_000
    _columns: dict[str, dict[str, tuple[str, bool]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._ids = itertools.count(self.first_id)

    def add(self, table: str, **values: Any) -> None:
        """Insert one row; columns that may not be null get some value, personal ones get the marker."""
        columns = self._columns_of(table)
        name = table.partition(".")[2]
        row = {
            column: f"{MARKER} {column}" if (name, column) in _PERSONAL else _FILLINGS[kind]
            for column, (kind, nullable) in columns.items()
            if not nullable or (name, column) in _PERSONAL
        } | values
        names = sql.SQL(", ").join(map(sql.Identifier, row))
        places = sql.SQL(", ").join(sql.Placeholder() * len(row))
        statement = sql.SQL("insert into {} ({}) overriding system value values ({})")
        self.conn.execute(statement.format(sql.Identifier(*table.split(".")), names, places), list(row.values()))

    def add_order(
        self,
        shop: str,
        order_id: int,
        *,
        currency: str,
        agreements: tuple[Agreement, ...],
        payments: tuple[Payment, ...] = (),
        lines: tuple[tuple[int, str], ...] = (),
        presentment_currency: str | None = None,
        **header: Any,
    ) -> None:
        """An order with its ledger; the header's money follows from sales and payments (identities I2 to I10).

        Args:
            lines: (quantity, unit price) per line.
        """
        shown = {"currency": currency, "presentment_currency": presentment_currency or currency}
        sales = [sale for agreement in agreements for sale in agreement.sales]
        in_shop = _header_money(
            [(s.action, s.line, Decimal(s.total)) for s in sales],
            [(p.kind, Decimal(p.amount)) for p in payments if p.status == "SUCCESS"],
        )
        presented = _header_money(
            [(s.action, s.line, s.presented) for s in sales],
            [(p.kind, p.presented) for p in payments if p.status == "SUCCESS"],
        )
        bags = {f"{name}_shop": amount for name, amount in in_shop.items()}
        bags |= {f"{name}_presentment": amount for name, amount in presented.items()}
        placed = agreements[0].at if agreements else SOME_DAY
        self.add(
            "shopify.orders",
            **{
                "shop": shop,
                "order_id": order_id,
                "name": f"#{order_id}",
                "fulfillment_status": "UNFULFILLED",
                "return_status": "NO_RETURN",
                "created_at": placed,
                "processed_at": placed,
                "updated_at": agreements[-1].at if agreements else SOME_DAY,
                **shown,
                **bags,
                **header,
            },
        )
        key = {"shop": shop, "order_id": order_id}
        for agreement in agreements:
            agreement_id = next(self._ids)
            self.add(
                "shopify.order_agreements",
                **key,
                agreement_id=agreement_id,
                agreement_type=agreement.type,
                happened_at=agreement.at,
            )
            for sale in agreement.sales:
                self.add(
                    "shopify.order_sales",
                    **key,
                    **shown,
                    sale_id=next(self._ids),
                    agreement_id=agreement_id,
                    action_type=sale.action,
                    line_type=sale.line,
                    quantity=sale.quantity,
                    total_shop=sale.total,
                    total_presentment=sale.presented,
                    total_tax_shop=sale.tax,
                    total_tax_presentment=sale.tax,
                    discount_before_tax_shop=sale.discount,
                    discount_before_tax_presentment=sale.discount,
                )
        for payment in payments:
            self.add(
                "shopify.order_transactions",
                **key,
                **shown,
                transaction_id=next(self._ids),
                kind=payment.kind,
                gateway=payment.gateway,
                status=payment.status,
                processed_at=payment.at,
                amount_shop=payment.amount,
                amount_presentment=payment.presented,
            )
        for quantity, price in lines:
            self.add(
                "shopify.order_lines",
                **key,
                **shown,
                order_line_id=next(self._ids),
                quantity=quantity,
                current_quantity=quantity,
                original_unit_price_shop=price,
                original_unit_price_presentment=price,
                original_total_shop=quantity * Decimal(price),
                original_total_presentment=quantity * Decimal(price),
            )

    def _columns_of(self, table: str) -> dict[str, tuple[str, bool]]:
        if table not in self._columns:
            found = self.conn.execute(
                """
                select column_name, data_type, is_nullable = 'YES' or column_default is not null
                from information_schema.columns
                where table_schema || '.' || table_name = %s
                """,
                (table,),
            ).fetchall()
            self._columns[table] = {name: (kind, nullable) for name, kind, nullable in found}
        return self._columns[table]


def _header_money(sales: list[tuple[str, str, Decimal]], moved: list[tuple[str, Decimal]]) -> dict[str, Decimal]:
    """What an order says of itself, from (action, line type, total) per sale and (kind, amount) per payment made."""

    def moved_by(*kinds: str) -> Decimal:
        return sum((amount for kind, amount in moved if kind in kinds), Decimal(0))

    everything = sum((total for _, _, total in sales), Decimal(0))
    adjustments = sum((total for _, line, total in sales if line == "ADJUSTMENT"), Decimal(0))
    ordered = sum((total for action, _, total in sales if action in ("ORDER", "UPDATE")), Decimal(0))
    net_payment = moved_by("SALE", "CAPTURE") - moved_by("REFUND")
    capturable = moved_by("AUTHORIZATION") - moved_by("CAPTURE")
    return {
        "original_total_price": ordered,
        "total_price": ordered,
        "current_total_price": everything - adjustments,
        "total_received": moved_by("SALE", "CAPTURE"),
        "total_refunded": moved_by("REFUND"),
        "net_payment": net_payment,
        "total_capturable": capturable,
        "total_outstanding": everything - net_payment - capturable,
    }
