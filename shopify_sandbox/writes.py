"""Mutations that change the world: stock levels and fulfillments, each one event of the world's log.

Belongs here: what a write is refused for, and the event it becomes. Idempotency is part of the event, so that a restart
remembers it. Every other mutation is answered as not modelled.

Source: https://shopify.dev/docs/api/usage/implementing-idempotency and the mutations' pages; refusals as reported from
development stores at Admin API 2026-04 and 2026-07.
"""

import hashlib
import json
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import zip_longest
from typing import Any

from shopify_sandbox.admin.model import Resolver
from shopify_sandbox.errors import FieldError, UserError
from shopify_sandbox.resources.fulfillment_orders import FulfillmentOrder, found
from shopify_sandbox.resources.values import gid
from shopify_sandbox.store import Store
from shopify_sandbox.world.entries import Facts, event, stock
from shopify_sandbox.world.records import InventoryLevel, Line
from shopify_sandbox.world.state import State
from shopify_sandbox.worldclock import WorldClock

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
class Payload:
    """What a write answers: the record it made, or why it did not."""

    GRAPHQL_TYPE: str
    made: Any
    errors: Sequence[UserError] = ()


@dataclass(frozen=True)
class Problem:
    """Why one argument is refused; the payload's type decides which user error it becomes."""

    field: tuple[str, ...]
    message: str
    code: str | None = None


@dataclass(frozen=True)
class Row:
    """One change of one quantity asked for, units."""

    place: tuple[str, ...]
    level: InventoryLevel
    name: str
    delta: int
    ledger: str | None

    @property
    def now(self) -> int:
        return quantity(self.level, self.name)


def quantity(level: InventoryLevel, name: str) -> int:
    return level.on_hand if name == "on_hand" else level.quantities[name]


def mutations(clock: WorldClock) -> dict[str, Resolver]:
    """Give the mutations that change the world."""
    return {
        "inventorySetQuantities": lambda store, execution, arguments: _write_stock(
            store, clock, "inventorySetQuantities", arguments, _set_rows
        ),
        "inventoryAdjustQuantities": lambda store, execution, arguments: _write_stock(
            store, clock, "inventoryAdjustQuantities", arguments, _adjust_rows
        ),
        "fulfillmentCreate": lambda store, execution, arguments: _fulfill(
            store, clock, arguments["fulfillment"], execution.granted
        ),
    }


def resolvers() -> dict[str, dict[str, Resolver]]:
    """Give the GraphQL view of what writes answer."""
    errors: Resolver = lambda store, record, arguments: record.errors  # noqa: E731
    made: Resolver = lambda store, record, arguments: record.made  # noqa: E731
    return {
        "InventorySetQuantitiesPayload": {"inventoryAdjustmentGroup": made, "userErrors": errors},
        "InventoryAdjustQuantitiesPayload": {"inventoryAdjustmentGroup": made, "userErrors": errors},
        "FulfillmentCreatePayload": {"fulfillment": made, "userErrors": errors},
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
        yield from _stale(level, name, each, place)
        yield from _size(each["quantity"], (*place, "quantity"))
        yield Row(place, level, name, each["quantity"] - quantity(level, name), None)


def _adjust_rows(state: State, given: Mapping[str, Any]) -> Iterator[Row | Problem]:
    name = given["name"]
    if name not in ADJUSTABLE:
        message = f"The specified quantity name is invalid. Valid values are: {', '.join(ADJUSTABLE)}."
        yield Problem(("input", "name"), message, "INVALID_QUANTITY_NAME")
        return
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
        yield from _stale(level, name, each, place)
        yield from _size(quantity(level, name) + each["delta"], (*place, "delta"))
        yield Row(place, level, name, each["delta"], ledger)


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


def _stale(level: InventoryLevel, name: str, given: Mapping[str, Any], place: tuple[str, ...]) -> Iterator[Problem]:
    expected = given["changeFromQuantity"]
    if expected is not None and expected != quantity(level, name):
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
        stock=[[row.level.id, {moved.get(row.name, row.name): row.delta}] for row in rows if row.delta],
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
            quantity(row.level, name) + row.delta,
            row.ledger if name == row.name else None,
        ]


