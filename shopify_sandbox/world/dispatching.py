"""Deciding where an order ships from and when: divided over two places, moved, split, held, put off.

Here: what a merchant does with fulfillment orders; the order's own stamp does not move by any of it. Not here: how the
rows change (``rerouting.py``), and parcels that have left (``parcels.py``).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from shopify_sandbox.world.case import Case, orders_that
from shopify_sandbox.world.entries import Facts, event, level_moves
from shopify_sandbox.world.goods import InventoryLevel, Location
from shopify_sandbox.world.happening import Happening, Scene, on_order
from shopify_sandbox.world.records import Line, Order
from shopify_sandbox.world.rerouting import changed, divided
from shopify_sandbox.world.routing import fulfillment_orders, next_to_ship, rows_of
from shopify_sandbox.world.shipping_records import FulfillmentOrder
from shopify_sandbox.world.state import State
from shopify_sandbox.world.times import stamp

HOUR, DAY = 3_600, 86_400
HOLDS = (
    ("INCORRECT_ADDRESS", "Street number is missing"),
    ("INVENTORY_OUT_OF_STOCK", None),
    ("HIGH_RISK_OF_FRAUD", "Call the customer first"),
    ("OTHER", "Customer asked to wait"),
)
RECEIVED_UNITS = 100
Units = list[tuple[Line, int]]


def split_over_places(state: State, at: datetime, order: Order, units: Units, to: Location) -> Facts:
    """The event by which some units of what ships next are sent from another place."""
    one, rows = _next(order), rows_of(order)
    row = next(row for row in rows if row["id"] == one.id)
    rows.append(divided(state.minter(), row, {line.id: count for line, count in units}, to))
    moves = promised_elsewhere(state, units, one.location, to)
    return changed(state, at, order, "order_routing_complete", rows, stock=moves)


def move(state: State, at: datetime, order: Order, to: Location) -> Facts:
    """The event by which all of what ships next is sent from another place."""
    one, rows = _next(order), rows_of(order)
    row = next(row for row in rows if row["id"] == one.id)
    row.update(location_id=to.id, request_status="SUBMITTED" if to.service else "UNSUBMITTED")
    moves = promised_elsewhere(state, _waiting(one), one.location, to)
    return changed(state, at, order, "moved", rows, stock=moves)


def promised_elsewhere(state: State, units: Units, home: Location, to: Location) -> list[list[object]]:
    """The stock movements when units are promised at another place."""
    moves: list[tuple[int, dict[str, int]]] = []
    for line, count in units:
        moves.append((_level(line, home).id, {"committed": -count, "available": count}))
        moves.append((_level(line, to).id, {"available": -count, "committed": count}))
    return level_moves(moves)


def _next(order: Order) -> FulfillmentOrder:
    one = next_to_ship(order)
    if one is None:
        raise ValueError(f"nothing of order {order.name} can be shipped")
    return one


def _waiting(one: FulfillmentOrder) -> Units:
    return [(row.line, row.remaining) for row in one.lines if row.remaining]


def _level(line: Line, location: Location) -> InventoryLevel:
    level = _level_or_none(line, location)
    if level is None:
        raise ValueError(f"line {line.id} is not stocked at {location.name}")
    return level


def _level_or_none(line: Line, location: Location) -> InventoryLevel | None:
    if line.variant is None or line.variant.is_deleted:
        return None
    levels = line.variant.item.levels
    return next((level for level in levels if level.location is location and level.is_active), None)


def _some_units(one: FulfillmentOrder) -> Units:
    """About half of what waits: the first lines, or some units of the only one."""
    waiting = _waiting(one)
    return waiting[: len(waiting) // 2] if len(waiting) > 1 else [(waiting[0][0], waiting[0][1] // 2)]


def _elsewhere(scene: Scene, units: Units, besides: Location) -> Location:
    """Another place that stocks the lines, after it received what it lacks."""
    places = [
        place
        for place in scene.state.locations.values()
        if place is not besides
        and place.fulfills_online
        and place.is_active
        and all(_level_or_none(line, place) for line, _ in units)
    ]
    place = scene.rng.choice(places)
    lacking = [level for line, count in units if (level := _level(line, place)).quantities["available"] < count]
    if lacking:
        moves = level_moves((level.id, {"available": RECEIVED_UNITS}) for level in lacking)
        scene.record(event("stock_adjusted", scene.clock(), reason="received", stock=moves))
    return place


def _split_fulfillment(scene: Scene, order: Order) -> None:
    one = _next(order)
    units = _some_units(one)
    to = _elsewhere(scene, units, one.location)
    scene.record(split_over_places(scene.state, scene.clock(), order, units, to))


def _split_fulfillment_order(scene: Scene, order: Order) -> None:
    """Part of what waits gets a fulfillment order of its own at the same place."""
    one, rows = _next(order), rows_of(order)
    row = next(row for row in rows if row["id"] == one.id)
    units = {line.id: count for line, count in _some_units(one)}
    rows.append(divided(scene.state.minter(), row, units, one.location))
    scene.record(changed(scene.state, scene.clock(), order, "split", rows))


def _move_fulfillment_order(scene: Scene, order: Order) -> None:
    one = _next(order)
    to = _elsewhere(scene, _waiting(one), one.location)
    scene.record(move(scene.state, scene.clock(), order, to))


def _hold_fulfillment_order(scene: Scene, order: Order) -> None:
    one, rows = _next(order), rows_of(order)
    reason, notes = scene.rng.choice(HOLDS)
    hold = [scene.state.minter()("FulfillmentHold"), reason, notes]
    next(row for row in rows if row["id"] == one.id).update(status="ON_HOLD", hold=hold)
    scene.record(changed(scene.state, scene.clock(), order, "placed_on_hold", rows))


def _schedule_fulfillment_order(scene: Scene, order: Order) -> None:
    one, rows, at = _next(order), rows_of(order), scene.clock()
    fulfill_at = stamp(at + timedelta(days=scene.rng.randrange(2, 20)))
    next(row for row in rows if row["id"] == one.id).update(status="SCHEDULED", fulfill_at=fulfill_at)
    scene.record(changed(scene.state, at, order, "rescheduled", rows))


def _release_fulfillment_order(scene: Scene, order: Order) -> None:
    """What is held or put off may be shipped now."""
    rows = rows_of(order)
    row = next(row for row in rows if row["status"] in ("ON_HOLD", "SCHEDULED"))
    was_held = row["status"] == "ON_HOLD"
    row.update(status="IN_PROGRESS" if row["fulfillment_ids"] else "OPEN", hold=None)
    action = "hold_released" if was_held else "scheduled_fulfillment_order_ready"
    scene.record(changed(scene.state, scene.clock(), order, action, rows))


def _can_move(order: Order, units_min: int = 1) -> bool:
    """Whether so many units could be sent from elsewhere: they wait, and the shop still has what they are of."""
    one = None if order.cancelled_at else next_to_ship(order)
    if one is None:
        return False
    waiting = _waiting(one)
    stocked = all(_level_or_none(line, one.location) for line, _ in waiting)
    return stocked and sum(count for _, count in waiting) >= units_min


def _is_put_off(order: Order) -> bool:
    return any(one.status in ("ON_HOLD", "SCHEDULED") for one in order.fulfillment_orders)


def _with(status: str) -> Callable[[Order], bool]:
    return lambda order: any(one.status == status for one in order.fulfillment_orders)


HAPPENINGS = (
    Happening(
        "split_fulfillment",
        "Part of an order is sent from a second place.",
        on_order(_split_fulfillment),
        fits=lambda order: not order.fulfillment_orders and _can_move(order, 2),
        weight=3,
        chance=0.12,
        delay=(60, 4 * HOUR),
    ),
    Happening(
        "split_fulfillment_order",
        "Part of what waits to be shipped gets a fulfillment order of its own, at the same place.",
        on_order(_split_fulfillment_order),
        fits=lambda order: _can_move(order, 2),
        weight=1,
        chance=0.05,
        delay=(60, 4 * HOUR),
    ),
    Happening(
        "move_fulfillment_order",
        "What waits to be shipped is sent from another place.",
        on_order(_move_fulfillment_order),
        fits=_can_move,
        weight=2,
        chance=0.06,
        delay=(60, 4 * HOUR),
    ),
    Happening(
        "hold_fulfillment_order",
        "What waits to be shipped is put on hold.",
        on_order(_hold_fulfillment_order),
        fits=_can_move,
        weight=2,
        chance=0.06,
        delay=(60, 4 * HOUR),
    ),
    Happening(
        "schedule_fulfillment_order",
        "What waits to be shipped is put off to a later day.",
        on_order(_schedule_fulfillment_order),
        fits=_can_move,
        weight=1,
        chance=0.04,
        delay=(60, 4 * HOUR),
    ),
    Happening(
        "release_fulfillment_order",
        "What was held or put off may be shipped.",
        on_order(_release_fulfillment_order),
        fits=_is_put_off,
        weight=2,
        per_day=0.5,
    ),
)

CASES: tuple[Case, ...] = (
    orders_that(
        "order shipped from several places",
        "Its fulfillment orders are at two places or more.",
        lambda order: len({one.location.id for one in order.fulfillment_orders}) > 1,
    ),
    orders_that(
        "split fulfillment order",
        "Two fulfillment orders at the same place.",
        lambda order: len(order.fulfillment_orders) > len({one.location.id for one in order.fulfillment_orders}),
    ),
    orders_that(
        "moved fulfillment order",
        "The first fulfillment order is at another place than the order was routed to.",
        lambda order: any(one.location is not order.location for one in order.fulfillment_orders[:1]),
    ),
    orders_that("fulfillment order on hold", "Units wait because somebody said so.", _with("ON_HOLD")),
    orders_that("scheduled fulfillment order", "Units wait for a later day.", _with("SCHEDULED")),
    orders_that(
        "fulfillment order changed after its order",
        "Its stamp is younger than the order's.",
        lambda order: any(one.updated_at > order.updated_at for one in fulfillment_orders(order)),
    ),
)
