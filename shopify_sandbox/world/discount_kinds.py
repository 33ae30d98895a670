"""Kinds of order by what is taken off: codes, automatic, manual, shipping, buy x get y, several at once, everything.

Here: the kinds. Not here: what a discount makes of an order (``discounting.py``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from shopify_sandbox.world.discounting import AUTOMATIC, CODE, MANUAL
from shopify_sandbox.world.drafts import DiscountDraft, OrderDraft
from shopify_sandbox.world.figures import is_free
from shopify_sandbox.world.happening import Scene
from shopify_sandbox.world.kind import OrderKind
from shopify_sandbox.world.records import DiscountApplication, Order
from shopify_sandbox.world.shoppers import profile_of


def _with(*discounts: DiscountDraft) -> Callable[[Scene, OrderDraft], OrderDraft]:
    return lambda scene, draft: replace(draft, code=None, discounts=discounts)


def _fixed(scene: Scene, draft: OrderDraft) -> OrderDraft:
    amount = profile_of(scene.state).price_of(scene.rng.choice((700, 1_000, 2_500)))
    return replace(draft, code=None, discounts=[DiscountDraft(CODE, "MINUS", amount=amount)])


def _each(scene: Scene, draft: OrderDraft) -> OrderDraft:
    amount = profile_of(scene.state).price_of(300)
    return replace(
        draft, code=None, discounts=[DiscountDraft(AUTOMATIC, "Bundle & save", amount=amount, method="EACH")]
    )


def _two_for_one(scene: Scene, draft: OrderDraft) -> OrderDraft:
    lines = [replace(draft.lines[0], quantity=draft.lines[0].quantity + 1), *draft.lines[1:]]
    free = DiscountDraft(AUTOMATIC, "Buy one, get one", percent=100, lines=[0], method="EACH", free_units=1)
    return replace(draft, lines=lines, code=None, discounts=[free])


def _of_staff(scene: Scene, draft: OrderDraft) -> OrderDraft:
    percent = scene.rng.choice((5, 12, 33))
    return replace(
        draft,
        code=None,
        source_name="shopify_draft_order",
        discounts=[DiscountDraft(MANUAL, "Apology", percent=percent, lines=[0], method="ONE")],
    )


def _stacked(scene: Scene, draft: OrderDraft) -> OrderDraft:
    amount = profile_of(scene.state).price_of(500)
    every = (
        DiscountDraft(AUTOMATIC, "Season", percent=15),
        DiscountDraft(CODE, "EXTRA5", amount=amount),
        DiscountDraft(CODE, "SHIPHALF", percent=50, method="EACH", is_for_shipping=True),
    )
    return replace(draft, code=None, discounts=every)


def _everything(scene: Scene, draft: OrderDraft) -> OrderDraft:
    every = (
        DiscountDraft(CODE, "PRESS100", percent=100),
        DiscountDraft(AUTOMATIC, "Free shipping", percent=100, method="EACH", is_for_shipping=True),
    )
    return replace(draft, tip=0, code=None, discounts=every, payment=None)


def _has(is_one: Callable[[DiscountApplication], bool]) -> Callable[[Order], bool]:
    return lambda order: any(map(is_one, order.applications))


KINDS: tuple[OrderKind, ...] = (
    OrderKind(
        "percent code",
        "A code takes a percentage off all lines.",
        _with(DiscountDraft(CODE, "THIRD", percent=33)),
        _has(lambda one: one.type == CODE and bool(one.percent) and one.target == "LINE_ITEM"),
    ),
    OrderKind(
        "fixed code",
        "A code takes an amount off, shared out over the lines.",
        _fixed,
        _has(lambda one: one.type == CODE and bool(one.amount) and one.method == "ACROSS"),
    ),
    OrderKind(
        "discount of each line",
        "An automatic discount takes the same amount off every line.",
        _each,
        _has(lambda one: one.type == AUTOMATIC and bool(one.amount) and one.method == "EACH"),
    ),
    OrderKind(
        "shipping discount",
        "An automatic discount takes a part of shipping off.",
        _with(DiscountDraft(AUTOMATIC, "Half shipping", percent=50, method="EACH", is_for_shipping=True)),
        _has(lambda one: one.target == "SHIPPING_LINE"),
    ),
    OrderKind(
        "buy one get one",
        "One unit of a line is free, the others are not.",
        _two_for_one,
        _has(lambda one: one.name == "Buy one, get one"),
    ),
    OrderKind(
        "manual discount",
        "Staff took something off one line by hand.",
        _of_staff,
        _has(lambda one: one.type == MANUAL and one.name == "Apology"),
    ),
    OrderKind(
        "stacked discounts",
        "Three discounts, each on what the one before left.",
        _stacked,
        lambda order: len(order.applications) >= 3,
    ),
    OrderKind(
        "free order",
        "Everything is taken off: nothing is paid and there is no transaction.",
        _everything,
        is_free,
        share=0.016,
    ),
)
