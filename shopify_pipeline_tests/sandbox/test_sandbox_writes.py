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


ADJUST_REPORTED = (
    "mutation ($input: InventoryAdjustQuantitiesInput!, $key: String!) "
    "{ inventoryAdjustQuantities(input: $input) @idempotent(key: $key) "
    "{ inventoryAdjustmentGroup { changes { name delta quantityAfterChange } } userErrors { field code } } }"
)
FULFILL = (
    "mutation ($fulfillment: FulfillmentInput!) "
    "{ fulfillmentCreate(fulfillment: $fulfillment) { fulfillment { id } userErrors { field message } } }"
)


def writer(shop: Shop) -> Shop:
    """The shop, whose app may write from now on."""
    scopes = shop.control("GET", "scopes").json()["scopes"]
    more = ["write_inventory", "write_merchant_managed_fulfillment_orders"]
    shop.control("PUT", "scopes", {"scopes": [*scopes, *more]})
    return shop


def adjusted_twice(shop: Shop, delta: int, expected: tuple[int | None, int | None]) -> dict[str, Any]:
    """Name the first level twice in one adjustment."""
    level = next(iter(shop.sandbox.store.state.levels.values()))
    place = {
        "inventoryItemId": f"gid://shopify/InventoryItem/{level.item.id}",
        "locationId": f"gid://shopify/Location/{level.location.id}",
    }
    changes = [{**place, "delta": delta, "changeFromQuantity": each} for each in expected]
    given = {"name": "available", "reason": "received", "changes": changes}
    payload: dict[str, Any] = shop.data(ADJUST_REPORTED, input=given, key="twice")["inventoryAdjustQuantities"]
    return payload


def test_a_level_adjusted_twice_in_one_write_is_reported_as_it_stood_after_each(own_shop: Shop) -> None:
    before = available(own_shop)
    group = adjusted_twice(writer(own_shop), -1, (before, before - 1))["inventoryAdjustmentGroup"]
    after = [each["quantityAfterChange"] for each in group["changes"] if each["name"] == "available"]
    assert after == [before - 1, before - 2]
    on_hand = [each["quantityAfterChange"] for each in group["changes"] if each["name"] == "on_hand"]
    assert on_hand[1] == on_hand[0] - 1
    assert available(own_shop) == before - 2


def test_the_second_change_of_a_level_is_compared_with_what_the_first_left(own_shop: Shop) -> None:
    before = available(own_shop)
    payload = adjusted_twice(writer(own_shop), -1, (before, before))
    assert payload["inventoryAdjustmentGroup"] is None
    assert payload["userErrors"] == [
        {"field": ["input", "changes", "1", "changeFromQuantity"], "code": "CHANGE_FROM_QUANTITY_STALE"}
    ]
    assert available(own_shop) == before


def to_ship(shop: Shop) -> tuple[str, str, int]:
    """A fulfillment order, one line of it, and how many units of that are left."""
    found = shop.data(
        "{ orders(first: 50) { nodes { fulfillmentOrders(first: 1) { nodes { id status "
        "lineItems(first: 1) { nodes { id remainingQuantity } } } } } } }"
    )["orders"]["nodes"]
    ones = [order["fulfillmentOrders"]["nodes"][0] for order in found]
    one = next(each for each in ones if each["status"] == "OPEN")
    line = one["lineItems"]["nodes"][0]
    return one["id"], line["id"], line["remainingQuantity"]


def fulfilled(shop: Shop, *asked: dict[str, Any]) -> dict[str, Any]:
    payload: dict[str, Any] = shop.data(FULFILL, fulfillment={"lineItemsByFulfillmentOrder": list(asked)})[
        "fulfillmentCreate"
    ]
    return payload


def unfulfilled(shop: Shop) -> list[int]:
    return [line.unfulfilled for line in shop.sandbox.store.state.lines.values()]


def test_a_line_named_twice_is_not_shipped_more_often_than_it_is_left(own_shop: Shop) -> None:
    one, line, left = to_ship(writer(own_shop))
    before = unfulfilled(own_shop)
    row = {"id": line, "quantity": left}
    payload = fulfilled(own_shop, {"fulfillmentOrderId": one, "fulfillmentOrderLineItems": [row, row]})
    assert payload["fulfillment"] is None
    place = ["fulfillment", "lineItemsByFulfillmentOrder", "0", "fulfillmentOrderLineItems", "1", "quantity"]
    assert [each["field"] for each in payload["userErrors"]] == [place]
    assert unfulfilled(own_shop) == before
    assert min(before) >= 0


def test_a_line_named_twice_is_shipped_as_the_sum(own_shop: Shop) -> None:
    shop = writer(own_shop)
    line = next(each for each in shop.sandbox.store.state.lines.values() if each.unfulfilled >= 2)
    order = shop.data(
        "query ($id: ID!) { order(id: $id) { fulfillmentOrders(first: 1) { nodes { id "
        "lineItems(first: 50) { nodes { id lineItem { id } } } } } } }",
        id=f"gid://shopify/Order/{line.order.id}",
    )["order"]
    one = order["fulfillmentOrders"]["nodes"][0]
    row = next(each["id"] for each in one["lineItems"]["nodes"] if each["lineItem"]["id"].endswith(str(line.id)))
    left, asked = line.unfulfilled, [{"id": row, "quantity": 1}, {"id": row, "quantity": 1}]
    payload = fulfilled(shop, {"fulfillmentOrderId": one["id"], "fulfillmentOrderLineItems": asked})
    assert payload["userErrors"] == []
    assert line.unfulfilled == left - 2
    assert [(each.line, each.quantity) for each in line.order.fulfillments[-1].lines] == [(line, 2)]


def test_a_fulfillment_order_named_twice_is_refused(own_shop: Shop) -> None:
    one, _, _ = to_ship(writer(own_shop))
    before = unfulfilled(own_shop)
    payload = fulfilled(own_shop, {"fulfillmentOrderId": one}, {"fulfillmentOrderId": one})
    assert payload["fulfillment"] is None
    place = ["fulfillment", "lineItemsByFulfillmentOrder", "1", "fulfillmentOrderId"]
    assert [each["field"] for each in payload["userErrors"]] == [place]
    assert unfulfilled(own_shop) == before
