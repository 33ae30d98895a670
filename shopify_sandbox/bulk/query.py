"""Bulk queries: which are allowed, and how one becomes JSONL lines.

Belongs here: the rules a bulk query is refused by and the flattening of connections into lines. The life of an
operation is in ``operations.py``.

Source: messages as captured from Admin API 2026-04; ungrouped output is the default since 2026-01.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import msgspec
from graphql import (
    FieldNode,
    GraphQLAbstractType,
    GraphQLNamedType,
    GraphQLObjectType,
    SelectionSetNode,
    is_abstract_type,
    is_leaf_type,
    is_list_type,
    print_ast,
)
from graphql import get_named_type as named
from graphql.type import get_nullable_type

from shopify_sandbox.admin.documents import Documents, Operation
from shopify_sandbox.admin.model import Resolver
from shopify_sandbox.admin.projection import DeniedParent, Execution, Project, inner_sets
from shopify_sandbox.admin.roots import RootCompiler
from shopify_sandbox.admin.schema import connection_nodes
from shopify_sandbox.bulk.trees import Line, Tree
from shopify_sandbox.errors import Refused, not_modelled
from shopify_sandbox.search.compiled import Search
from shopify_sandbox.search.paging import Page

CONNECTIONS_MAX = 5
DEPTH_MAX = 2
QUERY_BYTES_MAX = 65_535


class InvalidBulkQuery(Exception):
    """The query breaks a rule of bulk operations; ``messages`` are the user errors."""

    def __init__(self, messages: Sequence[str]) -> None:
        super().__init__(messages[0])
        self.messages = list(messages)


class AccessDenied(Exception):
    """The app lacks a scope the query needs."""


def read_bulk_query(text: str, documents: Documents) -> Operation:
    """Parse, validate and judge a bulk query.

    Raises:
        InvalidBulkQuery: It is too long, does not parse, does not fit the schema, or breaks a bulk rule.
    """
    size = len(text.encode())
    if size > QUERY_BYTES_MAX:
        raise InvalidBulkQuery([f"Query is too large ({size} bytes; maximum is {QUERY_BYTES_MAX} bytes)"])
    try:
        operation = documents.operation(text, {})
    except Refused as exc:
        raise InvalidBulkQuery([f"Invalid bulk query: {exc.errors[0]['message']}"]) from exc
    if operation.node.operation.value != "query":
        raise InvalidBulkQuery(["Invalid operation type. Only `query` operations are supported."])
    messages = _Rules(operation).broken()
    if messages:
        raise InvalidBulkQuery(messages)
    return operation


def bulk_trees(execution: Execution, *, spoilable: bool = False) -> Iterator[Tree]:
    """Give the lines of every root record, in id order; ``first`` and cursors of the query are ignored.

    Args:
        spoilable: Whether somebody will change the lines; otherwise equal amounts share one text that is printed once.

    Raises:
        Refused: The query asks for something the world does not model; raised before the first tree.
        AccessDenied: A scope is missing; likewise.
    """
    compiler = _BulkCompiler(execution, spoilable=spoilable)
    try:
        roots = compiler.roots()
    except DeniedParent as exc:
        raise AccessDenied(execution.errors[0]["message"]) from exc
    if compiler.missing:
        raise Refused(compiler.missing)
    if execution.errors:
        raise AccessDenied(execution.errors[0]["message"])
    return (tree for records, plan in roots for tree in _grown(records(), plan))


@dataclass
class _Rules:
    operation: Operation
    connections: set[int] = field(default_factory=set)
    deepest: int = 0
    without_edges: list[str] = field(default_factory=list)
    without_id: list[str] = field(default_factory=list)
    in_list: bool = False

    def broken(self) -> list[str]:
        root = self.operation.root_type
        names = [nodes[0].name.value for nodes in self.operation.root_fields.values()]
        self._walk(root, [self.operation.node.selection_set], 0)
        messages = [f"Bulk queries cannot contain a top level `{name}` field." for name in names if name in _NODE_ROOTS]
        if self.without_edges:
            example = f"{self.without_edges[0]} {{ edges {{ node {{"
            messages.append(
                "All connection fields in a bulk query must select their contents using 'edges' > 'node', "
                f"e.g: '{example}'. Selecting via 'nodes' is not supported. "
                f"Invalid connection fields: {', '.join(map(repr, self.without_edges))}."
            )
        if self.deepest > DEPTH_MAX:
            messages.append(f"Bulk queries cannot contain connections with a nesting depth greater than {DEPTH_MAX}.")
        if len(self.connections) > CONNECTIONS_MAX:
            messages.append(f"Bulk queries cannot contain more than {CONNECTIONS_MAX} connections.")
        if self.without_id:
            messages.append(
                "The parent 'node' field for a nested connection must select the 'id' field without an alias and must "
                f"be of 'ID' return type. Connection fields without 'id': {', '.join(self.without_id)}."
            )
        if self.in_list:
            messages.append("Queries that contain a connection field within a list field are not currently supported.")
        if not self.connections:
            messages.append("Bulk queries must contain at least one connection.")
        return messages

    def _walk(
        self,
        type_: GraphQLNamedType,
        sets: Sequence[SelectionSetNode],
        depth: int,
        *,
        inside_list: bool = False,
        above: str = "",
        node_has_id: bool | None = None,
    ) -> None:
        """Walk one selection.

        ``above`` names the connection it is under; ``node_has_id`` tells of the nearest node above, None when this
        selection is the node.
        """
        for owner in _object_types(self.operation, type_, sets):
            fields = self.operation.fields(owner, sets)
            has_id = _selects_id(fields) if node_has_id is None else node_has_id
            for nodes in fields.values():
                self._field(owner, nodes, depth, inside_list=inside_list, above=above, node_has_id=has_id)

    def _field(
        self,
        owner: GraphQLObjectType,
        nodes: Sequence[FieldNode],
        depth: int,
        *,
        inside_list: bool,
        above: str,
        node_has_id: bool,
    ) -> None:
        name = nodes[0].name.value
        definition = owner.fields.get(name)
        if definition is None or is_leaf_type(named(definition.type)):
            return
        type_ = named(definition.type)
        if not _is_connection(type_):
            listed = inside_list or is_list_type(get_nullable_type(cast(Any, definition.type)))
            self._walk(type_, inner_sets(nodes), depth, inside_list=listed, above=above, node_has_id=node_has_id)
            return
        if id(nodes[0]) in self.connections:
            return  # met before, on another possible type of the same interface
        self.connections.add(id(nodes[0]))
        # The top connection is level 0; two levels may hang below it.
        self.deepest = max(self.deepest, depth)
        self.in_list = self.in_list or inside_list
        if depth and not node_has_id and above not in self.without_id:
            self.without_id.append(above)
        node_type, sets = _through_edges(self.operation, cast(GraphQLObjectType, type_), nodes)
        if sets:
            self._walk(node_type, sets, depth + 1, inside_list=inside_list, above=name)
        else:
            self.without_edges.append(name)


@dataclass(frozen=True)
class _Plan:
    """How a record becomes a line, and where its children come from, by concrete type."""

    projects: Mapping[str, Project]
    children: Mapping[str, Sequence[tuple[Callable[[Any], Iterable[Any]], "_Plan"]]]
    typename: Callable[[Any], str]
    execution: Execution


class _BulkCompiler(RootCompiler):
    """Compiles a bulk query: connections become children instead of fields."""

    def __init__(self, execution: Execution, *, spoilable: bool) -> None:
        super().__init__(execution)
        self._spoilable = spoilable
        self._printed: dict[tuple[str, ...], dict[Any, msgspec.Raw]] = {}

    def roots(self) -> list[tuple[Callable[[], Sequence[Any]], _Plan]]:
        query = self.published.query
        found = []
        for key, nodes in self.operation.root_fields.items():
            name = nodes[0].name.value
            root = self.model.roots.get(name)
            definition = query.fields[name]
            requirement = self.published.denied(query.name, name, self.execution.granted)
            if root is None or not _is_connection(named(definition.type)):
                self.missing.append(not_modelled(query.name, name, (key,)))
                continue
            if requirement is not None:
                raise AccessDenied(requirement.text)
            arguments = self.operation.arguments(definition, nodes[0])
            search = self.search(query.name, name, root.filters, arguments, (key,))
            plan = self._plan(cast(GraphQLObjectType, named(definition.type)), nodes, (key,))
            records = self._by_id(name, root.default_sort, arguments.get("query") or "", search)
            found.append((self._narrowed(name, arguments, records), plan))
        return found

    def _narrowed(
        self, name: str, arguments: Mapping[str, Any], records: Callable[[], Sequence[Any]]
    ) -> Callable[[], Sequence[Any]]:
        """Leave out what the root's own arguments do not ask for."""
        narrow = self.model.narrowed.get(name)
        return records if narrow is None else lambda: [record for record in records() if narrow(record, arguments)]

    def composite(self, type_: GraphQLNamedType, sets: Sequence[SelectionSetNode], path: tuple[str, ...]) -> Project:
        project = super().composite(type_, sets, path)
        if self._spoilable or type_.name not in _AMOUNTS:
            return project
        selection = (type_.name, *map(print_ast, sets))
        return _printed_once(project, self._printed.setdefault(selection, {}))

    def nested_connection(
        self,
        owner: GraphQLObjectType,
        definition: Any,
        type_: GraphQLObjectType,
        nodes: Sequence[FieldNode],
        path: tuple[str, ...],
    ) -> Project:
        # Only reached through an object inside a node; a node's own connections are its plan's children.
        self.missing.append(not_modelled(owner.name, f"{nodes[0].name.value} inside an object of a bulk query", path))
        return lambda records: None

    def _by_id(self, name: str, sort: str, text: str, search: Search) -> Callable[[], Sequence[Any]]:
        """Look the records of a root up as a page would, through the search index when there is a search."""
        found = self._found(name, name, sort, text, search)

        def records() -> Sequence[Any]:
            every = self._fresh(name, sort, Page(found().items, has_next=False, has_previous=False))
            return [keyed.record for keyed in sorted(every.items, key=lambda keyed: keyed.id)]

        return records

    def _plan(self, connection: GraphQLObjectType, nodes: Sequence[FieldNode], path: tuple[str, ...]) -> _Plan:
        type_, sets = _through_edges(self.operation, connection, nodes)
        possible = (
            self.published.schema.get_possible_types(cast(GraphQLAbstractType, type_))
            if is_abstract_type(type_)
            else [cast(GraphQLObjectType, type_)]
        )
        projects: dict[str, Project] = {}
        children: dict[str, list[tuple[Callable[[Any], Iterable[Any]], _Plan]]] = {}
        for each in possible:
            if each.name not in self.model.resolvers:
                continue
            fields = self.operation.fields(each, sets)
            connections = {key: found for key, found in fields.items() if _selects_connection(each, found)}
            own = {key: found for key, found in fields.items() if key not in connections}
            projects[each.name] = self.selection(each, own, path)
            children[each.name] = [
                child
                for key, found in connections.items()
                if (child := self._child(each, found, (*path, key))) is not None
            ]
        return _Plan(projects, children, self.model.typename, self.execution)

    def _child(
        self, owner: GraphQLObjectType, nodes: Sequence[FieldNode], path: tuple[str, ...]
    ) -> tuple[Callable[[Any], Iterable[Any]], _Plan] | None:
        name = nodes[0].name.value
        definition = owner.fields[name]
        requirement = self.published.denied(owner.name, name, self.execution.granted)
        if requirement is not None:
            raise AccessDenied(requirement.text)
        resolver: Resolver | None = self.model.resolvers[owner.name].get(name)
        if resolver is None:
            self.missing.append(not_modelled(owner.name, name, path))
            return None
        arguments = self.operation.arguments(definition, nodes[0])
        resolver = self.window.through(resolver)
        keeps = self.nested_search(owner.name, name, arguments, path) or (lambda record: True)
        store = self.execution.store
        plan = self._plan(cast(GraphQLObjectType, named(definition.type)), nodes, path)
        return (lambda record: (child for child in resolver(store, record, arguments) if keeps(child))), plan


