"""What is gone stays gone: deleted orders, products, variants and customers, merged and redacted people."""

from __future__ import annotations

from random import Random

import pytest

from shopify_pipeline_tests.sandbox.serving import Shop
from shopify_pipeline_tests.sandbox.world_cases import a_world, later
from shopify_sandbox.webhooks.payloads import payload
from shopify_sandbox.world import deleting
from shopify_sandbox.world.changes import changes
from shopify_sandbox.world.records import Order
from shopify_sandbox.world.shoppers import sign_up
from shopify_sandbox.world.world import World

LISTED = """query ($query: String) {
  orders(first: 250, query: $query) { nodes { id } }
  ordersCount(query: $query) { count } }"""


def do(world: World, name: str, order: Order | None = None) -> None:
    world.advance(happen={name: 1}, order=order.name if order else None)


def a_deletable_order(world: World) -> Order:
    return next(order for order in world.state.orders.values() if deleting.can_delete_order(order))


@pytest.fixture
def world() -> World:
    return a_world(orders=150, days=40)


def test_a_deleted_order_takes_its_lines_ledger_and_payments_with_it(world: World):
    order = a_deletable_order(world)
    kept = {number for number in world.state.orders if number != order.id}
    customer = order.customer

    do(world, "delete_order", order)

    state = world.state
    assert set(state.orders) == kept
    assert not {line.id for line in order.lines} & set(state.lines)
    for child in (*order.transactions, *order.refunds, *order.shipping_lines, order.billing, order.shipping):
        assert not any(one is child for one in state.others.values())
    assert customer is None or order not in customer.orders


def test_the_next_order_does_not_get_the_number_of_a_deleted_one(world: World):
    order = a_deletable_order(world)
    names = {one.name for one in world.state.orders.values()}

    do(world, "delete_order", order)
    world.advance(new_orders=1)

    assert list(world.state.orders.values())[-1].name not in names


def test_an_order_that_brought_money_is_not_deleted(world: World):
    paid = next(order for order in world.state.orders.values() if order.transactions[-1].kind == "SALE")

    with pytest.raises(ValueError, match="cannot happen"):
        do(world, "delete_order", paid)


def test_nothing_is_told_of_an_order_that_is_deleted_in_the_same_moment(world: World):
    pending = next(one for one in world.state.orders.values() if one.transactions[-1].status == "PENDING")
    world.take()

    world.advance(cancel=1, order=pending.name, happen={"delete_order": 1})

    told = [change for event in world.take() for change in changes(world.state, event)]
    assert {(change.topic, change.gid) for change in told if "Order/" in change.gid} == {
        ("orders/delete", f"gid://shopify/Order/{pending.id}")
    }


def test_a_deleted_product_leaves_its_lines_without_product_and_variant_and_takes_its_stock(world: World):
    before = dict(world.state.products)
    do(world, "delete_product")

    (product_id,) = set(before) - set(world.state.products)
    product = before[product_id]
    for variant in product.variants:
        assert variant.id not in world.state.variants
        assert variant.item.id not in world.state.items
        assert not {level.id for level in variant.item.levels} & set(world.state.levels)
        assert not any(level.item is variant.item for place in world.state.locations.values() for level in place.levels)
    lines = [line for line in world.state.lines.values() if line.variant and line.variant.product is product]
    assert all(line.sold_variant is None and line.sold_product is None for line in lines)
    assert all(line.title == product.title for line in lines)


def test_a_deleted_variant_leaves_its_product_and_the_lines_it_was_sold_in(world: World):
    before = dict(world.state.variants)
    do(world, "delete_variant")

    (variant_id,) = set(before) - set(world.state.variants)
    product = before[variant_id].product
    assert world.state.products[product.id] is product
    assert product.updated_at == world.state.now
    assert [one.position for one in product.variants] == list(range(1, len(product.variants) + 1))


def test_units_of_a_deleted_product_can_still_be_shipped_and_given_back(world: World):
    waiting = [order for order in world.state.orders.values() if order.unfulfilled and order.transactions]
    while not any(line.variant.is_deleted for order in waiting for line in order.lines if line.variant):
        do(world, "delete_product")

    world.advance(fulfill=40, cancel=20, refund=20)

    assert all(min(level.quantities.values()) >= 0 for level in world.state.levels.values())


def test_a_merged_customer_vanishes_and_its_orders_belong_to_the_one_that_is_kept(world: World):
    before = {customer.id: list(customer.orders) for customer in world.state.customers.values()}
    do(world, "merge_customers")

    event = world.take()[-1]
    kept = world.state.customers[event["customer_id"]]
    assert set(before) - set(world.state.customers) == {event["merged_id"]}
    assert set(kept.orders) == {*before[kept.id], *before[event["merged_id"]]}
    assert all(order.customer is kept for order in kept.orders)
    assert all(order.updated_at == world.state.now for order in before[event["merged_id"]])


def test_redaction_leaves_neither_name_nor_address_and_moves_the_stamps(world: World):
    do(world, "redact_customer")

    event = world.take()[-1]
    customer = world.state.customers[event["customer_id"]]
    orders = [world.state.orders[number] for number in event["order_ids"]]
    assert orders
    assert (customer.name, customer.email, customer.phone, customer.addresses, customer.orders) == (
        *(None, None, None),
        *([], []),
    )
    for order in orders:
        assert (order.customer, order.email, order.phone) == (None, None, None)
        for address in (order.billing, order.shipping):
            assert (address.name, address.address1, address.zip, address.phone) == (None, None, None, None)
        assert order.updated_at == customer.updated_at == world.state.now


