"""Shops that are left alone: who would not have us, since when and until when; durable, for every process.

Here: rows of one stage of ``ops.stages``, whose newest counts. Not here: who keeps to it (``steps/rooms.py``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from psycopg.errors import UndefinedTable

from shopify_pipeline.errors import ConfigError
from shopify_pipeline.statements import statements
from shopify_pipeline.warehouse.connect import Connection
from shopify_pipeline.warehouse.loads import record_stage

SQL = statements(Path(__file__).with_name("left_alone.sql"))

#: Name in ``ops.stages`` of what a shop last said to our being there at all.
STAGE = "access"

#: ``blocked``: it took us for an attacker; ``access lost``: the app is not installed there any more.
Reason = Literal["blocked", "access lost"]


@dataclass(frozen=True)
class LeftAlone:
    """A shop nobody asks anything now.

    Attributes:
        since: When it refused us, our clock, UTC.
        until: When it may be asked again, UTC; None: when a person has acted.
        message: What the refusal said.
    """

    reason: Reason
    since: datetime
    until: datetime | None
    message: str


def left_alone(conn: Connection, shop: str, now: datetime) -> LeftAlone | None:
    """Why this shop is left alone at an instant; None when it is not.

    Raises:
        ConfigError: The database has no schema yet.
    """
    try:
        with conn.transaction():
            row = conn.execute(SQL["newest"], {"shop": shop, "stage": STAGE}).fetchone()
    except UndefinedTable as exc:
        raise ConfigError("the database has no schema yet: run shopify-pipeline migrate") from exc
    if row is None or row[0] != "failed":
        return None
    found = LeftAlone(*row[1:])
    return found if found.until is None or now < found.until else None


def leave_alone(conn: Connection, shop: str, found: LeftAlone) -> None:
    """Keep every process from asking this shop; a shop that is left alone for the same reason stays so since then.

    Raises:
        ConfigError: The database has no schema yet.
    """
    known = left_alone(conn, shop, found.since)
    if known is not None and known.reason == found.reason and known.until is None:
        return
    record_stage(
        conn,
        shop=shop,
        stage=STAGE,
        started_at=found.since,
        finished_at=found.since,
        outcome="failed",
        message=found.message,
        counts={"reason": found.reason, "until": found.until.isoformat() if found.until else None},
    )


def come_back(conn: Connection, shop: str, at: datetime) -> None:
    """End it: the shop answers us again."""
    record_stage(
        conn, shop=shop, stage=STAGE, started_at=at, finished_at=at, outcome="success", message=None, counts={}
    )
