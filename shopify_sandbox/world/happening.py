"""Something that can happen in a believable shop: what it is, what it fits, and how often.

Here: the declaration and choosing what it falls on. Not here: the list of them (``happenings.py``) or any of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from random import Random
from typing import TypeVar

from shopify_sandbox.world.entries import Facts
from shopify_sandbox.world.records import Order
from shopify_sandbox.world.shelf import Shelf
from shopify_sandbox.world.state import State

Record = Callable[[Facts], None]
Clock = Callable[[], datetime]
T = TypeVar("T")

#: Orders looked at for one that fits before it is said that there is none.
TRIES = 60


@dataclass(frozen=True)
class Scene:
    """What a happening works with: the state it reads, where its events go, chance, and the time of its next event."""

    state: State
    record: Record
    rng: Random
    clock: Clock


@dataclass(frozen=True)
class Happening:
    """One kind of thing that can happen.

    Attributes:
        name: As ``shopify-sandbox advance --do NAME`` says it.
        what: One sentence for ``--help`` and for people.
        carry_out: Records its events; the order is None for what is not about one order. An event is recorded before
            the next is made, so that each sees the state the one before it left.
        fits: Which orders it can happen to; None when it is not about one order.
        possible: Whether it can happen to the shop now; for what is not about one order.
        weight: How often it happens among everything that happens when the shop is left alone; 100 in all, about.
        chance: Share of all orders it is planned for when a history is made.
        delay: Seconds after an order was placed that it is planned for, at least and at most.
        per_day: How often a day it happens in a history; for what is not about one order.
    """

    name: str
    what: str
    carry_out: Callable[[Scene, Order | None], None]
    fits: Callable[[Order], bool] | None = None
    possible: Callable[[State], bool] = lambda state: True
    weight: float = 1.0
    chance: float = 0.0
    delay: tuple[int, int] = (3_600, 30 * 86_400)
    per_day: float = 0.0


def on_order(act: Callable[[Scene, Order], None]) -> Callable[[Scene, Order | None], None]:
    """What a happening that is about one order carries out."""

    def carry_out(scene: Scene, order: Order | None) -> None:
        if order is None:
            raise AssertionError("a happening that fits orders is carried out on one")
        act(scene, order)

    return carry_out


def one_that(rng: Random, records: Shelf[T], fits: Callable[[T], bool]) -> T | None:
    """A record that fits, drawn; the first that does when most do not, None when none does."""
    found = records.row()
    for _ in range(min(TRIES, len(found))):
        one = rng.choice(found)
        if fits(one):
            return one
    return next(filter(fits, found), None)


def happen(scene: Scene, happening: Happening, order: Order | None = None) -> bool:
    """Let it happen, to that order or to one that is drawn; False when nothing fits, and nothing was recorded."""
    if happening.fits is None:
        if not happening.possible(scene.state):
            return False
        happening.carry_out(scene, None)
        return True
    found = order if order is not None and order.id in scene.state.orders and happening.fits(order) else None
    if order is None:
        found = _drawn(scene, happening.fits)
    if found is None:
        return False
    happening.carry_out(scene, found)
    return True


def _drawn(scene: Scene, fits: Callable[[Order], bool]) -> Order | None:
    """An order that fits, the younger the likelier; all are looked at when there are few."""
    orders = scene.state.orders
    if not orders:
        return None
    if len(orders) <= TRIES:
        fitting = [order for order in orders.values() if fits(order)]
        return scene.rng.choice(fitting) if fitting else None
    newest = list(islice(reversed(orders), 40 * TRIES))
    for _ in range(TRIES):
        order = orders[newest[int(len(newest) * scene.rng.random() ** 2)]]
        if fits(order):
            return order
    return None
