"""GraphQL documents: parsed and validated once, then narrowed to one operation with its variables.

Belongs here: what a document says. What it costs is in ``cost.py``, what it yields in ``projection.py``.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLAbstractType,
    GraphQLError,
    GraphQLField,
    GraphQLIncludeDirective,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSkipDirective,
    GraphQLSyntaxError,
    GraphQLUnionType,
    InlineFragmentNode,
    ListValueNode,
    OperationDefinitionNode,
    OperationType,
    SelectionNode,
    SelectionSetNode,
    ValidationRule,
    Visitor,
    get_argument_values,
    get_directive_values,
    get_variable_values,
    parse,
    specified_rules,
    validate,
    value_from_ast_untyped,
    visit,
)

from shopify_sandbox.admin.places import location
from shopify_sandbox.admin.schema import PublishedSchema
from shopify_sandbox.admin.variables import GlobalIds, variable_errors
from shopify_sandbox.admin.wording import syntax_error, validation_errors
from shopify_sandbox.errors import Refused, error, input_too_large

DOCUMENTS_KEPT = 256
INPUT_SIZE_MAX = 250
ERRORS_MAX = 100
ABSTRACT = (GraphQLInterfaceType, GraphQLUnionType)


class NoSubscriptions(ValidationRule):
    """Refuses subscriptions, for which the published schema has no type."""

    def enter_operation_definition(self, node: OperationDefinitionNode, *_: Any) -> None:
        if node.operation is OperationType.SUBSCRIPTION:
            self.report_error(GraphQLError("Schema is not configured for subscriptions", node))


_RULES = [*specified_rules, GlobalIds, NoSubscriptions]


@dataclass(frozen=True)
class Operation:
    """One operation of a valid document, with its variables coerced."""

    published: PublishedSchema
    node: OperationDefinitionNode
    fragments: Mapping[str, FragmentDefinitionNode]
    variables: Mapping[str, Any]

    @property
    def name(self) -> str | None:
        return self.node.name.value if self.node.name else None

    @property
    def root_type(self) -> GraphQLObjectType:
        return self.published.mutation if self.node.operation.value == "mutation" else self.published.query

    @property
    def root_fields(self) -> dict[str, list[FieldNode]]:
        return self.fields(self.root_type, [self.node.selection_set])

    def fields(
        self, type_: GraphQLObjectType, selection_sets: Iterable[SelectionSetNode]
    ) -> dict[str, list[FieldNode]]:
        """Collect what is selected on one object type, by response key; fragments and @skip/@include are resolved."""
        collected: dict[str, list[FieldNode]] = {}
        for selection_set in selection_sets:
            self._collect(type_, selection_set, collected)
        return collected

    def variants(
        self, type_: GraphQLAbstractType, selection_sets: Iterable[SelectionSetNode]
    ) -> list[GraphQLObjectType]:
        """List one possible type for each distinct way the selection's type conditions can apply."""
        conditions = {name for each in selection_sets for name in self._conditions(each)}
        by_signature = {
            frozenset(name for name in conditions if self._applies(name, possible)): possible
            for possible in self.published.schema.get_possible_types(type_)
        }
        return list(by_signature.values())

    def arguments(self, definition: GraphQLField, node: FieldNode) -> dict[str, Any]:
        return get_argument_values(definition, node, dict(self.variables))

    def _collect(
        self, type_: GraphQLObjectType, selection_set: SelectionSetNode, collected: dict[str, list[FieldNode]]
    ) -> None:
        for selection in selection_set.selections:
            if not self._included(selection):
                continue
            if isinstance(selection, FieldNode):
                key = selection.alias.value if selection.alias else selection.name.value
                collected.setdefault(key, []).append(selection)
                continue
            condition, inner = self.fragment(selection)
            if condition is None or self._applies(condition, type_):
                self._collect(type_, inner, collected)

    def _conditions(self, selection_set: SelectionSetNode) -> Iterable[str]:
        for selection in selection_set.selections:
            if isinstance(selection, FieldNode):
                continue
            condition, inner = self.fragment(selection)
            if condition is not None:
                yield condition
            yield from self._conditions(inner)

    def fragment(self, selection: SelectionNode) -> tuple[str | None, SelectionSetNode]:
        """Give the type condition and the selections of an inline fragment or a spread."""
        if isinstance(selection, InlineFragmentNode):
            condition = selection.type_condition
            return (condition.name.value if condition else None), selection.selection_set
        fragment = self.fragments[selection.name.value]  # type: ignore[attr-defined]
        return fragment.type_condition.name.value, fragment.selection_set

    def _applies(self, condition: str, type_: GraphQLObjectType) -> bool:
        wanted = self.published.schema.type_map[condition]
        if wanted is type_:
            return True
        return isinstance(wanted, ABSTRACT) and self.published.schema.is_sub_type(wanted, type_)

    def _included(self, selection: SelectionNode) -> bool:
        if not selection.directives:
            return True
        variables = dict(self.variables)
        skip = get_directive_values(GraphQLSkipDirective, selection, variables)
        include = get_directive_values(GraphQLIncludeDirective, selection, variables)
        return not (skip and skip["if"]) and not (include and not include["if"])


