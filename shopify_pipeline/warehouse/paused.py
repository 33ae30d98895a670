"""Shops that a person has paused: no sensor and no schedule starts anything for them; durable, for every process.

Here: one row per paused shop. Not here: who keeps to it (``defs/``, ``steps/shops.py``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from psycopg.errors import UndefinedTable

from shopify_pipeline.errors import ConfigError
from shopify_pipeline.statements import statements
from shopify_pipeline.warehouse.connect import Connection

SQL = statements(Path(__file__).with_name("paused.sql"))


@dataclass(frozen=True)
class Paused:
    """A shop for which nothing is started.

    Attributes:
        since: Our clock, UTC.
        because: What the person who paused it said.
    """

    since: datetime
    because: str


def pause(conn: Connection, shop: str, because: str, at: datetime) -> None:
    """Start nothing for this shop any more; one that is paused stays so since then."""
    with conn.transaction():
        conn.execute(SQL["pause"], {"shop": shop, "paused_at": at, "because": because})


def resume(conn: Connection, shop: str) -> bool:
    """End it; False when the shop was not paused."""
    with conn.transaction():
        return conn.execute(SQL["resume"], {"shop": shop}).rowcount > 0


def paused(conn: Connection, shop: str) -> Paused | None:
    """Since when and why nothing is started for this shop; None when things are.

    Raises:
        ConfigError: The database has no schema yet.
    """
    try:
        with conn.transaction():
            row = conn.execute(SQL["paused"], {"shop": shop}).fetchone()
    except UndefinedTable as exc:
        raise ConfigError("the database has no schema yet, or an older one: run shopify-pipeline migrate") from exc
    return Paused(*row) if row else None
