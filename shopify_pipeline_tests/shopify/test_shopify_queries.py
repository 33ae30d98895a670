"""The GraphQL documents against the published schema, the field map and the rules of bulk operations."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from graphql import (
    FieldNode,
    GraphQLNamedType,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    get_named_type,
    parse,
    validate,
)
from graphql.validation import NoDeprecatedCustomRule, specified_rules

from shopify_pipeline.schemas import STREAMS
from shopify_pipeline.schemas.kinds import CONSTANT, NODE, OWNER, PARENT, POSITION, ROOT, Column, Source, Stream
from shopify_pipeline.shopify.access import least_privilege
from shopify_pipeline.shopify.pages import NESTED_PAGE_SIZE
from shopify_pipeline.shopify.queries import operation, operation_names
from shopify_pipeline.shopify.streams import BY_ID, READINGS
from shopify_pipeline.shopify.versions import PINNED
from shopify_pipeline.shopify.windows import Window
from shopify_sandbox.admin.cost import price
from shopify_sandbox.admin.documents import Documents
from shopify_sandbox.admin.schema import PublishedSchema, load_schema, published_versions

Tree = dict[str, Any]

BULK = ["OrdersBulk", "CustomersBulk", "ProductsBulk", "InventoryItemsBulk", "LocationsBulk"] + [
    name for name in operation_names() if name.startswith("Census")
]
BY_PAGES = {
    "orders": ["OrdersPage"],
    "customers": ["CustomersPage"],
    "products": ["ProductsPage"],
    "inventory": ["LocationsPage", "InventoryItemsPage", "LocationLevels"],
}
BY_BULK = {
    "orders": ["OrdersBulk", "OrdersDetail"],
    "customers": ["CustomersBulk"],
    "products": ["ProductsBulk"],
    "inventory": ["InventoryItemsBulk", "LocationsBulk"],
}
CONTINUED = {
    "OrderLineItems": ["LineItem"],
    "OrderShippingLines": ["ShippingLine"],
    "OrderAgreements": ["SalesAgreement", "Sale"],
    "OrderSales": ["Sale"],
    "RefundLineItems": ["RefundLineItem"],
    "RefundShippingLines": ["RefundShippingLine"],
    "RefundAdjustments": ["OrderAdjustment"],
    "FulfillmentLines": ["FulfillmentLineItem"],
    "CustomerAddresses": ["MailingAddress"],
    "ProductVariants": ["ProductVariant"],
}


@pytest.fixture(scope="module")
def published() -> PublishedSchema:
    return load_schema(PINNED)


def sent(name: str) -> str:
    """The text as it goes over the wire."""
    found = operation(name)
    return found.inlined({"query": "updated_at:>='2026-11-20T00:00:00Z'"}).text if name in BULK else found.text


def root_of(text: str) -> SelectionSetNode:
    (definition,) = parse(text).definitions
    assert isinstance(definition, OperationDefinitionNode)
    return definition.selection_set


def selections(
    published: PublishedSchema, type_: GraphQLNamedType, selected: SelectionSetNode, into: list[tuple[str, Tree]]
) -> Tree:
    """The tree of fields selected here; every selection met on the way is added to ``into`` with its type's name."""
    tree: Tree = {}
    for node in selected.selections:
        if isinstance(node, InlineFragmentNode):
            assert node.type_condition is not None
            condition = published.schema.type_map[node.type_condition.name.value]
            tree |= selections(published, condition, node.selection_set, into)
        elif isinstance(node, FieldNode):
            name = node.name.value
            if node.selection_set is None:
                tree[name] = {}
            else:
                returned = get_named_type(type_.fields[name].type)  # type: ignore[attr-defined]
                tree[name] = selections(published, returned, node.selection_set, into)
    into.append((type_.name, tree))
    return tree


def trees_of(published: PublishedSchema, name: str, wanted: str) -> list[Tree]:
    found: list[tuple[str, Tree]] = []
    selections(published, published.query, root_of(sent(name)), found)
    return [tree for type_name, tree in found if type_name == wanted]


def holds(tree: Tree, path: list[str]) -> bool:
    return not path or (path[0] in tree and holds(tree[path[0]], path[1:]))


