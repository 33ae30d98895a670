"""What the traps about bulk operations share: a shop to extract from, and one whose operations move by a test's clock.

Here: putting them together. The traps are in the tests.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any, cast

from shopify_pipeline.clock import SimulatedClock
from shopify_pipeline.landing import Landing
from shopify_pipeline.shopify.bulk import BulkRunner
from shopify_pipeline.shopify.client import AdminApi
from shopify_pipeline.shopify.queries import Operation, operation
from shopify_pipeline.shopify.retry import RetryPolicy
from shopify_pipeline_tests.shopify.sandboxed import CREDENTIALS, NOW, SHOP, sandbox_shop
from shopify_pipeline_tests.steps.extracting import Bench
from shopify_sandbox.sandbox import VERSION, Sandbox
from shopify_sandbox.store import Store
from shopify_sandbox.world.arguments import Arguments

QUERY = operation("CustomersBulk").inlined({"query": None})


@contextmanager
def bulk_bench(folder: Path, *, orders: int = 30) -> Iterator[Bench]:
    """A served shop of its own and a landing zone."""
    with sandbox_shop(folder / "shop", orders=orders) as running:
        yield Bench(running, Landing.at(folder / "landing"))


class MovedClock(SimulatedClock):
    """A clock on which every wait lets something happen in the shop."""

    def __init__(self, happens: Callable[[], object]) -> None:
        super().__init__(datetime(2026, 11, 20, 12, tzinfo=UTC))
        self.waits = 0
        self._happens = happens

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        self.waits += 1
        self._happens()


class Memory:
    """Remembers what it is told."""

    def __init__(self) -> None:
        self.known: dict[str, str] = {}

    def recall(self, name: str) -> str | None:
        return self.known.get(name)

    def remember(self, name: str, gid: str) -> None:
        self.known[name] = gid

    def forget(self, name: str) -> None:
        self.known.pop(name, None)


class StillShop:
    """A shop whose bulk operations move only while a client waits: one of them for every wait.

    Attributes:
        resting: Waits that go by before any operation moves.
    """

    def __init__(self, state: Path) -> None:
        store = Store.create(state, Arguments(seed=11, orders=5, days=30, now=NOW, shop=SHOP))
        self.sandbox = Sandbox(state, store, CREDENTIALS)
        self.bulk = self.sandbox.bulk
        self.resting = 0
        self.clock = MovedClock(self._move)

    def runner(self, progress: Callable[[str], None] = lambda line: None) -> BulkRunner:
        """A runner of this shop that polls every ten minutes."""
        api = SimpleNamespace(
            clock=self.clock,
            retry=RetryPolicy(self.clock, Random(1)),
            execute=self._execute,
            execute_once=lambda document, variables, found: self._execute(document, variables),
        )
        return BulkRunner(cast(AdminApi, api), progress=progress, poll_seconds_min=600, poll_seconds_max=600)

    def plant(self, **fault: Any) -> None:
        self.sandbox.faults.plant({"bulk": [fault]}, self.sandbox.gid_of)

    def statuses(self) -> list[str]:
        """Status of every operation, oldest first."""
        return [each.status for each in self.bulk.all()]

    def _move(self) -> None:
        if self.resting:
            self.resting -= 1
        else:
            self.bulk.run_next()

    def _execute(self, document: Operation, variables: dict[str, Any]) -> SimpleNamespace:
        request = {"query": document.text, "variables": variables}
        body = self.sandbox.versions.api(VERSION).answer(request, self.sandbox.tokens.scopes).body
        return SimpleNamespace(data=body["data"])
