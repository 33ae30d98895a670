"""Refunds and edits beyond the everyday: without money, money alone, failed, on orders nobody has paid, and so on.

Here: on which orders, of what. Not here: the events (``refunding.py``, ``editing.py``) and what comes back by a return
(``return_happenings.py``).
"""

from __future__ import annotations

from shopify_sandbox.world.editing import EditDraft, can_edit, edit
from shopify_sandbox.world.figures import figures
from shopify_sandbox.world.happening import Happening, Scene, on_order
from shopify_sandbox.world.ledger import units_of_line
from shopify_sandbox.world.placing import LineDraft, TaxRate
from shopify_sandbox.world.records import Line, Order, Refund
from shopify_sandbox.world.refunding import RefundDraft, can_cancel, can_refund, cancel, refund, settle
from shopify_sandbox.world.returning import returnable
from shopify_sandbox.world.shoppers import reorder

DAY = 86_400


def _goods(order: Order) -> list[Line]:
    """Lines of goods with units that wait to be shipped."""
    return [line for line in order.lines if line.unfulfilled]


def _refund(scene: Scene, order: Order, draft: RefundDraft) -> None:
    scene.record(refund(scene.state, scene.clock(), order, draft))


def _can_take_back(order: Order) -> bool:
    return can_refund(order) and figures(order).total_outstanding == 0 and bool(returnable(order))


@on_order
def _without_money(scene: Scene, order: Order) -> None:
    shipped, _ = scene.rng.choice(returnable(order))
    _refund(scene, order, RefundDraft([(shipped.line, 1, "RETURN")], money=0, note="Money follows"))


def _money_held(order: Order) -> int:
    """What refunds took back without paying for it, as far as the order still holds it, minor units."""
    unpaid = sum(one.amount for refunded in order.refunds if not refunded.transactions for one in refunded.adjustments)
    money = figures(order)
    return max(0, min(unpaid, money.refund_discrepancy, money.net_payment))


@on_order
def _money_later(scene: Scene, order: Order) -> None:
    _refund(scene, order, RefundDraft(money=_money_held(order), note="Money for what came back"))


def _is_unpaid(order: Order) -> bool:
    """Whether an order that nobody has paid holds more than one unit, so that something is left of it."""
    money = figures(order)
    return (
        order.cancelled_at is None
        and money.total_received == 0
        and not money.total_capturable
        and money.total_outstanding > 0
        and order.unfulfilled > 1
    )


@on_order
def _unpaid(scene: Scene, order: Order) -> None:
    _refund(scene, order, RefundDraft([(scene.rng.choice(_goods(order)), 1, "CANCEL")], note="Out of stock"))


def _is_paid_and_waits(order: Order) -> bool:
    return can_refund(order) and figures(order).total_outstanding == 0 and bool(_priced(order))


def _priced(order: Order) -> list[Line]:
    held = figures(order).net_payment
    return [line for line in _goods(order) if not line.returnable and 0 < units_of_line(line, 1).total <= held]


@on_order
def _still_sent(scene: Scene, order: Order) -> None:
    line = scene.rng.choice(_priced(order))
    money = units_of_line(line, 1).total
    _refund(scene, order, RefundDraft([(line, 1, "NO_RESTOCK")], money=money, note="Sent all the same"))


