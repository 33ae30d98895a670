"""The time every response shows: the world's clock, frozen or moving with real time.

Belongs here: the one answer to "what time is it in the shop". The world itself moves only by recorded events.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Event, RLock, Thread
from typing import Any

from shopify_sandbox.store import Store
from shopify_sandbox.world.entries import Facts

SECONDS_PER_HOUR = 3_600


class WorldClock:
    """Reads and moves the world's time.

    Args:
        store: The world.
        monotonic: Real time in seconds; None freezes the clock between events.
    """

    def __init__(self, store: Store, monotonic: Callable[[], float] | None = None) -> None:
        self._store = store
        self._monotonic = monotonic
        self._anchor = monotonic() if monotonic else 0.0
        self._lock = RLock()

    def now(self) -> datetime:
        """Give the world's time in UTC, whole seconds."""
        # Not the world's lock: who holds that may be at it for seconds, and every response asks for the time.
        with self._lock:
            return self._store.now + timedelta(seconds=self._elapsed())

    def advance(self, **actions: Any) -> list[dict[str, Any]]:
        """Carry out actions no earlier than the time already shown; see ``Store.advance``."""
        with self._store.lock:
            self._catch_up()
            return self._store.advance(**actions)

    def tick(self) -> list[dict[str, Any]]:
        """Let one plausible thing happen now; see ``Store.tick``."""
        with self._store.lock:
            self._catch_up()
            return self._store.tick()

    def write(self, event: Callable[[datetime], Facts]) -> None:
        """Record what an app writes, a second after the last thing that happened; takes an event from its time."""
        with self._store.lock:
            self._catch_up()
            self._store.write(event(self._store.now + timedelta(seconds=1)))

    def _elapsed(self) -> int:
        return int(self._monotonic() - self._anchor) if self._monotonic else 0

    def _catch_up(self) -> None:
        with self._lock:
            elapsed = self._elapsed()
            if elapsed:
                # Half a second keeps the division by 3,600 from losing a whole one.
                self._store.advance(hours=(elapsed + 0.5) / SECONDS_PER_HOUR)
                self._anchor += elapsed


class LiveWorld:
    """Lets the world live: one tick each so many real seconds, in a background thread."""

    def __init__(self, clock: WorldClock, every_seconds: float) -> None:
        self._clock = clock
        self._every = every_seconds
        self._stopping = Event()
        self._thread = Thread(target=self._work, name="live-world", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join()

    def _work(self) -> None:
        while not self._stopping.wait(self._every):
            self._clock.tick()
