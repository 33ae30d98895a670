"""Pacing by what Shopify reports about its bucket of query cost, so that it seldom has to refuse.

Here: the bucket's arithmetic and the wait before a call. Not here: waiting after a refusal (``retry.py``).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from shopify_pipeline.clock import Clock


@dataclass(frozen=True)
class Bucket:
    """The leaky bucket as Shopify last reported it (``extensions.cost.throttleStatus``): points, points per second."""

    maximum: float
    available: float
    restore_per_second: float

    def after(self, seconds: float) -> Bucket:
        """The bucket some time later, if nobody takes from it."""
        refilled = min(self.maximum, self.available + self.restore_per_second * max(0.0, seconds))
        return Bucket(self.maximum, refilled, self.restore_per_second)

    def wait_seconds(self, cost: float) -> float:
        """How long until it holds ``cost``; 0 when it does. A cost above the maximum waits for a full bucket."""
        missing = min(cost, self.maximum) - self.available
        if missing <= 0 or self.restore_per_second <= 0:
            return 0.0
        return float(math.ceil(missing / self.restore_per_second))


class Governor:
    """Waits before a call until the bucket should hold what this operation was asked to cost last time.

    The bucket is shared with every other process of this app and shop, so this is an estimate; Shopify's refusal is the
    authority.

    Attributes:
        waited_seconds: All waits so far.
    """

    def __init__(self, clock: Clock) -> None:
        self.waited_seconds = 0.0
        self._clock = clock
        self._bucket: Bucket | None = None
        self._seen_at = 0.0
        self._requested: dict[str, float] = {}

    def pace(self, operation: str) -> None:
        """Wait, if need be, before sending this operation."""
        if self._bucket is None:
            return
        now = self._bucket.after(self._clock.monotonic() - self._seen_at)
        seconds = now.wait_seconds(self._requested.get(operation, 0.0))
        if seconds > 0:
            self.waited_seconds += seconds
            self._clock.sleep(seconds)

    def observe(self, operation: str, requested: float | None, bucket: Bucket | None) -> None:
        """Remember what an answer said."""
        if requested is not None:
            self._requested[operation] = requested
        if bucket is not None:
            self._bucket, self._seen_at = bucket, self._clock.monotonic()
