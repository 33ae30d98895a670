"""Query cost: requested before running, actual after.

Belongs here: the price list and the two sums. The bucket the cost is taken from is in ``throttle.py``.

Source: fitted to 5,478 captured (query, cost) pairs of Admin API 2025-01 to 2026-04; not documented by Shopify.
Scalars are free, an object costs 1, a mutation 10 (its payload object is free), a connection ``2 + size(n) * node``
with ``size(n) = max(1, floor(2 ln n))``; interfaces and unions cost their dearest possible type.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from graphql import FieldNode, GraphQLNamedType, GraphQLObjectType, SelectionSetNode, is_leaf_type, is_list_type
from graphql import get_named_type as named
from graphql.type import GraphQLAbstractType, get_nullable_type, is_abstract_type

from shopify_sandbox.admin.documents import Operation

MAX_SINGLE_QUERY_POINTS = 1000
CONNECTION_POINTS = 2
MUTATION_POINTS = 10
ROOT_COUNT_POINTS = 10
FREE_OBJECTS = frozenset(
    {
        "MoneyBag",
        "MoneyV2",
        "LocationAddress",
        "ShopAddress",
        "InventoryItemMeasurement",
        "Weight",
        "CustomerEmailMarketingConsentState",
        "CustomerSmsMarketingConsentState",
        "CollectionRule",
        "CollectionRuleSet",
        "PageInfo",
    }
)


def size(requested: int) -> int:
    """Price factor of a connection of ``requested`` nodes."""
    return 0 if requested <= 0 else max(1, math.floor(2 * math.log(requested)))


@dataclass(frozen=True)
class Part:
    """One priced field: ``own`` points each time it is there, plus the dearest of ``variants`` (one per type)."""

    key: str
    own: int
    variants: tuple[tuple["Part", ...], ...] = ()

    @property
    def requested(self) -> int:
        return self.own + max((total(each) for each in self.variants), default=0)

    def actual(self, value: Any) -> float:
        """Price what was returned; a list of objects counts once, by its dearest member."""
        if value is None:
            return 0
        if isinstance(value, list):
            return max((self.actual(each) for each in value), default=0)
        return self.own + max((spent(each, value) for each in self.variants), default=0)


@dataclass(frozen=True)
class ConnectionPart(Part):
    """A connection: ``nodes`` and ``edges`` hold the priced parts of one node under that form, by response key."""

    first: int = 0
    nodes: tuple[Part, ...] = ()
    edges: tuple[tuple[str, tuple[Part, ...]], ...] = ()

    @property
    def requested(self) -> int:
        each = sum(node.requested for node in self.nodes) + sum(total(parts) for _, parts in self.edges)
        return self.own + size(self.first) * each

    def actual(self, value: Any) -> float:
        if value is None:
            return 0
        # An empty `nodes` is charged in full, an empty `edges` is not; both as captured.
        if any(not value[node.key] for node in self.nodes):
            return self.requested
        returned = sum(node.actual(each) for node in self.nodes for each in value[node.key]) + sum(
            spent(parts, edge) for key, parts in self.edges for edge in value[key]
        )
        scale = size(self.first) / self.first if self.first else 0
        return math.ceil(self.own + scale * returned)


@dataclass(frozen=True)
class MutationPart(Part):
    """A mutation: it is paid for also when it gives nothing back (captured of one refused for its scope)."""

    def actual(self, value: Any) -> float:
        return self.own if value is None else super().actual(value)


def total(parts: Sequence[Part]) -> int:
    return sum(part.requested for part in parts)


def spent(parts: Sequence[Part], data: Mapping[str, Any]) -> float:
    return sum(part.actual(data.get(part.key)) for part in parts)


@dataclass(frozen=True)
class Price:
    """The priced tree of one operation."""

    parts: tuple[Part, ...]

    @property
    def requested(self) -> int:
        return max(1, total(self.parts))

    def actual(self, data: Mapping[str, Any] | None) -> int:
        """Price an answer; an operation that yielded no data at all costs what it requested."""
        if data is None:
            return self.requested
        return min(self.requested, max(1, math.ceil(spent(self.parts, data))))


def price(operation: Operation) -> Price:
    """Price one operation; fields without cost are left out, so that the actual sum stays quick."""
    root = operation.root_type
    parts = _object(operation, root, [operation.node.selection_set])
    if root is operation.published.mutation:
        parts = tuple(_as_mutation(part) for part in parts)
    return Price(parts)


def breakdown(operation: Operation) -> list[dict[str, Any]]:
    """List what every selected field contributes to the requested cost, the innermost first.

    A connection is priced for all its nodes, what is inside of it for one.

    Source: shape and order as captured in 2025; that inner fields are priced for one node is assumed.
    """
    found: dict[tuple[str, ...], dict[str, Any]] = {}
    _break_down(operation, operation.root_type, [operation.node.selection_set], (), found)
    return list(found.values())


def _break_down(
    operation: Operation,
    owner: GraphQLNamedType,
    sets: Sequence[SelectionSetNode],
    path: tuple[str, ...],
    found: dict[tuple[str, ...], dict[str, Any]],
) -> None:
    if is_abstract_type(owner):
        for possible in operation.variants(owner, sets):  # type: ignore[arg-type]
            _break_down(operation, possible, sets, path, found)
        return
    type_: GraphQLObjectType = owner  # type: ignore[assignment]
    for key, nodes in operation.fields(type_, sets).items():
        here = (*path, key)
        if nodes[0].name.value.startswith("__") or here in found:
            continue
        inner = [node.selection_set for node in nodes if node.selection_set]
        if inner:
            _break_down(operation, named(type_.fields[nodes[0].name.value].type), inner, here, found)
        part = _field(operation, type_, key, nodes) or Part(key, 0)
        if operation.root_type is operation.published.mutation and len(here) <= 2:
            part = _as_mutation(part) if len(here) == 1 else _in_payload(part)
        found[here] = {
            "path": list(here),
            "definedCost": part.own,
            "requestedTotalCost": part.requested,
            "requestedChildrenCost": part.requested - part.own if inner else None,
        }


def _as_mutation(part: Part) -> MutationPart:
    payload = tuple(tuple(_in_payload(each) for each in variant) for variant in part.variants)
    return MutationPart(part.key, MUTATION_POINTS, payload)


def _in_payload(part: Part) -> Part:
    return part if isinstance(part, ConnectionPart) else Part(part.key, 0, part.variants)


def _object(operation: Operation, type_: GraphQLObjectType, sets: Sequence[SelectionSetNode]) -> tuple[Part, ...]:
    parts = (_field(operation, type_, key, nodes) for key, nodes in operation.fields(type_, sets).items())
    return tuple(part for part in parts if part is not None and (part.requested or isinstance(part, ConnectionPart)))


def _field(operation: Operation, owner: GraphQLObjectType, key: str, nodes: list[FieldNode]) -> Part | None:
    name = nodes[0].name.value
    if name.startswith("__") or name == "userErrors":
        return None
    definition = owner.fields[name]
    type_ = named(definition.type)
    if is_leaf_type(type_):
        return None
    sets = [node.selection_set for node in nodes if node.selection_set]
    if type_.name.endswith("Connection") and not is_list_type(get_nullable_type(definition.type)):
        arguments = operation.arguments(definition, nodes[0])
        count = arguments.get("first") or arguments.get("last") or 0
        return _connection(operation, key, type_, sets, count)
    if type_.name == "Count" and owner is operation.published.query:
        return Part(key, ROOT_COUNT_POINTS)
    own = 0 if type_.name in FREE_OBJECTS or type_.name.endswith("Edge") else 1
    return Part(key, own, _variants(operation, type_, sets))


def _variants(
    operation: Operation, type_: GraphQLNamedType, sets: Sequence[SelectionSetNode]
) -> tuple[tuple[Part, ...], ...]:
    if is_abstract_type(type_):
        abstract: GraphQLAbstractType = type_  # type: ignore[assignment]
        found = {_object(operation, possible, sets) for possible in operation.variants(abstract, sets)}
    else:
        found = {_object(operation, type_, sets)}  # type: ignore[arg-type]
    return tuple(parts for parts in found if parts)


def _connection(
    operation: Operation, key: str, type_: GraphQLNamedType, sets: Sequence[SelectionSetNode], count: int
) -> ConnectionPart:
    connection: GraphQLObjectType = type_  # type: ignore[assignment]
    nodes: list[Part] = []
    edges: list[tuple[str, tuple[Part, ...]]] = []
    for inner_key, fields in operation.fields(connection, sets).items():
        inner_sets = [field.selection_set for field in fields if field.selection_set]
        if fields[0].name.value == "nodes":
            node = _field(operation, connection, inner_key, fields)
            nodes += [node] if node is not None else []
        elif fields[0].name.value == "edges":
            edge: GraphQLObjectType = named(connection.fields["edges"].type)
            edges.append((inner_key, _object(operation, edge, inner_sets)))
    return ConnectionPart(key, CONNECTION_POINTS, (), count, tuple(nodes), tuple(edges))
