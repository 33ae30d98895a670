"""Turn selections into closures over records: the heart of the sandbox's GraphQL executor.

Belongs here: objects, lists, interfaces and nested connections. Root fields are in ``roots.py``. Compiled for each
request with its variables, so that running is a plain loop over resolvers.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, cast
from zoneinfo import ZoneInfo

from graphql import (
    FieldNode,
    GraphQLField,
    GraphQLNamedType,
    GraphQLObjectType,
    SelectionSetNode,
    is_abstract_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
)
from graphql import get_named_type as named
from graphql.type import get_nullable_type

from shopify_sandbox.admin.documents import Operation
from shopify_sandbox.admin.model import Filters, Model, Resolver, key_of
from shopify_sandbox.admin.schema import connection_nodes
from shopify_sandbox.admin.visibility import OrderWindow
from shopify_sandbox.errors import ErrorBody, FieldError, access_denied, not_modelled
from shopify_sandbox.search.compiled import Search, compile_search
from shopify_sandbox.search.paging import PAGING, Keyed, Ordered, Page, encode_cursor, listed_page, sorted_page
from shopify_sandbox.world.currency import Bag, Exchange

Project = Callable[[Any], Any]
Spoil = Callable[[str, dict[str, Any]], dict[str, Any]]

AMOUNTS_KEPT = 8_192


@dataclass
class Execution:
    """One request being answered: what it may see, and what it met on the way."""

    store: Any
    model: Model
    operation: Operation
    granted: frozenset[str]
    zone: ZoneInfo
    spoil: Spoil | None = None
    errors: list[ErrorBody] = field(default_factory=list)
    search: list[dict[str, Any]] = field(default_factory=list)
    root_nodes: int = 0
    #: What amounts are worth where the answer is being made; None in the shop's own currency.
    exchange: Exchange | None = None


class DeniedParent(Exception):
    """A field that cannot be null was denied, so the object that holds it is null."""


class Compiler:
    """Compiles selections of one execution. Unmodelled fields are gathered in ``missing``, all of them at once."""

    def __init__(self, execution: Execution) -> None:
        self.execution = execution
        self.operation = execution.operation
        self.model = execution.model
        self.published = execution.operation.published
        self.missing: list[ErrorBody] = []
        self.window = OrderWindow.of(execution.granted, execution.store.now, execution.model.typename)

    def object(self, type_: GraphQLObjectType, sets: Sequence[SelectionSetNode], path: tuple[str, ...]) -> Project:
        """Compile a selection on one object type.

        Raises:
            DeniedParent: A denied field of it is non-null.
        """
        return self.selection(type_, self.operation.fields(type_, sets), path)

    def selection(
        self, type_: GraphQLObjectType, selected: Mapping[str, Sequence[FieldNode]], path: tuple[str, ...]
    ) -> Project:
        """Compile collected fields of one object type; same errors as ``object``."""
        store = self.execution.store
        fields = [(key, *self.field(type_, key, nodes, (*path, key))) for key, nodes in selected.items()]

        def project(record: Any) -> dict[str, Any]:
            data = {}
            for key, resolve, arguments, finish in fields:
                value = resolve(store, record, arguments)
                data[key] = value if finish is None or value is None else finish(value)
            return data

        if type_.name == "MoneyBag":
            return _remembered(project)
        exchange_of = self.model.exchanges.get(type_.name)
        return project if exchange_of is None else self._within(exchange_of, project)

    def _within(self, exchange_of: Callable[[Any], Exchange | None], project: Project) -> Project:
        """Project a record with its own exchange for every amount below it."""
        execution = self.execution

        def projected(record: Any) -> Any:
            outer, execution.exchange = execution.exchange, exchange_of(record)
            try:
                return project(record)
            finally:
                execution.exchange = outer

        return projected

    def _in_both(self, resolve: Resolver) -> Resolver:
        """Resolve an amount of the presentment currency to what it is in both."""
        execution = self.execution

        def resolved(store: Any, record: Any, arguments: Mapping[str, Any]) -> Any:
            amount, exchange = resolve(store, record, arguments), execution.exchange
            return exchange.bag(amount) if exchange is not None and type(amount) is int else amount

        return resolved

    def _in_presentment(self, resolve: Resolver) -> Resolver:
        """Resolve what may be an amount, which is then shown in the presentment currency alone."""
        both = self._in_both(resolve)

        def resolved(store: Any, record: Any, arguments: Mapping[str, Any]) -> Any:
            value = both(store, record, arguments)
            return value.presentment if isinstance(value, Bag) else value

        return resolved

    def field(
        self, owner: GraphQLObjectType, key: str, nodes: Sequence[FieldNode], path: tuple[str, ...]
    ) -> tuple[Resolver, Mapping[str, Any], Project | None]:
        """Compile one field: its resolver, its arguments, and what turns the resolved value into an answer."""
        name = nodes[0].name.value
        if name == "__typename":
            return _always(owner.name), {}, None
        definition = owner.fields[name]
        if self.denied(owner, name, definition, path):
            return _always(None), {}, None
        resolver = self.model.resolvers.get(owner.name, {}).get(name)
        if resolver is None:
            self.missing.append(not_modelled(owner.name, name, path))
            return _always(None), {}, None
        if named(definition.type).name == "MoneyBag":
            resolver = self._in_both(resolver)
        elif named(definition.type).name == "PricingValue":
            resolver = self._in_presentment(resolver)
        if self.published.returned_type(owner.name, name) == "Order":
            resolver = self.window.through(resolver)
        arguments = self.operation.arguments(definition, nodes[0])
        try:
            finish = self.finish(owner, definition, nodes, path)
        except DeniedParent:
            if is_non_null_type(definition.type):
                raise
            return _always(None), {}, None
        return resolver, arguments, finish

    def finish(
        self,
        owner: GraphQLObjectType,
        definition: GraphQLField,
        nodes: Sequence[FieldNode],
        path: tuple[str, ...],
        wrap: Callable[[Project], Project] = lambda one: one,
    ) -> Project | None:
        """Compile what follows a resolved value: nothing for leaves, an object, a list of objects or a page.

        ``wrap`` is put around the projector of a single object.
        """
        type_ = named(definition.type)
        if is_leaf_type(type_):
            return None
        if isinstance(type_, GraphQLObjectType) and connection_nodes(type_):
            return self.nested_connection(owner, definition, type_, nodes, path)
        one = wrap(self.composite(type_, inner_sets(nodes), path))
        if is_list_type(get_nullable_type(cast(Any, definition.type))):
            return lambda records: [None if record is None else one(record) for record in records]
        return one

    def composite(self, type_: GraphQLNamedType, sets: Sequence[SelectionSetNode], path: tuple[str, ...]) -> Project:
        """Compile a selection on an object, interface or union."""
        if not is_abstract_type(type_):
            return self.object(cast(GraphQLObjectType, type_), sets, path)
        by_type: dict[str, Project] = {}
        for possible in self.published.schema.get_possible_types(cast(Any, type_)):
            known = self.model.resolvers.get(possible.name)
            # What has no id here is never found by one.
            if known is None or (type_.name == "Node" and "id" not in known):
                continue
            requirement = self.published.access.get(possible.name)
            if requirement is None or requirement.met_by(self.execution.granted):
                by_type[possible.name] = self.object(possible, sets, path)
            else:
                by_type[possible.name] = self._denying(path, requirement.text)
        typename = self.model.typename
        return lambda record: by_type[typename(record)](record)

    def nested_connection(
        self,
        owner: GraphQLObjectType,
        definition: GraphQLField,
        type_: GraphQLObjectType,
        nodes: Sequence[FieldNode],
        path: tuple[str, ...],
    ) -> Project:
        name = nodes[0].name.value
        arguments = self.operation.arguments(definition, nodes[0])
        keeps = self.nested_search(owner.name, name, arguments, path)
        paged = self._pager(owner.name, name, arguments, keeps)
        present = self.page(type_, nodes, path)

        def answer(records: Sequence[Any]) -> dict[str, Any]:
            try:
                page = paged(records)
            except FieldError as problem:
                problem.path = problem.path or list(path)
                raise
            return present(page)

        return answer

    def _pager(
        self, owner: str, name: str, arguments: Mapping[str, Any], keeps: Callable[[Any], bool] | None
    ) -> Callable[[Sequence[Any]], Page]:
        """Cut pages of child records: in their own order, or in the one of a sort key the connection has."""
        gid, store = self.model.gid, self.execution.store
        sort_key = self.model.nested_sorts.get((owner, name), {}).get(arguments.get("sortKey", ""))
        if sort_key is None:

            def listed(records: Sequence[Any]) -> Page:
                kept = records if keeps is None else [record for record in records if keeps(record)]
                return listed_page(kept, lambda record, place: key_of(gid(store, record), place), arguments)

            return listed

        def in_order(records: Sequence[Any]) -> Ordered:
            ordered = Ordered.by_place(
                Keyed(sort_key(record), key_of(gid(store, record), place), record)
                for place, record in enumerate(records)
            )
            return ordered if keeps is None else ordered.only(keeps)

        if owner not in self.model.single:
            return lambda records: sorted_page(in_order(records), arguments)
        choice = sorted((each, value) for each, value in arguments.items() if each not in PAGING)

        def kept_page(records: Sequence[Any]) -> Page:
            found = store.index.kept(store, (owner, name, *choice), lambda: in_order(records))
            return sorted_page(found, arguments)

        return kept_page

    def nested_search(
        self, owner: str, name: str, arguments: Mapping[str, Any], path: tuple[str, ...]
    ) -> Callable[[Any], bool] | None:
        """Compile the ``query:`` of a nested connection; None when it keeps everything."""
        sorts = self.model.nested_sorts.get((owner, name), {})
        if arguments.get("sortKey") not in (None, "ID", "POSITION", *sorts):
            self.missing.append(not_modelled(owner, f"{name}(sortKey: {arguments['sortKey']})", path))
        if not arguments.get("query"):
            return None
        filters = self.model.nested_filters.get((owner, name), {})
        return self.search(owner, name, filters, arguments, path).keeps

    def search(
        self, owner: str, name: str, filters: Filters, arguments: Mapping[str, Any], path: tuple[str, ...]
    ) -> Search:
        text = arguments.get("query") or ""
        documented = self.published.filters.get(f"{owner}.{name}", {})
        search = compile_search(text, filters, documented, self.execution.zone)
        self.missing += [not_modelled(owner, f"{name}(query: {each})", path) for each in search.not_modelled]
        if search.warnings:
            self.execution.search.append(
                {"path": list(path), "query": text, "parsed": search.parsed, "warnings": search.warnings}
            )
        return search

    def page(
        self,
        type_: GraphQLObjectType,
        nodes: Sequence[FieldNode],
        path: tuple[str, ...],
        wrap: Callable[[Project], Project] = lambda one: one,
    ) -> Callable[[Page], dict[str, Any]]:
        """Compile the selection on a connection type: nodes, edges and pageInfo in any combination.

        ``wrap`` is put around the projector of a single node.
        """
        parts: list[tuple[str, Callable[[Page], Any]]] = []
        for key, fields in self.operation.fields(type_, inner_sets(nodes)).items():
            name, inner = fields[0].name.value, inner_sets(fields)
            if name == "nodes":
                one = wrap(self.composite(named(type_.fields["nodes"].type), inner, (*path, key)))
                parts.append((key, _records(one)))
            elif name == "edges":
                edge = cast(GraphQLObjectType, named(type_.fields["edges"].type))
                parts.append((key, self._edges(edge, inner, (*path, key), wrap)))
            elif name == "pageInfo":
                parts.append((key, _page_info(self.operation.fields(_page_info_type(type_), inner))))
            elif name == "__typename":
                parts.append((key, constant(type_.name)))
            else:
                self.missing.append(not_modelled(type_.name, name, (*path, key)))
        return lambda page: {key: part(page) for key, part in parts}

    def _edges(
        self,
        edge: GraphQLObjectType,
        sets: Sequence[SelectionSetNode],
        path: tuple[str, ...],
        wrap: Callable[[Project], Project],
    ) -> Callable[[Page], Any]:
        parts: list[tuple[str, Callable[[Keyed], Any]]] = []
        for key, fields in self.operation.fields(edge, sets).items():
            name = fields[0].name.value
            if name == "cursor":
                parts.append((key, encode_cursor))
            elif name == "node":
                one = wrap(self.composite(named(edge.fields["node"].type), inner_sets(fields), (*path, key)))
                parts.append((key, _of_record(one)))
            elif name == "__typename":
                parts.append((key, constant(edge.name)))
            else:
                self.missing.append(not_modelled(edge.name, name, (*path, key)))
        return lambda page: [{key: part(keyed) for key, part in parts} for keyed in page.items]

    def denied(self, owner: GraphQLObjectType, name: str, definition: GraphQLField, path: tuple[str, ...]) -> bool:
        requirement = self.published.denied(owner.name, name, self.execution.granted)
        if requirement is None:
            return False
        self.execution.errors.append(access_denied(name, requirement.text, path))
        if is_non_null_type(definition.type):
            raise DeniedParent
        return True

    def _denying(self, path: tuple[str, ...], requirement: str) -> Project:
        def project(record: Any) -> None:
            self.execution.errors.append(access_denied(path[-1], requirement, path))

        return project

    def id_reader(self, type_: str) -> Callable[[Any], int | str]:
        resolver, store = self.model.resolvers[type_]["id"], self.execution.store
        return lambda record: key_of(resolver(store, record, {}), 0)


def _remembered(project: Project) -> Project:
    """Project each amount once: most of an order is money, and the same amounts come again and again."""
    known = lru_cache(maxsize=AMOUNTS_KEPT)(project)

    def projected(amount: Any) -> dict[str, Any]:
        # Copies, because a planted fault spoils an answer in place.
        return {key: value.copy() if isinstance(value, dict) else value for key, value in known(amount).items()}

    return projected


def constant(value: Any) -> Callable[[Any], Any]:
    return lambda record: value


def inner_sets(nodes: Sequence[FieldNode]) -> list[SelectionSetNode]:
    return [node.selection_set for node in nodes if node.selection_set]


def _records(one: Project) -> Callable[[Page], list[Any]]:
    return lambda page: [one(keyed.record) for keyed in page.items]


def _of_record(one: Project) -> Callable[[Keyed], Any]:
    return lambda keyed: one(keyed.record)


def _always(value: Any) -> Resolver:
    return lambda store, record, arguments: value


def _page_info_type(connection: GraphQLObjectType) -> GraphQLObjectType:
    return cast(GraphQLObjectType, named(connection.fields["pageInfo"].type))


def _page_info(fields: Mapping[str, Sequence[FieldNode]]) -> Callable[[Page], dict[str, Any]]:
    read: dict[str, Callable[[Page], Any]] = {
        "hasNextPage": lambda page: page.has_next,
        "hasPreviousPage": lambda page: page.has_previous,
        "startCursor": lambda page: encode_cursor(page.items[0]) if page.items else None,
        "endCursor": lambda page: encode_cursor(page.items[-1]) if page.items else None,
        "__typename": constant("PageInfo"),
    }
    chosen = [(key, read[nodes[0].name.value]) for key, nodes in fields.items()]
    return lambda page: {key: part(page) for key, part in chosen}
