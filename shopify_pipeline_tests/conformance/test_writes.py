"""Writes: stock by compare-and-set under an idempotency key, fulfillments with tracking; nothing else is modelled."""

from __future__ import annotations

from typing import Any

import pytest

from shopify_pipeline_tests.conformance.asked import AskedStore, asked
from shopify_pipeline_tests.conformance.cases import assumed, case, documented, observed
from shopify_pipeline_tests.sandbox.serving import Shop

CHANGES = "changes { name delta quantityAfterChange item { id } location { id } }"
SET = (
    "mutation Set($input: InventorySetQuantitiesInput!, $key: String!) "
    "{ inventorySetQuantities(input: $input) @idempotent(key: $key) "
    f"{{ inventoryAdjustmentGroup {{ id reason {CHANGES} }} userErrors {{ field message code }} }} }}"
)
ADJUST = (
    "mutation Adjust($input: InventoryAdjustQuantitiesInput!, $key: String!) "
    "{ inventoryAdjustQuantities(input: $input) @idempotent(key: $key) "
    f"{{ inventoryAdjustmentGroup {{ id {CHANGES} }} userErrors {{ field message code }} }} }}"
)
FULFILL = (
    "mutation Fulfill($fulfillment: FulfillmentInput!) { fulfillmentCreate(fulfillment: $fulfillment) "
    "{ fulfillment { id status trackingInfo { company number url } } userErrors { field message } } }"
)
WRITER = ["write_inventory", "write_merchant_managed_fulfillment_orders"]


@pytest.fixture
def writer(own_shop: Shop) -> AskedStore:
    """A store of one's own, whose app may write."""
    scopes = own_shop.control("GET", "scopes").json()["scopes"]
    own_shop.control("PUT", "scopes", {"scopes": [*scopes, *WRITER]})
    return asked(own_shop)


def a_level(store: AskedStore) -> dict[str, Any]:
    """One level: item, location, available and on hand, units."""
    data = store.data(
        "{ inventoryItems(first: 1) { nodes { id inventoryLevels(first: 1) { nodes { location { id } "
        'quantities(names: ["available", "on_hand"]) { name quantity } } } } } }'
    )
    item = data["inventoryItems"]["nodes"][0]
    level = item["inventoryLevels"]["nodes"][0]
    units = {each["name"]: each["quantity"] for each in level["quantities"]}
    return {"inventoryItemId": item["id"], "locationId": level["location"]["id"], **units}


def wanted(level: dict[str, Any], quantity: int, expected: int | None) -> dict[str, Any]:
    place = {key: level[key] for key in ("inventoryItemId", "locationId")}
    quantities = [{**place, "quantity": quantity, "changeFromQuantity": expected}]
    return {"name": "available", "reason": "correction", "quantities": quantities}


def change(level: dict[str, Any], delta: int, **more: Any) -> dict[str, Any]:
    place = {key: level[key] for key in ("inventoryItemId", "locationId")}
    changes = [{**place, "delta": delta, "changeFromQuantity": None, **more}]
    return {"name": "available", "reason": "received", "changes": changes}


@case(
    "writes",
    observed('"The @idempotent directive is required for this mutation but was not provided.", BAD_REQUEST; 2026-07'),
    steered=True,
)
def test_a_stock_write_without_an_idempotency_key_is_refused(writer: AskedStore) -> None:
    """inventorySetQuantities needs the @idempotent directive on the field."""
    level = a_level(writer)
    text = SET.replace(", $key: String!", "").replace(" @idempotent(key: $key)", "")
    answer = writer.ask(text, input=wanted(level, 7, level["available"]))
    assert answer["data"] == {"inventorySetQuantities": None}
    (error,) = answer["errors"]
    assert error["message"] == "The @idempotent directive is required for this mutation but was not provided."
    assert error["extensions"] == {"code": "BAD_REQUEST"}
    assert error["path"] == ["inventorySetQuantities"]


