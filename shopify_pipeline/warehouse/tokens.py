"""Where a shop's tokens are kept between processes: one sealed row per shop, whose lock is the lock of a refresh.

Here: the row and its lock. Not here: what is in it; that is sealed and opened by who knows the key.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from psycopg.errors import LockNotAvailable, OperationalError, UndefinedTable

from shopify_pipeline.errors import ConfigError, TransientError
from shopify_pipeline.statements import statements
from shopify_pipeline.warehouse.connect import Connection

SQL = statements(Path(__file__).with_name("tokens.sql"))


class HeldTokens:
    """One shop's row, locked until the end of its transaction.

    Attributes:
        sealed: What was kept when the lock was taken; None before the first time.
    """

    def __init__(self, conn: Connection, shop: str, sealed: bytes | None) -> None:
        self.sealed = sealed
        self._conn = conn
        self._shop = shop

    def store(self, sealed: bytes, at: datetime) -> None:
        """Replace what is kept; committed when this returns, which also ends the lock.

        Raises:
            TransientError: PostgreSQL did not keep it.
        """
        try:
            self._conn.execute(SQL["store"], {"shop": self._shop, "sealed": sealed, "at": at})
            self._conn.commit()
        except OperationalError as exc:
            raise TransientError(f"{self._shop}: the warehouse did not keep the renewed token; it is not used") from exc


class ShopTokens:
    """The kept tokens of one shop.

    Args:
        connect: Opens a connection of its own; a lock must not share a transaction with anything else.
    """

    def __init__(self, connect: Callable[[], Connection], shop: str) -> None:
        self._connect = connect
        self._shop = shop

    @contextmanager
    def held(self) -> Iterator[HeldTokens]:
        """Hold the shop's row against every other process; PostgreSQL lets go of it when this one dies.

        Raises:
            TransientError: Another process has held it for two minutes, or PostgreSQL does not answer.
            ConfigError: The database has no such table yet.
        """
        with self._connect() as conn:
            yield HeldTokens(conn, self._shop, self._locked(conn))

    def _locked(self, conn: Connection) -> bytes | None:
        try:
            conn.execute(SQL["limit_waiting"])
            conn.execute(SQL["ensure_row"], {"shop": self._shop})
            row = conn.execute(SQL["lock_row"], {"shop": self._shop}).fetchone()
        except LockNotAvailable as exc:
            raise TransientError(
                f"{self._shop}: another process has been renewing the access token for too long"
            ) from exc
        except UndefinedTable as exc:
            raise ConfigError("the database has no place for tokens yet: run shopify-pipeline migrate") from exc
        return row[0] if row is not None else None
