"""Connections nested in a root that go on beyond what its page gave: what they are, and what reads each of them on.

Here: finding them in an answer, and the operations that continue them. Not here: asking (``pages.py``).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from shopify_pipeline.errors import IncompleteError
from shopify_pipeline.schemas.records import is_exact_gid, node_type

Node = dict[str, Any]

#: (GraphQL type of what holds a nested connection, its name) → the operation that continues it from ``node(id:)``.
_CONTINUATIONS = {
    ("Order", "lineItems"): "OrderLineItems",
    ("Order", "shippingLines"): "OrderShippingLines",
    ("Order", "discountApplications"): "OrderDiscountApplications",
    ("Order", "agreements"): "OrderAgreements",
    ("Order", "returns"): "OrderReturns",
    ("Refund", "refundLineItems"): "RefundLineItems",
    ("Refund", "refundShippingLines"): "RefundShippingLines",
    ("Refund", "orderAdjustments"): "RefundAdjustments",
    ("Fulfillment", "fulfillmentLineItems"): "FulfillmentLines",
    ("Return", "returnLineItems"): "ReturnLineItems",
    ("Return", "exchangeLineItems"): "ReturnExchangeLineItems",
    ("Return", "reverseFulfillmentOrders"): "ReturnReverseFulfillmentOrders",
    ("ReverseFulfillmentOrder", "lineItems"): "ReverseFulfillmentLineItems",
    ("FulfillmentOrder", "lineItems"): "FulfillmentOrderLineItems",
    ("FulfillmentOrder", "fulfillments"): "FulfillmentOrderFulfillments",
    ("Customer", "addressesV2"): "CustomerAddresses",
    ("Product", "variants"): "ProductVariants",
    ("ProductVariant", "productVariantComponents"): "VariantComponents",
    ("Location", "inventoryLevels"): "LocationLevels",
    ("GiftCard", "transactions"): "GiftCardTransactions",
    ("Customer", "storeCreditAccounts"): "CreditAccounts",
    ("CompanyLocation", "storeCreditAccounts"): "CreditAccounts",
    ("StoreCreditAccount", "transactions"): "CreditTransactions",
}
#: Continuations of connections whose nodes are roots of their own: the window's filter applies to them, too.
FILTERED = frozenset({"LocationLevels"})


@dataclass(frozen=True)
class Open:
    """A nested connection that goes on: what continues it.

    Attributes:
        agreement_after: Cursor of the agreement before the one whose sales go on.
    """

    operation: str
    owner_id: str
    after: str
    agreement_after: str | None = None

    def agreement_before(self) -> str | None:
        """Cursor of the agreement before the first one in the continuation."""
        return self.agreement_after if self.operation == "OrderSales" else self.after

    def variables(self) -> dict[str, object]:
        said: dict[str, object] = {"id": self.owner_id, "after": self.after}
        return said | {"agreementAfter": self.agreement_after} if self.operation == "OrderSales" else said


def _continuation(owner_id: str, name: str) -> str:
    """The operation that continues a connection.

    Raises:
        IncompleteError: None does.
    """
    found = _CONTINUATIONS.get((node_type(owner_id), name))
    if found is None:
        raise IncompleteError(f"{owner_id}: {name} goes on, and nothing reads it on")
    return found


def open_connections(node: Node, continued: Open | None = None) -> Iterator[Open]:
    """Find every nested connection that goes on, however deep.

    Args:
        continued: What the node continues: the agreement before its first one is where that began.
    """
    before = continued.agreement_before() if continued else None
    for name, value in node.items():
        if isinstance(value, list):
            for item in value:
                if isinstance(item, dict):
                    yield from open_connections(item)
        elif isinstance(value, dict) and "nodes" in value:
            if value.get("pageInfo", {}).get("hasNextPage") and is_exact_gid(node["id"]):
                yield Open(_continuation(node["id"], name), node["id"], value["pageInfo"]["endCursor"])
            if name == "agreements":
                yield from _open_sales(node["id"], value, before)
            else:
                for child in value["nodes"]:
                    yield from open_connections(child)


def _open_sales(order_id: str, agreements: Node, before: str | None) -> Iterator[Open]:
    befores = [before, *(edge["cursor"] for edge in agreements.get("edges", ()))]
    for agreement, agreement_after in zip(agreements["nodes"], befores, strict=False):
        info = agreement["sales"]["pageInfo"]
        if info["hasNextPage"]:
            yield Open("OrderSales", order_id, info["endCursor"], agreement_after)
