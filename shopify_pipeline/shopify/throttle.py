"""Pacing by what Shopify reports about its bucket of query cost, so that it seldom has to refuse.

Here: the bucket's arithmetic and the wait before a call. Not here: waiting after a refusal (``retry.py``).
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from shopify_pipeline.clock import Clock

#: The most Shopify lets one query request on any plan; what an operation never asked before is expected to.
QUERY_POINTS_MAX = 1000.0
#: A bucket fills in 20 s on every plan; whoever waits longer than this is misled and learns more by asking.
WAIT_SECONDS_MAX = 60.0
#: A shorter wait is not worth a sleep: Shopify rounds what it reports down.
_WAIT_SECONDS_MIN = 0.001
#: What a call leaves in the bucket for other processes: this share of a full one, but a cheap call need not leave more
#: than this many times what it takes. A bucket that is never full loses nothing, so leaving some costs no throughput.
_LEFT_SHARE = 0.5
_LEFT_TIMES = 10


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
        return missing / self.restore_per_second


class Turn:
    """One call that was let through.

    Attributes:
        operation: What is asked.
        size: Its page size; 0 when it has none.
        expected: Points it is expected to request.
    """

    def __init__(self, governor: Governor, operation: str, size: int, expected: float) -> None:
        self.operation = operation
        self.size = size
        self.expected = expected
        self._governor = governor

    def answered(self, requested: float | None, bucket: Bucket | None, *, refused: bool = False) -> None:
        """Pass on what the answer said: points requested, the bucket, and whether it was too empty for this call."""
        self._governor.observe(self, requested, bucket, refused=refused)

    def not_run(self, bucket: Bucket | None) -> None:
        """The call was refused before it could take a point; the bucket is told if the answer says what it holds."""
        self._governor.release(self, bucket)


class Governor:
    """Lets calls through when the bucket should hold what they will request; safe to share between threads.

    A bucket belongs to one app on one shop. Calls of this process are known: their points count as taken from the
    moment they are let through until the answer tells. Other processes are not, so a dear call leaves half a bucket for
    what they may have taken since the last report. All of this is an estimate; Shopify's refusal is the authority.

    Attributes:
        waited_seconds: All waits so far.
    """

    def __init__(self, clock: Clock) -> None:
        self.waited_seconds = 0.0
        self._clock = clock
        self._lock = threading.Lock()
        self._bucket: Bucket | None = None
        self._seen_at = 0.0
        self._in_flight: dict[Turn, float] = {}
        self._requested: dict[str, dict[int, float]] = {}
        self._refused: set[tuple[str, int]] = set()

    @contextmanager
    def turn(self, operation: str, size: int = 0) -> Iterator[Turn]:
        """Wait, if need be, then hold this call's points while the block runs.

        Args:
            size: Page size, on which the cost depends.
        """
        turn = self._let_through(operation, size)
        try:
            yield turn
        finally:
            self._forget(turn)

    def observe(self, turn: Turn, requested: float | None, bucket: Bucket | None, *, refused: bool) -> None:
        """Remember what the answer to a call said."""
        with self._lock:
            if refused:
                self._refused.add((turn.operation, turn.size))
            if requested is not None:
                self._requested.setdefault(turn.operation, {})[turn.size] = requested
            if bucket is not None:
                self._in_flight.pop(turn, None)
                self._bucket, self._seen_at = bucket, self._clock.monotonic()

    def release(self, turn: Turn, bucket: Bucket | None) -> None:
        """Count nothing for a call that was never run."""
        with self._lock:
            self._in_flight.pop(turn, None)
            if bucket is not None:
                self._bucket, self._seen_at = bucket, self._clock.monotonic()

    def _let_through(self, operation: str, size: int) -> Turn:
        give_up_at = self._clock.monotonic() + WAIT_SECONDS_MAX
        while True:
            with self._lock:
                now = self._clock.monotonic()
                turn = Turn(self, operation, size, self._expected(operation, size))
                seconds = min(self._wait_seconds(turn, now), give_up_at - now)
                if seconds < _WAIT_SECONDS_MIN:
                    self._refused.discard((operation, size))
                    self._in_flight[turn] = turn.expected
                    return turn
                self.waited_seconds += seconds
            self._clock.sleep(seconds)

    def _forget(self, turn: Turn) -> None:
        """A call that was not answered may have been paid all the same."""
        with self._lock:
            points = self._in_flight.pop(turn, None)
            if points is not None and self._bucket is not None:
                now = self._clock.monotonic()
                left = self._bucket.after(now - self._seen_at)
                self._bucket = Bucket(left.maximum, left.available - points, left.restore_per_second)
                self._seen_at = now

    def _expected(self, operation: str, size: int) -> float:
        """Cost grows with the page: what a page at least as large requested is enough."""
        known = self._requested.get(operation, {})
        return min((points for seen, points in known.items() if seen >= size), default=QUERY_POINTS_MAX)

    def _wait_seconds(self, turn: Turn, now: float) -> float:
        if self._bucket is None:
            return 0.0
        taken = sum(self._in_flight.values())
        bucket = self._bucket.after(now - self._seen_at)
        left = min(_LEFT_SHARE * bucket.maximum, _LEFT_TIMES * turn.expected, bucket.maximum - taken - turn.expected)
        if (turn.operation, turn.size) in self._refused:
            # Whoever was refused has waited; leaving some to those who were not would let them starve it.
            left = 0.0
        free = Bucket(bucket.maximum, bucket.available - taken, bucket.restore_per_second)
        return free.wait_seconds(turn.expected + max(0.0, left))
