"""Mutations of stock levels: compare-and-set under an idempotency key, each one event of the world's log.

Belongs here: what a stock write is refused for, and the event it becomes. Idempotency is part of the event, so that a
restart remembers it.

Source: https://shopify.dev/docs/api/usage/implementing-idempotency and the mutations' pages; refusals as reported from
development stores at Admin API 2026-04 and 2026-07. Assumed: changes of one level in one adjustment add up, in order.
"""

import hashlib
import json
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from shopify_sandbox.admin.model import Resolver
from shopify_sandbox.errors import FieldError, UserError
from shopify_sandbox.store import Store
from shopify_sandbox.world.entries import Facts, event, level_moves
from shopify_sandbox.world.goods import InventoryLevel
from shopify_sandbox.world.state import State
from shopify_sandbox.worldclock import WorldClock
from shopify_sandbox.writes.payload import Payload, Problem, fields

#: Where a directive of a root field stands among its arguments.
IDEMPOTENCY_KEY = "@idempotent"
KEYS_LIVE = timedelta(hours=24)
UNITS_MAX = 1_000_000_000
SETTABLE = ("available", "on_hand")
ADJUSTABLE = ("available", "damaged", "incoming", "quality_control", "reserved", "safety_stock")
REASONS = (
    "correction",
    "cycle_count_available",
    "damaged",
    "movement_canceled",
    "movement_created",
    "movement_received",
    "movement_updated",
    "other",
    "promotion",
    "quality_control",
    "received",
    "reservation_created",
    "reservation_deleted",
    "reservation_updated",
    "restock",
    "safety_stock",
    "shrinkage",
)


@dataclass(frozen=True)
class Row:
    """One change of one quantity asked for, units.

    Attributes:
        moved: What changes of the same level before this one in the same write add up to.
    """

    level: InventoryLevel
    name: str
    delta: int
    moved: int = 0
    ledger: str | None = None


def quantity(level: InventoryLevel, name: str) -> int:
    return level.on_hand if name == "on_hand" else level.quantities[name]


def mutations(clock: WorldClock) -> dict[str, Resolver]:
    """Give the mutations of stock levels."""
    return {
        "inventorySetQuantities": lambda store, execution, arguments: _write_stock(
            store, clock, "inventorySetQuantities", arguments, _set_rows
        ),
        "inventoryAdjustQuantities": lambda store, execution, arguments: _write_stock(
            store, clock, "inventoryAdjustQuantities", arguments, _adjust_rows
        ),
    }


def resolvers() -> dict[str, dict[str, Resolver]]:
    """Give the GraphQL view of what stock writes answer."""
    return {
        "InventorySetQuantitiesPayload": fields("inventoryAdjustmentGroup"),
        "InventoryAdjustQuantitiesPayload": fields("inventoryAdjustmentGroup"),
        "InventorySetQuantitiesUserError": _USER_ERROR,
        "InventoryAdjustQuantitiesUserError": _USER_ERROR,
    }


_USER_ERROR: dict[str, Resolver] = {
    "field": lambda store, record, arguments: record.field,
    "message": lambda store, record, arguments: record.message,
    "code": lambda store, record, arguments: record.code,
}

Rows = Callable[[State, Mapping[str, Any]], Iterator[Row | Problem]]


def _write_stock(store: Store, clock: WorldClock, name: str, arguments: Mapping[str, Any], read: Rows) -> Payload:
    key, given = _key(arguments), arguments["input"]
    type_ = name[0].upper() + name[1:]
    fingerprint = hashlib.sha256(json.dumps([name, given], sort_keys=True).encode()).hexdigest()
    before = store.state.writes.get(key)
    if before is not None and clock.now() - before.created_at < KEYS_LIVE:
        if before.fingerprint == fingerprint:
            return Payload(f"{type_}Payload", before)
        message = "The request with this idempotency key has different parameters than the original request."
        return _refused(type_, [Problem((), message, "IDEMPOTENCY_KEY_PARAMETER_MISMATCH")])
    asked = list(read(store.state, given))
    problems = [*_reason_problems(given), *(each for each in asked if isinstance(each, Problem))]
    rows = [each for each in asked if isinstance(each, Row)]
    if problems:
        return _refused(type_, problems)
    clock.write(lambda at: _stock_event(store.state, at, given, rows, key, fingerprint))
    return Payload(f"{type_}Payload", store.state.writes[key])


def _refused(type_: str, problems: Sequence[Problem]) -> Payload:
    errors = [UserError(f"{type_}UserError", each.field or None, each.message, each.code) for each in problems]
    return Payload(f"{type_}Payload", None, errors)


def _key(arguments: Mapping[str, Any]) -> str:
    key = arguments.get(IDEMPOTENCY_KEY)
    if key is None:
        raise FieldError("The @idempotent directive is required for this mutation but was not provided.", "BAD_REQUEST")
    return str(key)


