"""What a push remembers: the dirty set it works off, and the last fingerprint and outcome of every record.

Here: one-line calls of ``push_log.sql``. Not here: the transaction around them, and what is owed (``owed.py``).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import msgspec
from psycopg import Connection
from psycopg.rows import TupleRow

from shopify_pipeline.backoffice.protocol import Outcome
from shopify_pipeline.backoffice.value_map import ValueMap
from shopify_pipeline.statements import statements

SQL = statements(Path(__file__).with_name("push_log.sql"))

#: Outcomes that leave a record due.
REFUSED = frozenset({Outcome.REJECTED, Outcome.CONFLICT})

Conn = Connection[TupleRow]


class Dirty(msgspec.Struct, frozen=True):
    """One row of the dirty set, at the sequence number it was read with."""

    resource: str
    external_id: str
    seq: int


class Last(msgspec.Struct, frozen=True):
    """What became of one record when it was last due; the fingerprint is of what was last sent."""

    fingerprint: str
    outcome: Outcome

    @property
    def is_held(self) -> bool:
        """Whether the back office took it."""
        return self.outcome not in REFUSED


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    """What the back office (or the mapping) said about one record."""

    external_id: str
    fingerprint: str
    outcome: Outcome
    reason: str | None = None


def store_value_map(conn: Conn, shop: str, value_map: ValueMap) -> None:
    """Replace the stored value map by this one, so that rules read the map that is in force."""
    conn.execute(SQL["value_map_clear"], {"shop": shop})
    with conn.cursor() as cursor:
        cursor.executemany(
            SQL["value_map_entry"],
            [{"shop": shop, "kind": kind, "key": key, "code": code} for kind, key, code in value_map.entries()],
        )


def has_pushed(conn: Conn, shop: str) -> bool:
    """Whether anything was ever pushed for the shop."""
    row = conn.execute(SQL["has_pushed"], {"shop": shop}).fetchone()
    return bool(row and row[0])


def dirty(conn: Conn, shop: str) -> list[Dirty]:
    """The dirty set, oldest mark first."""
    return [Dirty(*row) for row in conn.execute(SQL["dirty"], {"shop": shop}).fetchall()]


def mark_dirty(conn: Conn, shop: str, resource: str, external_ids: Sequence[str], now: datetime) -> None:
    """Mark records dirty, again if they are already."""
    conn.execute(
        SQL["mark_dirty"], {"shop": shop, "resource": resource, "external_ids": list(external_ids), "now": now}
    )


def settle(conn: Conn, shop: str, rows: Sequence[Dirty]) -> None:
    """Take rows out of the dirty set, except those marked again meanwhile."""
    conn.execute(SQL["settle"], {"shop": shop, **_columns(rows)})


def let_wait(conn: Conn, shop: str, rows: Sequence[Dirty]) -> None:
    """Keep rows in the dirty set as ones that cannot be decided yet; those marked again meanwhile are new again."""
    conn.execute(SQL["let_wait"], {"shop": shop, **_columns(rows)})


def refused(conn: Conn, shop: str, resource: str) -> list[str]:
    """Ids that were not taken when they were last due: rejected, or changed by a person in the back office."""
    return [row[0] for row in conn.execute(SQL["refused"], {"shop": shop, "resource": resource}).fetchall()]


def last(conn: Conn, shop: str, resource: str, external_ids: Sequence[str]) -> dict[str, Last]:
    """What became of these records when they were last due, by id; one that never was is not in it."""
    parameters = {"shop": shop, "resource": resource, "external_ids": list(external_ids)}
    return {
        external_id: Last(fingerprint, Outcome(outcome))
        for external_id, fingerprint, outcome in conn.execute(SQL["last"], parameters).fetchall()
    }


def record(conn: Conn, shop: str, resource: str, answers: Sequence[Answered], now: datetime) -> None:
    """Remember what was answered."""
    with conn.cursor() as cursor:
        cursor.executemany(
            SQL["record"],
            [
                {
                    "shop": shop,
                    "resource": resource,
                    "now": now,
                    **msgspec.structs.asdict(answer),
                    "outcome": answer.outcome.value,
                }
                for answer in answers
            ],
        )


def forget_refused(conn: Conn, shop: str, resource: str, external_ids: Sequence[str]) -> None:
    """Forget that records were rejected which nothing is owed for any more."""
    conn.execute(SQL["forget_refused"], {"shop": shop, "resource": resource, "external_ids": list(external_ids)})


def forget(conn: Conn, shop: str, resource: str, external_ids: Sequence[str]) -> None:
    """Forget how records were pushed: the next push sends them whatever their fingerprint."""
    conn.execute(SQL["forget"], {"shop": shop, "resource": resource, "external_ids": list(external_ids)})


def forget_entries(conn: Conn, shop: str, kinds: Sequence[str], root_ids: Sequence[str]) -> None:
    """Forget how the entries of roots were pushed, by the first two words of their ids: ``payout/<id>``."""
    conn.execute(SQL["forget_entries"], {"shop": shop, "kinds": list(kinds), "root_ids": list(root_ids)})


def _columns(rows: Sequence[Dirty]) -> dict[str, list[str] | list[int]]:
    return {
        "resources": [row.resource for row in rows],
        "external_ids": [row.external_id for row in rows],
        "seqs": [row.seq for row in rows],
    }
