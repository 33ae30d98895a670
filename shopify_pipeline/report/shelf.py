"""Where reports are kept: one file per shop and night, below one folder.

Here: a report's place, and writing it whole or not at all. Not here: what is in it.
"""

from __future__ import annotations

import os
import re
import tempfile
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from shopify_pipeline.errors import ConfigError

#: A shop's domain as a folder's name: nothing that leaves the folder, nothing hidden.
_SHOP = re.compile(r"[a-z0-9][a-z0-9.-]*", re.ASCII)


def day_of(counted_at: datetime, zone: str) -> date:
    """The shop's own day on which it was counted: the night's name."""
    return counted_at.astimezone(ZoneInfo(zone)).date()


def place(home: Path, shop: str, day: date) -> Path:
    """The file of a shop's night.

    Raises:
        ConfigError: The shop's name is none that can name a folder.
    """
    if not _SHOP.fullmatch(shop):
        raise ConfigError(f"{shop!r} is no shop's domain: no report can be kept under that name")
    return home / "reports" / shop / f"{day.isoformat()}.html"


def keep(path: Path, html: str) -> None:
    """Write a report; a reader sees the former one or this one, never half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=".", suffix=".part", dir=path.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(html)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(0o640)
        Path(name).replace(path)
    except BaseException:
        # An interruption, too: a half-written page must not stay beside the nights that are kept.
        Path(name).unlink(missing_ok=True)
        raise
