"""Simulated time for several threads: one runs while the others wait for their instant, always in the same order.

Here: a clock and its baton. What the threads do is said in the tests.
"""

from __future__ import annotations

import heapq
import itertools
import threading
from collections.abc import Callable
from datetime import datetime, timedelta


class Timeline:
    """A clock that jumps to the next instant somebody waits for; ties are served in the order they began to wait.

    Whatever a thread does between two sleeps takes no time and is not interrupted, so a run is the same every time.
    """

    def __init__(self, start: datetime) -> None:
        self._start = start
        self._seconds = 0.0
        self._numbers = itertools.count()
        self._sleepers: list[tuple[float, int, threading.Event]] = []
        self._ended = threading.Event()
        self._failures: list[BaseException] = []

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self._seconds)

    def monotonic(self) -> float:
        return self._seconds

    def sleep(self, seconds: float) -> None:
        gate = self._gate(self._seconds + seconds)
        self._hand_over()
        gate.wait()

    def run(self, *tasks: Callable[[], None]) -> None:
        """Run tasks side by side, each in a thread of its own, until all have ended; the first failure is raised."""
        self._ended.clear()
        gates = [self._gate(self._seconds) for _ in tasks]
        threads = [
            threading.Thread(target=self._run, args=(task, gate), daemon=True)
            for task, gate in zip(tasks, gates, strict=True)
        ]
        for thread in threads:
            thread.start()
        self._hand_over()
        self._ended.wait()
        if self._failures:
            raise self._failures[0]

    def _run(self, task: Callable[[], None], gate: threading.Event) -> None:
        gate.wait()
        try:
            task()
        except BaseException as exc:
            self._failures.append(exc)
        self._hand_over()

    def _gate(self, at: float) -> threading.Event:
        gate = threading.Event()
        heapq.heappush(self._sleepers, (at, next(self._numbers), gate))
        return gate

    def _hand_over(self) -> None:
        if not self._sleepers:
            self._ended.set()
            return
        self._seconds, _, gate = heapq.heappop(self._sleepers)
        gate.set()