def _set_rows(state: State, given: Mapping[str, Any]) -> Iterator[Row | Problem]:
    name = given["name"]
    if name not in SETTABLE:
        message = "The quantity name must be either 'available' or 'on_hand'."
        yield Problem(("input", "name"), message, "INVALID_NAME")
        return
    seen: set[int] = set()
    for number, each in enumerate(given["quantities"]):
        place = ("input", "quantities", str(number))
        level = yield from _level(state, each, place, "InventoryQuantityInput")
        if level is None:
            continue
        if level.id in seen:
            message = "The combination of inventoryItemId and locationId must be unique."
            yield Problem(place, message, "NO_DUPLICATE_INVENTORY_ITEM_ID_GROUP_ID_PAIR")
        seen.add(level.id)
        yield from _stale(quantity(level, name), each, place)
        yield from _size(each["quantity"], (*place, "quantity"))
        yield Row(level, name, each["quantity"] - quantity(level, name))


def _adjust_rows(state: State, given: Mapping[str, Any]) -> Iterator[Row | Problem]:
    name = given["name"]
    if name not in ADJUSTABLE:
        message = f"The specified quantity name is invalid. Valid values are: {', '.join(ADJUSTABLE)}."
        yield Problem(("input", "name"), message, "INVALID_QUANTITY_NAME")
        return
    moved: dict[int, int] = {}
    for number, each in enumerate(given["changes"]):
        place = ("input", "changes", str(number))
        level = yield from _level(state, each, place, "InventoryChangeInput")
        if level is None:
            continue
        ledger = each.get("ledgerDocumentUri")
        if name == "available" and ledger is not None:
            message = "A ledger document URI is not allowed when adjusting available."
            yield Problem((*place, "ledgerDocumentUri"), message, "INVALID_AVAILABLE_DOCUMENT")
        if name != "available" and ledger is None:
            message = "A ledger document URI is required except when adjusting available."
            yield Problem((*place, "ledgerDocumentUri"), message, "INVALID_QUANTITY_DOCUMENT")
        before = moved.get(level.id, 0)
        moved[level.id] = before + each["delta"]
        yield from _stale(quantity(level, name) + before, each, place)
        yield from _size(quantity(level, name) + moved[level.id], (*place, "delta"))
        yield Row(level, name, each["delta"], before, ledger)


def _level(
    state: State, given: Mapping[str, Any], place: tuple[str, ...], type_: str
) -> Generator[Problem, None, InventoryLevel | None]:
    """Yield what is wrong with item and location; return the level when nothing is.

    Raises:
        FieldError: ``changeFromQuantity`` is not there at all; null would do.
    """
    if "changeFromQuantity" not in given:
        raise FieldError(f"{type_} must include the following argument: changeFromQuantity.", "INVALID_FIELD_ARGUMENTS")
    item = state.items.get(_number(given["inventoryItemId"], "InventoryItem"))
    location = state.locations.get(_number(given["locationId"], "Location"))
    if item is None:
        message = "The specified inventory item could not be found."
        yield Problem((*place, "inventoryItemId"), message, "INVALID_INVENTORY_ITEM")
    if location is None:
        message = "The specified location could not be found."
        yield Problem((*place, "locationId"), message, "INVALID_LOCATION")
    return None if item is None or location is None else state.level(item, location)


def _stale(units: int, given: Mapping[str, Any], place: tuple[str, ...]) -> Iterator[Problem]:
    expected = given["changeFromQuantity"]
    if expected is not None and expected != units:
        message = "The changeFromQuantity argument no longer matches the persisted quantity."
        yield Problem((*place, "changeFromQuantity"), message, "CHANGE_FROM_QUANTITY_STALE")


def _size(units: int, place: tuple[str, ...]) -> Iterator[Problem]:
    if units > UNITS_MAX:
        yield Problem(place, "The quantity can't be higher than 1,000,000,000.", "INVALID_QUANTITY_TOO_HIGH")
    if units < -UNITS_MAX:
        yield Problem(place, "The quantity can't be lower than -1,000,000,000.", "INVALID_QUANTITY_TOO_LOW")


def _reason_problems(given: Mapping[str, Any]) -> Iterator[Problem]:
    if given["reason"] not in REASONS:
        message = f"The specified reason is invalid. Valid values are: {', '.join(REASONS)}."
        yield Problem(("input", "reason"), message, "INVALID_REASON")


def _stock_event(
    state: State, at: datetime, given: Mapping[str, Any], rows: Sequence[Row], key: str, fingerprint: str
) -> Facts:
    """The event of one stock write; setting what is on hand moves what is available, and both are reported."""
    moved = {"on_hand": "available"}
    changes = [change for row in rows if row.delta for change in _reported(row)]
    return event(
        "stock_adjusted",
        at,
        reason=given["reason"],
        stock=level_moves((row.level.id, {moved.get(row.name, row.name): row.delta}) for row in rows if row.delta),
        group={
            "id": state.minter()("InventoryAdjustmentGroup"),
            "reason": given["reason"],
            "reference": given.get("referenceDocumentUri"),
            "key": key,
            "fingerprint": fingerprint,
            "changes": changes,
        },
    )


def _reported(row: Row) -> Iterator[list[Any]]:
    names = [row.name]
    if row.name != "incoming":
        names.append("available" if row.name == "on_hand" else "on_hand")
    for name in names:
        yield [
            row.level.id,
            name,
            row.delta,
            quantity(row.level, name) + row.moved + row.delta,
            row.ledger if name == row.name else None,
        ]


def _number(wanted: str, kind: str) -> int:
    """The number of a gid of that kind; -1, which names nothing, for any other text."""
    tail = wanted.removeprefix(f"gid://shopify/{kind}/")
    return int(tail) if tail != wanted and tail.isdigit() else -1
