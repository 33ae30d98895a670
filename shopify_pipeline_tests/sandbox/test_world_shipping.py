"""Where goods are and how they leave: fulfillment orders, parcels, places and levels, in the world and in the API."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from shopify_pipeline_tests.sandbox.serving import NOW, SHOP, Shop, served
from shopify_pipeline_tests.sandbox.test_sandbox_bulk import exported
from shopify_pipeline_tests.sandbox.test_sandbox_writes import fulfilled, writer
from shopify_pipeline_tests.sandbox.world_cases import a_world, snapshot
from shopify_sandbox.store import Store
from shopify_sandbox.webhooks.payloads import payload
from shopify_sandbox.world import dispatching
from shopify_sandbox.world.arguments import Arguments
from shopify_sandbox.world.changes import changes
from shopify_sandbox.world.fulfilling import can_fulfill
from shopify_sandbox.world.records import Order
from shopify_sandbox.world.routing import WAITING, find, first_id, fulfillment_orders
from shopify_sandbox.world.world import World


@pytest.fixture(scope="module")
def full() -> World:
    """A shop where everything happens, and went on for a while after its history."""
    world = a_world(orders=400, days=60, mix="full")
    for _ in range(200):
        world.tick()
    return world


def an_open_order(world: World) -> Order:
    """A paid order with several units to ship, nobody having touched how."""
    fits = next(one for one in dispatching.HAPPENINGS if one.name == "split_fulfillment").fits
    assert fits is not None
    orders = [order for order in world.state.orders.values() if fits(order) and can_fulfill(order)]
    return next(order for order in orders if len(order.lines) > 1 and not order.fulfillments)


def do(world: World, name: str, order: Order | None = None) -> None:
    world.advance(happen={name: 1}, order=order.name if order else None)


def test_every_unit_to_ship_waits_in_exactly_one_fulfillment_order(full: World):
    for order in full.state.orders.values():
        waiting: Counter[int] = Counter()
        for one in fulfillment_orders(order):
            for row in one.lines:
                assert row.remaining == 0 or one.status in WAITING, order.name
                waiting[row.line.id] += row.remaining
        to_ship = {line.id: line.unfulfilled for line in order.lines if line.unfulfilled}
        assert {line_id: units for line_id, units in waiting.items() if units} == to_ship, order.name


def test_units_are_promised_at_the_place_they_will_be_shipped_from(full: World):
    promised: Counter[int] = Counter()
    for order in full.state.orders.values():
        for one in fulfillment_orders(order):
            for row in one.lines:
                if row.line.sold_variant:
                    promised[full.state.level(row.line.sold_variant.item, one.location).id] += row.remaining

    committed = {level.id: level.quantities["committed"] for level in full.state.levels.values()}
    assert committed == {level_id: promised[level_id] for level_id in committed}


def test_no_quantity_of_any_level_is_below_zero(full: World):
    assert min(min(level.quantities.values()) for level in full.state.levels.values()) >= 0


def test_a_replayed_log_gives_the_same_shop(full: World):
    again = World.replay(full.arguments, full.recorded)

    assert snapshot(again.state) == snapshot(full.state)


def test_an_order_nobody_routed_has_one_fulfillment_order_that_follows_from_it():
    world = a_world(orders=60)

    for order in world.state.orders.values():
        (one,) = fulfillment_orders(order)
        assert one.id == first_id(order)
        assert one.location is order.location
        assert sum(row.remaining for row in one.lines) == order.unfulfilled
        assert order.created_at <= one.updated_at <= order.updated_at
        found = find(world.state, one.id)
        assert found is not None
        assert found.order is order


@pytest.mark.parametrize(
    "name",
    [
        "split_fulfillment",
        "split_fulfillment_order",
        "move_fulfillment_order",
        "hold_fulfillment_order",
        "schedule_fulfillment_order",
    ],
)
def test_a_fulfillment_order_changes_without_the_stamp_of_its_order(name: str):
    world = a_world(orders=40)
    order = an_open_order(world)
    before = order.updated_at

    do(world, name, order)

    assert order.updated_at == before
    assert fulfillment_orders(order)[0].updated_at == world.state.now > before
    assert fulfillment_orders(order)[0].id == first_id(order)
    told = {change.topic for change in changes(world.state, world.take()[-1])}
    assert not {topic for topic in told if topic.startswith("orders/")}


def test_an_order_sent_from_two_places_leaves_in_two_parcels_each_from_its_place():
    world = a_world(orders=40)
    order = an_open_order(world)
    do(world, "split_fulfillment", order)

    while order.unfulfilled:
        world.advance(fulfill=1, order=order.name)

    places = [one.location for one in order.fulfillments]
    assert len(set(places)) == 2
    assert [one.status for one in fulfillment_orders(order)] == ["CLOSED", "CLOSED"]
    assert [one.location for one in fulfillment_orders(order)] == places
    for one in fulfillment_orders(order):
        (parcel,) = one.fulfillments
        shipped = sum(row.quantity for row in parcel.lines)
        assert sum(row.total for row in one.lines) == shipped


def test_what_is_on_hold_is_not_shipped_until_it_is_released():
    world = a_world(orders=40)
    order = an_open_order(world)
    do(world, "hold_fulfillment_order", order)
    (held,) = fulfillment_orders(order)

    with pytest.raises(ValueError, match="does not allow fulfill"):
        world.advance(fulfill=1, order=order.name)
    do(world, "release_fulfillment_order", order)
    world.advance(fulfill=1, order=order.name)

    assert held.status == "ON_HOLD"
    assert held.hold is not None
    assert [one.status for one in fulfillment_orders(order)] == ["CLOSED"]
    assert order.unfulfilled == 0


def test_units_cancelled_off_a_moved_fulfillment_order_go_back_where_they_were_promised():
    world = a_world(orders=40)
    order = an_open_order(world)
    do(world, "move_fulfillment_order", order)
    (moved,) = fulfillment_orders(order)
    levels = [world.state.level(line.variant.item, moved.location) for line in order.lines if line.variant]
    on_hand = [level.on_hand for level in levels]
    committed = sum(level.quantities["committed"] for level in levels)
    units = order.unfulfilled

    world.advance(cancel=1, order=order.name)

    assert moved.location is not order.location
    assert [one.status for one in fulfillment_orders(order)] == ["CANCELLED"]
    assert sum(level.quantities["committed"] for level in levels) == committed - units
    assert [level.on_hand for level in levels] == on_hand


def test_a_parcel_called_back_makes_its_units_wait_again_in_a_fulfillment_order_of_their_own():
    world = a_world(orders=40)
    order = an_open_order(world)
    units = order.unfulfilled
    world.advance(fulfill=1, order=order.name)
    (parcel,) = order.fulfillments
    on_hand = sum(level.on_hand for level in world.state.levels.values())

    do(world, "cancel_fulfillment", order)

    assert parcel.status == "CANCELLED"
    assert parcel.updated_at == order.updated_at == world.state.now
    assert order.unfulfilled == units
    assert order.closed_at is None
    first, again = fulfillment_orders(order)
    assert (first.status, again.status) == ("CLOSED", "OPEN")
    assert sum(row.remaining for row in again.lines) == units
    assert sum(level.on_hand for level in world.state.levels.values()) == on_hand + units


def test_a_parcel_gets_a_second_number_and_arrives_with_stamps_of_its_own():
    world = a_world(orders=40)
    order = an_open_order(world)
    world.advance(fulfill=1, order=order.name)
    (parcel,) = order.fulfillments

    do(world, "add_tracking", order)
    do(world, "carrier_news", order)
    on_the_way = parcel.in_transit_at, parcel.delivered_at
    do(world, "carrier_news", order)

    assert len({one.number for one in parcel.tracking}) == 2
    assert on_the_way == (parcel.in_transit_at, None)
    assert parcel.created_at < parcel.in_transit_at < parcel.delivered_at == parcel.updated_at == order.updated_at


def test_an_item_changes_its_cost_without_its_variant_and_its_levels():
    world = a_world(orders=5)
    stamps = {item.id: item.updated_at for item in world.state.items.values()}

    do(world, "change_cost")

    (changed,) = (item for item in world.state.items.values() if item.updated_at != stamps[item.id])
    assert changed.variant.updated_at < changed.updated_at == world.state.now
    assert all(level.updated_at < changed.updated_at for level in changed.levels)


@pytest.fixture(scope="module")
def full_shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A served shop where everything happened; nothing may change it."""
    state: Path = tmp_path_factory.mktemp("full-shop")
    Store.create(state, Arguments(seed=11, orders=120, days=40, now=NOW, shop=SHOP, mix="full"))
    with served(state) as running:
        yield running


