"""A world: the state, the events that made it, and the two ways to make it go on.

Here: creation, replay and evolution in memory. Not here: files and locks (``store.py``).
"""

from __future__ import annotations

import gc
import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Any

from shopify_sandbox.world.arguments import Arguments
from shopify_sandbox.world.consequences import consequences
from shopify_sandbox.world.entries import Facts
from shopify_sandbox.world.evolution import Actions, advance, random_actions, scene_of
from shopify_sandbox.world.fold import apply
from shopify_sandbox.world.happening import happen
from shopify_sandbox.world.happenings import drawn
from shopify_sandbox.world.history import write_history
from shopify_sandbox.world.state import State

#: Of what happens in a full world that is left alone, how much is beyond the everyday.
UNUSUAL_SHARE = 0.4


def seeded(name: str) -> Random:
    """The only source of chance; worlds have to be repeatable, not unpredictable."""
    return Random(name)


def line_of(event: Facts) -> str:
    """An event as a line of the log."""
    return json.dumps(event, ensure_ascii=False, separators=(",", ":")) + "\n"


@contextmanager
def _uncollected() -> Iterator[None]:
    """Nothing a world is made of becomes garbage: to look for some while it grows would be a third of all work."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


@dataclass
class World:
    """State plus the events recorded since they were last taken."""

    arguments: Arguments
    state: State = field(default_factory=State)
    recorded: list[Facts] = field(default_factory=list)

    @classmethod
    def create(
        cls,
        arguments: Arguments,
        progress: Callable[[int], None] = lambda orders: None,
        keep: Callable[[Facts], object] | None = None,
    ) -> World:
        """A new shop with its history up to ``now`` (UTC, whole seconds).

        Args:
            progress: Told after each order how many there are.
            keep: Takes each event as it is made; without it they wait in ``recorded``.
        """
        world = cls(arguments)

        def record(event: Facts) -> None:
            before = len(world.state.orders)
            world.record(event)
            if keep:
                for made in world.take():
                    keep(made)
            if len(world.state.orders) > before:
                progress(before + 1)

        with _uncollected():
            write_history(world.state, record, seeded(f"{arguments.seed}/history"), arguments)
        return world

    @classmethod
    def replay(cls, arguments: Arguments, events: Iterable[Facts]) -> World:
        """The world those events made; nothing waits in ``recorded``."""
        world = cls(arguments)
        with _uncollected():
            for event in events:
                apply(world.state, event)
        return world

    def record(self, event: Facts) -> None:
        """Fold an event and what follows from it, and keep them for the log."""
        apply(self.state, event)
        self.recorded.append(event)
        for following in consequences(self.state, event, is_full=self.arguments.is_full):
            apply(self.state, following)
            self.recorded.append(following)

    def take(self) -> list[Facts]:
        """The events recorded since the last call."""
        taken, self.recorded = self.recorded, []
        return taken

    def advance(self, **actions: Any) -> None:
        """Carry out named actions, see ``evolution.Actions``.

        Raises:
            ActionRefused: An action does not fit the named order.
            TypeError: An argument is not an action.
        """
        advance(self.state, self.record, self._rng(), Actions(**actions))

    def tick(self) -> None:
        """Let one plausible thing happen."""
        rng = self._rng()
        if self.arguments.is_full and rng.random() < UNUSUAL_SHARE:
            happening = drawn(rng)
            if happening is not None and happen(scene_of(self.state, self.record, rng), happening):
                return
        advance(self.state, self.record, rng, random_actions(self.state, rng))

    def _rng(self) -> Random:
        """A source that depends on the seed and on how many events there are."""
        return seeded(f"{self.arguments.seed}/{self.state.event_count}")
