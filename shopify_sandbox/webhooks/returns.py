"""What a webhook says of a return and of the parcels that come back.

Here: the payloads of ``returns/*`` and ``reverse_fulfillment_orders/dispose``. Not here: refunds (``orders.py``).
Source: as ``payloads.py``; the example of ``returns/process`` is empty, so nothing is told by that topic.
"""

from collections.abc import Callable, Mapping
from typing import Any

from shopify_sandbox.webhooks.values import Values
from shopify_sandbox.world.return_records import Return, ReverseOrder

Payload = Mapping[str, Any]


def _named(kind: str, record_id: int) -> dict[str, Any]:
    return {"id": record_id, "admin_graphql_api_id": f"gid://shopify/{kind}/{record_id}"}


def answered(one: Return, values: Values) -> Payload:
    """A return that was asked for or approved; its lines are counted, and not listed in the examples either."""
    return {
        **_named("Return", one.id),
        "status": one.status.lower(),
        "order": _named("Order", one.order.id),
        "total_return_line_items": sum(line.quantity for line in one.lines),
        "name": one.name,
        "return_line_items": [],
        "return_shipping_fees": [
            {**_named("ReturnShippingFee", fee.id), "price": values.within(one.order.exchange).money(fee.amount)}
            for fee in one.fees
        ],
        "exchange_line_items": [{**_named("ExchangeLineItem", line.id), "line_item": None} for line in one.exchanges],
        "total_exchange_line_items": sum(line.quantity for line in one.exchanges),
    }


def declined(one: Return, values: Values) -> Payload:
    """A return that was refused."""
    reason, note = one.declined or (None, None)
    return {
        **_named("Return", one.id),
        "status": one.status.lower(),
        "order": _named("Order", one.order.id),
        "decline": {"reason": reason and reason.lower(), "note": note},
    }


def changed(one: Return, values: Values) -> Payload:
    """A return that was cancelled, closed or opened again."""
    return {**_named("Return", one.id), "order_id": one.order.id, "status": one.status.lower()}


def disposed(one: ReverseOrder, values: Values) -> Payload:
    """What became of the goods that came back."""
    rows = [
        {
            "reverse_fulfillment_order_line_item": _named("ReverseFulfillmentOrderLineItem", line.id),
            "reverse_delivery_line_item": None,
            "type": disposition.type.lower(),
            "location": _named("Location", disposition.location.id),
            "quantity": disposition.quantity,
        }
        for line in one.lines
        for disposition in line.dispositions
    ]
    return {**_named("ReverseFulfillmentOrder", one.id), "dispositions": rows, "total_dispositions": len(rows)}


PAYLOADS: Mapping[str, Callable[[Any, Values], Payload]] = {
    "returns/request": answered,
    "returns/approve": answered,
    "returns/decline": declined,
    **dict.fromkeys(("returns/cancel", "returns/close", "returns/reopen"), changed),
    "reverse_fulfillment_orders/dispose": disposed,
}
