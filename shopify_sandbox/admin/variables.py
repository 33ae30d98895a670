"""Variables: what is wrong with the values a request gives for them, and the global ids of a document.

Belongs here: judging values by their types. Turning good ones into Python values is graphql-core's.

Source: captured answers of Admin API 2025-01 to 2026-07, and graphql-ruby's wording for what they do not show.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLError,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLScalarType,
    GraphQLSchema,
    IntValueNode,
    OperationDefinitionNode,
    StringValueNode,
    Undefined,
    ValidationRule,
    VariableDefinitionNode,
    get_named_type,
    print_ast,
    type_from_ast,
)

from shopify_sandbox.admin.places import location
from shopify_sandbox.errors import ErrorBody, error

_GLOBAL_ID = re.compile(r"gid://[\w-]+/\w+/[^/\s]+")
_KINDS: Mapping[str, tuple[type, ...]] = {
    "Int": (int,),
    "Float": (int, float),
    "String": (str,),
    "Boolean": (bool,),
}

Problem = dict[str, Any]
Path = tuple[str | int, ...]


class GlobalIds(ValidationRule):
    """Refuses literal ids that are no global ids."""

    def enter_string_value(self, node: StringValueNode | IntValueNode, *_: Any) -> None:
        type_ = get_named_type(self.context.get_input_type())
        if type_ is not None and type_.name == "ID" and not is_global_id(node.value):
            self.report_error(GraphQLError(f"Invalid global id '{node.value}'", node))

    enter_int_value = enter_string_value


def is_global_id(text: str) -> bool:
    return _GLOBAL_ID.fullmatch(text) is not None


def variable_errors(
    schema: GraphQLSchema, operation: OperationDefinitionNode, given: Mapping[str, Any]
) -> list[ErrorBody]:
    """Give one error for each variable whose value does not fit, with everything that is wrong with it."""
    found = (_error(schema, definition, given) for definition in operation.variable_definitions or ())
    return [body for body in found if body is not None]


def _error(schema: GraphQLSchema, definition: VariableDefinitionNode, given: Mapping[str, Any]) -> ErrorBody | None:
    name = definition.variable.name.value
    type_: Any = type_from_ast(schema, definition.type)
    if name not in given and definition.default_value is not None:
        return None
    value = given.get(name)
    problems = list(_problems(type_, value, ()))
    if not problems:
        return None
    nested = ", ".join(
        f"{'.'.join(map(str, each['path']))} ({each['explanation']})" for each in problems if each["path"]
    )
    return error(
        f"Variable ${name} of type {print_ast(definition.type)} was provided invalid value"
        + (f" for {nested}" if nested else ""),
        "INVALID_VARIABLE",
        locations=location(definition),
        value=value,
        problems=problems,
    )


def _problems(type_: GraphQLInputType, value: Any, path: Path) -> Iterator[Problem]:
    if isinstance(type_, GraphQLNonNull):
        if value is None:
            yield _problem(path, "Expected value to not be null")
        else:
            yield from _problems(type_.of_type, value, path)
    elif value is None:
        return
    elif isinstance(type_, GraphQLList):
        if not isinstance(value, list):
            yield from _problems(type_.of_type, value, path)
            return
        for index, item in enumerate(value):
            yield from _problems(type_.of_type, item, (*path, index))
    elif isinstance(type_, GraphQLInputObjectType):
        yield from _object_problems(type_, value, path)
    elif isinstance(type_, GraphQLEnumType):
        if value not in type_.values:
            yield _problem(path, f"Expected {_literal(value)} to be one of: {', '.join(type_.values)}")
    elif isinstance(type_, GraphQLScalarType):
        yield from _scalar_problems(type_, value, path)


def _object_problems(type_: GraphQLInputObjectType, value: Any, path: Path) -> Iterator[Problem]:
    if not isinstance(value, dict):
        yield _problem(path, f"Expected {_literal(value)} to be a key-value object.")
        return
    for name in value:
        if name not in type_.fields:
            yield _problem((*path, name), f"Field is not defined on {type_.name}")
    for name, field in type_.fields.items():
        if name in value or (field.default_value is Undefined and isinstance(field.type, GraphQLNonNull)):
            yield from _problems(field.type, value.get(name), (*path, name))


def _scalar_problems(type_: GraphQLScalarType, value: Any, path: Path) -> Iterator[Problem]:
    if type_.name == "ID":
        if not isinstance(value, str) or not is_global_id(value):
            said = f"Invalid global id '{value}'"
            yield {**_problem(path, said), "message": said}
        return
    kinds = _KINDS.get(type_.name)
    is_number_by_chance = isinstance(value, bool) and type_.name != "Boolean"
    if kinds is not None and (not isinstance(value, kinds) or is_number_by_chance):
        yield _problem(path, f"Could not coerce value {_literal(value)} to {type_.name}")


def _problem(path: Path, explanation: str) -> Problem:
    return {"path": list(path), "explanation": explanation}


def _literal(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
