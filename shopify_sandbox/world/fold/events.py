"""What the folds share: the shape of an event and of the function that folds it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from shopify_sandbox.world.state import State

Event = Mapping[str, Any]
Fold = Callable[[State, Event, datetime], None]
