"""What events do to an order's refunds: made, settled, or part of a cancellation.

Here: one small function per event. Not here: sales and transactions, which ``orders.py`` adds.
"""

from __future__ import annotations

from datetime import datetime

from shopify_sandbox.world.fold.events import Event, Fold
from shopify_sandbox.world.fold.orders import add_agreement, add_transactions, touch
from shopify_sandbox.world.records import Adjustment, Order, Refund, RefundLine, RefundShippingLine
from shopify_sandbox.world.state import State


def _add_refund(state: State, order: Order, event: Event, at: datetime) -> None:
    facts = event["refund"]
    transactions = add_transactions(state, order, event["transactions"], at)
    refund = Refund(facts["id"], order, facts["note"], at, at, [], [], [], transactions)
    for row_id, line_id, units, restock, location_id, subtotal, tax in facts["lines"]:
        line = state.lines[line_id]
        location = state.locations[location_id] if location_id else None
        refund.lines.append(RefundLine(row_id, line, units, restock, location, subtotal, tax))
        state.seen("RefundLineItem", row_id)
        if restock == "CANCEL":
            line.removed += units
        else:
            line.returned += units
    for row_id, shipping_id, subtotal, tax in facts["shipping_lines"]:
        shipping_line = state.others["ShippingLine", shipping_id]
        refund.shipping_lines.append(RefundShippingLine(row_id, shipping_line, subtotal, tax))
        state.seen("RefundShippingLine", row_id)
    for row in facts["adjustments"]:
        adjustment = Adjustment(*row)
        refund.adjustments.append(adjustment)
        state.keep("OrderAdjustment", adjustment.id, adjustment)
    order.refunds.append(refund)
    state.keep("Refund", refund.id, refund)
    add_agreement(state, order, event["agreement"])


def _order_refunded(state: State, event: Event, at: datetime) -> None:
    order = state.orders[event["order_id"]]
    _add_refund(state, order, event, at)
    touch(order, at)


def _refund_settled(state: State, event: Event, at: datetime) -> None:
    order = state.orders[event["order_id"]]
    refund: Refund = state.others["Refund", event["refund_id"]]
    for transaction in refund.transactions:
        if transaction.id in event["transaction_ids"]:
            transaction.status, transaction.processed_at = "SUCCESS", at
    refund.adjustments = [kept for kept in refund.adjustments if kept.id not in event["adjustment_ids"]]
    for adjustment_id in event["adjustment_ids"]:
        del state.others["OrderAdjustment", adjustment_id]
    for agreement in order.agreements:
        if agreement.refund is refund:
            agreement.sales = [sale for sale in agreement.sales if sale.id not in event["sale_ids"]]
    refund.updated_at = at
    touch(order, at)


def _order_cancelled(state: State, event: Event, at: datetime) -> None:
    order = state.orders[event["order_id"]]
    order.cancelled_at = order.closed_at = at
    order.cancel_reason = event["reason"]
    add_transactions(state, order, event["voids"], at)
    _add_refund(state, order, event, at)
    touch(order, at)


FOLDS: dict[str, Fold] = {
    "order_refunded": _order_refunded,
    "refund_settled": _refund_settled,
    "order_cancelled": _order_cancelled,
}
