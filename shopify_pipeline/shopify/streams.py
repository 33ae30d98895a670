"""Which documents read which stream.

Here: declarations. The columns are in ``schemas/``, the selections in ``queries/``, the reading in ``pages.py`` and
``bulk.py``.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class StreamReading:
    """How one stream with one root connection is read.

    Attributes:
        root: The root connection.
        page: Operation for a window, sorted by ``updatedAt``.
        count: Operation that counts a window cheaply.
        bulk: Operation for a bulk operation.
        detail: Operation for what a bulk operation cannot carry; None when it carries everything.
    """

    root: str
    page: str
    count: str
    bulk: str
    detail: str | None = None


READINGS = {
    "orders": StreamReading(
        root="orders",
        page="OrdersPage",
        count="OrdersCount",
        bulk="OrdersBulk",
        detail="OrdersDetail",
    ),
    "customers": StreamReading("customers", "CustomersPage", "CustomersCount", "CustomersBulk"),
    "products": StreamReading("products", "ProductsPage", "ProductsCount", "ProductsBulk"),
}

#: Stream → operation that reads its roots whole by their gids.
BY_ID = {
    "orders": "OrdersById",
    "customers": "CustomersById",
    "products": "ProductsById",
    "inventory": "InventoryById",
}
