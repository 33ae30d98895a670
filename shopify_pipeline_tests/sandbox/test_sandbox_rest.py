"""The REST Admin API as clients that still need it see it: filters, pages, call limit, scopes."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from shopify_pipeline_tests.sandbox.serving import Shop, make_world, served

RESTORED_SECONDS = 20


@pytest.fixture(scope="module")
def clock() -> dict[str, float]:
    return {"now": 0.0}


@pytest.fixture(scope="module")
def rest_shop(tmp_path_factory: pytest.TempPathFactory, clock: dict[str, float]) -> Iterator[Shop]:
    """A shop of 120 orders whose clock is moved by hand; nothing may change its world."""
    state: Path = tmp_path_factory.mktemp("rest")
    make_world(state, orders=120)
    with served(state, monotonic=lambda: clock["now"]) as running:
        yield running


@pytest.fixture(autouse=True)
def every_call_is_restored(clock: dict[str, float]) -> None:
    clock["now"] += RESTORED_SECONDS


def get(shop: Shop, resource: str, version: str = "2026-10", **query: Any) -> requests.Response:
    address = f"{shop.server.url}/admin/api/{version}/{resource}.json"
    return shop.session.get(address, params=query, timeout=30)


def follow(shop: Shop, reply: requests.Response) -> requests.Response:
    return shop.session.get(reply.links["next"]["url"], timeout=30)


def test_pages_by_link_header_give_every_order_once_in_the_order_asked_for(rest_shop: Shop) -> None:
    reply = get(rest_shop, "orders", limit=50, status="any", order="updated_at asc")
    pages = [reply]
    while "next" in reply.links:
        reply = follow(rest_shop, reply)
        pages.append(reply)
    found = [order for page in pages for order in page.json()["orders"]]
    orders = rest_shop.sandbox.store.state.orders
    assert [len(page.json()["orders"]) for page in pages] == [50, 50, 20]
    assert sorted(order["id"] for order in found) == sorted(orders)
    stamps = [orders[order["id"]].updated_at for order in found]
    assert stamps == sorted(stamps)


def test_orders_are_open_ones_unless_a_status_is_named(rest_shop: Shop) -> None:
    orders = rest_shop.sandbox.store.state.orders.values()
    still_open = {order.id for order in orders if not order.closed_at and not order.cancelled_at}
    assert {order["id"] for order in get(rest_shop, "orders", limit=250).json()["orders"]} == still_open
    assert 0 < len(still_open) < len(orders)


def test_both_ends_of_a_time_filter_belong_to_it(rest_shop: Shop) -> None:
    first, *_ = sorted(rest_shop.sandbox.store.state.customers.values(), key=lambda customer: customer.updated_at)
    at = first.updated_at.isoformat()
    found = get(rest_shop, "customers", updated_at_min=at, updated_at_max=at).json()["customers"]
    assert [customer["id"] for customer in found] == [first.id]


def test_an_order_says_what_its_webhook_says(rest_shop: Shop) -> None:
    (order,) = get(rest_shop, "orders", limit=1, status="any").json()["orders"]
    record = rest_shop.sandbox.store.state.orders[order["id"]]
    assert order["admin_graphql_api_id"] == f"gid://shopify/Order/{record.id}"
    assert [line["id"] for line in order["line_items"]] == [line.id for line in record.lines]
    assert len(order["current_total_price"].partition(".")[2]) == 2


def test_nothing_but_limit_may_stand_beside_page_info(rest_shop: Shop) -> None:
    token = get(rest_shop, "orders", limit=1, status="any").links["next"]["url"].rpartition("page_info=")[2]
    reply = get(rest_shop, "orders", page_info=token, status="any")
    assert (reply.status_code, list(reply.json()["errors"])) == (400, ["status"])


@pytest.mark.parametrize("token", ["!", "bm90IGpzb24", "W10", "Nw", "WzEsMiwzXQ"])
def test_a_page_info_of_nobodys_making_is_refused(rest_shop: Shop, token: str) -> None:
    reply = get(rest_shop, "orders", page_info=token)
    assert (reply.status_code, reply.json()) == (400, {"errors": {"page_info": "Invalid value."}})


def test_the_forty_first_call_at_once_is_refused_and_two_come_back_in_a_second(
    rest_shop: Shop, clock: dict[str, float]
) -> None:
    replies = [get(rest_shop, "locations") for _ in range(41)]
    assert [reply.status_code for reply in replies] == [200] * 40 + [429]
    assert replies[0].headers["X-Shopify-Shop-Api-Call-Limit"] == "1/40"
    assert replies[-1].headers["Retry-After"] == "2.0"
    clock["now"] += 1
    assert [get(rest_shop, "locations").status_code for _ in range(3)] == [200, 200, 429]


def test_the_scopes_of_the_token_are_listed(rest_shop: Shop) -> None:
    reply = rest_shop.session.get(f"{rest_shop.server.url}/admin/oauth/access_scopes.json", timeout=30)
    handles = {scope["handle"] for scope in reply.json()["access_scopes"]}
    assert handles == set(rest_shop.sandbox.tokens.scopes)


def test_a_resource_needs_its_scope(own_shop: Shop) -> None:
    own_shop.control("PUT", "scopes", {"scopes": ["read_products"]}).raise_for_status()
    reply = get(own_shop, "orders")
    assert (reply.status_code, reply.json()) == (
        403,
        {"errors": "[API] This action requires merchant approval for read_orders scope."},
    )
    assert get(own_shop, "shop").status_code == 200


def test_without_read_all_orders_only_sixty_days_of_orders_exist(own_shop: Shop) -> None:
    everything = len(get(own_shop, "orders", status="any", limit=250).json()["orders"])
    own_shop.control("PUT", "scopes", {"scopes": ["read_orders"]}).raise_for_status()
    own_shop.control("POST", "advance", {"hours": 24 * 50}).raise_for_status()
    own_shop.log_in()
    left = get(own_shop, "orders", status="any", limit=250).json()["orders"]
    assert 0 < len(left) < everything


def test_a_wrong_token_is_401_and_an_unknown_resource_or_version_404(rest_shop: Shop) -> None:
    address = f"{rest_shop.server.url}/admin/api/2026-10/shop.json"
    assert requests.get(address, verify=rest_shop.session.verify, timeout=30).status_code == 401
    assert get(rest_shop, "colours").status_code == 404
    assert get(rest_shop, "shop", version="2031-01").status_code == 404
    assert get(rest_shop, "shop", version="2025-07").json()["shop"]["id"] == rest_shop.sandbox.store.shop.id
