"""What an app writes is part of the world: it is logged, told to subscribers, and outlives a restart."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from shopify_pipeline_tests.sandbox.serving import Shop, served

ADJUST = (
    "mutation ($input: InventoryAdjustQuantitiesInput!) "
    '{ inventoryAdjustQuantities(input: $input) @idempotent(key: "once") '
    "{ inventoryAdjustmentGroup { id createdAt } userErrors { code } } }"
)


def adjusted(shop: Shop, delta: int) -> dict[str, Any]:
    """Adjust the first level of the world by so many units and give the payload."""
    scopes = shop.control("GET", "scopes").json()["scopes"]
    shop.control("PUT", "scopes", {"scopes": [*scopes, "write_inventory"]})
    level = next(iter(shop.sandbox.store.state.levels.values()))
    change = {
        "inventoryItemId": f"gid://shopify/InventoryItem/{level.item.id}",
        "locationId": f"gid://shopify/Location/{level.location.id}",
        "delta": delta,
        "changeFromQuantity": level.quantities["available"],
    }
    given = {"name": "available", "reason": "received", "changes": [change]}
    payload: dict[str, Any] = shop.data(ADJUST, input=given)["inventoryAdjustQuantities"]
    return payload


def available(shop: Shop) -> int:
    return next(iter(shop.sandbox.store.state.levels.values())).quantities["available"]


def test_a_write_and_its_key_outlive_a_restart(tmp_path: Path, small_world: Path) -> None:
    state = tmp_path / "state"
    shutil.copytree(small_world, state)
    with served(state) as shop:
        before = available(shop)
        first = adjusted(shop, 4)
    with served(state) as shop:
        assert available(shop) == before + 4
        level = next(iter(shop.sandbox.store.state.levels.values()))
        level_is_as_it_was = {"delta": 4, "changeFromQuantity": before}
        given = {
            "name": "available",
            "reason": "received",
            "changes": [
                {
                    "inventoryItemId": f"gid://shopify/InventoryItem/{level.item.id}",
                    "locationId": f"gid://shopify/Location/{level.location.id}",
                    **level_is_as_it_was,
                }
            ],
        }
        assert shop.data(ADJUST, input=given)["inventoryAdjustQuantities"] == first
        assert available(shop) == before + 4


def test_a_write_tells_those_who_subscribed_to_the_level(own_shop: Shop) -> None:
    told: list[str] = []
    own_shop.sandbox.store.listeners.append(lambda changes: told.extend(change.topic for change in changes))
    adjusted(own_shop, 4)
    assert told == ["inventory_levels/update"]


def test_a_write_is_dated_after_all_that_happened_before(own_shop: Shop) -> None:
    before = own_shop.sandbox.store.now
    adjusted(own_shop, 4)
    group = own_shop.sandbox.store.state.writes["once"]
    assert group.created_at > before
    assert group.created_at == own_shop.sandbox.store.now
