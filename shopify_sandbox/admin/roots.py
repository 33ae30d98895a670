"""Root fields: root connections, counts, single objects and mutations of one operation.

Belongs here: what only exists at the root (sorting, searching all records of a type, fault injection per root record).
Everything below a root field is compiled by ``projection.py``.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

from graphql import FieldNode, GraphQLField, GraphQLObjectType, get_directive_values, is_non_null_type
from graphql import get_named_type as named

from shopify_sandbox.admin.projection import Compiler, DeniedParent, Execution, Project, constant
from shopify_sandbox.errors import FieldError, Refused, not_modelled
from shopify_sandbox.search.compiled import Search
from shopify_sandbox.search.index import Index, Seen
from shopify_sandbox.search.paging import Keyed, Ordered, Page, sorted_page

COUNTED_AT_MOST = 25_000


def reads_world(execution: Execution) -> bool:
    """Tell whether any root field looks at the world, whose lock must then be held."""
    names = {nodes[0].name.value for nodes in execution.operation.root_fields.values()}
    return not names <= execution.model.platform


def run(execution: Execution) -> dict[str, Any] | None:
    """Answer the operation; None when an error reached the root. Errors and warnings stay in ``execution``.

    Raises:
        Refused: The selection asks for something the world does not model; nothing has run.
    """
    compiler = RootCompiler(execution)
    try:
        project = compiler.root()
    except DeniedParent:
        project = constant(None)
    if compiler.missing:
        raise Refused(compiler.missing)
    return cast("dict[str, Any] | None", project(execution))


class RootCompiler(Compiler):
    """Compiles the root selection; projectors take the execution itself as the root record."""

    def root(self) -> Project:
        """Compile the operation's root fields; the projector takes the execution itself as the root record."""
        type_ = self.operation.root_type
        fields = [
            (key, self._root_field(type_, key, nodes), not is_non_null_type(type_.fields[nodes[0].name.value].type))
            if nodes[0].name.value != "__typename"
            else (key, constant(type_.name), True)
            for key, nodes in self.operation.root_fields.items()
        ]
        execution = self.execution

        def project(record: Execution) -> dict[str, Any] | None:
            data: dict[str, Any] = {}
            for key, answer, nullable in fields:
                try:
                    data[key] = answer(record)
                except FieldError as problem:
                    problem.path = problem.path or [key]
                    execution.errors.append(problem.body())
                    if not nullable:
                        return None
                    data[key] = None
            return data

        return project

    def _root_field(self, type_: GraphQLObjectType, key: str, nodes: Sequence[FieldNode]) -> Project:
        name = nodes[0].name.value
        definition = type_.fields[name]
        path = (key,)
        if self.denied(type_, name, definition, path):
            return constant(None)
        try:
            return self._root_answer(type_, name, definition, nodes, path)
        except DeniedParent:
            if is_non_null_type(definition.type):
                raise
            return constant(None)

    def _root_answer(
        self,
        type_: GraphQLObjectType,
        name: str,
        definition: GraphQLField,
        nodes: Sequence[FieldNode],
        path: tuple[str, ...],
    ) -> Project:
        arguments = self.operation.arguments(definition, nodes[0])
        if type_ is self.published.query and name in self.model.roots:
            return self._root_connection(name, definition, nodes, arguments, path)
        counted = name.removesuffix("Count")
        if named(definition.type).name == "Count" and counted in self.model.roots:
            return self._root_count(name, counted, nodes, arguments, path)
        resolvers = self.model.objects if type_ is self.published.query else self.model.mutations
        if name not in resolvers:
            self.missing.append(not_modelled(type_.name, name, path))
            return constant(None)
        if type_ is self.published.mutation:
            arguments = {**arguments, **self._directives(nodes[0])}
        resolver, store = self.window.through(resolvers[name], in_place=True), self.execution.store
        finish = self.finish(type_, definition, nodes, path, self._spoiled)
        if finish is None:
            return lambda execution: resolver(store, execution, arguments)

        def answer(execution: Execution) -> Any:
            value = resolver(store, execution, arguments)
            execution.root_nodes += len(value) if isinstance(value, list) else value is not None
            return None if value is None else finish(value)

        return answer

    def _directives(self, node: FieldNode) -> dict[str, Any]:
        """The directives of a mutation stand among its arguments, under their names with the @."""
        known = self.published.schema.directives
        values = {
            f"@{each.name}": get_directive_values(each, node, dict(self.operation.variables))
            for each in known
            if each.name not in ("skip", "include", "deprecated", "specifiedBy", "oneOf")
        }
        return {name: next(iter(given.values())) for name, given in values.items() if given}

    def _root_connection(
        self,
        name: str,
        definition: GraphQLField,
        nodes: Sequence[FieldNode],
        arguments: Mapping[str, Any],
        path: tuple[str, ...],
    ) -> Project:
        root = self.model.roots[name]
        search = self.search(self.published.query.name, name, root.filters, arguments, path)
        if name in self.model.newest_first:
            arguments = {**arguments, "reverse": not arguments.get("reverse")}
        sort = arguments.get("sortKey") or root.default_sort
        if sort not in root.sort_keys:
            self.missing.append(not_modelled("QueryRoot", f"{name}(sortKey: {sort})", path))
            return constant(None)
        found = self._found(name, name, sort, arguments.get("query") or "", search)
        narrow = self.model.narrowed.get(name)
        present = self.page(cast(GraphQLObjectType, named(definition.type)), nodes, path, self._spoiled)

        def answer(execution: Execution) -> dict[str, Any]:
            shown = found() if narrow is None else found().where(lambda record: narrow(record, arguments))
            page = self._fresh(name, sort, sorted_page(shown, arguments))
            execution.root_nodes += len(page.items)
            return present(page)

        return answer

    def _found(self, name: str, counted: str, sort: str, text: str, search: Search) -> Callable[[], Ordered]:
        """Look records of a root up: all of them as they are, or what the index finds; kept until the world changes.

        Args:
            name: The root field that asks, ``counted`` or its ``…Count``.
        """
        if self.window.limited and self.model.roots[counted].type == "Order":
            found = self._searched(name, counted, sort, text, search)
            return lambda: found().where(self.window.shows)
        return self._searched(name, counted, sort, text, search)

    def _searched(self, name: str, counted: str, sort: str, text: str, search: Search) -> Callable[[], Ordered]:
        index: Index = self.execution.store.index
        if not text:
            return lambda: self._whole(counted, sort, self.execution.store)
        if counted in self.model.platform:
            return lambda: self._whole(counted, sort, self.execution.store).only(search.keeps)

        def found() -> Ordered:
            seen = index.seen()
            searched = (name, sort, text, self.execution.granted)
            return index.kept(seen, searched, lambda: self._whole(counted, sort, seen).only(search.keeps))

        return found

    def _whole(self, name: str, sort: str, seen: Seen) -> Ordered:
        root = self.model.roots[name]
        sort_key, record_id = root.sort_keys[sort], self.id_reader(root.type)

        def ordered() -> Ordered:
            return Ordered.by_place(Keyed(sort_key(record), record_id(record), record) for record in root.records(seen))

        index: Index = self.execution.store.index
        return ordered() if name in self.model.platform else index.kept(seen, (name, sort), ordered)

    def _fresh(self, name: str, sort: str, page: Page) -> Page:
        """Show records found in a late index as they are now; one that is gone is left out."""
        store = self.execution.store
        if store.index.seen() is store or name in self.model.platform:
            return page
        present = {keyed.id: keyed.record for keyed in self._whole(name, sort, store).items}
        items = [replace(keyed, record=present[keyed.id]) for keyed in page.items if keyed.id in present]
        return replace(page, items=items)

    def _root_count(
        self, name: str, counted: str, nodes: Sequence[FieldNode], arguments: Mapping[str, Any], path: tuple[str, ...]
    ) -> Project:
        root = self.model.roots[counted]
        documented = self.published.filters.get(f"QueryRoot.{name}", root.filters)
        filters = {each: root.filters[each] for each in root.filters if each in documented}
        search = self.search(self.published.query.name, name, filters, arguments, path)
        found = self._found(name, counted, root.default_sort, arguments.get("query") or "", search)
        limit = arguments.get("limit")
        # Without a limit Shopify still stops counting, one past the deepest record it can page to.
        ceiling = COUNTED_AT_MOST + 1 if limit is None else limit
        count = cast(GraphQLObjectType, named(self.published.query.fields[name].type))
        sets = [node.selection_set for node in nodes if node.selection_set]
        keys = {key: fields[0].name.value for key, fields in self.operation.fields(count, sets).items()}

        def answer(execution: Execution) -> dict[str, Any]:
            total = len(found().items)
            values = {
                "count": min(total, ceiling),
                "precision": "AT_LEAST" if total > min(ceiling, COUNTED_AT_MOST) else "EXACT",
                "__typename": "Count",
            }
            return {key: values[field_name] for key, field_name in keys.items()}

        return answer

    def _spoiled(self, one: Project) -> Project:
        spoil, gid, store = self.execution.spoil, self.model.gid, self.execution.store
        if spoil is None:
            return one

        def project(record: Any) -> Any:
            data, name = one(record), gid(store, record)
            return data if name is None or data is None else spoil(name, data)

        return project
