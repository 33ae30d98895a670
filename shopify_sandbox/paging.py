"""Pages of a connection: which records, which cursors, what lies before and after.

Belongs here: the rules of ``first``, ``last``, ``after``, ``before`` and the cursor text. Filtering is ``search.py``.

Source: cursors are base64 JSON ``{"last_id", "last_value"}`` (captured): a keyset, so a record that moves between two
pages can be missed or seen twice, as it is at Shopify.
"""

import base64
import binascii
import json
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from shopify_sandbox.errors import FieldError

PAGE_SIZE_MAX = 250
DEEPEST_RECORD = 25_000
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
class Page:
    """A slice of a connection in the order presented."""

    items: Sequence[Keyed]
    has_next: bool
    has_previous: bool


def sorted_page(records: Sequence[Keyed], arguments: Mapping[str, Any]) -> Page:
    """Sort by key and cut one page; only the first 25,000 records of the order can be reached.

    Raises:
        FieldError: A page size is missing, doubled or out of range, or a cursor is not one of this connection.
    """
    check_size(arguments)
    ordered = sorted(records, key=lambda keyed: keyed.place)
    backwards = bool(arguments.get("reverse"))
    sample = next((keyed.value for keyed in ordered if keyed.value is not None), None)
    places = [keyed.place for keyed in ordered]

    def boundary(name: str, *, past: bool) -> int | None:
        if arguments.get(name) is None:
            return None
        last_id, last_value = decode_cursor(arguments[name])
        place = Keyed(_revived(last_value, sample), last_id, None).place
        try:
            # Reversed, "past" the cursor is what sorts before it.
            at = bisect_right(places, place) if past != backwards else bisect_left(places, place)
        except TypeError:
            raise _bad_cursor() from None
        return len(places) - at if backwards else at

    after, before = boundary("after", past=True), boundary("before", past=False)
    if backwards:
        ordered.reverse()
    return _cut(ordered[:DEEPEST_RECORD], after, before, arguments)


def listed_page(records: Sequence[Keyed], arguments: Mapping[str, Any]) -> Page:
    """Cut one page of records that are already in their order; a cursor is found by its id.

    Raises:
        FieldError: As ``sorted_page``.
    """
    check_size(arguments)
    ordered = list(reversed(records)) if arguments.get("reverse") else list(records)
    index = {keyed.id: place for place, keyed in enumerate(ordered)}

    def position(name: str) -> int | None:
        if arguments.get(name) is None:
            return None
        last_id, _ = decode_cursor(arguments[name])
        if last_id not in index:
            raise _bad_cursor()
        return index[last_id]

    after, before = position("after"), position("before")
    return _cut(ordered, None if after is None else after + 1, before, arguments)


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
    elif isinstance(value, Decimal):
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


def _revived(value: Any, sample: Any) -> Any:
    try:
        if value is None:
            return None
        if isinstance(sample, datetime):
            return datetime.strptime(value, _TIME_FORMAT).replace(tzinfo=UTC)
        return Decimal(value) if isinstance(sample, Decimal) else value
    except (ValueError, ArithmeticError, TypeError):
        raise _bad_cursor() from None


def _bad_cursor() -> FieldError:
    return FieldError("Invalid cursor for current pagination sort.", "BAD_REQUEST")


def _cut(ordered: Sequence[Keyed], after: int | None, before: int | None, arguments: Mapping[str, Any]) -> Page:
    start = min(after or 0, len(ordered))
    end = max(start, len(ordered) if before is None else min(before, len(ordered)))
    if arguments.get("first") is not None:
        end = min(end, start + arguments["first"])
    else:
        start = max(start, end - arguments["last"])
    return Page(ordered[start:end], end < len(ordered), start > 0)
