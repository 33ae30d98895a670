"""Answers the published schema allows, made from a document: as sparse and as full as they may be.

Here: one value per field, by its type. Not here: what is read of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import count
from typing import Any

from graphql import (
    FieldNode,
    GraphQLEnumType,
    GraphQLNamedType,
    GraphQLSchema,
    InlineFragmentNode,
    SelectionNode,
    get_named_type,
    get_nullable_type,
    is_abstract_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
)

Selected = Sequence[SelectionNode]

SCALARS: dict[str, Any] = {
    "String": "text",
    "URL": "https://shop.example/",
    "HTML": "<p>text</p>",
    "Boolean": True,
    "Int": 1,
    "Float": 0.5,
    "Decimal": "1.25",
    "Money": "1.25",
    "UnsignedInt64": "7",
    "BigInt": "7",
    "DateTime": "2026-11-20T12:00:00Z",
    "Date": "2026-11-20",
}
#: Arguments that name what a list is to hold: the field of an item and the argument with its values.
NAMED_ITEMS = {"quantities": ("name", "names")}


class Answers:
    """Makes nodes of one schema.

    Args:
        sparse: Whether everything that may be null is.
        member: Which of several types stands where any of them may.
        required: ``Type.field`` of what is there though it may be null.
    """

    def __init__(self, schema: GraphQLSchema, *, sparse: bool, member: int, required: frozenset[str]) -> None:
        self._schema = schema
        self._sparse = sparse
        self._member = member
        self._required = required
        self._numbers: Iterator[int] = count(1)

    def node(self, type_name: str, selected: Selected) -> dict[str, Any]:
        """One node of a concrete type, with what is selected of it."""
        return self._object(self._schema.type_map[type_name], selected)

    def members(self, here: GraphQLNamedType) -> list[GraphQLNamedType]:
        """Every concrete type that may stand where this one is declared."""
        return list(self._schema.get_possible_types(here)) if is_abstract_type(here) else [here]

    def _object(self, here: GraphQLNamedType, selected: Selected) -> dict[str, Any]:
        fields: dict[str, list[FieldNode]] = {}
        self._collect(here, selected, fields)
        return {name: self._field(here, nodes) for name, nodes in fields.items()}

    def _collect(self, here: GraphQLNamedType, selected: Selected, fields: dict[str, list[FieldNode]]) -> None:
        for node in selected:
            if isinstance(node, InlineFragmentNode):
                assert node.type_condition is not None
                if here in self.members(self._schema.type_map[node.type_condition.name.value]):
                    self._collect(here, node.selection_set.selections, fields)
            elif isinstance(node, FieldNode):
                fields.setdefault(node.name.value, []).append(node)

    def _field(self, here: GraphQLNamedType, nodes: list[FieldNode]) -> Any:
        name = nodes[0].name.value
        if name == "__typename":
            return here.name
        declared = here.fields[name].type  # type: ignore[attr-defined]
        named, nullable = get_named_type(declared), get_nullable_type(declared)
        selected = [inner for node in nodes if node.selection_set for inner in node.selection_set.selections]
        if self._sparse and not is_non_null_type(declared) and f"{here.name}.{name}" not in self._required:
            return None
        if name in NAMED_ITEMS:
            return [self._object(named, selected) | item for item in _items_named(nodes[0])]
        if named.name.endswith("Connection"):
            return self._connection(named, selected)
        if is_list_type(nullable):
            return [] if self._sparse else self._each(named, selected)
        if is_leaf_type(named):
            return self._leaf(here, name, named)
        members = self.members(named)
        return self._object(members[self._member % len(members)], selected)

    def _leaf(self, here: GraphQLNamedType, name: str, named: GraphQLNamedType) -> Any:
        if isinstance(named, GraphQLEnumType):
            return "USD" if named.name == "CurrencyCode" else next(iter(named.values))
        if named.name == "ID":
            return f"gid://shopify/{here.name if name == 'id' else 'Thing'}/{next(self._numbers)}"
        return SCALARS[named.name]

    def _each(self, named: GraphQLNamedType, selected: Selected) -> list[Any]:
        """One item of every type that may be in a list."""
        if is_leaf_type(named):
            return [self._leaf(named, "", named)]
        return [self._object(member, selected) for member in self.members(named)]

    def _connection(self, named: GraphQLNamedType, selected: Selected) -> dict[str, Any]:
        element = get_named_type(named.fields["nodes"].type)  # type: ignore[attr-defined]
        nodes = [node for node in selected if isinstance(node, FieldNode) and node.name.value == "nodes"]
        inner = [each for node in nodes if node.selection_set for each in node.selection_set.selections]
        return {"nodes": self._each(element, inner), "pageInfo": {"hasNextPage": False, "endCursor": None}}


def _items_named(node: FieldNode) -> list[dict[str, str]]:
    """What an argument says the items of a list are to be called."""
    field, argument = NAMED_ITEMS[node.name.value]
    values = next(given.value for given in node.arguments if given.name.value == argument)
    return [{field: value.value} for value in values.values]  # type: ignore[attr-defined]
