"""The inbox: webhook hints as they arrived, kept until a sync has looked.

Here: keeping, counting and closing hints. Not here: HTTP and signatures (``webhooks/``), or what a hint leads to.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
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

CONNECTIONS_MAX = 4
# Shopify waits 5 s in all: better a quick refusal, which it repeats, than an answer nobody hears.
CONNECTION_WAIT_SECONDS = 2.0
STATEMENT_MILLISECONDS = 2000


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

    def store(
        self,
        *,
        shop: str,
        webhook_id: str,
        event_id: str | None,
        topic: str,
        api_version: str | None,
        triggered_at: str | None,
        received_at: datetime,
        body: bytes,
    ) -> bool:
        """Keep one delivery; committed when this returns.

        Returns:
            Whether it is new; False when this shop's delivery with this id is kept already.

        Raises:
            TransientError: PostgreSQL did not take it; nothing was kept.
        """
        row = {
            "shop": shop,
            "webhook_id": webhook_id,
            "event_id": event_id,
            "topic": topic,
            "api_version": api_version,
            "triggered_at": triggered_at,
            "received_at": received_at,
            "body": body,
        }
        try:
            with self._pool.connection() as conn:
                return conn.execute(SQL["store"], row).rowcount == 1
        except psycopg.Error as exc:
            raise TransientError(f"{shop}: the inbox did not keep a webhook: {type(exc).__name__}") from exc


def waiting(conn: Connection, shop: str) -> Waiting | None:
    """The shop's hints nobody has acted on; None when there are none."""
    rows = conn.execute(SQL["waiting"], {"shop": shop}).fetchall()
    if not rows:
        return None
    return Waiting({topic: hints for topic, hints, _ in rows}, max(newest for _, _, newest in rows))


def mark_handled(conn: Connection, shop: str, up_to: datetime, at: datetime) -> int:
    """Close every hint that had come by an instant, in the caller's transaction.

    Args:
        up_to: ``newest_received_at`` of what ``waiting`` said before the sync began; a later hint may tell of a
            later change.
        at: The present, UTC.

    Returns:
        How many were closed.
    """
    return conn.execute(SQL["mark_handled"], {"shop": shop, "up_to": up_to, "at": at}).rowcount
