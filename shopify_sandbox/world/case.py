"""One hard case of a world, and how many of it there are.

Here: the declaration. Not here: the list of them (``cases.py``), nor any case, which is in the module that makes it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from shopify_sandbox.world.records import Order
from shopify_sandbox.world.state import State


@dataclass(frozen=True)
class Case:
    """One hard case: its name, one sentence about it, and how many a world holds."""

    name: str
    what: str
    count: Callable[[State], int]


def orders_that(name: str, what: str, is_one: Callable[[Order], bool]) -> Case:
    """A case that is about orders."""
    return Case(name, what, lambda state: sum(1 for order in state.orders.values() if is_one(order)))
