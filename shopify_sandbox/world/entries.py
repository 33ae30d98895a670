"""Facts as events hold them: sales, agreements, transactions and stock movements in JSON form.

Here: the shape of an event's parts, written once. Not here: which parts an event has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from shopify_sandbox.world.ledger import Part
from shopify_sandbox.world.records import Order, Transaction
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
    mint: Mint, kind: str, reason: str, happened_at: datetime, sales: list[Facts], refund_id: int | None = None
) -> Facts:
    """A sales agreement; ``kind`` is its GraphQL type."""
    return {
        "id": mint("SalesAgreement"),
        "type": kind,
        "reason": reason,
        "happened_at": stamp(happened_at),
        "refund_id": refund_id,
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
) -> Facts:
    """A transaction with the fee Shopify Payments takes from money that comes in."""
    transaction_id = mint("OrderTransaction")
    takes_fee = gateway == SHOPIFY_PAYMENTS and status == "SUCCESS" and kind in ("SALE", "CAPTURE")
    fee = (amount * FEE_RATE_PPM + 500_000) // 1_000_000 + FEE_FLAT
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
    }


def stock(state: State, order: Order, moves: Iterable[tuple[int, dict[str, int]]]) -> list[list[Any]]:
    """Stock movements at the order's location, summed per level.

    Args:
        moves: Line id of a stocked line and change by quantity name, units.
    """
    return level_moves((state.level(_item(state, line_id), order.location).id, change) for line_id, change in moves)


def level_moves(moves: Iterable[tuple[int, dict[str, int]]]) -> list[list[Any]]:
    """Sum changes per inventory level id."""
    summed: dict[int, dict[str, int]] = {}
    for level_id, change in moves:
        total = summed.setdefault(level_id, {})
        for name, units in change.items():
            total[name] = total.get(name, 0) + units
    return [[level_id, change] for level_id, change in summed.items()]


def _item(state: State, line_id: int) -> Any:
    variant = state.lines[line_id].variant
    if variant is None:
        raise ValueError(f"line {line_id} has no stock")
    return variant.item
