"""What events do to an order's refunds: made, settled, or part of a cancellation.

Here: one small function per event. Not here: sales and transactions, which ``orders.py`` adds.
"""

from __future__ import annotations

from datetime import datetime

from shopify_sandbox.world.fold.events import Event, Fold
from shopify_sandbox.world.fold.orders import add_agreement, add_transactions, exchange_of, order_edited, touch
from shopify_sandbox.world.records import Adjustment, Order, Refund, RefundDuty, RefundLine, RefundShippingLine
from shopify_sandbox.world.state import State


def add_refund(state: State, order: Order, event: Event, at: datetime) -> None:
    """The refund of an event with its transactions and its agreement."""
    facts = event["refund"]
    transactions = add_transactions(state, order, event["transactions"], at)
    refund = Refund(facts["id"], order, facts["note"], at, at, [], [], [], transactions)
    if order.exchange:
        refund.exchange = exchange_of(state, order.exchange.presentment, facts["rate"])
    rows = facts.get("duties", ())
    refund.duties = tuple(RefundDuty(state.others["Duty", duty_id], amount) for duty_id, amount in rows)
    for row_id, line_id, units, restock, location_id, subtotal, tax in facts["lines"]:
        line = state.lines[line_id]
        location = state.locations[location_id] if location_id else None
        refund.lines.append(RefundLine(row_id, line, units, restock, location, subtotal, tax))
        state.seen("RefundLineItem", row_id)
        if restock == "CANCEL":
            line.removed += units
        else:
            line.returned += units
    for row_id, line_id, units, restock in facts.get("kept_lines", ()):
        refund.lines.append(RefundLine(row_id, state.lines[line_id], units, restock, None, 0, 0))
        state.seen("RefundLineItem", row_id)
    for row_id, shipping_id, subtotal, tax in facts["shipping_lines"]:
        shipping_line = state.others["ShippingLine", shipping_id]
        refund.shipping_lines.append(RefundShippingLine(row_id, shipping_line, subtotal, tax))
        state.seen("RefundShippingLine", row_id)
    for row in facts["adjustments"]:
        adjustment = Adjustment(*row)
        adjustment.refund = refund
        refund.adjustments.append(adjustment)
        state.keep("OrderAdjustment", adjustment.id, adjustment)
    order.refunds.append(refund)
    state.keep("Refund", refund.id, refund)
    if "return_id" in event:
        refund.returned = state.others["Return", event["return_id"]]
        refund.returned.refunds.append(refund)
    add_agreement(state, order, event["agreement"])


def _order_refunded(state: State, event: Event, at: datetime) -> None:
    order = state.orders[event["order_id"]]
    add_refund(state, order, event, at)
    for return_line_id, units in event.get("paid_back", ()):
        state.others["ReturnLineItem", return_line_id].refunded += units
    touch(order, at)


def _refund_settled(state: State, event: Event, at: datetime) -> None:
    order = state.orders[event["order_id"]]
    refund: Refund = state.others["Refund", event["refund_id"]]
    for transaction in refund.transactions:
        if transaction.id in event["transaction_ids"]:
            transaction.status, transaction.processed_at = event.get("status", "SUCCESS"), at
            transaction.error_code = event.get("error_code")
    refund.adjustments = [kept for kept in refund.adjustments if kept.id not in event["adjustment_ids"]]
    for adjustment_id in event["adjustment_ids"]:
        del state.others["OrderAdjustment", adjustment_id]
    for agreement in order.agreements:
        if agreement.refund is refund:
            agreement.sales = [sale for sale in agreement.sales if sale.id not in event["sale_ids"]]
    if "agreement" in event:
        add_agreement(state, order, event["agreement"])
    refund.updated_at = at
    touch(order, at)


def _order_edited(state: State, event: Event, at: datetime) -> None:
    """An edit; what it takes off may be listed by a refund, which then also takes it off."""
    order_edited(state, event, at)
    if "removal" in event:
        add_refund(state, state.orders[event["order_id"]], event["removal"], at)


def _order_cancelled(state: State, event: Event, at: datetime) -> None:
    order = state.orders[event["order_id"]]
    order.cancelled_at = order.closed_at = at
    order.cancel_reason = event["reason"]
    add_transactions(state, order, event["voids"], at)
    add_refund(state, order, event, at)
    touch(order, at)


FOLDS: dict[str, Fold] = {
    "order_refunded": _order_refunded,
    "refund_settled": _refund_settled,
    "order_cancelled": _order_cancelled,
    "order_edited": _order_edited,
}
