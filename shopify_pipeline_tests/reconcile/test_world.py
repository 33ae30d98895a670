"""A whole sandbox shop through push, snapshot, census and rules: it agrees, keeps agreeing as it lives, and a planted
error is found.

The warehouse is filled from the auditor's own rows; the census is read over HTTPS by real bulk operations.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random

import pytest
from psycopg import sql

from shopify_pipeline.backoffice.journal import Chart, JournalBackOffice
from shopify_pipeline.backoffice.value_map import read_value_map
from shopify_pipeline.clock import SimulatedClock
from shopify_pipeline.config_sections import BackofficeSettings
from shopify_pipeline.reconcile.rules import rules
from shopify_pipeline.shopify.bulk import BulkRunner
from shopify_pipeline.steps.census import take_census
from shopify_pipeline.steps.push import Pushed, push
from shopify_pipeline.steps.reconcile import Reconciled, reconcile
from shopify_pipeline.steps.snapshot import take_snapshot
from shopify_pipeline.warehouse.connect import Connection, connect
from shopify_pipeline_tests.reconcile.warehouse_rows import fill, orders_were_read
from shopify_pipeline_tests.shopify.sandboxed import NOW, SHOP, SandboxShop, sandbox_shop
from shopify_sandbox.truth import KEYS, rows

VALUE_MAP = read_value_map(Path(__file__).parents[2] / "shopify_pipeline" / "local" / "value_map.toml")
GO_LIVE_ON = date(2026, 11, 6)
ZONE = "America/New_York"
#: Rules with nothing to compare here: no revenue waits, nothing is owed abroad, no Shopify Payments balance is loaded.
NOT_IN_A_PLAIN_SHOP = {"F4", "G2", "Y1", "Y2", "Y3", "Y4", "Y5", "Y7"}


class World:
    """A served sandbox, a warehouse that holds it, and a journal as its back office."""

    def __init__(self, conn: Connection, state: Path, served: SandboxShop) -> None:
        self.conn = conn
        self.state = state
        self.served = served
        self.clock = SimulatedClock(NOW)
        chart = Chart(
            currency="USD",
            receivable=VALUE_MAP.accounts["receivable"],
            accounts=frozenset([*VALUE_MAP.lines.values(), *VALUE_MAP.gateways.values()]),
            taxes=dict.fromkeys(VALUE_MAP.taxes.values(), VALUE_MAP.accounts["tax"]),
            locations=frozenset(VALUE_MAP.locations.values()),
        )
        self.journal = JournalBackOffice(state / "journal.jsonl", chart)
        orders_were_read(conn, SHOP, NOW + timedelta(days=365))

    def load(self) -> None:
        """The warehouse holds the shop as it is now, and every root is dirty."""
        with self.conn.transaction():
            for table in KEYS:
                self.conn.execute(sql.SQL("delete from shopify.{}").format(sql.Identifier(table)))
                fill(self.conn, table, [{**row, "shop": SHOP} for row in rows(self.state, table)])
            for table, key in (("orders", "order_id"), ("customers", "customer_id"), ("products", "product_id")):
                self.conn.execute(
                    sql.SQL(
                        "insert into ops.dirty "
                        "select shop, {}, {}::text, nextval('ops.dirty_seq'), now() from shopify.{} "
                        "on conflict (shop, resource, external_id) do update set seq = excluded.seq"
                    ).format(sql.Literal(table), sql.Identifier(key), sql.Identifier(table))
                )

    def push(self) -> Pushed:
        return push(
            self.conn,
            self.journal,
            shop=SHOP,
            value_map=VALUE_MAP,
            go_live_on=GO_LIVE_ON,
            time_zone=ZONE,
            clock=self.clock,
            rng=Random(7),
            limits=BackofficeSettings(),
            batch_size=10,
            progress=lambda line: None,
        )

    def compare(self) -> Reconciled:
        api = self.served.api()
        take_snapshot(self.conn, self.journal, shop=SHOP, clock=self.clock, progress=lambda line: None)
        bulk = BulkRunner(api, progress=lambda line: None, poll_seconds_min=0.05)
        take_census(self.conn, api, bulk, shop=SHOP, clock=self.clock, progress=lambda line: None)
        return reconcile(
            self.conn,
            shop=SHOP,
            value_map=VALUE_MAP,
            go_live_on=GO_LIVE_ON,
            time_zone=ZONE,
            lag_seconds=0,
            clock=self.clock,
        )

    def breaks(self) -> list[tuple[str, str, str]]:
        """(rule, class, message) of what is open and more than a call to look."""
        with self.conn.transaction():
            found = self.conn.execute(
                "select rule, class, message from recon.breaks "
                "where status = 'open' and class <> 'attention' order by 1, 3"
            )
            return [(rule, kind, message) for rule, kind, message in found.fetchall()]

    def one(self, query: str) -> object:
        with self.conn.transaction():
            row = self.conn.execute(query).fetchone()  # type: ignore[arg-type]
            assert row is not None
            return row[0]


@contextmanager
def world(dsn: str, state: Path, *, orders: int) -> Iterator[World]:
    with sandbox_shop(state, orders=orders) as served, connect(dsn) as conn:
        made = World(conn, state, served)
        made.load()
        yield made


@pytest.fixture
def shop(warehouse_dsn: str, tmp_path: Path) -> Iterator[World]:
    with world(warehouse_dsn, tmp_path / "state", orders=150) as made:
        yield made


def test_a_living_shop_agrees_after_every_push_and_a_forged_cent_is_found(shop: World) -> None:
    pushed = shop.push()
    assert pushed.rejected == 0
    assert pushed.counts["orders"]["created"] > 20
    assert pushed.out_of_scope > 20
    result = shop.compare()
    assert shop.breaks() == []
    assert {name for name in rules() if not result.checked[name]} == NOT_IN_A_PLAIN_SHOP

    shop.served.sandbox.store.advance(
        new_orders=6, fulfill=5, refund=5, edit=4, cancel=2, capture=3, settle=2, customer_update=2, product_update=2
    )
    shop.load()
    again = shop.push()
    assert again.rejected == 0
    assert again.documents > 10
    shop.compare()
    assert shop.breaks() == []

    shop.load()
    quiet = shop.push()
    assert quiet.documents == 0
    assert set(quiet.counts["orders"]) == {"unchanged"}

    with shop.conn.transaction():
        shop.conn.execute(
            "update backoffice.ledger set amount = amount - 0.01 where (external_id, account) in "
            "(select external_id, account from backoffice.ledger where account = '4000' order by external_id limit 1)"
        )
    reconcile(
        shop.conn,
        shop=SHOP,
        value_map=VALUE_MAP,
        go_live_on=GO_LIVE_ON,
        time_zone=ZONE,
        lag_seconds=0,
        clock=shop.clock,
    )
    ((rule, kind, _),) = shop.breaks()
    assert (rule, kind) == ("L1", "amount_mismatch")
    assert shop.one("select difference from recon.breaks where rule = 'L1'") == Decimal("-0.01")


def test_stock_that_is_counted_by_hand_in_the_shop_is_a_break_and_never_overwritten(shop: World) -> None:
    shop.push()
    shop.served.sandbox.store.advance(hours=1, stock_adjust=1)
    shop.load()
    shop.push()
    shop.compare()
    ((rule, kind, _),) = shop.breaks()
    assert (rule, kind) == ("I1", "quantity_mismatch")


def test_every_event_of_the_last_days_is_in_the_books_by_its_own_date(shop: World) -> None:
    shop.push()
    shop.compare()
    first = shop.one("select min(dated_on) from backoffice.documents")
    assert first == GO_LIVE_ON
    assert shop.one("select count(*) from backoffice.documents where action_type = 'RETURN'") > 0  # type: ignore[operator]
    assert shop.one("select max(paid_on) from backoffice.payments") >= GO_LIVE_ON + timedelta(days=7)  # type: ignore[operator]
