"""Whatever the published schema allows in an answer is read: nothing of it is mistaken for bad data."""

from __future__ import annotations

import json

import pytest
from graphql import FieldNode

from shopify_pipeline.schemas import STREAMS
from shopify_pipeline.schemas.decode import Decoded, Decoder
from shopify_pipeline.schemas.records import assemble
from shopify_pipeline.shopify.streams import READINGS
from shopify_pipeline_tests.schemas.answers import Answers
from shopify_pipeline_tests.shopify.field_paths import root_of, sent
from shopify_sandbox.admin.schema import load_schema, published_versions

#: What was never seen null, so that the warehouse asks for it; see the reasons beside the walk of the field map.
REQUIRED = frozenset({"ShippingLine.id"})

ROOTS = [
    (stream, node, reading.by_id)
    for stream, streams_reading in READINGS.items()
    for reading in streams_reading.roots
    for node in reading.nodes
]


def read(stream: str, node: str, document: str, answers: Answers) -> Decoded:
    """A root as that document brings it, typed."""
    (nodes,) = root_of(sent(document)).selections
    assert isinstance(nodes, FieldNode)
    assert nodes.selection_set is not None
    body = json.dumps({"data": {"nodes": [answers.node(node, nodes.selection_set.selections)]}}).encode()
    assembly = assemble(STREAMS[stream], [("page", [body])])
    assert assembly.orphans == []
    [result] = Decoder(STREAMS[stream]).decode(assembly.documents)
    assert isinstance(result, Decoded), result
    return result


@pytest.mark.parametrize("version", published_versions())
@pytest.mark.parametrize(("stream", "node", "document"), ROOTS)
def test_an_answer_without_anything_that_may_be_missing_is_read(
    stream: str, node: str, document: str, version: str
) -> None:
    answers = Answers(load_schema(version).schema, sparse=True, member=0, required=REQUIRED)
    result = read(stream, node, document, answers)
    assert len(result.rows[STREAMS[stream].root_table(node).name]) == 1


@pytest.mark.parametrize("member", range(4))
@pytest.mark.parametrize(("stream", "node", "document"), ROOTS)
def test_an_answer_with_everything_in_it_is_read(stream: str, node: str, document: str, member: int) -> None:
    schema = load_schema(published_versions()[-1]).schema
    result = read(stream, node, document, Answers(schema, sparse=False, member=member, required=REQUIRED))
    children = {table.name for table in STREAMS[stream].children_of(STREAMS[stream].root_table(node))}
    assert set(result.rows) >= {name for name in children if not name.endswith("_metafields")}


def test_every_column_of_an_order_is_filled_by_an_answer_with_everything_in_it() -> None:
    schema = load_schema(published_versions()[-1]).schema
    stream = STREAMS["orders"]
    filled: set[str] = set()
    for member in range(4):
        answers = Answers(schema, sparse=False, member=member, required=REQUIRED)
        result = read("orders", "Order", "OrdersById", answers)
        for table in stream.tables:
            for row in result.rows.get(table.name, ()):
                filled |= {f"{table.name}.{c.name}" for c, v in zip(table.columns, row, strict=True) if v is not None}
    assert {f"{table.name}.{column.name}" for table in stream.tables for column in table.columns} - filled == {
        f"order_metafields.{column.name}"
        for table in stream.tables
        if table.name == "order_metafields"
        for column in table.columns
    }
