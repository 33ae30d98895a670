"""Which orders an action fits, kept up to date without looking at all of them each time.

Here: the lists. Not here: the actions and what they fit (``evolution.py``), and who notes what changed (``fold/``).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence

from shopify_sandbox.world.records import Order
from shopify_sandbox.world.state import State


def fitting(state: State, fits: Mapping[str, Callable[[Order], bool]], action: str) -> Sequence[int]:
    """Ids of the orders an action fits, oldest first; do not change.

    Args:
        fits: By action, whether an order fits; for one state always the same. It must follow from the order alone.
    """
    for order_id in sorted(state.changed):
        order = state.orders.get(order_id)
        for name, is_fit in fits.items():
            _note(state.fitting.setdefault(name, []), order_id, order is not None and is_fit(order))
    state.changed.clear()
    return state.fitting.get(action, ())


def _note(ids: list[int], order_id: int, is_fit: bool) -> None:
    """Have the id among those in order, or not."""
    position = bisect_left(ids, order_id)
    is_there = position < len(ids) and ids[position] == order_id
    if is_fit and not is_there:
        ids.insert(position, order_id)
    elif is_there and not is_fit:
        del ids[position]