FULFILLMENT_ORDERS = """query ($closed: Boolean, $query: String) {
  fulfillmentOrders(first: 250, includeClosed: $closed, query: $query, sortKey: UPDATED_AT) {
    nodes { id status requestStatus updatedAt fulfillAt order { id }
      assignedLocation { name countryCode location { id } }
      fulfillmentHolds { id reason reasonNotes displayReason }
      lineItems(first: 50) { nodes { id totalQuantity remainingQuantity sku lineItem { id } variant { id } } }
      fulfillments(first: 10) { nodes { id status } } } } }"""


def test_the_root_shows_closed_fulfillment_orders_only_when_asked(full_shop: Shop):
    state = full_shop.sandbox.store.state
    every = [one for order in state.orders.values() for one in fulfillment_orders(order)]
    waiting = [one for one in every if one.status not in ("CLOSED", "CANCELLED")]

    closed_too = full_shop.data(FULFILLMENT_ORDERS, closed=True)["fulfillmentOrders"]["nodes"]
    open_only = full_shop.data(FULFILLMENT_ORDERS)["fulfillmentOrders"]["nodes"]

    assert {node["id"] for node in closed_too} == {f"gid://shopify/FulfillmentOrder/{one.id}" for one in every}
    assert {node["id"] for node in open_only} == {f"gid://shopify/FulfillmentOrder/{one.id}" for one in waiting}
    assert [node["updatedAt"] for node in closed_too] == sorted(node["updatedAt"] for node in closed_too)


