"""A shop in a few calls: its rows in the warehouse, and a census that says the same.

Here: orders, payments, shipments and refunds as Shopify would hold them, written straight into schema ``shopify``; every
column a test does not speak of gets a plain value. Not here: expectations.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from psycopg import sql

from shopify_pipeline.backoffice.journal import Chart, JournalBackOffice
from shopify_pipeline.backoffice.protocol import BackOffice
from shopify_pipeline.backoffice.value_map import ValueMap
from shopify_pipeline.clock import SimulatedClock
from shopify_pipeline.schemas import STREAMS, Kind, Table
from shopify_pipeline.steps.push import Pushed, push
from shopify_pipeline.steps.reconcile import Reconciled, reconcile
from shopify_pipeline.steps.snapshot import take_snapshot
from shopify_pipeline.warehouse.connect import Connection
from shopify_pipeline.warehouse.ddl import is_root

SHOP = "a-shop.myshopify.com"
ZONE = "America/New_York"
GO_LIVE_ON = date(2026, 11, 10)
BEFORE = datetime(2026, 11, 2, 15, tzinfo=UTC)
NOON = datetime(2026, 11, 12, 17, tzinfo=UTC)
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)

VALUE_MAP = ValueMap(
    source="value_map.toml",
    lines={"PRODUCT": "4000", "SHIPPING": "4100", "ADJUSTMENT": "4900", "FEE": "4400", "GIFT_CARD": "2300"},
    gateways={"shopify_payments": "1100", "paypal": "1110"},
    taxes={"State Tax 5%": "State Tax 5%"},
    locations={"Brooklyn": "EAST", "Oakland": "WEST"},
    accounts={"receivable": "1200", "tax": "2200", "rounding": "4910"},
)
CHART = Chart(
    currency="USD",
    receivable="1200",
    tax_payable="2200",
    accounts=frozenset({"4000", "4100", "4900", "4400", "2300", "1100", "1110"}),
    taxes=frozenset({"State Tax 5%"}),
    locations=frozenset({"EAST", "WEST"}),
)

_TABLES = {table.name: (stream, table) for stream in STREAMS.values() for table in stream.tables}
_PLAIN = {
    Kind.GID: 1,
    Kind.TEXT: "x",
    Kind.INT: 0,
    Kind.UNSIGNED: 0,
    Kind.BOOL: False,
    Kind.INSTANT: BEFORE,
    Kind.MONEY: Decimal(0),
    Kind.RATE: Decimal(0),
}


def insert(conn: Connection, name: str, /, **values: Any) -> None:
    """One row of a warehouse table; columns that may not be null and are not given get a plain value."""
    stream, table = _TABLES[name]
    row = {"shop": SHOP, "load_id": 1, **_defaults(table), **values}
    if is_root(stream, table):
        row = {"observed_at": row["updated_at"], "root_hash": "hash", **row}
    conn.execute(
        sql.SQL("insert into shopify.{} ({}) values ({})").format(
            sql.Identifier(name),
            sql.SQL(", ").join(map(sql.Identifier, row)),
            sql.SQL(", ").join(sql.Placeholder() * len(row)),
        ),
        list(row.values()),
    )


def _defaults(table: Table) -> dict[str, Any]:
    return {
        column.name: "USD" if column.name.endswith("currency") else _PLAIN[column.kind]
        for column in table.columns
        if not column.nullable
    }


@dataclass(frozen=True)
class Item:
    """A stocked variant; ids of item and variant are told apart."""

    variant_id: int
    item_id: int
    sku: str


@dataclass(frozen=True)
class Placed:
    """An order as placed: its ids."""

    order_id: int
    agreement_id: int
    line_ids: tuple[int, ...]
    transaction_id: int | None


@dataclass
class AShop:
    """One shop, two locations, one warehouse connection.

    Attributes:
        journal: The back office everything is pushed into.
    """

    conn: Connection
    folder: Path
    ids: itertools.count[int] = field(default_factory=lambda: itertools.count(5_000_000_000_001))
    clock: SimulatedClock = field(default_factory=lambda: SimulatedClock(NOW))
    journal: BackOffice = field(init=False)
    lines: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.journal = JournalBackOffice(self.folder / "journal.jsonl", CHART)
        for location_id, name in ((71, "Brooklyn"), (72, "Oakland")):
            self.add("locations", location_id=location_id, name=name, is_active=True, updated_at=BEFORE)

    def add(self, table: str, /, **values: Any) -> None:
        """One row, committed."""
        with self.conn.transaction():
            insert(self.conn, table, **values)

    def sql(self, statement: str, **parameters: Any) -> list[tuple[Any, ...]]:
        """Run a statement of the test's own, committed; rows when it gives any."""
        with self.conn.transaction():
            cursor = self.conn.execute(statement, {"shop": SHOP, **parameters})  # type: ignore[arg-type]
            return cursor.fetchall() if cursor.description else []

    def item(self, sku: str | None = "MUG", *, on_hand: int = 100, is_tracked: bool = True) -> Item:
        """A variant with a price of 10.00, stocked in Brooklyn."""
        product_id, variant_id, item_id = next(self.ids), next(self.ids), next(self.ids)
        self.add("products", product_id=product_id, updated_at=BEFORE)
        self.add(
            "variants",
            variant_id=variant_id,
            product_id=product_id,
            inventory_item_id=item_id,
            sku=sku,
            display_name=f"Thing {sku}",
            price=Decimal("10.00"),
        )
        self.add("inventory_items", inventory_item_id=item_id, is_tracked=is_tracked, unit_cost=Decimal("4.00"))
        self.add(
            "inventory_levels",
            inventory_level_id=next(self.ids),
            inventory_item_id=item_id,
            location_id=71,
            is_active=True,
            on_hand=on_hand,
            available=on_hand,
            updated_at=BEFORE,
        )
        self.dirty("products", product_id)
        return Item(variant_id, item_id, sku or "")

    def order(
        self,
        *sold: tuple[Item | None, int, str],
        at: datetime = NOON,
        name: str = "#1001",
        customer_id: int | None = None,
        gateway: str | None = "shopify_payments",
        line_type: str = "PRODUCT",
        tax_title: str = "State Tax",
        is_test: bool = False,
    ) -> Placed:
        """An order of (item, units, net of the line), taxed 5 %, paid at once unless ``gateway`` is None."""
        order_id, agreement_id = next(self.ids), next(self.ids)
        self.add(
            "orders",
            order_id=order_id,
            name=name,
            customer_id=customer_id,
            created_at=at,
            processed_at=at,
            updated_at=at,
            is_test=is_test,
        )
        self.agreement(order_id, "OrderAgreement", at, agreement_id=agreement_id)
        line_ids = []
        for item, units, net in sold:
            line_id = next(self.ids)
            line_ids.append(line_id)
            self.add(
                "order_lines",
                order_line_id=line_id,
                order_id=order_id,
                title=f"Thing {item.sku if item else ''}",
                variant_id=item.variant_id if item else None,
                quantity=units,
                current_quantity=units,
                unfulfilled_quantity=units,
            )
            self.sale(order_id, agreement_id, "ORDER", line_type, net, line_id=line_id, units=units, tax_title=tax_title)
        transaction_id = self.pay(order_id, self.owed(order_id), at, gateway=gateway) if gateway else None
        self.touch(order_id, at)
        return Placed(order_id, agreement_id, tuple(line_ids), transaction_id)

    def agreement(
        self, order_id: int, kind: str, at: datetime, *, agreement_id: int | None = None, refund_id: int | None = None
    ) -> int:
        """An agreement without sales yet."""
        agreement_id = agreement_id or next(self.ids)
        self.add(
            "order_agreements",
            agreement_id=agreement_id,
            order_id=order_id,
            agreement_type=kind,
            happened_at=at,
            refund_id=refund_id,
        )
        return agreement_id

    def sale(
        self,
        order_id: int,
        agreement_id: int,
        action: str,
        line_type: str,
        net: str,
        *,
        line_id: int | None = None,
        units: int | None = None,
        tax_title: str | None = "State Tax",
    ) -> int:
        """A sale with 5 % tax on top, or none when ``tax_title`` is None."""
        sale_id, amount = next(self.ids), Decimal(net)
        tax = (amount * Decimal("0.05")).quantize(Decimal("0.01")) if tax_title else Decimal(0)
        self.add(
            "order_sales",
            sale_id=sale_id,
            agreement_id=agreement_id,
            order_id=order_id,
            action_type=action,
            line_type=line_type,
            quantity=units,
            order_line_id=line_id,
            total_shop=amount + tax,
            total_tax_shop=tax,
        )
        if tax_title:
            self.add(
                "order_sale_taxes",
                sale_tax_id=next(self.ids),
                sale_id=sale_id,
                order_id=order_id,
                title=tax_title,
                rate=Decimal("0.05"),
                amount_shop=tax,
            )
        return sale_id

    def pay(
        self, order_id: int, amount: Decimal | str, at: datetime, *, gateway: str = "shopify_payments", kind: str = "SALE",
        status: str = "SUCCESS",
    ) -> int:  # fmt: skip
        """A transaction."""
        transaction_id = next(self.ids)
        self.add(
            "order_transactions",
            transaction_id=transaction_id,
            order_id=order_id,
            kind=kind,
            status=status,
            gateway=gateway,
            amount_shop=Decimal(amount),
            created_at=at,
            processed_at=None if status == "PENDING" else at,
        )
        self.touch(order_id, at)
        return transaction_id

    def ship(self, order: Placed, at: datetime, units: Sequence[int], *, location_id: int = 71) -> int:
        """A fulfilment of units by line; the level goes down with it."""
        fulfillment_id = next(self.ids)
        self.add(
            "fulfillments",
            fulfillment_id=fulfillment_id,
            order_id=order.order_id,
            status="SUCCESS",
            created_at=at,
            updated_at=at,
            location_id=location_id,
        )
        for line_id, quantity in zip(order.line_ids, units, strict=True):
            self.add(
                "fulfillment_lines",
                fulfillment_line_id=next(self.ids),
                fulfillment_id=fulfillment_id,
                order_id=order.order_id,
                order_line_id=line_id,
                quantity=quantity,
            )
            self.sql(
                "update shopify.order_lines set unfulfilled_quantity = unfulfilled_quantity - %(quantity)s "
                "where order_line_id = %(line_id)s",
                line_id=line_id,
                quantity=quantity,
            )
            self._move(line_id, location_id, -quantity, at)
        self.touch(order.order_id, at)
        return fulfillment_id

    def refund(
        self,
        order: Placed,
        at: datetime,
        *,
        units: int,
        net: str,
        money: str,
        restock: str = "RETURN",
        adjustment: str | None = None,
        status: str = "SUCCESS",
    ) -> tuple[int, int]:
        """Units of the first line taken back for ``net`` and ``money`` paid; a pending one holds the money back.

        Returns:
            Ids of the refund and its agreement.
        """
        refund_id = next(self.ids)
        self.add("refunds", refund_id=refund_id, order_id=order.order_id, created_at=at, processed_at=at, updated_at=at)
        agreement_id = self.agreement(order.order_id, "RefundAgreement", at, refund_id=refund_id)
        if units:
            line_id = order.line_ids[0]
            self.sale(order.order_id, agreement_id, "RETURN", "PRODUCT", f"-{net}", line_id=line_id, units=-units)
            self.add(
                "refund_lines",
                refund_id=refund_id,
                position=0,
                order_id=order.order_id,
                order_line_id=line_id,
                quantity=units,
                restock_type=restock,
                location_id=71 if restock == "RETURN" else None,
            )
            if restock == "RETURN":
                self._move(line_id, 71, units, at)
        if adjustment:
            self.sale(order.order_id, agreement_id, "RETURN", "ADJUSTMENT", adjustment, tax_title=None)
        if status == "PENDING":
            self.sale(order.order_id, agreement_id, "RETURN", "ADJUSTMENT", money, tax_title=None)
            self.add(
                "refund_adjustments",
                adjustment_id=next(self.ids),
                refund_id=refund_id,
                order_id=order.order_id,
                reason="PENDING_REFUND_DISCREPANCY",
                amount_shop=Decimal(money),
            )
        self.pay(order.order_id, money, at, kind="REFUND", status=status)
        return refund_id, agreement_id

    def settle_refund(self, order: Placed, refund_id: int, at: datetime) -> None:
        """The money went out: what held it back vanishes."""
        self.sql(
            "delete from shopify.order_sales as s using shopify.order_agreements as a, shopify.refund_adjustments as r "
            "where a.agreement_id = s.agreement_id and a.refund_id = %(refund_id)s and r.refund_id = a.refund_id "
            "and s.line_type = 'ADJUSTMENT' and s.total_shop = r.amount_shop",
            refund_id=refund_id,
        )
        self.sql("delete from shopify.refund_adjustments where refund_id = %(refund_id)s", refund_id=refund_id)
        self.sql(
            "update shopify.order_transactions set status = 'SUCCESS', processed_at = %(at)s "
            "where order_id = %(order_id)s and status = 'PENDING'",
            order_id=order.order_id,
            at=at,
        )
        self.touch(order.order_id, at)

    def owed(self, order_id: int) -> Decimal:
        """Sum of the order's sales so far."""
        rows = self.sql("select sum(total_shop) from shopify.order_sales where order_id = %(id)s", id=order_id)
        return Decimal(rows[0][0])

    def touch(self, order_id: int, at: datetime) -> None:
        """Shopify stamps the order, and the load marks it dirty."""
        self.sql("update shopify.orders set updated_at = %(at)s where order_id = %(id)s", id=order_id, at=at)
        self.dirty("orders", order_id)

    def dirty(self, resource: str, root_id: int) -> None:
        """What a load does for a changed root."""
        self.sql(
            "insert into ops.dirty values (%(shop)s, %(resource)s, %(id)s, nextval('ops.dirty_seq'), %(now)s) "
            "on conflict (shop, resource, external_id) do update set seq = excluded.seq",
            resource=resource,
            id=str(root_id),
            now=NOW,
        )

    def _move(self, line_id: int, location_id: int, units: int, at: datetime) -> None:
        self.sql(
            "update shopify.inventory_levels as level set on_hand = on_hand + %(units)s, updated_at = %(at)s "
            "from shopify.order_lines as l inner join shopify.variants as v using (variant_id) "
            "where l.order_line_id = %(line_id)s and level.inventory_item_id = v.inventory_item_id "
            "and level.location_id = %(location_id)s",
            line_id=line_id,
            location_id=location_id,
            units=units,
            at=at,
        )

    def push(self, *, value_map: ValueMap = VALUE_MAP, backoffice: BackOffice | None = None) -> Pushed:
        """Push what is due."""
        return push(
            self.conn,
            backoffice or self.journal,
            shop=SHOP,
            value_map=value_map,
            go_live_on=GO_LIVE_ON,
            time_zone=ZONE,
            clock=self.clock,
            batch_size=10,
            progress=self.lines.append,
        )

    def snapshot(self) -> None:
        """Read the journal."""
        take_snapshot(self.conn, self.journal, shop=SHOP, clock=self.clock, progress=self.lines.append)

    def count(self, *, as_of: datetime = NOW) -> None:
        """A census that says what the shop holds, in the sums Shopify derives (identities I3 to I6 of its ledger)."""
        with self.conn.transaction():
            for statement in _CENSUS:
                self.conn.execute(statement, {"shop": SHOP, "as_of": as_of})  # type: ignore[arg-type]

    def reconcile(self, *, lag: timedelta = timedelta(hours=1), value_map: ValueMap = VALUE_MAP) -> Reconciled:
        """Run every rule."""
        return reconcile(
            self.conn,
            shop=SHOP,
            value_map=value_map,
            go_live_on=GO_LIVE_ON,
            time_zone=ZONE,
            lag_seconds=int(lag.total_seconds()),
            clock=self.clock,
        )

    def breaks(self, status: str = "open") -> list[tuple[str, str, str, str]]:
        """(rule, class, entity, sub key) of breaks with this status."""
        return self.sql(  # type: ignore[return-value]
            "select rule, class, entity, sub_key from recon.breaks where status = %(status)s order by 1, 3, 4",
            status=status,
        )


