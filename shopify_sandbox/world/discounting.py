"""What discounts take off an order: from drafts to applications and the allocations of each line.

Here: which amount falls on which line. Not here: what it makes of taxes and sales (``placing.py``).
"""

from __future__ import annotations

from shopify_sandbox.world.drafts import CodeDraft, DiscountDraft, Discounts, OrderDraft
from shopify_sandbox.world.ledger import percentage, spread

CODE, AUTOMATIC, MANUAL = (
    "DiscountCodeApplication",
    "AutomaticDiscountApplication",
    "ManualDiscountApplication",
)


def discounts_of(draft: OrderDraft) -> Discounts:
    """All discounts of a draft, one after the other: automatic ones of lines, the code, then the others."""
    found = Discounts(lines=[[] for _ in draft.lines])
    left = [0 if line.is_gift_card else line.unit_price * line.quantity for line in draft.lines]
    shipping = draft.shipping.price if draft.shipping else 0
    for position, line in enumerate(draft.lines):
        if line.automatic:
            one = DiscountDraft(AUTOMATIC, f"{line.automatic}% off", line.automatic, lines=[position], method="EACH")
            _take(found, draft, one, left)
    every = [*([_of_code(draft.code)] if draft.code else []), *draft.discounts]
    for one in every:
        if not one.is_for_shipping:
            _take(found, draft, one, left)
        elif draft.shipping:
            amount = percentage(shipping, one.percent) if one.percent else min(one.amount or 0, shipping)
            found.shipping.append([_apply(found, one), amount])
            shipping -= amount
    return found


def _of_code(code: CodeDraft) -> DiscountDraft:
    if code.frees_shipping:
        return DiscountDraft(CODE, code.code, percent=100, method="EACH", is_for_shipping=True)
    return DiscountDraft(CODE, code.code, code.percent, code.amount)


def _take(found: Discounts, draft: OrderDraft, one: DiscountDraft, left: list[int]) -> None:
    """Allocate one discount to the lines it is for, and take it off what is left of them."""
    positions = range(len(left)) if one.lines is None else one.lines
    entitled = [left[position] for position in positions]
    if not any(entitled):
        return
    if one.method == "ACROSS":
        whole = percentage(sum(entitled), one.percent) if one.percent else min(one.amount or 0, sum(entitled))
        shares = spread(whole, entitled)
    else:
        shares = [_of_line(draft, one, position, left[position]) for position in positions]
    index = _apply(found, one)
    for position, share in zip(positions, shares, strict=True):
        if one.method == "ACROSS" or share:
            found.lines[position].append([index, share])
        left[position] -= share


def _of_line(draft: OrderDraft, one: DiscountDraft, position: int, left: int) -> int:
    if one.percent is None:
        return min(one.amount or 0, left)
    units = min(one.free_units, draft.lines[position].quantity)
    return min(left, percentage(units * draft.lines[position].unit_price if units else left, one.percent))


def _apply(found: Discounts, one: DiscountDraft) -> int:
    """Add the application and give its index."""
    index = len(found.applications)
    found.applications.append(
        {
            "type": one.type,
            "index": index,
            "name": one.name,
            "method": one.method,
            "target": "SHIPPING_LINE" if one.is_for_shipping else "LINE_ITEM",
            "selection": _selection(one),
            "percent": one.percent,
            "amount": one.amount,
        }
    )
    return index


def _selection(one: DiscountDraft) -> str:
    if one.is_for_shipping or one.lines is None:
        return "ALL"
    return "EXPLICIT" if one.type == MANUAL else "ENTITLED"
