"""The census of a shop in which everything happens, read over HTTPS: table by table what the auditor says of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from psycopg import sql

from shopify_pipeline.clock import SimulatedClock
from shopify_pipeline.shopify.access import least_privilege
from shopify_pipeline.shopify.bulk import BulkRunner
from shopify_pipeline.steps.census import Census, take_census
from shopify_pipeline.warehouse.connect import Connection, connect
from shopify_pipeline_tests.reconcile.census_rows import CENSUS
from shopify_pipeline_tests.reconcile.warehouse_rows import fill
from shopify_pipeline_tests.shopify.sandboxed import NOW, SHOP, SandboxShop, sandbox_shop
from shopify_sandbox.truth import KEYS, clearing, rows_of

TABLES = (
    "lines",
    "sales",
    "sale_taxes",
    "transactions",
    "refunds",
    "fulfillments",
    "fulfillment_lines",
    "restocks",
    "variants",
    "locations",
    "levels",
    "gift_cards",
    "store_credit",
    "balance",
    "payouts",
    "disputes",
    "funds",
    "roots",
)
#: What an order tells of itself: column of the census → column of the warehouse, which the auditor fills.
ORDERS = {
    "original_total": "original_total_price",
    "total": "total_price",
    "current_total": "current_total_price",
    "current_tax": "current_total_tax",
    "current_shipping": "current_shipping_price",
    "current_discounts": "current_total_discounts",
    "total_received": "total_received",
    "total_refunded": "total_refunded",
    "total_outstanding": "total_outstanding",
}
PLAIN = (
    "order_id, name, created_at, processed_at, updated_at, cancelled_at, is_test, taxes_included, source_name, "
    "customer_id, company_id, financial_status, fulfillment_status, currency, presentment_currency"
)


@dataclass
class Shop:
    """A served world, and a warehouse beside it that holds nothing yet."""

    conn: Connection
    state: Path
    served: SandboxShop

    def count(self, lines: list[str] | None = None) -> Census:
        api = self.served.api()
        bulk = BulkRunner(api, progress=lambda line: None, poll_seconds_min=0.05)
        said = [] if lines is None else lines
        return take_census(self.conn, api, bulk, shop=SHOP, clock=SimulatedClock(NOW), progress=said.append)

    def audit(self) -> None:
        """Put the auditor's rows into the warehouse."""
        told = rows_of(self.state, tuple(KEYS))
        with self.conn.transaction():
            for table, held in told.items():
                fill(self.conn, table, [{**row, "shop": SHOP} for row in held])

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with self.conn.transaction():
            return self.conn.execute(query).fetchall()  # type: ignore[arg-type]

    def table(self, name: str) -> list[tuple[Any, ...]]:
        found = self.rows(sql.SQL("select * from {}").format(sql.Identifier("recon", f"census_{name}")))  # type: ignore[arg-type]
        return sorted(found, key=lambda row: [str(value) for value in row])


@pytest.fixture
def shop(warehouse_dsn: str, tmp_path: Path) -> Iterator[Shop]:
    state = tmp_path / "state"
    with sandbox_shop(state, orders=150, days=60, seed=5, mix="full", profile="gbp") as served:
        served.sandbox.tokens.set_scopes(least_privilege())
        with connect(warehouse_dsn) as conn:
            yield Shop(conn, state, served)


def test_a_full_world_is_counted_as_its_auditor_tells_it(shop: Shop) -> None:
    taken = shop.count()
    counted = {table: shop.table(table) for table in TABLES}
    sums = ", ".join(f"{column}, presentment_{column}" for column in ORDERS)
    orders = shop.rows(f"select {PLAIN}, {sums} from recon.census_orders order by order_id")

    shop.audit()
    told = ", ".join(f"{column}_shop, {column}_presentment" for column in ORDERS.values())
    assert orders == shop.rows(f"select {PLAIN}, {told} from shopify.orders order by order_id")

    with shop.conn.transaction():
        for statement in CENSUS:
            shop.conn.execute(statement, {"shop": SHOP, "as_of": NOW})  # type: ignore[arg-type]
    for table in TABLES:
        assert counted[table] == shop.table(table), table
    assert all(counted.values())
    assert not taken.left_out
    ((held,),) = shop.rows("select balance from recon.census_funds")
    assert held == clearing(shop.state)["shopify_payments"]["balance"]
    assert shop.rows("select distinct source from recon.census_restocks order by 1") == [("disposition",), ("refund",)]


def test_what_the_app_may_not_read_is_left_out_and_said(shop: Shop) -> None:
    held = [scope for scope in least_privilege() if "gift_card" not in scope and "disputes" not in scope]
    shop.served.sandbox.tokens.set_scopes(held)
    lines: list[str] = []

    taken = shop.count(lines)

    assert taken.left_out == {
        "CensusGiftCards": ["read_gift_cards"],
        "CensusDisputes": ["read_shopify_payments_disputes"],
    }
    assert "census: CensusGiftCards is left out, the app lacks read_gift_cards" in lines
    assert shop.table("gift_cards") == []
    assert shop.table("disputes") == []
    assert len(shop.table("balance")) > 20
    assert len(shop.table("orders")) == taken.counts["orders"] > 100
