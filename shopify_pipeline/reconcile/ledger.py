"""The break ledger: every difference ever found, with its age and what became of it. Nothing in it is deleted.

Here: a break's key, its sighting, closing and reopening. Not here: finding differences (``rules.py``), repairing them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

from psycopg import Connection
from psycopg.rows import TupleRow
from psycopg.types.json import Jsonb

from shopify_pipeline.reconcile.rules import Verdict
from shopify_pipeline.statements import statements

SQL = statements(Path(__file__).with_name("ledger.sql"))

Conn = Connection[TupleRow]


def break_id(rule: str, shop: str, entity: str, key: str) -> str:
    """Key of a break: the same difference has the same key in every run."""
    return hashlib.sha256("\n".join((rule, shop, entity, key)).encode()).hexdigest()


def counted_at(conn: Conn, shop: str) -> datetime | None:
    """The shop's clock when it was last counted; None unless both shop and back office have been read."""
    row = conn.execute(SQL["bounds"], {"shop": shop}).fetchone()
    return row[0] if row else None


def begin_run(conn: Conn, shop: str, as_of: datetime, now: datetime) -> int:
    """Write down that a run began."""
    row = conn.execute(SQL["run_begin"], {"shop": shop, "as_of": as_of, "now": now}).fetchone()
    if row is None:
        raise AssertionError("insert … returning returned no row")
    return int(row[0])


def end_run(conn: Conn, run_id: int, verdicts: Sequence[Verdict], now: datetime) -> None:
    """Write down what each rule compared and found."""
    counts = {v.rule.name: {"checked": v.checked, "found": len(v.differences)} for v in verdicts}
    conn.execute(SQL["run_end"], {"run_id": run_id, "rules": Jsonb(counts), "now": now})


def sight(conn: Conn, shop: str, verdicts: Sequence[Verdict], now: datetime) -> None:
    """Enter what was found now, and close what was not."""
    rows = list(_sightings(shop, verdicts, now))
    with conn.cursor() as cursor:
        cursor.executemany(SQL["sight"], rows)
    conn.execute(SQL["close_unseen"], {"shop": shop, "now": now, "break_ids": [row["break_id"] for row in rows]})


def keep_residuals(conn: Conn, shop: str) -> int:
    """Name what conversion left in orders paid in another currency, and say how often; asks for ``judge`` before it."""
    conn.execute(SQL["clear_residuals"], {"shop": shop})
    return conn.execute(SQL["keep_residuals"], {"shop": shop}).rowcount


def open_counts(conn: Conn, shop: str) -> list[tuple[str, str, int]]:
    """(rule, class, open breaks)."""
    return [(rule, kind, count) for rule, kind, count in conn.execute(SQL["open_counts"], {"shop": shop}).fetchall()]


def orders_of(conn: Conn, shop: str, break_ids: Sequence[str]) -> list[str]:
    """Ids of the orders these open breaks are about, sorted; breaks about anything else are passed over."""
    rows = conn.execute(SQL["orders_of_breaks"], {"shop": shop, "break_ids": list(break_ids)}).fetchall()
    return sorted(row[0] for row in rows)


def _sightings(shop: str, verdicts: Sequence[Verdict], now: datetime) -> Iterator[dict[str, object]]:
    for verdict in verdicts:
        rule = verdict.rule
        for found in verdict.differences:
            yield {
                "break_id": break_id(rule.name, shop, found.entity, found.key),
                "shop": shop,
                "rule": rule.name,
                "class": found.kind,
                "severity": rule.severity,
                "entity": found.entity,
                "key": found.key,
                "expected": found.expected,
                "actual": found.actual,
                "difference": found.difference,
                "currency": found.currency,
                "message": found.message,
                "proposed_repair": rule.repair(found.kind),
                "since": found.since,
                "now": now,
            }


def accept(conn: Conn, shop: str, break_id: str, *, by: str, because: str) -> bool:
    """Accept one open break in a person's name; False when there is no such open break."""
    values = {"shop": shop, "break_id": break_id, "by": by, "because": because}
    return conn.execute(SQL["accept"], values).fetchone() is not None