def test_a_window_over_the_own_stamp_finds_what_the_stamp_of_the_order_hides(full_shop: Shop):
    state = full_shop.sandbox.store.state
    one = max(
        (
            one
            for order in state.orders.values()
            for one in order.fulfillment_orders
            if one.updated_at > order.updated_at
        ),
        key=lambda one: one.updated_at,
    )
    since = f"updated_at:>='{one.updated_at:%Y-%m-%dT%H:%M:%SZ}'"

    found = full_shop.data(FULFILLMENT_ORDERS, closed=True, query=since)["fulfillmentOrders"]["nodes"]
    orders = full_shop.data(
        "query ($query: String) { orders(first: 250, query: $query) { nodes { id } } }", query=since
    )["orders"]["nodes"]

    assert f"gid://shopify/FulfillmentOrder/{one.id}" in {node["id"] for node in found}
    assert f"gid://shopify/Order/{one.order.id}" not in {node["id"] for node in orders}


def test_a_fulfillment_order_is_found_by_its_id_whether_it_was_routed_or_not(full_shop: Shop):
    state = full_shop.sandbox.store.state
    for order in (
        next(order for order in state.orders.values() if not order.fulfillment_orders),
        next(order for order in state.orders.values() if len(order.fulfillment_orders) > 1),
    ):
        for one in fulfillment_orders(order):
            gid = f"gid://shopify/FulfillmentOrder/{one.id}"
            text = "query ($id: ID!) { node(id: $id) { id } fulfillmentOrder(id: $id) { id order { name } } }"
            data = full_shop.data(text, id=gid)
            assert data == {"node": {"id": gid}, "fulfillmentOrder": {"id": gid, "order": {"name": order.name}}}


def test_a_bulk_export_of_fulfillment_orders_holds_closed_ones_when_asked(full_shop: Shop):
    state = full_shop.sandbox.store.state
    every = [one for order in state.orders.values() for one in fulfillment_orders(order)]
    query = "{ fulfillmentOrders(includeClosed: %s) { edges { node { id status } } } }"

    _, closed_too = exported(full_shop, query % "true")
    _, open_only = exported(full_shop, query % "false")

    assert Counter(line["status"] for line in closed_too) == Counter(one.status for one in every)
    assert {line["id"] for line in open_only} == {
        line["id"] for line in closed_too if line["status"] not in ("CLOSED", "CANCELLED")
    }


def test_an_app_ships_each_part_of_a_divided_order_from_its_own_place(own_shop: Shop):
    state = own_shop.sandbox.store.state
    shop = writer(own_shop)
    order = next(
        one for one in state.orders.values() if can_fulfill(one) and len(one.lines) > 1 and not one.fulfillments
    )
    shop.sandbox.clock.advance(happen={"split_fulfillment": 1}, order=order.name)
    first, second = (
        {"fulfillmentOrderId": f"gid://shopify/FulfillmentOrder/{one.id}"} for one in order.fulfillment_orders
    )
    places = [one.location for one in order.fulfillment_orders]

    both = fulfilled(shop, first, second)
    each = [fulfilled(shop, second), fulfilled(shop, first)]
    again = fulfilled(shop, first)

    assert [error["message"] for error in both["userErrors"]] == [
        "All fulfillment orders must be at the same location."
    ]
    assert [answer["userErrors"] for answer in each] == [[], []]
    assert [one.location for one in order.fulfillments] == places[::-1]
    assert [one.status for one in order.fulfillment_orders] == ["CLOSED", "CLOSED"]
    assert order.unfulfilled == 0
    assert "unfulfillable" in again["userErrors"][0]["message"]


