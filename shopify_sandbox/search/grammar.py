"""The grammar of Shopify's search syntax: text to a tree of terms, and the form in which Shopify shows that tree.

Belongs here: tokens and precedence. What a term keeps is in ``compiled.py``.

Source: https://shopify.dev/docs/api/usage/search-syntax. Special characters are ``: \\ ( )``; they are escaped by a
backslash or by quotes. Malformed text is never refused (captured: a query with ``(`` left open, and one that ends in
``OR``, are answered as if the rest were not there; ``tag:(value`` looks for the text ``(value``).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

_TOKEN = re.compile(
    r"""
    (?P<open>\() | (?P<close>\)) | (?P<word>AND|OR|NOT)(?![^\s()]) | (?P<minus>-)(?=[^\s)])
    | (?:(?P<field>[^\s:()'"\\<>=-][^\s:()'"\\<>=]*):(?P<op><=|>=|<|>)?\s*(?P<literal>\((?!\s))?)?
      (?:
          '(?P<single>(?:[^'\\]|\\.)*)(?:'|$)
        | "(?P<double>(?:[^"\\]|\\.)*)(?:"|$)
        | (?P<bare>(?:[^\s:()\\]|\\.)+)
      )?
    """,
    re.VERBOSE | re.DOTALL,
)
#: Brackets and negations a query may hold before they are no longer looked at: nobody nests deeper by intent.
_NESTING_MAX = 100
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_RANGE_NAMES = {">": "gt", ">=": "gte", "<": "lt", "<=": "lte"}


@dataclass(frozen=True)
class Term:
    """``field:op value``; a bare word has no field.

    Attributes:
        literal: The value began with a bracket that opens nothing: it is looked for as it stands.
    """

    field: str | None
    op: str
    value: str
    quoted: bool
    literal: bool = False

    def parsed(self) -> dict[str, Any]:
        if self.op:
            return {"field": self.field, "range": {_RANGE_NAMES[self.op]: self.value}}
        return {"field": self.field or "default", "match_all": self.value}


@dataclass(frozen=True)
class Group:
    """``and``, ``or`` over its parts, or ``not`` over its one part."""

    kind: str
    parts: Sequence["Term | Group"]

    def parsed(self) -> dict[str, Any]:
        if self.kind == "not":
            return {"not": self.parts[0].parsed()}
        return {self.kind: [part.parsed() for part in self.parts]}


def parse(text: str) -> Term | Group | None:
    """Read a query into a tree; None when it says nothing. OR binds tighter than AND, blank means AND."""
    tokens = [match for match in _TOKEN.finditer(text) if match.group()]
    if sum(map(_nests, tokens)) > _NESTING_MAX:
        tokens = [token for token in tokens if not _nests(token) and not token["close"]]
    parts: list[Term | Group] = []
    at = 0
    while at < len(tokens):
        tree, at = _all_of(tokens, at)
        parts += [tree] if tree is not None else []
        at += 1  # a bracket that closes nothing
    return _grouped("and", parts)


def _nests(token: re.Match[str]) -> bool:
    return bool(token["open"] or token["minus"] or token["word"] == "NOT")


def _all_of(tokens: Sequence[re.Match[str]], at: int) -> tuple[Term | Group | None, int]:
    parts: list[Term | Group] = []
    while at < len(tokens) and not tokens[at]["close"]:
        if tokens[at]["word"] in ("AND", "OR"):
            at += 1
            continue
        part, at = _any_of(tokens, at)
        if part is not None:
            parts.append(part)
    return _grouped("and", parts), at


def _any_of(tokens: Sequence[re.Match[str]], at: int) -> tuple[Term | Group | None, int]:
    first, at = _one(tokens, at)
    parts = [first] if first is not None else []
    while at < len(tokens) and tokens[at]["word"] == "OR":
        part, at = _one(tokens, at + 1)
        if part is not None:
            parts.append(part)
    return _grouped("or", parts), at


def _one(tokens: Sequence[re.Match[str]], at: int) -> tuple[Term | Group | None, int]:
    if at >= len(tokens) or tokens[at]["close"] or tokens[at]["word"] in ("AND", "OR"):
        return None, at
    token = tokens[at]
    if token["minus"] or token["word"] == "NOT":
        inner, at = _one(tokens, at + 1)
        return (Group("not", [inner]) if inner is not None else None), at
    if token["open"]:
        inner, at = _all_of(tokens, at + 1)
        return inner, at + 1
    return _term(token), at + 1


def _term(token: re.Match[str]) -> Term:
    within = next((token[name] for name in ("single", "double") if token[name] is not None), None)
    value = _ESCAPED.sub(r"\1", within if within is not None else token["bare"] or "")
    literal = token["literal"] or ""
    return Term(token["field"], token["op"] or "", literal + value, within is not None, bool(literal))


def _grouped(kind: str, parts: list[Term | Group]) -> Term | Group | None:
    if len(parts) < 2:
        return parts[0] if parts else None
    return Group(kind, parts)
