"""Shopify's wording of GraphQL validation errors, from graphql-core's findings.

Belongs here: message, code and path as the Admin API gives them (it runs graphql-ruby). No rule is checked here.
Source: captured answers of Admin API 2025-01 to 2026-04.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from graphql import (
    ArgumentNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    InlineFragmentNode,
    Node,
    OperationDefinitionNode,
    TypeInfo,
    TypeInfoVisitor,
    VariableDefinitionNode,
    Visitor,
    print_ast,
    visit,
)

from shopify_sandbox.errors import ErrorBody, error


@dataclass(frozen=True)
class _Place:
    path: tuple[str, ...]
    field: str
    argument: str
    expected: str


@dataclass(frozen=True)
class _Rule:
    found: re.Pattern[str]
    code: str
    message: str
    extensions: Mapping[str, str]


def _rule(found: str, code: str, message: str, **extensions: str) -> _Rule:
    return _Rule(re.compile(found), code, message, extensions)


# The left side is graphql-core 3.2's wording; named groups and the place of the node fill the right side.
_RULES = (
    _rule(
        r"^Cannot query field '(?P<name>\w+)' on type '(?P<type>\w+)'",
        "undefinedField",
        "Field '{name}' doesn't exist on type '{type}'",
        typeName="{type}",
        fieldName="{name}",
    ),
    _rule(
        r"^Field '(?P<name>\w+)' argument '(?P<arg>\w+)' of type '.+' is required, but it was not provided",
        "missingRequiredArguments",
        "Field '{name}' is missing required arguments: {arg}",
        className="Field",
        name="{name}",
        arguments="{arg}",
    ),
    _rule(
        r"^Unknown argument '(?P<arg>\w+)' on field '\w+\.(?P<name>\w+)'",
        "argumentNotAccepted",
        "Field '{name}' doesn't accept argument '{arg}'",
        name="{name}",
        typeName="Field",
        argumentName="{arg}",
    ),
    _rule(
        r"^Field '(?P<name>\w+)' of type '\W*(?P<type>\w+)\W*' must have a selection of subfields",
        "selectionMismatch",
        "Field must have selections (field '{name}' returns {type} but has no selections. "
        "Did you mean '{name} {{ ... }}'?)",
        nodeName="field '{name}'",
        typeName="{type}",
    ),
    _rule(
        r"^Field '(?P<name>\w+)' must not have a selection since type '\W*(?P<type>\w+)\W*' has no subfields",
        "selectionMismatch",
        "Selections can't be made on scalars (field '{name}' returns {type} but has selections)",
        nodeName="field '{name}'",
        typeName="{type}",
    ),
    _rule(
        r"^Variable '\$(?P<name>\w+)' is not defined",
        "variableNotDefined",
        "Variable ${name} is used by {operation} but not declared",
        variableName="{name}",
    ),
    _rule(
        r"^Variable '\$(?P<name>\w+)' is never used",
        "variableNotUsed",
        "Variable ${name} is declared by {operation} but not used",
        variableName="{name}",
    ),
    _rule(
        r"^Variable '\$(?P<name>\w+)' of type '(?P<type>.+)' used in position expecting type '(?P<expected_type>.+)'",
        "variableMismatch",
        "Type mismatch on variable ${name} and argument {argument} ({type} / {expected_type})",
        variableName="{name}",
        typeName="{type}",
        argumentName="{argument}",
    ),
    _rule(
        r"^Unknown fragment '(?P<name>\w+)'",
        "undefinedFragment",
        "Fragment {name} was used, but not defined",
        fragmentName="{name}",
    ),
    _rule(
        r"^Fragment '(?P<name>\w+)' is never used",
        "useAndDefineFragment",
        "Fragment {name} was defined, but not used",
        fragmentName="{name}",
    ),
    _rule(
        r"^Unknown type '(?P<type>\w+)'",
        "undefinedType",
        "No such type {type}, so it can't be a fragment condition",
        typeName="{type}",
    ),
    _rule(
        r"(cannot represent|does not exist in|Expected value of type)",
        "argumentLiteralsIncompatible",
        "Argument '{argument}' on Field '{field}' has an invalid value ({value}). Expected type '{expected}'.",
        typeName="Field",
        argumentName="{argument}",
    ),
)


def syntax_error(found: GraphQLSyntaxError) -> ErrorBody:
    detail = found.message.removeprefix("Syntax Error: ").removesuffix(".")
    where = [location.formatted for location in found.locations or ()]
    if "<EOF>" in detail:
        return error("syntax error, unexpected end of file", "PARSE_ERROR", locations=where)
    at = f" at [{where[0]['line']}, {where[0]['column']}]" if where else ""
    return error(f"syntax error, {detail[:1].lower()}{detail[1:]}{at}", "PARSE_ERROR", locations=where)


def validation_errors(schema: GraphQLSchema, document: DocumentNode, found: Sequence[GraphQLError]) -> list[ErrorBody]:
    """Word every finding of graphql-core's ``validate`` as Shopify would."""
    places = _places(schema, document)
    return [_worded(each, places) for each in found]