@pytest.mark.parametrize(
    ("name", "topic", "status"),
    [
        ("split_fulfillment", "order_routing_complete", "open"),
        ("split_fulfillment_order", "split", "open"),
        ("hold_fulfillment_order", "placed_on_hold", "on_hold"),
        ("schedule_fulfillment_order", "rescheduled", "scheduled"),
    ],
)
def test_a_webhook_tells_of_the_fulfillment_order_and_its_status(name: str, topic: str, status: str):
    world = a_world(orders=40)
    order = an_open_order(world)
    do(world, name, order)

    told = [
        change for change in changes(world.state, world.take()[-1]) if change.topic.startswith("fulfillment_orders/")
    ]

    assert {change.topic for change in told} == {f"fulfillment_orders/{topic}"}
    for change in told:
        content = payload(change.topic, change.record, shop=world.state.shop)
        named = content["fulfillment_order"]
        assert named["status"] == status
        assert find(world.state, int(named["id"].rsplit("/", 1)[1])) is not None


def test_a_closed_place_is_listed_only_when_asked(full_shop: Shop):
    text = """query ($all: Boolean) { locations(first: 50, includeInactive: $all) {
      nodes { name isActive deactivatedAt } } }"""

    shown = {node["name"]: node for node in full_shop.data(text)["locations"]["nodes"]}
    every = {node["name"]: node for node in full_shop.data(text, all=True)["locations"]["nodes"]}

    assert "Old Depot" not in shown
    assert every["Old Depot"]["isActive"] is False
    assert every["Old Depot"]["deactivatedAt"] is not None
    assert {node["isActive"] for node in shown.values()} == {True}


def test_a_level_that_was_switched_off_is_listed_only_when_asked(full_shop: Shop):
    level = next(level for level in full_shop.sandbox.store.state.levels.values() if not level.is_active)
    text = """query ($id: ID!, $all: Boolean) { inventoryItem(id: $id) {
      inventoryLevels(first: 20, includeInactive: $all) { nodes { location { id } isActive } } } }"""
    item = f"gid://shopify/InventoryItem/{level.item.id}"
    place = f"gid://shopify/Location/{level.location.id}"

    shown = full_shop.data(text, id=item)["inventoryItem"]["inventoryLevels"]["nodes"]
    every = full_shop.data(text, id=item, all=True)["inventoryItem"]["inventoryLevels"]["nodes"]

    assert place not in {node["location"]["id"] for node in shown}
    assert {"location": {"id": place}, "isActive": False} in every


def test_a_bundle_names_the_variants_and_units_it_is_made_of(full_shop: Shop):
    bundle = next(one for one in full_shop.sandbox.store.state.variants.values() if one.components)
    text = """query ($id: ID!) { productVariant(id: $id) {
      requiresComponents product { hasVariantsThatRequiresComponents }
      productVariantComponents(first: 10) { nodes { id quantity productVariant { id } } } } }"""

    shown = full_shop.data(text, id=f"gid://shopify/ProductVariant/{bundle.id}")["productVariant"]

    assert shown["requiresComponents"] is True
    assert shown["product"]["hasVariantsThatRequiresComponents"] is True
    assert [
        (node["productVariant"]["id"], node["quantity"]) for node in shown["productVariantComponents"]["nodes"]
    ] == [(f"gid://shopify/ProductVariant/{one.variant.id}", one.quantity) for one in bundle.components]


def test_metafields_are_found_by_namespace_and_keys(full_shop: Shop):
    state = full_shop.sandbox.store.state
    product = next(one for one in state.products.values() if one.metafields)
    field = product.metafields[0]
    text = """query ($id: ID!, $namespace: String!, $key: String!, $full: String!) { product(id: $id) {
      one: metafield(namespace: $namespace, key: $key) { value type jsonValue }
      none: metafield(namespace: "nowhere", key: $key) { value }
      of: metafields(first: 10, namespace: $namespace, keys: [$key]) { nodes { id } }
      keyed: metafields(first: 10, keys: [$full]) { nodes { id } }
      elsewhere: metafields(first: 10, namespace: "nowhere") { nodes { id } } } }"""

    shown = full_shop.data(
        text,
        id=f"gid://shopify/Product/{product.id}",
        namespace=field.namespace,
        key=field.key,
        full=f"{field.namespace}.{field.key}",
    )["product"]

    gid = {"id": f"gid://shopify/Metafield/{field.id}"}
    assert (shown["one"]["value"], shown["one"]["type"], shown["none"]) == (field.value, field.type, None)
    assert shown["of"]["nodes"] == shown["keyed"]["nodes"] == [gid]
    assert shown["elsewhere"]["nodes"] == []