@on_order
def _goodwill(scene: Scene, order: Order) -> None:
    money = max(1, figures(order).net_payment // scene.rng.choice((10, 20)))
    _refund(scene, order, RefundDraft(money=money, reason="CUSTOMER", note="Goodwill"))


def _ships_for_money(order: Order) -> bool:
    return can_refund(order) and figures(order).current_shipping_price > 0


@on_order
def _shipping(scene: Scene, order: Order) -> None:
    _refund(scene, order, RefundDraft(shipping=True, note="Late delivery"))


@on_order
def _less(scene: Scene, order: Order) -> None:
    shipped, _ = scene.rng.choice(returnable(order))
    money = min(units_of_line(shipped.line, 1).total * 4 // 5, figures(order).net_payment)
    _refund(scene, order, RefundDraft([(shipped.line, 1, "RETURN")], money=money, reason="DAMAGE", note="Damaged"))


@on_order
def _not_answered(scene: Scene, order: Order) -> None:
    shipped, _ = scene.rng.choice(returnable(order))
    _refund(scene, order, RefundDraft([(shipped.line, 1, "RETURN")], pending=True, note="Refund in progress"))


def _pending(order: Order) -> list[Refund]:
    return [one for one in order.refunds if one.is_pending]


@on_order
def _fail(scene: Scene, order: Order) -> None:
    scene.record(settle(scene.state, scene.clock(), _pending(order)[0], failed=True))


def _can_raise(order: Order) -> bool:
    return not order.fulfillment_orders and can_edit(order) and any(line.sold_variant for line in _goods(order))


@on_order
def _raise(scene: Scene, order: Order) -> None:
    """One unit more is a line of its own, at the price of the first."""
    line, variant = scene.rng.choice([(line, line.sold_variant) for line in _goods(order) if line.sold_variant])
    more = LineDraft(variant, 1, line.unit_price)
    reorder(scene.state, scene.record, scene.clock, [more], order.location)
    taxes = [TaxRate(tax.title, tax.rate_ppm) for tax in line.taxes]
    scene.record(edit(scene.state, scene.clock(), order, EditDraft(added=[more], taxes=taxes)))


@on_order
def _cancel_early(scene: Scene, order: Order) -> None:
    reason = scene.rng.choice(("CUSTOMER", "FRAUD", "INVENTORY", "DECLINED", "STAFF", "OTHER"))
    scene.record(cancel(scene.state, scene.clock(), order, reason))


HAPPENINGS: tuple[Happening, ...] = (
    Happening(
        "refund_without_money",
        "Goods are taken back on paper, and the money is kept for now.",
        _without_money,
        _can_take_back,
        weight=0.5,
        chance=0.05,
        delay=(4 * DAY, 18 * DAY),
    ),
    Happening(
        "refund_money_later",
        "The money for what a refund took back without any is paid back.",
        _money_later,
        lambda order: can_refund(order) and _money_held(order) > 0,
        weight=0.7,
        chance=0.6,
        delay=(18 * DAY, 30 * DAY),
    ),
    Happening(
        "refund_unpaid",
        "A unit is taken off an order nobody has paid.",
        _unpaid,
        _is_unpaid,
        weight=0.5,
        chance=0.5,
        delay=(3_600, 2 * DAY),
    ),
    Happening(
        "refund_still_sent",
        "Money goes back for a unit that has not shipped and still will.",
        _still_sent,
        _is_paid_and_waits,
        weight=0.4,
        chance=0.08,
        delay=(600, DAY),
    ),
    Happening("refund_goodwill", "Money goes back, and no goods.", _goodwill, can_refund, weight=0.5, chance=0.02),
    Happening("refund_shipping", "Shipping is paid back.", _shipping, _ships_for_money, weight=0.5, chance=0.04),
    Happening(
        "refund_less",
        "Goods come back damaged and a part of what they cost is paid back.",
        _less,
        _can_take_back,
        weight=0.5,
        chance=0.03,
        delay=(4 * DAY, 16 * DAY),
    ),
    Happening(
        "refund_pending",
        "Goods are taken back and the gateway has not answered yet.",
        _not_answered,
        _can_take_back,
        weight=0.6,
        chance=0.05,
        delay=(4 * DAY, 13 * DAY),
    ),
    Happening(
        "fail_refund",
        "The gateway refuses a refund it had not answered; the shop owes the money.",
        _fail,
        lambda order: bool(_pending(order)),
        weight=0.6,
        chance=0.8,
        delay=(13 * DAY, 30 * DAY),
    ),
    Happening(
        "cancel_before_payment",
        "An order is cancelled while nothing, or only an authorisation, is there.",
        _cancel_early,
        lambda order: can_cancel(order) and figures(order).total_received == 0,
        weight=0.4,
        chance=0.16,
        delay=(600, 2 * 3_600),
    ),
    Happening(
        "raise_quantity",
        "One unit more is added to an order after checkout.",
        _raise,
        _can_raise,
        weight=0.5,
        chance=0.04,
        delay=(600, DAY),
    ),
)
