"""Everything the world answers is of the type Shopify publishes for it."""

import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLObjectType,
    GraphQLOutputType,
    get_nullable_type,
    is_abstract_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
    is_required_argument,
)
from graphql import get_named_type as named

from shopify_pipeline_tests.sandbox.serving import Shop
from shopify_sandbox.admin.schema import PublishedSchema, connection_nodes, load_schema

RECORDS_PER_TYPE = 300
FORMS = {
    "ID": r"gid://shopify/FulfillmentService/manual|gid://shopify/\w+/\d+(\?inventory_item_id=\d+(&name=\w+)?)?",
    "Decimal": r"-?\d+\.(\d|\d*[1-9])",
    "Money": r"-?\d+\.\d\d",
    "DateTime": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ",
    "UnsignedInt64": r"\d+",
    "URL": r"https?://.+",
    "HTML": r"(?s).*",
    "JSON": r"\{.*\}",
    "Date": r"\d{4}-\d\d-\d\d",
}
NATIVE = {"Int": int, "Float": (int, float), "Boolean": bool, "String": str}
ARGUMENTS = {
    ("InventoryLevel", "quantities"): {"names": ["available", "on_hand"]},
    ("Order", "transactions"): {"first": 50},
}


@pytest.fixture(scope="module")
def published() -> PublishedSchema:
    return load_schema("2026-10")


def test_every_modelled_type_and_field_is_published(shop: Shop, published: PublishedSchema) -> None:
    model = shop.sandbox.model
    unknown = [
        f"{type_name}.{field}"
        for type_name, fields in model.resolvers.items()
        for field in fields
        if field not in getattr(published.schema.type_map.get(type_name), "fields", ())
    ]
    assert unknown == []
    assert [name for name in (*model.roots, *model.objects) if name not in published.query.fields] == []
    assert [name for name in model.mutations if name not in published.mutation.fields] == []


def test_every_root_sorts_and_filters_as_published(shop: Shop, published: PublishedSchema) -> None:
    for name, root in shop.sandbox.model.roots.items():
        argument = published.query.fields[name].args.get("sortKey")
        if argument is not None:
            enum = named(argument.type)
            assert isinstance(enum, GraphQLEnumType)
            assert set(root.sort_keys) <= set(enum.values), name
            assert root.default_sort == argument.default_value, name
        assert root.default_sort in root.sort_keys, name
        assert set(root.filters) <= published.filters.get(f"QueryRoot.{name}", {}).keys(), name


def test_every_answer_has_its_published_type(shop: Shop, published: PublishedSchema) -> None:
    model, store = shop.sandbox.model, shop.sandbox.store
    waiting = [
        (root.type, record) for root in model.roots.values() for record in islice(root.records(store), RECORDS_PER_TYPE)
    ]
    waiting.append(("Shop", store.shop))
    seen: dict[str, int] = {}
    met: set[str] = set()
    problems: set[str] = set()
    while waiting:
        name, record = waiting.pop()
        gid = model.resolvers[name].get("id", lambda *_: None)(store, record, {})
        if gid in met or seen.get(name, 0) == RECORDS_PER_TYPE:
            continue
        met |= {gid} - {None}
        seen[name] = seen.get(name, 0) + 1
        type_ = owner(published, name)
        for field, resolver in model.resolvers[name].items():
            definition = type_.fields[field]
            arguments = ARGUMENTS.get((name, field), {})
            if any(is_required_argument(each) and key not in arguments for key, each in definition.args.items()):
                continue
            value = resolver(store, record, arguments)
            problems |= {f"{name}.{field}: {each}" for each in misfits(shop, published, definition, value)}
            waiting += islice(records_in(shop, definition, value), RECORDS_PER_TYPE)
    assert not problems, "\n".join(sorted(problems)[:40])
    wanted = {"Order", "LineItem", "Refund", "Fulfillment", "RefundAgreement", "ProductSale", "InventoryLevel"}
    assert wanted <= seen.keys()


def owner(published: PublishedSchema, name: str) -> GraphQLObjectType:
    type_ = published.schema.type_map[name]
    assert isinstance(type_, GraphQLObjectType)
    return type_


def records_in(shop: Shop, definition: GraphQLField, value: Any) -> Iterator[tuple[str, Any]]:
    type_ = named(definition.type)
    if value is None or is_leaf_type(type_):
        return
    nodes = connection_nodes(type_) if isinstance(type_, GraphQLObjectType) else None
    one = named(nodes.type) if nodes else type_
    listed = nodes is not None or is_list_type(get_nullable_type(definition.type))
    for record in value if listed else [value]:
        yield (shop.sandbox.model.typename(record) if is_abstract_type(one) else one.name), record


def misfits(shop: Shop, published: PublishedSchema, definition: GraphQLField, value: Any) -> list[str]:
    type_ = definition.type
    returned = named(type_)
    if isinstance(returned, GraphQLObjectType) and connection_nodes(returned):
        nodes = named(returned.fields["nodes"].type)
        return [each for record in value for each in misfit(shop, published, nodes, record)]
    return misfit(shop, published, type_, value)


def misfit(shop: Shop, published: PublishedSchema, type_: GraphQLOutputType, value: Any) -> list[str]:
    if is_non_null_type(type_):
        return ["null"] if value is None else misfit(shop, published, type_.of_type, value)
    if value is None:
        return []
    if is_list_type(type_):
        if not isinstance(value, list | tuple):
            return [f"{type(value).__name__} is no list"]
        return [each for item in value for each in misfit(shop, published, type_.of_type, item)]
    if isinstance(type_, GraphQLEnumType):
        return [] if value in type_.values else [f"{value!r} is no {type_.name}"]
    if is_leaf_type(type_):
        fits = re.fullmatch(FORMS[type_.name], value) if type_.name in FORMS else isinstance(value, NATIVE[type_.name])
        return [] if fits else [f"{value!r} is no {type_.name}"]
    if not is_abstract_type(type_):
        return []
    name = shop.sandbox.model.typename(value)
    return [] if published.schema.is_sub_type(type_, owner(published, name)) else [f"{name} is no {type_.name}"]
