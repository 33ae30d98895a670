"""What an app sees by its access scopes: fields refused with the rest answered, and the window of 60 days."""

from __future__ import annotations

from typing import Any

from shopify_pipeline_tests.conformance.asked import AskedStore, asked
from shopify_pipeline_tests.conformance.cases import assumed, case, documented, observed
from shopify_pipeline_tests.sandbox.serving import Shop

SCOPES_PAGE = "https://shopify.dev/docs/api/usage/access-scopes"
USERS = (
    "`read_users` access scope. Also: The app must be a finance embedded app or installed on a Shopify Plus or "
    "Advanced store. Contact Shopify Support to enable this scope for your app."
)
SET_NOTHING = (
    'mutation { inventorySetQuantities(input: {name: "available", reason: "correction", quantities: []}) '
    '@idempotent(key: "1") { userErrors { message } } }'
)
ORDERS_AND_ALL = ["read_orders", "read_all_orders", "read_customers", "read_products"]
SIXTY_ONE_DAYS_HOURS = 61 * 24


def with_scopes(shop: Shop, *scopes: str) -> AskedStore:
    """The store as an app with these scopes sees it."""
    assert shop.control("PUT", "scopes", {"scopes": list(scopes)}).status_code == 200
    return asked(shop)


def only_error(answer: dict[str, Any]) -> dict[str, Any]:
    (error,) = answer["errors"]
    return dict(error)


@case("scopes", observed(f'"Access denied for staffMember field. Required access: {USERS}"; Admin API 2026-04'))
def test_a_refused_root_is_null_and_the_rest_is_answered(store: AskedStore) -> None:
    """A root field the app may not read is null with ACCESS_DENIED; the other fields are answered."""
    answer = store.ask('{ staffMember(id: "gid://shopify/StaffMember/1") { id } shop { name } }')
    assert answer["data"]["staffMember"] is None
    assert answer["data"]["shop"]["name"]
    assert only_error(answer) == {
        "message": f"Access denied for staffMember field. Required access: {USERS}",
        "locations": [{"line": 1, "column": 3}],
        "path": ["staffMember"],
        "extensions": {
            "code": "ACCESS_DENIED",
            "documentation": "https://shopify.dev/api/usage/access-scopes",
            "requiredAccess": USERS,
        },
    }


@case("scopes", observed("ACCESS_DENIED for `staffMember` of an order while its other fields came; Admin API 2026-04"))
def test_a_refused_field_is_named_once_for_every_record(store: AskedStore) -> None:
    """A refused field inside a list is refused for each record, with the record's place in the path."""
    answer = store.ask("{ orders(first: 2) { nodes { id staffMember { id } } } }")
    assert [order["staffMember"] for order in answer["data"]["orders"]["nodes"]] == [None, None]
    assert [error["path"] for error in answer["errors"]] == [
        ["orders", "nodes", 0, "staffMember"],
        ["orders", "nodes", 1, "staffMember"],
    ]
    assert {error["message"] for error in answer["errors"]} == {
        f"Access denied for staffMember field. Required access: {USERS}"
    }


@case(
    "scopes",
    observed(
        '"Access denied for translatableResource field. Required access: `read_translations` access scope.", '
        "path [translatableResource]; Admin API 2026-07"
    ),
)
def test_a_refusal_quotes_the_scope_that_is_needed(store: AskedStore) -> None:
    """The message and ``requiredAccess`` quote the scope that would open the field."""
    error = only_error(store.ask('{ translatableResource(resourceId: "gid://shopify/Product/1") { resourceId } }'))
    assert error["message"] == (
        "Access denied for translatableResource field. Required access: `read_translations` access scope."
    )
    assert error["extensions"]["requiredAccess"] == "`read_translations` access scope."
    assert error["path"] == ["translatableResource"]


@case(
    "scopes",
    observed('"Access denied for publications field. Required access: `read_publications`…"; Admin API 2026-07'),
)
def test_a_refused_root_that_cannot_be_null_leaves_no_data(store: AskedStore) -> None:
    """A refused root connection cannot be null, so there is no data at all."""
    answer = store.ask("{ publications(first: 1) { nodes { id } } shop { name } }")
    assert answer["data"] is None
    assert only_error(answer)["message"].startswith(
        "Access denied for publications field. Required access: `read_publications` access scope"
    )


