"""The GraphQL view of returns: what comes back, what goes out instead, fees, parcels and where the goods end up.

Here: ``Return`` and what hangs on it, and the agreement its processing writes. Not here: refunds (``ledger.py``).
A return has no ``updatedAt`` at Shopify; the order's moves with it (assumed).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shopify_sandbox.resources.ledger import AGREEMENT, SALE
from shopify_sandbox.resources.values import (
    Fields,
    attribute,
    attributes,
    derived,
    fixed,
    gid,
    moment,
    never,
    only_id,
)
from shopify_sandbox.store import Store
from shopify_sandbox.world.records import Order, Transaction
from shopify_sandbox.world.return_records import ExchangeLine, Return, ReturnFee, ReturnLine

#: Shopify's own reasons; a shop may have more. The numbers are this world's.
REASONS = {
    reason: 4_600_131_253 + position * 32_768
    for position, reason in enumerate(
        (
            "COLOR",
            "DEFECTIVE",
            "NOT_AS_DESCRIBED",
            "OTHER",
            "SIZE_TOO_LARGE",
            "SIZE_TOO_SMALL",
            "STYLE",
            "UNKNOWN",
            "UNWANTED",
            "WRONG_ITEM",
        )
    )
}


@dataclass(frozen=True, slots=True)
class Reason:
    """Why something comes back; ``name`` is a ``ReturnReason``."""

    name: str


@dataclass(frozen=True, slots=True)
class Grams:
    """A weight that is no item's own."""

    weight_grams: int


def return_status(order: Order) -> str:
    """``returnStatus``; which of several returns wins is assumed: the one that still needs something done."""
    statuses = {returned.status for returned in order.returns}
    if "OPEN" in statuses:
        inspected = all(
            returned.reverse and not returned.undisposed for returned in order.returns if returned.status == "OPEN"
        )
        return "INSPECTION_COMPLETE" if inspected else "IN_PROGRESS"
    for status, shown in (("REQUESTED", "RETURN_REQUESTED"), ("CLOSED", "RETURNED"), ("CANCELED", "RETURN_FAILED")):
        if status in statuses:
            return shown
    return "NO_RETURN"


def _lines(store: Store, returned: Return, arguments: Mapping[str, Any]) -> list[ReturnLine]:
    return _by_processing(returned.lines, arguments)


def _exchanges(store: Store, returned: Return, arguments: Mapping[str, Any]) -> list[ExchangeLine]:
    return _by_processing(returned.exchanges, arguments)


def _by_processing(lines: list[Any], arguments: Mapping[str, Any]) -> list[Any]:
    """Lines with units the argument ``processingStatus`` speaks of; all when it is not given."""
    wanted = arguments.get("processingStatus")
    if wanted is None:
        return lines
    return [line for line in lines if (line.processed if wanted == "PROCESSED" else _processable(line))]


def _processable(line: ReturnLine | ExchangeLine) -> int:
    return line.unprocessed if line.of.status == "OPEN" else 0


def _refundable(line: ReturnLine) -> int:
    return line.quantity - line.refunded if line.of.status in ("OPEN", "CLOSED") else 0


def _discounted(line: ReturnLine) -> int:
    """What the units cost after all discounts, half up where they do not divide."""
    goods = line.shipped.line
    total = goods.unit_price * goods.quantity - sum(one.amount for one in goods.allocations)
    return (2 * total * line.quantity + goods.quantity) // (2 * goods.quantity)


def _transactions(returned: Return) -> list[Transaction]:
    return [one for refunded in returned.refunds for one in refunded.transactions]


def _weight(line: ReturnLine) -> Grams | None:
    variant = line.shipped.line.variant
    return Grams(variant.item.weight_grams * line.quantity) if variant else None


def _fee_gid(fee: ReturnFee) -> str:
    return gid(fee.type, fee.id)


FEE: Fields = {"id": derived(_fee_gid), "amountSet": attribute("amount")}

