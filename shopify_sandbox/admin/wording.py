"""Shopify's wording of syntax and validation errors, from graphql-core's findings.

Belongs here: message, code, path and location as the Admin API gives them (it runs graphql-ruby). The table of
messages is in ``wording_rules.py``; no rule is checked here.

Source: captured answers of Admin API 2025-01 to 2026-07; rules nobody was seen to break as graphql-ruby words them.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    Lexer,
    Node,
    OperationDefinitionNode,
    Source,
    SourceLocation,
    Token,
    TokenKind,
    VariableDefinitionNode,
    get_location,
    is_enum_type,
)
from graphql.language import FormattedSourceLocation

from shopify_sandbox.admin.places import Place, location, names, places, printed
from shopify_sandbox.admin.wording_rules import RULES
from shopify_sandbox.errors import ErrorBody, error


def syntax_error(text: str, found: GraphQLSyntaxError) -> ErrorBody:
    """Word a document that does not parse; graphql-ruby names the token, and for a cut-off text the last one."""
    position = next(iter(found.positions or ()), 0)
    last, token = _tokens_until(text, position)
    if token is None:
        at = f" at [{last.line}, {last.column}]" if last else ""
        return error(f"syntax error, unexpected end of file{at}", "PARSE_ERROR", locations=_place_of(last))
    kind = token.kind.value
    met = f'{_TOKENS.get(kind, "invalid token")} ("{token.value or kind}")'
    wanted = re.search(r"Expected '(.+?)', found", found.message)
    expecting = f", expecting {_TOKENS[wanted[1]]}" if wanted and wanted[1] in _TOKENS else ""
    return error(
        f"syntax error, unexpected {met}{expecting} at [{token.line}, {token.column}]",
        "PARSE_ERROR",
        locations=_place_of(token),
    )


def validation_errors(schema: GraphQLSchema, document: DocumentNode, found: Iterable[GraphQLError]) -> list[ErrorBody]:
    """Word every finding of graphql-core's ``validate`` as Shopify would, in the order of the document."""
    known = places(schema, document)
    ordered = sorted(found, key=_position)
    # graphql-ruby names all missing arguments of one field in one error.
    grouped = [list(group) for _, group in groupby(ordered, key=_together)]
    return [
        _body(schema, group[0], known, missing=", ".join(filter(None, map(_missing_of, group)))) for group in grouped
    ]


def _body(schema: GraphQLSchema, found: GraphQLError, known: Mapping[int, Place], **more: str) -> ErrorBody:
    nodes = list(found.nodes or [])
    # A mismatched variable is found at its declaration; Shopify points at its use, which graphql-core names last.
    if "used in position" in found.message:
        nodes.reverse()
    place = known.get(id(nodes[0]), Place()) if nodes else Place()
    for rule in RULES:
        match = rule.found.search(found.message)
        if match is None or not rule.fits(place):
            continue
        words = _words(schema, place, nodes, match.groupdict() | more)
        path = [] if rule.code == "fieldConflict" else list(place.path)
        if rule.code == "missingRequiredInputObjectAttribute":
            path.append(words["arg"])
        extensions = {key: text.format(**words) for key, text in rule.extensions.items()}
        where = location(rule.at(place, nodes)) if nodes else None
        # A conflict concerns two fields, and both are pointed at.
        where = [at for node in nodes for at in location(node)] if rule.code == "fieldConflict" else where
        return error(rule.message.format(**words), rule.code, path=path, locations=where, **extensions)
    return error(found.message, "invalidDocument", path=place.path, locations=location(nodes[0]) if nodes else None)


def _words(schema: GraphQLSchema, place: Place, nodes: Sequence[Node], match: Mapping[str, Any]) -> dict[str, str]:
    """Everything a rule may say about the place, over what graphql-core's message said."""
    words = {key: text or "" for key, text in match.items()}
    owner_kind, owner = place.owner
    type_ = schema.type_map.get(words.get("type", ""))
    variable = next((node for node in place.lineage if isinstance(node, VariableDefinitionNode)), None)
    selected = getattr(nodes[0], "selections", ()) if nodes else ()
    return {
        "operation": place.operation,
        "argument": place.slot.name.value if place.slot else "",
        "owner_kind": owner_kind,
        "owner": owner,
        "expected": place.expected,
        "value": printed(place.slot.value) if place.slot else "",
        "variable": variable.variable.name.value if variable else "",
        "known": "valid" if type_ else "defined",
        "leaf": "enums" if is_enum_type(type_) else "scalars",
        "selected": names(selected),
        "mismatch": _mismatch(words.get("type", ""), words.get("wanted", "")),
        "spaced": f" {words['name']}" if words.get("name") else "",
        "fragment": words.get("name") or "unknown",
        "either": " or ".join(sorted([words.get("one", ""), words.get("other", "")])),
        "arguments": " or ".join(_arguments(node) for node in nodes if isinstance(node, FieldNode)),
        **words,
    }


def _mismatch(given: str, wanted: str) -> str:
    if given.count("[") != wanted.count("["):
        return "List dimension mismatch"
    return "Nullability mismatch" if re.sub(r"!", "", given) == re.sub(r"!", "", wanted) else "Type mismatch"


def _arguments(node: FieldNode) -> str:
    return "{" + ", ".join(f'{each.name.value}: "{printed(each.value)}"' for each in node.arguments) + "}"


def _position(found: GraphQLError) -> tuple[bool, int]:
    """Where graphql-ruby comes to a finding; what concerns a whole definition is found when the walk is over."""
    nodes = found.nodes or []
    late = bool(nodes) and isinstance(nodes[0], FragmentDefinitionNode | OperationDefinitionNode)
    return late, min((node.loc.start for node in nodes[-1:] if node.loc), default=0)


def _missing_of(found: GraphQLError) -> str | None:
    match = _MISSING.search(found.message)
    return match[1] if match else None


def _together(found: GraphQLError) -> int:
    return id(found.nodes[0]) if found.nodes and _missing_of(found) else id(found)


def _place_of(token: Token | None) -> list[FormattedSourceLocation]:
    return [SourceLocation(token.line, token.column).formatted] if token else []


def _tokens_until(text: str, position: int) -> tuple[Token | None, Token | None]:
    """Give the last whole token before a position and the one at it; None at the end of the text."""
    lexer = Lexer(Source(text))
    last: Token | None = None
    while True:
        try:
            token = lexer.advance()
        except GraphQLSyntaxError:
            # The text at the position is no token at all; a comment is the one kind a parser never meets.
            at = get_location(Source(text), position)
            broken = text[position : position + 1]
            return last, Token(TokenKind.COMMENT, position, position, at.line, at.column, broken) if broken else None
        if token.kind is TokenKind.EOF:
            return last, None
        if token.start >= position:
            return last, token
        last = token


_MISSING = re.compile(r"argument '(\w+)' of type '.+' is required, but it was not provided")
_TOKENS = {
    "!": "BANG",
    "$": "VAR_SIGN",
    "&": "AMP",
    "(": "LPAREN",
    ")": "RPAREN",
    "...": "ELLIPSIS",
    ":": "COLON",
    "=": "EQUALS",
    "@": "DIR_SIGN",
    "[": "LBRACKET",
    "]": "RBRACKET",
    "{": "LCURLY",
    "|": "PIPE",
    "}": "RCURLY",
    "Name": "IDENTIFIER",
    "Int": "INT",
    "Float": "FLOAT",
    "String": "STRING",
    "BlockString": "STRING",
}
