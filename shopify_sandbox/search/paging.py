"""Pages of a connection: which records, which cursors, what lies before and after.

Belongs here: the rules of ``first``, ``last``, ``after``, ``before`` and the cursor text. Filtering is ``compiled.py``.

Source: cursors are base64 JSON ``{"last_id", "last_value"}`` (captured): a keyset, so a record that moves between two
pages can be missed or seen twice, as it is at Shopify. Sorted by id the value is the id as text, sorted by a time it is
the time to the microsecond, and in a searched connection the time in milliseconds (captured).
"""

import base64
import binascii
import json
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from shopify_sandbox.errors import FieldError

PAGE_SIZE_MAX = 250
DEEPEST_RECORD = 25_000
#: Arguments that choose a page, and neither the records nor their order.
PAGING = frozenset({"first", "last", "after", "before", "reverse"})
_TIME_FORMAT = "%Y-%m-%d %H:%M:%S.%f"


@dataclass(frozen=True)
class Keyed:
    """A record with the place it sorts to: the value of the sort key, then the id."""

    value: Any
    id: int | str
    record: Any

    @property
    def place(self) -> tuple[bool, Any, int | str]:
        """Order of the records; those without a value come first."""
        return (self.value is not None, self.value if self.value is not None else 0, self.id)


@dataclass(frozen=True)
class Ordered:
    """Records in the order of one sort key, and their places for looking a cursor up."""

    items: Sequence[Keyed]
    places: Sequence[tuple[bool, Any, int | str]]

    @classmethod
    def by_place(cls, records: Iterable[Keyed]) -> "Ordered":
        """Sort by key, ties by id."""
        items = sorted(records, key=lambda keyed: keyed.place)
        return cls(items, [keyed.place for keyed in items])

    def where(self, keeps: Callable[[Any], bool]) -> "Ordered":
        """Leave records out; the cursors of the others stay as they are."""
        items = [keyed for keyed in self.items if keeps(keyed.record)]
        return Ordered(items, [keyed.place for keyed in items])

    def only(self, keeps: Callable[[Any], bool]) -> "Ordered":
        """Keep the records a search finds; a searched connection counts time in milliseconds since 1970."""
        items = [
            Keyed(_milliseconds(keyed.value), keyed.id, keyed.record) for keyed in self.items if keeps(keyed.record)
        ]
        return Ordered(items, [keyed.place for keyed in items])

    @property
    def sample(self) -> Any:
        """A value of the sort key, which tells how its text in a cursor is to be read; None when there is none."""
        return self.items[-1].value if self.items else None


@dataclass(frozen=True)
class Page:
    """A slice of a connection in the order presented."""

    items: Sequence[Keyed]
    has_next: bool
    has_previous: bool


def sorted_page(ordered: Ordered, arguments: Mapping[str, Any]) -> Page:
    """Cut one page; only the first 25,000 records of the order asked for can be reached.

    Raises:
        FieldError: A page size is missing, doubled or out of range, or a cursor is not one of this connection.
    """
    check_size(arguments)
    backwards = bool(arguments.get("reverse"))
    total = len(ordered.items)

    def boundary(name: str, *, past: bool) -> int | None:
        if arguments.get(name) is None:
            return None
        last_id, last_value = decode_cursor(arguments[name])
        place = Keyed(_revived(last_value, ordered.sample), last_id, None).place
        try:
            # Reversed, "past" the cursor is what sorts before it.
            at = (bisect_right if past != backwards else bisect_left)(ordered.places, place)
        except TypeError:
            raise _bad_cursor() from None
        return total - at if backwards else at

    reachable = min(total, DEEPEST_RECORD)
    start, end = _bounds(reachable, boundary("after", past=True), boundary("before", past=False), arguments)
    items = ordered.items[total - end : total - start][::-1] if backwards else ordered.items[start:end]
    return Page(items, end < reachable, start > 0)


def listed_page(records: Sequence[Any], key: Callable[[Any, int], int | str], arguments: Mapping[str, Any]) -> Page:
    """Cut one page of records that are already in their order; a cursor is found by its id.

    Args:
        key: Gives the id a record's cursor carries, from the record and its place. Not called for more records than a
            page needs: an order may have ten thousand lines, and each page of them begins here anew.

    Raises:
        FieldError: As ``sorted_page``.
    """
    check_size(arguments)
    places = range(len(records))
    if arguments.get("reverse"):
        places = places[::-1]

    def position(name: str) -> int | None:
        if arguments.get(name) is None:
            return None
        last_id, _ = decode_cursor(arguments[name])
        found = next((at for at, place in enumerate(places) if key(records[place], place) == last_id), None)
        if found is None:
            raise _bad_cursor()
        return found

    after, before = position("after"), position("before")
    start, end = _bounds(len(places), None if after is None else after + 1, before, arguments)
    items = [Keyed(one := key(records[place], place), one, records[place]) for place in places[start:end]]
    return Page(items, end < len(places), start > 0)


def check_size(arguments: Mapping[str, Any]) -> None:
    first, last = arguments.get("first"), arguments.get("last")
    if first is None and last is None:
        raise FieldError("you must provide one of first or last", "BAD_REQUEST")
    if first is not None and last is not None:
        raise FieldError("providing both first and last is not supported", "BAD_REQUEST")
    name: str = "first" if first is not None else "last"
    size: int = arguments[name]
    if not 0 <= size <= PAGE_SIZE_MAX:
        raise FieldError(f"{name} must be between 0 and {PAGE_SIZE_MAX}, got {size}", "BAD_REQUEST")


def encode_cursor(keyed: Keyed) -> str:
    """Write the cursor of one record."""
    value = keyed.value
    if isinstance(value, datetime):
        value = value.astimezone(UTC).strftime(_TIME_FORMAT)
    elif isinstance(value, Decimal) or value == keyed.id:
        value = str(value)
    text = json.dumps({"last_id": keyed.id, "last_value": value}, separators=(",", ":"))
    return base64.b64encode(text.encode()).decode()


def decode_cursor(cursor: str) -> tuple[int | str, Any]:
    """Read id and value of the record a cursor stands for.

    Raises:
        FieldError: The text is not a cursor.
    """
    try:
        content = json.loads(base64.b64decode(cursor, validate=True))
        return content["last_id"], content["last_value"]
    except (binascii.Error, ValueError, KeyError, TypeError):
        raise _bad_cursor() from None


def _milliseconds(value: Any) -> Any:
    return int(value.timestamp()) * 1_000 if isinstance(value, datetime) else value


def _revived(value: Any, sample: Any) -> Any:
    try:
        if value is None:
            return None
        if isinstance(sample, datetime):
            return datetime.strptime(value, _TIME_FORMAT).replace(tzinfo=UTC)
        if isinstance(sample, Decimal | int):
            return type(sample)(value)
        return tuple(value) if isinstance(sample, tuple) else value
    except (ValueError, ArithmeticError, TypeError):
        raise _bad_cursor() from None


def _bad_cursor() -> FieldError:
    return FieldError("Invalid cursor for current pagination sort.", "BAD_REQUEST")


def _bounds(reachable: int, after: int | None, before: int | None, arguments: Mapping[str, Any]) -> tuple[int, int]:
    start = min(after or 0, reachable)
    end = max(start, reachable if before is None else min(before, reachable))
    if arguments.get("first") is not None:
        return start, min(end, start + arguments["first"])
    return max(start, end - arguments["last"]), end
