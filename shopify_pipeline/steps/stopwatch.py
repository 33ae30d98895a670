"""How long each stage of a piece of work took; what is measured is an argument.

Here: adding up. Not here: which stages there are, or where the figures go.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Stopwatch:
    """Adds up seconds by stage.

    Args:
        read: Seconds from an arbitrary start that never run backwards: of time, or of CPU time.
    """

    def __init__(self, read: Callable[[], float]) -> None:
        self._read = read
        self.seconds: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Count what happens inside; stages do not nest."""
        started = self._read()
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + self._read() - started
