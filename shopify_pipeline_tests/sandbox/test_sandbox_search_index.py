"""The search index: late by as much as the store is told, while records themselves are always fresh."""

from datetime import datetime
from typing import Any

import pytest

from shopify_pipeline_tests.sandbox.serving import Shop
from shopify_sandbox.world.evolution import FITS

LAG_SECONDS = 600
SEARCH = """query($query: String) {
  orders(first: 250, query: $query, sortKey: UPDATED_AT) { nodes { id name updatedAt cancelledAt } }
  ordersCount(query: $query) { count }
}"""


def searched(shop: Shop, query: str) -> list[dict[str, Any]]:
    data = shop.data(SEARCH, query=query)
    assert data["ordersCount"]["count"] == len(data["orders"]["nodes"])
    nodes: list[dict[str, Any]] = data["orders"]["nodes"]
    return nodes


def names(shop: Shop, query: str) -> set[str]:
    return {node["name"] for node in searched(shop, query)}


def late(shop: Shop, seconds: int = LAG_SECONDS) -> None:
    assert shop.control("PUT", "settings", {"index_lag_seconds": seconds}).status_code == 200


def advance(shop: Shop, **actions: Any) -> list[dict[str, Any]]:
    answer = shop.control("POST", "advance", actions)
    assert answer.status_code == 200, answer.text
    events: list[dict[str, Any]] = answer.json()["events"]
    return events


def instant(shop: Shop) -> str:
    return f"{shop.sandbox.clock.now():%Y-%m-%dT%H:%M:%SZ}"


def test_record_made_since_is_not_found_by_a_search_but_is_there_for_everybody_else(own_shop: Shop) -> None:
    late(own_shop)
    before = names(own_shop, "status:open")
    placed = advance(own_shop, new_orders=1)[-1]
    name = placed["order_name"]

    assert names(own_shop, f"name:{name}") == set()
    assert names(own_shop, "status:open") == before
    gid = f"gid://shopify/Order/{placed['order_id']}"
    data = own_shop.data(
        "query($id: ID!) { node(id: $id) { id } orders(first: 1, reverse: true) { nodes { name } } "
        "ordersCount { count } }",
        id=gid,
    )
    assert data == {"node": {"id": gid}, "orders": {"nodes": [{"name": name}]}, "ordersCount": {"count": 41}}

    advance(own_shop, hours=LAG_SECONDS / 3_600)
    assert names(own_shop, f"name:{name}") == {name}


def test_record_changed_since_is_found_by_its_old_values_and_shown_with_its_new_ones(own_shop: Shop) -> None:
    advance(own_shop, new_orders=1, hours=1)
    order = searched(own_shop, "status:open")[-1]
    late(own_shop)
    since = instant(own_shop)
    advance(own_shop, cancel=1, order=order["name"])

    assert names(own_shop, f"updated_at:>'{since}'") == set()
    assert order["name"] not in names(own_shop, "status:cancelled")
    found = searched(own_shop, f"updated_at:'{order['updatedAt']}'")
    assert [each["name"] for each in found] == [order["name"]]
    assert found[0]["updatedAt"] > since
    assert found[0]["cancelledAt"] is not None

    advance(own_shop, hours=LAG_SECONDS / 3_600)
    assert names(own_shop, f"updated_at:>'{since}'") == {order["name"]}
    assert names(own_shop, f"updated_at:'{order['updatedAt']}'") == set()
    assert order["name"] in names(own_shop, "status:cancelled")


def test_index_that_is_exactly_as_old_as_the_change_knows_it(own_shop: Shop) -> None:
    late(own_shop)
    name = advance(own_shop, new_orders=1)[-1]["order_name"]
    advance(own_shop, hours=(LAG_SECONDS - 1) / 3_600)
    assert names(own_shop, f"name:{name}") == set()
    advance(own_shop, hours=1 / 3_600)
    assert names(own_shop, f"name:{name}") == {name}


def test_lag_can_grow_and_end_while_the_store_runs(own_shop: Shop) -> None:
    name = advance(own_shop, new_orders=1)[-1]["order_name"]
    seen = []
    for seconds in (0, 60, 3_600, 60, 0):
        late(own_shop, seconds)
        seen.append(bool(names(own_shop, f"name:{name}")))
        advance(own_shop, hours=120 / 3_600 if seconds == 60 else 0)
    # After the first 60 seconds of lag two minutes pass, so that only the lag of an hour still hides it.
    assert seen == [True, False, False, True, True]


def test_window_read_behind_the_lag_loses_nothing_that_a_window_up_to_now_loses(own_shop: Shop) -> None:
    late(own_shop)
    since = instant(own_shop)
    placed = {advance(own_shop, new_orders=1)[-1]["order_name"] for _ in range(3)}
    until = instant(own_shop)
    window = f"created_at:>'{since}' AND created_at:<='{until}'"
    assert names(own_shop, window) == set()
    advance(own_shop, hours=LAG_SECONDS / 3_600)
    assert names(own_shop, window) == placed


