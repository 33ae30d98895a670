"""The leaky bucket of query cost: what one app may spend on one shop.

Belongs here: the arithmetic and its lock. What a query costs is in ``cost.py``.
"""

from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock

# Captured answers of standard stores all show 2,000 points at 100 a second; other plans are thought to be alike.
CAPACITY_SECONDS = 20


@dataclass(frozen=True)
class ThrottleStatus:
    """The bucket as the response shows it, in points and points per second."""

    maximum_available: int
    currently_available: int
    restore_rate: int

    def body(self) -> dict[str, float | int]:
        return {
            "maximumAvailable": float(self.maximum_available),
            "currentlyAvailable": self.currently_available,
            "restoreRate": float(self.restore_rate),
        }


class Bucket:
    """Refills with time; thread-safe.

    Args:
        monotonic: Time in seconds.
        restore_per_second: Points, or what tells them (the shop's plan may change); the bucket holds twenty times as
            many.
    """

    def __init__(self, monotonic: Callable[[], float], *, restore_per_second: int | Callable[[], int]) -> None:
        self._monotonic = monotonic
        self._restore_now = restore_per_second if callable(restore_per_second) else lambda: restore_per_second
        self._available = float(self._capacity)
        self._at = monotonic()
        self._lock = Lock()

    def take(self, points: int) -> bool:
        """Spend ``points``, the requested cost; False when the bucket does not hold them, and nothing is spent."""
        with self._lock:
            self._refill()
            if self._available < points:
                return False
            self._available -= points
            return True

    def give_back(self, points: int) -> None:
        """Return what was requested but not used."""
        with self._lock:
            self._refill()
            self._available = min(float(self._capacity), self._available + points)

    def status(self) -> ThrottleStatus:
        with self._lock:
            self._refill()
            return ThrottleStatus(self._capacity, int(self._available), self._restore_now())

    @property
    def _capacity(self) -> int:
        return CAPACITY_SECONDS * self._restore_now()

    def _refill(self) -> None:
        now = self._monotonic()
        self._available = min(float(self._capacity), self._available + (now - self._at) * self._restore_now())
        self._at = now
