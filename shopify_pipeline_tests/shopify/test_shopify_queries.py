"""The GraphQL documents against the published schema, its scopes and prices, and the rules of bulk operations.

What they select of the field map is judged in ``test_field_map_paths.py``.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from graphql import FieldNode, InlineFragmentNode, SelectionSetNode, get_named_type, parse, validate
from graphql.validation import NoDeprecatedCustomRule, specified_rules

from shopify_pipeline.shopify.access import least_privilege
from shopify_pipeline.shopify.pages import NESTED_PAGE_SIZE
from shopify_pipeline.shopify.queries import operation, operation_names
from shopify_pipeline.shopify.streams import READINGS
from shopify_pipeline.shopify.versions import PINNED
from shopify_pipeline.shopify.windows import Window
from shopify_pipeline_tests.shopify.field_paths import is_bulk, root_of, sent
from shopify_sandbox.admin.cost import price
from shopify_sandbox.admin.documents import Documents
from shopify_sandbox.admin.schema import PublishedSchema, load_schema, published_versions

BULK = [name for name in operation_names() if is_bulk(name)]
PAGES = sorted({reading.page for stream in READINGS.values() for reading in stream.roots})
CONTINUATIONS = [name for name in operation_names() if " node(id: $id)" in operation(name).text]
#: Documents that read roots, or parts of them, by a list of ids.
BY_IDS = [name for name in operation_names() if " nodes(ids: $ids)" in operation(name).text]


@pytest.fixture(scope="module")
def published() -> PublishedSchema:
    return load_schema(PINNED)


@pytest.mark.parametrize("version", published_versions())
@pytest.mark.parametrize("name", operation_names())
def test_every_document_is_valid_in_every_version_and_selects_nothing_deprecated(name: str, version: str) -> None:
    rules = [*specified_rules, NoDeprecatedCustomRule]
    assert [str(error) for error in validate(load_schema(version).schema, parse(sent(name)), rules)] == []


@pytest.mark.parametrize("name", operation_names())
def test_no_document_sends_a_named_fragment(name: str) -> None:
    assert "fragment" not in sent(name)
    assert not re.search(r"\.\.\.\s*(?!on\b)\w", sent(name))


@pytest.mark.parametrize("name", PAGES + CONTINUATIONS + BY_IDS)
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


def has_edges(node: FieldNode) -> bool:
    return node.selection_set is not None and any(
        isinstance(inner, FieldNode) and inner.name.value == "edges" for inner in node.selection_set.selections
    )


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
                    fields = {n.name.value: n for n in inner.selection_set.selections if isinstance(n, FieldNode)}
                    if any(has_edges(field) for field in fields.values()):
                        assert "id" in fields, node.name.value
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
    [(name, 250) for name in PAGES]
    + [(name, NESTED_PAGE_SIZE) for name in CONTINUATIONS]
    + [(name, 0) for name in BY_IDS],
)
def test_no_page_of_the_size_we_begin_with_is_too_dear(name: str, size: int, published: PublishedSchema) -> None:
    variables = {"first": size, "id": "gid://shopify/Order/1", "ids": ["gid://shopify/Order/1"], "keys": ["a.b"]}
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


#: Scopes no field of the published schema asks for: one lifts the limit of 60 days, the other is documented for payouts
#: (https://shopify.dev/docs/api/usage/access-scopes).
ASKED_BY_NO_FIELD = {"read_all_orders", "read_shopify_payments_payouts"}


@pytest.mark.parametrize("scope", sorted(set(least_privilege()) - ASKED_BY_NO_FIELD))
def test_no_required_scope_is_needless(scope: str, published: PublishedSchema) -> None:
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