def _grown(records: Iterable[Any], plan: _Plan) -> Iterator[Tree]:
    for record in records:
        tree = Tree(plan.projects[plan.typename(record)](record))
        _grow(tree, 0, record, tree.line, plan)
        yield tree


def _grow(tree: Tree, depth: int, record: Any, line: Line, plan: _Plan) -> None:
    """Add the lines of what is below a record; their amounts have its exchange, unless they have their own."""
    execution, name = plan.execution, plan.typename(record)
    outer, exchange_of = execution.exchange, execution.model.exchanges.get(name)
    if exchange_of is not None:
        execution.exchange = exchange_of(record)
    for children_of, child_plan in plan.children[name]:
        for child in children_of(record):
            child_line = {**child_plan.projects[child_plan.typename(child)](child), "__parentId": line["id"]}
            if depth == len(tree.levels):
                tree.levels.append([])
            tree.levels[depth].append(child_line)
            _grow(tree, depth + 1, child, child_line, child_plan)
    execution.exchange = outer


def _object_types(
    operation: Operation, type_: GraphQLNamedType, sets: Sequence[SelectionSetNode]
) -> list[GraphQLObjectType]:
    if is_abstract_type(type_):
        return operation.variants(cast(GraphQLAbstractType, type_), sets)
    return [cast(GraphQLObjectType, type_)]


