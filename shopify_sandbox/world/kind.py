"""One kind of order beyond the everyday: what makes it so, how many there are, and what becomes of it.

Here: the declaration, and placing an order of a kind. Not here: the kinds (``discount_kinds.py`` …) and the list of
them (``kinds.py``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random

from shopify_sandbox.world.currency import Exchange, exchange_of_day
from shopify_sandbox.world.drafts import OrderDraft
from shopify_sandbox.world.happening import Scene
from shopify_sandbox.world.records import Order
from shopify_sandbox.world.shoppers import composed, placed
from shopify_sandbox.world.state import State

DAY = 86_400
#: Of orders that may be, how many are in another currency than the shop's.
FOREIGN_SHARE = 0.08


@dataclass(frozen=True)
class OrderKind:
    """A kind of order.

    Attributes:
        name: As ``shopify-sandbox cases`` counts it; the happening that places one is ``place_…``, with underscores.
        what: One sentence for people.
        change: Makes of what somebody chose an order of the kind.
        is_one: Whether an order is of the kind.
        share: Of all orders of a full history.
        at_most: How many a history holds at most, for what is large.
        may_be_foreign: Whether it may be in another currency than the shop's.
        possible: Whether it can be placed now.
        then: Name of the happening that becomes of it, and seconds after the order, at least and at most.
    """

    name: str
    what: str
    change: Callable[[Scene, OrderDraft], OrderDraft]
    is_one: Callable[[Order], bool]
    share: float = 0.014
    at_most: int = 1_000_000
    may_be_foreign: bool = True
    possible: Callable[[State], bool] = lambda state: True
    then: tuple[str, int, int] | None = None


def place(scene: Scene, kind: OrderKind | None) -> Order:
    """Record an order of the kind, or an everyday one; some are in another currency."""
    draft = composed(scene.state, scene.record, scene.rng, scene.clock, is_long_tailed=True)
    may_be_foreign = draft.shipping is not None
    if kind is not None and kind.possible(scene.state):
        draft = kind.change(scene, draft)
        may_be_foreign = kind.may_be_foreign
    if draft.exchange is None and may_be_foreign and scene.rng.random() < FOREIGN_SHARE:
        draft = abroad(scene, draft)
    return placed(scene.state, scene.record, scene.clock, draft)


def abroad(scene: Scene, draft: OrderDraft) -> OrderDraft:
    """The same order in another currency the shop sells in, at the day's rate."""
    shop = scene.state.shop
    others = [currency for currency in shop.presentments if currency != shop.currency]
    if not others:
        return draft
    return in_presentment(draft, exchange_of_day(shop.currency, scene.rng.choice(others), scene.clock().date()))


def in_presentment(draft: OrderDraft, exchange: Exchange) -> OrderDraft:
    """The draft with every amount in the presentment currency."""
    of = exchange.to_presentment
    return replace(
        draft,
        lines=[replace(line, unit_price=of(line.unit_price), duty=of(line.duty)) for line in draft.lines],
        shipping=draft.shipping and replace(draft.shipping, price=of(draft.shipping.price)),
        tip=of(draft.tip),
        code=draft.code and (replace(draft.code, amount=of(draft.code.amount)) if draft.code.amount else draft.code),
        discounts=[replace(one, amount=of(one.amount)) if one.amount else one for one in draft.discounts],
        payments=[replace(one, amount=of(one.amount)) if one.amount else one for one in draft.payments],
        fees=[(name, of(price)) for name, price in draft.fees],
        exchange=exchange,
    )


def planned(kinds: tuple[OrderKind, ...], rng: Random, orders: int) -> list[OrderKind | None]:
    """The kind of each of so many orders, None for an everyday one: every kind as often as its share says."""
    found: list[OrderKind | None] = []
    for kind in kinds:
        found += [kind] * min(kind.at_most, round(kind.share * orders))
    found = [*found[:orders], *[None] * (orders - len(found))]
    rng.shuffle(found)
    return found