@case(
    "writes",
    observed('"InventoryQuantityInput must include the following argument: changeFromQuantity."; Admin API 2026-04'),
    steered=True,
)
def test_the_quantity_compared_with_must_be_named_even_when_it_is_null(writer: AskedStore) -> None:
    """changeFromQuantity is mandatory as a key."""
    level = a_level(writer)
    given = wanted(level, 7, None)
    del given["quantities"][0]["changeFromQuantity"]
    (error,) = writer.errors(SET, input=given, key="k")
    assert error["message"] == "InventoryQuantityInput must include the following argument: changeFromQuantity."
    assert error["extensions"]["code"] == "INVALID_FIELD_ARGUMENTS"


@case(
    "writes",
    observed('"InventoryChangeInput must include the following argument: changeFromQuantity."; Admin API 2026-04'),
    steered=True,
)
def test_a_change_names_the_quantity_it_starts_from(writer: AskedStore) -> None:
    """inventoryAdjustQuantities needs changeFromQuantity as a key, too."""
    given = change(a_level(writer), 1)
    del given["changes"][0]["changeFromQuantity"]
    (error,) = writer.errors(ADJUST, input=given, key="k")
    assert error["message"] == "InventoryChangeInput must include the following argument: changeFromQuantity."


@case(
    "writes",
    observed('CHANGE_FROM_QUANTITY_STALE "The changeFromQuantity argument no longer matches the persisted quantity."'),
    steered=True,
)
def test_a_stale_quantity_changes_nothing(writer: AskedStore) -> None:
    """A write whose changeFromQuantity is not the persisted quantity is refused whole."""
    level = a_level(writer)
    payload = writer.data(SET, input=wanted(level, 7, level["available"] + 1), key="k")["inventorySetQuantities"]
    assert payload == {
        "inventoryAdjustmentGroup": None,
        "userErrors": [
            {
                "field": ["input", "quantities", "0", "changeFromQuantity"],
                "message": "The changeFromQuantity argument no longer matches the persisted quantity.",
                "code": "CHANGE_FROM_QUANTITY_STALE",
            }
        ],
    }
    assert a_level(writer) == level


@case(
    "writes",
    documented("https://shopify.dev/docs/api/admin-graphql/latest/mutations/inventorySetQuantities"),
    steered=True,
)
def test_setting_what_is_available_moves_what_is_on_hand(writer: AskedStore) -> None:
    """A change of available is reported together with the change of on_hand it brings."""
    level = a_level(writer)
    given = wanted(level, level["available"] + 5, level["available"])
    group = writer.data(SET, input=given, key="k")["inventorySetQuantities"]["inventoryAdjustmentGroup"]
    assert {(each["name"], each["delta"]) for each in group["changes"]} == {("available", 5), ("on_hand", 5)}
    after = a_level(writer)
    assert (after["available"], after["on_hand"]) == (level["available"] + 5, level["on_hand"] + 5)


@case("writes", documented("https://shopify.dev/docs/api/usage/implementing-idempotency"), steered=True)
def test_the_same_write_with_the_same_key_happens_once(writer: AskedStore) -> None:
    """Repeating a write with its key answers with what it made the first time."""
    level = a_level(writer)
    given = change(level, 3)
    first = writer.data(ADJUST, input=given, key="once")["inventoryAdjustQuantities"]
    second = writer.data(ADJUST, input=given, key="once")["inventoryAdjustQuantities"]
    assert first == second
    assert first["userErrors"] == []
    assert a_level(writer)["available"] == level["available"] + 3


@case(
    "writes",
    observed('"The request with this idempotency key has different parameters than the original request."; 2026-07'),
    steered=True,
)
def test_a_key_belongs_to_its_parameters(writer: AskedStore) -> None:
    """The same key with other parameters is refused as IDEMPOTENCY_KEY_PARAMETER_MISMATCH."""
    level = a_level(writer)
    writer.data(ADJUST, input=change(level, 3), key="once")
    (error,) = writer.data(ADJUST, input=change(level, 4), key="once")["inventoryAdjustQuantities"]["userErrors"]
    assert error["code"] == "IDEMPOTENCY_KEY_PARAMETER_MISMATCH"
    assert (
        error["message"] == "The request with this idempotency key has different parameters than the original request."
    )
    assert a_level(writer)["available"] == level["available"] + 3