def _through_edges(
    operation: Operation, connection: GraphQLObjectType, nodes: Sequence[FieldNode]
) -> tuple[GraphQLNamedType, list[SelectionSetNode]]:
    """Follow ``edges { node { … } }`` to the node's type and selections; no selections when it is not written so."""
    edge = cast(GraphQLObjectType, named(connection.fields["edges"].type))
    sets = [
        inner
        for edges in operation.fields(connection, inner_sets(nodes)).values()
        if edges[0].name.value == "edges"
        for node in operation.fields(edge, inner_sets(edges)).values()
        if node[0].name.value == "node"
        for inner in inner_sets(node)
    ]
    return named(edge.fields["node"].type), sets


def _selects_id(fields: Mapping[str, Sequence[FieldNode]]) -> bool:
    return "id" in fields and fields["id"][0].name.value == "id"


def _selects_connection(owner: GraphQLObjectType, nodes: Sequence[FieldNode]) -> bool:
    definition = owner.fields.get(nodes[0].name.value)
    return definition is not None and _is_connection(named(definition.type))


def _is_connection(type_: GraphQLNamedType) -> bool:
    return isinstance(type_, GraphQLObjectType) and connection_nodes(type_) is not None


def _printed_once(project: Project, printed: dict[Any, msgspec.Raw]) -> Project:
    """Print each value once: a file holds the same few amounts over and over."""

    def text(record: Any) -> msgspec.Raw:
        found = printed.get(record)
        if found is None:
            found = printed[record] = msgspec.Raw(msgspec.json.encode(project(record)))
        return found

    return text


#: Types whose record is a plain value, so that equal records print alike.
_AMOUNTS = frozenset({"MoneyBag", "MoneyV2"})
_NODE_ROOTS = frozenset({"node", "nodes"})
