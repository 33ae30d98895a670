"""Orders larger than any page: they can be made, replayed, and read to the end by pages."""

from pathlib import Path
from typing import Any

import pytest

from shopify_pipeline_tests.sandbox.serving import Shop
from shopify_sandbox.store import Store
from shopify_sandbox.truth import truth
from shopify_sandbox.world.figures import figures, financial_status, fulfillment_status
from shopify_sandbox.world.records import Order


@pytest.fixture
def world(tmp_path: Path, small_world: Path) -> Path:
    for name in ("world.json", "events.jsonl"):
        (tmp_path / name).write_bytes((small_world / name).read_bytes())
    return tmp_path


def large(store: Store) -> Order:
    return store.state.orders[next(reversed(store.state.orders))]


def test_order_of_ten_thousand_lines_is_paid_and_waits_to_be_shipped(world: Path) -> None:
    store = Store.open(world)
    store.advance(large_order=10_000)
    order = large(store)
    assert len(order.lines) == 10_000
    assert figures(order).total_price == sum(line.unit_price for line in order.lines)
    assert figures(order).total_outstanding == 0
    assert fulfillment_status(order) == "UNFULFILLED"


def test_every_refund_of_a_large_order_takes_back_one_line(world: Path) -> None:
    store = Store.open(world)
    store.advance(large_order=300, large_order_refunds=260)
    order = large(store)
    assert [[row.line.id for row in refund.lines] for refund in order.refunds] == [
        [each.id] for each in order.lines[:260]
    ]
    assert len(order.agreements) == 261
    assert financial_status(order) == "PARTIALLY_REFUNDED"
    assert figures(order).net_payment == sum(line.unit_price for line in order.lines[260:])


def test_large_order_oversells_nothing_and_the_books_balance(world: Path) -> None:
    store = Store.open(world)
    before = truth(world)["tables"]["order_lines"]["count"]
    store.advance(large_order=500, large_order_refunds=20)
    assert min(level.quantities["available"] for level in store.state.levels.values()) >= 0
    assert truth(world)["tables"]["order_lines"]["count"] == before + 500


def test_same_world_makes_the_same_large_order_and_replays_it(world: Path, tmp_path: Path, small_world: Path) -> None:
    Store.open(world).advance(large_order=400, large_order_refunds=5)
    other = tmp_path / "other"
    other.mkdir()
    for name in ("world.json", "events.jsonl"):
        (other / name).write_bytes((small_world / name).read_bytes())
    Store.open(other).advance(large_order=400, large_order_refunds=5)
    assert (world / "events.jsonl").read_bytes() == (other / "events.jsonl").read_bytes()
    replayed = large(Store.open(world))
    assert (len(replayed.lines), len(replayed.refunds)) == (400, 5)


def test_lines_of_a_large_order_are_all_there_page_by_page(own_shop: Shop) -> None:
    own_shop.control("POST", "advance", {"large_order": 1_000})
    order = large(own_shop.sandbox.store)
    query = """query($id: ID!, $after: String) {
      node(id: $id) { ... on Order { lineItems(first: 250, after: $after) {
        nodes { id } pageInfo { endCursor hasNextPage } } } }
    }"""
    seen: list[str] = []
    page: dict[str, Any] = {"endCursor": None, "hasNextPage": True}
    while page["hasNextPage"]:
        data = own_shop.data(query, id=f"gid://shopify/Order/{order.id}", after=page["endCursor"])
        connection = data["node"]["lineItems"]
        seen += [node["id"] for node in connection["nodes"]]
        page = connection["pageInfo"]
    assert seen == [f"gid://shopify/LineItem/{line.id}" for line in order.lines]
