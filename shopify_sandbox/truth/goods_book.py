"""The auditor's reading of what a shop sells and stocks: places, products, variants, items and levels.

Here: facts of the log about them. Not here: rows (``catalog_rows.py``, ``inventory_rows.py``).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, ClassVar

from shopify_sandbox.truth.facts import Facts
from shopify_sandbox.truth.notes_book import Notes


@dataclass(slots=True)
class Level:
    """Stock of one item at one place, units by quantity name."""

    id: int
    item_id: int
    location_id: int
    quantities: dict[str, int]
    created_at: str
    updated_at: str
    is_active: bool = True


@dataclass(slots=True)
class Variant:
    """One variant with what is stocked for it."""

    facts: Facts
    item: Facts
    product_id: int
    created_at: str
    updated_at: str
    item_updated_at: str
    components: list[list[int]] = field(default_factory=list)
    is_tracked: bool = True


@dataclass(slots=True)
class Product:
    """One product; its variants are in the order they are shown."""

    facts: Facts
    created_at: str
    updated_at: str
    variants: list[int] = field(default_factory=list)
    notes: Notes = field(default_factory=Notes)


@dataclass(slots=True)
class Location:
    """One place."""

    facts: Facts
    created_at: str
    updated_at: str
    deactivated_at: str | None = None


@dataclass
class GoodsBook:
    """What the log says of goods and places; what was deleted is not in it any more."""

    READERS: ClassVar[dict[str, str]] = {
        "shop_opened": "open",
        "location_added": "add_location",
        "location_changed": "change_location",
        "level_changed": "change_level",
        "item_changed": "change_item",
        "components_set": "set_components",
        "metafields_set": "note",
        "product_created": "create",
        "product_updated": "change",
        "product_deleted": "delete",
        "variant_deleted": "delete_variant",
    }

    shop: Facts = field(default_factory=dict)
    locations: dict[int, Location] = field(default_factory=dict)
    products: dict[int, Product] = field(default_factory=dict)
    variants: dict[int, Variant] = field(default_factory=dict)
    #: Item → its variant.
    items: dict[int, Variant] = field(default_factory=dict)
    levels: dict[int, Level] = field(default_factory=dict)

    def open(self, event: Facts, at: str) -> None:
        self.shop = event["shop"]
        self.locations = {facts["id"]: Location(facts, at, at) for facts in event["locations"]}

    def add_location(self, event: Facts, at: str) -> None:
        facts = event["location"]
        self.locations[facts["id"]] = Location(facts, at, at)
        for level_id, item_id, quantities in event["levels"]:
            self.levels[level_id] = Level(level_id, item_id, facts["id"], dict(quantities), at, at)

    def change_location(self, event: Facts, at: str) -> None:
        location = self.locations[event["location_id"]]
        location.deactivated_at = None if event["active"] else at
        location.updated_at = at

    def change_level(self, event: Facts, at: str) -> None:
        level = self.levels[event["level_id"]]
        level.is_active, level.updated_at = event["active"], at

    def change_item(self, event: Facts, at: str) -> None:
        variant = self.items[event["item_id"]]
        variant.item["unit_cost"] = event.get("unit_cost", variant.item["unit_cost"])
        variant.is_tracked = event.get("tracked", variant.is_tracked)
        variant.item_updated_at = at

    def set_components(self, event: Facts, at: str) -> None:
        variant = self.variants[event["variant_id"]]
        variant.components = event["components"]
        variant.updated_at = self.products[variant.product_id].updated_at = at

    def note(self, event: Facts, at: str) -> None:
        if event["owner"] == "Product":
            product = self.products[event["owner_id"]]
            product.notes.take(event["metafields"], at)
            product.updated_at = at
        elif event["owner"] == "ProductVariant":
            variant = self.variants[event["owner_id"]]
            variant.updated_at = self.products[variant.product_id].updated_at = at

    def create(self, event: Facts, at: str) -> None:
        facts = event["product"]
        self.products[facts["id"]] = Product(dict(facts), at, at)
        for variant in facts["variants"]:
            self._add_variant(facts["id"], variant, at)

    def _add_variant(self, product_id: int, facts: Facts, at: str) -> None:
        variant = Variant(dict(facts), dict(facts["item"]), product_id, at, at, at)
        self.products[product_id].variants.append(facts["id"])
        self.variants[facts["id"]] = self.items[facts["item"]["id"]] = variant
        for level_id, location_id, quantities in facts["levels"]:
            self.levels[level_id] = Level(level_id, facts["item"]["id"], location_id, dict(quantities), at, at)

    def change(self, event: Facts, at: str) -> None:
        product = self.products[event["product_id"]]
        product.updated_at = at
        product.facts.update({name: event[name] for name in ("tags", "status") if name in event})
        for facts in event.get("added", ()):
            self._add_variant(event["product_id"], facts, at)
        for variant_id, sku in event.get("skus", ()):
            variant = self.variants[variant_id]
            variant.facts["sku"] = sku
            # An item's SKU is its own field, too: both stamps move.
            variant.updated_at = variant.item_updated_at = at
        for variant_id, price, compare_at in event.get("prices", ()):
            variant = self.variants[variant_id]
            variant.facts.update({"price": price, "compare_at": compare_at})
            variant.updated_at = at

    def delete(self, event: Facts, at: str) -> None:
        for variant_id in self.products.pop(event["product_id"]).variants:
            self._drop(variant_id)

    def delete_variant(self, event: Facts, at: str) -> None:
        product = self.products[event["product_id"]]
        product.variants.remove(event["variant_id"])
        product.updated_at = at
        self._drop(event["variant_id"])

    def _drop(self, variant_id: int) -> None:
        item_id = self.variants.pop(variant_id).item["id"]
        del self.items[item_id]
        for level_id in [one.id for one in self.levels.values() if one.item_id == item_id]:
            del self.levels[level_id]

    def move(self, stock: Iterable[list[Any]], at: str) -> None:
        """Units that an event takes from one quantity to another."""
        for level_id, moves in stock:
            level = self.levels[level_id]
            for name, units in moves.items():
                level.quantities[name] += units
            level.updated_at = at
