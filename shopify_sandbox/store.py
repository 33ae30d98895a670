"""The store: a world kept in a directory, and the one lock everything that reads or changes it takes.

Here: files (``world.json``, ``events.jsonl``), the lock, look-up by gid, listeners. Not here: what events mean.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from threading import RLock
from typing import Any, TextIO

from shopify_sandbox.search.index import Index
from shopify_sandbox.world import tender
from shopify_sandbox.world.arguments import Arguments
from shopify_sandbox.world.changes import Change, changes, summary
from shopify_sandbox.world.entries import Facts
from shopify_sandbox.world.evolution import ActionRefused
from shopify_sandbox.world.goods import Shop
from shopify_sandbox.world.routing import find, find_line
from shopify_sandbox.world.state import State
from shopify_sandbox.world.world import World, line_of

__all__ = ["ActionRefused", "Change", "StateError", "Store", "read_arguments", "read_events"]

FORMAT = 2
#: Bytes read at once from the end of the log.
_TAIL = 65_536
_GID = re.compile(r"gid://shopify/(\w+)/(\d+)(?:\?.*)?")


class StateError(Exception):
    """The state directory cannot be used; the message says why and what to do."""


class Store:
    """A world on disk. Readers hold ``lock``; ``advance`` and ``tick`` take it and call the listeners under it."""

    def __init__(self, path: Path, world: World) -> None:
        self.lock = RLock()
        self.listeners: list[Callable[[list[Change]], None]] = []
        self._log = path / "events.jsonl"
        self._world = world
        self.index = Index(self, self._log, lambda: self.now)

    @classmethod
    def create(
        cls,
        state: Path,
        arguments: Arguments,
        progress: Callable[[int], None] = lambda orders: None,
    ) -> Store:
        """Make a new world in an empty or missing directory.

        Args:
            progress: Told after each order how many there are; what it raises leaves the directory without a world.

        Raises:
            StateError: There is a world already; it is untouched.
        """
        if (state / "world.json").exists():
            raise StateError(f"{state} already holds a world; open it, or choose another directory")
        state.mkdir(parents=True, exist_ok=True)
        with _written(state / "events.jsonl") as log:
            world = World.create(arguments, progress, lambda event: log.write(line_of(event)))
        # world.json comes last: a directory without it was left half made and may be made again.
        with _written(state / "world.json") as file:
            file.write(json.dumps({"format": FORMAT, **world.arguments.facts()}, indent=1) + "\n")
        return cls(state, world)

    @classmethod
    def open(cls, state: Path) -> Store:
        """Read a world back by replaying its log.

        Raises:
            StateError: There is no world, or its files cannot be read.
        """
        arguments = read_arguments(state)
        try:
            world = World.replay(arguments, read_events(state))
        except (KeyError, TypeError, IndexError, ValueError) as problem:
            raise StateError(
                f"{state / 'events.jsonl'} does not replay ({problem!r}); restore it or start anew"
            ) from problem
        _drop_torn_tail(state / "events.jsonl")
        return cls(state, world)

    @property
    def state(self) -> State:
        return self._world.state

    @property
    def shop(self) -> Shop:
        return self.state.shop

    @property
    def now(self) -> datetime:
        return self.state.now

    @property
    def arguments(self) -> Arguments:
        return self._world.arguments

    @property
    def identity(self) -> str:
        """Names the world: what is drawn from it is the same for every world of this shop and seed."""
        return f"{self.shop.domain}/{self.arguments.seed}"

    def advance(self, **actions: Any) -> list[dict[str, Any]]:
        """Carry out named actions (``world.evolution.Actions``) and give one row per event.

        Raises:
            ActionRefused: An action does not fit the named order; what happened before it is kept.
        """
        with self.lock:
            try:
                self._world.advance(**actions)
            finally:
                rows = self._keep()
        return rows

    def tick(self) -> list[dict[str, Any]]:
        """Let one plausible thing happen and give one row per event."""
        with self.lock:
            self._world.tick()
            return self._keep()

    def write(self, event: Facts) -> None:
        """Record one event that an app's write has made."""
        with self.lock:
            self._world.record(event)
            self._keep()

    def node(self, gid: str) -> Any | None:
        """The record a gid names; None when there is none or its kind has no node."""
        match = _GID.fullmatch(gid)
        if match is None:
            return None
        kind, number = match[1], int(match[2])
        state = self.state
        if kind == "FulfillmentOrder":
            return find(state, number)
        if kind == "FulfillmentOrderLineItem":
            return find_line(state, number)
        if kind == "TenderTransaction":
            return tender.find(state, number)
        by_kind: dict[str, dict[int, Any]] = {
            "Order": state.orders,
            "LineItem": state.lines,
            "Customer": state.customers,
            "Product": state.products,
            "ProductVariant": state.variants,
            "InventoryItem": state.items,
            "InventoryLevel": state.levels,
            "Location": state.locations,
            "Shop": {state.shop.id: state.shop},
            "GiftCard": state.gift_cards,
            "StoreCreditAccount": state.store_credit,
        }
        if state.payments is not None:
            by_kind |= {
                "ShopifyPaymentsAccount": {state.payments.id: state.payments},
                "ShopifyPaymentsBalanceTransaction": state.payments.transactions,
                "ShopifyPaymentsDispute": state.payments.disputes,
                "ShopifyPaymentsPayout": state.payments.payouts,
            }
        return by_kind[kind].get(number) if kind in by_kind else state.others.get((kind, number))

    def _keep(self) -> list[dict[str, Any]]:
        """Append recorded events to the log, then tell the listeners."""
        events = self._world.take()
        if not events:
            return []
        _append(self._log, "".join(line_of(event) for event in events))
        told = [change for event in events for change in changes(self.state, event)]
        for listener in self.listeners:
            listener(told)
        return [summary(self.state, event) for event in events]


