"""Metafields: how those of a record are found."""

from __future__ import annotations

from typing import Any

from shopify_pipeline_tests.conformance.asked import AskedStore, asked, every, needed
from shopify_pipeline_tests.conformance.cases import assumed, case, documented
from shopify_pipeline_tests.sandbox.serving import Shop

OBJECT = "https://shopify.dev/docs/api/admin-graphql/latest/objects/Order (metafields)"
STAMPS = "{ orders(first: 250, sortKey: ID) { nodes { id updatedAt metafields(first: 10) { nodes { value } } } } }"
ORDERS = """query($after: String) { orders(first: 100, after: $after, sortKey: ID) {
  pageInfo { hasNextPage endCursor } nodes { id
    metafields(first: 10) { nodes { namespace key type value jsonValue } } } } }"""
CHOSEN = """query($id: ID!, $namespace: String, $keys: [String!]) { order(id: $id) {
  metafields(first: 10, namespace: $namespace, keys: $keys) { nodes { namespace key } } } }"""
ONE = """query($id: ID!, $namespace: String!, $key: String!) { order(id: $id) {
  there: metafield(namespace: $namespace, key: $key) { namespace key value }
  absent: metafield(namespace: $namespace, key: "not_noted_on_anything") { value } } }"""


def noted(store: AskedStore) -> list[dict[str, Any]]:
    orders = every(store, ORDERS, "orders")
    return needed((one for one in orders if one["metafields"]["nodes"]), "order with a metafield")


def chosen(store: AskedStore, order: dict[str, Any], **arguments: Any) -> list[tuple[str, str]]:
    found = store.data(CHOSEN, id=order["id"], **arguments)["order"]["metafields"]["nodes"]
    return [(one["namespace"], one["key"]) for one in found]


@case("metafields", documented(OBJECT))
def test_namespace_narrows_the_metafields_of_a_record(full_store: AskedStore) -> None:
    """metafields with a namespace gives those of it, and none for one nobody has used."""
    order = noted(full_store)[0]
    namespace = order["metafields"]["nodes"][0]["namespace"]
    wanted = [(one["namespace"], one["key"]) for one in order["metafields"]["nodes"] if one["namespace"] == namespace]
    assert chosen(full_store, order, namespace=namespace) == wanted
    assert chosen(full_store, order, namespace="nobody_uses_this") == []


@case("metafields", assumed("the published schema names the argument keys without saying how a key is written"))
def test_keys_are_written_with_their_namespace(full_store: AskedStore) -> None:
    """metafields(keys:) takes namespace.key."""
    order = noted(full_store)[0]
    first = order["metafields"]["nodes"][0]
    wanted = (first["namespace"], first["key"])
    assert chosen(full_store, order, keys=[".".join(wanted)]) == [wanted]


@case("metafields", documented(OBJECT))
def test_metafield_that_is_not_there_is_null(full_store: AskedStore) -> None:
    """metafield gives the one of that namespace and key, and null without an error where there is none."""
    order = noted(full_store)[0]
    first = order["metafields"]["nodes"][0]
    found = full_store.data(ONE, id=order["id"], namespace=first["namespace"], key=first["key"])["order"]
    assert found["there"]["value"] == first["value"]
    assert found["absent"] is None


@case("metafields", documented("https://shopify.dev/docs/api/admin-graphql/latest/objects/Metafield (jsonValue)"))
def test_value_of_a_metafield_is_text_whatever_its_type(full_store: AskedStore) -> None:
    """value is a text; jsonValue is what it says, a text again for types of text."""
    for order in noted(full_store):
        for one in order["metafields"]["nodes"]:
            assert isinstance(one["value"], str)
            if one["type"].endswith("text_field"):
                assert one["jsonValue"] == one["value"]


@case("metafields", assumed("no capture reads an order before and after a metafield was set"), steered=True)
def test_metafield_moves_the_stamp_of_its_order(own_shop: Shop) -> None:
    """Setting a metafield of an order moves the order's updatedAt, and no other's."""
    store = asked(own_shop)
    before = {one["id"]: one for one in store.data(STAMPS)["orders"]["nodes"]}
    assert own_shop.control("POST", "advance", {"happen": {"order_metafield": 1}}).status_code == 200
    changed = [one for one in store.data(STAMPS)["orders"]["nodes"] if one != before[one["id"]]]
    assert len(changed) == 1
    assert len(changed[0]["metafields"]["nodes"]) == 1
    assert changed[0]["updatedAt"] > before[changed[0]["id"]]["updatedAt"]
