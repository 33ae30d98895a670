"""Shopify's search syntax: ``query:`` arguments, compiled to a predicate over records, traps included.

Belongs here: the grammar and how values compare. Which filters a resource has is the resource's business.

Source: https://shopify.dev/docs/api/usage/search-syntax; an unknown field is ignored with a warning (captured), an
unquoted time loses its time of day (reported), a quoted time with an offset finds nothing (reported), ``>`` on times
behaves like ``>=`` (reported).
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

Predicate = Callable[[Any], bool]
Getter = Callable[[Any], Any]
Filters = Mapping[str, tuple[str, Getter]]

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<open>\() | (?P<close>\)) | (?P<word>AND|OR|NOT)(?=[\s(]|$) | (?P<minus>-)(?=[\w("'])
        | (?:(?P<field>[A-Za-z_][\w.]*)\s*:\s*)?(?P<op><=|>=|<|>)?\s*
          (?: '(?P<single>(?:[^'\\]|\\.)*)'? | "(?P<double>(?:[^"\\]|\\.)*)"? | (?P<bare>[^\s()]+) )
    )""",
    re.VERBOSE,
)
_DATE = re.compile(r"(\d{4}-\d{2}-\d{2})")
_OFFSET = re.compile(r"T.*[+-]\d{2}:?\d{2}$")
_RANGE_NAMES = {">": "gt", ">=": "gte", "<": "lt", "<=": "lte"}


@dataclass(frozen=True)
class Term:
    """``field:op value``; a bare word has no field."""

    field: str | None
    op: str
    value: str
    quoted: bool

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


@dataclass
class Search:
    """A compiled query: what it keeps, what it silently dropped, and which documented filters nobody models."""

    keeps: Predicate
    parsed: dict[str, Any]
    warnings: list[dict[str, str]] = field(default_factory=list)
    not_modelled: list[str] = field(default_factory=list)


class _Unreadable(Exception):
    """The value of a term cannot be read as its filter's kind."""


def compile_search(text: str, filters: Filters, documented: Mapping[str, str], zone: ZoneInfo) -> Search:
    """Compile one ``query:`` argument.

    Args:
        text: The query as the client wrote it.
        filters: Filter name → (kind, getter); kinds are time, id, text, bool and number.
        documented: Filters Shopify documents for this field; a documented filter absent from ``filters`` is reported
            as not modelled, any other name is a warning, as Shopify treats it.
        zone: The shop's time zone.
    """
    tree = parse(text)
    compiler = _Compiler(filters, documented, zone)
    predicate = compiler.compile(tree) if tree is not None else None
    return Search(
        keeps=predicate or (lambda record: True),
        parsed=tree.parsed() if tree is not None else {},
        warnings=compiler.warnings,
        not_modelled=compiler.not_modelled,
    )


def parse(text: str) -> Term | Group | None:
    """Read a query into a tree; None when it says nothing. OR binds tighter than AND, blank means AND."""
    tokens = [match for match in _TOKEN.finditer(text) if match.group().strip()]
    tree, _ = _all_of(tokens, 0)
    return tree


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
    if at >= len(tokens) or tokens[at]["close"]:
        return None, at
    token = tokens[at]
    if token["minus"] or token["word"] == "NOT":
        inner, at = _one(tokens, at + 1)
        return (Group("not", [inner]) if inner is not None else None), at
    if token["open"]:
        inner, at = _all_of(tokens, at + 1)
        return inner, at + 1
    quoted = next((token[name] for name in ("single", "double") if token[name] is not None), None)
    value = quoted if quoted is not None else token["bare"] or ""
    return Term(token["field"], token["op"] or "", re.sub(r"\\(.)", r"\1", value), quoted is not None), at + 1


def _grouped(kind: str, parts: list[Term | Group]) -> Term | Group | None:
    if len(parts) < 2:
        return parts[0] if parts else None
    return Group(kind, parts)


