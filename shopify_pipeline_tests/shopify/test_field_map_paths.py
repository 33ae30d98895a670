"""Every path of the field map, walked through both published schemas and through the documents that read it."""

from __future__ import annotations

import pytest
from graphql import GraphQLSchema, get_named_type

from shopify_pipeline.schemas import STREAMS
from shopify_pipeline.schemas.kinds import Kind
from shopify_pipeline.shopify.queries import operation, operation_names
from shopify_pipeline.shopify.streams import READINGS
from shopify_pipeline.shopify.versions import PINNED
from shopify_pipeline_tests.shopify.field_paths import (
    Origin,
    continued,
    holds,
    items_of,
    origins,
    selected,
    steps,
    ways,
)
from shopify_sandbox.admin.schema import load_schema, published_versions

#: Kind of a column → the GraphQL scalars it may be read from; TEXT also takes every enum, and ids that are no numbers.
SCALARS = {
    Kind.GID: {"ID"},
    Kind.TEXT: {"String", "URL", "HTML", "ID"},
    Kind.INT: {"Int"},
    Kind.UNSIGNED: {"UnsignedInt64", "BigInt"},
    Kind.BOOL: {"Boolean"},
    Kind.INSTANT: {"DateTime"},
    Kind.DATE: {"Date"},
    Kind.MONEY: {"Decimal", "Money"},
    Kind.RATE: {"Float"},
    Kind.DECIMAL: {"Decimal", "Float"},
}

#: Columns that may not be null though the schema allows it there, with the reason.
REQUIRED_ANYWAY = {
    "order_shipping_lines.shipping_line_id": "no shipping line of an order was ever seen without an id",
    "order_line_discounts.owner_id": "as order_shipping_lines.shipping_line_id",
    "order_taxes.owner_id": "as order_shipping_lines.shipping_line_id",
}

#: The one agreement whose sales are continued is addressed, not read again.
ADDRESSED = {("OrderSales", "SalesAgreement")}

EVERYTHING = list(origins())


@pytest.fixture(scope="module", params=published_versions())
def schema(request: pytest.FixtureRequest) -> GraphQLSchema:
    return load_schema(request.param).schema


@pytest.fixture(scope="module")
def pinned() -> GraphQLSchema:
    return load_schema(PINNED).schema


def name_of(origin: Origin) -> str:
    return f"{origin.table.name}.{origin.column.name}"


def test_every_column_exists_in_the_schema_for_some_kind_of_its_rows(schema: GraphQLSchema) -> None:
    found = {name_of(origin) for origin in EVERYTHING if steps(schema, origin) is not None}
    assert {name_of(origin) for origin in EVERYTHING} - found == set()


def test_a_column_that_may_not_be_null_exists_for_every_kind_of_its_rows(schema: GraphQLSchema) -> None:
    assert [str(origin) for origin in EVERYTHING if not origin.column.nullable and steps(schema, origin) is None] == []


def test_no_column_is_deprecated(schema: GraphQLSchema) -> None:
    assert [
        f"{origin}: {step.owner}.{step.name}"
        for origin in EVERYTHING
        for step in steps(schema, origin) or ()
        if step.field.deprecation_reason is not None
    ] == []


def test_a_column_that_may_not_be_null_cannot_be_null_in_the_schema(schema: GraphQLSchema) -> None:
    lax = {
        name_of(origin)
        for origin in EVERYTHING
        if not origin.column.nullable
        # Where the list of items is null there is no row.
        and any(step.nullable for step in (steps(schema, origin) or [])[_steps_to_item(origin) :])
    }
    assert lax == set(REQUIRED_ANYWAY)


def _steps_to_item(origin: Origin) -> int:
    items = items_of(origin.source)
    return len(items) if origin.path[: len(items)] == items else max(len(items) - 1, 0)


def test_a_list_that_may_be_null_says_so(schema: GraphQLSchema) -> None:
    wrong = set()
    for origin in EVERYTHING:
        items = items_of(origin.source)
        found = steps(schema, origin)
        if found and items and origin.path[: len(items)] == items:
            *above, last = found[: len(items)]
            if any(step.nullable for step in above):
                wrong.add(f"{origin.table.name}: a list on the way to {'.'.join(items)} may be null")
            if last.nullable != (origin.source.nullable or origin.source.single):
                wrong.add(f"{origin.table.name}: {'.'.join(items)}")
    assert wrong == set()


def test_every_column_is_of_a_kind_its_scalar_can_be_read_as(schema: GraphQLSchema) -> None:
    wrong = []
    for origin in EVERYTHING:
        found = steps(schema, origin)
        if not found or origin.path[-1] == "__typename":
            continue
        scalar = get_named_type(found[-1].field.type)
        is_enum = hasattr(scalar, "values") and origin.column.kind is Kind.TEXT
        if not is_enum and scalar.name not in SCALARS[origin.column.kind]:
            wrong.append(f"{origin}: {scalar.name} as {origin.column.kind}")
    assert wrong == []


@pytest.mark.parametrize("way", ["pages", "bulk", "by id"])
@pytest.mark.parametrize("stream", STREAMS)
def test_every_way_of_reading_a_stream_selects_every_path_of_the_field_map(
    stream: str, way: str, pinned: GraphQLSchema
) -> None:
    assert unselected(pinned, stream, ways(stream)[way]) == []


def unselected(schema: GraphQLSchema, stream: str, names: list[str], nodes: set[str] | None = None) -> list[str]:
    """Paths none of these documents selects, judged by the one that selects most of their node."""
    gaps = []
    wanted: dict[str, list[Origin]] = {}
    for origin in origins(STREAMS[stream]):
        if steps(schema, origin) is not None and (nodes is None or origin.source.node in nodes):
            wanted.setdefault(origin.source.node, []).append(origin)
    for node, found in wanted.items():
        trees = [tree for name in names for tree in selected(schema, name, node)]
        gaps.append(
            min(
                ([str(origin) for origin in found if not holds(tree, origin.path)] for tree in [*trees, {}]),
                key=len,
            )
        )
    return [gap for found in gaps for gap in found]


@pytest.mark.parametrize("name", [name for name in operation_names() if " node(id: $id)" in operation(name).text])
def test_a_continuation_selects_every_path_of_what_it_continues(name: str, pinned: GraphQLSchema) -> None:
    nodes = {node for node in continued(pinned, name) if (name, node) not in ADDRESSED}
    streams = [stream for stream in STREAMS if nodes & {origin.source.node for origin in origins(STREAMS[stream])}]
    # A fulfillment is a root's child in one stream and named by its id in another: one of them is what is continued.
    assert min((unselected(pinned, stream, [name], nodes) for stream in streams), key=len) == []


def test_the_walk_notices_a_path_that_is_not_selected(pinned: GraphQLSchema) -> None:
    assert "orders.refund_discrepancy_shop: Order.refundDiscrepancySet.shopMoney.amount" in unselected(
        pinned, "orders", ["CensusOrders"]
    )


def test_every_stream_says_how_it_is_read() -> None:
    assert set(READINGS) == set(STREAMS)
