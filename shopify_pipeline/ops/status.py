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
    """Streams, stages of the last day, what waits, what a person has to do, what the back office did not take, whether
    it is left alone, and open breaks by class."""
    names = ("streams", "stages", "backlog", "to_do", "not_taken", "back_office_paused", "open_breaks")
    return {name: _rows(conn, name, shop=shop, now=now) for name in names}


def loads(conn: Conn, shop: str, now: datetime, limit: int, load_id: int | None = None) -> Rows:
    """The newest loads: what came of each, what it cost, how long it took, how far behind the shop it was.

    ``seconds`` are by stage, in the order the stages are gone through. ``lag`` is from the newest stamp among its
    roots to the end of its window, both by the shop's clock; ``age`` from the end of its window to now.

    Args:
        load_id: Only this load; None: the newest of all.
    """
    stages = ("count", "read", "land", "parse", "validate", "copy", "merge")
    rows = _rows(conn, "loads", shop=shop, now=now, limit=limit, load_id=load_id)
    return [
        row | {"seconds": {name: row["seconds"][name] for name in stages if name in row["seconds"]}} for row in rows
    ]


def shop(conn: Conn, domain: str, now: datetime) -> dict[str, Any]:
    """What one shop said of itself, whether it is paused, when it was last synced, and its open breaks."""
    [row] = _rows(conn, "shop", shop=domain, now=now)
    return row


def open_breaks(conn: Conn, shop: str) -> dict[str, int]:
    """Open breaks by class."""
    return {row["class"]: row["open_breaks"] for row in _rows(conn, "open_breaks", shop=shop)}


def quarantine(conn: Conn, shop: str) -> Rows:
    """Withheld roots with rule, value path and raw JSON."""
    rows = _rows(conn, "quarantine", shop=shop)
    return [row | {"raw": bytes(row["raw"]).decode("utf-8", "replace")} for row in rows]


def _rows(conn: Conn, name: str, **values: Any) -> Rows:
    with conn.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(SQL[name], values).fetchall()
