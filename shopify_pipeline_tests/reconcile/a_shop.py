"""A shop in a few calls: its rows in the warehouse.

Here: orders, payments, shipments and refunds as Shopify would hold them. Not here: the steps run on them
(``company.py``), expectations.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from shopify_pipeline.warehouse.connect import Connection
from shopify_pipeline_tests.reconcile.company import NOW, Company
from shopify_pipeline_tests.reconcile.warehouse_rows import BEFORE, insert

NOON = datetime(2026, 11, 12, 17, tzinfo=UTC)


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
class AShop(Company):
    """One shop with two locations."""

    ids: itertools.count[int] = field(default_factory=lambda: itertools.count(5_000_000_000_001))

    @classmethod
    def opened(cls, conn: Connection, folder: Path) -> AShop:
        """A shop with its two locations, and nothing else."""
        shop = cls(conn, folder)
        for location_id, name in ((71, "Brooklyn"), (72, "Oakland")):
            shop.add("locations", location_id=location_id, name=name, is_active=True, updated_at=BEFORE)
        return shop

    def add(self, table: str, /, **values: Any) -> None:
        """One row, committed."""
        with self.conn.transaction():
            insert(self.conn, table, **values)

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
            self.sale(
                order_id, agreement_id, "ORDER", line_type, net, line_id=line_id, units=units, tax_title=tax_title
            )
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
            total_presentment=amount + tax,
            total_tax_shop=tax,
            total_tax_presentment=tax,
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
                amount_presentment=tax,
            )
        return sale_id

    def pay(
        self,
        order_id: int,
        amount: Decimal | str,
        at: datetime,
        *,
        gateway: str = "shopify_payments",
        kind: str = "SALE",
        status: str = "SUCCESS",
    ) -> int:
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
            amount_presentment=Decimal(amount),
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
                amount_presentment=Decimal(money),
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
        self._promise()
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

    def _promise(self) -> None:
        """What has still to leave is committed in Brooklyn, and cannot be sold again."""
        self.sql(
            "with open as ("
            "select v.inventory_item_id, sum(l.unfulfilled_quantity)::bigint as units from shopify.order_lines as l "
            "inner join shopify.variants as v using (shop, variant_id) group by v.inventory_item_id) "
            "update shopify.inventory_levels as level "
            "set committed = case when location_id = 71 then open.units else 0 end, "
            "available = level.on_hand - case when location_id = 71 then open.units else 0 end "
            "from open where open.inventory_item_id = level.inventory_item_id"
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
