"""How a connection to the warehouse is opened; one place, so that every session has the same settings."""

from __future__ import annotations

import psycopg
from psycopg.rows import TupleRow

from shopify_pipeline.errors import ConfigError, TransientError

Connection = psycopg.Connection[TupleRow]


def connect(dsn: str, *, connect_timeout_seconds: int = 10) -> Connection:
    """A session in UTC that commits only where the caller says so.

    Raises:
        ConfigError: The DSN is not one, or names a database, user or password the server refuses.
        TransientError: Nobody answers; nothing was written.
    """
    try:
        return psycopg.connect(
            dsn, connect_timeout=connect_timeout_seconds, options="-c timezone=UTC", application_name="shopify_pipeline"
        )
    except psycopg.ProgrammingError as exc:
        raise ConfigError(
            "[warehouse] dsn is not a PostgreSQL DSN: postgresql://user:password@host:port/database"
        ) from exc
    except psycopg.OperationalError as exc:
        reason = str(exc).strip().splitlines()[-1]
        if "password authentication failed" in reason or "does not exist" in reason:
            raise ConfigError(f"PostgreSQL refuses [warehouse] dsn: {reason}") from exc
        raise TransientError(
            f"PostgreSQL does not answer; check [warehouse] dsn and that the server runs: {reason}"
        ) from exc
