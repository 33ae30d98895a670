"""The breaker's memory: a back office that failed again and again is left alone, by every process, for a while.

Here: one-line calls of ``pauses.sql``. Not here: what counts as a failure, and who keeps to a pause
(``steps/push_sending.py``).
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import msgspec
from psycopg import Connection
from psycopg.rows import TupleRow

from shopify_pipeline.statements import statements

SQL = statements(Path(__file__).with_name("pauses.sql"))

Conn = Connection[TupleRow]


class Pause(msgspec.Struct, frozen=True):
    """A back office nobody asks before ``until`` (UTC).

    Attributes:
        since: When the outage began, UTC.
        message: How it failed the last time.
    """

    since: datetime
    until: datetime
    message: str


def find(conn: Conn, shop: str) -> Pause | None:
    """The outage that is not over; its pause may be."""
    row = conn.execute(SQL["find"], {"shop": shop}).fetchone()
    return None if row is None else Pause(*row)


def begin(conn: Conn, shop: str, pause: Pause) -> None:
    """Leave the back office alone; an outage that goes on keeps its beginning."""
    conn.execute(SQL["begin"], {"shop": shop, **msgspec.structs.asdict(pause)})


def finish(conn: Conn, shop: str) -> None:
    """It answers again."""
    conn.execute(SQL["finish"], {"shop": shop})