@case(
    "scopes",
    observed('a refused mutation was answered with "requestedQueryCost": 10, "actualQueryCost": 10; 2023'),
    steered=True,
)
def test_a_refused_mutation_is_paid_for(own_shop: Shop) -> None:
    """A mutation that is refused for its scope costs its 10 points all the same."""
    answer = with_scopes(own_shop, "read_inventory", "read_products").ask(SET_NOTHING)
    assert only_error(answer)["extensions"]["code"] == "ACCESS_DENIED"
    told = answer["extensions"]["cost"]
    assert (told["requestedQueryCost"], told["actualQueryCost"]) == (10, 10)


@case(
    "scopes",
    observed('"Access denied for customer field. Required access: `read_customers` access scope."; Admin API 2025'),
    steered=True,
)
def test_customers_of_orders_need_their_own_scope(own_shop: Shop) -> None:
    """``read_orders`` alone does not show who bought: the customer is null and refused."""
    store = with_scopes(own_shop, "read_orders", "read_all_orders")
    answer = store.ask("{ orders(first: 1) { nodes { name customer { id } } } }")
    assert answer["data"]["orders"]["nodes"][0]["customer"] is None
    assert answer["data"]["orders"]["nodes"][0]["name"]
    assert only_error(answer)["message"] == (
        "Access denied for customer field. Required access: `read_customers` access scope."
    )


@case(
    "scopes",
    observed('"Access denied for product field. Required access: `read_products`…" nulled it alone; Admin API 2026-07'),
    steered=True,
)
def test_products_of_lines_need_their_own_scope(own_shop: Shop) -> None:
    """A line's product is refused without ``read_products``; its title, kept on the line, is not."""
    store = with_scopes(own_shop, "read_orders", "read_all_orders")
    query = "{ orders(first: 1) { nodes { lineItems(first: 1) { nodes { title product { id } } } } } }"
    answer = store.ask(query)
    line = answer["data"]["orders"]["nodes"][0]["lineItems"]["nodes"][0]
    assert line["title"]
    assert line["product"] is None
    assert answer["errors"][0]["path"] == ["orders", "nodes", 0, "lineItems", "nodes", 0, "product"]


@case("scopes", documented(SCOPES_PAGE), steered=True)
def test_orders_need_read_orders(own_shop: Shop) -> None:
    """Without ``read_orders`` the orders are refused, and what is required is said."""
    error = only_error(with_scopes(own_shop, "read_products").ask("{ orders(first: 1) { nodes { id } } }"))
    assert error["message"].startswith("Access denied for orders field. Required access: `read_orders` access scope")


@case("scopes", documented(SCOPES_PAGE), steered=True)
def test_read_orders_does_not_open_fulfillment_orders(own_shop: Shop) -> None:
    """Fulfillment orders need a fulfillment-order scope; ``read_orders`` and ``read_fulfillments`` do not do."""
    store = with_scopes(own_shop, "read_orders", "read_all_orders", "read_fulfillments")
    error = only_error(store.ask("{ fulfillmentOrders(first: 1) { nodes { id } } }"))
    assert error["extensions"]["code"] == "ACCESS_DENIED"
    assert "`read_merchant_managed_fulfillment_orders`" in error["extensions"]["requiredAccess"]


@case("scopes", documented(SCOPES_PAGE), steered=True)
def test_one_of_several_sufficient_scopes_is_enough(own_shop: Shop) -> None:
    """Where several scopes are named with "or", any one of them opens the field."""
    for scope in ("read_inventory", "read_products"):
        answer = with_scopes(own_shop, scope).ask("{ inventoryItems(first: 1) { nodes { id } } }")
        assert "errors" not in answer