TYPES: dict[str, Fields] = {
    "ReturnAgreement": {**AGREEMENT, "return": attribute("returned")},
    "FeeSale": {**SALE, "fee": attribute("line")},
    "Return": {
        **only_id("Return"),
        **attributes(
            name="name",
            status="status",
            order="order",
            refunds="refunds",
            returnShippingFees="fees",
            reverseFulfillmentOrders="reverse",
        ),
        "createdAt": moment("created_at"),
        "closedAt": moment("closed_at"),
        "requestApprovedAt": moment("approved_at"),
        "decline": derived(lambda returned: returned if returned.declined else None),
        "totalQuantity": derived(lambda returned: sum(line.quantity for line in returned.lines)),
        "returnLineItems": _lines,
        "exchangeLineItems": _exchanges,
        "transactions": derived(_transactions),
    },
    "ReturnDecline": {
        "reason": derived(lambda returned: returned.declined[0]),
        "note": derived(lambda returned: returned.declined[1]),
    },
    "ReturnLineItem": {
        **only_id("ReturnLineItem"),
        **attributes(
            quantity="quantity",
            processedQuantity="processed",
            unprocessedQuantity="unprocessed",
            refundedQuantity="refunded",
            returnReason="reason",
            returnReasonNote="note",
            customerNote="customer_note",
            fulfillmentLineItem="shipped",
            restockingFee="fee",
        ),
        "processableQuantity": derived(_processable),
        "refundableQuantity": derived(_refundable),
        "returnReasonDefinition": derived(lambda line: Reason(line.reason)),
        "withCodeDiscountedTotalPriceSet": derived(_discounted),
        "totalWeight": derived(_weight),
    },
    # Everything that comes back in this world was shipped by the shop.
    "UnverifiedReturnLineItem": never(
        "customerNote",
        "id",
        "processableQuantity",
        "processedQuantity",
        "quantity",
        "refundableQuantity",
        "refundedQuantity",
        "returnReason",
        "returnReasonDefinition",
        "returnReasonNote",
        "unitPrice",
        "unprocessedQuantity",
    ),
    "ReturnReasonDefinition": {
        "id": derived(lambda reason: gid("ReturnReasonDefinition", REASONS[reason.name])),
        "handle": derived(lambda reason: reason.name.lower().replace("_", "-")),
        "name": derived(lambda reason: reason.name.capitalize().replace("_", " ")),
        "deleted": fixed(False),
    },
    "RestockingFee": {**FEE, "percentage": derived(lambda fee: fee.rate_ppm / 10_000)},
    "ReturnShippingFee": FEE,
    "ExchangeLineItem": {
        **only_id("ExchangeLineItem"),
        **attributes(
            quantity="quantity",
            processedQuantity="processed",
            unprocessedQuantity="unprocessed",
            lineItems="lines",
        ),
        # As sold, once it is sold; until then as the catalogue has it (assumed).
        "title": derived(lambda line: line.lines[0].title if line.lines else line.variant.product.title),
        "variantTitle": derived(lambda line: line.lines[0].variant_title if line.lines else line.variant.title),
        "variantSku": derived(lambda line: line.lines[0].sku if line.lines else line.variant.sku),
        "processableQuantity": derived(_processable),
        "lineItem": derived(lambda line: next(iter(line.lines), None)),
        "productId": derived(lambda line: gid("Product", line.variant.product.id)),
        "variantId": derived(lambda line: gid("ProductVariant", line.variant.id)),
    },
    "ReverseFulfillmentOrder": {
        **only_id("ReverseFulfillmentOrder"),
        **attributes(status="status", order="of.order", lineItems="lines"),
        # Labels and trackers of the parcel back, and other companies that take it, are not part of this world.
        "reverseDeliveries": fixed([]),
        "thirdPartyConfirmation": fixed(None),
    },
    "ReverseFulfillmentOrderLineItem": {
        **only_id("ReverseFulfillmentOrderLineItem"),
        **attributes(totalQuantity="quantity", fulfillmentLineItem="shipped", dispositions="dispositions"),
    },
    "ReverseFulfillmentOrderDisposition": {
        **only_id("ReverseFulfillmentOrderDisposition"),
        **attributes(type="type", quantity="quantity", location="location"),
        "createdAt": moment("created_at"),
    },
    "ReverseDelivery": never("id", "deliverable", "reverseDeliveryLineItems", "reverseFulfillmentOrder"),
    "ReverseFulfillmentOrderThirdPartyConfirmation": never("status"),
}
