"""What events do to the shop, its products and its stock.

Here: one small function per event. Not here: stock movements, which any event may carry (``fold/__init__.py``).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from shopify_sandbox.world.fold.events import Event, Fold
from shopify_sandbox.world.goods import (
    AdjustmentGroup,
    InventoryItem,
    InventoryLevel,
    Location,
    Product,
    QuantityChange,
    Shop,
    Variant,
)
from shopify_sandbox.world.state import State


def _shop_opened(state: State, event: Event, at: datetime) -> None:
    state.shop = Shop(**event["shop"], created_at=at)
    state.seen("Shop", state.shop.id)
    for facts in event["locations"]:
        location = Location(**facts, created_at=at, updated_at=at)
        state.locations[location.id] = location
        state.seen("Location", location.id)


def _product_created(state: State, event: Event, at: datetime) -> None:
    facts = dict(event["product"])
    variants = facts.pop("variants")
    product = Product(**facts, created_at=at, updated_at=at, published_at=at)
    state.products[product.id] = product
    state.seen("Product", product.id)
    for position, variant_facts in enumerate(variants, start=1):
        _add_variant(state, product, position, dict(variant_facts), at)


def _add_variant(state: State, product: Product, position: int, facts: dict[str, Any], at: datetime) -> None:
    item_facts, levels = facts.pop("item"), facts.pop("levels")
    variant = Variant(**facts, product=product, position=position, created_at=at, updated_at=at)
    variant.item = InventoryItem(**item_facts, variant=variant, created_at=at, updated_at=at)
    for level_id, location_id, quantities in levels:
        location = state.locations[location_id]
        stamps = dict.fromkeys((*quantities, "on_hand"), at)
        level = InventoryLevel(level_id, variant.item, location, dict(quantities), stamps, at, at)
        variant.item.levels.append(level)
        location.levels.append(level)
        state.levels[level_id] = level
        state.seen("InventoryLevel", level_id)
    product.variants.append(variant)
    state.variants[variant.id] = variant
    state.items[variant.item.id] = variant.item
    state.assortment_changed()
    state.seen("ProductVariant", variant.id)
    state.seen("InventoryItem", variant.item.id)


def _product_updated(state: State, event: Event, at: datetime) -> None:
    product = state.products[event["product_id"]]
    product.updated_at = at
    product.tags = event.get("tags", product.tags)
    product.status = event.get("status", product.status)
    state.assortment_changed()
    for facts in event.get("added", ()):
        _add_variant(state, product, len(product.variants) + 1, dict(facts), at)
    for variant_id, sku in event.get("skus", ()):
        variant = state.variants[variant_id]
        variant.sku = sku
        # A SKU is a field of the stocked item as well: both stamps move.
        variant.updated_at = variant.item.updated_at = at
    for variant_id, price, compare_at in event.get("prices", ()):
        variant = state.variants[variant_id]
        variant.price, variant.compare_at, variant.updated_at = price, compare_at, at


def _stock_adjusted(state: State, event: Event, at: datetime) -> None:
    """The movements are in ``stock``, which every event may carry; an app's write has a group beside them."""
    if "group" not in event:
        return
    facts = dict(event["group"])
    changes = [QuantityChange(state.levels[level], *rest) for level, *rest in facts.pop("changes")]
    group = AdjustmentGroup(created_at=at, changes=changes, **facts)
    state.keep("InventoryAdjustmentGroup", group.id, group)
    state.writes[group.key] = group


FOLDS: dict[str, Fold] = {
    "shop_opened": _shop_opened,
    "product_created": _product_created,
    "product_updated": _product_updated,
    "stock_adjusted": _stock_adjusted,
}
