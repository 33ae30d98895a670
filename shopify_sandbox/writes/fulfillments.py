"""Fulfillments made by an app: units of fulfillment orders shipped, each one event of the world's log.

Belongs here: what ``fulfillmentCreate`` is refused for, and the event it becomes.

Source: https://shopify.dev/docs/api/admin-graphql/latest/mutations/fulfillmentCreate; refusals as reported from
development stores at Admin API 2026-07. Assumed: a fulfillment order is named once; units of a line named twice add up.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import zip_longest
from typing import Any

from shopify_sandbox.admin.model import Resolver
from shopify_sandbox.errors import UserError
from shopify_sandbox.resources.fulfillment_orders import found
from shopify_sandbox.resources.values import gid
from shopify_sandbox.store import Store
from shopify_sandbox.world.entries import Facts, event, stock_at
from shopify_sandbox.world.routing import SHIPPABLE
from shopify_sandbox.world.shipping_records import FulfillmentOrder, FulfillmentOrderLine
from shopify_sandbox.world.state import State
from shopify_sandbox.worldclock import WorldClock
from shopify_sandbox.writes.payload import Payload, Problem, fields

#: Units to ship of each line of a fulfillment order.
Units = dict[FulfillmentOrderLine, int]


def mutations(clock: WorldClock) -> dict[str, Resolver]:
    """Give the mutations that ship."""
    return {
        "fulfillmentCreate": lambda store, execution, arguments: _fulfill(
            store, clock, arguments["fulfillment"], execution.granted
        )
    }


def resolvers() -> dict[str, dict[str, Resolver]]:
    """Give the GraphQL view of what they answer."""
    return {"FulfillmentCreatePayload": fields("fulfillment")}


def _fulfill(store: Store, clock: WorldClock, given: Mapping[str, Any], granted: frozenset[str]) -> Payload:
    type_ = "FulfillmentCreatePayload"
    units: Units = {}
    problems: list[Problem] = []
    wanted: list[FulfillmentOrder] = []
    for number, each in enumerate(given["lineItemsByFulfillmentOrder"]):
        place = ("fulfillment", "lineItemsByFulfillmentOrder", str(number))
        one = found(store, each["fulfillmentOrderId"])
        if one is None:
            problems.append(Problem((*place, "fulfillmentOrderId"), "Fulfillment order does not exist."))
            continue
        if any(one.id == other.id for other in wanted):
            message = "Fulfillment order is given more than once."
            problems.append(Problem((*place, "fulfillmentOrderId"), message))
            continue
        if "write_merchant_managed_fulfillment_orders" not in granted:
            problems.append(Problem(("fulfillment",), "The api_client does not have access to the fulfillment order."))
            continue
        wanted.append(one)
        problems += _unit_problems(one, each, place, units)
    if not problems and len({one.order for one in wanted}) > 1:
        problems.append(Problem(("fulfillment",), "All fulfillment orders must belong to the same order."))
    if not problems and len({one.location for one in wanted}) > 1:
        problems.append(Problem(("fulfillment",), "All fulfillment orders must be at the same location."))
    if problems:
        return Payload(type_, None, [UserError("UserError", each.field, each.message) for each in problems])
    order = wanted[0].order
    clock.write(lambda at: _fulfillment_event(store.state, at, wanted[0], units, given.get("trackingInfo") or {}))
    return Payload(type_, order.fulfillments[-1])


def _unit_problems(
    one: FulfillmentOrder, given: Mapping[str, Any], place: tuple[str, ...], units: Units
) -> Iterator[Problem]:
    """Gather the units to ship into ``units``; yield why they cannot be."""
    if one.status not in SHIPPABLE:
        message = f"Fulfillment order {one.id} has an unfulfillable status= {one.status.lower()}."
        yield Problem(("fulfillment",), message)
        return
    by_gid = {gid("FulfillmentOrderLineItem", row.id): row for row in one.lines}
    asked = given.get("fulfillmentOrderLineItems")
    if not asked:
        units.update({row: row.remaining for row in by_gid.values() if row.remaining})
        return
    for number, each in enumerate(asked):
        row = by_gid.get(each["id"])
        if row is None:
            at = (*place, "fulfillmentOrderLineItems", str(number), "id")
            yield Problem(at, "Fulfillment order line item does not exist.")
        elif not 0 < each["quantity"] <= row.remaining - units.get(row, 0):
            at = (*place, "fulfillmentOrderLineItems", str(number), "quantity")
            yield Problem(at, "Invalid fulfillment order line item quantity requested.")
        else:
            units[row] = units.get(row, 0) + each["quantity"]


def _fulfillment_event(
    state: State, at: datetime, one: FulfillmentOrder, units: Units, tracking: Mapping[str, Any]
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
            "location_id": one.location.id,
            "lines": [[mint("FulfillmentLineItem"), row.line.id, count] for row, count in units.items()],
            "tracking": [[company, number, url] for number, url in zip_longest(numbers, urls, fillvalue="")],
        },
        closes=sum(units.values()) == order.unfulfilled,
        stock=stock_at(state, one.location, ((row.line, {"committed": -count}) for row, count in units.items())),
    )
