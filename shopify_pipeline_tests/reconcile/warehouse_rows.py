"""Rows written straight into schema ``shopify``; every column a test does not speak of gets a plain value."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from psycopg import sql

from shopify_pipeline.schemas import STREAMS, Kind, Table
from shopify_pipeline.warehouse.connect import Connection
from shopify_pipeline.warehouse.ddl import is_root

SHOP = "a-shop.myshopify.com"
BEFORE = datetime(2026, 11, 2, 15, tzinfo=UTC)
LOADED_AT = datetime(2026, 11, 2, 16, tzinfo=UTC)

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
    Kind.DECIMAL: Decimal(0),
    Kind.DATE: BEFORE.date(),
    Kind.JSON: "{}",
}


def orders_were_read(conn: Connection, shop: str, up_to: datetime) -> None:
    """Say that every order changed up to this instant is in the warehouse."""
    with conn.transaction():
        conn.execute(
            """
            with load as (
                insert into ops.loads (shop, stream, mode, window_to, state, landing_prefix, started_at)
                values (%(shop)s, 'orders', 'full', %(up_to)s, 'abandoned', '', %(up_to)s)
                returning load_id
            )
            insert into ops.cursors (shop, stream, cursor_at, load_id)
            select %(shop)s, 'orders', %(up_to)s, load_id from load
            on conflict (shop, stream) do update set cursor_at = excluded.cursor_at
            """,
            {"shop": shop, "up_to": up_to},
        )


def insert(conn: Connection, name: str, /, **values: Any) -> None:
    """One row of a warehouse table; columns that may not be null and are not given get a plain value."""
    fill(conn, name, [values])


def fill(conn: Connection, name: str, /, rows: Iterable[Mapping[str, Any]]) -> None:
    """Rows of a warehouse table, which all name the same columns."""
    stream, table = _TABLES[name]
    plain = {"shop": SHOP, "_load_id": 1, "_loaded_at": LOADED_AT, **_defaults(table)}
    whole = [{**plain, **row} for row in rows]
    if is_root(stream, table):
        whole = [{"_observed_at": row.get("updated_at", BEFORE), "_root_hash": "hash", **row} for row in whole]
    if whole:
        names = sql.SQL(", ").join(map(sql.Identifier, whole[0]))
        statement = sql.SQL("copy shopify.{} ({}) from stdin").format(sql.Identifier(name), names)
        with conn.cursor().copy(statement) as copy:
            for row in whole:
                copy.write_row(list(row.values()))


def _defaults(table: Table) -> dict[str, Any]:
    return {
        column.name: "USD" if column.name.endswith("currency") else _PLAIN[column.kind]
        for column in table.columns
        if not column.nullable
    }
