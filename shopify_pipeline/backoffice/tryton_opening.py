"""From ``[tryton]`` in the settings to the adapter. Not here: a word to the server (``tryton.py``)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import requests

from shopify_pipeline.backoffice.tryton import TrytonBackOffice
from shopify_pipeline.clock import Clock
from shopify_pipeline.config import Settings
from shopify_pipeline.errors import ConfigError


def open_backoffice(
    settings: Settings, options: Mapping[str, Any], clock: Clock, progress: Callable[[str], None]
) -> TrytonBackOffice:
    """Tryton as ``[tryton]`` says; logged in at the first call.

    Raises:
        ConfigError: There are options, or no password is set.
    """
    if options:
        raise ConfigError(f"[backoffice.options] of tryton: {', '.join(options)} belongs into [tryton]")
    tryton = settings.tryton
    return TrytonBackOffice(
        tryton.url,
        tryton.database,
        tryton.user,
        tryton.secret(),
        session=requests.Session(),
        clock=clock,
        timeout_seconds=tryton.timeout_seconds,
        orders_per_call=tryton.batch_size,
        progress=lambda resource, done, total: progress(f"{resource}: {done} of {total} in the back office"),
    )