def path_in_node(source: Source, column: Column) -> list[str] | None:
    """Where a column's value is, from its GraphQL node on; None when it is not selected at all."""
    items = [step for step in source.items.replace("[]", "").split(".") if step]
    path = column.path
    if path in (ROOT, POSITION) or path.startswith(CONSTANT):
        return None
    if path == PARENT:
        return None
    if path == ".":
        return items
    if path.startswith(NODE):
        return path[len(NODE) :].split(".")
    if path.startswith(OWNER):
        return items[:-1] + path[len(OWNER) :].split(".")
    return items + re.sub(r"\[.*?\]", "", path).split(".")


def missing(published: PublishedSchema, stream: Stream, names: list[str], only: list[str] | None = None) -> list[str]:
    """Columns of the field map for which none of these documents selects the path."""
    gaps = []
    for table in stream.tables:
        for source in table.sources:
            if only is not None and source.node not in only:
                continue
            trees = [tree for name in names for tree in trees_of(published, name, source.node)]
            paths = [path for column in table.columns if (path := path_in_node(source, column)) is not None]
            if not any(all(holds(tree, path) for path in paths) for tree in trees):
                fullest = max(trees, key=len, default={})
                gaps += [f"{table.name}: {source.node} {'.'.join(p)}" for p in paths if not holds(fullest, p)]
    return gaps


@pytest.mark.parametrize("version", published_versions())
@pytest.mark.parametrize("name", operation_names())
def test_every_document_is_valid_in_every_version_and_selects_nothing_deprecated(name: str, version: str) -> None:
    rules = [*specified_rules, NoDeprecatedCustomRule]
    assert [str(error) for error in validate(load_schema(version).schema, parse(sent(name)), rules)] == []


@pytest.mark.parametrize("name", operation_names())
def test_no_document_sends_a_named_fragment(name: str) -> None:
    assert "fragment" not in sent(name)
    assert not re.search(r"\.\.\.\s*(?!on\b)\w", sent(name))


@pytest.mark.parametrize("stream", STREAMS)
def test_pages_select_every_path_of_the_field_map(stream: str, published: PublishedSchema) -> None:
    assert missing(published, STREAMS[stream], BY_PAGES[stream]) == []


@pytest.mark.parametrize("stream", STREAMS)
def test_bulk_and_details_select_every_path_of_the_field_map(stream: str, published: PublishedSchema) -> None:
    assert missing(published, STREAMS[stream], BY_BULK[stream]) == []


@pytest.mark.parametrize("stream", STREAMS)
def test_reading_by_id_selects_every_path_of_the_field_map(stream: str, published: PublishedSchema) -> None:
    assert missing(published, STREAMS[stream], [BY_ID[stream]]) == []


@pytest.mark.parametrize("name", CONTINUED)
def test_a_continuation_selects_every_path_of_what_it_continues(name: str, published: PublishedSchema) -> None:
    for stream in STREAMS.values():
        only = [node for node in CONTINUED[name] if any(s.node == node for t in stream.tables for s in t.sources)]
        assert missing(published, stream, [name], only) == []


def test_the_walk_notices_a_path_that_is_not_selected(published: PublishedSchema) -> None:
    assert "orders: Order refundDiscrepancySet.shopMoney.amount" in missing(
        published, STREAMS["orders"], ["CensusOrders"]
    )


@pytest.mark.parametrize("name", [name for names in BY_PAGES.values() for name in names] + list(CONTINUED))
def test_every_connection_of_a_page_tells_whether_it_goes_on(name: str) -> None:
    def check(selected: SelectionSetNode) -> None:
        for node in selected.selections:
            if isinstance(node, FieldNode) and node.selection_set is not None:
                inner = {n.name.value for n in node.selection_set.selections if isinstance(n, FieldNode)}
                sizes = {argument.name.value for argument in node.arguments}
                # The one agreement whose sales are continued is addressed, not paged.
                addressed = name == "OrderSales" and node.name.value == "agreements"
                if "nodes" in inner and not addressed:
                    assert {"pageInfo"} <= inner, node.name.value
                    assert "first" in sizes, node.name.value
            if getattr(node, "selection_set", None) is not None:
                check(node.selection_set)  # type: ignore[union-attr]

    check(root_of(sent(name)))