@case("writes", documented("https://shopify.dev/docs/api/usage/implementing-idempotency"), steered=True)
def test_a_key_is_forgotten_after_a_day(own_shop: Shop, writer: AskedStore) -> None:
    """An idempotency key is remembered for 24 hours."""
    level = a_level(writer)
    writer.data(ADJUST, input=change(level, 3), key="once")
    own_shop.control("POST", "advance", {"hours": 25})
    own_shop.log_in()
    payload = asked(own_shop).data(ADJUST, input=change(level, 4), key="once")["inventoryAdjustQuantities"]
    assert payload["userErrors"] == []


@case("writes", documented("schema 2026-10, InventorySetQuantitiesUserErrorCode"), steered=True)
def test_only_available_and_on_hand_can_be_set(writer: AskedStore) -> None:
    """inventorySetQuantities accepts the names available and on_hand only."""
    given = {**wanted(a_level(writer), 7, None), "name": "committed"}
    (error,) = writer.data(SET, input=given, key="k")["inventorySetQuantities"]["userErrors"]
    assert (error["code"], error["field"]) == ("INVALID_NAME", ["input", "name"])


@case("writes", documented("schema 2026-10, InventoryAdjustQuantitiesUserErrorCode"), steered=True)
def test_what_is_committed_belongs_to_orders(writer: AskedStore) -> None:
    """inventoryAdjustQuantities does not take the name committed."""
    given = {**change(a_level(writer), 1), "name": "committed"}
    (error,) = writer.data(ADJUST, input=given, key="k")["inventoryAdjustQuantities"]["userErrors"]
    assert error["code"] == "INVALID_QUANTITY_NAME"


@case("writes", documented("schema 2026-10, InventorySetQuantitiesUserErrorCode"), steered=True)
@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"inventoryItemId": "gid://shopify/InventoryItem/1"}, "INVALID_INVENTORY_ITEM"),
        ({"locationId": "gid://shopify/Location/1"}, "INVALID_LOCATION"),
        ({"quantity": 1_000_000_001}, "INVALID_QUANTITY_TOO_HIGH"),
    ],
)
def test_a_wrong_row_is_named_by_its_place(writer: AskedStore, changed: dict[str, Any], code: str) -> None:
    """A user error of a stock write names the row and field it is about."""
    given = wanted(a_level(writer), 7, None)
    given["quantities"][0].update(changed)
    errors = writer.data(SET, input=given, key="k")["inventorySetQuantities"]["userErrors"]
    assert [each["code"] for each in errors] == [code]
    assert errors[0]["field"] == ["input", "quantities", "0", next(iter(changed))]


@case("writes", documented("schema 2026-10, InventorySetQuantitiesUserErrorCode"), steered=True)
def test_a_level_is_set_once_in_a_write(writer: AskedStore) -> None:
    """The same pair of item and location twice in one write is refused."""
    given = wanted(a_level(writer), 7, None)
    given["quantities"] *= 2
    (error,) = writer.data(SET, input=given, key="k")["inventorySetQuantities"]["userErrors"]
    assert error["code"] == "NO_DUPLICATE_INVENTORY_ITEM_ID_GROUP_ID_PAIR"


@case(
    "writes",
    observed('"Access denied for inventorySetQuantities field. Required access: `write_inventory` …"; 2026-07'),
    steered=True,
)
def test_a_reader_may_not_write(own_shop: Shop) -> None:
    """A write without its scope is denied and changes nothing."""
    store = asked(own_shop)
    level = a_level(store)
    answer = store.ask(SET, input=wanted(level, 7, None), key="k")
    assert answer["errors"][0]["extensions"]["code"] == "ACCESS_DENIED"
    assert a_level(store) == level


