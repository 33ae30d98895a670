"""Time as an argument: the one clock the engine is given.

Here: reading and waiting. Not here: Shopify's clock, which comes from its responses and alone moves cursors.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """What the engine may know about time."""

    def now(self) -> datetime:
        """The present instant, in UTC."""

    def monotonic(self) -> float:
        """Seconds from an arbitrary start that never run backwards."""

    def sleep(self, seconds: float) -> None:
        """Wait; a simulated clock jumps instead."""


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


@dataclass
class SimulatedClock:
    """A clock that stands still until somebody waits on it.

    Attributes:
        instant: The present, UTC.
        slept_seconds: Everything ever waited; what a test asserts instead of measuring.
    """

    instant: datetime
    slept_seconds: float = 0.0

    def now(self) -> datetime:
        return self.instant

    def monotonic(self) -> float:
        return self.instant.timestamp()

    def sleep(self, seconds: float) -> None:
        self.slept_seconds += seconds
        self.instant += timedelta(seconds=seconds)
