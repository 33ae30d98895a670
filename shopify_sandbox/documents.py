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
    GraphQLField,
    GraphQLIncludeDirective,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSkipDirective,
    GraphQLSyntaxError,
    GraphQLUnionType,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    get_argument_values,
    get_directive_values,
    get_variable_values,
    parse,
    validate,
)

from shopify_sandbox.errors import Refused, error
from shopify_sandbox.schema import PublishedSchema
from shopify_sandbox.wording import syntax_error, validation_errors, variable_errors

DOCUMENTS_KEPT = 256
INPUT_SIZE_MAX = 250
ABSTRACT = (GraphQLInterfaceType, GraphQLUnionType)


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
            condition, inner = self._fragment(selection)
            if condition is None or self._applies(condition, type_):
                self._collect(type_, inner, collected)

    def _conditions(self, selection_set: SelectionSetNode) -> Iterable[str]:
        for selection in selection_set.selections:
            if isinstance(selection, FieldNode):
                continue
            condition, inner = self._fragment(selection)
            if condition is not None:
                yield condition
            yield from self._conditions(inner)

    def _fragment(self, selection: SelectionNode) -> tuple[str | None, SelectionSetNode]:
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
        self._known: OrderedDict[bytes, DocumentNode] = OrderedDict()
        self._lock = Lock()

    def operation(self, text: str, variables: Mapping[str, Any], name: str | None = None) -> Operation:
        """Choose and prepare one operation.

        Raises:
            Refused: Syntax, validation or a variable is wrong; the errors are worded as Shopify words them.
        """
        document = self._document(text)
        operations = [each for each in document.definitions if isinstance(each, OperationDefinitionNode)]
        chosen = [each for each in operations if name is None or (each.name and each.name.value == name)]
        if len(chosen) != 1:
            message = f'No operation named "{name}"' if name else "An operation name is required"
            raise Refused([error(message, "BAD_REQUEST")])
        values = get_variable_values(
            self.published.schema, chosen[0].variable_definitions or (), dict(variables), max_errors=5
        )
        if isinstance(values, list):
            raise Refused(variable_errors(values, variables))
        for value in values.values():
            _check_size(value)
        fragments = {each.name.value: each for each in document.definitions if isinstance(each, FragmentDefinitionNode)}
        return Operation(self.published, chosen[0], fragments, values)

    def _document(self, text: str) -> DocumentNode:
        key = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
        with self._lock:
            if key in self._known:
                self._known.move_to_end(key)
                return self._known[key]
        try:
            document = parse(text)
        except GraphQLSyntaxError as exc:
            raise Refused([syntax_error(exc)]) from exc
        problems = validate(self.published.schema, document, max_errors=20)
        if problems:
            raise Refused(validation_errors(self.published.schema, document, problems))
        with self._lock:
            self._known[key] = document
            while len(self._known) > DOCUMENTS_KEPT:
                self._known.popitem(last=False)
        return document


def _check_size(value: Any) -> None:
    if isinstance(value, list) and len(value) > INPUT_SIZE_MAX:
        message = f"The input array size of {len(value)} is greater than the maximum allowed of {INPUT_SIZE_MAX}."
        raise Refused([error(message, "MAX_INPUT_SIZE_EXCEEDED")])
