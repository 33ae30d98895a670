"""The hard cases a world holds: how many orders, customers, products or payouts are of each kind.

Here: counting over the state, one small function per case. Not here: how a case comes about.
"""

from __future__ import annotations

from collections.abc import Iterable

from shopify_sandbox.world import (
    assortment,
    deleting,
    dispatching,
    disputes,
    gift_cards,
    kinds,
    locations,
    metafields,
    parcels,
    payout_happenings,
    privacy,
    return_cases,
    store_credit,
)
from shopify_sandbox.world.case import Case, orders_that
from shopify_sandbox.world.records import Order
from shopify_sandbox.world.state import State

__all__ = ["CASES", "Case", "cases", "orders_that"]

CASES: tuple[Case, ...] = (
    orders_that("edited order", "Lines were changed after checkout.", lambda order: order.edited),
    orders_that("cancelled order", "Cancelled, paid or not.", lambda order: order.cancelled_at is not None),
    orders_that("pending refund", "A refund its gateway has not answered.", lambda order: _pending(order)),
    orders_that("guest order", "Nobody is known to have bought it.", lambda order: order.customer is None),
    orders_that("order of more than 250 lines", "More lines than one page.", lambda order: len(order.lines) > 250),
    *gift_cards.CASES,
    *store_credit.CASES,
    *payout_happenings.CASES,
    *disputes.CASES,
    *dispatching.CASES,
    *parcels.CASES,
    *locations.CASES,
    *assortment.CASES,
    *metafields.CASES,
    *deleting.CASES,
    *privacy.CASES,
    *kinds.CASES,
    *return_cases.CASES,
)


def cases(state: State, counted: Iterable[Case] = CASES) -> dict[str, int]:
    """How many of each case there are, by its name."""
    return {case.name: case.count(state) for case in counted}


def _pending(order: Order) -> bool:
    return any(refund.is_pending for refund in order.refunds)
