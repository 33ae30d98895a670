"""How fast something long goes and how long it will take, for the lines people watch.

Here: the arithmetic and its words. Not here: who says them.
"""

from __future__ import annotations

from shopify_pipeline.clock import Clock


class Pace:
    """Begins when it is made."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._begun_at = clock.monotonic()

    def of(self, done: int, total: int | None = None) -> str:
        """``, 120 a second, 40 s to go``; nothing while nothing can be said.

        Args:
            done: How much is done, in any unit.
            total: How much there is in the same unit; None when nobody knows.
        """
        seconds = self._clock.monotonic() - self._begun_at
        if seconds <= 0 or done <= 0:
            return ""
        rate = done / seconds
        left = f", {(total - done) / rate:.0f} s to go" if total is not None and total > done else ""
        return f", {rate:.0f} a second{left}"