def read_arguments(state: Path) -> Arguments:
    """What the world in that directory was made from.

    Raises:
        StateError: There is no world, or another program version wrote it.
    """
    try:
        facts = json.loads((state / "world.json").read_text(encoding="utf-8"))
        written = facts.pop("format")
        if written == FORMAT:
            return Arguments.from_facts(facts)
    except FileNotFoundError as problem:
        raise StateError(f"{state} holds no world; run `shopify-sandbox serve --home {state}` to make one") from problem
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as problem:
        raise StateError(f"{state / 'world.json'} cannot be read ({problem!r}); restore it or start anew") from problem
    raise StateError(f"{state} was written in format {written}, this version reads {FORMAT}; start anew")


def read_events(state: Path) -> Iterator[Facts]:
    """The events of the log in order; a last line that was never finished is left out.

    Raises:
        StateError: The log is missing or a line of it is not an event.
    """
    path = state / "events.jsonl"
    try:
        with path.open(encoding="utf-8", newline="\n") as file:
            for number, line in enumerate(file, start=1):
                if line.endswith("\n"):
                    yield _parsed(path, number, line)
    except (OSError, UnicodeDecodeError) as problem:
        raise StateError(f"{path} cannot be read ({problem}); restore it or start anew") from problem


def _parsed(path: Path, number: int, line: str) -> Facts:
    try:
        event: Facts = json.loads(line)
    except ValueError as problem:
        raise StateError(f"{path} line {number} is damaged; restore it or start anew") from problem
    return event


@contextmanager
def _written(path: Path) -> Iterator[TextIO]:
    """A new file that is there when it is complete, or not at all."""
    partial = path.with_suffix(".part")
    try:
        with partial.open("w", encoding="utf-8", newline="\n") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _append(path: Path, text: str) -> None:
    with path.open("a", encoding="utf-8", newline="\n") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _drop_torn_tail(path: Path) -> None:
    """Cut off a line that a crash left unfinished, before anything is appended to it."""
    with path.open("r+b") as file:
        end = left = file.seek(0, os.SEEK_END)
        while left:
            file.seek(max(0, left - _TAIL))
            found = file.read(left - file.tell()).rfind(b"\n")
            left = max(0, left - _TAIL)
            if found >= 0:
                left += found + 1
                break
        if left != end:
            file.truncate(left)