@pytest.mark.parametrize(
    ("name", "topic"),
    [
        ("delete_order", "orders/delete"),
        ("delete_product", "products/delete"),
        ("delete_customer", "customers/delete"),
    ],
)
def test_a_deletion_tells_the_id_and_nothing_about_the_record(world: World, name: str, topic: str):
    sign_up(world.state, world.record, Random(1), lambda: later(world))
    do(world, name, a_deletable_order(world) if name == "delete_order" else None)

    event = world.take()[-1]
    (change,) = (each for each in changes(world.state, event) if each.topic == topic)
    told = payload(topic, change.record, shop=world.state.shop)

    assert told["id"] == event["deletion"]["record_id"]
    assert set(told) <= {"id", "tax_exemptions", "admin_graphql_api_id"}


def test_a_merge_tells_who_was_kept_and_who_is_gone(world: World):
    do(world, "merge_customers")

    event = world.take()[-1]
    change = changes(world.state, event)[0]
    told = payload("customers/merge", change.record, shop=world.state.shop)

    assert told["admin_graphql_api_customer_kept_id"] == f"gid://shopify/Customer/{event['customer_id']}"
    assert told["admin_graphql_api_customer_deleted_id"] == f"gid://shopify/Customer/{event['merged_id']}"


def test_after_a_deletion_no_read_finds_the_order(own_shop: Shop):
    store = own_shop.sandbox.store
    own_shop.sandbox.clock.advance(new_orders=60)
    own_shop.sandbox.clock.advance(cancel=20)
    order = next(one for one in store.state.orders.values() if deleting.can_delete_order(one))
    gid, name = f"gid://shopify/Order/{order.id}", f"name:{order.number}"
    line = f"gid://shopify/LineItem/{order.lines[0].id}"
    found_before = own_shop.data(LISTED, query=name)

    own_shop.sandbox.clock.advance(happen={"delete_order": 1}, order=order.name)

    assert [node["id"] for node in found_before["orders"]["nodes"]] == [gid]
    assert own_shop.data("query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", ids=[gid, line])["nodes"] == [None, None]
    assert own_shop.data("query ($id: ID!) { order(id: $id) { id } }", id=gid)["order"] is None
    assert own_shop.data(LISTED, query=name) == {"orders": {"nodes": []}, "ordersCount": {"count": 0}}
    assert gid not in {node["id"] for node in own_shop.data(LISTED)["orders"]["nodes"]}


def test_a_late_index_still_counts_a_deleted_order_but_shows_it_no_more(own_shop: Shop):
    store = own_shop.sandbox.store
    own_shop.sandbox.clock.advance(new_orders=60)
    own_shop.sandbox.clock.advance(cancel=20, hours=1)
    order = next(one for one in store.state.orders.values() if deleting.can_delete_order(one))
    own_shop.control("PUT", "settings", {"index_lag_seconds": 600})

    own_shop.sandbox.clock.advance(happen={"delete_order": 1}, order=order.name)

    at_once = own_shop.data(LISTED, query=f"name:{order.number}")
    own_shop.sandbox.clock.advance(hours=1)
    later = own_shop.data(LISTED, query=f"name:{order.number}")
    assert at_once == {"orders": {"nodes": []}, "ordersCount": {"count": 1}}
    assert later == {"orders": {"nodes": []}, "ordersCount": {"count": 0}}


def test_rest_lists_deleted_orders_and_products_as_events_of_the_verb_destroy(own_shop: Shop):
    own_shop.sandbox.clock.advance(happen={"delete_product": 2, "merge_customers": 1})
    deleted = own_shop.sandbox.store.state.deletions["Product"]
    url = f"{own_shop.server.url}/admin/api/2026-10/events.json"

    events = own_shop.session.get(url, params={"verb": "destroy", "filter": "Product,Order"}, timeout=30).json()[
        "events"
    ]
    orders = own_shop.session.get(url, params={"verb": "destroy", "filter": "Order"}, timeout=30).json()["events"]

    assert [(one["subject_type"], one["subject_id"], one["verb"]) for one in events] == [
        ("Product", one.record_id, "destroy") for one in deleted
    ]
    assert orders == []


def test_a_line_of_a_deleted_product_answers_null_for_product_and_variant(own_shop: Shop):
    store = own_shop.sandbox.store
    while not (gone := [line for line in store.state.lines.values() if line.variant and line.variant.is_deleted]):
        own_shop.sandbox.clock.advance(happen={"delete_product": 1})
    text = """query ($id: ID!) { node(id: $id) { ... on LineItem {
      title sku quantity requiresShipping variant { id } product { id } } } }"""

    shown = own_shop.data(text, id=f"gid://shopify/LineItem/{gone[0].id}")["node"]

    assert shown == {
        "title": gone[0].title,
        "sku": gone[0].sku,
        "quantity": gone[0].quantity,
        "requiresShipping": True,
        "variant": None,
        "product": None,
    }
