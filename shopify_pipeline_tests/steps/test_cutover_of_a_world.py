"""A shop goes live in the middle of its life: at the end its books are those it would have had from the beginning.

The world has everything in it (returns, exchanges, disputes, gift cards, payouts that fail …); what the books have to
come to is told by the sandbox's own auditor, and by books that began before the first order.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

import pytest

from shopify_pipeline.backoffice.journal import Chart, JournalBackOffice
from shopify_pipeline.backoffice.mapping import Books, Recognition
from shopify_pipeline.clock import SimulatedClock
from shopify_pipeline.config_sections import BackofficeSettings
from shopify_pipeline.steps import cutover
from shopify_pipeline.steps.cutover import Plan
from shopify_pipeline.steps.push import Pushed, push
from shopify_pipeline.steps.push_sending import Sender
from shopify_pipeline.warehouse.connect import Connection, connect
from shopify_pipeline_tests.backoffice.worlds import value_map_of
from shopify_pipeline_tests.reconcile.warehouse_rows import SHOP, fill, orders_were_read
from shopify_sandbox.store import Store
from shopify_sandbox.truth import clearing, owed, rows_of
from shopify_sandbox.world.arguments import Arguments
from shopify_sandbox.world.profiles import PROFILES

NOW = datetime(2026, 11, 23, tzinfo=UTC)
PAYMENTS = "shopify_payments"
GO_LIVE_ON = date(2026, 10, 25)
EVER = date(2026, 1, 1)
TABLES = (
    *("orders", "order_lines", "order_agreements", "order_sales", "order_sale_taxes", "order_transactions"),
    *("refunds", "refund_lines", "refund_adjustments", "fulfillments", "fulfillment_lines"),
    *("returns", "return_lines", "reverse_fulfillment_orders", "reverse_fulfillment_lines", "reverse_dispositions"),
    *("customers", "customer_addresses", "products", "variants", "inventory_items", "inventory_levels", "locations"),
    *("gift_cards", "gift_card_transactions", "store_credit_accounts", "store_credit_transactions"),
    *("payouts", "balance_transactions", "disputes"),
)
OUTSIDE_ORDERS = {
    "balance_transactions": "balance_transaction_id",
    "payouts": "payout_id",
    "disputes": "dispute_id",
    "gift_cards": "gift_card_id",
    "store_credit_accounts": "store_credit_account_id",
}


@dataclass
class World:
    """A world in the warehouse, and what its auditor says of it."""

    conn: Connection
    folder: Path
    profile: str

    @classmethod
    def made(cls, conn: Connection, folder: Path, profile: str) -> World:
        arguments = Arguments(seed=11, orders=90, days=60, now=NOW, shop=SHOP, profile=profile, mix="full")
        Store.create(folder / "world", arguments)
        with conn.transaction():
            for table, rows in rows_of(folder / "world", TABLES).items():
                fill(conn, table, rows)
        orders_were_read(conn, SHOP, NOW)
        for stream in ("gift_cards", "inventory"):
            conn.execute(
                "insert into ops.cursors (shop, stream, cursor_at, load_id) "
                "select shop, %s, cursor_at, load_id from ops.cursors where stream = 'orders'",
                [stream],
            )
        conn.commit()
        return cls(conn, folder, profile)

    def books(self, began_on: date, recognition: Recognition) -> Booked:
        """Books of their own, empty."""
        return Booked(self, JournalBackOffice(self.folder / f"{began_on}.jsonl", self._chart()), began_on, recognition)

    def on_hand(self, locations: Mapping[str, str]) -> dict[tuple[str, str], Decimal]:
        """Units by variant and back-office location, as the shop has them; zeros left out."""
        with self.conn.transaction():
            rows = self.conn.execute(
                "select v.variant_id::text, p.name, level.on_hand from shopify.inventory_levels as level "
                "inner join shopify.locations as p using (shop, location_id) "
                "inner join shopify.inventory_items as i using (shop, inventory_item_id) "
                "inner join shopify.variants as v using (shop, inventory_item_id) "
                "where level.is_active and p.is_active and i.is_tracked and level.on_hand <> 0"
            ).fetchall()
        return {(variant, locations[name]): Decimal(units) for variant, name, units in rows}

    def _chart(self) -> Chart:
        codes = value_map_of(self.profile)
        return Chart(
            currency=PROFILES[self.profile].currency,
            receivable=codes.accounts["receivable"],
            accounts=frozenset(code for kind, _, code in codes.entries() if kind not in ("tax", "location")),
            taxes=dict.fromkeys(codes.taxes.values(), codes.accounts["tax"]),
            locations=frozenset(codes.locations.values()),
        )

    def refused(self) -> dict[str, str]:
        """Reason by record that was not taken."""
        with self.conn.transaction():
            return dict(
                self.conn.execute(
                    "select external_id, reason from backoffice.pushes where outcome = 'rejected'"
                ).fetchall()
            )

    def forget_pushes(self) -> None:
        """Nothing was pushed, and everything outside orders is due."""
        with self.conn.transaction():
            self.conn.execute("truncate backoffice.pushes, ops.dirty")
            for table, key in OUTSIDE_ORDERS.items():
                self.conn.execute(
                    f"insert into ops.dirty select shop, '{table}', {key}::text, nextval('ops.dirty_seq'), now() "  # type: ignore[arg-type]
                    f"from shopify.{table}"
                )


@dataclass
class Booked:
    """Books of a world that begin on some day."""

    world: World
    journal: JournalBackOffice
    began_on: date
    recognition: Recognition
    refused: Collection[str] = ()

    def plan(self) -> Plan:
        return cutover.plan(
            self.world.conn,
            shop=SHOP,
            value_map=value_map_of(self.world.profile),
            books=self._books,
            recognition=self.recognition,
            given=self._statements(),
            progress=lambda line: None,
        )

    def apply(self, plan: Plan) -> Pushed:
        clock = SimulatedClock(NOW)
        return cutover.apply(
            self.world.conn,
            self.journal,
            plan,
            shop=SHOP,
            value_map=value_map_of(self.world.profile),
            books=self._books,
            clock=clock,
            sender=Sender(
                self.world.conn, self.journal, shop=SHOP, clock=clock, rng=Random(7), limits=BackofficeSettings()
            ),
            batch_size=20,
            progress=lambda line: None,
        )

    def push(self) -> Pushed:
        pushed = push(
            self.world.conn,
            self.journal,
            shop=SHOP,
            value_map=value_map_of(self.world.profile),
            go_live_on=self.began_on,
            time_zone=PROFILES[self.world.profile].time_zone,
            clock=SimulatedClock(NOW),
            rng=Random(7),
            limits=BackofficeSettings(),
            batch_size=20,
            progress=lambda line: None,
            recognition=self.recognition,
        )
        self.refused = self.world.refused().keys()
        return pushed

    def stock(self) -> dict[tuple[str, str], Decimal]:
        """Units by variant and location."""
        return {(row.product, row.location): row.quantity for row in self.journal.stock(SHOP)}

    def by_order(self, account: str) -> dict[str, Decimal]:
        """Balance of an account by order, zeros left out."""
        sums: defaultdict[str, Decimal] = defaultdict(Decimal)
        for row in self.journal.ledger(SHOP):
            if row.account == account:
                sums[row.order_id] += row.amount
        return {order_id: amount for order_id, amount in sums.items() if amount}

    def balance(self, account: str) -> Decimal:
        return sum(self.by_order(account).values(), Decimal(0))

    @property
    def eve(self) -> str:
        """The last second before the books begin, as the log writes it."""
        return f"{self._books.go_live_at.astimezone(UTC) - timedelta(seconds=1):%Y-%m-%dT%H:%M:%SZ}"

    @property
    def _books(self) -> Books:
        return Books(self.began_on, ZoneInfo(PROFILES[self.world.profile].time_zone))

    def _statements(self) -> dict[str, Decimal]:
        """What the shop's own statements say stood on gateways that settle outside Shopify."""
        told = clearing(self.world.folder / "world", self.eve)
        return {gateway: Decimal(figures["clearing"]) for gateway, figures in told.items() if gateway != PAYMENTS}


