"""What events do to places, stock records and products once the shop is open, and to what is noted on records.

Here: one small function per event. Not here: the opening and products themselves (``goods.py``), deletions.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from shopify_sandbox.world.buyer_records import Customer
from shopify_sandbox.world.fold.events import Event, Fold
from shopify_sandbox.world.goods import Component, InventoryItem, InventoryLevel, Location, Metafield, Product, Variant
from shopify_sandbox.world.records import Order
from shopify_sandbox.world.state import State

#: Ids of kinds that own metafields, by the name an event calls them.
OWNERS = {"Order": "orders", "Customer": "customers", "Product": "products", "ProductVariant": "variants"}


def _location_added(state: State, event: Event, at: datetime) -> None:
    location = Location(**event["location"], created_at=at, updated_at=at)
    state.locations[location.id] = location
    state.seen("Location", location.id)
    for level_id, item_id, quantities in event["levels"]:
        add_level(state, state.items[item_id], location, level_id, quantities, at)


def _location_changed(state: State, event: Event, at: datetime) -> None:
    location = state.locations[event["location_id"]]
    location.deactivated_at = None if event["active"] else at
    location.updated_at = at


def add_level(
    state: State, item: InventoryItem, location: Location, level_id: int, quantities: dict[str, int], at: datetime
) -> None:
    """Stock an item at a place."""
    stamps = dict.fromkeys((*quantities, "on_hand"), at)
    level = InventoryLevel(level_id, item, location, dict(quantities), stamps, at, at)
    item.levels.append(level)
    location.levels.append(level)
    state.levels[level_id] = level
    state.seen("InventoryLevel", level_id)


def _level_changed(state: State, event: Event, at: datetime) -> None:
    level = state.levels[event["level_id"]]
    level.is_active, level.updated_at = event["active"], at


def _item_changed(state: State, event: Event, at: datetime) -> None:
    item = state.items[event["item_id"]]
    item.unit_cost = event.get("unit_cost", item.unit_cost)
    item.tracked = event.get("tracked", item.tracked)
    item.updated_at = at


def _components_set(state: State, event: Event, at: datetime) -> None:
    variant = state.variants[event["variant_id"]]
    variant.components = [
        Component(row_id, state.variants[variant_id], quantity) for row_id, variant_id, quantity in event["components"]
    ]
    for component in variant.components:
        state.keep("ProductVariantComponent", component.id, component)
    state.assortment_changed()
    variant.updated_at = variant.product.updated_at = at


def _metafields_set(state: State, event: Event, at: datetime) -> None:
    owner: Order | Customer | Product | Variant = getattr(state, OWNERS[event["owner"]])[event["owner_id"]]
    owner.metafields = _with(state, owner.metafields, event["metafields"], at)
    owner.updated_at = at
    if isinstance(owner, Variant):
        owner.product.updated_at = at


def _with(state: State, before: Iterable[Metafield], rows: Iterable[list[Any]], at: datetime) -> list[Metafield]:
    """The metafields with some set anew: one of a known id keeps its place and its first stamp."""
    kept = {one.id: one for one in before}
    for row_id, namespace, key, type_, value in rows:
        created_at = kept[row_id].created_at if row_id in kept else at
        kept[row_id] = Metafield(row_id, namespace, key, type_, value, created_at, at)
        state.keep("Metafield", row_id, kept[row_id])
    return list(kept.values())


FOLDS: dict[str, Fold] = {
    "location_added": _location_added,
    "location_changed": _location_changed,
    "level_changed": _level_changed,
    "item_changed": _item_changed,
    "components_set": _components_set,
    "metafields_set": _metafields_set,
}
