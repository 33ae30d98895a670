"""The first history of a world: orders over the days before now, and what becomes of each.

Here: when things happen and how often. Not here: what they are (``placing.py`` … ``editing.py``) and later actions
(``evolution.py``). Everything is drawn from one seeded source; a plan that no longer fits its order is dropped.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count
from random import Random
from zoneinfo import ZoneInfo

from shopify_sandbox.world import evolution
from shopify_sandbox.world.arguments import Arguments
from shopify_sandbox.world.assortment import bundles
from shopify_sandbox.world.catalog import opening
from shopify_sandbox.world.entries import Facts, event
from shopify_sandbox.world.figures import figures
from shopify_sandbox.world.fulfilling import can_fulfill, fulfill, open_units
from shopify_sandbox.world.happening import Happening, Scene, happen
from shopify_sandbox.world.happenings import BY_NAME, HAPPENINGS
from shopify_sandbox.world.kind import OrderKind, place, planned
from shopify_sandbox.world.kinds import KINDS
from shopify_sandbox.world.locations import more_places
from shopify_sandbox.world.paying import can_pay, pay
from shopify_sandbox.world.records import Line, Order, Refund
from shopify_sandbox.world.refunding import RefundDraft, can_cancel, can_refund, cancel, refund, settle
from shopify_sandbox.world.seasons import season_of
from shopify_sandbox.world.shoppers import purchase, sign_up
from shopify_sandbox.world.state import State
from shopify_sandbox.world.variants import Variants

Plan = Callable[[datetime], None]
#: Second since 1970 (UTC) a plan is for, a number that counts plans, and the plan.
Planned = tuple[int, int, Plan]
#: Weight of an hour of the shop's day.
HOURS = (2, 1, 1, 1, 1, 2, 3, 5, 7, 9, 10, 11, 12, 11, 10, 10, 9, 9, 10, 12, 13, 11, 7, 4)
WEEKEND_WEIGHT, WEEKDAY_WEIGHT = 13, 10
HOUR, DAY = 3_600, 86_400
#: What is planned for a share of all orders.
OF_ORDERS = tuple(happening for happening in HAPPENINGS if happening.chance)


@dataclass
class History:
    """Plans by time, up to ``until``; later ones are dropped. Equal times keep the order they were made in.

    A heap of a hundred thousand plans is slow: only those of the day it is are in one, the others wait in ``later``.
    """

    state: State
    record: Callable[[Facts], None]
    rng: Random
    until: datetime
    day: int = -1
    today: list[Planned] = field(default_factory=list)
    later: dict[int, list[Planned]] = field(default_factory=dict)
    serial: count[int] = field(default_factory=count)

    def plan(self, at: datetime, what: Plan) -> None:
        if at > self.until:
            return
        seconds = int(at.timestamp())
        planned = (seconds, next(self.serial), what)
        if seconds // DAY == self.day:
            heapq.heappush(self.today, planned)
        else:
            self.later.setdefault(seconds // DAY, []).append(planned)

    def after(self, at: datetime, seconds_min: int, seconds_max: int, what: Plan) -> None:
        """Plan something some seconds after ``at``."""
        self.plan(at + timedelta(seconds=self.rng.randrange(seconds_min, seconds_max)), what)

    def run(self) -> None:
        """Carry out plans in time order, those they lead to as well."""
        while self.later:
            self.day = min(self.later)
            self.today = self.later.pop(self.day)
            heapq.heapify(self.today)
            while self.today:
                seconds, _, what = heapq.heappop(self.today)
                what(datetime.fromtimestamp(seconds, UTC))


def write_history(state: State, record: Callable[[Facts], None], rng: Random, arguments: Arguments) -> None:
    """Record the shop's opening and its history up to ``arguments.now``."""
    orders, days, now = arguments.orders, arguments.days, arguments.now
    start = now - timedelta(days=days)
    for opened in opening(state, rng, start, arguments):
        record(opened)
    unusual = Variants.of(arguments.variants).unusual()
    if unusual:
        record(event("ledger_forms_chosen", start, forms=unusual))
    for added in more_opening(state, rng, start) if arguments.is_full else ():
        record(added)
    history = History(state, record, rng, now)
    for _ in range(1 + orders // 50):
        history.after(start, -200 * DAY, 0, lambda at: _sign_up(history, at))
    times = _order_times(rng, orders, start, now, ZoneInfo(state.shop.timezone), with_seasons=arguments.is_full)
    if arguments.is_full:
        for at, kind in zip(times, planned(KINDS, rng, orders), strict=True):
            history.plan(at, partial(_order_of, history, kind))
    for at in () if arguments.is_full else times:
        history.plan(at, lambda at: _order(history, at, purchase(state, record, rng, lambda: at)))
    for _ in range(days // 2):
        history.after(start, 0, days * DAY, lambda at: _tend(history, at))
    for happening in HAPPENINGS if arguments.is_full else ():
        for _ in range(round(happening.per_day * days)):
            history.after(start, 0, days * DAY, partial(_happen, history, happening, None))
    history.run()
    record(event("clock", now))


def more_opening(state: State, rng: Random, start: datetime) -> Iterator[Facts]:
    """What a full shop has beyond a plain one on its first day; each event has to be folded before the next."""
    yield from more_places(state, start)
    yield from bundles(state, start, rng)


def _order_times(
    rng: Random, orders: int, start: datetime, now: datetime, zone: ZoneInfo, *, with_seasons: bool
) -> list[datetime]:
    """Times of orders: more on weekends, in the evening and towards the end, and on the days everybody buys."""
    hours = [start + timedelta(hours=offset) for offset in range(max(1, int((now - start).total_seconds() // HOUR)))]
    weights = []
    for position, hour in enumerate(hours):
        local = hour.astimezone(zone)
        day = WEEKEND_WEIGHT if local.weekday() >= 5 else WEEKDAY_WEIGHT
        season = season_of(local.date()) if with_seasons else 1
        weights.append(HOURS[local.hour] * day * (1 + position / len(hours)) * season)
    chosen = rng.choices(hours, weights, k=orders)
    return sorted(hour + timedelta(seconds=rng.randrange(HOUR)) for hour in chosen)


def _sign_up(history: History, at: datetime) -> None:
    sign_up(history.state, history.record, history.rng, lambda: at)


def _tend(history: History, at: datetime) -> None:
    """A customer, a product or a stock count changes."""
    change = history.rng.choice((evolution.update_customer, evolution.update_product, evolution.adjust_stock))
    history.record(change(history.state, at, history.rng))


def _order_of(history: History, kind: OrderKind | None, at: datetime) -> None:
    """Place an order of a kind; what becomes of it is the kind's or the everyday, and everything that may happen."""
    rng = history.rng
    order = place(Scene(history.state, history.record, rng, lambda: at), kind)
    if kind is not None and kind.then:
        name, seconds_min, seconds_max = kind.then
        history.after(at, seconds_min, seconds_max, partial(_happen, history, BY_NAME[name], order))
        history.after(at, 4 * HOUR, 3 * DAY, lambda at: _fulfill(history, order, at))
    else:
        _order(history, at, order)
    for happening in OF_ORDERS:
        if rng.random() < happening.chance:
            history.after(at, *happening.delay, partial(_happen, history, happening, order))


def _order(history: History, at: datetime, order: Order) -> None:
    """Plan the everyday of an order that was placed."""
    rng = history.rng
    authorised, owed = figures(order).total_capturable > 0, figures(order).total_outstanding > 0
    if authorised and rng.random() < 0.92:
        history.after(at, 2 * HOUR, 2 * DAY, lambda at: _pay(history, order, at))
    if owed and rng.random() < 0.75:
        history.after(at, DAY, 6 * DAY, lambda at: _pay(history, order, at))
    elif owed and rng.random() < 0.6:
        history.after(at, 7 * DAY, 10 * DAY, lambda at: _cancel(history, order, at))
    if rng.random() < 0.03:
        history.after(at, HOUR // 6, 20 * HOUR, lambda at: _cancel(history, order, at))
    if rng.random() < 0.06:
        history.after(at, HOUR // 6, 4 * HOUR, lambda at: _edit(history, order, at))
    if not authorised and not owed:
        history.after(at, 4 * HOUR, 3 * DAY, lambda at: _fulfill(history, order, at))


def _happen(history: History, happening: Happening, order: Order | None, at: datetime) -> None:
    happen(Scene(history.state, history.record, history.rng, lambda: at), happening, order)


def _pay(history: History, order: Order, at: datetime) -> None:
    if can_pay(order):
        history.record(pay(history.state, at, order))
        history.after(at, HOUR, 2 * DAY, lambda at: _fulfill(history, order, at))


def _cancel(history: History, order: Order, at: datetime) -> None:
    if can_cancel(order):
        reason = history.rng.choice(("CUSTOMER", "INVENTORY", "DECLINED", "OTHER"))
        history.record(cancel(history.state, at, order, reason))


def _edit(history: History, order: Order, at: datetime) -> None:
    if not evolution.can_be_edited(order):
        return
    history.record(evolution.some_edit(history.state, history.record, history.rng, lambda: at, order))
    money = figures(order)
    if money.net_payment and money.total_outstanding > 0:
        history.after(at, HOUR, DAY, lambda at: _pay(history, order, at))
    elif money.net_payment and money.total_outstanding < 0:
        history.after(at, HOUR, DAY, lambda at: _refund(history, order, at, RefundDraft(note="Order edited")))


def _fulfill(history: History, order: Order, at: datetime) -> None:
    if not can_fulfill(order):
        return
    rng = history.rng
    units = open_units(order)
    if rng.random() < 0.02:
        draft = RefundDraft(units=[(units[0][0], 1, "CANCEL")], note="Out of stock")
        history.after(at, 0, HOUR, lambda at: _refund(history, order, at, draft))
        history.after(at, DAY, 2 * DAY, lambda at: _fulfill(history, order, at))
        return
    if len(units) > 1 and not order.fulfillments and rng.random() < 0.2:
        units = units[:1]
        if rng.random() < 0.8:
            history.after(at, DAY, 5 * DAY, lambda at: _fulfill(history, order, at))
    history.record(fulfill(history.state, at, order, units, rng))
    if order.fulfillment_orders and order.unfulfilled:
        history.after(at, HOUR, 3 * DAY, lambda at: _fulfill(history, order, at))
    if rng.random() < 0.12:
        history.after(at, 3 * DAY, 25 * DAY, lambda at: _some_refund(history, order, at))


def _some_refund(history: History, order: Order, at: datetime) -> None:
    """A refund of one of the common kinds; one in four waits for its gateway first."""
    rng = history.rng
    shipped = [line for line in order.lines if line.fulfilled]
    if not shipped:
        return
    line: Line = rng.choice(shipped)
    if not can_refund(order) or not line.returnable:
        return
    units = rng.randrange(1, line.returnable + 1)
    kind = rng.choices(("return", "keep", "goodwill", "shipping", "less"), (50, 14, 14, 10, 12))[0]
    pending = rng.random() < 0.25
    if kind == "goodwill":
        money = min(rng.choice((300, 500, 1_000)), figures(order).net_payment)
        draft = RefundDraft(money=money, pending=pending, note="Goodwill")
    elif kind == "shipping":
        draft = RefundDraft(shipping=True, pending=pending, note="Late delivery")
    elif kind == "less":
        draft = RefundDraft([(line, units, "RETURN")], money=line.unit_price // 2, reason="RESTOCK", pending=pending)
    else:
        draft = RefundDraft([(line, units, "RETURN" if kind == "return" else "NO_RESTOCK")], pending=pending)
    _refund(history, order, at, draft)


def _refund(history: History, order: Order, at: datetime, draft: RefundDraft) -> None:
    fits = all(
        units <= (line.unfulfilled if restock == "CANCEL" else line.returnable) for line, units, restock in draft.units
    )
    shipping_left = figures(order).current_shipping_price > 0 if draft.shipping else True
    if not can_refund(order) or not fits or not shipping_left:
        return
    history.record(refund(history.state, at, order, draft))
    refunded = order.refunds[-1]
    if refunded.is_pending and history.rng.random() < 0.6:
        history.after(at, DAY, 5 * DAY, lambda at: _settle(history, refunded, at))


def _settle(history: History, refunded: Refund, at: datetime) -> None:
    if refunded.is_pending:
        history.record(settle(history.state, at, refunded))
