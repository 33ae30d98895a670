"""Every kind of order beyond the everyday, the happening that places one of each, and what they count as.

Here: the list, in a fixed order, because worlds are drawn from it. Not here: what each is; that is its own module.
"""

from __future__ import annotations

from collections.abc import Callable

from shopify_sandbox.world import discount_kinds, goods_kinds, payment_kinds
from shopify_sandbox.world.case import Case, orders_that
from shopify_sandbox.world.goods_kinds import TEXTS
from shopify_sandbox.world.happening import Happening, Scene
from shopify_sandbox.world.kind import OrderKind, place
from shopify_sandbox.world.records import Order
from shopify_sandbox.world.state import State

KINDS: tuple[OrderKind, ...] = (*discount_kinds.KINDS, *payment_kinds.KINDS, *goods_kinds.KINDS)


def _placing(kind: OrderKind) -> Callable[[Scene, Order | None], None]:
    def carry_out(scene: Scene, order: Order | None) -> None:
        place(scene, kind)

    return carry_out


def _happening(kind: OrderKind) -> Happening:
    name = f"place_{kind.name.replace(' ', '_')}"
    weight = 0.2 if kind.at_most < 1_000 else 1.0
    return Happening(name, f"An order: {kind.what}", _placing(kind), possible=kind.possible, weight=weight)


def _said_with(text: str) -> Callable[[Order], bool]:
    def says(order: Order) -> bool:
        said = [order.note or "", *(value for _, value in order.attributes)]
        return any(text in each for each in said)

    return says


def _loyal(state: State) -> int:
    return sum(1 for customer in state.customers.values() if len(customer.orders) >= 5)


HAPPENINGS: tuple[Happening, ...] = (*map(_happening, KINDS), *payment_kinds.HAPPENINGS)
CASES: tuple[Case, ...] = (
    *(orders_that(kind.name, kind.what, kind.is_one) for kind in KINDS),
    orders_that("change given", "More cash was handed over than was due.", lambda order: _has_change(order)),
    orders_that("refund in a foreign currency", "Paid back at another day's rate.", lambda order: _back_abroad(order)),
    orders_that("emoji", "Characters beyond the basic plane.", _said_with(TEXTS[0])),
    orders_that(
        "right-to-left text",
        "Arabic or Hebrew.",
        lambda order: _said_with(TEXTS[1])(order) or _said_with(TEXTS[2])(order),
    ),
    orders_that("NUL", "A character PostgreSQL cannot keep.", _said_with("\u0000")),
    Case("loyal customer", "Five orders or more.", _loyal),
)


def _has_change(order: Order) -> bool:
    return any(one.kind == "CHANGE" for one in order.transactions)


def _back_abroad(order: Order) -> bool:
    return order.exchange is not None and bool(order.refunds)
