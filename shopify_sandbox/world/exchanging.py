"""Exchanges as they happen: goods swapped for the same again, for dearer or for cheaper ones, and what follows.

Here: on which orders, for what at which price. Not here: the events (``returning.py``), other returns
(``return_happenings.py``).
"""

from __future__ import annotations

from collections.abc import Callable

from shopify_sandbox.world.figures import figures
from shopify_sandbox.world.fulfilling import can_fulfill, fulfill, open_units
from shopify_sandbox.world.goods import Location, Variant
from shopify_sandbox.world.happening import Happening, Scene, on_order
from shopify_sandbox.world.ledger import units_of_line
from shopify_sandbox.world.paying import pay
from shopify_sandbox.world.placing import LineDraft
from shopify_sandbox.world.records import Line, Order
from shopify_sandbox.world.returning import Processing, ReturnDraft, at_once, can_return, returnable
from shopify_sandbox.world.shipping_records import FulfillmentLine
from shopify_sandbox.world.shoppers import reorder

DAY = 86_400


def _swappable(order: Order) -> list[tuple[FulfillmentLine, int]]:
    """What can be swapped for something else: goods of the catalogue that were paid for in full."""
    if figures(order).total_outstanding != 0:
        return []
    return [
        (shipped, units)
        for shipped, units in returnable(order)
        if shipped.line.variant and shipped.line.unit_price and units_of_line(shipped.line, 1).total > 0
    ]


def _can_swap(order: Order) -> bool:
    """Whether goods can be swapped; those of an order that ships from several places come back and are bought anew."""
    return not order.fulfillment_orders and can_return(order) and bool(_swappable(order))


def _swap(scene: Scene, order: Order, shipped: FulfillmentLine, instead: LineDraft) -> None:
    reorder(scene.state, scene.record, scene.clock, [instead], order.location)
    draft = ReturnDraft([(shipped, 1)], reason="SIZE_TOO_SMALL", exchanges=[instead])
    at_once(scene, order, draft, Processing())


def _price_here(line: Line, variant: Variant) -> int:
    """What a variant costs in the order's currency, by what the line cost there; at least one minor unit."""
    if line.variant is None or not line.variant.price:
        return line.unit_price
    return max(1, line.unit_price * variant.price // line.variant.price)


@on_order
def _exchange_even(scene: Scene, order: Order) -> None:
    """The same again, for what was paid for it."""
    shipped, _ = scene.rng.choice(_swappable(order))
    part = units_of_line(shipped.line, 1)
    paid = part.total if order.taxes_included else part.net
    _swap(scene, order, shipped, LineDraft(_still_sold(scene, shipped.line), 1, paid))


@on_order
def _exchange_up(scene: Scene, order: Order) -> None:
    shipped, _ = scene.rng.choice(_swappable(order))
    dearer = _drawn(scene, shipped.line, lambda price: price > shipped.line.unit_price)
    price = _price_here(shipped.line, dearer)
    _swap(scene, order, shipped, LineDraft(dearer, 1, max(price, shipped.line.unit_price * 3 // 2)))


@on_order
def _exchange_down(scene: Scene, order: Order) -> None:
    shipped, _ = scene.rng.choice(_swappable(order))
    part = units_of_line(shipped.line, 1)
    worth = part.total if order.taxes_included else part.net
    cheaper = _drawn(scene, shipped.line, lambda price: price < worth)
    price = _price_here(shipped.line, cheaper)
    _swap(scene, order, shipped, LineDraft(cheaper, 1, price if price < worth else max(1, worth // 2)))


def _drawn(scene: Scene, line: Line, fits: Callable[[int], bool]) -> Variant:
    """A variant whose price in the order's currency fits; any when none does, sold at a price that does."""
    sold = _stocked(scene, line.order.location)
    return scene.rng.choice([variant for variant in sold if fits(_price_here(line, variant))] or sold)


def _stocked(scene: Scene, location: Location) -> list[Variant]:
    """What the location sells."""
    return [
        variant
        for variant in scene.state.for_sale()
        if any(level.location is location for level in variant.item.levels)
    ]


def _still_sold(scene: Scene, line: Line) -> Variant:
    """The same variant, or any other when it is gone."""
    sold = _stocked(scene, line.order.location)
    return line.variant if line.variant in sold else scene.rng.choice(sold)


def _owes_difference(order: Order) -> bool:
    money = figures(order)
    return (
        order.cancelled_at is None
        and any(one.exchanges for one in order.returns)
        and money.total_outstanding > 0
        and not money.total_capturable
    )


@on_order
def _pay_difference(scene: Scene, order: Order) -> None:
    scene.record(pay(scene.state, scene.clock(), order))


def _waits_for_exchange(order: Order) -> bool:
    return any(line.lines for one in order.returns for line in one.exchanges) and can_fulfill(order)


@on_order
def _ship_exchange(scene: Scene, order: Order) -> None:
    scene.record(fulfill(scene.state, scene.clock(), order, open_units(order), scene.rng))


HAPPENINGS: tuple[Happening, ...] = (
    Happening(
        "exchange_even",
        "Goods are swapped for others of the same price.",
        _exchange_even,
        _can_swap,
        chance=0.06,
        delay=(3 * DAY, 16 * DAY),
    ),
    Happening(
        "exchange_up",
        "Goods are swapped for dearer ones.",
        _exchange_up,
        _can_swap,
        chance=0.04,
        delay=(3 * DAY, 16 * DAY),
    ),
    Happening(
        "exchange_down",
        "Goods are swapped for cheaper ones.",
        _exchange_down,
        _can_swap,
        chance=0.04,
        delay=(3 * DAY, 16 * DAY),
    ),
    Happening(
        "pay_difference",
        "The customer pays what an exchange cost more.",
        _pay_difference,
        _owes_difference,
        chance=0.8,
        delay=(16 * DAY, 32 * DAY),
    ),
    Happening(
        "ship_exchange",
        "What goes out instead is shipped.",
        _ship_exchange,
        _waits_for_exchange,
        chance=0.9,
        delay=(32 * DAY, 44 * DAY),
    ),
)
