"""A world: the state, the events that made it, and the two ways to make it go on.

Here: creation, replay and evolution in memory. Not here: files and locks (``store.py``).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from datetime import datetime
from random import Random
from typing import Any

from shopify_sandbox.world.entries import Facts
from shopify_sandbox.world.evolution import Actions, advance, random_actions
from shopify_sandbox.world.fold import apply
from shopify_sandbox.world.history import write_history
from shopify_sandbox.world.state import State
from shopify_sandbox.world.times import instant, stamp


@dataclass(frozen=True)
class Arguments:
    """What a world is made from; equal arguments give equal worlds, byte for byte."""

    seed: int
    orders: int
    days: int
    now: datetime
    shop: str

    def __post_init__(self) -> None:
        if self.orders < 0 or self.days < 1:
            raise ValueError("a world needs orders >= 0 and days >= 1")
        if self.now.tzinfo is None or not self.shop.endswith(".myshopify.com"):
            raise ValueError("a world needs a time with an offset and a shop named like name.myshopify.com")

    def facts(self) -> dict[str, Any]:
        """JSON form; read back by ``from_facts``."""
        return {**asdict(self), "now": stamp(self.now)}

    @classmethod
    def from_facts(cls, facts: dict[str, Any]) -> Arguments:
        return cls(**{**facts, "now": instant(facts["now"])})


def seeded(name: str) -> Random:
    """The only source of chance; worlds have to be repeatable, not unpredictable."""
    return Random(name)


def line_of(event: Facts) -> str:
    """An event as a line of the log."""
    return json.dumps(event, ensure_ascii=False, separators=(",", ":")) + "\n"


@dataclass
class World:
    """State plus the events recorded since they were last taken."""

    arguments: Arguments
    state: State = field(default_factory=State)
    recorded: list[Facts] = field(default_factory=list)

    @classmethod
    def create(
        cls,
        *,
        seed: int,
        orders: int,
        days: int,
        now: datetime,
        shop: str,
        progress: Callable[[int], None] = lambda orders: None,
    ) -> World:
        """A new shop with its history up to ``now`` (UTC, whole seconds); its events wait in ``recorded``.

        Args:
            progress: Told after each order how many there are.
        """
        world = cls(Arguments(seed, orders, days, now, shop))

        def record(event: Facts) -> None:
            before = len(world.state.orders)
            world.record(event)
            if len(world.state.orders) > before:
                progress(before + 1)

        rng = seeded(f"{seed}/history")
        write_history(world.state, record, rng, orders=orders, days=days, now=now, domain=shop)
        return world

    @classmethod
    def replay(cls, arguments: Arguments, events: Iterable[Facts]) -> World:
        """The world those events made; nothing waits in ``recorded``."""
        world = cls(arguments)
        for event in events:
            apply(world.state, event)
        return world

    def record(self, event: Facts) -> None:
        """Fold an event and keep it for the log."""
        apply(self.state, event)
        self.recorded.append(event)

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
        advance(self.state, self.record, rng, random_actions(self.state, rng))

    def _rng(self) -> Random:
        """A source that depends on the seed and on how many events there are."""
        return seeded(f"{self.arguments.seed}/{self.state.event_count}")
