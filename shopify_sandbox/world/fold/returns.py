"""What events do to returns: asked for, opened, answered, inspected, processed, closed.

Here: one small function per event. Not here: refunds and sales, which ``refunds.py`` and ``orders.py`` add.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from shopify_sandbox.world.fold.events import Event, Fold
from shopify_sandbox.world.fold.orders import add_agreement, add_line, touch
from shopify_sandbox.world.fold.refunds import add_refund
from shopify_sandbox.world.return_records import (
    Disposition,
    ExchangeLine,
    Return,
    ReturnFee,
    ReturnLine,
    ReverseLine,
    ReverseOrder,
)
from shopify_sandbox.world.state import State


def _return_opened(state: State, event: Event, at: datetime) -> None:
    order = state.orders[event["order_id"]]
    facts = event["return"]
    returned = Return(facts["id"], order, facts["name"], facts["status"], at)
    for line_id, shipped_id, units, reason, note, customer_note, fee in facts["lines"]:
        shipped = state.others["FulfillmentLineItem", shipped_id]
        kept_fee = _fee(state, "RestockingFee", *fee) if fee else None
        line = ReturnLine(line_id, returned, shipped, units, reason, note, customer_note, kept_fee)
        returned.lines.append(line)
        state.keep("ReturnLineItem", line.id, line)
    for line_id, variant_id, units, unit_price in facts["exchanges"]:
        exchange = ExchangeLine(line_id, returned, state.variants[variant_id], units, unit_price)
        returned.exchanges.append(exchange)
        state.exchanges[exchange.id] = exchange
        state.keep("ExchangeLineItem", exchange.id, exchange)
    returned.fees = [_fee(state, "ReturnShippingFee", fee_id, amount, None) for fee_id, amount in facts["fees"]]
    order.returns.append(returned)
    state.keep("Return", returned.id, returned)
    if "reverse" in event:
        returned.approved_at = at
        _add_reverse(state, returned, event["reverse"])
    touch(order, at)


def _fee(state: State, kind: str, fee_id: int, amount: int, rate_ppm: int | None) -> ReturnFee:
    fee = ReturnFee(fee_id, kind, amount, rate_ppm)
    state.keep("ReturnFee", fee_id, fee)
    return fee


def _add_reverse(state: State, returned: Return, facts: Sequence[Any]) -> None:
    reverse_id, lines = facts
    reverse = ReverseOrder(reverse_id, returned)
    for line_id, shipped_id, units in lines:
        line = ReverseLine(line_id, reverse, state.others["FulfillmentLineItem", shipped_id], units)
        reverse.lines.append(line)
        state.keep("ReverseFulfillmentOrderLineItem", line.id, line)
    returned.reverse.append(reverse)
    state.keep("ReverseFulfillmentOrder", reverse.id, reverse)


def _return_approved(state: State, event: Event, at: datetime) -> None:
    returned: Return = state.others["Return", event["return_id"]]
    returned.status, returned.approved_at = "OPEN", at
    _add_reverse(state, returned, event["reverse"])
    touch(returned.order, at)


def _return_declined(state: State, event: Event, at: datetime) -> None:
    returned: Return = state.others["Return", event["return_id"]]
    returned.status, returned.declined = "DECLINED", (event["reason"], event["note"])
    touch(returned.order, at)


def _return_cancelled(state: State, event: Event, at: datetime) -> None:
    returned: Return = state.others["Return", event["return_id"]]
    returned.status = "CANCELED"
    touch(returned.order, at)


def _return_closed(state: State, event: Event, at: datetime) -> None:
    returned: Return = state.others["Return", event["return_id"]]
    returned.status, returned.closed_at = "CLOSED", at
    touch(returned.order, at)


def _return_reopened(state: State, event: Event, at: datetime) -> None:
    returned: Return = state.others["Return", event["return_id"]]
    returned.status, returned.closed_at = "OPEN", None
    touch(returned.order, at)


def _return_disposed(state: State, event: Event, at: datetime) -> None:
    returned: Return = state.others["Return", event["return_id"]]
    _dispose(state, event["dispositions"], at)
    touch(returned.order, at)


def _dispose(state: State, rows: Sequence[Sequence[Any]], at: datetime) -> None:
    for row_id, reverse_line_id, kind, units, location_id in rows:
        disposition = Disposition(row_id, kind, units, state.locations[location_id], at)
        state.others["ReverseFulfillmentOrderLineItem", reverse_line_id].dispositions.append(disposition)
        state.keep("ReverseFulfillmentOrderDisposition", row_id, disposition)


def _return_processed(state: State, event: Event, at: datetime) -> None:
    returned: Return = state.others["Return", event["return_id"]]
    order = returned.order
    for line_facts, exchange_id, units in event["exchanged"]:
        _send_instead(state, returned, line_facts, exchange_id, units)
    for return_line_id, units in event["processed"]:
        line: ReturnLine = state.others["ReturnLineItem", return_line_id]
        line.processed += units
        if "refund" in event:
            line.refunded += units
        else:
            line.shipped.line.returned += units
    _dispose(state, event["dispositions"], at)
    if "refund" in event:
        add_refund(state, order, event, at)
    else:
        add_agreement(state, order, event["agreement"])
    if "exchange_agreement" in event:
        add_agreement(state, order, event["exchange_agreement"])
    if event["exchanged"]:
        order.closed_at = None
    touch(order, at)


def _send_instead(state: State, returned: Return, line_facts: Mapping[str, Any], exchange_id: int, units: int) -> None:
    """What goes out instead becomes a line of the order."""
    add_line(state, returned.order, line_facts)
    exchange: ExchangeLine = state.others["ExchangeLineItem", exchange_id]
    exchange.processed += units
    if not exchange.unprocessed:
        del state.exchanges[exchange_id]
    exchange.lines.append(state.lines[line_facts["id"]])


FOLDS: dict[str, Fold] = {
    "return_opened": _return_opened,
    "return_approved": _return_approved,
    "return_declined": _return_declined,
    "return_cancelled": _return_cancelled,
    "return_closed": _return_closed,
    "return_reopened": _return_reopened,
    "return_disposed": _return_disposed,
    "return_processed": _return_processed,
}
