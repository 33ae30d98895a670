"""The facts of a page as rows of the warehouse, and the push that brings them into a back office.

Here: which row a fact is. Not here: what is expected of it. A fact that is told again is replaced, and keeps the moment
it was first told, as Shopify does (``createdAt``, ``happenedAt``).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from psycopg import sql

from shopify_pipeline.schemas import STREAMS
from shopify_pipeline.warehouse.connect import Connection
from shopify_pipeline_tests.golden.book import (
    CreditAccount,
    Fulfillment,
    GiftCard,
    Line,
    OrderFact,
    Refund,
    Return,
    Sale,
    Shop,
    Step,
    Transaction,
)
from shopify_pipeline_tests.reconcile.warehouse_rows import fill

LONG_AGO = datetime(2024, 1, 1, tzinfo=UTC)
#: What every shop of the book sells: variant, its name, whether its units are on a shelf.
CATALOGUE = ((51, "Mug", True), (52, "Cap", True), (53, "Print", False), (54, "Gift card", False))
LOCATIONS = {"Brooklyn Warehouse": 71, "Oakland Warehouse": 72, "Austin Store": 73}
#: Roots the load marks dirty, by their table; a key column names the root.
ROOTS = {
    "orders": "order_id",
    "gift_cards": "gift_card_id",
    "store_credit_accounts": "store_credit_account_id",
    "payouts": "payout_id",
    "balance_transactions": "balance_transaction_id",
    "disputes": "dispute_id",
}

READ_UP_TO = """
with load as (
    insert into ops.loads (shop, stream, mode, window_to, state, landing_prefix, started_at)
    values (%(shop)s, %(stream)s, 'full', %(at)s, 'abandoned', '', %(at)s)
    returning load_id
)
insert into ops.cursors (shop, stream, cursor_at, load_id)
select %(shop)s, %(stream)s, %(at)s, load_id from load
on conflict (shop, stream) do update set cursor_at = excluded.cursor_at
"""

_CURRENCIES = {
    table.name: tuple(
        column.name for column in table.columns if column.name.endswith("currency") and not column.nullable
    )
    for stream in STREAMS.values()
    for table in stream.tables
}
Row = dict[str, Any]


class Facts:
    """The rows of one shop, by table and key, as of the last step that was told."""

    def __init__(self, name: str, shop: Shop) -> None:
        self.name = name
        self._shop = shop
        self._rows: defaultdict[str, dict[tuple[Any, ...], Row]] = defaultdict(dict)
        self._told: dict[tuple[Any, ...], datetime] = {}
        self._last = LONG_AGO
        self._changed: set[str] = set()
        self._catalogue()

    def tell(self, step: Step) -> None:
        """What the shop says at one moment."""
        self._last = step.at
        for order in step.orders:
            self._order(order, step.at)
        for line in step.lines:
            self._line(line)
        for agreement in step.agreements:
            self._put(
                "order_agreements",
                {"agreement_id": agreement.id},
                order_id=agreement.order,
                agreement_type=agreement.kind,
                reason={"O": "ORDER", "R": "REFUND"}[agreement.kind[0]],
                happened_at=self._first("agreement", agreement.id, step.at),
                refund_id=agreement.refund,
                return_id=agreement.returned,
            )
            for sale in agreement.sales:
                self._sale(sale, agreement.id, agreement.order)
        self._changed |= {"order_sales", "refund_adjustments"}
        for sale_id in step.vanished:
            del self._rows["order_sales"][sale_id,]
        for transaction in step.transactions:
            self._transaction(transaction, step.at)
        for refund in step.refunds:
            self._refund(refund, step.at)
        for fulfillment in step.fulfillments:
            self._fulfillment(fulfillment, step.at)
        for returned in step.returns:
            self._return(returned, step.at)
        for card in step.gift_cards:
            self._gift_card(card, step.at)
        for account in step.store_credit:
            self._store_credit(account, step.at)
        self._payments(step)

    def write(self, conn: Connection) -> None:
        """Replace the rows of tables that changed and mark every root dirty, in one transaction."""
        with conn.transaction():
            for table in sorted(self._changed):
                conn.execute(
                    sql.SQL("delete from shopify.{} where shop = %s").format(sql.Identifier(table)), [self.name]
                )
                fill(conn, table, self._rows[table].values())
            self._changed.clear()
            for table, key in ROOTS.items():
                conn.execute(
                    sql.SQL(
                        "insert into ops.dirty (shop, resource, external_id, seq, marked_at) "
                        "select shop, %(table)s, {key}::text, nextval('ops.dirty_seq'), %(at)s "
                        "from shopify.{table} where shop = %(shop)s "
                        "on conflict (shop, resource, external_id) do update set seq = excluded.seq"
                    ).format(key=sql.Identifier(key), table=sql.Identifier(table)),
                    {"shop": self.name, "table": table, "at": LONG_AGO},
                )
            for stream in STREAMS:
                conn.execute(READ_UP_TO, {"shop": self.name, "stream": stream, "at": self._last + timedelta(hours=1)})

    def _put(self, table: str, key: Row, /, **values: Any) -> None:
        self._changed.add(table)
        currencies = dict.fromkeys(_CURRENCIES[table], self._shop.currency)
        self._rows[table][tuple(key.values())] = {"shop": self.name, **currencies, **key, **values}

    def _first(self, kind: str, key: object, at: datetime) -> datetime:
        """The moment a fact was told first."""
        return self._told.setdefault((kind, key), at)

    def _catalogue(self) -> None:
        for name, location_id in LOCATIONS.items():
            self._put("locations", {"location_id": location_id}, name=name, is_active=True, updated_at=LONG_AGO)
        for variant_id, title, is_tracked in CATALOGUE:
            product_id, item_id = variant_id + 2000, variant_id + 1000
            self._put("products", {"product_id": product_id}, title=title, product_type=title, updated_at=LONG_AGO)
            self._put(
                "variants",
                {"variant_id": variant_id},
                product_id=product_id,
                inventory_item_id=item_id,
                sku=f"{self.name}-{variant_id}",
                display_name=title,
                title=title,
                price=Decimal(10),
            )
            self._put(
                "inventory_items",
                {"inventory_item_id": item_id},
                is_tracked=is_tracked,
                unit_cost=Decimal(4),
                updated_at=LONG_AGO,
            )
        self._put("customers", {"customer_id": 9}, display_name="Ada Customer", updated_at=LONG_AGO)

    def _order(self, order: OrderFact, at: datetime) -> None:
        placed = self._first("order", order.id, at)
        self._put(
            "orders",
            {"order_id": order.id},
            name=order.name,
            customer_id=order.customer,
            company_id=order.company,
            company_name=order.company_name,
            taxes_included=self._shop.taxes_included,
            created_at=placed,
            processed_at=placed,
            updated_at=at,
            cancelled_at=at if order.cancelled else None,
            payment_terms_type=None if order.net_days is None else "NET",
            payment_due_in_days=order.net_days,
        )

    def _line(self, line: Line) -> None:
        title = next((title for variant, title, _ in CATALOGUE if variant == line.variant), "Custom item")
        self._put(
            "order_lines",
            {"order_line_id": line.id},
            order_id=line.order,
            title=title,
            variant_id=line.variant,
            product_id=None if line.variant is None else line.variant + 2000,
            quantity=line.quantity,
            unfulfilled_quantity=line.unfulfilled,
            is_gift_card=line.variant == 54,
            group_id=line.bundle,
        )

    def _sale(self, sale: Sale, agreement_id: int, order_id: int) -> None:
        tax = sum((tax.amount for tax in sale.taxes), Decimal(0))
        self._put(
            "order_sales",
            {"sale_id": sale.id},
            agreement_id=agreement_id,
            order_id=order_id,
            action_type=sale.action,
            line_type=sale.type,
            quantity=sale.quantity,
            order_line_id=sale.line,
            total_shop=sale.total,
            total_presentment=sale.total,
            total_tax_shop=tax,
            total_tax_presentment=tax,
        )
        for place, one in enumerate(sale.taxes):
            self._put(
                "order_sale_taxes",
                {"sale_tax_id": sale.id * 10 + place},
                sale_id=sale.id,
                order_id=order_id,
                title=one.title,
                rate=one.rate,
                channel_liable=one.channel,
                amount_shop=one.amount,
                amount_presentment=one.amount,
            )

    def _transaction(self, transaction: Transaction, at: datetime) -> None:
        self._put(
            "order_transactions",
            {"transaction_id": transaction.id},
            order_id=transaction.order,
            parent_transaction_id=transaction.parent,
            kind=transaction.kind,
            status=transaction.status,
            gateway=transaction.gateway,
            amount_shop=transaction.amount,
            amount_presentment=transaction.amount,
            rounding_shop=transaction.rounding,
            rounding_presentment=transaction.rounding,
            created_at=self._first("transaction", transaction.id, at),
            processed_at=None if transaction.status == "PENDING" else at,
        )

    def _refund(self, refund: Refund, at: datetime) -> None:
        refunded = self._first("refund", refund.id, at)
        self._put(
            "refunds",
            {"refund_id": refund.id},
            order_id=refund.order,
            return_id=refund.returned,
            created_at=refunded,
            processed_at=refunded,
            updated_at=at,
        )
        for place, line in enumerate(refund.lines):
            self._put(
                "refund_lines",
                {"refund_id": refund.id, "position": place},
                order_id=refund.order,
                order_line_id=line.line,
                quantity=line.quantity,
                restock_type=line.restock,
                is_restocked=line.restock != "NO_RESTOCK",
                location_id=None if line.location is None else LOCATIONS[line.location],
            )
        held = self._rows["refund_adjustments"]
        for key in [key for key, row in held.items() if row["refund_id"] == refund.id]:
            del held[key]
        for adjustment in refund.adjustments:
            self._put(
                "refund_adjustments",
                {"adjustment_id": adjustment.id},
                refund_id=refund.id,
                order_id=refund.order,
                reason=adjustment.reason,
                amount_shop=adjustment.amount,
                amount_presentment=adjustment.amount,
            )

    def _fulfillment(self, fulfillment: Fulfillment, at: datetime) -> None:
        self._put(
            "fulfillments",
            {"fulfillment_id": fulfillment.id},
            order_id=fulfillment.order,
            status=fulfillment.status,
            location_id=LOCATIONS[fulfillment.location],
            created_at=self._first("fulfillment", fulfillment.id, at),
            updated_at=at,
        )
        for line_id, units in fulfillment.units.items():
            self._put(
                "fulfillment_lines",
                {"fulfillment_line_id": fulfillment.id * 1000 + line_id},
                fulfillment_id=fulfillment.id,
                order_id=fulfillment.order,
                order_line_id=line_id,
                quantity=units,
            )

    def _return(self, returned: Return, at: datetime) -> None:
        of_order = {"order_id": returned.order}
        opened = self._first("return", returned.id, at)
        self._put("returns", {"return_id": returned.id}, **of_order, status=returned.status, created_at=opened)
        self._put(
            "reverse_fulfillment_orders",
            {"reverse_fulfillment_order_id": returned.id},
            **of_order,
            return_id=returned.id,
            status="OPEN" if returned.status == "OPEN" else "CLOSED",
        )
        for line_id, units in returned.units.items():
            line_key = returned.id * 1000 + line_id
            left_with = returned.fulfilled * 1000 + line_id
            self._put(
                "return_lines",
                {"line_type": "ReturnLineItem", "return_line_id": line_key},
                **of_order,
                return_id=returned.id,
                fulfillment_line_id=left_with,
                order_line_id=line_id,
                quantity=units,
            )
            self._put(
                "reverse_fulfillment_lines",
                {"reverse_fulfillment_line_id": line_key},
                **of_order,
                reverse_fulfillment_order_id=returned.id,
                fulfillment_line_id=left_with,
                order_line_id=line_id,
                total_quantity=units,
            )
        for line_id, units in returned.exchanged_for.items():
            exchange_id = returned.id * 1000 + line_id
            self._put(
                "exchange_lines", {"exchange_line_id": exchange_id}, **of_order, return_id=returned.id, quantity=units
            )
            self._put(
                "exchange_order_lines",
                {"exchange_line_id": exchange_id, "position": 0},
                **of_order,
                order_line_id=line_id,
            )
        for disposition in returned.dispositions:
            self._put(
                "reverse_dispositions",
                {"disposition_id": disposition.id},
                **of_order,
                reverse_fulfillment_line_id=returned.id * 1000 + disposition.line,
                disposition_type=disposition.type,
                quantity=disposition.quantity,
                location_id=None if disposition.location is None else LOCATIONS[disposition.location],
                created_at=self._first("disposition", disposition.id, at),
            )

    def _gift_card(self, card: GiftCard, at: datetime) -> None:
        self._put(
            "gift_cards",
            {"gift_card_id": card.id},
            order_id=card.order,
            order_line_id=card.line,
            is_enabled=card.is_enabled,
            initial_value=card.initial,
            balance=card.balance,
            expires_on=card.expires_on,
            deactivated_at=None if card.is_enabled else self._first("deactivated", card.id, at),
            created_at=self._first("gift card", card.id, at),
            updated_at=at,
        )
        for transaction in card.transactions:
            self._put(
                "gift_card_transactions",
                {"gift_card_id": card.id, "transaction_type": transaction.type, "transaction_id": transaction.id},
                amount=transaction.amount,
                processed_at=self._first(transaction.type, transaction.id, at),
            )

    def _store_credit(self, account: CreditAccount, at: datetime) -> None:
        self._put(
            "store_credit_accounts",
            {"store_credit_account_id": account.id},
            owner_type="Customer",
            owner_id=9,
            balance=account.balance,
        )
        for transaction in account.transactions:
            self._put(
                "store_credit_transactions",
                {
                    "store_credit_account_id": account.id,
                    "transaction_type": transaction.type,
                    "transaction_id": transaction.id,
                },
                amount=transaction.amount,
                balance_after=transaction.balance_after,
                event=transaction.event,
                order_transaction_id=transaction.order_transaction,
                created_at=self._first(transaction.type, transaction.id, at),
            )

    def _payments(self, step: Step) -> None:
        """What Shopify Payments says of its account."""
        for row in step.balance:
            self._put(
                "balance_transactions",
                {"balance_transaction_id": row.id},
                type=row.type,
                amount=row.amount,
                fee=row.fee,
                net=row.net,
                source_type=row.source,
                source_id=row.source_id,
                order_id=row.order,
                order_transaction_id=row.order_transaction,
                payout_id=row.payout,
                payout_status=row.payout_status,
                transaction_at=self._first("balance", row.id, step.at),
            )
        for payout in step.payouts:
            self._put(
                "payouts",
                {"payout_id": payout.id},
                status=payout.status,
                direction=payout.direction,
                net=payout.net,
                issued_at=self._first("payout", payout.id, step.at),
            )
        for dispute in step.disputes:
            self._put(
                "disputes",
                {"dispute_id": dispute.id},
                order_id=dispute.order,
                type=dispute.type,
                status=dispute.status,
                amount=dispute.amount,
                initiated_at=self._first("dispute", dispute.id, step.at),
                finalized_on=step.at if dispute.final else None,
            )


def told(name: str, shop: Shop, steps: Sequence[Step]) -> Facts:
    """A shop that has said all of these."""
    facts = Facts(name, shop)
    for step in steps:
        facts.tell(step)
    return facts