@case("scopes", documented("https://spec.graphql.org/October2021/#sec-Handling-Field-Errors"), steered=True)
def test_a_refused_field_that_cannot_be_null_takes_its_record_with_it(own_shop: Shop) -> None:
    """A location's name cannot be null: refused, it leaves no location."""
    store = with_scopes(own_shop, "read_inventory")
    location = store.data("{ location { id } }")["location"]["id"]
    answer = store.ask("query L($id: ID!) { location(id: $id) { id name } shop { name } }", id=location)
    assert answer["data"]["location"] is None
    assert answer["data"]["shop"]["name"]
    assert only_error(answer)["path"] == ["location", "name"]


@case("scopes", documented(SCOPES_PAGE), steered=True)
def test_a_write_needs_its_write_scope(own_shop: Shop) -> None:
    """A mutation without its scope is refused and nothing is written."""
    store = with_scopes(own_shop, "read_inventory", "read_products")
    error = only_error(store.ask(SET_NOTHING))
    assert error["message"] == (
        "Access denied for inventorySetQuantities field. Required access: `write_inventory` access scope. "
        "Also: The user must have a permission to update an inventory."
    )


@case("scopes", documented(SCOPES_PAGE), steered=True)
def test_who_may_write_may_read(own_shop: Shop) -> None:
    """A write scope opens what the read scope of the same name opens."""
    answer = with_scopes(own_shop, "write_products").ask("{ products(first: 1) { nodes { id } } }")
    assert "errors" not in answer


@case("scopes", documented(SCOPES_PAGE), steered=True, traps=(1,))
def test_without_read_all_orders_old_orders_are_missing_without_a_word(own_shop: Shop) -> None:
    """Without ``read_all_orders`` orders created more than 60 days ago are not there, and nothing says so."""
    own_shop.control("POST", "advance", {"hours": SIXTY_ONE_DAYS_HOURS, "new_orders": 3})
    own_shop.log_in()
    query = "{ orders(first: 250) { nodes { id } } ordersCount { count precision } }"
    everything = with_scopes(own_shop, *ORDERS_AND_ALL).data(query)
    recent = with_scopes(own_shop, "read_orders").data(query)
    assert len(everything["orders"]["nodes"]) == 43
    assert len(recent["orders"]["nodes"]) < 43
    assert recent["ordersCount"] == {"count": len(recent["orders"]["nodes"]), "precision": "EXACT"}


@case("scopes", documented(SCOPES_PAGE), steered=True, traps=(1,))
def test_an_old_order_is_null_by_its_id_too(own_shop: Shop) -> None:
    """An order outside the window is null when it is asked for by id, one by one or among others."""
    store = with_scopes(own_shop, *ORDERS_AND_ALL)
    old = store.data("{ orders(first: 1, sortKey: CREATED_AT) { nodes { id } } }")["orders"]["nodes"][0]["id"]
    own_shop.control("POST", "advance", {"hours": SIXTY_ONE_DAYS_HOURS})
    own_shop.log_in()
    query = "query Q($id: ID!) { order(id: $id) { id } node(id: $id) { id } nodes(ids: [$id]) { id } }"
    assert with_scopes(own_shop, *ORDERS_AND_ALL).data(query, id=old)["order"] == {"id": old}
    assert with_scopes(own_shop, "read_orders").data(query, id=old) == {"order": None, "node": None, "nodes": [None]}


@case("scopes", assumed("the page speaks of orders; that a customer's own list is cut alike is inferred"), steered=True)
def test_old_orders_are_missing_from_their_customers_too(own_shop: Shop) -> None:
    """A customer's orders outside the window are missing from ``orders`` and ``lastOrder``."""
    own_shop.control("POST", "advance", {"hours": SIXTY_ONE_DAYS_HOURS})
    own_shop.log_in()
    query = "{ customers(first: 250) { nodes { orders(first: 250) { nodes { id } } lastOrder { id } } } }"
    everything = with_scopes(own_shop, *ORDERS_AND_ALL).data(query)["customers"]["nodes"]
    recent = with_scopes(own_shop, "read_orders", "read_customers").data(query)["customers"]["nodes"]
    assert any(customer["lastOrder"] for customer in everything)
    assert [customer for customer in recent if customer["lastOrder"] or customer["orders"]["nodes"]] == []