@pytest.fixture
def world(request: pytest.FixtureRequest, warehouse_dsn: str, tmp_path: Path) -> Iterator[World]:
    with connect(warehouse_dsn) as conn:
        yield World.made(conn, tmp_path, request.param)


@pytest.mark.parametrize(
    ("world", "recognition"),
    [("usd", "order"), ("gbp", "fulfillment"), ("jpy", "order")],
    ids=["USD", "GBP by fulfillment", "JPY"],
    indirect=["world"],
)
def test_books_that_begin_in_the_middle_end_as_those_from_the_beginning(world: World, recognition: Recognition) -> None:
    codes = value_map_of(world.profile)
    world.forget_pushes()
    whole = world.books(EVER, recognition)
    whole.push()
    world.forget_pushes()
    late = world.books(GO_LIVE_ON, recognition)
    plan = late.plan()
    assert plan.orders
    # Only the bank knows on which side of go-live a payout of its last days arrived.
    ours = [each.what for each in plan.not_brought if each.currency == PROFILES[world.profile].currency]
    assert all(what.startswith("payout ") for what in ours), ours
    assert late.apply(plan).rejected == 0
    late.push()
    # Money of other currencies than the books' is refused whenever they begin.
    assert set(late.refused) <= set(whole.refused)

    for account in map(codes.account, ("receivable", "deferred")):
        assert late.by_order(account) == whole.by_order(account)
    for held in map(codes.balance_type, ("RESERVED_FUNDS", "DISPUTE_WITHDRAWAL")):
        assert late.balance(held) == whole.balance(held)
    for gateway, told in clearing(world.folder / "world").items():
        assert late.balance(codes.gateway(gateway)) == told["clearing"], gateway
    at_go_live = owed(world.folder / "world", late.eve)
    for gateway, told in owed(world.folder / "world").items():
        # What cards and credit in other currencies paid before go-live is in nobody's open balance.
        open_now = told["open"] + told["sold"] + told["abroad"] - at_go_live[gateway]["abroad"]
        assert late.balance(codes.gateway(gateway)) == -open_now, gateway
    assert late.stock() == world.on_hand(codes.locations)
