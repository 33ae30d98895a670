"""Facts as events hold them: sales, agreements, transactions and stock movements in JSON form.

Here: the shape of an event's parts, written once. Not here: which parts an event has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any

from shopify_sandbox.world.currency import Exchange
from shopify_sandbox.world.goods import Location
from shopify_sandbox.world.ledger import Part
from shopify_sandbox.world.records import Line, Order, Transaction
from shopify_sandbox.world.routing import held_at
from shopify_sandbox.world.state import State
from shopify_sandbox.world.times import stamp

Mint = Callable[[str], int]
Facts = dict[str, Any]

SHOPIFY_PAYMENTS = "shopify_payments"
FEE_RATE_PPM = 29_000
FEE_FLAT = 30


def event(kind: str, at: datetime, **facts: Any) -> Facts:
    """An event of that kind at that time."""
    return {"at": stamp(at), "event": kind, **facts}


def sale(mint: Mint, action: str, line_type: str, line_id: int | None, part: Part, quantity: int | None) -> Facts:
    """One sale; the quantity is given apart because shipping and adjustments have none."""
    return {
        "id": mint("Sale"),
        "action": action,
        "line_type": line_type,
        "line_id": line_id,
        "quantity": quantity,
        "total": part.total,
        "tax": part.tax,
        "discount": part.discount,
        "discount_after_tax": part.discount_after_tax,
        "taxes": [[mint("SaleTax"), position, tax] for position, tax in enumerate(part.taxes)],
    }


def agreement(
    mint: Mint,
    kind: str,
    reason: str,
    happened_at: datetime,
    sales: list[Facts],
    refund_id: int | None = None,
    return_id: int | None = None,
) -> Facts:
    """A sales agreement; ``kind`` is its GraphQL type."""
    return {
        "id": mint("SalesAgreement"),
        "type": kind,
        "reason": reason,
        "happened_at": stamp(happened_at),
        "refund_id": refund_id,
        **({"return_id": return_id} if return_id else {}),
        "sales": sales,
    }


def transaction(
    mint: Mint,
    kind: str,
    amount: int,
    gateway: str,
    created_at: datetime,
    *,
    status: str = "SUCCESS",
    parent: Transaction | None = None,
    error_code: str | None = None,
    exchange: Exchange | None = None,
    rounding: int | None = None,
    gift_card_id: int | None = None,
) -> Facts:
    """A transaction with the fee Shopify Payments takes from money that comes in.

    Args:
        exchange: That of the order, any day's; not needed when there is a parent. The transaction has its own day's.
        rounding: What the cash in hand differs from the amount, minor units.
        gift_card_id: The card that pays; not needed when there is a parent.
    """
    transaction_id = mint("OrderTransaction")
    traded = parent.order.exchange if parent else exchange
    today = traded.on(created_at.date()) if traded else None
    card_id = gift_card_id or (parent.gift_card_id if parent else None)
    takes_fee = gateway == SHOPIFY_PAYMENTS and status == "SUCCESS" and kind in ("SALE", "CAPTURE")
    settled = today.to_shop(amount) if today else amount
    fee = (settled * FEE_RATE_PPM + 500_000) // 1_000_000 + FEE_FLAT
    return {
        "id": transaction_id,
        "kind": kind,
        "status": status,
        "gateway": gateway,
        "amount": amount,
        "parent_id": parent.id if parent else None,
        "created_at": stamp(created_at),
        "error_code": error_code,
        "payment_id": f"#{transaction_id}.{kind[0]}" if status == "SUCCESS" else None,
        "fees": [[mint("TransactionFee"), fee, FEE_FLAT, FEE_RATE_PPM]] if takes_fee else [],
        **({"rate": str(today.rate)} if today else {}),
        **({"rounding": rounding} if rounding else {}),
        **({"gift_card_id": card_id} if card_id else {}),
    }


def stock(state: State, order: Order, moves: Iterable[tuple[int, dict[str, int]]]) -> list[list[Any]]:
    """Stock movements of an order, summed per level; what has no stock any more, or never had, moves nothing.

    Args:
        moves: Line id and change by quantity name, units. Units that are no longer promised go where they were.
    """
    lines = ((state.lines[line_id], change) for line_id, change in moves)
    return level_moves(
        (state.level(line.variant.item, location).id, part)
        for line, change in lines
        if line.variant and not line.variant.is_deleted
        for location, part in _placed(order, line, change)
    )


def _placed(order: Order, line: Line, change: dict[str, int]) -> Iterator[tuple[Location, dict[str, int]]]:
    units = -change.get("committed", 0)
    if units <= 0:
        yield order.location, change
        return
    for location, part in held_at(order, line, units):
        yield location, {name: moved * part // units for name, moved in change.items()}


def stock_at(state: State, location: Location, moves: Iterable[tuple[Line, dict[str, int]]]) -> list[list[Any]]:
    """Stock movements of lines at one place, summed per level; what has no stock moves nothing."""
    return level_moves(
        (state.level(line.variant.item, location).id, change)
        for line, change in moves
        if line.variant and not line.variant.is_deleted
    )


def level_moves(moves: Iterable[tuple[int, dict[str, int]]]) -> list[list[Any]]:
    """Sum changes per inventory level id."""
    summed: dict[int, dict[str, int]] = {}
    for level_id, change in moves:
        total = summed.setdefault(level_id, {})
        for name, units in change.items():
            total[name] = total.get(name, 0) + units
    return [[level_id, change] for level_id, change in summed.items()]