def an_open_order(store: AskedStore) -> dict[str, Any]:
    """An order with units left to ship, and its fulfillment order."""
    data = store.data(
        "{ orders(first: 50) { nodes { id displayFulfillmentStatus fulfillmentOrders(first: 5) { nodes { id status "
        "lineItems(first: 50) { nodes { id remainingQuantity totalQuantity } } } } } } }"
    )
    found = (each for each in data["orders"]["nodes"] if each["displayFulfillmentStatus"] == "UNFULFILLED")
    return next(each for each in found if each["fulfillmentOrders"]["nodes"][0]["status"] == "OPEN")


@case(
    "writes",
    observed("status SUCCESS, tracking number round-tripped, UNFULFILLED → FULFILLED; Admin API 2026-07"),
    steered=True,
)
def test_a_fulfillment_ships_what_is_left_with_its_tracking_number(writer: AskedStore) -> None:
    """fulfillmentCreate without lines ships everything that is left, and the order is fulfilled."""
    order = an_open_order(writer)
    tracking = {"company": "UPS", "number": "1Z999", "url": "https://www.ups.com/track?tracknum=1Z999"}
    wanted_order = {"fulfillmentOrderId": order["fulfillmentOrders"]["nodes"][0]["id"]}
    given = {"lineItemsByFulfillmentOrder": [wanted_order], "trackingInfo": tracking}
    payload = writer.data(FULFILL, fulfillment=given)["fulfillmentCreate"]
    assert payload["userErrors"] == []
    assert payload["fulfillment"]["status"] == "SUCCESS"
    assert payload["fulfillment"]["trackingInfo"] == [tracking]
    after = writer.data(
        "query ($id: ID!) { order(id: $id) "
        "{ displayFulfillmentStatus fulfillmentOrders(first: 1) { nodes { status } } } }",
        id=order["id"],
    )["order"]
    assert after["displayFulfillmentStatus"] == "FULFILLED"
    assert after["fulfillmentOrders"]["nodes"] == [{"status": "CLOSED"}]


@case("writes", assumed("the wording of a refused quantity is not recorded"), steered=True)
def test_more_than_is_left_cannot_be_shipped(writer: AskedStore) -> None:
    """A fulfillment of more units than remain is refused and ships nothing."""
    order = an_open_order(writer)
    (one,) = order["fulfillmentOrders"]["nodes"]
    line = one["lineItems"]["nodes"][0]
    rows = [{"id": line["id"], "quantity": line["remainingQuantity"] + 1}]
    given = {"lineItemsByFulfillmentOrder": [{"fulfillmentOrderId": one["id"], "fulfillmentOrderLineItems": rows}]}
    payload = writer.data(FULFILL, fulfillment=given)["fulfillmentCreate"]
    assert payload["fulfillment"] is None
    assert payload["userErrors"]
    assert an_open_order(writer) == order


@case(
    "writes",
    observed('"The api_client does not have access to the fulfillment order."; Admin API 2026-07'),
    steered=True,
)
def test_shipping_for_the_merchant_needs_the_merchants_scope(own_shop: Shop) -> None:
    """fulfillmentCreate with another fulfillment scope than the merchant-managed one is refused by a user error."""
    scopes = own_shop.control("GET", "scopes").json()["scopes"]
    own_shop.control("PUT", "scopes", {"scopes": [*scopes, "write_third_party_fulfillment_orders"]})
    store = asked(own_shop)
    one = an_open_order(store)["fulfillmentOrders"]["nodes"][0]
    given = {"lineItemsByFulfillmentOrder": [{"fulfillmentOrderId": one["id"]}]}
    (error,) = store.data(FULFILL, fulfillment=given)["fulfillmentCreate"]["userErrors"]
    assert error["message"] == "The api_client does not have access to the fulfillment order."


@case("writes", assumed("a sandbox that answers null would be believed"), steered=True)
def test_a_write_nobody_models_is_said_to_be_so(writer: AskedStore) -> None:
    """A mutation the sandbox does not model answers with an error, never with null alone."""
    (error,) = writer.errors(
        'mutation { tagsAdd(id: "gid://shopify/Order/1", tags: ["a"]) { userErrors { message } } }'
    )
    assert error["extensions"]["code"] == "SANDBOX_NOT_MODELLED"
