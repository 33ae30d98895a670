"""The field map and the GraphQL documents as paths through the published schema.

Here: walking, for tests to judge. Not here: what is expected of a path.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from graphql import (
    FieldNode,
    GraphQLField,
    GraphQLNamedType,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    get_named_type,
    is_abstract_type,
    is_non_null_type,
    parse,
)

from shopify_pipeline.schemas import STREAMS
from shopify_pipeline.schemas.kinds import CONSTANT, NODE, OWNER, PARENT, POSITION, ROOT, Column, Source, Stream, Table
from shopify_pipeline.shopify.queries import operation
from shopify_pipeline.shopify.streams import READINGS

Tree = dict[str, Any]

#: What a bulk document is given in place of its variables.
FILTER = "updated_at:>='2026-11-20T00:00:00Z'"


@dataclass(frozen=True)
class Origin:
    """Where one column comes from, for one of its table's sources; ``path`` begins at the source's node."""

    stream: str
    table: Table
    source: Source
    column: Column
    path: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.table.name}.{self.column.name}: {self.source.node}.{'.'.join(self.path)}"


@dataclass(frozen=True)
class Step:
    """One field on the way: what has it, and whether everything that may stand there does."""

    owner: str
    name: str
    field: GraphQLField
    everywhere: bool

    @property
    def nullable(self) -> bool:
        return not self.everywhere or not is_non_null_type(self.field.type)


def origins(*streams: Stream) -> Iterator[Origin]:
    """Every column that is read from Shopify's answer, once per source of its table."""
    for stream in streams or STREAMS.values():
        for table in stream.tables:
            for source in table.sources:
                for column in table.columns:
                    path = path_in_node(source, column)
                    if path is not None:
                        yield Origin(stream.name, table, source, column, path)


def items_of(source: Source) -> tuple[str, ...]:
    """The way from a source's node to its items."""
    return tuple(step for step in source.items.replace("[]", "").split(".") if step)


def path_in_node(source: Source, column: Column) -> tuple[str, ...] | None:
    """Where a column's value is, from its GraphQL node on; None when it is not selected at all."""
    items, path = items_of(source), source.path(column)
    if path in (ROOT, POSITION, PARENT) or path.startswith(CONSTANT):
        return None
    if path == ".":
        return items
    if path.startswith(NODE):
        return tuple(path[len(NODE) :].split("."))
    if path.startswith(OWNER):
        return items[:-1] + tuple(path[len(OWNER) :].split("."))
    return items + tuple(re.sub(r"\[.*?\]", "", path).split("."))


def steps(schema: GraphQLSchema, origin: Origin) -> list[Step] | None:
    """The fields on the way to a column; None when one of them does not exist."""
    found: list[Step] = []
    here: GraphQLNamedType = schema.type_map[origin.source.node]
    for name in origin.path:
        if name == "__typename":
            continue
        step = _step(schema, here, name)
        if step is None:
            return None
        found.append(step)
        here = get_named_type(step.field.type)
    return found


def _step(schema: GraphQLSchema, here: GraphQLNamedType, name: str) -> Step | None:
    field = getattr(here, "fields", {}).get(name)
    if field is not None:
        return Step(here.name, name, field, everywhere=True)
    members = schema.get_possible_types(here) if is_abstract_type(here) else ()
    having = [member for member in members if name in member.fields]
    if not having:
        return None
    return Step(having[0].name, name, having[0].fields[name], everywhere=len(having) == len(members))


def sent(name: str) -> str:
    """A document as it goes over the wire, a bulk document with its filter in place."""
    found = operation(name)
    return found.inlined({"query": FILTER}).text if is_bulk(name) else found.text


def is_bulk(name: str) -> bool:
    """Whether a document is run as a bulk operation; of the census those are whose connections have edges."""
    return name.endswith(("Bulk", "Ids")) or (name.startswith("Census") and "edges" in operation(name).text)


