"""Pages: sizes, cursors, orders of sorting, and what moves while it is being read."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

import pytest

from shopify_pipeline_tests.conformance.asked import AskedStore, asked
from shopify_pipeline_tests.conformance.cases import assumed, case, documented, observed
from shopify_pipeline_tests.sandbox.serving import Shop
from shopify_sandbox.search import paging

PAGES = documented("https://shopify.dev/docs/api/usage/pagination-graphql")
ORDERS = """query($first: Int, $last: Int, $after: String, $before: String, $reverse: Boolean, $query: String,
    $sortKey: OrderSortKeys) {
  orders(first: $first, last: $last, after: $after, before: $before, reverse: $reverse, query: $query,
      sortKey: $sortKey) {
    edges { cursor node { id name updatedAt processedAt displayFinancialStatus } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}"""


def page(store: AskedStore, **arguments: Any) -> dict[str, Any]:
    connection: dict[str, Any] = store.data(ORDERS, **{"sortKey": "ID", **arguments})["orders"]
    return connection


def names(connection: dict[str, Any]) -> list[str]:
    return [edge["node"]["name"] for edge in connection["edges"]]


def walked(store: AskedStore, **arguments: Any) -> Iterator[dict[str, Any]]:
    after = None
    while True:
        connection = page(store, after=after, **arguments)
        yield connection
        if not connection["pageInfo"]["hasNextPage"]:
            return
        after = connection["pageInfo"]["endCursor"]


def content(cursor: str) -> dict[str, Any]:
    decoded: dict[str, Any] = json.loads(base64.b64decode(cursor))
    return decoded


def number(edge: dict[str, Any]) -> int:
    return int(edge["node"]["id"].rsplit("/", 1)[1])


@case(
    "paging",
    observed(
        'orders { nodes { id } }: "you must provide one of first or last", code BAD_REQUEST, HTTP 200, path and cost; '
        "Admin API 2026-04"
    ),
)
def test_connection_needs_a_page_size(store: AskedStore) -> None:
    """A connection without first and last is an error at its path, and its cost is told all the same."""
    answer = store.ask("{ found: orders { nodes { id } } }")
    (problem,) = answer["errors"]
    assert problem["message"] == "you must provide one of first or last"
    assert problem["extensions"]["code"] == "BAD_REQUEST"
    assert problem["path"] == ["found"]
    assert "requestedQueryCost" in answer["extensions"]["cost"]


@case("paging", observed('"providing both first and last is not supported", code BAD_REQUEST, HTTP 200'))
def test_page_is_counted_from_one_end_only(store: AskedStore) -> None:
    """Asking for first and last together is refused."""
    (problem,) = store.errors("{ orders(first: 1, last: 1) { nodes { id } } }")
    assert problem["message"] == "providing both first and last is not supported"
    assert problem["extensions"]["code"] == "BAD_REQUEST"


@case("paging", documented("https://shopify.dev/docs/api/usage/pagination-graphql (up to 250 resources at once)"))
def test_page_holds_no_more_than_250(store: AskedStore) -> None:
    """A page of 250 is answered, one of 251 is an error."""
    assert "errors" not in store.ask("{ orders(first: 250) { nodes { id } } }")
    assert store.errors("{ orders(first: 251) { nodes { id } } }")


@case(
    "paging",
    observed('a cursor is base64 of {"last_id":6832…,"last_value":"2026-06-22 23:01:16.000000"}; Admin API 2026-04'),
)
def test_cursor_holds_id_and_sort_value(store: AskedStore) -> None:
    """A cursor is base64 JSON: the record's number and its value of the sort key, times to the microsecond."""
    (edge,) = page(store, first=1, sortKey="PROCESSED_AT")["edges"]
    held = content(edge["cursor"])
    assert held["last_id"] == number(edge)
    at = datetime.fromisoformat(edge["node"]["processedAt"])
    assert held["last_value"] == at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.000000")


@case("paging", observed('a product sync\'s cursor: {"last_id":8808624750849,"last_value":"8808624750849"}'))
def test_cursor_of_an_order_by_id_holds_the_id_as_text_too(store: AskedStore) -> None:
    """Sorted by id, the sort value is the id as text."""
    (edge,) = page(store, first=1)["edges"]
    assert content(edge["cursor"]) == {"last_id": number(edge), "last_value": str(number(edge))}


@case(
    "paging",
    observed(
        'customers(query: …, sortKey: UPDATED_AT): {"last_id":9522206998834,"last_value":1743018698000} for updatedAt '
        '"2025-03-26T19:51:38Z"; Admin API 2025-01'
    ),
)
def test_cursor_of_a_search_counts_time_in_milliseconds(store: AskedStore) -> None:
    """In a searched connection a time in a cursor is milliseconds since 1970."""
    query = """{ customers(first: 1, query: "updated_at:>'2000-01-01T00:00:00Z'", sortKey: UPDATED_AT) {
      edges { cursor node { updatedAt } } } }"""
    (edge,) = store.data(query)["customers"]["edges"]
    at = datetime.fromisoformat(edge["node"]["updatedAt"])
    assert content(edge["cursor"])["last_value"] // 1_000 == int(at.timestamp())


@case(
    "paging",
    observed('"pageInfo": {…, "startCursor": "<cursor of the first edge>", "endCursor": "<cursor of the last edge>"}'),
)
def test_page_info_names_the_cursors_of_both_ends(store: AskedStore) -> None:
    """startCursor and endCursor are the cursors of the first and the last edge."""
    connection = page(store, first=3)
    cursors = [edge["cursor"] for edge in connection["edges"]]
    assert [connection["pageInfo"]["startCursor"], connection["pageInfo"]["endCursor"]] == [cursors[0], cursors[-1]]


@case(
    "paging",
    observed(
        'customers(first: 2, query: "How*"): "edges": [], "pageInfo": {"hasNextPage": false, "hasPreviousPage": false, '
        '"startCursor": null, "endCursor": null}; Admin API 2025-01'
    ),
)
def test_empty_connection_has_no_cursors(store: AskedStore) -> None:
    """A connection without records has null cursors and nothing before or after it."""
    connection = page(store, first=2, query="name:nobody-is-called-so")
    assert connection == {
        "edges": [],
        "pageInfo": {"hasNextPage": False, "hasPreviousPage": False, "startCursor": None, "endCursor": None},
    }


@case(
    "paging",
    observed(
        "products(first: 1, sortKey: INVENTORY_TOTAL, reverse: true) of 3: the largest, "
        '"hasNextPage": true, "hasPreviousPage": false; Admin API 2025-01'
    ),
)
def test_reverse_begins_at_the_other_end(store: AskedStore) -> None:
    """reverse turns the order round; its first page has a next one and none before it."""
    upwards = [name for connection in walked(store, first=100) for name in names(connection)]
    connection = page(store, first=1, reverse=True)
    assert names(connection) == upwards[-1:]
    assert connection["pageInfo"]["hasNextPage"] is True
    assert connection["pageInfo"]["hasPreviousPage"] is False
    assert [name for each in walked(store, first=100, reverse=True) for name in names(each)] == upwards[::-1]


@case(
    "paging",
    observed(
        "products(first: 10, sortKey: INVENTORY_TOTAL): totalInventory 1, 4, 9 in this order; Admin API 2025-01",
    ),
)
def test_products_can_be_sorted_by_what_is_in_stock(store: AskedStore) -> None:
    """A sort key puts the smallest value first."""
    found = store.data("{ products(first: 50, sortKey: INVENTORY_TOTAL) { nodes { totalInventory } } }")
    stock = [node["totalInventory"] for node in found["products"]["nodes"]]
    assert stock == sorted(stock)


@case("paging", PAGES)
def test_pages_forwards_see_every_record_once(store: AskedStore) -> None:
    """Pages by first and after together are the whole connection, whatever their size."""
    whole = [edge["node"]["id"] for each in walked(store, first=250) for edge in each["edges"]]
    assert [edge["node"]["id"] for each in walked(store, first=37) for edge in each["edges"]] == whole
    assert len(set(whole)) == len(whole)


@case("paging", PAGES)
def test_pages_backwards_see_the_same(store: AskedStore) -> None:
    """Pages by last and before go back through the same order."""
    there = names(page(store, first=6))
    last = page(store, first=6)["pageInfo"]["endCursor"]
    back = page(store, last=2, before=last)
    assert names(back) == there[3:5]
    assert names(page(store, last=3, before=back["pageInfo"]["startCursor"])) == there[:3]
    assert page(store, last=3, before=back["pageInfo"]["startCursor"])["pageInfo"]["hasPreviousPage"] is False


@case("paging", PAGES)
def test_page_after_the_first_has_one_before_it(store: AskedStore) -> None:
    """hasPreviousPage is true once a page has been left behind."""
    first, second, *_ = walked(store, first=2, query="id:>0")
    assert first["pageInfo"]["hasPreviousPage"] is False
    assert second["pageInfo"]["hasPreviousPage"] is True


@case("paging", assumed("clients hold this text; no answer of the Admin API that shows it is recorded"))
def test_cursor_of_another_order_is_refused(store: AskedStore) -> None:
    """A cursor only fits the sort key it was given for."""
    (edge,) = page(store, first=1, sortKey="PROCESSED_AT")["edges"]
    for wrong in (edge["cursor"], "nonsense"):
        (problem,) = store.errors(ORDERS, first=1, after=wrong, sortKey="ID")
        assert re.match("Invalid cursor for current pagination sort", problem["message"])


@case("paging", documented("https://shopify.dev/docs/api/admin-graphql/latest/queries/orders (default values)"))
def test_each_root_has_an_order_of_its_own(store: AskedStore) -> None:
    """Without a sort key orders come by processedAt, customers and products by id, locations by name."""
    data = store.data(
        "{ orders(first: 50) { nodes { processedAt } } customers(first: 50) { nodes { id } } "
        "products(first: 50) { nodes { id } } locations(first: 50) { nodes { name } } }"
    )
    for root, read in (
        ("orders", lambda node: node["processedAt"]),
        ("customers", lambda node: int(node["id"].rsplit("/", 1)[1])),
        ("products", lambda node: int(node["id"].rsplit("/", 1)[1])),
        ("locations", lambda node: node["name"]),
    ):
        values = [read(node) for node in data[root]["nodes"]]
        assert values == sorted(values), root


@case("paging", assumed("a cursor holds last_id beside last_value; no capture shows two records of one value"))
def test_equal_values_are_told_apart_by_the_id(store: AskedStore) -> None:
    """Records of one value come in the order of their ids, so that a page may end between them."""
    whole = [edge for each in walked(store, first=250, sortKey="FINANCIAL_STATUS") for edge in each["edges"]]
    groups = [
        [number(edge) for edge in group]
        for _, group in groupby(whole, key=lambda edge: edge["node"]["displayFinancialStatus"])
    ]
    assert max(map(len, groups)) > 2, "the store needs three orders of one financial status"
    assert groups == [sorted(group) for group in groups]
    paged = [edge for each in walked(store, first=37, sortKey="FINANCIAL_STATUS") for edge in each["edges"]]
    assert list(map(number, paged)) == list(map(number, whole))


@case("paging", PAGES)
def test_nested_connections_are_paged_by_the_same_rules(store: AskedStore) -> None:
    """A connection inside a record needs a size and goes on after its cursor."""
    (problem, *_) = store.errors("{ orders(first: 1) { nodes { lineItems { nodes { id } } } } }")
    assert problem["message"] == "you must provide one of first or last"
    found = store.data("{ orders(first: 100) { nodes { id lineItems(first: 10) { nodes { id } } } } }")
    order = max(found["orders"]["nodes"], key=lambda node: len(node["lineItems"]["nodes"]))
    query = """query($id: ID!, $after: String) { order(id: $id) {
      lineItems(first: 1, after: $after) { nodes { id } pageInfo { hasNextPage endCursor } } } }"""
    seen, more, after = [], True, None
    while more:
        connection = store.data(query, id=order["id"], after=after)["order"]["lineItems"]
        seen += connection["nodes"]
        more, after = connection["pageInfo"]["hasNextPage"], connection["pageInfo"]["endCursor"]
    assert seen[:10] == order["lineItems"]["nodes"]


@case(
    "paging",
    assumed("follows from the cursor, which is a value and an id; no capture changes a record between two pages"),
    steered=True,
)
def test_record_that_moves_behind_the_cursor_is_given_again(own_shop: Shop) -> None:
    """A record changed after its page was read comes once more at the end of an order by updatedAt."""
    store = asked(own_shop)
    pages = walked(store, first=25, sortKey="UPDATED_AT")
    read = names(next(pages))
    held = {order.name: order for order in own_shop.sandbox.store.state.orders.values()}
    moved = next(name for name in read if held[name].cancelled_at is None and not held[name].fulfillments)
    assert own_shop.control("POST", "advance", {"cancel": 1, "order": moved}).status_code == 200
    for each in pages:
        read += names(each)
    assert read.count(moved) == 2
    assert read[-1] == moved


@case(
    "paging",
    documented("https://shopify.dev/docs/api/usage/limits (pagination of arrays is limited to 25,000 objects)"),
    steered=True,
)
def test_deep_paging_ends_before_the_records_do(own_shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only so many objects of a connection can be paged to; a narrower filter reaches the others."""
    assert paging.DEEPEST_RECORD == 25_000
    monkeypatch.setattr(paging, "DEEPEST_RECORD", 30)
    store = asked(own_shop)
    pages = list(walked(store, first=7))
    assert sum(len(each["edges"]) for each in pages) == 30
    last = number(pages[-1]["edges"][-1])
    assert len(page(store, first=250, query=f"id:>{last}")["edges"]) == 10
