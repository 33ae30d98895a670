"""Brings a database to the newest schema, and says whether it is there.

Here: running alembic's revisions on one connection. Not here: any table's text (``migrations/``).
"""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, pool
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError

from shopify_pipeline.errors import TransientError

MIGRATIONS = Path(__file__).parent / "migrations"

#: Held while migrating, so that two processes that start together do not both create tables.
LOCK_KEY = 7_461_686_700


def migrate(dsn: str) -> str:
    """Apply every missing revision in one transaction.

    Args:
        dsn: ``postgresql://user:password@host:port/database``.

    Returns:
        The revision the database has now.

    Raises:
        TransientError: The server does not answer; nothing was changed.
    """
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    engine = create_engine(make_url(dsn).set(drivername="postgresql+psycopg"), poolclass=pool.NullPool)
    try:
        with engine.begin() as connection:
            connection.exec_driver_sql(f"select pg_advisory_xact_lock({LOCK_KEY})")
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            revision = MigrationContext.configure(connection).get_current_revision()
    except OperationalError as exc:
        target = make_url(dsn)
        raise TransientError(
            f"PostgreSQL does not answer at {target.host}:{target.port}/{target.database}: "
            "check [warehouse] dsn, and that the server runs"
        ) from exc
    return revision or ""


def newest() -> str:
    """The revision this code was written for."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return ScriptDirectory.from_config(config).get_current_head() or ""
