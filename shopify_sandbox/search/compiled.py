"""Shopify's search syntax: ``query:`` arguments, compiled to a predicate over records, traps included.

Belongs here: what a term means and how values compare. The grammar is in ``grammar.py``; which filters a
resource has is the resource's business.

Source: https://shopify.dev/docs/api/usage/search-syntax; an unknown field is ignored with a warning (captured), an
unquoted time loses its time of day and leaves the rest behind as an unknown field (reported), a quoted time with an
offset finds nothing (reported), ``>`` on times behaves like ``>=`` (reported).
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from shopify_sandbox.search.grammar import Group, Term, parse

Predicate = Callable[[Any], bool]
Getter = Callable[[Any], Any]
Filters = Mapping[str, tuple[str, Getter]]

_DATE = re.compile(r"(\d{4}-\d{2}-\d{2})")
_OFFSET = re.compile(r"[T ].*[+-](?!00:?00$)\d{2}:?\d{2}$")
_TIME_OF_DAY = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d")


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
        if term.literal:
            return lambda record: False
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
            compared = _compared(term.op, [term.value])
            return lambda value: any(map(compared, value if isinstance(value, list | tuple) else (value,)))
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
        if term.quoted and _TIME_OF_DAY.match(term.value):
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
