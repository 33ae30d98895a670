"""Errors of an answer, put where they belong: line and column of the selection, and the records they concern.

Belongs here: what can be told from the operation and the finished answer. The errors are made where a rule is broken.
"""

from collections.abc import Iterator, Sequence
from typing import Any, cast

from graphql import (
    FieldNode,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLUnionType,
    SelectionSetNode,
    is_list_type,
    is_non_null_type,
)
from graphql import get_named_type as named
from graphql.type import get_nullable_type

from shopify_sandbox.admin.documents import Operation
from shopify_sandbox.admin.places import location
from shopify_sandbox.errors import ErrorBody

Path = tuple[str | int, ...]
Step = tuple[FieldNode, GraphQLField]


def placed(operation: Operation, errors: Sequence[ErrorBody], data: Any) -> list[ErrorBody]:
    """Give every error its location; a refused field is refused once for each record of the answer that has it.

    Args:
        errors: With paths of response keys alone, as the selection has them.
        data: The answer they belong to.
    """
    found: list[ErrorBody] = []
    for each in errors:
        steps = list(_steps(operation, each.get("path", ())))
        if not steps or len(steps) != len(each["path"]):
            found.append(each)
            continue
        where = {"locations": location(steps[-1][0])}
        denied = each["extensions"]["code"] == "ACCESS_DENIED"
        paths = list(_instances(steps, data, ())) if denied else [tuple(each["path"])]
        found += [{"message": each["message"], **where, **each, "path": list(path)} for path in paths]
    return _once(found)


def _steps(operation: Operation, path: Sequence[str]) -> Iterator[Step]:
    """Follow response keys from the root to the fields they name."""
    owner: GraphQLNamedType = operation.root_type
    sets = [operation.node.selection_set]
    for key in path:
        nodes = list(_selected(operation, sets, key))
        definition = _definition(operation, owner, nodes[0].name.value) if nodes else None
        if definition is None:
            return
        yield nodes[0], definition
        owner, sets = named(definition.type), [node.selection_set for node in nodes if node.selection_set]


def _selected(operation: Operation, sets: Sequence[SelectionSetNode], key: str) -> Iterator[FieldNode]:
    for each in sets:
        for selection in each.selections:
            if not isinstance(selection, FieldNode):
                yield from _selected(operation, [operation.fragment(selection)[1]], key)
            elif (selection.alias or selection.name).value == key:
                yield selection


def _definition(operation: Operation, owner: GraphQLNamedType, name: str) -> GraphQLField | None:
    possible: list[GraphQLNamedType] = [owner]
    if isinstance(owner, GraphQLInterfaceType | GraphQLUnionType):
        possible += operation.published.schema.get_possible_types(owner)
    fields = (getattr(each, "fields", {}).get(name) for each in possible)
    return next((field for field in fields if field is not None), None)


def _instances(steps: Sequence[Step], value: Any, path: Path) -> Iterator[Path]:
    """Find every null of the answer that a refused field has left there."""
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _instances(steps, item, (*path, index))
    elif not steps:
        if value is None:
            yield path
    elif value is None:
        # Further up nothing was there to begin with, unless the refused field could not be null itself.
        if is_non_null_type(steps[-1][1].type):
            yield (*path, *(part for step in steps for part in _first(step, last=step is steps[-1])))
    else:
        node, _ = steps[0]
        key = (node.alias or node.name).value
        yield from _instances(steps[1:], value.get(key), (*path, key))


def _first(step: Step, *, last: bool) -> list[str | int]:
    node, definition = step
    is_list = is_list_type(get_nullable_type(cast(Any, definition.type)))
    return [(node.alias or node.name).value, *([0] if is_list and not last else [])]


def _once(errors: Sequence[ErrorBody]) -> list[ErrorBody]:
    unique = {(each["message"], tuple(each.get("path", ()))): each for each in reversed(errors)}
    return list(reversed(unique.values()))
