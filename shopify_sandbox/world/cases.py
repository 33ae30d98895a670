"""The hard cases a world holds: how many orders, customers, products or payouts are of each kind.

Here: counting over the state, one small function per case. Not here: how a case comes about.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
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


CASES: tuple[Case, ...] = (
    orders_that("edited order", "Lines were changed after checkout.", lambda order: order.edited),
    orders_that("cancelled order", "Cancelled, paid or not.", lambda order: order.cancelled_at is not None),
    orders_that("pending refund", "A refund its gateway has not answered.", lambda order: _pending(order)),
    orders_that("guest order", "Nobody is known to have bought it.", lambda order: order.customer is None),
    orders_that("order of more than 250 lines", "More lines than one page.", lambda order: len(order.lines) > 250),
)


def cases(state: State, counted: Iterable[Case] = CASES) -> dict[str, int]:
    """How many of each case there are, by its name."""
    return {case.name: case.count(state) for case in counted}


def _pending(order: Order) -> bool:
    return any(refund.is_pending for refund in order.refunds)
