"""Editing an order after checkout: units taken off, lines added, discounts given later.

Here: the event ``order_edited`` with its OrderEditAgreement. Not here: refunds of what an edit leaves overpaid.
An edit writes no Refund object (assumed; EVIDENCE.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from shopify_sandbox.world.entries import Facts, agreement, event, level_moves, sale
from shopify_sandbox.world.figures import figures
from shopify_sandbox.world.ledger import balance, discounted, units_of
from shopify_sandbox.world.placing import LineDraft, TaxRate, line_with_sale
from shopify_sandbox.world.records import Line, Order
from shopify_sandbox.world.state import State


@dataclass(frozen=True)
class EditDraft:
    """What is changed: unshipped units off lines, new lines (with their taxes), a later discount (minor units)."""

    removed: Sequence[tuple[Line, int]] = ()
    added: Sequence[LineDraft] = ()
    taxes: Sequence[TaxRate] = ()
    discount: tuple[Line, int] | None = None


def can_edit(order: Order) -> bool:
    """Whether units wait to be shipped and no authorisation is open."""
    return order.cancelled_at is None and order.unfulfilled > 0 and not figures(order).total_capturable


def edit(state: State, at: datetime, order: Order, draft: EditDraft) -> Facts:
    """The event ``order_edited``: RETURN sales of removed units, ORDER sales of new lines, an UPDATE of a discount."""
    mint = state.minter()
    sales, lines, moves = [], [], []
    for line, units in draft.removed:
        part = units_of(balance(order.sales(), line, line.taxes), units, line.unit_price)
        sales.append(sale(mint, "RETURN", "PRODUCT", line.id, -part, -units))
        if line.variant:
            level = state.level(line.variant.item, order.location)
            moves.append((level.id, {"committed": -units, "available": units}))
    for added in draft.added:
        facts, entry = line_with_sale(mint, added, [], draft.taxes)
        lines.append(facts)
        sales.append(entry)
        level = state.level(added.variant.item, order.location)
        moves.append((level.id, {"available": -added.quantity, "committed": added.quantity}))
    applications: list[Facts] = []
    allocations: list[list[int]] = []
    if draft.discount:
        line, amount = draft.discount
        left = balance(order.sales(), line, line.taxes)
        part = discounted(left, amount, [tax.rate_ppm for tax in line.taxes])
        sales.append(sale(mint, "UPDATE", "PRODUCT", line.id, part, 0))
        applications.append(_manual_discount(len(order.applications), amount))
        allocations.append([line.id, len(order.applications), amount])
    return event(
        "order_edited",
        at,
        order_id=order.id,
        lines=lines,
        applications=applications,
        allocations=allocations,
        removed=[[line.id, units] for line, units in draft.removed],
        agreement=agreement(mint, "OrderEditAgreement", "ORDER_EDIT", at, sales),
        stock=level_moves(moves),
    )


def _manual_discount(index: int, amount: int) -> Facts:
    return {
        "type": "ManualDiscountApplication",
        "index": index,
        "name": "Discount",
        "method": "ONE",
        "target": "LINE_ITEM",
        "selection": "EXPLICIT",
        "percent": None,
        "amount": amount,
    }
