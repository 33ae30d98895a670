"""The view keeps the published schema's promises: every modelled field exists there and answers in its type's form."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLUnionType,
    get_named_type,
    is_leaf_type,
)

from shopify_pipeline_tests.sandbox.world_cases import NOW, SHOP
from shopify_sandbox.admin.schema import PublishedSchema, load_schema
from shopify_sandbox.resources import NESTED_FILTERS, RESOLVERS, ROOT_OBJECTS, ROOTS, typename
from shopify_sandbox.resources.values import amount_text, money_text, unseen
from shopify_sandbox.store import Store
from shopify_sandbox.world.arguments import Arguments

VERSION = "2026-10"
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
#: What a scalar may look like.
FORMS = {
    "ID": lambda value: re.fullmatch(
        r"gid://shopify/FulfillmentService/manual|gid://shopify/\w+/\d+(\?inventory_item_id=\d+(&name=\w+)?)?", value
    ),
    "String": lambda value: isinstance(value, str),
    "Int": lambda value: type(value) is int,
    "Float": lambda value: type(value) is float,
    "Boolean": lambda value: type(value) is bool,
    "DateTime": INSTANT.fullmatch,
    "Decimal": re.compile(r"-?\d+\.\d*?[1-9]|-?\d+\.0").fullmatch,
    "Money": re.compile(r"\d+\.\d\d").fullmatch,
    "UnsignedInt64": re.compile(r"\d+").fullmatch,
    "BigInt": re.compile(r"-?\d+").fullmatch,
    "URL": re.compile(r"https://\S+").fullmatch,
    "JSON": lambda value: json.loads(json.dumps(value)) == value,
    "HTML": lambda value: isinstance(value, str),
    "Date": re.compile(r"\d{4}-\d\d-\d\d").fullmatch,
}
#: Arguments a field cannot be asked without, and one good value of each.
ARGUMENTS = {
    ("InventoryLevel", "quantities"): lambda record: {"names": ["available", "on_hand", "incoming"]},
    ("InventoryItem", "inventoryLevel"): lambda record: {"locationId": _location_gid(record)},
    ("Location", "inventoryLevel"): lambda record: {
        "inventoryItemId": f"gid://shopify/InventoryItem/{record.levels[0].item.id}"
    },
    **{
        (owner, "metafield"): lambda record: {"namespace": "custom", "key": "vip"}
        for owner in ("Order", "Customer", "Product", "ProductVariant")
    },
}


def _location_gid(item: Any) -> str:
    return f"gid://shopify/Location/{item.levels[0].location.id}"


@pytest.fixture(scope="module")
def published() -> PublishedSchema:
    return load_schema(VERSION)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    made = Store.create(tmp_path_factory.mktemp("view"), Arguments(seed=4, orders=150, days=40, now=NOW, shop=SHOP))
    made.advance(new_orders=10, edit=10, refund=10, cancel=5, capture=5, fulfill=5)
    return made


def test_every_modelled_field_is_in_the_published_schema(published: PublishedSchema):
    for type_name, fields in RESOLVERS.items():
        type_ = published.schema.type_map[type_name]
        assert isinstance(type_, GraphQLObjectType | GraphQLInterfaceType)
        assert set(fields) <= set(type_.fields), type_name


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """A shop in which everything happens that can."""
    arguments = Arguments(seed=4, orders=500, days=60, now=NOW, shop=SHOP, mix="full")
    return Store.create(tmp_path_factory.mktemp("full"), arguments)


def test_every_field_of_every_record_answers_in_the_form_its_type_has(
    published: PublishedSchema, store: Store, full: Store
):
    visited: set[str] = set()
    for each in (store, full):
        walk = _Walk(published, each)
        for name, root in ROOTS.items():
            for record in root.records(each):
                walk.visit(root.type, record, name)
        walk.visit("Shop", each.shop, "shop")
        if each.state.payments is not None:
            walk.visit("ShopifyPaymentsAccount", each.state.payments, "shopifyPaymentsAccount")
        assert walk.faults == Counter()
        visited |= walk.visited

    nowhere = {name for name, fields in RESOLVERS.items() if set(fields.values()) == {unseen}}
    written = {"InventoryAdjustmentGroup", "InventoryChange"}
    assert set(RESOLVERS) - {"Sale", "SalesAgreement", "DiscountApplication"} - nowhere - written == visited


class _Walk:
    """Resolves every modelled field of every record it can reach, once, and notes what is not as published."""

    def __init__(self, published: PublishedSchema, store: Store) -> None:
        self.schema, self.store = published.schema, store
        self.faults: Counter[str] = Counter()
        self.visited: set[str] = set()
        self._seen: set[tuple[str, int]] = set()
        self._kept: list[Any] = []

    def visit(self, type_name: str, record: Any, path: str) -> None:
        if (type_name, id(record)) in self._seen:
            return
        self._seen.add((type_name, id(record)))
        self._kept.append(record)  # a record made on the way must not give its id to the next one
        self.visited.add(type_name)
        type_ = self.schema.type_map[type_name]
        assert isinstance(type_, GraphQLObjectType)
        for name, resolver in RESOLVERS[type_name].items():
            arguments = ARGUMENTS.get((type_name, name), lambda record: {})(record)
            value = resolver(self.store, record, arguments)
            self._check(type_.fields[name].type, value, f"{type_name}.{name}")

    def _check(self, type_: GraphQLOutputType, value: Any, path: str) -> None:
        if isinstance(type_, GraphQLNonNull):
            if value is None:
                self.faults[f"{path} is null"] += 1
                return
            type_ = type_.of_type
        if value is None:
            return
        named = get_named_type(type_)
        if isinstance(type_, GraphQLList) or named.name.endswith("Connection"):
            inner = type_.of_type if isinstance(type_, GraphQLList) else _node_type(named)
            for each in value:
                self._check(inner, each, path)
        elif is_leaf_type(named):
            known = named.values if isinstance(named, GraphQLEnumType) else None
            if not (value in known if known is not None else FORMS[named.name](value)):
                self.faults[f"{path}: {value!r} is no {named.name}"] += 1
        else:
            abstract = isinstance(named, GraphQLInterfaceType | GraphQLUnionType)
            self.visit(_type_of(value) if abstract else named.name, value, path)


def _type_of(record: Any) -> str:
    return getattr(record, "GRAPHQL_TYPE", None) or typename(record)


def _node_type(connection: Any) -> GraphQLOutputType:
    return connection.fields["nodes"].type.of_type.of_type


def test_sort_keys_and_filters_are_published_ones(published: PublishedSchema):
    for name, root in ROOTS.items():
        arguments = published.query.fields[name].args
        if "sortKey" in arguments:
            assert set(root.sort_keys) <= set(get_named_type(arguments["sortKey"].type).values), name
            assert arguments["sortKey"].default_value in (root.default_sort, None), name
    for owner, field in NESTED_FILTERS:
        assert field in published.schema.type_map[owner].fields


def test_getters_give_comparable_values_of_their_kind(store: Store):
    kinds = {"time": datetime, "id": int, "number": Decimal, "bool": bool}
    for owner, filters, records in _filters(store):
        for name, (kind, getter) in filters.items():
            values = [value for record in records if (value := getter(record)) is not None]
            wanted = kinds.get(kind, str | list)
            assert all(isinstance(value, wanted) for value in values), f"{owner}.{name}"
            if kind == "time":
                assert all(value.tzinfo for value in values)


def _filters(store: Store) -> Iterator[tuple[str, dict[str, Any], list[Any]]]:
    for name, root in ROOTS.items():
        yield name, root.filters, list(root.records(store))
    location = next(iter(store.state.locations.values()))
    yield "Location.inventoryLevels", NESTED_FILTERS["Location", "inventoryLevels"], location.levels


def test_root_sorting_keeps_equal_times_apart_by_id(store: Store):
    root = ROOTS["orders"]
    ordered = sorted(root.records(store), key=lambda order: (root.sort_keys["UPDATED_AT"](order), order.id))

    assert [order.updated_at for order in ordered] == sorted(order.updated_at for order in ordered)


@pytest.mark.parametrize(
    ("minor", "decimal"),
    [(0, "0.0"), (1_500, "15.0"), (999, "9.99"), (10_450, "104.5"), (-585, "-5.85"), (-5, "-0.05")],
)
def test_decimal_amounts_keep_one_decimal_and_no_further_zeros(minor: int, decimal: str):
    assert amount_text(minor) == decimal


def test_money_scalars_always_have_two_decimals():
    assert [money_text(minor) for minor in (1_500, 999, 5)] == ["15.00", "9.99", "0.05"]


def test_objects_are_found_by_gid_and_by_no_other_kind_of_gid(store: Store):
    order = next(iter(store.state.orders.values()))
    gid = f"gid://shopify/Order/{order.id}"

    assert ROOT_OBJECTS["order"](store, None, {"id": gid}) is order
    assert ROOT_OBJECTS["customer"](store, None, {"id": gid}) is None
    assert ROOT_OBJECTS["order"](store, None, {"id": "gid://shopify/Order/1"}) is None
    assert store.node("not a gid") is None


def test_every_record_with_a_node_id_is_found_by_it(store: Store):
    orders = list(store.state.orders.values())
    levels = list(store.state.levels.values())
    records = [*orders, *store.state.customers.values(), *store.state.variants.values(), *levels, store.shop]
    records += [one for order in orders for one in (*order.lines, *order.refunds, *order.fulfillments)]
    records += [one for order in orders for one in order.transactions]

    for record in records:
        gid = RESOLVERS[typename(record)]["id"](store, record, {})
        assert store.node(gid) is record


def test_returned_shipping_names_no_shipping_line(store: Store):
    """Schema: ``ShippingLineSale.shippingLine`` is null on a RETURN."""
    named = RESOLVERS["ShippingLineSale"]["shippingLine"]
    sales = [sale for order in store.state.orders.values() for sale in order.sales() if sale.line_type == "SHIPPING"]

    assert {sale.action for sale in sales} == {"ORDER", "RETURN"}
    assert all((named(store, sale, {}) is None) == (sale.action == "RETURN") for sale in sales)


def test_plain_lists_honour_first(store: Store):
    order = next(order for order in store.state.orders.values() if len(order.transactions) > 1)

    assert RESOLVERS["Order"]["transactions"](store, order, {"first": 1}) == order.transactions[:1]


def test_on_hand_is_every_state_but_incoming(store: Store):
    level = next(level for level in store.state.levels.values() if level.quantities["incoming"])
    rows = RESOLVERS["InventoryLevel"]["quantities"](store, level, {"names": ["on_hand", *level.quantities]})
    shown = {name: RESOLVERS["InventoryQuantity"]["quantity"](store, (found, name), {}) for found, name in rows}

    assert shown.pop("on_hand") == sum(shown.values()) - shown["incoming"]


def test_level_gid_carries_its_item(store: Store):
    level = next(iter(store.state.levels.values()))

    shown = RESOLVERS["InventoryLevel"]["id"](store, level, {})

    assert shown == f"gid://shopify/InventoryLevel/{level.id}?inventory_item_id={level.item.id}"


def test_shop_speaks_of_itself(store: Store, tmp_path: Path):
    shop = {name: resolver(store, store.shop, {}) for name, resolver in RESOLVERS["Shop"].items()}

    assert shop["myshopifyDomain"] == SHOP
    assert (shop["currencyCode"], shop["ianaTimezone"], shop["timezoneOffset"]) == ("USD", "America/New_York", "-0500")
