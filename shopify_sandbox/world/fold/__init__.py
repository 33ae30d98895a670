"""The fold: what each event does to the state.

Here: folding one event, whatever it is, with the stock it moves. Not here: what each kind of event does, which is in
the modules beside this one, by subject; and no decisions: an event already holds every id, amount and stock movement,
so that replaying a log needs no randomness and no rules.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from shopify_sandbox.world.fold import (
    assortment,
    credit,
    deletions,
    goods,
    orders,
    payouts,
    people,
    refunds,
    returns,
    shipping,
)
from shopify_sandbox.world.fold.events import Event, Fold
from shopify_sandbox.world.goods import InventoryLevel
from shopify_sandbox.world.state import State
from shopify_sandbox.world.times import instant
from shopify_sandbox.world.variants import Variants


def apply(state: State, event: Event) -> None:
    """Fold one event into the state.

    Raises:
        KeyError: The event, or a record it names, is unknown; the state is unchanged or partly changed.
    """
    at = instant(event["at"])
    FOLDS[event["event"]](state, event, at)
    for level_id, moves in event.get("stock", ()):
        _move(state.levels[level_id], moves, at)
    order_id = event["order"]["id"] if "order" in event else event.get("order_id")
    if order_id:
        state.changed.add(order_id)
    state.now = max(state.now, at)
    state.event_count += 1


def _move(level: InventoryLevel, moves: Mapping[str, int], at: datetime) -> None:
    on_hand = level.on_hand
    for name, change in moves.items():
        level.quantities[name] += change
        level.stamps[name] = at
    if level.on_hand != on_hand:
        level.stamps["on_hand"] = at
    level.updated_at = at


def _clock(state: State, event: Event, at: datetime) -> None:
    """Only the world's clock moves."""


def _ledger_forms_chosen(state: State, event: Event, at: datetime) -> None:
    state.ledger_forms = Variants.of(event["forms"])


FOLDS: dict[str, Fold] = {
    "clock": _clock,
    "ledger_forms_chosen": _ledger_forms_chosen,
    **goods.FOLDS,
    **people.FOLDS,
    **orders.FOLDS,
    **refunds.FOLDS,
    **returns.FOLDS,
    **shipping.FOLDS,
    **assortment.FOLDS,
    **deletions.FOLDS,
    **credit.FOLDS,
    **payouts.FOLDS,
}
