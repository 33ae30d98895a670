"""What queries cost, against figures captured from the Admin API."""

import pytest

from shopify_sandbox.admin.cost import breakdown, price, size
from shopify_sandbox.admin.documents import Documents
from shopify_sandbox.admin.schema import load_schema
from shopify_sandbox.admin.throttle import Bucket

CUSTOMER = "id defaultEmailAddress { emailAddress } defaultPhoneNumber { phoneNumber } defaultAddress { city }"
LEVELS = 'inventoryLevels(first: 100) { nodes { location { id } quantities(names: ["available"]) { name quantity } } }'


@pytest.fixture(scope="module")
def documents() -> Documents:
    return Documents(load_schema("2026-10"))


@pytest.mark.parametrize(
    ("requested", "factor"),
    [(0, 0), (1, 1), (3, 2), (5, 3), (10, 4), (20, 5), (25, 6), (50, 7), (100, 9), (200, 10), (250, 11)],
)
def test_size_of_a_connection_grows_with_the_logarithm(requested: int, factor: int) -> None:
    assert size(requested) == factor


@pytest.mark.parametrize(
    ("text", "points"),
    [
        ("{ products(first: 250) { nodes { id } } }", 13),
        ("{ products(first: 250) { edges { cursor node { id } } pageInfo { hasNextPage } } }", 13),
        ("{ shop { name } }", 1),
        ("{ __typename }", 1),
        ("{ ordersCount { count } }", 10),
        ("{ currentAppInstallation { accessScopes { handle } } }", 2),
        ('{ bulkOperation(id: "gid://shopify/BulkOperation/1") { status } }', 1),
        ('mutation { bulkOperationRunQuery(query: "") { bulkOperation { id } userErrors { message } } }', 10),
        ("{ customers(first: 250) { nodes { " + CUSTOMER + " } } }", 46),
        ("{ inventoryItems(first: 250) { nodes { id " + LEVELS + " } } }", 332),
        ('{ order(id: "gid://shopify/Order/1") { totalPriceSet { shopMoney { amount } } customer { id } } }', 2),
    ],
)
def test_requested_cost_is_as_captured(documents: Documents, text: str, points: int) -> None:
    assert price(documents.operation(text, {})).requested == points


def test_connection_size_comes_from_a_variable(documents: Documents) -> None:
    text = "query Q($n: Int) { products(first: $n) { nodes { id } } }"
    assert [price(documents.operation(text, {"n": n})).requested for n in (1, 250)] == [3, 13]


def test_skipped_fields_cost_nothing(documents: Documents) -> None:
    text = 'query Q($no: Boolean!) { order(id: "gid://shopify/Order/1") { id customer @include(if: $no) { id } } }'
    assert [price(documents.operation(text, {"no": no})).requested for no in (True, False)] == [2, 1]


def test_interface_costs_its_dearest_type_and_not_their_sum(documents: Documents) -> None:
    text = """{ order(id: "gid://shopify/Order/1") { agreements(first: 1) { nodes { sales(first: 1) { nodes { id
        ... on ProductSale { lineItem { id } } ... on ShippingLineSale { shippingLine { id } } } } } } } }"""
    # order 1 + agreements 2 + 1 * (agreement 1 + sales 2 + 1 * (sale 1 + the one line 1))
    assert price(documents.operation(text, {})).requested == 8


def test_actual_cost_is_pro_rata_of_what_was_returned(documents: Documents) -> None:
    priced = price(documents.operation("{ products(first: 100) { edges { node { id } } } }", {}))
    returned = {"products": {"edges": [{"node": {"id": str(n)}} for n in range(50)]}}
    assert priced.requested == 11
    # 2 + 9 / 100 * 50 = 6.5
    assert priced.actual(returned) == 7


def test_empty_edges_cost_two_and_empty_nodes_are_not_refunded(documents: Documents) -> None:
    edges = price(documents.operation("{ products(first: 100) { edges { node { id } } } }", {}))
    nodes = price(documents.operation("{ products(first: 100) { nodes { id } } }", {}))
    assert edges.actual({"products": {"edges": []}}) == 2
    assert nodes.actual({"products": {"nodes": []}}) == 11


def test_absent_object_is_not_charged(documents: Documents) -> None:
    priced = price(documents.operation('{ order(id: "gid://shopify/Order/1") { id customer { id } } }', {}))
    assert (priced.requested, priced.actual({"order": {"id": "1", "customer": None}})) == (2, 1)


def test_breakdown_tells_what_each_field_contributes(documents: Documents) -> None:
    text = '{ product(id: "gid://shopify/Product/1") { variants(first: 250) { nodes { inventoryItem { id } } } } }'
    told = {".".join(each.pop("path")): tuple(each.values()) for each in breakdown(documents.operation(text, {}))}
    assert told == {
        "product": (1, 25, 24),
        "product.variants": (2, 24, 22),
        "product.variants.nodes": (1, 2, 1),
        "product.variants.nodes.inventoryItem": (1, 1, 0),
        "product.variants.nodes.inventoryItem.id": (0, 0, None),
    }


def test_bucket_follows_the_plan_of_the_shop() -> None:
    plan = [100]
    bucket = Bucket(lambda: 0.0, restore_per_second=lambda: plan[0])
    plan[0] = 1_000
    assert bucket.status().body() == {
        "maximumAvailable": 20_000.0,
        "currentlyAvailable": 2_000,
        "restoreRate": 1_000.0,
    }
    plan[0] = 50
    assert bucket.status().currently_available == 1_000


def test_bucket_refuses_what_it_does_not_hold_and_refills_with_time() -> None:
    moment = [0.0]
    bucket = Bucket(lambda: moment[0], restore_per_second=100)
    assert bucket.take(1990)
    assert not bucket.take(50)
    assert bucket.status().currently_available == 10
    moment[0] = 0.5
    assert bucket.take(50)
    assert bucket.status().currently_available == 10
    moment[0] = 60.0
    assert bucket.status().body() == {
        "maximumAvailable": 2000.0,
        "currentlyAvailable": 2000,
        "restoreRate": 100.0,
    }


def test_bucket_gets_back_what_was_not_used_and_never_overflows() -> None:
    bucket = Bucket(lambda: 0.0, restore_per_second=100)
    assert bucket.take(500)
    bucket.give_back(400)
    assert bucket.status().currently_available == 1900
    bucket.give_back(400)
    assert bucket.status().currently_available == 2000
