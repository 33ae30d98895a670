"""Root fields: root connections, counts, single objects and mutations of one operation.

Belongs here: what only exists at the root (sorting, searching all records of a type, fault injection per root record).
Everything below a root field is compiled by ``projection.py``.
"""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from graphql import FieldNode, GraphQLField, GraphQLObjectType, is_non_null_type
from graphql import get_named_type as named

from shopify_sandbox.errors import FieldError, Refused, not_modelled
from shopify_sandbox.paging import Keyed, sorted_page
from shopify_sandbox.projection import Compiler, DeniedParent, Execution, Project, constant

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
        resolver, store = resolvers[name], self.execution.store
        finish = self.finish(type_, definition, nodes, path, self._spoiled)
        if finish is None:
            return lambda execution: resolver(store, execution, arguments)

        def answer(execution: Execution) -> Any:
            value = resolver(store, execution, arguments)
            execution.root_nodes += len(value) if isinstance(value, list) else value is not None
            return None if value is None else finish(value)

        return answer

    def _root_connection(
        self,
        name: str,
        definition: GraphQLField,
        nodes: Sequence[FieldNode],
        arguments: Mapping[str, Any],
        path: tuple[str, ...],
    ) -> Project:
        root, store = self.model.roots[name], self.execution.store
        search = self.search(self.published.query.name, name, root.filters, arguments, path)
        sort = arguments.get("sortKey") or root.default_sort
        if sort not in root.sort_keys:
            self.missing.append(not_modelled("QueryRoot", f"{name}(sortKey: {sort})", path))
            return constant(None)
        sort_key, record_id = root.sort_keys[sort], self.id_reader(root.type)
        present = self.page(cast(GraphQLObjectType, named(definition.type)), nodes, path, self._spoiled)

        def answer(execution: Execution) -> dict[str, Any]:
            kept = [record for record in root.records(store) if search.keeps(record)]
            page = sorted_page([Keyed(sort_key(record), record_id(record), record) for record in kept], arguments)
            execution.root_nodes += len(page.items)
            return present(page)

        return answer

    def _root_count(
        self, name: str, counted: str, nodes: Sequence[FieldNode], arguments: Mapping[str, Any], path: tuple[str, ...]
    ) -> Project:
        root, store = self.model.roots[counted], self.execution.store
        search = self.search(self.published.query.name, name, root.filters, arguments, path)
        limit = arguments.get("limit")
        # Without a limit Shopify still stops counting, one past the deepest record it can page to.
        ceiling = COUNTED_AT_MOST + 1 if limit is None else limit
        count = cast(GraphQLObjectType, named(self.published.query.fields[name].type))
        sets = [node.selection_set for node in nodes if node.selection_set]
        keys = {key: fields[0].name.value for key, fields in self.operation.fields(count, sets).items()}

        def answer(execution: Execution) -> dict[str, Any]:
            total = sum(1 for record in root.records(store) if search.keeps(record))
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
