"""What people ask: how fresh, how complete, how agreed; read-only, straight from ``ops`` and ``recon``.

Here: rows as dictionaries, for tables and JSON. Not here: any judgement; alerts have thresholds of their own.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from psycopg import Connection
from psycopg.rows import TupleRow, dict_row

from shopify_pipeline.statements import statements

SQL = statements(Path(__file__).with_name("status.sql"))

Conn = Connection[TupleRow]
Rows = list[dict[str, Any]]


def status(conn: Conn, shop: str, now: datetime) -> dict[str, Rows]:
    """Streams, stages of the last day, what waits, what a person has to do, and open breaks by class."""
    names = ("streams", "stages", "backlog", "to_do", "open_breaks")
    return {name: _rows(conn, name, shop=shop, now=now) for name in names}


def open_breaks(conn: Conn, shop: str) -> dict[str, int]:
    """Open breaks by class."""
    return {row["class"]: row["open_breaks"] for row in _rows(conn, "open_breaks", shop=shop)}


def breaks(conn: Conn, shop: str, now: datetime, *, every: bool) -> Rows:
    """The ledger, oldest first; with ``every`` also what is closed or accepted."""
    return _rows(conn, "breaks", shop=shop, now=now, every=every)


def quarantine(conn: Conn, shop: str) -> Rows:
    """Withheld roots with rule, value path and raw JSON."""
    rows = _rows(conn, "quarantine", shop=shop)
    return [row | {"raw": bytes(row["raw"]).decode("utf-8", "replace")} for row in rows]


def _rows(conn: Conn, name: str, **values: Any) -> Rows:
    with conn.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(SQL[name], values).fetchall()
