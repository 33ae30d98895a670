"""Worlds for tests, and readings of them that use none of the world's own derivations.

Belongs here: building small worlds, summing raw records, taking snapshots. What must hold is said in the tests.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from shopify_sandbox.world.arguments import Arguments
from shopify_sandbox.world.fulfilling import fulfill, open_units
from shopify_sandbox.world.goods import Variant
from shopify_sandbox.world.placing import LineDraft, OrderDraft, PaymentDraft, place_order
from shopify_sandbox.world.records import Order, Refund
from shopify_sandbox.world.refunding import RefundDraft, can_refund, refund
from shopify_sandbox.world.return_records import Return
from shopify_sandbox.world.returning import Processing, ReturnDraft, open_return, process, returnable
from shopify_sandbox.world.state import State
from shopify_sandbox.world.world import World

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
SHOP = "sandbox-usd.myshopify.com"


def a_world(*, seed: int = 7, orders: int = 0, days: int = 20, profile: str = "usd", mix: str = "plain") -> World:
    return World.create(Arguments(seed=seed, orders=orders, days=days, now=NOW, shop=SHOP, profile=profile, mix=mix))


def taxable_variants(world: World) -> list[Variant]:
    return [variant for variant in world.state.variants.values() if variant.taxable]


def a_draft(world: World, *lines: LineDraft, **more: Any) -> OrderDraft:
    """An order of those lines by a guest in New York, paid at once unless told otherwise."""
    address = {
        "first_name": "Ava",
        "last_name": "Kim",
        "company": None,
        "address1": "1 Park Ave",
        "address2": None,
        "city": "New York",
        "province": "New York",
        "province_code": "NY",
        "zip": "10016",
        "phone": None,
    }
    location = next(iter(world.state.locations.values()))
    payment = more.pop("payment", PaymentDraft("shopify_payments", "SALE"))
    return OrderDraft(lines=lines, address=address, location=location, payment=payment, **more)


def later(world: World) -> datetime:
    return world.state.now + timedelta(seconds=1)


def refund_pending(world: World, how_many: int) -> list[Refund]:
    """Give back one unit each of shipped orders, the gateway not having answered yet."""
    for _ in range(how_many):
        order = next(
            order
            for order in world.state.orders.values()
            if can_refund(order) and any(line.returnable for line in order.lines)
        )
        line = next(line for line in order.lines if line.returnable)
        world.record(refund(world.state, later(world), order, RefundDraft([(line, 1, "RETURN")], pending=True)))
    return [one for order in world.state.orders.values() for one in order.refunds if one.is_pending]


def last_order(world: World) -> Order:
    return list(world.state.orders.values())[-1]


def sales_sum(order: Order, column: str, *, actions: tuple[str, ...] = (), kinds: tuple[str, ...] = ()) -> int:
    """Sum of a column over the raw sales of an order, minor units."""
    return sum(
        getattr(sale, column)
        for agreement in order.agreements
        for sale in agreement.sales
        if (not actions or sale.action in actions) and (not kinds or sale.line_type in kinds)
    )


def paid(order: Order, *kinds: str) -> int:
    """Sum of an order's successful transactions of those kinds, minor units."""
    return sum(one.amount for one in order.transactions if one.status == "SUCCESS" and one.kind in kinds)


def snapshot(state: State) -> Any:
    """The whole state as plain values; a record met again is named by its type and id."""
    seen: set[int] = set()

    def plain(value: Any) -> Any:
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            if id(value) in seen:
                return type(value).__name__, getattr(value, "id", None)
            seen.add(id(value))
            names = [one.name for one in dataclasses.fields(value) if one.compare and one.name != "cached_figures"]
            return type(value).__name__, [(name, plain(getattr(value, name))) for name in names]
        if isinstance(value, dict):
            return [(key, plain(one)) for key, one in value.items()]
        if isinstance(value, list | tuple):
            return [plain(one) for one in value]
        return value

    return plain(state)


def a_full_world(
    *, seed: int = 7, orders: int = 0, profile: str = "usd", variants: Mapping[str, str] | None = None
) -> World:
    arguments = Arguments(
        seed=seed, orders=orders, days=90, now=NOW, shop=SHOP, profile=profile, mix="full", variants=variants or {}
    )
    return World.create(arguments)


def sold_and_shipped(world: World, *lines: tuple[int, int], **more: Any) -> Order:
    """An order of (unit price, quantity) lines, paid unless told otherwise, and shipped."""
    variants = taxable_variants(world)
    drafts = [LineDraft(variant, units, price) for variant, (price, units) in zip(variants, lines, strict=False)]
    world.record(place_order(world.state, later(world), a_draft(world, *drafts, **more)))
    order = last_order(world)
    world.record(fulfill(world.state, later(world), order, open_units(order), Random(1)))
    return order


def return_of(order: Order, *units: int) -> ReturnDraft:
    return ReturnDraft(list(zip((shipped for shipped, _ in returnable(order)), units, strict=False)))


def opened_return(world: World, order: Order, draft: ReturnDraft) -> Return:
    world.record(open_return(world.state, later(world), order, draft))
    return order.returns[-1]


def process_return(world: World, returned: Return, processing: Processing = Processing()) -> None:  # noqa: B008
    world.record(process(world.state, later(world), returned, processing))
