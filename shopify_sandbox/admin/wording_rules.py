"""The table of validation errors: what graphql-core says, and what Shopify says instead.

Belongs here: one row per message. How a row is filled is in ``wording.py``.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from graphql import Node, VariableDefinitionNode

from shopify_sandbox.admin.places import Place

At = Callable[[Place, Sequence[Node]], Node | None]


@dataclass(frozen=True)
class Rule:
    """What graphql-core says on the left, what Shopify says on the right.

    ``at`` chooses the node whose line and column are given; ``fits`` tells apart what graphql-core words alike.
    """

    found: re.Pattern[str]
    code: str
    message: str
    extensions: Mapping[str, str]
    at: At
    fits: Callable[[Place], bool]


def _itself(place: Place, nodes: Sequence[Node]) -> Node | None:
    return nodes[0]


def _owner(place: Place, nodes: Sequence[Node]) -> Node | None:
    return place.owner_node


def _argument(place: Place, nodes: Sequence[Node]) -> Node | None:
    return place.slot


def _definition(place: Place, nodes: Sequence[Node]) -> Node | None:
    return place.root()


def _around(place: Place, nodes: Sequence[Node]) -> Node | None:
    return place.lineage[-2]


def _anywhere(place: Place) -> bool:
    return True


def _of_variable(place: Place) -> bool:
    return place.inside(VariableDefinitionNode)


def _rule(
    found: str,
    code: str,
    message: str,
    *,
    at: At = _itself,
    fits: Callable[[Place], bool] = _anywhere,
    **extensions: str,
) -> Rule:
    return Rule(re.compile(found), code, message, extensions, at, fits)


# The left side is graphql-core 3.2's wording; its named groups and the words of ``wording.py`` fill the right side.
RULES = (
    _rule(
        r"^Cannot query field '(?P<name>\w+)' on type '(?P<type>\w+)'",
        "undefinedField",
        "Field '{name}' doesn't exist on type '{type}'",
        typeName="{type}",
        fieldName="{name}",
    ),
    _rule(
        r"^(?P<kind>Field|Directive) '@?(?P<name>\w+)' argument '(?P<missing>\w+)' of type '.+' is required",
        "missingRequiredArguments",
        "{kind} '{name}' is missing required arguments: {missing}",
        className="{kind}",
        name="{name}",
        arguments="{missing}",
    ),
    _rule(
        r"^(Unknown argument|Field) '(?P<arg>\w+)' (on (field|directive)|is not defined by type)",
        "argumentNotAccepted",
        "{owner_kind} '{owner}' doesn't accept argument '{arg}'",
        name="{owner}",
        typeName="{owner_kind}",
        argumentName="{arg}",
    ),
    _rule(
        r"^Field '(?P<type>\w+)\.(?P<arg>\w+)' of required type '(?P<wanted>.+)' was not provided",
        "missingRequiredInputObjectAttribute",
        "Argument '{arg}' on InputObject '{type}' is required. Expected type {wanted}",
        argumentName="{arg}",
        argumentType="{wanted}",
        inputObjectType="{type}",
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
        "Selections can't be made on {leaf} (field '{name}' returns {type} but has selections [{selected}])",
        at=_around,
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
        at=_definition,
        variableName="{name}",
    ),
    _rule(
        r"^Variable '\$(?P<name>\w+)' of type '(?P<type>.+)' used in position expecting type '(?P<wanted>.+)'",
        "variableMismatch",
        "{mismatch} on variable ${name} and argument {argument} ({type} / {wanted})",
        at=_argument,
        variableName="{name}",
        typeName="{type}",
        argumentName="{argument}",
        errorMessage="{mismatch}",
    ),
    _rule(
        r"^(Variable '\$\w+' cannot be non-input type|Unknown type) '\W*(?P<type>\w+)\W*'",
        "variableRequiresValidType",
        "{type} isn't a {known} input type (on ${variable})",
        at=_around,
        fits=_of_variable,
        typeName="{type}",
        variableName="{variable}",
    ),
    _rule(
        r"^There can be only one variable named '\$(?P<name>\w+)'",
        "variableNotUnique",
        'There can only be one variable named "{name}"',
        at=_definition,
        variableName="{name}",
    ),
    _rule(
        r"^Unknown fragment '(?P<name>\w+)'",
        "useAndDefineFragment",
        "Fragment {name} was used, but not defined",
        at=_around,
        fragmentName="{name}",
    ),
    _rule(
        r"^Fragment '(?P<name>\w+)' is never used",
        "useAndDefineFragment",
        "Fragment {name} was defined, but not used",
        fragmentName="{name}",
    ),
    _rule(
        r"^There can be only one fragment named '(?P<name>\w+)'",
        "fragmentNotUnique",
        'Fragment name "{name}" must be unique',
        fragmentName="{name}",
    ),
    _rule(
        r"^Cannot spread fragment '(?P<name>\w+)' within itself",
        "infiniteLoop",
        "Fragment {name} contains an infinite loop",
        at=_definition,
        fragmentName="{name}",
    ),
    _rule(
        r"^Unknown type '(?P<type>\w+)'",
        "undefinedType",
        "No such type {type}, so it can't be a fragment condition",
        at=_around,
        typeName="{type}",
    ),
    _rule(
        r"^Fragment .*cannot condition on non composite type '(?P<type>\w+)'",
        "fragmentOnNonCompositeType",
        "Invalid fragment on type {type} (must be Union, Interface or Object)",
        at=_around,
        typeName="{type}",
    ),
    _rule(
        r"^Fragment ('(?P<name>\w+)' )?cannot be spread here as objects of type '(?P<above>\w+)' can never be of type "
        r"'(?P<type>\w+)'",
        "cannotSpreadFragment",
        "Fragment{spaced} on {type} can't be spread inside {above}",
        typeName="{type}",
        fragmentName="{fragment}",
        parentName="{above}",
    ),
    _rule(
        r"^Fields '(?P<key>\w+)' conflict because '(?P<one>\w+)' and '(?P<other>\w+)' are different fields",
        "fieldConflict",
        "Field '{key}' has a field conflict: {either}?",
        fieldName="{key}",
        conflicts="{either}",
    ),
    _rule(
        r"^Fields '(?P<key>\w+)' conflict because they have differing arguments",
        "fieldConflict",
        "Field '{key}' has an argument conflict: {arguments}?",
        fieldName="{key}",
        conflicts="{arguments}",
    ),
    _rule(
        r"^There can be only one argument named '(?P<name>\w+)'",
        "argumentNotUnique",
        'There can be only one argument named "{name}"',
        name="{name}",
    ),
    _rule(
        r"^There can be only one input field named '(?P<name>\w+)'",
        "inputFieldNotUnique",
        'There can be only one input field named "{name}"',
        name="{name}",
    ),
    _rule(
        r"^There can be only one operation named '(?P<name>\w+)'",
        "uniquelyNamedOperations",
        'Operation name "{name}" must be unique',
        operationName="{name}",
    ),
    _rule(
        r"^This anonymous operation must be the only defined operation",
        "uniquelyNamedOperations",
        "Operation name is required when multiple operations are present",
    ),
    _rule(
        r"^Schema is not configured for subscriptions",
        "missingSubscriptionConfiguration",
        "Schema is not configured for subscriptions",
    ),
    _rule(
        r"^Unknown directive '@(?P<name>\w+)'",
        "undefinedDirective",
        "Directive @{name} is not defined",
        directiveName="{name}",
    ),
    _rule(
        r"^Directive '@(?P<name>\w+)' may not be used on",
        "directiveCannotBeApplied",
        "'@{name}' can't be applied here",
        targetName="{name}",
    ),
    _rule(
        r"^The directive '@(?P<name>\w+)' can only be used once at this location",
        "directiveNotUniqueForLocation",
        'The directive "{name}" can only be used once at this location.',
        directiveName="{name}",
    ),
    _rule(
        r"^The '\w+' definition is not executable",
        "queryContainsSchemaDefinitions",
        "Query cannot contain schema definitions",
    ),
    _rule(
        r"^Invalid global id '(?P<id>.*)'$",
        "argumentLiteralsIncompatible",
        "Invalid global id '{id}'",
        at=_owner,
        typeName="CoercionError",
    ),
    _rule(
        r"(cannot represent|does not exist in|Expected value of type)",
        "argumentLiteralsIncompatible",
        "Argument '{argument}' on {owner_kind} '{owner}' has an invalid value ({value}). Expected type '{expected}'.",
        at=_owner,
        typeName="{owner_kind}",
        argumentName="{argument}",
    ),
)
