"""The inbox: webhook hints as they arrived, kept until a sync has looked.

Here: keeping, counting and closing hints. Not here: HTTP and signatures (``webhooks/``), or what a hint leads to.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

import psycopg
from psycopg_pool import ConnectionPool

from shopify_pipeline.errors import TransientError
from shopify_pipeline.statements import statements
from shopify_pipeline.warehouse.connect import Connection

SQL = statements(Path(__file__).with_name("inbox.sql"))

#: Requests to hand out or delete personal data: a person has to answer them, and no sync does.
COMPLIANCE_TOPICS = ("customers/data_request", "customers/redact", "shop/redact")
#: What is kept and is no reason for a sync; our own bulk operation has finished because a sync is under way.
NO_HINTS = (*COMPLIANCE_TOPICS, "bulk_operations/finish")
#: Name in ``ops.stages`` of a look at the subscriptions.
SUBSCRIBE_STAGE = "subscribe"

#: One writes while the other is being replaced.
CONNECTIONS_MAX = 2
# Shopify waits 5 s in all: better a quick refusal, which it repeats, than an answer nobody hears.
CONNECTION_WAIT_SECONDS = 2.0
STATEMENT_MILLISECONDS = 2000


@dataclass(frozen=True)
class Hint:
    """One webhook delivery as it arrived.

    Attributes:
        webhook_id: Shopify's id of the delivery; a repeated delivery has the same.
        event_id: The same for everything one action of the merchant led to.
        triggered_at: As the header says it; headers are not signed.
        received_at: Our clock, UTC.
        body: The raw body, whose signature was verified.
    """

    shop: str
    webhook_id: str
    event_id: str | None
    topic: str
    api_version: str | None
    triggered_at: str | None
    received_at: datetime
    body: bytes


@dataclass(frozen=True)
class Waiting:
    """Hints nobody has acted on.

    Attributes:
        topics: Number of hints by topic.
        newest_received_at: When the latest came, UTC; what ``mark_handled`` takes after a sync that began later.
    """

    topics: Mapping[str, int]
    newest_received_at: datetime


class PostgresInbox:
    """The receiver's side, safe to use from many threads; open it with ``with``.

    Args:
        dsn: The warehouse, ``postgresql://user:password@host:port/database``; it need not answer yet.
    """

    def __init__(self, dsn: str) -> None:
        self._pool = ConnectionPool(
            dsn,
            min_size=1,
            max_size=CONNECTIONS_MAX,
            timeout=CONNECTION_WAIT_SECONDS,
            open=False,
            # A connection that died with the server is replaced, not handed out.
            check=ConnectionPool.check_connection,
            kwargs={
                "application_name": "shopify_pipeline_webhooks",
                "options": f"-c timezone=UTC -c statement_timeout={STATEMENT_MILLISECONDS}",
            },
        )

    def __enter__(self) -> Self:
        self._pool.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._pool.close()

    def store(self, hints: Sequence[Hint]) -> None:
        """Keep deliveries in one transaction; committed when this returns, and none kept twice.

        Raises:
            TransientError: PostgreSQL did not take them; none was kept.
        """
        # In one order everywhere, or two receivers that get the same deliveries would wait for each other.
        ordered = sorted(hints, key=lambda hint: (hint.shop, hint.webhook_id))
        columns = {each.name: [getattr(hint, each.name) for hint in ordered] for each in fields(Hint)}
        try:
            with self._pool.connection() as conn:
                conn.execute(SQL["store"], columns)
        except psycopg.Error as exc:
            shops = ", ".join(sorted({hint.shop for hint in hints}))
            raise TransientError(f"{shops}: the inbox did not keep webhooks: {type(exc).__name__}") from exc


def waiting(conn: Connection, shop: str) -> Waiting | None:
    """The shop's hints no sync has acted on; None when there are none. What is no hint is not among them."""
    rows = conn.execute(SQL["waiting"], {"shop": shop, "no_hints": list(NO_HINTS)}).fetchall()
    if not rows:
        return None
    return Waiting({topic: hints for topic, hints, _ in rows}, max(newest for _, _, newest in rows))


def mark_handled(conn: Connection, shop: str, up_to: datetime, at: datetime) -> int:
    """Close every hint that had come by an instant, in the caller's transaction; compliance requests stay open.

    Args:
        up_to: ``newest_received_at`` of what ``waiting`` said before the sync began; a later hint may tell of a
            later change.
        at: The present, UTC.

    Returns:
        How many were closed.
    """
    values = {"shop": shop, "up_to": up_to, "at": at, "requests": list(COMPLIANCE_TOPICS)}
    return conn.execute(SQL["mark_handled"], values).rowcount


def told(conn: Connection, shop: str, topics: Sequence[str]) -> list[tuple[str, bytes]]:
    """Topic and raw body of every open hint of these topics, oldest first."""
    return conn.execute(SQL["told"], {"shop": shop, "topics": list(topics)}).fetchall()


def last_subscribed(conn: Connection, shop: str, uri: str) -> frozenset[str]:
    """Topics this address was subscribed to when that was last looked at; none when it never was."""
    row = conn.execute(SQL["last_subscribed"], {"shop": shop, "stage": SUBSCRIBE_STAGE}).fetchone()
    return frozenset(row[1]) if row is not None and row[0] == uri else frozenset()
