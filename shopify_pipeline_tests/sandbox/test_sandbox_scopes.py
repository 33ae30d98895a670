"""What an app is shown by its scopes, where its refusals stand in the answer, and versions side by side."""

import time
from typing import Any

import pytest

from shopify_pipeline_tests.sandbox.serving import WAIT_SECONDS, Shop

READER = ["read_orders", "read_all_orders"]
SIXTY_ONE_DAYS_HOURS = 61 * 24
CUSTOMER_REFUSED = "Access denied for customer field. Required access: `read_customers` access scope."


def grant(shop: Shop, *scopes: str) -> None:
    assert shop.control("PUT", "scopes", {"scopes": list(scopes)}).status_code == 200


def refusals(answer: dict[str, Any]) -> list[tuple[str, list[Any], list[dict[str, int]]]]:
    return [(each["message"], each["path"], each["locations"]) for each in answer["errors"]]


def test_a_refusal_is_found_through_edges_aliases_and_fragments(own_shop: Shop) -> None:
    grant(own_shop, *READER)
    text = """query Q { first: orders(first: 2) { edges { node { ...Who } } } }
fragment Who on Order { buyer: customer { id } }"""
    assert refusals(own_shop.ask(text)) == [
        (CUSTOMER_REFUSED, ["first", "edges", place, "node", "buyer"], [{"line": 2, "column": 25}]) for place in (0, 1)
    ]


def test_nothing_is_refused_where_there_is_no_record(own_shop: Shop) -> None:
    grant(own_shop, *READER)
    answer = own_shop.ask('{ orders(first: 5, query: "id:1") { nodes { customer { id } } } }')
    assert "errors" not in answer or answer["errors"] == []
    assert answer["data"]["orders"]["nodes"] == []


def test_a_refused_field_that_cannot_be_null_takes_all_up_to_the_next_that_can(own_shop: Shop) -> None:
    grant(own_shop, "read_inventory")
    answer = own_shop.ask("{ locations(first: 1) { nodes { id name } } shop { name } }")
    assert answer["data"] is None
    ((message, path, where),) = refusals(answer)
    assert message.startswith("Access denied for name field. Required access: `read_locations` access scope")
    assert (path, where) == (["locations", "nodes", 0, "name"], [{"line": 1, "column": 36}])


def test_a_union_shows_the_members_the_app_may_see(own_shop: Shop) -> None:
    order = own_shop.data("{ orders(first: 1) { nodes { id } } }")["orders"]["nodes"][0]["id"]
    product = own_shop.data("{ products(first: 1) { nodes { id } } }")["products"]["nodes"][0]["id"]
    grant(own_shop, *READER)
    text = "query Q($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }"
    answer = own_shop.ask(text, ids=[product, order])
    assert answer["data"]["nodes"] == [None, {"__typename": "Order", "id": order}]
    ((message, path, _),) = refusals(answer)
    assert message.startswith("Access denied for nodes field. Required access: `read_products`")
    assert path == ["nodes", 0]


def test_every_error_of_an_answer_says_where_it_stands(own_shop: Shop) -> None:
    answer = own_shop.ask("query Q {\n  shop { name }\n  orders {\n    nodes { id }\n  }\n}")
    (error,) = answer["errors"]
    assert (error["path"], error["locations"]) == (["orders"], [{"line": 3, "column": 3}])


def test_an_order_leaves_the_window_as_time_goes_by(own_shop: Shop) -> None:
    count = "{ ordersCount { count } }"
    grant(own_shop, "read_orders")
    assert own_shop.data(count)["ordersCount"]["count"] == 40
    own_shop.control("POST", "advance", {"hours": SIXTY_ONE_DAYS_HOURS, "new_orders": 2})
    own_shop.log_in()
    few = own_shop.data(count)["ordersCount"]["count"]
    assert few < 42
    assert len(own_shop.data('{ orders(first: 250, query: "id:>1") { nodes { id } } }')["orders"]["nodes"]) == few
    grant(own_shop, *READER)
    assert own_shop.data(count)["ordersCount"]["count"] == 42


def test_a_bulk_query_sees_the_window_too(own_shop: Shop) -> None:
    own_shop.control("POST", "advance", {"hours": SIXTY_ONE_DAYS_HOURS})
    own_shop.log_in()
    grant(own_shop, "read_orders")
    run = 'mutation { bulkOperationRunQuery(query: "{ orders { edges { node { id } } } }") { bulkOperation { id } } }'
    gid = own_shop.data(run)["bulkOperationRunQuery"]["bulkOperation"]["id"]
    deadline = time.monotonic() + WAIT_SECONDS
    while (operation := own_shop.sandbox.bulk.find(gid)).status != "COMPLETED":
        assert time.monotonic() < deadline, operation
        time.sleep(0.02)
    assert operation.root_object_count == 0


@pytest.mark.parametrize("version", ["2026-07", "2026-10"])
def test_each_version_answers_with_its_own_schema_from_one_bucket(shop: Shop, version: str) -> None:
    url = f"{shop.server.url}/admin/api/{version}/graphql.json"
    query = '{ __type(name: "QueryRoot") { fields { name } } }'
    response = shop.session.post(url, json={"query": query}, timeout=30)
    names = {field["name"] for field in response.json()["data"]["__type"]["fields"]}
    assert ("analyticsTargets" in names) == (version == "2026-10")
    assert response.headers["X-Shopify-API-Version"] == version


def test_an_old_version_is_answered_by_the_oldest_that_is_served(shop: Shop) -> None:
    url = f"{shop.server.url}/admin/api/2025-10/graphql.json"
    response = shop.session.post(url, json={"query": "{ shop { name } }"}, timeout=30)
    assert (response.status_code, response.headers["X-Shopify-API-Version"]) == (200, "2026-07")


def test_the_schema_is_asked_for_alone(shop: Shop) -> None:
    answer = shop.ask("{ __schema { queryType { name } } shop { name } }")
    assert answer["errors"][0]["extensions"]["code"] == "SANDBOX_NOT_MODELLED"


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        ({"query": ""}, {"query": "Required parameter missing or invalid"}),
        ({"query": 7}, {"query": "Required parameter missing or invalid"}),
        ({"query": "{ shop { id } }", "variables": "{}"}, {"variables": "expected String to be a Hash"}),
        ({"query": "{ shop { id } }", "variables": []}, {"variables": "expected Array to be a Hash"}),
        ({"query": "{ shop { id } }", "variables": 1}, {"variables": "expected Integer to be a Hash"}),
    ],
)
def test_a_body_that_is_no_request_is_a_bad_request(shop: Shop, body: dict[str, Any], errors: dict[str, str]) -> None:
    response = shop.session.post(f"{shop.server.url}/admin/api/2026-10/graphql.json", json=body, timeout=30)
    assert (response.status_code, response.json()) == (400, {"errors": errors})


def test_the_plan_can_be_changed_while_the_store_is_open(own_shop: Shop) -> None:
    own_shop.control("PUT", "settings", {"plan": "plus"})
    status = own_shop.ask("{ shop { id } }")["extensions"]["cost"]["throttleStatus"]
    assert (status["maximumAvailable"], status["restoreRate"]) == (20_000, 1_000)