def root_of(text: str) -> SelectionSetNode:
    (definition,) = parse(text).definitions
    assert isinstance(definition, OperationDefinitionNode)
    return definition.selection_set


def selected(schema: GraphQLSchema, name: str, node: str) -> list[Tree]:
    """What a document selects wherever a node of this type may stand, as trees of field names."""
    found: list[Tree] = []
    assert schema.query_type is not None
    _walk(schema, schema.query_type, root_of(sent(name)), _possible(schema, node), found)
    return found


def holds(tree: Tree, path: tuple[str, ...]) -> bool:
    """Whether a path is in a tree of field names."""
    return not path or (path[0] in tree and holds(tree[path[0]], path[1:]))


def _walk(
    schema: GraphQLSchema,
    here: GraphQLNamedType,
    selection: SelectionSetNode,
    wanted: frozenset[str],
    found: list[Tree],
) -> None:
    if wanted & _possible(schema, here.name):
        found.append(_tree(schema, selection, wanted))
    for node in selection.selections:
        if isinstance(node, InlineFragmentNode):
            assert node.type_condition is not None
            _walk(schema, schema.type_map[node.type_condition.name.value], node.selection_set, wanted, found)
        elif isinstance(node, FieldNode) and node.selection_set is not None:
            returned = get_named_type(here.fields[node.name.value].type)  # type: ignore[attr-defined]
            _walk(schema, returned, node.selection_set, wanted, found)


def _tree(schema: GraphQLSchema, selection: SelectionSetNode, wanted: frozenset[str] | None) -> Tree:
    """Fields by name; ``wanted`` leaves out fragments for other types than these, below it all are merged."""
    tree: Tree = {}
    for node in selection.selections:
        if isinstance(node, InlineFragmentNode):
            assert node.type_condition is not None
            if wanted is None or wanted & _possible(schema, node.type_condition.name.value):
                tree |= _tree(schema, node.selection_set, wanted)
        elif isinstance(node, FieldNode):
            below = _tree(schema, node.selection_set, None) if node.selection_set is not None else {}
            tree[node.name.value] = tree.get(node.name.value, {}) | below
    return tree


def _possible(schema: GraphQLSchema, name: str) -> frozenset[str]:
    """Names of the concrete types something of this type may be; of the ``Node`` that anything may be, none."""
    type_ = schema.type_map[name]
    if name == "Node" or not is_abstract_type(type_):
        return frozenset() if name == "Node" else frozenset({name})
    return frozenset(member.name for member in schema.get_possible_types(type_))


def continued(schema: GraphQLSchema, name: str) -> set[str]:
    """GraphQL types of the nodes of every connection in a document, as the field map names them."""
    found: set[str] = set()

    def walk(here: GraphQLNamedType, selection: SelectionSetNode) -> None:
        for node in selection.selections:
            if isinstance(node, InlineFragmentNode):
                assert node.type_condition is not None
                walk(schema.type_map[node.type_condition.name.value], node.selection_set)
            elif isinstance(node, FieldNode) and node.selection_set is not None:
                returned = get_named_type(here.fields[node.name.value].type)  # type: ignore[attr-defined]
                if returned.name.endswith("Connection"):
                    element = get_named_type(returned.fields["nodes"].type).name  # type: ignore[union-attr]
                    found.update({element}, _possible(schema, element))
                walk(returned, node.selection_set)

    assert schema.query_type is not None
    walk(schema.query_type, root_of(sent(name)))
    return found


def ways(stream: str) -> dict[str, list[str]]:
    """The documents that together read a stream whole, by the way it is read."""
    reading = READINGS[stream]
    metafields = [reading.metafields] if reading.metafields else []
    details = [each.detail for each in reading.roots if each.detail]
    return {
        "pages": [each.page for each in reading.roots] + details + metafields,
        "bulk": [each.bulk or each.page for each in reading.roots] + details + metafields,
        "by id": sorted({each.by_id for each in reading.roots}) + metafields,
    }
