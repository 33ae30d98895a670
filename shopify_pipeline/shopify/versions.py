"""The calendar of Admin API versions.

Here: when a version is retired. Which version is asked for is in the settings, which one answered in ``answers.py``.
Source: https://shopify.dev/docs/api/usage/versioning.
"""

from __future__ import annotations

from datetime import UTC, date, datetime

#: The version the documents are written for.
PINNED = "2026-10"
MONTHS_SUPPORTED = 12


def retires_on(version: str) -> date:
    """First day on which Shopify may answer this version by another one: a year after its quarter began.

    Shopify promises at least twelve months and usually gives some days more.

    Args:
        version: Such as ``2026-10``.
    """
    year, month = (int(part) for part in version.split("-"))
    return date(year + MONTHS_SUPPORTED // 12, month, 1)


def days_left(version: str, now: datetime) -> int:
    """Whole days until the version may retire (UTC); negative afterwards."""
    return (retires_on(version) - now.astimezone(UTC).date()).days