def test_two_searches_at_one_moment_are_one_answer(own_shop: Shop) -> None:
    late(own_shop)
    advance(own_shop, new_orders=5, edit=2, cancel=2, hours=0.1)
    first, second = (own_shop.data(SEARCH, query="status:open") for _ in range(2))
    assert first == second


def test_platforms_own_records_are_never_late(own_shop: Shop) -> None:
    late(own_shop)
    query = "mutation($q: String!) { bulkOperationRunQuery(query: $q) { bulkOperation { id } userErrors { message } } }"
    made = own_shop.data(query, q="{ orders { edges { node { id } } } }")["bulkOperationRunQuery"]["bulkOperation"]
    listed = own_shop.data('{ bulkOperations(first: 5, query: "operation_type:query") { nodes { id } } }')
    assert listed["bulkOperations"]["nodes"] == [made]


PAGE = """query($after: String) {
  orders(first: 5, after: $after, sortKey: UPDATED_AT, query: "created_at:>'2000-01-01'") {
    nodes { name updatedAt } pageInfo { endCursor hasNextPage }
  }
}"""


def walked(shop: Shop, between: Any) -> list[str]:
    """Names in the order of a walk; ``between`` is called once, after the first page, with its names."""
    seen: list[str] = []
    after, more = None, True
    while more:
        page = shop.data(PAGE, after=after)["orders"]
        if after is None:
            between([node["name"] for node in page["nodes"]])
        seen += [node["name"] for node in page["nodes"]]
        after, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]
    return seen


def test_order_that_changes_after_its_page_was_read_is_read_again_at_the_end(own_shop: Shop) -> None:
    changed: list[str] = []

    def change(first_page: list[str]) -> None:
        orders = own_shop.sandbox.store.state.orders.values()
        changed.append(next(order.name for order in orders if order.name in first_page and order.cancelled_at is None))
        advance(own_shop, **touching(own_shop, changed[0]))

    seen = walked(own_shop, change)
    assert seen.count(changed[0]) == 2
    assert seen[-1] == changed[0]
    assert len(set(seen)) == 40


def test_order_that_changes_before_its_page_is_read_is_read_once_at_the_end(own_shop: Shop) -> None:
    changed: list[str] = []

    def change(first_page: list[str]) -> None:
        orders = own_shop.sandbox.store.state.orders.values()
        changed.append(next(each.name for each in orders if each.name not in first_page and each.cancelled_at is None))
        advance(own_shop, **touching(own_shop, changed[0]))

    seen = walked(own_shop, change)
    assert seen[-1] == changed[0]
    assert sorted(seen) == sorted(set(seen))
    assert len(seen) == 40


def touching(shop: Shop, name: str) -> dict[str, Any]:
    """An action that fits the order, and so moves its ``updatedAt``."""
    order = next(order for order in shop.sandbox.store.state.orders.values() if order.name == name)
    action = next(each for each, fits in FITS.items() if fits(order))
    return {action: 1, "order": name}


def test_time_the_index_sees_moves_with_the_clock(own_shop: Shop) -> None:
    late(own_shop)
    moment = own_shop.sandbox.store.index.seen().state.now
    advance(own_shop, hours=1)
    moved = own_shop.sandbox.store.index.seen().state.now
    assert isinstance(moment, datetime)
    assert moment < moved <= own_shop.sandbox.clock.now()


@pytest.mark.parametrize(
    ("root", "key"),
    [
        *(("orders", key) for key in ("TOTAL_PRICE", "FINANCIAL_STATUS", "FULFILLMENT_STATUS", "ORDER_NUMBER")),
        *(("products", key) for key in ("INVENTORY_TOTAL", "TITLE", "VENDOR")),
        *(("productVariants", key) for key in ("POSITION", "INVENTORY_QUANTITY", "SKU")),
        ("customers", "NAME"),
    ],
)
def test_pages_can_be_walked_by_every_sort_key_the_world_knows(shop: Shop, root: str, key: str) -> None:
    query = f"""query($after: String, $first: Int!) {{ {root}(first: $first, after: $after, sortKey: {key}) {{
      nodes {{ id }} pageInfo {{ hasNextPage endCursor }} }} }}"""
    whole = shop.data(query, first=250)[root]["nodes"]
    seen: list[dict[str, str]] = []
    after, more = None, True
    while more and len(seen) < len(whole):
        page = shop.data(query, first=60, after=after)[root]
        seen += page["nodes"]
        after, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]
    assert seen[: len(whole)] == whole


def test_sort_key_the_world_does_not_know_is_said_aloud(shop: Shop) -> None:
    (problem,) = shop.ask("{ orders(first: 1, sortKey: DESTINATION) { nodes { id } } }")["errors"]
    assert problem["message"] == "QueryRoot.orders(sortKey: DESTINATION) is not modelled by the sandbox"
