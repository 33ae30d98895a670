"""Editing an order after checkout: units taken off, lines added, discounts given later.

Here: the event ``order_edited`` with its OrderEditAgreement. Not here: refunds of what an edit leaves overpaid.
Whether an edit writes a Refund for what it takes off is a variant (``variants.py``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from shopify_sandbox.world.entries import Facts, agreement, event, level_moves, sale
from shopify_sandbox.world.figures import figures
from shopify_sandbox.world.ledger import balance, discounted, units_of_line
from shopify_sandbox.world.placing import LineDraft, TaxRate, line_with_sale
from shopify_sandbox.world.records import Line, Order
from shopify_sandbox.world.refunding import listed_removal
from shopify_sandbox.world.routing import held_at
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
        sales.append(sale(mint, "RETURN", "PRODUCT", line.id, -units_of_line(line, units), -units))
        if line.variant is None or line.variant.is_deleted:
            continue
        for location, held in held_at(order, line, units):
            level = state.level(line.variant.item, location)
            moves.append((level.id, {"committed": -held, "available": held}))
    for added in draft.added:
        facts, entry = line_with_sale(mint, added, [], draft.taxes, included=order.taxes_included)
        lines.append(facts)
        sales.append(entry)
        if added.stocked:
            level = state.level(added.stocked.item, order.location)
            moves.append((level.id, {"available": -added.quantity, "committed": added.quantity}))
    applications: list[Facts] = []
    allocations: list[list[int]] = []
    updated_units = 0 if state.ledger_forms.update_quantity == "0" else None
    if draft.discount:
        line, amount = draft.discount
        left = balance(order.sales(), line, line.taxes)
        part = discounted(left, amount, [tax.rate_ppm for tax in line.taxes], included=order.taxes_included)
        sales.append(sale(mint, "UPDATE", "PRODUCT", line.id, part, updated_units))
        applications.append(_manual_discount(len(order.applications), amount))
        allocations.append([line.id, len(order.applications), amount])
    removal: Facts = {}
    if draft.removed and state.ledger_forms.edit_removal_refund == "with":
        removal = {"removal": listed_removal(mint, at, order, draft.removed)}
    return event(
        "order_edited",
        at,
        order_id=order.id,
        lines=lines,
        applications=applications,
        allocations=allocations,
        removed=[] if removal else [[line.id, units] for line, units in draft.removed],
        agreement=agreement(mint, "OrderEditAgreement", "ORDER_EDIT", at, sales),
        stock=level_moves(moves),
        **removal,
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
