"""Sandbox worlds as a warehouse: rows as the sandbox's own auditor tells them, read back as the push reads them.

Not here: expectations.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import psycopg
from psycopg import sql

import shopify_pipeline.local
from shopify_pipeline.backoffice import owed
from shopify_pipeline.backoffice.mapping import Books
from shopify_pipeline.backoffice.owed import OrderFacts
from shopify_pipeline.backoffice.value_map import ValueMap, read_value_map
from shopify_sandbox.store import Store
from shopify_sandbox.truth import rows_of
from shopify_sandbox.world.arguments import Arguments
from shopify_sandbox.world.profiles import PROFILES

NOW = datetime(2026, 11, 23, tzinfo=UTC)
#: Long before the first order: everything is in the books.
EVER = date(2026, 1, 1)
SHOP = "world.myshopify.com"
TABLES = (
    *("orders", "order_lines", "order_agreements", "order_sales", "order_sale_taxes", "order_transactions"),
    *("refunds", "refund_lines", "refund_adjustments", "fulfillments", "fulfillment_lines"),
    *("reverse_fulfillment_orders", "reverse_fulfillment_lines", "reverse_dispositions"),
    *("products", "variants", "inventory_items", "locations"),
)


def value_map_of(profile: str) -> ValueMap:
    """The value map that ships with the project for a shop of this kind."""
    name = "value_map.toml" if profile == "usd" else f"value_map_{profile}.toml"
    return read_value_map(Path(shopify_pipeline.local.__file__).with_name(name))


def books_of(profile: str) -> Books:
    """Books that hold everything, in the shop's zone."""
    return Books(EVER, ZoneInfo(PROFILES[profile].time_zone))


def world_in_warehouse(
    conn: psycopg.Connection,
    folder: Path,
    *,
    orders: int,
    seed: int = 7,
    profile: str = "usd",
    variants: Mapping[str, str] | None = None,
    shop: str = SHOP,
) -> list[OrderFacts]:
    """Make a full world, put its rows into the warehouse under ``shop``, and read what is owed for every order."""
    arguments = Arguments(
        seed=seed, orders=orders, days=60, now=NOW, shop=SHOP, profile=profile, mix="full", variants=variants or {}
    )
    Store.create(folder, arguments)
    for table, rows in rows_of(folder, TABLES).items():
        _copy(conn, shop, table, rows)
    books = books_of(profile)
    return owed.order_facts(
        conn, shop, [row.order_id for row in owed.orders_in_scope(conn, shop, books.go_live_at, None)]
    )


def _copy(conn: psycopg.Connection, shop: str, table: str, rows: list[dict[str, str | None]]) -> None:
    known = [
        column
        for (column,) in conn.execute(
            "select column_name from information_schema.columns where table_schema = 'shopify' and table_name = %s",
            [table],
        )
    ]
    own: dict[str, str | None] = {
        "shop": shop,
        "_load_id": "1",
        "_loaded_at": NOW.isoformat(),
        "_observed_at": NOW.isoformat(),
        "_root_hash": "",
        "_deleted": "false",
    }
    columns = [name for name in known if name in own or (rows and name in rows[0])]
    statement = sql.SQL("copy {} ({}) from stdin").format(
        sql.Identifier("shopify", table), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    with conn.cursor().copy(statement) as copy:
        for row in rows:
            copy.write_row([(own | row)[name] for name in columns])