class Documents:
    """Parses and validates documents against one schema; remembers the verdict by document hash."""

    def __init__(self, published: PublishedSchema) -> None:
        self.published = published
        self._known: OrderedDict[bytes, _Document] = OrderedDict()
        self._lock = Lock()

    def operation(self, text: str, variables: Mapping[str, Any], name: str | None = None) -> Operation:
        """Choose and prepare one operation.

        Raises:
            Refused: Syntax, validation or a variable is wrong; the errors are worded as Shopify words them.
        """
        known = self._document(text)
        document = known.node
        operations = [each for each in document.definitions if isinstance(each, OperationDefinitionNode)]
        chosen = [each for each in operations if name is None or (each.name and each.name.value == name)]
        if len(chosen) != 1:
            message = f'No operation named "{name}"' if name else "An operation name is required"
            raise Refused([{"message": message}])
        schema = self.published.schema
        problems = variable_errors(schema, chosen[0], variables)
        if problems:
            raise Refused(problems)
        values = get_variable_values(schema, chosen[0].variable_definitions or (), dict(variables))
        if isinstance(values, list):
            raise Refused([error(each.message, "INVALID_VARIABLE") for each in values])
        fragments = {each.name.value: each for each in document.definitions if isinstance(each, FragmentDefinitionNode)}
        operation = Operation(self.published, chosen[0], fragments, values)
        if known.has_long_list or any(_sizes(value, ()) for value in values.values()):
            _check_sizes(operation, chosen[0].selection_set, ())
        return operation

    def _document(self, text: str) -> "_Document":
        key = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
        with self._lock:
            if key in self._known:
                self._known.move_to_end(key)
                return self._known[key]
        try:
            document = parse(text)
        except GraphQLSyntaxError as exc:
            raise Refused([syntax_error(text, exc)]) from exc
        found = validate(self.published.schema, document, _RULES, max_errors=ERRORS_MAX)
        # graphql-ruby compares the names and arguments of fields that share a key, not the types they return.
        problems = [each for each in found if "they return conflicting types" not in each.message]
        if problems:
            raise Refused(validation_errors(self.published.schema, document, problems))
        known = _Document(document, _has_long_list(document))
        with self._lock:
            self._known[key] = known
            while len(self._known) > DOCUMENTS_KEPT:
                self._known.popitem(last=False)
        return known


@dataclass(frozen=True)
class _Document:
    """A valid document; ``has_long_list`` tells whether some list in it has more items than an input may."""

    node: DocumentNode
    has_long_list: bool


def _has_long_list(document: DocumentNode) -> bool:
    found: list[ListValueNode] = []

    class Finder(Visitor):
        def enter_list_value(self, node: ListValueNode, *_: Any) -> None:
            if len(node.values) > INPUT_SIZE_MAX:
                found.append(node)

    visit(document, Finder())
    return bool(found)


def _check_sizes(operation: Operation, selected: SelectionSetNode, path: tuple[str, ...]) -> None:
    """Refuse a list of more than 250 items, wherever in the arguments it is."""
    for selection in selected.selections:
        if isinstance(selection, FieldNode):
            here = (*path, selection.alias.value if selection.alias else selection.name.value)
            for argument in selection.arguments:
                value = value_from_ast_untyped(argument.value, dict(operation.variables))
                for where, count in _sizes(value, (*here, argument.name.value)):
                    raise Refused([input_too_large(count, INPUT_SIZE_MAX, where, location(selection))])
            if selection.selection_set is not None:
                _check_sizes(operation, selection.selection_set, here)
        else:
            _check_sizes(operation, operation.fragment(selection)[1], path)


def _sizes(value: Any, path: tuple[str, ...]) -> list[tuple[tuple[str, ...], int]]:
    """Find lists that are too long: where, and how long."""
    if isinstance(value, list):
        here = [(path, len(value))] if len(value) > INPUT_SIZE_MAX else []
        return here + [found for item in value if isinstance(item, dict | list) for found in _sizes(item, path)]
    if isinstance(value, dict):
        return [found for name, item in value.items() for found in _sizes(item, (*path, name))]
    return []
