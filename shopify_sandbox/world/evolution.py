"""What may happen next: named actions on a living world, each a few events at later times.

Here: choosing the orders, customers and products an action falls on. Not here: the events themselves.
The same state, seed and arguments always give the same events.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

from shopify_sandbox.world.editing import EditDraft, can_edit, edit
from shopify_sandbox.world.entries import Facts, event
from shopify_sandbox.world.fulfilling import can_fulfill, fulfill, open_units
from shopify_sandbox.world.happening import Happening, Scene, happen
from shopify_sandbox.world.happenings import BY_NAME
from shopify_sandbox.world.large import place_large_order, refund_line_by_line
from shopify_sandbox.world.ledger import balance
from shopify_sandbox.world.paying import can_pay, pay
from shopify_sandbox.world.records import Line, Order, Refund
from shopify_sandbox.world.refunding import RefundDraft, can_cancel, can_refund, cancel, refund, settle
from shopify_sandbox.world.shoppers import Clock, Record, new_address, new_line, purchase, taxes_at
from shopify_sandbox.world.state import State
from shopify_sandbox.world.worklist import fitting


class ActionRefused(ValueError):
    """The action does not fit the named order, or there is no such order; nothing was recorded for it."""


@dataclass(frozen=True)
class Actions:
    """What ``advance`` shall do, in this order: how many of each, for which order, and hours the clock moves at last.

    Attributes:
        capture: Orders whose authorisation is captured or whose open amount is paid.
        large_order: Lines of one more order, paid, of one unit each; 0 for none.
        large_order_refunds: Lines of the large order that are refunded, each by a refund of its own.
        restock: Whether refunded units go back to stock.
        order: Name (#1001) the order actions fall on; None lets the world choose.
        happen: How often each happening of ``happenings.py``, by its name.
    """

    new_orders: int = 0
    capture: int = 0
    fulfill: int = 0
    edit: int = 0
    refund: int = 0
    settle: int = 0
    cancel: int = 0
    customer_update: int = 0
    product_update: int = 0
    stock_adjust: int = 0
    large_order: int = 0
    large_order_refunds: int = 0
    hours: float = 0
    restock: bool = True
    order: str | None = None
    happen: Mapping[str, int] = field(default_factory=dict)


def advance(state: State, record: Record, rng: Random, actions: Actions) -> None:
    """Carry out the actions, one second of the world apart, then move the clock by ``actions.hours``.

    When fewer orders fit than were asked for, fewer events are recorded.

    Raises:
        ActionRefused: The named order is unknown or an action does not fit it; what was recorded before stays.
    """

    scene = scene_of(state, record, rng)
    clock = scene.clock
    for _ in range(actions.new_orders):
        purchase(state, record, rng, clock)
    for name, how_many in (
        ("capture", actions.capture),
        ("fulfill", actions.fulfill),
        ("edit", actions.edit),
        ("refund", actions.refund),
        ("settle", actions.settle),
        ("cancel", actions.cancel),
    ):
        for order in _chosen(state, rng, name, how_many, actions.order):
            record(_order_event(state, record, rng, clock, name, order, actions.restock))
    for change, how_many in (
        (update_customer, actions.customer_update),
        (update_product, actions.product_update),
        (adjust_stock, actions.stock_adjust),
    ):
        for _ in range(how_many):
            record(change(state, clock(), rng))
    if actions.large_order:
        placed = place_large_order(state, record, rng, clock, lines=actions.large_order)
        if actions.large_order_refunds:
            refund_line_by_line(state, record, rng, clock, placed, refunds=actions.large_order_refunds)
    for name, how_many in actions.happen.items():
        _let_happen(scene, name, how_many, actions.order)
    if actions.hours > 0:
        record(event("clock", state.now + timedelta(seconds=int(actions.hours * 3_600))))


def scene_of(state: State, record: Record, rng: Random) -> Scene:
    """Where each event comes a second of the world after the one before it."""
    return Scene(state, record, rng, lambda: state.now + timedelta(seconds=1))


def _let_happen(scene: Scene, name: str, how_many: int, order_name: str | None) -> None:
    happening = BY_NAME.get(name)
    if happening is None:
        raise ActionRefused(f"there is no happening {name}; there are {', '.join(BY_NAME) or 'none'}")
    named = _named(scene.state, order_name) if order_name and happening.fits is not None else None
    for _ in range(how_many):
        if not (happen(scene, happening, named) or (named is None and _happen_to_any(scene, happening))):
            where = f"to order {order_name}" if named else "now"
            raise ActionRefused(f"{name} cannot happen {where}: {happening.what}")


def _happen_to_any(scene: Scene, happening: Happening) -> bool:
    """Let it happen to the newest order it fits: what is asked for by name is looked for among all of them."""
    fits = happening.fits
    found = None if fits is None else next(filter(fits, reversed(scene.state.orders.values())), None)
    return found is not None and happen(scene, happening, found)


def _named(state: State, name: str) -> Order:
    for order in state.orders.values():
        if order.name == name:
            return order
    raise ActionRefused(f"there is no order {name}")


def random_actions(state: State, rng: Random) -> Actions:
    """One plausible action for a shop that is left alone."""
    weights = {
        "new_orders": 40,
        "capture": 8,
        "fulfill": 26,
        "refund": 6,
        "settle": 3,
        "edit": 3,
        "cancel": 2,
        "customer_update": 4,
        "product_update": 2,
        "stock_adjust": 6,
    }
    possible = [name for name in weights if name not in FITS or fitting(state, FITS, name)]
    name = rng.choices(possible, [weights[name] for name in possible])[0]
    chosen: dict[str, Any] = {name: 1}
    return Actions(**chosen, restock=rng.random() < 0.75)


def _chosen(state: State, rng: Random, action: str, how_many: int, name: str | None) -> list[Order]:
    """The named order, the oldest orders the action fits, or drawn ones when it happens to any order."""
    if how_many and name:
        found = _named(state, name)
        if not FITS[action](found):
            raise ActionRefused(f"order {name} does not allow {action}: {REFUSALS[action]}")
        return [found]
    if not how_many:
        return []
    ids = fitting(state, FITS, action)
    chosen = rng.sample(ids, min(how_many, len(ids))) if action in DRAWN else ids[:how_many]
    return [state.orders[order_id] for order_id in chosen]


def _order_event(
    state: State, record: Record, rng: Random, clock: Clock, action: str, order: Order, restock: bool
) -> Facts:
    if action == "capture":
        return pay(state, clock(), order)
    if action == "fulfill":
        return fulfill(state, clock(), order, open_units(order), rng)
    if action == "edit":
        return some_edit(state, record, rng, clock, order)
    if action == "settle":
        return settle(state, clock(), _pending(order)[0])
    if action == "cancel":
        return cancel(state, clock(), order, rng.choice(("CUSTOMER", "INVENTORY", "OTHER")))
    line = rng.choice(_returnable(order))
    return refund(state, clock(), order, RefundDraft([(line, 1, "RETURN" if restock else "NO_RESTOCK")]))


def _returnable(order: Order) -> list[Line]:
    return [line for line in order.lines if line.returnable]


def _pending(order: Order) -> list[Refund]:
    return [one for one in order.refunds if one.is_pending]


def can_be_edited(order: Order) -> bool:
    """Whether an edit can leave something in the order."""
    return can_edit(order) and sum(line.current_quantity for line in order.lines if line.line_type == "PRODUCT") > 1


def some_edit(state: State, record: Record, rng: Random, clock: Clock, order: Order) -> Facts:
    """One edit of a random kind: a unit less, a line gone, a line more, or a discount on a line."""
    line = rng.choice([line for line in order.lines if line.unfulfilled])
    kind = rng.choice(("unit", "line", "add", "discount"))
    others = any(other is not line and other.current_quantity for other in order.lines if other.line_type == "PRODUCT")
    if kind == "add":
        added = new_line(state, record, rng, clock, order)
        return edit(state, clock(), order, EditDraft(added=[added], taxes=taxes_at(order.shipping)))
    if kind == "discount":
        left = balance(order.sales(), line, line.taxes).net
        if left >= 100:
            return edit(state, clock(), order, EditDraft(discount=(line, max(1, left // 10))))
    units = line.unfulfilled if kind == "line" and others else 1
    return edit(state, clock(), order, EditDraft(removed=[(line, units)]))


def update_customer(state: State, at: datetime, rng: Random) -> Facts:
    """A customer gets a tag, a note, an address, or another mind about newsletters."""
    customer = rng.choice([customer for customer in state.customers.values() if not customer.is_redacted])
    kind = rng.choice(("tags", "note", "address", "email_state"))
    changes: Facts = {"customer_id": customer.id}
    if kind == "tags":
        changes["tags"] = sorted({*customer.tags, rng.choice(("vip", "loyal", "returns-often", "press"))})
    elif kind == "note":
        changes["note"] = rng.choice(("Prefers e-mail", "Met at the fair", "Ask before shipping"))
    elif kind == "address":
        changes["address"] = {"id": state.minter()("MailingAddress"), **new_address(state, rng)}
    else:
        changes["email_state"] = "UNSUBSCRIBED" if customer.email_state == "SUBSCRIBED" else "SUBSCRIBED"
    return event("customer_updated", at, **changes)


def update_product(state: State, at: datetime, rng: Random) -> Facts:
    """A product's prices change, or its tags."""
    product = rng.choice(list(state.products.values()))
    if rng.random() < 0.3:
        return event("product_updated", at, product_id=product.id, tags=sorted({*product.tags, "featured"}))
    change = rng.choice((-200, 100, 300))
    prices = [
        [variant.id, max(100, variant.price + change), variant.price if change < 0 else None]
        for variant in product.variants
    ]
    return event("product_updated", at, product_id=product.id, prices=prices)


def adjust_stock(state: State, at: datetime, rng: Random) -> Facts:
    """A count, a delivery or damage changes what is available somewhere; where an item is not stocked nothing can."""
    level = rng.choice([level for level in state.levels.values() if level.is_active])
    reason = rng.choice(("received", "correction", "damaged"))
    units = rng.randrange(1, 12)
    available = level.quantities["available"]
    if reason == "received" or available < units:
        return event("stock_adjusted", at, reason="received", stock=[[level.id, {"available": units * 5}]])
    if reason == "damaged":
        moved = {"available": -units, "damaged": units}
        return event("stock_adjusted", at, reason="damaged", stock=[[level.id, moved]])
    return event("stock_adjusted", at, reason="correction", stock=[[level.id, {"available": -units}]])


#: Actions that fall on any order; the others work off a queue, oldest first.
DRAWN = ("edit", "refund", "cancel")
#: Which orders an action fits, and why an order may not be one of them.
FITS: dict[str, Callable[[Order], bool]] = {
    "capture": can_pay,
    "fulfill": can_fulfill,
    "edit": can_be_edited,
    "refund": lambda order: can_refund(order) and bool(_returnable(order)),
    "settle": lambda order: bool(_pending(order)),
    "cancel": can_cancel,
}
REFUSALS = {
    "capture": "nothing is authorised or owed",
    "fulfill": "it is not paid, or nothing waits to be shipped",
    "edit": "nothing, or only one unit, waits to be shipped, or an authorisation is open",
    "refund": "no shipped unit is left with the customer, it holds no money, or a refund is pending",
    "settle": "no refund is pending",
    "cancel": "it is cancelled or something has shipped",
}