def variable_errors(found: Sequence[GraphQLError], given: Mapping[str, Any]) -> list[ErrorBody]:
    """Word coercion failures of variables."""
    bodies = []
    for each in found:
        node = each.nodes[0] if each.nodes else None
        name = node.variable.name.value if isinstance(node, VariableDefinitionNode) else ""
        type_ = print_ast(node.type) if isinstance(node, VariableDefinitionNode) else ""
        explanation = "Expected value to not be null" if "required" in each.message else each.message.split("; ")[-1]
        bodies.append(
            error(
                f"Variable ${name} of type {type_} was provided invalid value",
                "INVALID_VARIABLE",
                locations=[location.formatted for location in each.locations or ()],
                value=given.get(name),
                problems=[{"path": [], "explanation": explanation}],
            )
        )
    return bodies


def _worded(found: GraphQLError, places: Mapping[int, _Place]) -> ErrorBody:
    nodes = found.nodes or []
    # A mismatched variable is found at its declaration; Shopify points at its use, which graphql-core names last.
    node = (nodes[-1] if "used in position" in found.message else nodes[0]) if nodes else None
    place = places.get(id(node), _Place((), "", "", ""))
    at = (found.locations or [])[nodes.index(node)] if node is not None and found.locations else None
    locations = [at.formatted] if at else None
    for rule in _RULES:
        match = rule.found.search(found.message)
        if match is None:
            continue
        words = {
            "operation": place.path[0] if place.path else "anonymous query",
            "field": place.field,
            "argument": place.argument,
            "expected": place.expected,
            "value": print_ast(node) if node is not None else "",
            **match.groupdict(),
        }
        extensions = {key: text.format(**words) for key, text in rule.extensions.items()}
        return error(rule.message.format(**words), rule.code, path=place.path, locations=locations, **extensions)
    return error(found.message, "invalidDocument", path=place.path, locations=locations)


def _places(schema: GraphQLSchema, document: DocumentNode) -> dict[int, _Place]:
    """Find the response path, field and argument of every node, keyed by ``id(node)``."""
    info = TypeInfo(schema)
    places: dict[int, _Place] = {}

    class Finder(Visitor):
        def enter(self, node: Node, _key: Any, parent: Any, _path: Any, ancestors: list[Any]) -> None:
            lineage = [each for each in [*ancestors, parent, node] if isinstance(each, Node)]
            fields = [each for each in lineage if isinstance(each, FieldNode)]
            arguments = [each for each in lineage if isinstance(each, ArgumentNode)]
            expected = info.get_argument().type if arguments and info.get_argument() else ""  # type: ignore[union-attr]
            places[id(node)] = _Place(
                path=tuple(part for each in lineage for part in _step(each)),
                field=fields[-1].name.value if fields else "",
                argument=arguments[-1].name.value if arguments else "",
                expected=str(expected),
            )

    visit(document, TypeInfoVisitor(info, Finder()))
    return places


def _step(node: Node) -> list[str]:
    label: Callable[[Any], str] | None = _LABELS.get(type(node))
    return [] if label is None else [label(node)]


_LABELS: dict[type[Node], Callable[[Any], str]] = {
    OperationDefinitionNode: lambda node: " ".join([node.operation.value, *([node.name.value] if node.name else [])]),
    FragmentDefinitionNode: lambda node: f"fragment {node.name.value}",
    InlineFragmentNode: lambda node: f"... on {node.type_condition.name.value}" if node.type_condition else "...",
    FieldNode: lambda node: node.alias.value if node.alias else node.name.value,
    ArgumentNode: lambda node: node.name.value,
}
