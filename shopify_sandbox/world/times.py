"""Instants as the world writes them: UTC, whole seconds, ``2026-11-20T12:00:00Z``.

Here: text to datetime and back. Not here: any clock; the world's time is an argument everywhere.
"""

from datetime import UTC, datetime
from functools import lru_cache


@lru_cache(maxsize=65_536)
def instant(text: str) -> datetime:
    """Read a stamp of an event; raises ValueError when it is not an ISO instant."""
    return datetime.fromisoformat(text).astimezone(UTC)


def stamp(moment: datetime) -> str:
    """Write an instant the way Shopify prints it; fractions of a second are cut."""
    utc = moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    return utc.replace(tzinfo=None).isoformat(timespec="seconds") + "Z"