def _fulfill(store: Store, clock: WorldClock, given: Mapping[str, Any], granted: frozenset[str]) -> Payload:
    type_ = "FulfillmentCreatePayload"
    units: list[tuple[Line, int]] = []
    problems: list[Problem] = []
    wanted: list[FulfillmentOrder] = []
    for number, each in enumerate(given["lineItemsByFulfillmentOrder"]):
        place = ("fulfillment", "lineItemsByFulfillmentOrder", str(number))
        one = found(store, each["fulfillmentOrderId"])
        if one is None:
            problems.append(Problem((*place, "fulfillmentOrderId"), "Fulfillment order does not exist."))
            continue
        if "write_merchant_managed_fulfillment_orders" not in granted:
            problems.append(Problem(("fulfillment",), "The api_client does not have access to the fulfillment order."))
            continue
        wanted.append(one)
        problems += _unit_problems(one, each, place, units)
    if not problems and len({one.order for one in wanted}) > 1:
        problems.append(Problem(("fulfillment",), "All fulfillment orders must belong to the same order."))
    if problems:
        return Payload(type_, None, [UserError("UserError", each.field, each.message) for each in problems])
    order = wanted[0].order
    clock.write(lambda at: _fulfillment_event(store.state, at, wanted[0], units, given.get("trackingInfo") or {}))
    return Payload(type_, order.fulfillments[-1])


def _unit_problems(
    one: FulfillmentOrder, given: Mapping[str, Any], place: tuple[str, ...], units: list[tuple[Line, int]]
) -> Iterator[Problem]:
    """Gather the units to ship into ``units``; yield why they cannot be."""
    if one.status in ("CLOSED", "CANCELLED"):
        message = f"Fulfillment order {one.id} has an unfulfillable status= {one.status.lower()}."
        yield Problem(("fulfillment",), message)
        return
    by_gid = {gid("FulfillmentOrderLineItem", line.id): line.line for line in one.lines}
    asked = given.get("fulfillmentOrderLineItems")
    if not asked:
        units += [(line, line.unfulfilled) for line in by_gid.values() if line.unfulfilled]
        return
    for number, each in enumerate(asked):
        line = by_gid.get(each["id"])
        if line is None:
            at = (*place, "fulfillmentOrderLineItems", str(number), "id")
            yield Problem(at, "Fulfillment order line item does not exist.")
        elif not 0 < each["quantity"] <= line.unfulfilled:
            at = (*place, "fulfillmentOrderLineItems", str(number), "quantity")
            yield Problem(at, "Invalid fulfillment order line item quantity requested.")
        else:
            units.append((line, each["quantity"]))


def _fulfillment_event(
    state: State, at: datetime, one: FulfillmentOrder, units: Sequence[tuple[Line, int]], tracking: Mapping[str, Any]
) -> Facts:
    order, mint = one.order, state.minter()
    numbers = tracking.get("numbers") or ([tracking["number"]] if tracking.get("number") else [])
    urls = tracking.get("urls") or ([tracking["url"]] if tracking.get("url") else [])
    company = tracking.get("company") or "Other"
    return event(
        "order_fulfilled",
        at,
        order_id=order.id,
        fulfillment={
            "id": mint("Fulfillment"),
            "name": f"{order.name}.{len(order.fulfillments) + 1}",
            "location_id": order.location.id,
            "lines": [[mint("FulfillmentLineItem"), line.id, count] for line, count in units],
            "tracking": [[company, number, url] for number, url in zip_longest(numbers, urls, fillvalue="")],
        },
        closes=sum(count for _, count in units) == order.unfulfilled,
        stock=stock(state, order, ((line.id, {"committed": -count}) for line, count in units)),
    )


def _number(wanted: str, kind: str) -> int:
    """The number of a gid of that kind; -1, which names nothing, for any other text."""
    tail = wanted.removeprefix(f"gid://shopify/{kind}/")
    return int(tail) if tail != wanted and tail.isdigit() else -1
