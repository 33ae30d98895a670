"""Places beyond those a shop began with: a fulfillment service, one given up, one for a season, and what lies where.

Here: events about locations and stock levels as such. Not here: how many units there are (every event's ``stock``).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from shopify_sandbox.world.case import Case
from shopify_sandbox.world.entries import Facts, Mint, event, level_moves
from shopify_sandbox.world.goods import InventoryLevel, Location
from shopify_sandbox.world.happening import Happening, Scene
from shopify_sandbox.world.records import Order
from shopify_sandbox.world.state import State

SERVICE, GIVEN_UP, SEASONAL = "Parcel Works", "Old Depot", "Market Stall"
QUANTITIES = ("available", "committed", "incoming", "reserved", "damaged", "quality_control", "safety_stock")


def more_places(state: State, at: datetime) -> Iterator[Facts]:
    """A fulfillment service that stocks every other item, a place that is closed at once, and one for a season."""
    mint = state.minter()
    for name, service, every in ((SERVICE, SERVICE, 2), (GIVEN_UP, None, 7), (SEASONAL, None, 7)):
        yield event(
            "location_added",
            at,
            location=_near_the_first(state, mint, name, service),
            levels=[
                [mint("InventoryLevel"), item_id, dict.fromkeys(QUANTITIES, 0)]
                for item_id in list(state.items)[::every]
            ],
        )
    given_up = next(one for one in state.locations.values() if one.name == GIVEN_UP)
    yield event("location_changed", at, location_id=given_up.id, active=False)


def _near_the_first(state: State, mint: Mint, name: str, service: str | None) -> Facts:
    first = next(iter(state.locations.values()))
    same = ("city", "province", "province_code", "zip", "phone", "country")
    return {
        "id": mint("Location"),
        "name": name,
        "address1": "7 Dock Street",
        **{key: getattr(first, key) for key in same},
        "service": service,
        "fulfills_online": service is not None,
    }


def _movable(state: State) -> list[Location]:
    """Places that can be closed and opened: not given up, no order is routed to them, and nothing lies there."""
    return [
        location
        for location in state.locations.values()
        if location.created_at > state.shop.created_at
        and not location.service
        and location.name != GIVEN_UP
        and not any(any(level.quantities.values()) for level in location.levels)
    ]


def _switch_location(scene: Scene, order: Order | None) -> None:
    location = _movable(scene.state)[-1]
    facts = {"location_id": location.id, "active": not location.is_active}
    scene.record(event("location_changed", scene.clock(), **facts))


def _idle(state: State) -> list[InventoryLevel]:
    """Levels at later places that hold and promise nothing."""
    return [
        level
        for location in state.locations.values()
        if location.created_at > state.shop.created_at
        for level in location.levels
        if level.is_active and not any(level.quantities.values())
    ]


def _deactivate_level(scene: Scene, order: Order | None) -> None:
    level = scene.rng.choice(_idle(scene.state))
    scene.record(event("level_changed", scene.clock(), level_id=level.id, active=False))


def _switched_off(state: State) -> list[InventoryLevel]:
    return [level for level in state.levels.values() if not level.is_active]


def _activate_level(scene: Scene, order: Order | None) -> None:
    level = scene.rng.choice(_switched_off(scene.state))
    scene.record(event("level_changed", scene.clock(), level_id=level.id, active=True))


def _transferable(state: State) -> list[tuple[InventoryLevel, InventoryLevel]]:
    """Levels with more than enough, each with one of the fulfillment service that gets some of it."""
    to = [level for place in state.locations.values() if place.service for level in place.levels if level.is_active]
    return [(level, target) for target in to for level in target.item.levels if level.quantities["available"] > 60]


def _transfer_stock(scene: Scene, order: Order | None) -> None:
    """Units leave one place, and arrive at another."""
    home, to = scene.rng.choice(_transferable(scene.state))
    units = scene.rng.randrange(5, 40)
    sent = level_moves([(home.id, {"available": -units}), (to.id, {"incoming": units})])
    scene.record(event("stock_adjusted", scene.clock(), reason="movement_created", stock=sent))
    arrived = level_moves([(to.id, {"incoming": -units, "available": units})])
    scene.record(event("stock_adjusted", scene.clock(), reason="movement_received", stock=arrived))


HAPPENINGS = (
    Happening(
        "switch_location",
        "A place is closed, or opened again.",
        _switch_location,
        possible=lambda state: bool(_movable(state)),
        weight=0.3,
        per_day=0.1,
    ),
    Happening(
        "deactivate_level",
        "An item is no longer stocked at a place.",
        _deactivate_level,
        possible=lambda state: bool(_idle(state)),
        weight=1,
        per_day=0.6,
    ),
    Happening(
        "activate_level",
        "An item is stocked at a place again.",
        _activate_level,
        possible=lambda state: bool(_switched_off(state)),
        weight=0.5,
        per_day=0.2,
    ),
    Happening(
        "transfer_stock",
        "Stock goes from one place to the fulfillment service.",
        _transfer_stock,
        possible=lambda state: bool(_transferable(state)),
        weight=1,
        per_day=0.4,
    ),
)

CASES: tuple[Case, ...] = (
    Case("level switched off", "The item is no longer stocked there.", lambda state: len(_switched_off(state))),
    Case(
        "level at a place that is closed",
        "The place is not active.",
        lambda state: sum(not level.location.is_active for level in state.levels.values()),
    ),
    Case(
        "level at a fulfillment service",
        "Somebody else ships from there.",
        lambda state: sum(level.location.service is not None for level in state.levels.values()),
    ),
    Case(
        "level changed after its item",
        "Its stamp is younger than the item's.",
        lambda state: sum(level.updated_at > level.item.updated_at for level in state.levels.values()),
    ),
)