@pytest.mark.parametrize("name", BULK)
def test_bulk_documents_keep_shopifys_rules_for_bulk_operations(name: str, published: PublishedSchema) -> None:
    text = sent(name)
    connections: list[int] = []

    def check(type_: Any, selected: SelectionSetNode, depth: int, inside_list: bool) -> None:
        for node in selected.selections:
            if isinstance(node, InlineFragmentNode):
                assert node.type_condition is not None
                check(published.schema.type_map[node.type_condition.name.value], node.selection_set, depth, inside_list)
            elif isinstance(node, FieldNode) and node.selection_set is not None:
                assert node.alias is None
                returned = type_.fields[node.name.value].type
                named = get_named_type(returned)
                is_connection = named.name.endswith("Connection")
                if is_connection:
                    assert not inside_list, f"{node.name.value} is a connection inside a list"
                    connections.append(depth)
                    (edges,) = node.selection_set.selections
                    assert isinstance(edges, FieldNode)
                    assert edges.name.value == "edges"
                    assert edges.selection_set is not None
                    (inner,) = edges.selection_set.selections
                    assert isinstance(inner, FieldNode)
                    assert inner.selection_set is not None
                    names = [n.name.value for n in inner.selection_set.selections if isinstance(n, FieldNode)]
                    assert "id" in names, node.name.value
                    check(named.fields["nodes"].type.of_type.of_type.of_type, inner.selection_set, depth + 1, False)
                else:
                    check(named, node.selection_set, depth, inside_list or "[" in str(returned))

    check(published.query, root_of(text), 0, False)
    assert 1 <= len(connections) <= 5
    assert max(connections) <= 2
    assert "$" not in text
    assert len(text.encode()) <= 65_535


@pytest.mark.parametrize(
    ("name", "size"),
    [(reading.page, 250) for reading in READINGS.values()]
    + [(name, 250) for name in BY_PAGES["inventory"]]
    + [(name, NESTED_PAGE_SIZE) for name in CONTINUED]
    + [(name, 0) for name in BY_ID.values()]
    + [("OrdersDetail", 0)],
)
def test_no_page_of_the_size_we_begin_with_is_too_dear(name: str, size: int, published: PublishedSchema) -> None:
    variables = {"first": size, "id": "gid://shopify/Order/1", "ids": ["gid://shopify/Order/1"]}
    assert 0 < price(Documents(published).operation(sent(name), variables)).requested <= 1000


def denied(published: PublishedSchema, granted: frozenset[str]) -> set[str]:
    """Fields any document selects that these scopes do not open."""
    found: set[str] = set()

    def walk(type_: Any, selected: SelectionSetNode) -> None:
        for node in selected.selections:
            if isinstance(node, InlineFragmentNode):
                assert node.type_condition is not None
                walk(published.schema.type_map[node.type_condition.name.value], node.selection_set)
            elif isinstance(node, FieldNode) and not node.name.value.startswith("__"):
                if published.denied(type_.name, node.name.value, granted) is not None:
                    found.add(f"{type_.name}.{node.name.value}")
                if node.selection_set is not None:
                    walk(get_named_type(type_.fields[node.name.value].type), node.selection_set)

    for name in operation_names():
        root = published.mutation if sent(name).startswith("mutation") else published.query
        walk(root, root_of(sent(name)))
    return found


def test_the_required_scopes_open_every_selected_field(published: PublishedSchema) -> None:
    assert denied(published, frozenset(least_privilege())) == set()


@pytest.mark.parametrize("scope", [scope for scope in least_privilege() if scope != "read_all_orders"])
def test_no_required_scope_is_needless(scope: str, published: PublishedSchema) -> None:
    """``read_all_orders`` opens no field, it lifts the limit of 60 days."""
    assert denied(published, frozenset(least_privilege()) - {scope}) != set()


def test_a_window_is_quoted_and_in_utc() -> None:
    since = datetime(2026, 11, 20, 7, 30, tzinfo=timezone(timedelta(hours=-5)))
    until = datetime(2026, 11, 20, 13, 0, 0, 999_999, tzinfo=UTC)
    assert Window(since, until).query == "updated_at:>='2026-11-20T12:30:00Z' AND updated_at:<='2026-11-20T13:00:00Z'"
    assert Window(None, until).query == "updated_at:<='2026-11-20T13:00:00Z'"


def test_inlining_gives_literals_for_variables_whatever_is_in_them() -> None:
    text = operation("CustomersBulk").inlined({"query": 'a\\b"c'}).text
    assert text.startswith(r'query CustomersBulk { customers(query: "a\\b\"c") {')
    assert (
        operation("CustomersBulk")
        .inlined({"query": None})
        .text.startswith("query CustomersBulk { customers(query: null) {")
    )


def test_an_unknown_operation_and_a_fragment_are_refused() -> None:
    with pytest.raises(KeyError):
        operation("Nothing")
    with pytest.raises(KeyError, match="fragment"):
        operation("Money")