@dataclass
class _Compiler:
    filters: Filters
    documented: Mapping[str, str]
    zone: ZoneInfo
    warnings: list[dict[str, str]] = field(default_factory=list)
    not_modelled: list[str] = field(default_factory=list)

    def compile(self, tree: Term | Group) -> Predicate | None:
        """Give the predicate of a tree; None when every term of it is ignored."""
        if isinstance(tree, Term):
            return self._term(tree)
        parts = [predicate for part in tree.parts if (predicate := self.compile(part)) is not None]
        if not parts:
            return None
        if tree.kind == "not":
            return lambda record: not parts[0](record)
        if tree.kind == "or":
            return lambda record: any(part(record) for part in parts)
        return lambda record: all(part(record) for part in parts)

    def _term(self, term: Term) -> Predicate | None:
        if term.field is None or term.field == "default":
            texts = [getter for kind, getter in self.filters.values() if kind == "text"]
            return lambda record: any(_has_words(getter(record), term.value) for getter in texts)
        if term.field not in self.filters:
            if term.field in self.documented:
                self.not_modelled.append(term.field)
            else:
                self._warn(term.field, "Invalid search field for this query.", "invalid_field")
            return None
        kind, getter = self.filters[term.field]
        if term.value == "*" and not term.quoted and not term.op:
            return lambda record: getter(record) not in (None, "", [], ())
        try:
            matches = self._matcher(kind, term)
        except _Unreadable:
            self._warn(term.field, f"Input `{term.value}` is not an accepted value.", "invalid_value")
            return None
        return lambda record: matches(getter(record))

    def _matcher(self, kind: str, term: Term) -> Predicate:
        if kind == "time":
            return _time_matcher(term, self.zone)
        if kind == "bool":
            return _bool_matcher(term)
        if kind in ("id", "number"):
            read = _read_id if kind == "id" else _read_number
            values = [read(part) for part in ([term.value] if term.op else term.value.split(","))]
            return _compared(term.op, values)
        if term.op:
            return _compared(term.op, [term.value])
        wanted = [term.value] if term.quoted else term.value.split(",")
        return lambda value: any(_has_words(value, each) for each in wanted)

    def _warn(self, name: str, message: str, code: str) -> None:
        self.warnings.append({"field": name, "message": message, "code": code})


def _compared(op: str, values: Sequence[Any]) -> Predicate:
    limit = values[0]
    comparisons: dict[str, Predicate] = {
        "": lambda value: value in values,
        ">": lambda value: value > limit,
        ">=": lambda value: value >= limit,
        "<": lambda value: value < limit,
        "<=": lambda value: value <= limit,
    }
    compare = comparisons[op]
    return lambda value: value is not None and compare(value)


def _time_matcher(term: Term, zone: ZoneInfo) -> Predicate:
    if term.quoted and _OFFSET.search(term.value):
        return lambda value: False
    start, end = _interval(term, zone)
    if term.op in (">", ">="):
        return lambda value: value is not None and value >= start
    if term.op == "<":
        return lambda value: value is not None and value < start
    if term.op == "<=":
        return lambda value: value is not None and value <= start
    return lambda value: value is not None and start <= value < end


def _interval(term: Term, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Give the instants a time value covers: a second when it is a quoted instant, otherwise a day of the shop."""
    date = _DATE.match(term.value)
    if date is None:
        raise _Unreadable
    try:
        if term.quoted and "T" in term.value:
            instant = datetime.fromisoformat(term.value)
            instant = instant if instant.tzinfo else instant.replace(tzinfo=zone)
            return instant.astimezone(UTC), instant.astimezone(UTC) + timedelta(seconds=1)
        day = datetime.fromisoformat(date.group(1))
    except ValueError:
        raise _Unreadable from None
    return tuple(each.replace(tzinfo=zone).astimezone(UTC) for each in (day, day + timedelta(days=1)))  # type: ignore[return-value]


def _bool_matcher(term: Term) -> Predicate:
    wanted = {"true": True, "false": False}.get(term.value.lower())
    if wanted is None or term.op:
        raise _Unreadable
    return lambda value: bool(value) is wanted


def _read_id(text: str) -> int:
    digits = text.rsplit("/", 1)[-1].strip()
    if not digits.isdigit():
        raise _Unreadable
    return int(digits)


def _read_number(text: str) -> Decimal:
    try:
        return Decimal(text.strip())
    except InvalidOperation:
        raise _Unreadable from None


def _has_words(value: Any, wanted: str) -> bool:
    """Match as a search index does: the wanted words, in order, among the value's words; ``*`` ends a prefix."""
    if value is None:
        return False
    if isinstance(value, list | tuple | set | frozenset):
        return any(_has_words(each, wanted) for each in value)
    words, searched = _words(str(value)), _words(wanted)
    if not searched:
        return False
    prefix = wanted.endswith("*")
    last = len(searched) - 1
    return any(
        all(
            word.startswith(part) if prefix and place == last else word == part
            for place, (word, part) in enumerate(zip(words[start : start + len(searched)], searched, strict=True))
        )
        for start in range(len(words) - last)
    )


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())