_CENSUS = (
    "delete from recon.census_roots where shop = %(shop)s",
    "delete from recon.census_orders where shop = %(shop)s",
    "delete from recon.census_sales where shop = %(shop)s",
    "delete from recon.census_transactions where shop = %(shop)s",
    "delete from recon.census_levels where shop = %(shop)s",
    "delete from recon.censuses where shop = %(shop)s",
    "insert into recon.censuses values (%(shop)s, %(as_of)s, %(as_of)s)",
    """insert into recon.census_roots
    select shop, 'orders', order_id::text, updated_at from shopify.orders
    union all select shop, 'products', product_id::text, updated_at from shopify.products
    union all select shop, 'locations', location_id::text, null from shopify.locations
    union all select shop, 'inventory_levels', inventory_item_id || '/' || location_id, updated_at
    from shopify.inventory_levels""",
    """insert into recon.census_orders
    select
        o.shop, o.order_id, o.name, o.created_at, o.processed_at, o.updated_at, o.cancelled_at, o.is_test, o.currency,
        coalesce(sum(s.total_shop) filter (where s.line_type <> 'ADJUSTMENT'), 0), coalesce(sum(s.total_tax_shop), 0), 0, 0
    from shopify.orders as o left join shopify.order_sales as s using (shop, order_id)
    group by o.shop, o.order_id""",
    """insert into recon.census_sales
    select
        s.shop, s.order_id, a.agreement_id, a.agreement_type, a.happened_at, s.sale_id, s.action_type, s.line_type, s.quantity,
        s.total_shop, s.total_tax_shop
    from shopify.order_sales as s inner join shopify.order_agreements as a using (shop, agreement_id)""",
    """insert into recon.census_transactions
    select shop, order_id, transaction_id, kind, status, gateway, amount_shop, coalesce(processed_at, created_at)
    from shopify.order_transactions""",
    """insert into recon.census_levels
    select shop, inventory_item_id, location_id, on_hand, available, updated_at
    from shopify.inventory_levels""",
)
