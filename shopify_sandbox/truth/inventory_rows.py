"""What a warehouse has to hold of stock: places, what is stocked, where, and how much of it.

Here: rows by table. Not here: what is sold (``catalog_rows.py``).
"""

from __future__ import annotations

from collections.abc import Iterator

from shopify_sandbox.truth.cells import Row
from shopify_sandbox.truth.currencies import major
from shopify_sandbox.truth.holdings import Holdings

_ADDRESS = ("address1", "city", "zip", "province_code", "phone")


def locations(held: Holdings) -> Iterator[Row]:
    stocked = {level.location_id for level in held.goods.levels.values() if level.is_active}
    awaited = {place for deal in held.deals.deals.values() for place in deal.waits_at()}
    for location_id, one in held.goods.locations.items():
        is_active, service = one.deactivated_at is None, one.facts.get("service")
        yield {
            "location_id": location_id,
            **{name: one.facts[name] for name in ("name", *_ADDRESS)},
            "address2": None,
            "country_code": one.facts.get("country", "US"),
            "is_active": is_active,
            "fulfills_online_orders": is_active and one.facts.get("fulfills_online", True),
            "ships_inventory": is_active,
            "has_active_inventory": location_id in stocked,
            "has_unfulfilled_orders": location_id in awaited,
            "is_fulfillment_service": service is not None,
            "fulfillment_service": "-".join(service.lower().split(" ")) if service else None,
            "deactivated_at": one.deactivated_at,
            "created_at": one.created_at,
            "updated_at": one.updated_at,
        }


def inventory_items(held: Holdings) -> Iterator[Row]:
    for item_id, one in held.goods.items.items():
        yield {
            "inventory_item_id": item_id,
            "sku": one.facts["sku"],
            "is_tracked": one.is_tracked,
            "requires_shipping": True,
            "cost_currency": held.currency,
            "unit_cost": major(one.item["unit_cost"], held.currency),
            "weight": str(one.item["weight_grams"]),
            "weight_unit": "GRAMS",
            "country_code_of_origin": one.item["origin"],
            "province_code_of_origin": None,
            "harmonized_system_code": one.item["hs_code"],
            "created_at": one.created_at,
            "updated_at": one.item_updated_at,
        }


def inventory_levels(held: Holdings) -> Iterator[Row]:
    for level in held.goods.levels.values():
        yield {
            "inventory_level_id": level.id,
            "inventory_item_id": level.item_id,
            "location_id": level.location_id,
            "is_active": level.is_active,
            # Everything that is physically there.
            "on_hand": sum(units for name, units in level.quantities.items() if name != "incoming"),
            **level.quantities,
            "created_at": level.created_at,
            "updated_at": level.updated_at,
        }
